"""REST."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.rest_calls import (
    create_record,
    first_error,
    get,
    note_created,
    query,
    records,
    refusal,
    send_json,
)
from salesforce_bulk.conformance.target_org import TargetOrg

#: An id of the right form that no record has.
_NO_SUCH_KEY = "salesforce-bulk-conformance"
#: Objects that a young org has no records of.
_SELDOM_USED = ("Solution", "Campaign", "Case", "Contract", "Asset", "Idea", "Lead", "Order")
_ONE_USER = "SELECT Id FROM User LIMIT 1"
_LONG_AGO = "Sat, 01 Jan 2000 00:00:00 GMT"
_FIELD_OF_CONTACT = "sobjects/Contact"


# What several probes look at


def _user(org: TargetOrg) -> dict[str, Any]:
    """A user, with a moment and a field that is empty."""
    soql = "SELECT Id, ManagerId, LastModifiedDate FROM User WHERE ManagerId = null LIMIT 1"
    found = records(org, soql)
    if not found:
        raise NotAsked("every user whom this user may see has a manager; ask as an administrator")
    return found[0]


def _user_id(org: TargetOrg) -> str:
    return str(org.once("rest.user", _user)["Id"])


def _limits(org: TargetOrg) -> Exchange:
    return get(org, "limits")


def _description(org: TargetOrg) -> Exchange:
    return get(org, "sobjects/User/describe")


def _email(org: TargetOrg) -> str:
    return f"{org.mark.rpartition(' ')[2]}@example.com"


def _contact(org: TargetOrg) -> str:
    """The id of a contact that only these probes know."""
    return create_record(org, "Contact", {"LastName": org.mark, "Email": _email(org)})


def _contact_id(org: TargetOrg) -> str:
    return org.once("rest.contact", _contact)


# The org


def _version_order(org: TargetOrg) -> str:
    listed = org.send("GET", "/services/data").json()
    entries = listed if isinstance(listed, list) else []
    numbers = [float(each["version"]) for each in entries if isinstance(each, dict)]
    if len(numbers) < 2:
        return "no list of versions"
    if numbers == sorted(numbers):
        return "oldest first"
    return "newest first" if numbers == sorted(numbers, reverse=True) else "in no order"


def _content_type(org: TargetOrg) -> str:
    media = org.once("rest.limits", _limits).headers.get("content-type", "none")
    return media.replace(" ", "").replace("charset=utf-8", "charset=UTF-8")


def _key_order(org: TargetOrg) -> str:
    [record] = records(org, "SELECT Name, Id FROM User LIMIT 1")
    names = list(record)
    if names == ["attributes", "Name", "Id"]:
        return "as in the guide"
    return "alphabetical" if names == sorted(names) else "another order"


def _limits_batches(org: TargetOrg) -> str:
    listed = org.once("rest.limits", _limits).json() or {}
    for name in ("DailyBulkApiBatches", "DailyBulkApiRequests"):
        if name in listed:
            return name
    return "neither"


def _limits_requests(org: TargetOrg) -> str:
    listed = org.once("rest.limits", _limits).json() or {}
    return "DailyApiRequests" if "DailyApiRequests" in listed else "left out"


def _limits_apps(org: TargetOrg) -> str:
    listed = org.once("rest.limits", _limits).json() or {}
    members = {name for each in listed.values() if isinstance(each, dict) for name in each}
    return "by app" if members - {"Max", "Remaining"} else "not told"


def _counted(org: TargetOrg, name: str) -> int | None:
    answer = get(org, f"limits/recordCount?sObjects={name}")
    document = answer.json()
    listed = document.get("sObjects") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise NotAsked(f"the user may not see how many records there are ({refusal(answer)})")
    return next((each["count"] for each in listed if each.get("name") == name), None)


def _empty_object(org: TargetOrg) -> str:
    for name in _SELDOM_USED:
        answer = query(org, f"SELECT Id FROM {name} LIMIT 1")  # noqa: S608  # nosec B608 # a name above
        document = answer.json()
        if answer.status == 200 and isinstance(document, dict) and not document.get("records"):
            return name
    raise NotAsked(f"there are records of each of {', '.join(_SELDOM_USED)}; use a younger org")


def _counts_empty(org: TargetOrg) -> str:
    count = _counted(org, org.once("rest.empty_object", _empty_object))
    return "left out" if count is None else str(count)


def _counts_age(org: TargetOrg) -> str:
    before = _counted(org, "Contact") or 0
    create_record(org, "Contact", {"LastName": org.mark})
    return "at once" if _counted(org, "Contact") == before + 1 else "later"


def _identity(org: TargetOrg) -> str:
    answer = get(org, "")
    document = answer.json()
    address = document.get("identity") if isinstance(document, dict) else None
    return "an address" if re.search("/id/00D", str(address)) else "no address"


def _describe_nulls(org: TargetOrg) -> str:
    document = org.once("rest.description", _description).json() or {}
    named = next((each for each in document["fields"] if each.get("name") == "Id"), None)
    if named is None:
        return "no field Id"
    if "relationshipName" not in named:
        return "left out"
    return "null" if named["relationshipName"] is None else "a value"


def _describe_unknown(org: TargetOrg) -> str:
    return refusal(get(org, "sobjects/NoSuchObjectOfConformance/describe"))


# Queries


def _query_nulls(org: TargetOrg) -> str:
    record = org.once("rest.user", _user)
    if "ManagerId" not in record:
        return "left out"
    return "null" if record["ManagerId"] is None else "a value"


def _query_datetime(org: TargetOrg) -> str:
    text = str(org.once("rest.user", _user).get("LastModifiedDate"))
    found = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\S+)", text)
    return found[1] if found else "another form"


def _query_none(org: TargetOrg) -> str:
    return refusal(get(org, "query"))


def _query_locator(org: TargetOrg) -> str:
    return refusal(get(org, "query/01g000000000000AAA-2000"))


def _query_columns(org: TargetOrg) -> str:
    answer = get(org, f"query?columns=true&q={quote(_ONE_USER)}")
    return _has(answer, "columnMetadata")


def _query_explain(org: TargetOrg) -> str:
    answer = get(org, f"query?explain={quote(_ONE_USER)}")
    return _has(answer, "plans")


def _has(answer: Exchange, name: str) -> str:
    document = answer.json()
    found = isinstance(document, dict) and name in document
    return name if found else f"{refusal(answer)} without {name}"


# What changed


def _changes_window(org: TargetOrg) -> str:
    contact = _contact_id(org)
    soql = f"SELECT SystemModstamp FROM Contact WHERE Id = '{contact}'"  # noqa: S608  # nosec B608 # SOQL of an id
    stamp = _moment(records(org, soql)[0]["SystemModstamp"])
    begins, ends = stamp + timedelta(milliseconds=1), stamp + timedelta(minutes=5)
    window = f"start={_written(begins)}&end={_written(ends)}"
    answer = get(org, f"{_FIELD_OF_CONTACT}/updated/?{window}")
    document = answer.json()
    if not isinstance(document, dict) or "ids" not in document:
        return refusal(answer)
    return "to the minute" if contact in document["ids"] else "to the millisecond"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(re.sub(r"Z$|\+0000$", "+00:00", text))


def _written(moment: datetime) -> str:
    return quote(f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+00:00")


def _changes_refused(org: TargetOrg) -> str:
    window = "start=2020-01-02T00:00:00Z&end=2020-01-01T00:00:00Z"
    return refusal(get(org, f"sobjects/Account/updated/?{window}"))


# Objects and their resources


def _layouts_id(org: TargetOrg) -> str:
    answer = get(org, "sobjects/Account/describe/layouts")
    document = answer.json()
    layouts = document.get("layouts") if isinstance(document, dict) else None
    if not layouts:
        return refusal(answer)
    return "null" if layouts[0].get("id") is None else "an id"


def _relationship_empty(org: TargetOrg) -> str:
    return refusal(get(org, f"sobjects/User/{_user_id(org)}/Manager"))


def _method_override(org: TargetOrg) -> str:
    path = f"{_FIELD_OF_CONTACT}/{_contact_id(org)}?_HttpMethod=PATCH"
    answer = send_json(org, "POST", path, {"Department": "x"})
    return "another method" if answer.status < 300 else refusal(answer)


def _password(org: TargetOrg) -> str:
    return _has(get(org, f"sobjects/User/{_user_id(org)}/password"), "isExpired")


def _tooling_filter(org: TargetOrg) -> str:
    answer = query(org, "SELECT QualifiedApiName FROM FieldDefinition LIMIT 1", "tooling/query")
    return "taken" if answer.status == 200 else refusal(answer)


def _tooling_id(org: TargetOrg) -> str:
    soql = "SELECT Id, DurableId FROM EntityDefinition WHERE QualifiedApiName = 'Account'"
    [entity] = records(org, soql, "tooling/query")
    if entity.get("Id") == entity.get("DurableId"):
        return "durable id"
    return "000000000000000AAA" if entity.get("Id") == "000000000000000AAA" else "another id"


def _search_when(org: TargetOrg) -> str:
    contact = _contact_id(org)
    word = _email(org).partition("@")[0]
    sosl = f"FIND {{{word}}} IN ALL FIELDS RETURNING Contact(Id)"
    answer = get(org, f"search?q={quote(sosl)}")
    document = answer.json()
    if not isinstance(document, dict) or "searchRecords" not in document:
        return refusal(answer)
    found = {each.get("Id") for each in document["searchRecords"]}
    return "at once" if contact in found else "later"


# Records of a collection


def _collection(org: TargetOrg, document: Any) -> Exchange:
    answer = send_json(org, "POST", "composite/sobjects", document)
    _note_all(org, answer)
    return answer


def _note_all(org: TargetOrg, answer: Exchange) -> None:
    for each in _outcomes(answer):
        if isinstance(each.get("id"), str):
            org.note_record("Contact", each["id"])


def _outcomes(answer: Exchange) -> list[dict[str, Any]]:
    document = answer.json()
    listed = document if isinstance(document, list) else []
    return [each for each in listed if isinstance(each, dict) and "success" in each]


def _member(org: TargetOrg, kind: str = "Contact", **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind}, "LastName": org.mark, **fields}


def _all_or_none(org: TargetOrg) -> str:
    incomplete = {"attributes": {"type": "Contact"}, "FirstName": "x"}
    document = {"allOrNone": True, "records": [_member(org), incomplete]}
    outcomes = _outcomes(answer := _collection(org, document))
    if len(outcomes) != 2 or outcomes[0]["success"] or outcomes[1]["success"]:
        return f"{refusal(answer)}, not both failed"
    return str(outcomes[0]["errors"][0].get("statusCode"))


def _whose_error(org: TargetOrg, record: dict[str, Any]) -> str:
    answer = _collection(org, {"allOrNone": False, "records": [record]})
    outcomes = _outcomes(answer)
    if outcomes:
        return "nobody's" if outcomes[0]["success"] else "the record"
    return "the call" if answer.status == 400 else refusal(answer)


def _unknown_type(org: TargetOrg) -> str:
    return _whose_error(org, _member(org, "NoSuchObjectOfConformance"))


def _unknown_field_of_member(org: TargetOrg) -> str:
    return _whose_error(org, _member(org, NoSuchFieldOfConformance="x"))


def _too_many_records(org: TargetOrg) -> str:
    incomplete = {"attributes": {"type": "Contact"}, "FirstName": "x"}
    return refusal(_collection(org, {"allOrNone": True, "records": [incomplete] * 201}))


def _no_records(org: TargetOrg) -> str:
    return refusal(_collection(org, {"allOrNone": True}))


# Requests within one


def _composite(org: TargetOrg, requests: Any, all_or_none: bool = False) -> Exchange:
    document = {"allOrNone": all_or_none, "compositeRequest": requests}
    return send_json(org, "POST", "composite", document)


def _asking(org: TargetOrg, reference: str) -> dict[str, Any]:
    return {"method": "GET", "url": f"{org.data}/limits", "referenceId": reference}


def _answers(answer: Exchange) -> list[dict[str, Any]]:
    document = answer.json()
    listed = document.get("compositeResponse") if isinstance(document, dict) else None
    return listed if isinstance(listed, list) else []


def _halted(org: TargetOrg) -> str:
    wrong = _asking(org, "wrong") | {"url": f"{org.data}/sobjects/NoSuchObjectOfConformance"}
    answers = _answers(answer := _composite(org, [_asking(org, "good"), wrong], True))
    if len(answers) != 2:
        return refusal(answer)
    told = answers[0].get("body")
    first = told[0] if isinstance(told, list) and told else {}
    return str(first.get("errorCode", "not halted"))


def _composite_order(org: TargetOrg) -> str:
    names = ["second", "first", "third"]
    answers = _answers(answer := _composite(org, [_asking(org, name) for name in names]))
    if not answers:
        return refusal(answer)
    return "as sent" if [each.get("referenceId") for each in answers] == names else "another order"


def _no_requests(org: TargetOrg) -> str:
    return refusal(_composite(org, []))


def _too_many_requests(org: TargetOrg) -> str:
    return refusal(_composite(org, [_asking(org, f"r{number}") for number in range(26)]))


def _same_reference(org: TargetOrg) -> str:
    return refusal(_composite(org, [_asking(org, "same"), _asking(org, "same")]))


def _request_without_address(org: TargetOrg) -> str:
    return refusal(_composite(org, [{"method": "GET", "referenceId": "r"}]))


def _tree_status(org: TargetOrg) -> str:
    record = {"attributes": {"type": "Contact", "referenceId": "r"}, "FirstName": "x"}
    return str(send_json(org, "POST", "composite/tree/Contact", {"records": [record]}).status)


# Single records


def _errors(org: TargetOrg) -> str:
    document = get(org, "sobjects/NoSuchObjectOfConformance").json()
    return "an array" if isinstance(document, list) else type(document).__name__


def _unknown_field(org: TargetOrg) -> str:
    return _refused(org, "Contact", {"LastName": org.mark, "NoSuchFieldOfConformance": "x"})


def _refused(org: TargetOrg, name: str, fields: dict[str, Any]) -> str:
    """What is said to a new record; `taken` where it is made."""
    answer = send_json(org, "POST", f"sobjects/{name}", fields)
    return refusal(answer) if note_created(org, name, answer) is None else "taken"


def _no_such_key(org: TargetOrg) -> str:
    return refusal(get(org, f"{_FIELD_OF_CONTACT}/{_NO_SUCH_KEY}"))


def _several(org: TargetOrg) -> str:
    address = f"twice-{_email(org)}"
    for _ in range(2):
        create_record(org, "Contact", {"LastName": org.mark, "Email": address})
    return str(get(org, f"{_FIELD_OF_CONTACT}/Email/{address}").status)


def _record_updated(org: TargetOrg) -> str:
    path = f"{_FIELD_OF_CONTACT}/{_contact_id(org)}"
    return str(send_json(org, "PATCH", path, {"Department": "y"}).status)


def _upsert_updated(org: TargetOrg) -> str:
    _contact_id(org)
    path = f"{_FIELD_OF_CONTACT}/Email/{_email(org)}"
    answer = send_json(org, "PATCH", path, {"LastName": org.mark})
    return str(answer.status) if note_created(org, "Contact", answer) is None else "created another"


def _update_only(org: TargetOrg) -> str:
    path = f"{_FIELD_OF_CONTACT}/Email/nobody-{_email(org)}?updateOnly=true"
    answer = send_json(org, "PATCH", path, {"LastName": org.mark})
    return refusal(answer) if note_created(org, "Contact", answer) is None else "created"


def _key_in_body(org: TargetOrg) -> str:
    return _refused(org, "Contact", {"LastName": org.mark, "Id": _contact_id(org)})


def _another_type(org: TargetOrg) -> str:
    return _refused(org, "Account", {"Name": org.mark, "NumberOfEmployees": "many"})


def _text_for_number(org: TargetOrg) -> str:
    return _refused(org, "Account", {"Name": org.mark, "NumberOfEmployees": "5"})


def _text_for_checkbox(org: TargetOrg) -> str:
    return _refused(org, "Contact", {"LastName": org.mark, "DoNotCall": "true"})


def _number_for_text(org: TargetOrg) -> str:
    return _refused(org, "Contact", {"LastName": org.mark, "Department": 5})


def _malformed(org: TargetOrg) -> str:
    path = f"{org.data}/sobjects/Contact"
    answer = org.send("POST", path, b'{"LastName": x}', {"Content-Type": "application/json"})
    error = first_error(answer)
    code, message = str(error.get("errorCode")), str(error.get("message"))
    if re.search(r"\bexpect", message):
        return f"{code}, with what was expected"
    return code if "line" in message else f"{code}, without the place"


# Headers


def _headers_taken(org: TargetOrg) -> str:
    headers = {
        "Sforce-Call-Options": "client=salesforce-bulk-conformance",
        "Sforce-Auto-Assign": "FALSE",
    }
    answer = get(org, "limits", headers)
    return "taken" if answer.status == 200 else refusal(answer)


def _session(org: TargetOrg) -> str:
    answer = get(org, "limits", {"Authorization": "Bearer 00D000000000000!conformance"})
    return answer.headers.get("www-authenticate", "none").partition(" ")[0]


def _limit_info(org: TargetOrg) -> str:
    told = org.once("rest.limits", _limits).headers.get("sforce-limit-info", "none")
    return re.sub(r"appName=[^)]*", "appName=A", re.sub(r"\d+/\d+", "N/M", told))


def _pretty(org: TargetOrg) -> str:
    text = get(org, "limits", {"X-PrettyPrint": "1"}).text
    return "lines" if "\n" in text.strip() else "one line"


def _not_modified(org: TargetOrg) -> str:
    path = "sobjects/User/describe"
    return str(get(org, path, {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}).status)


def _precondition(org: TargetOrg) -> str:
    answer = get(org, f"sobjects/User/{_user_id(org)}", {"If-Unmodified-Since": _LONG_AGO})
    return refusal(answer) if answer.body else f"{answer.status} without a body"


def _versions_refused(org: TargetOrg) -> str:
    retired = refusal(org.send("GET", "/services/data/v20.0/limits"))
    return f"{retired}, {refusal(org.send('GET', '/services/data/v999.0/limits'))}"


_READING: dict[str, Callable[[TargetOrg], str]] = {
    "rest.versions.order": _version_order,
    "rest.json.content_type": _content_type,
    "rest.json.key_order": _key_order,
    "rest.limits.batches": _limits_batches,
    "rest.limits.requests": _limits_requests,
    "rest.limits.apps": _limits_apps,
    "rest.counts.empty": _counts_empty,
    "rest.resources.identity": _identity,
    "rest.describe.nulls": _describe_nulls,
    "rest.describe.unknown": _describe_unknown,
    "rest.query.nulls": _query_nulls,
    "rest.query.datetime": _query_datetime,
    "rest.query.none": _query_none,
    "rest.query.locator": _query_locator,
    "rest.query.columns": _query_columns,
    "rest.query.explain": _query_explain,
    "rest.changes.refused": _changes_refused,
    "rest.layouts.id": _layouts_id,
    "rest.relationship.empty": _relationship_empty,
    "rest.password": _password,
    "rest.tooling.filter": _tooling_filter,
    "rest.tooling.id": _tooling_id,
    "rest.composite.halted": _halted,
    "rest.composite.order": _composite_order,
    "rest.composite.nothing": _no_requests,
    "rest.composite.too_many": _too_many_requests,
    "rest.composite.same_reference": _same_reference,
    "rest.composite.malformed": _request_without_address,
    "rest.errors": _errors,
    "rest.record.no_such_key": _no_such_key,
    "rest.headers.taken": _headers_taken,
    "rest.session": _session,
    "rest.limit_info": _limit_info,
    "rest.pretty": _pretty,
    "rest.conditional.not_modified": _not_modified,
    "rest.conditional.precondition": _precondition,
    "rest.versions.refused": _versions_refused,
}
_WRITING: dict[str, Callable[[TargetOrg], str]] = {
    "rest.counts.age": _counts_age,
    "rest.changes.window": _changes_window,
    "rest.method.override": _method_override,
    "rest.search.when": _search_when,
    "rest.collections.all_or_none": _all_or_none,
    "rest.collections.unknown_type": _unknown_type,
    "rest.collections.unknown_field": _unknown_field_of_member,
    "rest.collections.too_many": _too_many_records,
    "rest.collections.no_records": _no_records,
    "rest.tree.status": _tree_status,
    "rest.record.unknown_field": _unknown_field,
    "rest.record.several": _several,
    "rest.record.updated": _record_updated,
    "rest.upsert.updated": _upsert_updated,
    "rest.upsert.update_only": _update_only,
    "rest.record.key_in_body": _key_in_body,
    "rest.values.another_type": _another_type,
    "rest.values.text_for_number": _text_for_number,
    "rest.values.text_for_checkbox": _text_for_checkbox,
    "rest.values.number_for_text": _number_for_text,
    "rest.json.malformed": _malformed,
}

PROBES: tuple[Probe, ...] = (
    *(Probe(name, ask) for name, ask in _READING.items()),
    *(Probe(name, ask, writes=True) for name, ask in _WRITING.items()),
)
