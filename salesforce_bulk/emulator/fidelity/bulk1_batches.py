"""What the emulator does, and on whose word: Batches."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Batches",
    behaviours=(
        Behaviour(
            id="bulk1.batch.batchinfo_batchinfolist_xml_json",
            title="batchInfo, batchInfoList in XML and JSON",
            does="byte for byte; empty list `<batchInfoList … />`",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.empty_list_json",
            title="Empty list in JSON",
            does='`{"batchInfo":[]}`',
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.answer_post",
            title="The answer to POST",
            does="always `Queued`; the data are parsed later",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.processing_starts_upload_close",
            title="Processing starts on upload, not on close",
            does="yes",
            source="DL, HSB",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.batch.empty_body",
            title="Empty body",
            does='`ClientInputError` "Unable to find any data to create batch"',
            source="JSF",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.batch.more_10_000_000",
            title="More than 10,000,000 bytes, uncompressed",
            does='`ClientInputError` "Failed to read request. Exceeded max size limit of 10000000"',
            source="JSF #31",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.job_open",
            title="Job not open",
            does=(
                'text "Failed to create batch, since the Job is not Open. Current job state '
                "is '…'\"; costs a batch of the day's allocation"
            ),
            source="jetstream #2061 (text), BG (cost), – (code `InvalidJobState`)",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.day_s_allocation",
            title="Day's allocation",
            does=(
                '15,000 in rolling 24 hours, settable; `ExceededQuota` "ApiBatchItems Limit '
                'exceeded."'
            ),
            source="LIM, user reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.refused_uploads_empty_oversize",
            title="Refused uploads (empty, oversize, wrong type) cost nothing",
            does="yes",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.load_batch_another_media",
            title="Load batch of another media type than its job",
            does='`InvalidBatch` "Unsupported content type: …"; a missing type is the job\'s',
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.query_batch",
            title="Query batch",
            does="any of the job types' media types: the body is bare SOQL",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.more_10_000_records",
            title="More than 10,000 records",
            does=(
                'the batch fails: "Exceeded number of records : N. Number of records should '
                'be less than or equal to 10000"'
            ),
            source="WSC (text), BG (that)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.limits_field_131_072",
            title="Limits of field (131,072), record (400,000 characters, 5,000 fields)",
            does="the batch fails, before any row is written",
            source="LIM, WSC (texts)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.unknown_batch_result_id",
            title="Unknown batch or result id",
            does="`InvalidBatch`",
            source="BG (code), – (text)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.result_before_end",
            title="Result before the end",
            does='400 `InvalidBatch` "Batch not completed"',
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.result_failed_load_without",
            title="Result of a failed load without processed rows, or `NotProcessed`",
            does='400 `InvalidBatch` "Records not processed"',
            source="SS #366, WSC / –",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.result_failed_load_processed",
            title="Result of a failed load with processed rows",
            does="those rows only",
            source="JSF, DL (that)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.batch.result_list_failed_notprocessed",
            title="Result list of a failed or `NotProcessed` query",
            does="200, empty",
            source="SS #382 / –",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.batch.serial",
            title="`Serial`",
            does="one batch at a time among all Serial jobs",
            source="BG",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.batch.sforce_disable_batch_retry",
            title="`Sforce-Disable-Batch-Retry`",
            does="no re-queues",
            source="BG",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.batch.re_queues",
            title="Re-queues",
            does=(
                '10 for loads, 15 for queries, then `Failed` "Retried more than … times"; '
                "rows done are not repeated"
            ),
            source="BG, TAP",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.batch.dml_chunks_200_rows",
            title="DML chunks of 200 rows, one transaction each",
            does="not visible: rows are written and judged as if so",
            source="BG",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.batch.totalprocessingtime",
            title="`totalProcessingTime`",
            does="what the org's clock measured; `apexProcessingTime` 0",
            source="CCI",
            grade=Grade.RECORDED,
        ),
    ),
)
