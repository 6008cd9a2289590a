"""What the emulator does, and on whose word: Query jobs."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Query jobs",
    behaviours=(
        Behaviour(
            id="bulk2.query.refusals_post",
            title="Refusals at POST",
            does="400, array with SOQL's code and text; bulk's own as reported",
            source="DL, TAP, AB (texts), – (form)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.query.pages_header_each_sforce",
            title=(
                "Pages: header on each, `Sforce-NumberOfRecords` of the page, "
                "`Sforce-Locator` ending in `null`"
            ),
            does="yes",
            source="B2, SS, JSF",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk2.query.locators",
            title="Locators",
            does=(
                "base64 of a row number, plain numbers up to 48.0; readable again, with any "
                "`maxRecords`"
            ),
            source="MC, B2",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.query.locator_was_given_out",
            title="Locator that was not given out, `maxRecords` that is no positive number",
            does="400 `INVALID_QUERY_LOCATOR`, `API_ERROR`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.query.rows_page_without_maxrecords",
            title="Rows of a page without `maxRecords`",
            does="50,000",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.query.resultpages",
            title="`resultPages`",
            does="five a call; the first without locator",
            source="B2 / –",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.query.another_version",
            title="Another version",
            does="409, code `API_VERSION_MISMATCH`",
            source="B2 (409), – (code)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.query.before_end",
            title="Before the end",
            does="400 `JOB_NOT_COMPLETE`, text of v47",
            source="older guide",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.query.errormessage_failed_query",
            title="`errorMessage` of a failed query",
            does="yes",
            source="connectors read it",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.query.rows",
            title="No rows",
            does="header only",
            source="HAL stub",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.query.columns",
            title="Columns",
            does=(
                "in SELECT order in every version (alphabetical up to 49.0 is not emulated), "
                "names in the API's letter case"
            ),
            source="B2",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.query.10_000_queries_day",
            title="10,000 queries a day",
            does="400 `LIMIT_EXCEEDED`",
            source="user reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.query.lists",
            title="Lists",
            does=(
                "1,000 a page, oldest first; `nextRecordsUrl` at the resource that was "
                "listed, with its filters"
            ),
            source="B2 / –",
            grade=Grade.DOCUMENTED,
        ),
    ),
)
