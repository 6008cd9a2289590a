"""What the emulator does, and on whose word: Jobs."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_BULK1 = "tests/emulator/endpoints/test_bulk1.py"
_DOCUMENTS = "tests/emulator/endpoints/test_bulk1_documents.py"
_ENGINE = "tests/emulator/jobs/test_jobs.py"
_FLIPS = (
    "tests/conformance/test_probes_of_bulk1_jobs.py::test_a_flip_is_noticed_by_exactly_its_probe"
)

AREA = Area(
    title="Jobs",
    behaviours=(
        Behaviour(
            id="bulk1.job.info_xml",
            title="jobInfo in XML: order, indentation, absent elements",
            does="byte for byte",
            source="CCI",
            grade=Grade.RECORDED,
            routes=(
                "bulk1.job.create",
                "bulk1.job",
            ),
            tests=(f"{_DOCUMENTS}::test_job_created_in_xml_is_answered_as_recorded",),
            readings=(Reading("in the schema's order", "CCI, WSC"),),
        ),
        Behaviour(
            id="bulk1.job.info_json",
            title="jobInfo in JSON: sorted keys, nulls, `fastPathEnabled`",
            does="as the 2016 fixture; newer versions may have fewer keys",
            source="SWA",
            grade=Grade.RECORDED,
            routes=(
                "bulk1.job.create",
                "bulk1.job",
            ),
            tests=(
                f"{_DOCUMENTS}::test_job_created_in_json_is_answered_in_json_with_sorted_keys_and_nulls",
                _FLIPS,
            ),
            readings=(
                Reading("null", "SWA"),
                Reading(
                    "absent",
                    "BG samples: `assignmentRuleId`, `externalIdFieldName` and "
                    "`fastPathEnabled` are not in them",
                ),
            ),
        ),
        Behaviour(
            id="bulk1.job.create_format",
            title="Format of create",
            does="by the request's `Content-Type`; XML when absent",
            source="CCI, SWA, TAP",
            grade=Grade.RECORDED,
            routes=("bulk1.job.create",),
            tests=(
                f"{_DOCUMENTS}::test_job_created_in_json_is_answered_in_json_with_sorted_keys_and_nulls",
            ),
            readings=(Reading("of the request", "CCI, SWA, TAP"),),
        ),
        Behaviour(
            id="bulk1.job.close_format",
            title="Format of close and abort",
            does="mirrors the request",
            source="CCI, SWA (the guide says the job's)",
            grade=Grade.ASSUMED,
            routes=("bulk1.job",),
            tests=(
                f"{_DOCUMENTS}::test_closing_is_answered_in_the_form_of_the_request",
                _FLIPS,
            ),
            readings=(
                Reading("of the request", "SWA"),
                Reading("of the job", "BG"),
            ),
        ),
        Behaviour(
            id="bulk1.job.get_format",
            title="Format of GET job, batches",
            does="the job's: XML for CSV and XML, JSON for JSON",
            source="CCI, TAP, HSB",
            grade=Grade.RECORDED,
            routes=(
                "bulk1.job",
                "bulk1.batches",
                "bulk1.batch",
            ),
            tests=(f"{_DOCUMENTS}::test_batch_answers_follow_the_job_and_not_the_request",),
            readings=(Reading("of the job", "CCI, TAP, HSB"),),
        ),
        Behaviour(
            id="bulk1.job.error_format",
            title="Errors",
            does="by the request until the job is known, then by the job",
            source="BG, TAP / –",
            grade=Grade.ASSUMED,
            routes=("bulk1.*",),
            tests=(
                f"{_DOCUMENTS}::test_errors_are_xml_or_json_by_the_request_until_the_job_is_known",
                f"{_DOCUMENTS}::test_errors_of_a_known_job_are_in_its_own_format",
                _FLIPS,
            ),
            readings=(
                Reading("of the job"),
                Reading("of the request"),
            ),
        ),
        Behaviour(
            id="bulk1.job.location",
            title="`Location` of a created job",
            does="host-relative path",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            tests=(
                f"{_DOCUMENTS}::test_location_of_a_created_job_is_a_path",
                _FLIPS,
            ),
            readings=(
                Reading("path", "as recorded of batches (CCI)"),
                Reading("address"),
                Reading("absent"),
            ),
        ),
        Behaviour(
            id="bulk1.job.defaults",
            title="Default `contentType` XML, `concurrencyMode` Parallel",
            does="yes",
            source="BG jobInfo",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.job.create",),
            tests=(f"{_BULK1}::test_content_type_of_a_job_is_xml_unless_told",),
            readings=(Reading("XML Parallel", "BG"),),
        ),
        Behaviour(
            id="bulk1.job.enumerations",
            title='Enumerations are case-sensitive; else `InvalidJob` "Unable to parse Job"',
            does="yes",
            source="JSF",
            grade=Grade.RECORDED,
            routes=(
                "bulk1.job.create",
                "bulk1.job",
            ),
            texts=("Unable to parse Job",),
            tests=(
                f"{_BULK1}::test_job_that_cannot_be_is_refused",
                f"{_BULK1}::test_job_document_that_is_no_json_object_is_refused",
            ),
            readings=(Reading("400 InvalidJob", "JSF"),),
        ),
        Behaviour(
            id="bulk1.job.concurrency_ordinals",
            title="Ordinals of enumerations in JSON",
            does="`concurrencyMode` 0 and 1",
            source="SS",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.job.create",),
            tests=(f"{_BULK1}::test_concurrency_mode_may_be_its_ordinal",),
            readings=(Reading("Parallel Serial", "SS"),),
        ),
        Behaviour(
            id="bulk1.job.other_ordinals",
            title="Ordinals of other enumerations",
            does="`InvalidJob`; no client is known to send them",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            tests=(f"{_BULK1}::test_job_that_cannot_be_is_refused",),
            readings=(Reading("400 InvalidJob"),),
        ),
        Behaviour(
            id="bulk1.job.server_field",
            title="Server-owned field sent",
            does='`InvalidJob` "CreatedById cannot be specified"',
            source="forceworkbench",
            grade=Grade.RECORDED,
            routes=(
                "bulk1.job.create",
                "bulk1.job",
            ),
            texts=("{} cannot be specified",),
            tests=(
                f"{_BULK1}::test_job_that_cannot_be_is_refused",
                f"{_BULK1}::test_only_the_state_may_be_changed",
            ),
            readings=(Reading("400 InvalidJob", "forceworkbench"),),
        ),
        Behaviour(
            id="bulk1.job.xml_form",
            title="Order of elements, declaration, namespace",
            does="any, optional, ignored",
            source="CCI (no declaration), JSF (another order)",
            grade=Grade.ASSUMED,
            routes=(
                "bulk1.job.create",
                "bulk1.job",
            ),
            tests=(
                f"{_BULK1}::test_job_document_needs_no_declaration_namespace_or_order",
                _FLIPS,
            ),
            readings=(
                Reading("any", "JSF sends `assignmentRuleId` before `contentType`"),
                Reading("needs the order", "WSC writes in the order of the schema"),
                Reading("needs the namespace", "all clients send it"),
            ),
        ),
        Behaviour(
            id="bulk1.job.media_type",
            title="`text/xml` and other types",
            does='400 `UnsupportedContentType` "Unsupported content type: text/xml"',
            source="SalesforceMagic #1 (text), – (code)",
            grade=Grade.RECORDED,
            routes=(
                "bulk1.job.create",
                "bulk1.job",
            ),
            texts=("Unsupported content type: {}",),
            tests=(
                f"{_BULK1}::test_other_media_types_are_unsupported",
                _FLIPS,
            ),
            readings=(
                Reading("400 UnsupportedContentType", "WSC (code)"),
                Reading("415 UnsupportedContentType", "BG status codes"),
                Reading("400 InvalidJob"),
            ),
        ),
        Behaviour(
            id="bulk1.job.unknown_object",
            title="Unknown object",
            does="`InvalidEntity` \"Entity 'X' is not supported by the Bulk API.\"",
            source="forceworkbench",
            grade=Grade.RECORDED,
            routes=("bulk1.job.create",),
            texts=("Entity '{}' is not supported by the Bulk API.",),
            tests=(f"{_BULK1}::test_job_that_cannot_be_is_refused",),
            readings=(Reading("400 InvalidEntity", "forceworkbench"),),
        ),
        Behaviour(
            id="bulk1.job.upsert_without_key",
            title="Upsert without external id",
            does=(
                '`InvalidJob` "External ID was blank for X. An External ID must be specified '
                'for upsert."'
            ),
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            texts=("External ID was blank for {}. An External ID must be specified for upsert.",),
            tests=(
                f"{_BULK1}::test_job_that_cannot_be_is_refused",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJob"),
                Reading("400 ClientInputError"),
            ),
        ),
        Behaviour(
            id="bulk1.job.upsert_by_other_field",
            title="Upsert by a field that is no key",
            does="`InvalidJob`",
            source="BG (that), – (text)",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            texts=(
                (
                    "Field name provided, {} does not match an External ID, Salesforce Id, or "
                    "indexed field for {}"
                ),
            ),
            tests=(
                f"{_BULK1}::test_job_that_cannot_be_is_refused",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJob"),
                Reading("400 ClientInputError"),
            ),
        ),
        Behaviour(
            id="bulk1.job.key_without_upsert",
            title="External id with another operation",
            does="`InvalidJob`",
            source="BG (that), – (text)",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            texts=("External ID may not be specified for {}",),
            tests=(
                f"{_BULK1}::test_job_that_cannot_be_is_refused",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJob", "BG"),
                Reading("ignored"),
            ),
        ),
        Behaviour(
            id="bulk1.job.zip_query",
            title="Query job of a zip content type",
            does="`InvalidJob`",
            source="BG (that), – (text)",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            texts=("ContentType {} is not supported for {}",),
            tests=(
                f"{_BULK1}::test_job_that_cannot_be_is_refused",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJob"),
                Reading("400 UnsupportedContentType"),
            ),
        ),
        Behaviour(
            id="bulk1.job.hard_delete",
            title="`hardDelete` without permission `BulkApiHardDelete`",
            does="`FeatureNotEnabled`, text as Data Loader expects it",
            source="DL",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.job.create",),
            texts=(
                (
                    "hardDelete operation requires special user profile permission, please "
                    "contact your system administrator"
                ),
            ),
            tests=(
                f"{_BULK1}::test_job_that_cannot_be_is_refused",
                f"{_BULK1}::test_hard_delete_needs_its_permission",
                _FLIPS,
            ),
            readings=(
                Reading("400 FeatureNotEnabled", "DL"),
                Reading("403 FeatureNotEnabled"),
            ),
        ),
        Behaviour(
            id="bulk1.job.invalid_xml",
            title="XML that is none; DOCTYPE or ENTITY in it",
            does="`InvalidXml`, before anything is expanded",
            source="WSC (code), – (DOCTYPE)",
            grade=Grade.ASSUMED,
            routes=(
                "bulk1.job.create",
                "bulk1.job",
            ),
            texts=(
                "Unable to parse XML: {}",
                "DOCTYPE is disallowed",
                "no element found",
                "elements are nested too deeply",
            ),
            tests=(
                f"{_BULK1}::test_job_document_that_is_no_xml_is_invalid_xml",
                f"{_BULK1}::test_entities_are_refused_before_they_grow",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidXml", "WSC"),
                Reading("400 InvalidXML", "BG"),
                Reading("400 InvalidJob"),
            ),
        ),
        Behaviour(
            id="bulk1.job.close_empty",
            title="Job without batches can be closed",
            does="yes",
            source="CCI",
            grade=Grade.RECORDED,
            routes=("bulk1.job",),
            tests=(f"{_DOCUMENTS}::test_closed_job_without_batches_has_only_its_state_changed",),
            readings=(Reading("200", "CCI"),),
        ),
        Behaviour(
            id="bulk1.job.close_aborted",
            title="Closing an aborted job",
            does='`InvalidJobState` "Closing already aborted Job not allowed"',
            source="OpenIDM connector",
            grade=Grade.RECORDED,
            routes=("bulk1.job",),
            texts=("Closing already {} Job not allowed",),
            tests=(f"{_BULK1}::test_ended_jobs_are_not_ended_again",),
            readings=(Reading("400 InvalidJobState", "OpenIDM connector"),),
        ),
        Behaviour(
            id="bulk1.job.close_closed",
            title="Closing a closed job",
            does='`InvalidJobState` "Closing already closed Job not allowed"',
            source="OpenIDM connector (code and text)",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.job",),
            tests=(
                f"{_BULK1}::test_ended_jobs_are_not_ended_again",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJobState", "OpenIDM connector"),
                Reading("200", "HSB closes twice"),
            ),
        ),
        Behaviour(
            id="bulk1.job.abort_aborted",
            title="Aborting an aborted job",
            does="`InvalidJobState`, same wording",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job",),
            texts=("Aborting already {} Job not allowed",),
            tests=(
                f"{_BULK1}::test_ended_jobs_are_not_ended_again",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJobState"),
                Reading("200"),
            ),
        ),
        Behaviour(
            id="bulk1.job.abort_finished",
            title="Aborting a closed job whose batches have ended",
            does="`InvalidJobState`, same wording; else it would be answered, and stay closed",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job",),
            tests=(
                f"{_BULK1}::test_ended_jobs_are_not_ended_again",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJobState"),
                Reading("200"),
            ),
        ),
        Behaviour(
            id="bulk1.job.abort_unfinished",
            title="Aborting a closed job that has unfinished batches",
            does="done",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job",),
            tests=(
                f"{_BULK1}::test_closed_job_with_unfinished_batches_can_be_aborted",
                _FLIPS,
            ),
            readings=(
                Reading("200"),
                Reading("400 InvalidJobState"),
            ),
        ),
        Behaviour(
            id="bulk1.job.abort_queued",
            title="Batches that are queued when their job is aborted",
            does="`NotProcessed`; those that run go on to their end",
            source="BG batch states",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.job",),
            tests=(
                f"{_BULK1}::test_abort_leaves_queued_batches_not_processed",
                f"{_ENGINE}::test_abort_waits_for_nobody",
                _FLIPS,
            ),
            readings=(
                Reading("NotProcessed", "BG"),
                Reading("Failed"),
                Reading("Queued"),
            ),
        ),
        Behaviour(
            id="bulk1.job.creator",
            title="Only the creator closes, aborts, adds batches, maps fields",
            does="`InvalidUser`; not to be asked with one session",
            source="BG",
            grade=Grade.DOCUMENTED,
            routes=(
                "bulk1.job",
                "bulk1.batches",
                "bulk1.spec",
            ),
            texts=("The job was created by another user",),
            tests=(f"{_BULK1}::test_jobs_of_others_are_read_but_not_changed",),
        ),
        Behaviour(
            id="bulk1.job.unknown",
            title="Unknown job",
            does='`InvalidJob` "Unable to find job: …"',
            source="TAP (code), – (text)",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.*",),
            texts=(
                "Unable to find job: {}",
                "Job {} is a job of Bulk API {}",
            ),
            tests=(
                f"{_BULK1}::test_unknown_batches_and_results_are_invalid",
                _FLIPS,
            ),
            readings=(
                Reading("400 InvalidJob", "TAP"),
                Reading("404 InvalidJob"),
            ),
        ),
        Behaviour(
            id="bulk1.job.counters",
            title="Counters",
            does="sums over the batches at that instant; processed includes failed rows",
            source="CCI, forcedotcom/cli #1447",
            grade=Grade.RECORDED,
            routes=("bulk1.job",),
            tests=(f"{_BULK1}::test_counters_are_sums_over_the_batches",),
            readings=(Reading("sums over the batches", "CCI"),),
        ),
        Behaviour(
            id="bulk1.job.chunked_total",
            title="`numberBatchesTotal` with PK chunking",
            does="without the original batch",
            source="BG PK chunking sample",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.job",),
            tests=(
                f"{_BULK1}::test_chunked_query_leaves_its_own_batch_not_processed",
                _FLIPS,
            ),
            readings=(
                Reading("without the original", "BG"),
                Reading("with the original"),
            ),
        ),
        Behaviour(
            id="bulk1.job.retention",
            title="Retention",
            does=(
                "a job is gone 7 days after its youngest batch (or its creation); its id is "
                "then unknown. Not to be asked in less than that"
            ),
            source="BG limits",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.*",),
            faults=("results_expired",),
            tests=(
                f"{_BULK1}::test_jobs_are_gone_7_days_after_their_youngest_batch",
                f"{_ENGINE}::test_running_jobs_are_not_purged",
                f"{_ENGINE}::test_queued_batches_of_a_purged_job_never_run",
            ),
        ),
        Behaviour(
            id="bulk1.job.open_24_hours",
            title="Job left open for 24 h",
            does=(
                "stays `Open`, takes no more batches, as one that is not open. Not to be asked "
                "in less than that"
            ),
            source="BG limits, – (code)",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            texts=("Failed to create batch, since the Job is older than {} hours",),
            tests=(f"{_BULK1}::test_job_takes_batches_for_24_hours",),
        ),
        Behaviour(
            id="bulk1.job.schema",
            title="`AsyncApi.xsd`",
            does="elements and types of all documents, without a session",
            source="BG schema",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.schema",),
            tests=(f"{_DOCUMENTS}::test_schema_describes_every_field_that_is_sent",),
            readings=(Reading("200", "BG"),),
        ),
    ),
)
