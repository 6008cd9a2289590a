"""Query jobs of Bulk API 1.0 and their results."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET  # nosec B405 # names; defusedxml parses
from collections.abc import Callable, Mapping, Sequence

from defusedxml.ElementTree import ParseError, fromstring

from salesforce_bulk.conformance.bulk1_calls import (
    MEDIA_TYPES,
    add_batch,
    ended_batch,
    open_job,
    result_ids,
    state_of,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Hidden, NotAsked, Probe
from salesforce_bulk.conformance.sample_records import account, contact
from salesforce_bulk.conformance.target_org import TargetOrg

_SENTENCE = "Records not found for this query"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_USER = "FROM User WHERE ManagerId = null LIMIT 1"


# What is looked at


def _listed(org: TargetOrg, name: str, soql: str, form: str) -> Exchange:
    """The list of the results of a query."""

    def ask(org: TargetOrg) -> Exchange:
        with open_job(org, "query", name, form) as job:
            batch = add_batch(org, job, soql, MEDIA_TYPES[form])
        ended_batch(org, batch)
        return org.send("GET", f"{batch}/result")

    return org.once(f"bulk1 results {form} {soql}", ask)


def _result(org: TargetOrg, name: str, soql: str, form: str) -> Exchange | None:
    """The first result of a query; None where there is none."""

    def ask(org: TargetOrg) -> Exchange | None:
        listed = _listed(org, name, soql, form)
        found = result_ids(listed)
        return org.send("GET", f"{listed.path}/{found[0]}") if found else None

    return org.once(f"bulk1 result {form} {soql}", ask)


def _rows(org: TargetOrg, name: str, soql: str, form: str) -> Exchange:
    """As `_result`. Raises NotAsked where there is none."""
    found = _result(org, name, soql, form)
    if found is None or not found.body:
        raise NotAsked(f"{name} has no record to look at")
    return found


def _user(form: str, fields: str) -> Callable[[TargetOrg], Exchange]:
    return lambda org: _rows(org, "User", f"SELECT {fields} {_USER}", form)


_csv_user = _user("CSV", "username, IsActive, CreatedDate, ManagerId")
_json_user = _user("JSON", "Username, IsActive, CreatedDate, ManagerId")
_xml_user = _user("XML", "Id, Username, IsActive, CreatedDate, ManagerId, CreatedBy.Username")
_xml_user_without_id = _user("XML", "Username")


def _hours(org: TargetOrg, form: str) -> Exchange:
    soql = "SELECT MondayStartTime FROM BusinessHours WHERE IsDefault = true LIMIT 1"
    return _rows(org, "BusinessHours", soql, form)


def _contact(org: TargetOrg, form: str) -> Exchange:
    soql = f"SELECT Birthdate FROM Contact WHERE Id = '{contact(org)}'"  # noqa: S608  # nosec B608 # its id
    return _rows(org, "Contact", soql, form)


def _account(org: TargetOrg, form: str) -> Exchange:
    soql = f"SELECT AnnualRevenue FROM Account WHERE Id = '{account(org)}'"  # noqa: S608  # nosec B608 # its id
    return _rows(org, "Account", soql, form)


def _nobody(org: TargetOrg, form: str) -> Exchange | None:
    """The result of a query without rows."""
    soql = f"SELECT Id FROM User WHERE Username = '{org.mark}'"  # noqa: S608  # nosec B608 # a name of ours
    return _result(org, "User", soql, form)


# Readers of documents, whatever else their spelling


def _text(answer: Exchange) -> str:
    return answer.text.removeprefix("\ufeff")


def _table(answer: Exchange) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(_text(answer), newline="")) if row]


def _cell(answer: Exchange, column: str) -> str:
    """A cell of the first row, by the name of its column in any letter case."""
    header, *rows = _table(answer)
    found = [cell for name, cell in zip(header, rows[0], strict=False) if name.lower() == column]
    if not found:
        raise NotAsked(f"the result has no column {column}")
    return found[0]


def _record(answer: Exchange) -> Mapping[str, object]:
    document = answer.json()
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        raise NotAsked("the result is no array of records")
    return document[0]


def _element(answer: Exchange) -> ET.Element:
    """The first record of a result in XML."""
    try:
        root = fromstring(_text(answer))
    except ParseError as error:
        raise NotAsked(f"the result is no XML: {error}") from error
    found = _children(root, "records")
    if not found:
        raise NotAsked("the result has no record")
    return found[0]


def _children(element: ET.Element, name: str) -> list[ET.Element]:
    return [child for child in element if child.tag.rpartition("}")[2] == name]


def _one_of(text: str, patterns: Mapping[str, str]) -> str:
    """The reading whose pattern a text matches."""
    found = (reading for reading, pattern in patterns.items() if re.fullmatch(pattern, text))
    return next(found, "another spelling")


def _media_type(answer: Exchange) -> str:
    kind, _, parameters = answer.headers.get("content-type", "none").partition(";")
    return f"{kind.strip().lower()};charset=UTF-8" if "utf-8" in parameters.lower() else kind


# Lists of results


def _result_id(org: TargetOrg) -> str:
    _csv_user(org)
    soql = f"SELECT username, IsActive, CreatedDate, ManagerId {_USER}"
    return f"{len(result_ids(_listed(org, 'User', soql, 'CSV'))[0])} characters"


def _other_object(org: TargetOrg) -> str:
    with open_job(org, "query", "Account") as job:
        batch = add_batch(org, job, "SELECT Id FROM User LIMIT 1")
    return state_of(ended_batch(org, batch))


# CSV


def _csv_quotes(org: TargetOrg) -> str:
    return "all" if _text(_csv_user(org)).startswith('"') else "where needed"


def _csv_null(org: TargetOrg) -> str:
    text = _text(_csv_user(org))
    if '"' not in text:
        raise Hidden("no cell of its results has quotes, so that null has none in any case")
    return "empty quotes" if '""' in text else "nothing"


def _csv_line_end(org: TargetOrg) -> str:
    return "CRLF" if "\r\n" in _csv_user(org).text else "LF"


def _csv_last_line(org: TargetOrg) -> str:
    return "with end" if _csv_user(org).text.endswith("\n") else "without end"


def _csv_bom(org: TargetOrg) -> str:
    return "BOM" if _csv_user(org).text.startswith("\ufeff") else "none"


def _column_names(org: TargetOrg) -> str:
    header = _table(_csv_user(org))[0]
    readings = {"username": "as selected", "Username": "as described"}
    return next((readings[name] for name in header if name in readings), "another letter case")


def _column_order(org: TargetOrg) -> str:
    header = [name.lower() for name in _table(_csv_user(org))[0]]
    selected = ["username", "isactive", "createddate", "managerid"]
    readings = {tuple(selected): "as selected", tuple(sorted(selected)): "alphabetical"}
    return readings.get(tuple(header), "another order")


def _csv_booleans(org: TargetOrg) -> str:
    spellings = {"true": "true|false", "TRUE": "TRUE|FALSE"}
    return _one_of(_cell(_csv_user(org), "isactive"), spellings)


def _csv_datetimes(org: TargetOrg) -> str:
    spellings = {
        "Z": r"[\d-]+T[\d:]+\.\d{3}Z",
        "+0000": r"[\d-]+T[\d:]+\.\d{3}\+0000",
        "without milliseconds": r"[\d-]+T[\d:]+Z",
    }
    return _one_of(_cell(_csv_user(org), "createddate"), spellings)


def _csv_dates(org: TargetOrg) -> str:
    spellings = {"yyyy-MM-dd": r"\d{4}-\d\d-\d\d", "yyyy-MM-ddZ": r"\d{4}-\d\d-\d\dZ"}
    return _one_of(_cell(_contact(org, "CSV"), "birthdate"), spellings)


def _csv_times(org: TargetOrg) -> str:
    spellings = {"with Z": r"\d\d:\d\d:\d\d\.\d{3}Z", "without Z": r"\d\d:\d\d:\d\d\.\d{3}"}
    return _one_of(_cell(_hours(org, "CSV"), "mondaystarttime"), spellings)


def _csv_numbers(org: TargetOrg) -> str:
    return _cell(_account(org, "CSV"), "annualrevenue")


def _no_rows_csv(org: TargetOrg) -> str:
    result = _nobody(org, "CSV")
    if result is None:
        return "empty list"
    text = _text(result).strip()
    readings = {"": "empty file", _SENTENCE: "sentence", "id": "header"}
    return readings.get(text, readings.get(text.strip('"').lower(), "another text"))


# JSON


def _json_null(org: TargetOrg) -> str:
    record = _record(_json_user(org))
    return "null" if "ManagerId" in record else "absent"


def _kind(value: object, number: str) -> str:
    return number if isinstance(value, int) else "text"


def _json_datetimes(org: TargetOrg) -> str:
    return _kind(_record(_json_user(org)).get("CreatedDate"), "epoch milliseconds")


def _json_dates(org: TargetOrg) -> str:
    return _kind(_record(_contact(org, "JSON")).get("Birthdate"), "epoch milliseconds")


def _json_times(org: TargetOrg) -> str:
    return _kind(_record(_hours(org, "JSON")).get("MondayStartTime"), "milliseconds")


def _json_numbers(org: TargetOrg) -> str:
    found = re.search(r'"AnnualRevenue"\s*:\s*([^\s,}]+)', _account(org, "JSON").text)
    return found[1] if found else "another spelling"


def _json_booleans(org: TargetOrg) -> str:
    value = _record(_json_user(org)).get("IsActive")
    return "true" if isinstance(value, bool) else "text" if isinstance(value, str) else "a number"


def _no_rows_json(org: TargetOrg) -> str:
    result = _nobody(org, "JSON")
    if result is None:
        return "empty list"
    if result.json() == []:
        return "[ ]"
    readings = {"": "empty file", _SENTENCE: "sentence"}
    return readings.get(_text(result).strip(), "another text")


# XML


def _xml_selected_id(org: TargetOrg) -> str:
    times = len(_children(_element(_xml_user(org)), "Id"))
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


def _xml_unselected_id(org: TargetOrg) -> str:
    found = _children(_element(_xml_user_without_id(org)), "Id")
    return _of_null(found)


def _of_null(found: Sequence[ET.Element]) -> str:
    if not found:
        return "absent"
    if found[0].get(_NIL) == "true":
        return "nil"
    return "given" if found[0].text else "empty"


def _xml_namespace(org: TargetOrg) -> str:
    names = {name.tag for name in _children(_element(_xml_user(org)), "Username")}
    return "partner" if any("partner" in name for name in names) else "dataload"


def _xml_parents(org: TargetOrg) -> str:
    parent = _children(_element(_xml_user(org)), "CreatedBy")
    return "typed" if parent and _children(parent[0], "type") else "bare"


def _xml_null(org: TargetOrg) -> str:
    return _of_null(_children(_element(_xml_user(org)), "ManagerId"))


def _xml_text(answer: Exchange, name: str) -> str:
    found = _children(_element(answer), name)
    return (found[0].text if found else None) or ""


def _xml_datetimes(org: TargetOrg) -> str:
    spellings = {"Z": r"[\d-]+T[\d:]+\.\d{3}Z", "+0000": r"[\d-]+T[\d:]+\.\d{3}\+0000"}
    return _one_of(_xml_text(_xml_user(org), "CreatedDate"), spellings)


def _xml_dates(org: TargetOrg) -> str:
    spellings = {"yyyy-MM-dd": r"\d{4}-\d\d-\d\d", "yyyy-MM-ddZ": r"\d{4}-\d\d-\d\dZ"}
    return _one_of(_xml_text(_contact(org, "XML"), "Birthdate"), spellings)


def _xml_booleans(org: TargetOrg) -> str:
    spellings = {"true": "true|false", "1": "1|0"}
    return _one_of(_xml_text(_xml_user(org), "IsActive"), spellings)


def _no_rows_xml(org: TargetOrg) -> str:
    result = _nobody(org, "XML")
    if result is None:
        return "empty list"
    if not result.body.strip():
        return "empty file"
    return "queryResult" if "queryResult" in result.text else "another text"


PROBES = (
    Probe("bulk1.query.content_type", lambda org: _media_type(_csv_user(org))),
    Probe("bulk1.query.json_content_type", lambda org: _media_type(_json_user(org))),
    Probe("bulk1.query.xml_content_type", lambda org: _media_type(_xml_user(org))),
    Probe("bulk1.query.result_id", _result_id),
    Probe("bulk1.query.csv_quotes", _csv_quotes),
    Probe("bulk1.query.csv_null", _csv_null),
    Probe("bulk1.query.csv_line_end", _csv_line_end),
    Probe("bulk1.query.csv_last_line", _csv_last_line),
    Probe("bulk1.query.csv_bom", _csv_bom),
    Probe("bulk1.query.column_names", _column_names),
    Probe("bulk1.query.column_order", _column_order),
    Probe("bulk1.query.no_rows_csv", _no_rows_csv),
    Probe("bulk1.query.no_rows_json", _no_rows_json),
    Probe("bulk1.query.no_rows_xml", _no_rows_xml),
    Probe("bulk1.query.xml_selected_id", _xml_selected_id),
    Probe("bulk1.query.xml_unselected_id", _xml_unselected_id),
    Probe("bulk1.query.xml_namespace", _xml_namespace),
    Probe("bulk1.query.xml_parents", _xml_parents),
    Probe("bulk1.query.xml_null", _xml_null),
    Probe("bulk1.query.xml_datetimes", _xml_datetimes),
    Probe("bulk1.query.xml_dates", _xml_dates, writes=True),
    Probe(
        "bulk1.query.xml_numbers",
        lambda org: _xml_text(_account(org, "XML"), "AnnualRevenue"),
        writes=True,
    ),
    Probe("bulk1.query.xml_booleans", _xml_booleans),
    Probe("bulk1.query.json_numbers", _json_numbers, writes=True),
    Probe("bulk1.query.json_booleans", _json_booleans),
    Probe("bulk1.query.json_null", _json_null),
    Probe("bulk1.query.json_datetimes", _json_datetimes),
    Probe("bulk1.query.json_dates", _json_dates, writes=True),
    Probe("bulk1.query.json_times", _json_times),
    Probe("bulk1.query.csv_numbers", _csv_numbers, writes=True),
    Probe("bulk1.query.csv_booleans", _csv_booleans),
    Probe("bulk1.query.csv_datetimes", _csv_datetimes),
    Probe("bulk1.query.csv_dates", _csv_dates, writes=True),
    Probe("bulk1.query.csv_times", _csv_times),
    Probe("bulk1.query.other_object", _other_object),
)
