"""What the emulator does, and on whose word: Versions."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Versions",
    behaviours=(
        Behaviour(
            id="version.range",
            title="Range",
            does="31.0–68.0",
            source="Help 005321531",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="version.retired_unknown_malformed_version",
            title="Retired, unknown or malformed version",
            does="400 `InvalidVersion`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="version.job_asked_another_version",
            title="Job asked for by another version",
            does="400 `InvalidVersion`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="version.warning_299",
            title="`Warning: 299`",
            does="for 31.0–40.0",
            source="BG Warning Header",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="version.text_warning",
            title="Text of the warning",
            does='"API version NN.0 is deprecated"',
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="version.json_before_36_0",
            title="JSON before 36.0, `queryAll` before 39.0",
            does='400 `InvalidJob` "Unable to parse Job"',
            source="BG (versions), – (text)",
            grade=Grade.ASSUMED,
        ),
    ),
)
