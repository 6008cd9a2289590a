"""What the emulator does, and on whose word: REST."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="REST",
    behaviours=(
        Behaviour(
            id="rest.services_data_limits_describes",
            title=(
                "`/services/data`, limits, describes, `query`, `queryAll`, `queryMore`, rows "
                "by id and by key, base64 content of a record"
            ),
            does="yes; everything else refused by name",
            source="REST, SS, JSF",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="rest.limits",
            title="`limits`",
            does=(
                "every name of the guide; four are counted, the figures of the others are a "
                "Developer Edition's"
            ),
            source="REST Limits, – (figures)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.limits_recordcount",
            title="`limits/recordCount`",
            does=(
                "exact, at once (Salesforce: estimates); unknown objects are left out, empty "
                "ones are 0"
            ),
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.identity_among_resources",
            title="`identity` among the resources",
            does="the user's identity URL",
            source="REST, PD",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.query_columns_true",
            title="`query?columns=true`",
            does="`columnMetadata` as the CLI reads it; no rows",
            source="PD",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="rest.query_explain",
            title="`query?explain=`",
            does="one plan, `TableScan`",
            source="REST Query Performance Feedback",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.recent",
            title="`recent`",
            does=(
                "records that a call with `Sforce-Mru: updateMru=true` read or wrote; "
                "nothing else enters it"
            ),
            source="REST Recently Viewed, MRU Header",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.updated_deleted",
            title="`updated`, `deleted`",
            does=(
                "by `SystemModstamp`, start included, end excluded; at most 30 days back, "
                "else `INVALID_REPLICATION_DATE`; a record that changed twice is told once"
            ),
            source="REST Get Updated, – (bounds)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.describe_layouts_describe_compactlayouts",
            title="`describe/layouts`, `describe/compactLayouts`",
            does=(
                "one layout of all fields, one of the name; no buttons, related lists, quick "
                "actions"
            ),
            source="REST sObject Layouts (shape)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="rest.sobjects_x_id_relationship",
            title="`/sobjects/X/ID/Relationship`",
            does="GET: the parent, or a page of children; `fields=`",
            source="REST sObject Relationships",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.httpmethod_post",
            title="`?_HttpMethod=` on a POST",
            does="another method is meant",
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.sobjects_user_id_password",
            title="`/sobjects/User/ID/password`",
            does="GET, POST, DELETE; any password is good enough",
            source="REST sObject User Password",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.tooling_query",
            title="`tooling/query`",
            does=(
                "`EntityDefinition` and `FieldDefinition` with the commonest of their "
                "fields, `ApexClass` and `ApexTrigger` without records; filters are not "
                "required; everything else of the Tooling API is refused by name"
            ),
            source="Tooling API, – (ids: the durable ids)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="rest.search_parameterizedsearch",
            title="`search`, `parameterizedSearch`",
            does=(
                "words (`*`, `?`), phrases, AND, OR, AND NOT, brackets; groups ALL, NAME, "
                "EMAIL, PHONE, SIDEBAR; RETURNING with WHERE, ORDER BY, LIMIT, OFFSET; found "
                "at once (Salesforce indexes later); WITH, USING, snippets and the like are "
                "refused by name"
            ),
            source="SOSL Syntax, – (relevance: records come in the order of their ids)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.composite_sobjects",
            title="`composite/sobjects`",
            does=(
                "POST, PATCH, PATCH by key, DELETE and reading by ids; 200 records (2,000 to "
                "read), of mixed types; an array in order, failed records without `id`"
            ),
            source="CCI",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.allornone_composite_sobjects",
            title="`allOrNone` of `composite/sobjects`",
            does="all fail; the others with `ALL_OR_NONE_OPERATION_ROLLED_BACK`",
            source="REST sObject Collections",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.record_unknown_type_field",
            title="A record of unknown type or field there",
            does="the whole call is refused",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="rest.composite",
            title="`composite`",
            does=(
                "25 requests, of which 5 may be queries or collections; `@{ref.field}`, "
                "`@{ref.list[0].field}` in `url` and `body`; `allOrNone`; what refers to a "
                "failed one, or was rolled back, is `PROCESSING_HALTED`"
            ),
            source="CCI; REST Composite (limits, codes)",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.composite_graph_composite_batch",
            title="`composite/graph`, `composite/batch`, `composite/tree`",
            does=(
                "as in the guide; each graph and each tree is stored whole or not; a tree "
                "has 200 records on 5 levels; binary parts of a batch are refused by name"
            ),
            source="REST Composite",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.status_tree_errors",
            title="Status of a tree with errors",
            does="400",
            source="REST sObject Tree, SS",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.order_within_composite",
            title="Order within `composite`",
            does="as sent; `collateSubrequests` has no effect",
            source="REST Composite",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.codes_malformed_composite_requests",
            title="Codes of malformed composite requests",
            does="`MISSING_ARGUMENT`, `INVALID_INPUT`, `INVALID_TYPE`, `LIMIT_EXCEEDED`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="rest.errors",
            title="Errors",
            does="an array; row errors have `fields`, empty too",
            source="CCI, HAL",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.neither_id_nor_key",
            title="Neither an id nor a key in the path",
            does='404 "Provided external ID field does not exist or is not accessible: …"',
            source="restforce #182",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.key_several_records",
            title="Key of several records",
            does="300 with their addresses",
            source="SS",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="rest.id_key_upsert_body",
            title="`Id`, or the key of an upsert, in the body",
            does='400 `INVALID_FIELD` "The Id field should not be specified in the sobject data."',
            source="REST Upsert (that), users' reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.value_another_type",
            title="Value of another type",
            does=(
                'the request is refused: 400 `JSON_PARSER_ERROR` "Cannot deserialize '
                "instance of double from VALUE_STRING value x or request may be missing a "
                'required field at [line:1, column:9]"; an empty text too, except for text'
            ),
            source="users' reports",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.numbers_dates_text_true",
            title=(
                'Numbers and dates as text, `"true"` and `"false"` for a checkbox; numbers for text'
            ),
            does="taken",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="rest.malformed_json",
            title="Malformed JSON",
            does="400 `JSON_PARSER_ERROR` with line and column",
            source="– (text)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="rest.updateonly_true_key_record",
            title="`updateOnly=true` for a key that no record has",
            does="404 `NOT_FOUND`",
            source="REST Upsert (that), – (code)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="rest.headers_meaning_cannot_honoured",
            title=(
                "Headers with a meaning that cannot be honoured: `If-Match`, "
                "`If-None-Match`, `x-sfdc-packageversion-…`, `defaultNamespace`, a rule in "
                "`Sforce-Auto-Assign`"
            ),
            does="400 `FUNCTIONALITY_NOT_ENABLED`, by name",
            source="–",
            grade=None,
        ),
        Behaviour(
            id="rest.accept_xml_body_json",
            title=(
                "`Accept` of XML; a body that is no JSON (XML, multipart, a form); a charset "
                "other than UTF-8"
            ),
            does="406, 415, by name",
            source="REST Headers (statuses)",
            grade=None,
        ),
        Behaviour(
            id="rest.view_reference",
            title="`FOR VIEW`, `FOR REFERENCE`",
            does="the records are in `recent`; `LastViewedDate` stays empty",
            source="SOQL FOR VIEW",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.client_sforce_call_options",
            title=(
                "`client` of `Sforce-Call-Options`, `Sforce-Auto-Assign: TRUE` or `FALSE`, "
                "`Sforce-Duplicate-Rule-Header`"
            ),
            does=(
                "no effect: an org without assignment and duplicate rules does the same with either"
            ),
            source="REST Headers",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.session",
            title="Session",
            does="401 array, `WWW-Authenticate: Token`",
            source="HAL",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.sforce_limit_info",
            title="`Sforce-Limit-Info`",
            does="counts every call, of 5,000,000",
            source="HAL",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="rest.x_prettyprint_1",
            title="`X-PrettyPrint: 1`",
            does="JSON on lines of its own",
            source="REST Headers",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.if_modified_since_if",
            title="`If-Modified-Since`, `If-Unmodified-Since`",
            does=(
                "304, 412, for describes and for rows by id or key; an object changes when "
                "one is defined"
            ),
            source="REST Conditional Request Headers, – (code)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="rest.retired_unknown_versions",
            title="Retired and unknown versions",
            does="410 `UNSUPPORTED_API_VERSION`, 404",
            source="REST, HAL",
            grade=Grade.RECORDED,
        ),
    ),
)
