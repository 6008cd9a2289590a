"""What the emulator does, and on whose word: Versions."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_BULK1 = "tests/emulator/endpoints/test_bulk1.py"
_FLIPS = "tests/conformance/test_probes_of_versions.py::test_a_flip_is_noticed_by_exactly_its_probe"

AREA = Area(
    title="Versions",
    behaviours=(
        Behaviour(
            id="version.range",
            title="Range",
            does="31.0–68.0",
            source="Help 005321531",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.*",),
            tests=(f"{_BULK1}::test_retired_and_unknown_versions_are_invalid",),
            readings=(Reading("31.0 is the oldest", "Help 005321531"),),
        ),
        Behaviour(
            id="version.retired",
            title="Retired version",
            does="400 `InvalidVersion`",
            source="Help 000354473",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.*",),
            texts=("API version {} is retired",),
            tests=(
                f"{_BULK1}::test_retired_and_unknown_versions_are_invalid",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidVersion", "Help 000354473"),
                Reading("410 GONE", "as REST (Help 000354473)"),
            ),
        ),
        Behaviour(
            id="version.unknown",
            title="Version that is not there yet",
            does="400 `InvalidVersion`",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.*",),
            texts=("API version {} is not supported",),
            tests=(
                f"{_BULK1}::test_retired_and_unknown_versions_are_invalid",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidVersion"),
                Reading("404 InvalidVersion", "as REST"),
            ),
        ),
        Behaviour(
            id="version.malformed",
            title="Version that is no number, or not written `NN.0`",
            does="400 `InvalidVersion`",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.*",),
            texts=("Invalid API version: {}",),
            tests=(
                f"{_BULK1}::test_retired_and_unknown_versions_are_invalid",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidVersion"),
                Reading("400 InvalidUrl", "BG (code)"),
                Reading("404 InvalidUrl"),
            ),
        ),
        Behaviour(
            id="version.of_job",
            title="Job asked for by another version",
            does="400 `InvalidVersion`",
            source="–",
            grade=Grade.ASSUMED,
            routes=(
                "bulk1.job",
                "bulk1.batches",
                "bulk1.batch",
                "bulk1.results",
                "bulk1.result",
            ),
            texts=("Job {} was created with version {}, not {}",),
            tests=(
                f"{_BULK1}::test_job_is_asked_for_by_the_version_that_made_it",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidVersion"),
                Reading("200"),
                Reading("409 InvalidVersion", "409 in Bulk API 2.0 (BG)"),
                Reading("400 InvalidJob"),
            ),
        ),
        Behaviour(
            id="version.warning",
            title="`Warning: 299`",
            does='for 31.0–40.0: "API version NN.0 is deprecated"',
            source="BG Warning Header (that), – (text)",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.*",),
            tests=(
                f"{_BULK1}::test_old_versions_carry_a_warning",
                _FLIPS,
            ),
            readings=(
                Reading('299 - "API version NN.0 is deprecated"'),
                Reading(
                    "299 - \"This API is deprecated and will be removed by Summer '28. Please "
                    'see https://help.salesforce.com/articleView?id=005321531 for details."',
                    "BG Warning Header",
                ),
                Reading("none", "until Summer '27 (Help 005321531)"),
            ),
        ),
        Behaviour(
            id="version.json",
            title="JSON before 36.0",
            does='400 `InvalidJob` "Unable to parse Job"',
            source="BG (version), – (text)",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            tests=(
                f"{_BULK1}::test_features_have_their_first_version",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJob", "BG"),
                Reading("taken"),
            ),
        ),
        Behaviour(
            id="version.query_all",
            title="`queryAll` before 39.0",
            does='400 `InvalidJob` "Unable to parse Job"',
            source="BG (version), – (text)",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            tests=(
                f"{_BULK1}::test_features_have_their_first_version",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJob", "BG"),
                Reading("taken"),
            ),
        ),
    ),
)
