"""What the emulator does, and on whose word: Login and sessions."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_LOGIN = "tests/emulator/endpoints/test_login.py"
_RECORDS = "tests/emulator/endpoints/test_soap_records.py"
_PROBES = "tests/conformance/test_probes_of_login.py"

AREA = Area(
    title="Login and sessions",
    note=(
        "No probe sends a password, tries one for a user that there may be, or ends a session. So "
        "what only a login by password shows is asked of no org."
    ),
    behaviours=(
        Behaviour(
            id="login.soap.login",
            title="SOAP `login()` request, answer and fault",
            does=(
                "as simple-salesforce sends and parses them; the four elements that clients "
                "search for carry no prefix, faults carry `sf:`"
            ),
            source="SOAP login(), SS, JSF",
            grade=Grade.LIVE_TESTED,
            routes=("soap",),
            texts=(
                "Invalid username, password, security token; or user locked out.",
                "Unable to parse the request: {}",
                "The SOAP body is missing",
            ),
            tests=(
                f"{_LOGIN}::test_simple_salesforce_logs_in_and_its_token_opens_the_bulk_api",
                f"{_LOGIN}::test_success_has_the_documented_elements_without_prefix",
                f"{_LOGIN}::test_fault_is_as_documented",
                f"{_LOGIN}::test_what_is_no_login_is_a_fault",
            ),
        ),
        Behaviour(
            id="login.soap.fault_code",
            title="`faultcode`",
            does="the code without a prefix",
            source="– (both are seen; which orgs have which is not known)",
            grade=Grade.ASSUMED,
            routes=("soap",),
            texts=(
                "Invalid Session ID found in SessionHeader: Illegal Session. Session not found",
            ),
            tests=(f"{_RECORDS}::test_both_need_a_session", _PROBES),
            readings=(
                Reading("INVALID_SESSION_ID", "SOAP login()"),
                Reading("sf:INVALID_SESSION_ID", "JSF, users' reports"),
            ),
        ),
        Behaviour(
            id="login.soap.content_type",
            title="`Content-Type` of SOAP",
            does="`text/xml;charset=UTF-8`",
            source="–",
            grade=Grade.ASSUMED,
            routes=("soap",),
            tests=(_PROBES,),
            readings=(Reading("text/xml;charset=UTF-8"), Reading("text/xml", "SOAP 1.1")),
        ),
        Behaviour(
            id="login.soap.versions",
            title="Versions with `login()`",
            does="31.0–64.0; above: fault `INVALID_OPERATION`; below: `UNSUPPORTED_API_VERSION`",
            source="SOAP login(), Help 005132110; – (code above 64.0)",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            texts=("Invalid Api version: {}", "API version {} is retired"),
            tests=(f"{_LOGIN}::test_login_exists_from_31_to_64", _PROBES),
            readings=(
                Reading("INVALID_OPERATION", "Help 005132110, for orgs where it is off"),
                Reading("UNSUPPORTED_API_VERSION", "as below 31.0"),
                Reading("soapenv:Client", "users' reports of calls that a WSDL has not"),
            ),
        ),
        Behaviour(
            id="login.soap.versions_text",
            title="Text of the fault above 64.0",
            does="names the newest version that has it; texts are for people, no client reads it",
            source="–",
            grade=Grade.ASSUMED,
            routes=("soap",),
            texts=(
                "SOAP API login() is not available in API version {}; the newest version that has "
                "it is {}",
            ),
            tests=(f"{_LOGIN}::test_login_exists_from_31_to_64",),
        ),
        Behaviour(
            id="login.soap.security_token",
            title="Security token",
            does=(
                "accepted behind the password, and not needed: local callers are a trusted network"
            ),
            source="SOAP login()",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            tests=(f"{_LOGIN}::test_no_token_is_needed_from_a_local_address",),
        ),
        Behaviour(
            id="login.soap.login_scope",
            title="`LoginScopeHeader`",
            does=(
                "`organizationId` has to be this org's; `portalId` is refused by name. Only a "
                "login by password shows it"
            ),
            source="SOAP LoginScopeHeader, – (text)",
            grade=Grade.ASSUMED,
            routes=("soap",),
            texts=("portalId of LoginScopeHeader is not emulated",),
            tests=(f"{_LOGIN}::test_a_login_may_name_its_org_and_no_portal",),
        ),
        Behaviour(
            id="login.soap.call_options",
            title="`CallOptions`",
            does="ignored: `client` is a note for administrators",
            source="SOAP CallOptions",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            tests=(_PROBES,),
            readings=(Reading("ignored", "SOAP CallOptions"),),
        ),
        Behaviour(
            id="login.soap.undelete",
            title="`undelete`",
            does=(
                "200 ids a call; the children that were deleted with the record come back, "
                "lookups that the deletion cleared do not; `UNDELETE_FAILED` for what is not "
                "in the bin, and for a detail whose master is"
            ),
            source="SOAP undelete(), – (texts)",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            texts=(
                "bad id {}",
                "Entity is not in the recycle bin",
                "Entity's parent is in the recycle bin",
                "record limit reached. cannot submit more than {} records into this call",
            ),
            tests=(
                f"{_RECORDS}::test_undelete_brings_back_what_went_together_and_nothing_else",
                f"{_RECORDS}::test_undelete_says_of_each_record_what_became_of_it",
                f"{_RECORDS}::test_more_records_than_a_call_takes_bring_none_back",
                _PROBES,
            ),
            readings=(Reading("once, then UNDELETE_FAILED", "SOAP undelete()"),),
        ),
        Behaviour(
            id="login.soap.merge",
            title="`merge`",
            does=(
                "one or two records of Account, Case, Contact, Individual, Lead; children "
                "move, the others are deleted with `MasterRecordId`"
            ),
            source="SOAP merge(), – (codes)",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            texts=(
                "invalid record to merge",
                "masterRecord has to be specified",
                "merge is not supported for {}",
                "{} records cannot be merged",
                "invalid record to merge",
            ),
            tests=(
                f"{_RECORDS}::test_merge_moves_the_children_and_deletes_the_others",
                f"{_RECORDS}::test_a_merge_that_cannot_be_changes_nothing",
                _PROBES,
            ),
            readings=(Reading("deleted, with MasterRecordId", "SOAP merge()"),),
        ),
        Behaviour(
            id="login.frontdoor",
            title="`/secur/frontdoor.jsp`",
            does=(
                "`sid`, `retURL` within the org; what is opened is the page; `otp` is "
                "refused by name. It is for browsers"
            ),
            source="Help, frontdoor.jsp",
            grade=Grade.DOCUMENTED,
            routes=("frontdoor",),
            texts=("otp of frontdoor.jsp is not emulated; send sid",),
            tests=(
                f"{_RECORDS}::test_a_session_opens_the_org_in_a_browser_and_leads_nowhere_else",
                f"{_RECORDS}::test_no_session_gets_no_cookie_and_a_one_time_password_is_refused_by_name",
            ),
        ),
        Behaviour(
            id="login.soap.utility_calls",
            title="`logout`, `getUserInfo`, `getServerTimestamp`",
            does="in every version",
            source="SOAP Utility Calls",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            tests=(
                f"{_LOGIN}::test_the_timestamp_and_the_user_of_a_session_are_told_in_every_version",
                f"{_LOGIN}::test_a_logout_ends_the_session",
                _PROBES,
            ),
            readings=(Reading("in every version", "SOAP Utility Calls"),),
        ),
        Behaviour(
            id="login.soap.other_calls",
            title="Other calls; SOAP Metadata, Apex and Tooling APIs",
            does="fault `INVALID_OPERATION`, by name",
            source="–",
            grade=None,
            routes=("soap",),
            texts=("SOAP call {} is not emulated", "{} is not emulated"),
            tests=(
                f"{_LOGIN}::test_other_calls_are_refused_by_name_in_every_version",
                f"{_LOGIN}::test_other_soap_apis_are_refused_by_name",
            ),
        ),
        Behaviour(
            id="login.soap.sandbox",
            title="`<sandbox>`",
            does="as `Organization.IsSandbox`",
            source="SOAP login()",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            tests=(f"{_LOGIN}::test_the_login_says_sandbox_as_the_organization_record_does",),
        ),
        Behaviour(
            id="login.soap.action_missing",
            title="`SOAPAction` header missing",
            does="fault `UNKNOWN_EXCEPTION`",
            source="SOAP login()",
            grade=Grade.DOCUMENTED,
            routes=("soap",),
            texts=("SOAPAction HTTP header missing",),
            tests=(f"{_LOGIN}::test_what_is_no_login_is_a_fault", _PROBES),
            readings=(Reading("UNKNOWN_EXCEPTION", "SOAP login()"),),
        ),
        Behaviour(
            id="login.restrictions",
            title="Lockout, login hours, expired passwords",
            does="not emulated",
            source="–",
            grade=None,
            tests=("tests/login/test_login_password.py::test_every_refusal_is_typed",),
        ),
        Behaviour(
            id="login.session.header",
            title="`X-SFDC-Session`",
            does="bare or with `Bearer`",
            source="HSB, TAP, DL",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.*",),
            tests=(f"{_LOGIN}::test_token_is_taken_bare_or_with_its_scheme", _PROBES),
            readings=(Reading("bare or with Bearer", "HSB, DL"),),
        ),
        Behaviour(
            id="login.session.token_form",
            title="Form of a session's token",
            does="15-character org id, `!`, secret",
            source="HSB, TAP, DL",
            grade=Grade.LIVE_TESTED,
            tests=(
                f"{_LOGIN}::test_success_has_the_documented_elements_without_prefix",
                _PROBES,
            ),
            readings=(
                Reading("opaque", "HSB, TAP, DL"),
                Reading("JWT", 'Help "JWT-Based Access Tokens", `token_format`'),
            ),
        ),
        Behaviour(
            id="login.session.authorization_alone",
            title="`Authorization` alone in Bulk API 1.0",
            does="accepted",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.*",),
            tests=(f"{_LOGIN}::test_token_is_taken_bare_or_with_its_scheme", _PROBES),
            readings=(Reading("accepted"), Reading("refused", "BG names X-SFDC-Session only")),
        ),
        Behaviour(
            id="login.session.life",
            title="Life of a session",
            does=(
                "2 hours without a call, on the org's clock; `getUserInfo` tells the seconds. "
                "Whether each call begins them anew shows after two hours only"
            ),
            source="Help",
            grade=Grade.DOCUMENTED,
            tests=(
                f"{_LOGIN}::test_session_dies_without_activity_and_lives_by_it",
                "tests/emulator/endpoints/test_oauth.py::test_life_of_a_session_can_be_set",
                _PROBES,
            ),
            readings=(Reading("seconds are told", "SOAP getUserInfo()"),),
        ),
        Behaviour(
            id="login.session.expired",
            title="Expired or unknown session in Bulk API 1.0",
            does='HTTP 400 `InvalidSessionId` "Invalid session id"',
            source="HSB, JSF",
            grade=Grade.RECORDED,
            routes=("bulk1.*",),
            texts=("Invalid session id",),
            faults=("session_expired",),
            tests=(
                f"{_LOGIN}::test_dead_session_is_http_400_in_the_form_of_the_request",
                "tests/emulator/http/test_faults.py::test_session_expires_at_the_nth_call_and_stays_dead",
                _PROBES,
            ),
            readings=(
                Reading("400 InvalidSessionId", "HSB, JSF"),
                Reading("401 InvalidSessionId", "RFC 9110"),
                Reading("403 InvalidSessionId", "as the identity service has it"),
                Reading("401 INVALID_SESSION_ID", "as REST has it"),
            ),
        ),
    ),
)
