"""What the emulator does, and on whose word: Batches."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_BULK1 = "tests/emulator/endpoints/test_bulk1.py"
_DOCUMENTS = "tests/emulator/endpoints/test_bulk1_documents.py"
_ENGINE = "tests/emulator/jobs/test_jobs.py"
_FLIPS = (
    "tests/conformance/test_probes_of_bulk1_batches.py::test_a_flip_is_noticed_by_exactly_its_probe"
)

AREA = Area(
    title="Batches",
    behaviours=(
        Behaviour(
            id="bulk1.batch.info",
            title="batchInfo, batchInfoList in XML and JSON",
            does="byte for byte; empty list `<batchInfoList … />`",
            source="CCI",
            grade=Grade.RECORDED,
            routes=(
                "bulk1.batches",
                "bulk1.batch",
            ),
            tests=(
                f"{_DOCUMENTS}::test_batch_list_indents_its_batches_and_keeps_their_order",
                f"{_DOCUMENTS}::test_batch_of_a_json_job_has_null_for_what_is_absent",
            ),
            readings=(Reading("in the schema's order", "CCI, WSC"),),
        ),
        Behaviour(
            id="bulk1.batch.empty_list",
            title="Empty list in JSON",
            does='`{"batchInfo":[]}`',
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            tests=(
                f"{_DOCUMENTS}::test_empty_batch_list_of_a_json_job_has_an_empty_array",
                _FLIPS,
            ),
            readings=(
                Reading("[]"),
                Reading("null"),
                Reading("absent"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.not_processed",
            title="Spelling of `NotProcessed`",
            does="one word",
            source="WSC, HSB, JSF",
            grade=Grade.LIVE_TESTED,
            routes=(
                "bulk1.batches",
                "bulk1.batch",
            ),
            tests=(
                f"{_BULK1}::test_abort_leaves_queued_batches_not_processed",
                _FLIPS,
            ),
            readings=(
                Reading("NotProcessed", "WSC, HSB, JSF"),
                Reading("Not Processed", "BG walk-through; CCI and TAP look for it"),
                Reading("NOT_PROCESSED", "BG prose"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.posted_state",
            title="The answer to POST",
            does="always `Queued`; the data are parsed later",
            source="CCI",
            grade=Grade.RECORDED,
            routes=("bulk1.batches",),
            tests=(
                f"{_DOCUMENTS}::test_added_batch_is_answered_queued_and_has_run_when_asked_again",
            ),
            readings=(Reading("Queued", "CCI"),),
        ),
        Behaviour(
            id="bulk1.batch.posted_twice",
            title="The same data posted twice to a job",
            does="two batches: no post is taken for a repetition",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            tests=(
                f"{_BULK1}::test_same_data_posted_twice_are_two_batches",
                _FLIPS,
            ),
            readings=(
                Reading("two batches"),
                Reading("one batch"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.start",
            title="Processing starts on upload, not on close",
            does="yes",
            source="DL, HSB",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.batches",),
            tests=(
                f"{_DOCUMENTS}::test_added_batch_is_answered_queued_and_has_run_when_asked_again",
                f"{_BULK1}::test_batches_run_before_their_job_is_closed",
            ),
            readings=(Reading("on upload", "DL, HSB"),),
        ),
        Behaviour(
            id="bulk1.batch.empty_body",
            title="Empty body",
            does='`ClientInputError` "Unable to find any data to create batch"',
            source="JSF",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.batches",),
            texts=("Unable to find any data to create batch",),
            tests=(
                f"{_BULK1}::test_empty_body_is_no_batch",
                _FLIPS,
            ),
            readings=(
                Reading("400 ClientInputError", "JSF test"),
                Reading("403 ClientInputError", "JSF #88"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.too_large",
            title="More than 10,000,000 bytes, uncompressed",
            does=(
                '`ClientInputError` "Failed to read request. Exceeded max size limit of 10000000"'
            ),
            source="JSF #31",
            grade=Grade.RECORDED,
            routes=("bulk1.batches",),
            texts=("Failed to read request. Exceeded max size limit of {}",),
            tests=(f"{_BULK1}::test_10_000_000_bytes_are_the_limit_uncompressed",),
            readings=(Reading("400 ClientInputError", "JSF #31"),),
        ),
        Behaviour(
            id="bulk1.batch.job_not_open",
            title="Job not open",
            does=(
                'text "Failed to create batch, since the Job is not Open. Current job state is '
                "'…'\"; costs a batch of the day's allocation"
            ),
            source="jetstream #2061 (text), BG (cost), – (code `InvalidJobState`)",
            grade=Grade.RECORDED,
            routes=("bulk1.batches",),
            texts=("Failed to create batch, since the Job is not Open. Current job state is '{}'",),
            tests=(
                f"{_BULK1}::test_batch_needs_an_open_job_and_costs_its_allocation_all_the_same",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJobState"),
                Reading("400 InvalidBatch"),
                Reading("400 ClientInputError"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.daily_allocation",
            title="Day's allocation",
            does=(
                '15,000 in rolling 24 hours, settable; `ExceededQuota` "ApiBatchItems Limit '
                'exceeded." Not to be asked without using it up'
            ),
            source="LIM, user reports",
            grade=Grade.RECORDED,
            routes=("bulk1.batches",),
            texts=("ApiBatchItems Limit exceeded.",),
            faults=("quota_used_up",),
            tests=(f"{_BULK1}::test_daily_allocation_of_batches_rolls",),
        ),
        Behaviour(
            id="bulk1.batch.cost_of_refused",
            title="Refused uploads (empty, oversize, wrong type) cost nothing",
            does=(
                "yes. What an org says is left moves by the work of others too, and late, so "
                "that it tells nothing of one upload"
            ),
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            tests=(f"{_BULK1}::test_refused_uploads_cost_nothing",),
        ),
        Behaviour(
            id="bulk1.batch.media_type",
            title="Load batch of another media type than its job",
            does='`InvalidBatch` "Unsupported content type: …"; a missing type is the job\'s',
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            texts=("Unsupported content type: {}",),
            tests=(
                f"{_BULK1}::test_batch_of_another_type_than_its_job_is_refused",
                f"{_BULK1}::test_batch_without_a_type_is_of_the_jobs",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidBatch"),
                Reading("400 UnsupportedContentType"),
                Reading("415 UnsupportedContentType", "BG status codes"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.charset",
            title="Charset that nobody knows",
            does='`ClientInputError` "Unsupported charset: …"',
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            texts=("Unsupported charset: {}",),
            tests=(f"{_BULK1}::test_unknown_charset_is_a_client_error",),
            readings=(Reading("400 ClientInputError"),),
        ),
        Behaviour(
            id="bulk1.batch.query_media_type",
            title="Query batch",
            does="any of the job types' media types: the body is bare SOQL",
            source="CCI",
            grade=Grade.RECORDED,
            routes=("bulk1.batches",),
            tests=(
                f"{_DOCUMENTS}::test_result_list_is_xml_for_csv_and_xml_jobs_and_an_array_for_json",
                f"{_BULK1}::test_query_is_taken_under_each_media_type",
            ),
            readings=(Reading("any", "CCI"),),
        ),
        Behaviour(
            id="bulk1.batch.request",
            title="The request of a batch",
            does="the data as they were posted, undone of gzip",
            source="BG, HSB",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.request",),
            tests=(
                f"{_DOCUMENTS}::test_request_gives_back_what_was_uploaded",
                f"{_BULK1}::test_gzip_request_is_stored_as_it_was_before",
            ),
            readings=(Reading("as it was posted", "HSB"),),
        ),
        Behaviour(
            id="bulk1.batch.too_many_records",
            title="More than 10,000 records",
            does=(
                'the batch fails: "Exceeded number of records : N. Number of records should be '
                'less than or equal to 10000"'
            ),
            source="WSC (text), BG (that)",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            texts=(
                (
                    "Exceeded number of records : {}. Number of records should be less than or "
                    "equal to {}"
                ),
            ),
            tests=(f"{_BULK1}::test_more_than_10_000_records_fail_the_batch",),
            readings=(Reading("Failed", "WSC"),),
        ),
        Behaviour(
            id="bulk1.batch.size_limits",
            title="Limits of field (131,072), record (400,000 characters, 5,000 fields)",
            does="the batch fails, before any row is written",
            source="LIM, WSC (texts)",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            texts=(
                "Exceeded max field size",
                "Exceeded max number of columns per record : {}",
                (
                    "Exceeded max length for one record: {}. Max length for one record should "
                    "be less than or equal to {}"
                ),
            ),
            tests=("tests/emulator/http/test_wire.py",),
            readings=(Reading("Failed", "LIM, WSC"),),
        ),
        Behaviour(
            id="bulk1.batch.unknown",
            title="Unknown batch or result id",
            does="`InvalidBatch`",
            source="BG (code), – (text)",
            grade=Grade.ASSUMED,
            routes=(
                "bulk1.batch",
                "bulk1.request",
                "bulk1.results",
                "bulk1.result",
            ),
            texts=(
                "Unable to find batch: {}",
                "Unable to find result: {}",
            ),
            tests=(
                f"{_BULK1}::test_unknown_batches_and_results_are_invalid",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidBatch", "BG"),
                Reading("404 InvalidBatch"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.result_before_end",
            title="Result before the end",
            does='400 `InvalidBatch` "Batch not completed"',
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.results",),
            texts=("Batch not completed",),
            faults=("results_not_ready",),
            tests=(
                f"{_BULK1}::test_results_of_a_batch_that_has_not_run_are_refused",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidBatch"),
                Reading("400 InvalidJobState"),
                Reading("200", "without rows, as of failed queries (SS #382)"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.result_of_failed",
            title="Result of a failed load without processed rows",
            does='400 `InvalidBatch` "Records not processed"',
            source="SS #366, WSC",
            grade=Grade.RECORDED,
            routes=("bulk1.results",),
            texts=("Records not processed",),
            tests=(
                f"{_BULK1}::test_failed_batch_says_why_and_has_no_results",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidBatch", "SS #366, WSC"),
                Reading("200", "without rows, as of failed queries (SS #382)"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.result_of_aborted",
            title="Result of a load batch that an abort left",
            does="as of a failed one",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.results",),
            tests=(
                f"{_BULK1}::test_abort_leaves_queued_batches_not_processed",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidBatch"),
                Reading("200", "without rows, as of failed queries (SS #382)"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.result_of_partly_failed",
            title="Result of a failed load with processed rows",
            does="those rows only. No probe can make a batch fail half-way",
            source="JSF, DL (that)",
            grade=Grade.ASSUMED,
            routes=("bulk1.results",),
            faults=(
                "batch_failed",
                "lock_failures",
            ),
            tests=("tests/emulator/http/test_faults.py",),
        ),
        Behaviour(
            id="bulk1.batch.failed_query_results",
            title="Result list of a failed query",
            does="200, empty; so is that of a query that is `NotProcessed`",
            source="SS #382 / –",
            grade=Grade.RECORDED,
            routes=("bulk1.results",),
            tests=(
                f"{_BULK1}::test_bad_query_fails_and_lists_no_results",
                _FLIPS,
            ),
            readings=(
                Reading("200", "SS #382"),
                Reading("400 InvalidBatch", "as of failed loads (SS #366)"),
            ),
        ),
        Behaviour(
            id="bulk1.batch.serial",
            title="`Serial`",
            does="one batch at a time among all Serial jobs",
            source="BG",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.batches",),
            tests=(f"{_ENGINE}::test_serial_batches_run_one_at_a_time_among_all_jobs",),
        ),
        Behaviour(
            id="bulk1.batch.disable_retry",
            title="`Sforce-Disable-Batch-Retry`",
            does="no re-queues",
            source="BG",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.job.create",),
            tests=("tests/emulator/http/test_faults.py",),
        ),
        Behaviour(
            id="bulk1.batch.requeues",
            title="Re-queues",
            does=(
                '10 for loads, 15 for queries, then `Failed` "Retried more than … times"; rows '
                "done are not repeated"
            ),
            source="BG, TAP",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.batch",),
            texts=("Retried more than {} times",),
            faults=(
                "requeue",
                "slow_batch",
            ),
            tests=(
                "tests/emulator/http/test_faults.py",
                f"{_ENGINE}::test_requeued_batch_runs_again_behind_the_others",
            ),
        ),
        Behaviour(
            id="bulk1.batch.dml_chunks",
            title="DML chunks of 200 rows, one transaction each",
            does="not visible: rows are written and judged as if so",
            source="BG",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.batches",),
            tests=("tests/emulator/data/test_org_writes.py",),
        ),
        Behaviour(
            id="bulk1.batch.processing_time",
            title="`totalProcessingTime`",
            does="what the org's clock measured; `apexProcessingTime` 0",
            source="CCI",
            grade=Grade.RECORDED,
            routes=("bulk1.batch",),
            tests=(f"{_ENGINE}::test_processing_time_is_the_clocks",),
            readings=(Reading("numbers", "CCI"),),
        ),
    ),
)
