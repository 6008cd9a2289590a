"""What the emulator does, and on whose word: Queries."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

AREA = Area(
    title="Queries",
    behaviours=(
        Behaviour(
            id="bulk1.query.content_type",
            title="`Content-Type` of query results in CSV",
            does="`text/csv`",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.result",),
            tests=("tests/conformance/test_probes_of_bulk1_queries.py",),
            readings=(
                Reading("text/csv"),
                Reading("text/csv;charset=UTF-8", "bulk-api-1.md"),
            ),
        ),
        Behaviour(
            id="bulk1.query.result_list_json_array",
            title="`result-list`, JSON array of 15-character ids",
            does="yes",
            source="CCI, BG",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.query.csv_header_each_file",
            title='CSV: header in each file, all quoted, LF, null as `""`',
            does="yes",
            source="BG, HSB",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.query.column_names",
            title="Column names",
            does="in the API's letter case",
            source="SS #290 (JSON)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.query.rows_csv",
            title="No rows, CSV",
            does="the text `Records not found for this query`, nothing else, under one result id",
            source="CCI, user reports",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.query.rows_json_xml",
            title="No rows, JSON / XML",
            does="`[ ]` / `queryResult` without `records`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.query.xml_id_twice_once",
            title="XML: `Id` twice, or once and nil; elements in the dataload namespace",
            does="yes",
            source="BG, HSB, RB",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.query.xml_nested_parents",
            title="XML: nested parents",
            does='`xsi:type="sObject"`, with their own type and Id',
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.query.json_array_attributes_nested",
            title="JSON: array, attributes, nested parents, pretty-printed",
            does="as recorded",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.query.json_date_times_epoch",
            title="JSON: date-times are epoch milliseconds",
            does="yes",
            source="CCI, SS #290",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.query.json_dates",
            title="JSON: dates",
            does="`yyyy-MM-dd`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.query.numbers",
            title="Numbers",
            does="as Java prints doubles",
            source="reported CSV",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.query.object_query_job_s",
            title="Object of the query is not the job's",
            does="`Failed`, text as reported",
            source="SS #502",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.query.result_files",
            title="Result files",
            does=(
                "a new one when the last has 1 GB (settable), or after a re-queue; at most "
                "15, else `Failed`"
            ),
            source="LIM, BG / – (text)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.query.typeof",
            title="TYPEOF",
            does="in JSON jobs only",
            source="CCI, BG",
            grade=Grade.RECORDED,
        ),
    ),
)
