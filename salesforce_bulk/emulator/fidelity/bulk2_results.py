"""What the emulator does, and on whose word: Results of ingest jobs."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Results of ingest jobs",
    behaviours=(
        Behaviour(
            id="bulk2.result.sf_id_sf_created",
            title=(
                '`"sf__Id","sf__Created"` or `"sf__Error"`, then the header as uploaded; '
                "values all quoted"
            ),
            does="yes",
            source="MC",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.result.delimiter_line_ending_job",
            title="Delimiter and line ending of the job, CRLF too",
            does="yes",
            source="– (CRLF)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.result.nothing_tell",
            title="Nothing to tell",
            does="header only; 204 by the fault `empty_as_204`",
            source="MC / user reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.result.doubles_java_prints_them",
            title="Doubles as Java prints them, int as sent",
            does="yes",
            source="MC",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.result.booleans_true_false_date",
            title="Booleans `true`/`false`, date-times in UTC, dates without zone",
            does="yes; `#N/A` and what is no value come back as sent",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.result.order",
            title="Order",
            does="shuffled, the same way for the same seed",
            source="B2 (not kept)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.result.sf_id_failed_rows",
            title="`sf__Id` of failed rows",
            does="from 53.0 the record's Id where the row had one",
            source="B2",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.result.text_sf_error",
            title="Text of `sf__Error`",
            does="as for Bulk API 1.0",
            source="MC, user reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.result.cells_below_header_another",
            title="Cells below a header of another letter case",
            does="come back; empty by the fault `lost_cells`",
            source="known issue, OpenFn #886",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.result.before_end",
            title="Before the end",
            does="200, header only",
            source="–",
            grade=Grade.ASSUMED,
        ),
    ),
)
