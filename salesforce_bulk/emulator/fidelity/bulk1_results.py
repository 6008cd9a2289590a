"""What the emulator does, and on whose word: Row results."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Row results",
    behaviours=(
        Behaviour(
            id="bulk1.result.csv_all_cells_quoted",
            title="CSV: all cells quoted, LF; failed rows have no id",
            does="byte for byte",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.result.status_message_field_without",
            title="`STATUS:message:Field --`, without fields `STATUS:message:--`",
            does="yes",
            source="JSF, user reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.result.several_fields",
            title="Several fields",
            does="joined by `, `",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.result.several_errors_csv_cell",
            title="Several errors in a CSV cell",
            does="one after the other",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.result.xml_errors_first_id",
            title="XML: errors first, no id in failures",
            does="yes",
            source="RB, WSC",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.result.json",
            title="JSON",
            does="booleans, null id",
            source="SS #627",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.result.one_result_row_order",
            title="One result a row, in the order of the rows",
            does="yes",
            source="BG",
            grade=Grade.DOCUMENTED,
        ),
    ),
)
