"""Login and sessions.

No probe sends a password, tries one for a user that there may be, or ends the caller's session.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape  # nosec B406 # it parses nothing

from salesforce_bulk.conformance.bulk1_calls import field_of, refusal_of
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.probes.http import NO_JOB, content_type
from salesforce_bulk.conformance.rest_calls import create_record, records
from salesforce_bulk.conformance.target_org import TargetOrg

#: A session that no org has given.
NO_SESSION = "00D000000000000!AQinvented.by.a.probe"
#: The first version without login(), and a user of a domain that cannot be.
_VERSION_WITHOUT_LOGIN = "65.0"
_NO_USER = "nobody@salesforce-bulk-conformance.invalid"
_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns="urn:partner.soap.sforce.com"><e:Header>{header}</e:Header>'
    "<e:Body>{body}</e:Body></e:Envelope>"
)
_MERGE = (
    '<request><masterRecord><t:type xmlns:t="urn:sobject.partner.soap.sforce.com">Account</t:type>'
    '<t:Id xmlns:t="urn:sobject.partner.soap.sforce.com">{master}</t:Id></masterRecord>'
    "<recordToMergeIds>{other}</recordToMergeIds></request>"
)
_ACTION = {"SOAPAction": '""'}


def _soap(
    org: TargetOrg,
    body: str,
    header: str = "",
    *,
    version: str | None = None,
    headers: Mapping[str, str] = _ACTION,
) -> Exchange:
    return org.send(
        "POST",
        f"/services/Soap/u/{version or org.version}",
        _ENVELOPE.format(header=header, body=body).encode(),
        {"Content-Type": "text/xml; charset=UTF-8", "Authorization": None, **headers},
    )


def _session_header(session: str) -> str:
    return f"<SessionHeader><sessionId>{escape(session)}</sessionId></SessionHeader>"


def _own(org: TargetOrg) -> str:
    return _session_header(str(org.bulk.sessionId))


def _timestamp(org: TargetOrg) -> Exchange:
    return _soap(org, "<getServerTimestamp/>", _own(org))


def asked_timestamp(org: TargetOrg) -> Exchange:
    """The answer to a call of SOAP with the caller's session."""
    return org.once("login.timestamp", _timestamp)


def _user_info(org: TargetOrg) -> Exchange:
    return org.once("login.user_info", lambda asked: _soap(asked, "<getUserInfo/>", _own(asked)))


def fault_of(answer: Exchange) -> str:
    """The code of a fault as it stands there; the status of what is none."""
    found = re.search(r"<(?:\w+:)?faultcode[^>]*>\s*([^<\s]+)", answer.text)
    return found[1] if found else str(answer.status)


def _bare_fault(answer: Exchange) -> str:
    """The code of a fault; only what is SOAP's own keeps its prefix."""
    code = fault_of(answer)
    return code if code.startswith("soapenv:") else code.rpartition(":")[2]


def _fault_code(org: TargetOrg) -> str:
    return fault_of(_soap(org, "<getServerTimestamp/>", _session_header(NO_SESSION)))


def _content_type(org: TargetOrg) -> str:
    return content_type(asked_timestamp(org))


def _versions(org: TargetOrg) -> str:
    login = f"<login><username>{_NO_USER}</username><password>none</password></login>"
    return _bare_fault(_soap(org, login, version=_VERSION_WITHOUT_LOGIN))


def _call_options(org: TargetOrg) -> str:
    options = "<CallOptions><client>salesforce-bulk</client></CallOptions>"
    answer = _soap(org, "<getServerTimestamp/>", options + _own(org))
    return "ignored" if field_of(answer, "timestamp") else _bare_fault(answer)


def _utility_calls(org: TargetOrg) -> str:
    answers = (asked_timestamp(org), "timestamp"), (_user_info(org), "userId")
    refused = [answer for answer, name in answers if not field_of(answer, name)]
    return _bare_fault(refused[0]) if refused else "in every version"


def _undelete(org: TargetOrg) -> str:
    record = create_record(org, "Account", {"Name": org.mark})
    org.send("DELETE", f"{org.data}/sobjects/Account/{record}")
    call = f"<undelete><ids>{record}</ids></undelete>"
    back, again = _soap(org, call, _own(org)), _soap(org, call, _own(org))
    if field_of(back, "success") != "true":
        return field_of(back, "statusCode") or _bare_fault(back)
    return f"once, then {field_of(again, 'statusCode')}"


def _merge(org: TargetOrg) -> str:
    master, other = (create_record(org, "Account", {"Name": org.mark}) for _ in range(2))
    request = _MERGE.format(master=master, other=other)
    answer = _soap(org, f"<merge>{request}</merge>", _own(org))
    if field_of(answer, "success") != "true":
        return field_of(answer, "statusCode") or _bare_fault(answer)
    soql = f"SELECT MasterRecordId FROM Account WHERE Id = '{other}'"  # noqa: S608  # nosec B608 # SOQL, no SQL
    told = [each.get("MasterRecordId") for each in records(org, soql, "queryAll")]
    return "deleted, with MasterRecordId" if told == [master] else "without MasterRecordId"


def _action_missing(org: TargetOrg) -> str:
    answer = _soap(org, "<getServerTimestamp/>", _own(org), headers={})
    return "not needed" if field_of(answer, "timestamp") else _bare_fault(answer)


def _refused_session(answer: Exchange) -> bool:
    letters = (field_of(answer, "exceptionCode") or "").replace("_", "").lower()
    return letters == "invalidsessionid"


def session_taken(org: TargetOrg, headers: Mapping[str, str | None]) -> bool:
    """Whether Bulk API 1.0 takes the session in these headers."""
    return not _refused_session(org.send("GET", f"{org.bulk1}/job/{NO_JOB}", headers=headers))


def _header(org: TargetOrg) -> str:
    session = str(org.bulk.sessionId)
    forms = {"bare": session, "with Bearer": f"Bearer {session}"}
    taken = [name for name, value in forms.items() if session_taken(org, {"X-SFDC-Session": value})]
    return " or ".join(taken) or "neither bare nor with Bearer"


def _token_form(org: TargetOrg) -> str:
    session = str(org.bulk.sessionId)
    if re.fullmatch(r"00D\w{12}!\S+", session):
        return "opaque"
    return "JWT" if re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", session) else "another"


def _authorization_alone(org: TargetOrg) -> str:
    bearer = f"Bearer {org.bulk.sessionId}"
    taken = session_taken(org, {"X-SFDC-Session": None, "Authorization": bearer})
    return "accepted" if taken else "refused"


def _life(org: TargetOrg) -> str:
    seconds = field_of(_user_info(org), "sessionSecondsValid") or ""
    return "seconds are told" if seconds.isdigit() else "nothing is told"


def _expired(org: TargetOrg) -> str:
    headers = {"X-SFDC-Session": NO_SESSION}
    return refusal_of(org.send("GET", f"{org.bulk1}/job/{NO_JOB}", headers=headers))


PROBES: tuple[Probe, ...] = (
    Probe("login.soap.fault_code", _fault_code),
    Probe("login.soap.content_type", _content_type),
    Probe("login.soap.versions", _versions),
    Probe("login.soap.call_options", _call_options),
    Probe("login.soap.utility_calls", _utility_calls),
    Probe("login.soap.undelete", _undelete, writes=True),
    Probe("login.soap.merge", _merge, writes=True),
    Probe("login.soap.action_missing", _action_missing),
    Probe("login.session.header", _header),
    Probe("login.session.token_form", _token_form),
    Probe("login.session.authorization_alone", _authorization_alone),
    Probe("login.session.life", _life),
    Probe("login.session.expired", _expired),
)
