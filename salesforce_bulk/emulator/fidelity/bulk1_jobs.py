"""What the emulator does, and on whose word: Jobs."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Jobs",
    behaviours=(
        Behaviour(
            id="bulk1.job.jobinfo_xml_order_indentation",
            title="jobInfo in XML: order, indentation, absent elements",
            does="byte for byte",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.jobinfo_json_sorted_keys",
            title="jobInfo in JSON: sorted keys, nulls, `fastPathEnabled`",
            does="as the 2016 fixture; newer versions may have fewer keys",
            source="SWA",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.format_create",
            title="Format of create",
            does="by the request's `Content-Type`; XML when absent",
            source="CCI, SWA, TAP",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.format_close_abort",
            title="Format of close and abort",
            does="mirrors the request",
            source="CCI, SWA (the guide says the job's)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.format_get_job_batches",
            title="Format of GET job, batches",
            does="the job's: XML for CSV and XML, JSON for JSON",
            source="CCI, TAP, HSB",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.errors",
            title="Errors",
            does="by the request until the job is known, then by the job",
            source="BG, TAP / –",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.location_created_job",
            title="`Location` of a created job",
            does="host-relative path",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.default_contenttype_xml_concurrencymode",
            title="Default `contentType` XML, `concurrencyMode` Parallel",
            does="yes",
            source="BG jobInfo",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.job.enumerations_case_sensitive_else",
            title='Enumerations are case-sensitive; else `InvalidJob` "Unable to parse Job"',
            does="yes",
            source="JSF",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.ordinals_enumerations_json",
            title="Ordinals of enumerations in JSON",
            does="`concurrencyMode` 0 and 1",
            source="SS",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.job.ordinals_other_enumerations",
            title="Ordinals of other enumerations",
            does="`InvalidJob`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.server_owned_field_sent",
            title="Server-owned field sent",
            does='`InvalidJob` "CreatedById cannot be specified"',
            source="forceworkbench",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.order_elements_declaration_namespace",
            title="Order of elements, declaration, namespace",
            does="any, optional, ignored",
            source="CCI",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.text_xml_other_types",
            title="`text/xml` and other types",
            does='400 `UnsupportedContentType` "Unsupported content type: text/xml"',
            source="SalesforceMagic #1 (text), – (code)",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.unknown_object",
            title="Unknown object",
            does="`InvalidEntity` \"Entity 'X' is not supported by the Bulk API.\"",
            source="forceworkbench",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.upsert_without_external_id",
            title="Upsert without external id",
            does=(
                '`InvalidJob` "External ID was blank for X. An External ID must be specified '
                'for upsert."'
            ),
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.external_id_key_another",
            title="External id that is no key; with another operation",
            does="`InvalidJob`",
            source="BG (that), – (text)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.harddelete_without_permission_bulkapiharddelete",
            title="`hardDelete` without permission `BulkApiHardDelete`",
            does="`FeatureNotEnabled`, text as Data Loader expects it",
            source="DL",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.job.doctype_entity_xml",
            title="DOCTYPE or ENTITY in XML",
            does="`InvalidXml`, before anything is expanded",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.job_without_batches_closed",
            title="Job without batches can be closed",
            does="yes",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.closing_aborted_job",
            title="Closing an aborted job",
            does='`InvalidJobState` "Closing already aborted Job not allowed"',
            source="OpenIDM connector",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.closing_twice_aborting_has",
            title="Closing twice, aborting what has ended",
            does=(
                "`InvalidJobState`, same wording; a closed job with unfinished batches can "
                "be aborted"
            ),
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.job.only_creator_closes_aborts",
            title="Only the creator closes, aborts, adds batches, maps fields",
            does="`InvalidUser`",
            source="BG",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.job.unknown_job",
            title="Unknown job",
            does='`InvalidJob` "Unable to find job: …"',
            source="TAP (code), – (text)",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.job.counters",
            title="Counters",
            does="sums over the batches at that instant; processed includes failed rows",
            source="CCI, forcedotcom/cli #1447",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.job.numberbatchestotal_pk_chunking",
            title="`numberBatchesTotal` with PK chunking",
            does="without the original batch",
            source="BG PK chunking sample",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.job.retention",
            title="Retention",
            does=(
                "a job is gone 7 days after its youngest batch (or its creation); its id is "
                "then unknown"
            ),
            source="BG limits",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.job.job_left_open_24",
            title="Job left open for 24 h",
            does="stays `Open`, takes no more batches (`InvalidJobState`)",
            source="BG limits, – (code)",
            grade=Grade.ASSUMED,
        ),
    ),
)
