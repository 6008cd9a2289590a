"""Results of the rows of Bulk API 1.0."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping

from salesforce_bulk.conformance.bulk1_calls import batch_results
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.sample_records import account, create_record
from salesforce_bulk.conformance.target_org import TargetOrg

#: Of two reasons, as the org may tell only one of them.
_BAD_CONTACT = {"FirstName": "x" * 41, "LastName": "none", "Email": "no address"}
_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload"><sObject>{}</sObject>'
    "</sObjects>"
)


# What is looked at


def _csv_insert(org: TargetOrg) -> Exchange:
    """The results of three contacts, of which only the second can be made."""

    def ask(org: TargetOrg) -> Exchange:
        bad, good = ",".join(_BAD_CONTACT.values()), f",{org.mark} result,"
        body = f"FirstName,LastName,Email\n{bad}\n{good}\nnobody,,\n"
        results = batch_results(org, "insert", "Contact", body)
        for row in _rows(results):
            if row.get("id", "")[:3] == "003":
                org.note_record("Contact", row["id"])
        return results

    return org.once("bulk1 results of an insert", ask)


def _opportunity(org: TargetOrg) -> Exchange:
    """The results of an opportunity that lacks several fields."""
    body = f"Description\n{org.mark}\n"
    return batch_results(org, "insert", "Opportunity", body)


def _json_insert(org: TargetOrg) -> Exchange:
    def ask(org: TargetOrg) -> Exchange:
        return batch_results(org, "insert", "Contact", json.dumps([_BAD_CONTACT]), "JSON")

    return org.once("bulk1 results in JSON", ask)


def _xml_insert(org: TargetOrg) -> Exchange:
    def ask(org: TargetOrg) -> Exchange:
        cells = "".join(f"<{name}>{value}</{name}>" for name, value in _BAD_CONTACT.items())
        return batch_results(org, "insert", "Contact", _XML.format(cells), "XML")

    return org.once("bulk1 results in XML", ask)


# Readers of documents, whatever else their spelling


def _text(answer: Exchange) -> str:
    return answer.text.removeprefix("\ufeff")


def _header(answer: Exchange) -> list[str]:
    return next(csv.reader(io.StringIO(_text(answer), newline="")), [])


def _rows(answer: Exchange) -> list[dict[str, str]]:
    """The results by the names of their columns in lower case."""
    header, *rows = [*csv.reader(io.StringIO(_text(answer), newline=""))] or [[]]
    names = [name.lower() for name in header]
    return [dict(zip(names, row, strict=False)) for row in rows if row]


def _row(answer: Exchange, number: int) -> dict[str, str]:
    rows = _rows(answer)
    if len(rows) <= number:
        raise NotAsked(f"the results were answered {answer.status}, with {len(rows)} rows")
    return rows[number]


def _document(org: TargetOrg) -> Mapping[str, object]:
    """The result of the contact in JSON."""
    document = _json_insert(org).json()
    if not isinstance(document, list) or not document or not isinstance(document[0], dict):
        raise NotAsked("the results are no array of objects")
    return document[0]


# CSV


def _content_type(org: TargetOrg) -> str:
    kind, _, parameters = _csv_insert(org).headers.get("content-type", "none").partition(";")
    return f"{kind.strip().lower()};charset=UTF-8" if "utf-8" in parameters.lower() else kind


def _column_names(org: TargetOrg) -> str:
    header = _header(_csv_insert(org))
    return next((name for name in header if name.lower() == "id"), "another name")


def _column_order(org: TargetOrg) -> str:
    header = [name.lower() for name in _header(_csv_insert(org))]
    if header == ["id", "success", "created", "error"]:
        return "Id first"
    return "alphabetical" if header == sorted(header) else "another order"


def _csv_quotes(org: TargetOrg) -> str:
    return "all" if _text(_csv_insert(org)).startswith('"') else "where needed"


def _csv_line_end(org: TargetOrg) -> str:
    return "CRLF" if _text(_csv_insert(org)).partition("\n")[0].endswith("\r") else "LF"


def _csv_last_line(org: TargetOrg) -> str:
    return "with end" if _csv_insert(org).text.endswith("\n") else "without end"


def _csv_bom(org: TargetOrg) -> str:
    return "BOM" if _csv_insert(org).text.startswith("\ufeff") else "none"


def _csv_booleans(org: TargetOrg) -> str:
    return _row(_csv_insert(org), 1)["success"]


def _failed_id(org: TargetOrg) -> str:
    identity = account(org)
    row = _row(batch_results(org, "update", "Account", f"Id,Name\n{identity},#N/A\n"), 0)
    if row["success"].lower() == "true":
        raise NotAsked("the org takes an account without a name")
    return "as sent" if row["id"] == identity else row["id"] or "empty"


def _created_of_deletion(org: TargetOrg) -> str:
    identity = create_record(org, "Account", {"Name": f"{org.mark} to delete"})
    row = _row(batch_results(org, "delete", "Account", f"Id\n{identity}\n"), 0)
    if row["success"].lower() != "true":
        raise NotAsked("the org does not delete the account that was made to be deleted")
    return row["created"].lower() or "empty"


def _several_fields(org: TargetOrg) -> str:
    text = _row(_opportunity(org), 0)["error"]
    fields = re.search(r":([^:]*) ?--$", text)
    between = {"comma and blank": ", ", "comma": ",", "semicolon": ";"}
    found = (name for name, mark in between.items() if fields and mark in fields[1])
    return next(found, "none or another text between them")


def _several_errors(org: TargetOrg) -> str:
    errors = _document(org).get("errors")
    if not isinstance(errors, list) or len(errors) < 2:
        raise NotAsked("the org tells one error only of a row that has two")
    text = _row(_csv_insert(org), 0)["error"]
    if text.count("--") < 2:
        return "first only"
    between = text.partition("--")[2]
    marks = {";": "semicolon", "\n": "line break"}
    return marks.get(between[:1], "one after the other")


def _order(org: TargetOrg) -> str:
    told = [row["success"].lower() for row in _rows(_csv_insert(org))]
    return "of the rows" if told == ["false", "true", "false"] else "another order"


# XML and JSON


def _xml_errors(org: TargetOrg) -> str:
    text = _xml_insert(org).text
    return "first" if text.find("statusCode>") < text.find("success>") else "last"


def _xml_failed_id(org: TargetOrg) -> str:
    text = _xml_insert(org).text
    if re.search(r"<(\w+:)?id[^>]*nil=", text):
        return "nil"
    if "<id>" in text or re.search(r"<(\w+:)?id ?/>", text):
        return "empty"
    return "absent"


def _json_failed_id(org: TargetOrg) -> str:
    document = _document(org)
    return "absent" if "id" not in document else "null" if document["id"] is None else "given"


PROBES = (
    Probe("bulk1.result.content_type", _content_type, writes=True),
    Probe("bulk1.result.column_names", _column_names, writes=True),
    Probe("bulk1.result.column_order", _column_order, writes=True),
    Probe("bulk1.result.csv_quotes", _csv_quotes, writes=True),
    Probe("bulk1.result.csv_line_end", _csv_line_end, writes=True),
    Probe("bulk1.result.csv_last_line", _csv_last_line, writes=True),
    Probe("bulk1.result.csv_bom", _csv_bom, writes=True),
    Probe("bulk1.result.csv_booleans", _csv_booleans, writes=True),
    Probe("bulk1.result.failed_id", _failed_id, writes=True),
    Probe("bulk1.result.created_of_deletion", _created_of_deletion, writes=True),
    Probe("bulk1.result.several_fields", _several_fields, writes=True),
    Probe("bulk1.result.several_errors", _several_errors, writes=True),
    Probe("bulk1.result.xml_errors", _xml_errors, writes=True),
    Probe("bulk1.result.xml_failed_id", _xml_failed_id, writes=True),
    Probe("bulk1.result.json_failed_id", _json_failed_id, writes=True),
    Probe("bulk1.result.order", _order, writes=True),
)
