"""What the emulator does, and on whose word: Login and sessions."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="Login and sessions",
    behaviours=(
        Behaviour(
            id="login.soap_login_request_answer",
            title="SOAP `login()` request, answer and fault",
            does=(
                "as simple-salesforce sends and parses them; the four elements that clients "
                "search for carry no prefix, faults carry `sf:`"
            ),
            source="SOAP login(), SS, JSF",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="login.versions_login",
            title="Versions with `login()`",
            does="31.0–64.0; above: fault `INVALID_OPERATION`; below: `UNSUPPORTED_API_VERSION`",
            source="SOAP login(), Help 005132110",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.text_fault_above_64",
            title="Text of the fault above 64.0",
            does="names the newest version that has it",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="login.security_token",
            title="Security token",
            does=(
                "accepted behind the password, and not needed: local callers are a trusted network"
            ),
            source="SOAP login()",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.loginscopeheader",
            title="`LoginScopeHeader`",
            does="`organizationId` has to be this org's; `portalId` is refused by name",
            source="SOAP LoginScopeHeader, – (text)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="login.calloptions",
            title="`CallOptions`",
            does="ignored: `client` is a note for administrators",
            source="SOAP CallOptions",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.undelete",
            title="`undelete`",
            does=(
                "200 ids a call; the children that were deleted with the record come back, "
                "lookups that the deletion cleared do not; `UNDELETE_FAILED` for what is not "
                "in the bin, and for a detail whose master is"
            ),
            source="SOAP undelete(), – (texts)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.merge",
            title="`merge`",
            does=(
                "one or two records of Account, Case, Contact, Individual, Lead; children "
                "move, the others are deleted with `MasterRecordId`"
            ),
            source="SOAP merge(), – (codes)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.secur_frontdoor_jsp",
            title="`/secur/frontdoor.jsp`",
            does=(
                "`sid`, `retURL` within the org; what is opened is the page; `otp` is "
                "refused by name"
            ),
            source="Help, frontdoor.jsp",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.logout_getuserinfo_getservertimestamp",
            title="`logout`, `getUserInfo`, `getServerTimestamp`",
            does=(
                'in every version; other calls fault `INVALID_OPERATION` "SOAP call … is not '
                'emulated"'
            ),
            source="SOAP Utility Calls, – (text)",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.soap_metadata_apex_tooling",
            title="SOAP Metadata, Apex and Tooling APIs",
            does="fault `INVALID_OPERATION`, by name",
            source="–",
            grade=None,
        ),
        Behaviour(
            id="login.sandbox",
            title="`<sandbox>`",
            does="as `Organization.IsSandbox`",
            source="SOAP login()",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.soapaction_header_missing",
            title="`SOAPAction` header missing",
            does="fault `UNKNOWN_EXCEPTION`",
            source="SOAP login()",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.lockout_login_hours_expired",
            title="Lockout, login hours, expired passwords",
            does="not emulated",
            source="–",
            grade=None,
        ),
        Behaviour(
            id="login.session_token",
            title="Session token",
            does="15-character org id, `!`, secret; `X-SFDC-Session` bare or with `Bearer`",
            source="HSB, TAP, DL",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="login.authorization_alone",
            title="`Authorization` alone",
            does="accepted",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="login.life_session",
            title="Life of a session",
            does="2 hours without a call, on the org's clock",
            source="Help",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="login.expired_unknown_session",
            title="Expired or unknown session",
            does='HTTP 400 `InvalidSessionId` "Invalid session id"',
            source="HSB, JSF",
            grade=Grade.RECORDED,
        ),
    ),
)
