"""What the emulator does, and on whose word: Ingest jobs."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Ingest jobs",
    behaviours=(
        Behaviour(
            id="bulk2.ingest.documents_create_patch_get",
            title=(
                "Documents of create, PATCH, GET, lists: fields and their order, "
                "`apiVersion` a number, times `+0000`"
            ),
            does="as in the traces; `assignmentRuleId` behind `externalIdFieldName`",
            source="MC / – (that place)",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.ingest.statuses_create_200_upload",
            title="Statuses: create 200, upload 201 without body, PATCH 200, DELETE 204",
            does="yes",
            source="B2, MC",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.ingest.jobs_ingest_trailing_slashes",
            title="`jobs/ingest//`, trailing slashes, tails in any letter case, 15-character ids",
            does="accepted",
            source="DL, SS, JSF / – (ids)",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk2.ingest.ingest_41_0_query",
            title="Ingest from 41.0, query from 47.0, `resultPages` from 58.0; earlier 404",
            does="yes",
            source="B2 (versions), – (404)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.unknown_object_operation_delimiter",
            title="Unknown object, operation, delimiter, line ending, external id",
            does="400 `INVALIDENTITY`, `INVALIDOPERATION`, `INVALIDJOB`",
            source="user reports (codes), – (texts)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.value_wrong_json_type",
            title="Value of a wrong JSON type",
            does='400 `API_ERROR` "Value does not match expected type at [line:…, column:…]"',
            source="user reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.ingest.unknown_field_request",
            title="Unknown field of the request",
            does="400 `JSON_PARSER_ERROR`; `concurrencyMode` is accepted and ignored",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.another_media_type_another",
            title="Another media type; another `Content-Encoding` than gzip",
            does="415 `UNSUPPORTED_MEDIA_TYPE`",
            source="REST (status)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.gzip_uploads",
            title="gzip uploads",
            does="accepted",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.second_upload",
            title="Second upload",
            does='refused at PUT, 400 `INVALIDJOB` "Found multiple contents …"',
            source="SE 231917 (text), newer reports (when)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.upload_close_after_end",
            title="Upload or close after the end, or of a job open for 24 hours",
            does="400 `INVALIDJOBSTATE`",
            source="LIM (24 hours), –",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.aborting_has_ended",
            title="Aborting what has ended",
            does='400 `INVALIDJOBSTATE` "Aborting already Completed Job not allowed"',
            source="HAL stub",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.abort_running_job",
            title="Abort of a running job",
            does=(
                "answers when the rows in hand are noted: processed ones stay, the rest is "
                "unprocessed"
            ),
            source="B2 (that)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.ingest.delete_while_open_inprogress",
            title="DELETE while `Open` or `InProgress`",
            does="400 `API_ERROR`, text of query jobs; a waiting job is deleted and never runs",
            source="B2 (states), – (text)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.only_creator_manage_data",
            title='Only the creator, or "Manage Data Integrations", changes a job',
            does="400 `INVALIDUSER`",
            source="B2 (that), – (answer)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.multipart_create_two_parts",
            title="Multipart create: two parts, quoted boundary, blank line at the end",
            does="yes; above 100,000 characters, or without its parts, 400 `INVALIDJOB`",
            source="B2, – (errors)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.ingest.data_header_only_blank",
            title="No data, header only, blank lines only",
            does="`JobComplete`, three empty results",
            source="JSF, PD",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk2.ingest.failed_whole_field_name",
            title=(
                "Failed as a whole: `Field name not found`, `must contain only ids`, "
                "relationships, `LineEnding is invalid …`"
            ),
            does="texts as reported; a BOM is part of the first name",
            source="B2, MC, SE, DL",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.ingest.line_ending",
            title="Line ending",
            does="the header's is checked; breaks inside quotes are free",
            source="SE / –",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.csv_cannot_read_quotes",
            title="CSV that cannot be read (quotes, UTF-8, blanks beside quotes)",
            does=(
                "the job fails; `unprocessedrecords` are the bytes as uploaded (the guide: a "
                "blank beside a quote fails the row)"
            ),
            source="JSF (raw), –",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk2.ingest.row_another_width",
            title="Row of another width",
            does="fails alone, its cells come back empty",
            source="MC",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk2.ingest.internal_batches",
            title="Internal batches",
            does=(
                "one of the day's allocation for each 10,000 rows; rows beyond it are in "
                "none of the files, the job is `Failed`"
            ),
            source="B2, LIM",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.ingest.re_queues",
            title="Re-queues",
            does="10, then `Failed`; no row twice",
            source="older guide (v66: 20)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk2.ingest.retention_deleted_jobs",
            title="Retention, deleted jobs",
            does="404 after 7 days or DELETE",
            source="B2, MC",
            grade=Grade.RECORDED,
        ),
    ),
)
