"""Rows that Bulk API 1.0 takes."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from salesforce_bulk.conformance.bulk1_calls import (
    CSV,
    MEDIA_TYPES,
    add_batch,
    ended_batch,
    field_of,
    needed,
    open_job,
    post_batch,
    refusal_of,
    state_of,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.sample_records import account, create_record, stored
from salesforce_bulk.conformance.target_org import TargetOrg

_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload"><sObject>{}</sObject>'
    "</sObjects>"
)
_SPEC = "Salesforce Field,Csv Header,Value,Hint\n"


# What is done


@dataclass(frozen=True)
class _Loaded:
    """What became of a batch: how it ended, and the results of its rows in lower case names."""

    state: str
    rows: list[dict[str, str]]

    @property
    def successes(self) -> list[bool]:
        return [row.get("success", "").lower() == "true" for row in self.rows]

    @property
    def outcome(self) -> str:
        """Of the whole: ``Failed``, ``row error`` or ``taken``."""
        if self.state == "Failed":
            return "Failed"
        return "taken" if self.successes and all(self.successes) else "row error"


def _load(
    org: TargetOrg,
    body: bytes | str,
    operation: str = "update",
    name: str = "Account",
    form: str = "CSV",
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    spec: str = "",
) -> _Loaded:
    """A batch in a job of its own, by a mapping of fields where there is one."""
    with open_job(org, operation, name, form, fields=fields, headers=headers) as job:
        if spec:
            answer = org.send("POST", f"{job}/spec", spec.encode(), {"Content-Type": CSV})
            if answer.status >= 300:
                raise NotAsked(f"the org refused a mapping of fields: {refusal_of(answer)}")
        batch = add_batch(org, job, body, MEDIA_TYPES[form])
    state = state_of(ended_batch(org, batch))
    results = org.send("GET", f"{batch}/result")
    loaded = _Loaded(state, _result_rows(results, form) if state != "Failed" else [])
    _note_records(org, name, operation, loaded)
    return loaded


def _result_rows(results: Exchange, form: str) -> list[dict[str, str]]:
    if results.status >= 300 or form not in ("CSV", "ZIP_CSV"):
        return []
    text = results.text.removeprefix("\ufeff")
    header, *rows = [*csv.reader(io.StringIO(text, newline=""))] or [[]]
    names = [name.lower() for name in header]
    return [dict(zip(names, row, strict=False)) for row in rows if row]


def _note_records(org: TargetOrg, name: str, operation: str, loaded: _Loaded) -> None:
    for row, success in zip(loaded.rows, loaded.successes, strict=True):
        if success and operation in ("insert", "upsert"):
            org.note_record(name, row["id"])


def _described(org: TargetOrg, text: str) -> str:
    """The id of the account, whose description is that text."""
    identity = account(org)
    body = json.dumps({"Description": text}).encode()
    path = f"{org.data}/sobjects/Account/{identity}"
    answer = org.send("PATCH", path, body, {"Content-Type": "application/json"})
    if answer.status >= 300:
        raise NotAsked(f"the org does not take a description: {refusal_of(answer)}")
    return identity


def _description(org: TargetOrg) -> str | None:
    return stored(org, "Account", account(org), "Description")


def _contact(org: TargetOrg) -> str:
    """The id of a contact for rows to change; its address is `_email`."""
    fields = {"LastName": f"{org.mark} row", "Email": _email(org)}
    return org.once("contact of rows", lambda org: create_record(org, "Contact", fields))


def _email(org: TargetOrg) -> str:
    return f"row-{org.mark.rpartition(' ')[2]}@example.com"


# CSV


def _csv(org: TargetOrg) -> str:
    identity = account(org)
    for body in (f'Id,"Description"\r\n"{identity}",Zoë\r\n', f"Id,Description\n{identity},Zoë"):
        if (outcome := _load(org, body).outcome) != "taken":
            return outcome
    return "taken" if _description(org) == "Zoë" else "another text"


def _lone_cr(org: TargetOrg) -> str:
    outcome = _load(org, f"Id,Description\r{account(org)},cr\r").outcome
    return "ends a line" if outcome == "taken" else outcome


def _csv_errors(org: TargetOrg) -> str:
    return _load(org, f'\ufeff"Id","Description"\n"{account(org)}","bom"\n').outcome


def _blank_beside_quote(org: TargetOrg) -> str:
    outcome = _load(org, f'Id,Description\n"{account(org)}", "blank"\n').outcome
    return "trimmed" if outcome == "taken" else outcome


def _blank_line(org: TargetOrg) -> str:
    loaded = _load(org, f"Id,Description\n\n{account(org)},line\n")
    if loaded.state == "Failed" and _width(org) == "Failed":
        # As a record it would be too narrow; of one column it is not.
        loaded = _load(org, f"Id\n\n{account(org)}\n")
    readings = {1: "no record", 2: "a record"}
    return readings.get(len(loaded.rows), loaded.outcome)


def _empty_quoted_line(org: TargetOrg) -> str:
    # A contact cannot be made of it.
    loaded = _load(org, 'Description\n""\n', "insert", "Contact")
    if loaded.state == "Failed":
        return "Failed"
    return {0: "no record", 1: "a record"}.get(len(loaded.rows), "several records")


def _width(org: TargetOrg) -> str:
    outcome = _load(org, f"Id,Description,Site\n{account(org)},narrow\n").outcome
    return "padded" if outcome == "taken" else outcome


def _column_case(org: TargetOrg) -> str:
    outcome = _load(org, f"Id,description\n{account(org)},case\n").outcome
    return "any" if outcome == "taken" else outcome


def _unknown_column(org: TargetOrg) -> str:
    return _load(org, f"Id,NoSuchColumn\n{account(org)},x\n").outcome


def _binary_column(org: TargetOrg) -> str:
    body = f"ParentId,Name,Body\n{account(org)},{org.mark},aGk=\n"
    return _load(org, body, "insert", "Attachment").outcome


# Values


def _empty_cell(org: TargetOrg) -> str:
    identity = _described(org, "before")
    _load(org, f'Id,Description\n{identity},""\n')
    left = "left alone" if _description(org) == "before" else "cleared"
    _load(org, f"Id,Description\n{identity},#N/A\n")
    return f"{left}, {'left alone' if _description(org) else 'cleared'}"


def _text_blanks(org: TargetOrg) -> str:
    _load(org, f'Id,Description\n{account(org)},"  blanks  "\n')
    return {"blanks": "trimmed", "  blanks  ": "kept"}.get(_description(org) or "", "another text")


def _breaks(text: str | None) -> str:
    readings = {"a\r\nb\nc": "as sent", "a\nb\nc": "LF", "a\r\nb\r\nc": "CRLF"}
    return readings.get(text or "", "another text")


def _line_breaks(org: TargetOrg) -> str:
    _load(org, f'Id,Description\n{account(org)},"a\r\nb\nc"\n')
    return _breaks(_description(org))


def _line_ending_header(org: TargetOrg) -> str:
    body = f'Id,Description\n{account(org)},"a\r\nb\nc"\n'
    told = []
    for end in ("LF", "CRLF"):
        _load(org, body, headers={"Sforce-Line-Ending": end})
        told.append(_breaks(_description(org)))
    return "rewritten" if told == ["LF", "CRLF"] else "ignored"


def _booleans(org: TargetOrg) -> str:
    outcome = _load(org, f"Id,DoNotCall\n{_contact(org)},yes\n", name="Contact").outcome
    return {"taken": "many", "row error": "true and false"}.get(outcome, outcome)


def _emails(org: TargetOrg) -> str:
    identity = _contact(org)
    _load(org, f"Id,Email\n{identity},{_email(org).upper()}\n", name="Contact")
    kept = stored(org, "Contact", identity, "Email")
    return "in lower case" if kept == _email(org) else "as sent"


# XML and JSON


def _empty_xml_element(org: TargetOrg) -> str:
    cells = f"<Id>{_described(org, 'before')}</Id><Description></Description>"
    return _of_empty(org, _XML.format(cells), "XML")


def _empty_json_text(org: TargetOrg) -> str:
    rows = [{"Id": _described(org, "before"), "Description": ""}]
    return _of_empty(org, json.dumps(rows), "JSON")


def _of_empty(org: TargetOrg, body: str, form: str) -> str:
    if _load(org, body, form=form).state == "Failed":
        return "Failed"
    return "left alone" if _description(org) else "null"


def _json_array(org: TargetOrg) -> str:
    body = json.dumps({"Id": account(org), "Description": "no array"})
    return _load(org, body, form="JSON").state


def _json_not_a_number(org: TargetOrg) -> str:
    body = f'[{{"Id": "{account(org)}", "AnnualRevenue": NaN}}]'
    return _load(org, body, form="JSON").state


# Ids and keys


def _id_blanks(org: TargetOrg) -> str:
    outcome = _load(org, f'Id,Description\n" {account(org)} ",blanks\n').outcome
    return {"taken": "trimmed", "row error": "malformed"}.get(outcome, outcome)


def _of_two(loaded: _Loaded) -> str:
    """What became of two rows of one record."""
    readings = {"": "all fail", "01": "in turn", "0": "the first", "1": "the last"}
    successes = "".join(str(row) for row, success in enumerate(loaded.successes) if success)
    return readings.get(successes, "another outcome")


def _duplicate_id(org: TargetOrg) -> str:
    row = f"{account(org)},twice\n"
    return _of_two(_load(org, f"Id,Description\n{row}{row}"))


def _upsert(org: TargetOrg, *keys: str) -> _Loaded:
    """Contacts by their addresses."""
    _contact(org)
    rows = "".join(f'"{key}",{org.mark} row\n' for key in keys)
    fields = {"externalIdFieldName": "Email"}
    return _load(org, f"Email,LastName\n{rows}", "upsert", "Contact", fields=fields)


def _found(loaded: _Loaded) -> bool:
    return loaded.outcome == "taken" and loaded.rows[0]["created"].lower() == "false"


def _duplicate_key(org: TargetOrg) -> str:
    return _of_two(_upsert(org, _email(org), _email(org)))


def _key_blanks(org: TargetOrg) -> str:
    address = f"blanks-{_email(org)}"
    return "trimmed" if _found(_second(org, address, f"  {address}  ")) else "kept"


def _key_case(org: TargetOrg) -> str:
    address = f"case-{_email(org)}"
    return "ignored" if _found(_second(org, address, address.upper())) else "exact"


def _second(org: TargetOrg, address: str, key: str) -> _Loaded:
    """An upsert by a key that may be found to be the address of a contact."""
    create_record(org, "Contact", {"LastName": f"{org.mark} key", "Email": address})
    return _upsert(org, key)


# Mappings of fields


def _posted_spec(org: TargetOrg, spec: str) -> Exchange:
    with open_job(org, "update", "Account") as job:
        return org.send("POST", f"{job}/spec", spec.encode(), {"Content-Type": CSV})


def _spec_body(org: TargetOrg) -> str:
    answer = _posted_spec(org, f"{_SPEC}Id,Key,,\n")
    if answer.status != 201:
        return refusal_of(answer)
    if not answer.body.strip():
        return "empty"
    return "jobInfo" if field_of(answer, "operation") else "another body"


def _spec_bad(org: TargetOrg) -> str:
    answer = _posted_spec(org, "Nothing,Of,This\n")
    return "taken" if answer.status < 300 else refusal_of(answer)


def _mapped(org: TargetOrg, rules: str, body: str, name: str = "Account") -> str:
    return _load(org, body, name=name, spec=f"{_SPEC}Id,Key,,\n{rules}\n").outcome


def _unnamed_column(org: TargetOrg) -> str:
    outcome = _mapped(org, "Description,Text,,", f"Key,Text,More\n{account(org)},mapped,x\n")
    return "dropped" if outcome == "taken" else outcome


def _missing_header(org: TargetOrg) -> str:
    outcome = _mapped(org, "Description,Nowhere,by default,", f"Key\n{account(org)}\n")
    if outcome != "taken":
        return outcome
    return "default value" if _description(org) == "by default" else "nothing"


def _compound_name(org: TargetOrg) -> str:
    identity = _contact(org)
    outcome = _mapped(org, "Name,Who,,", f'Key,Who\n{identity},"{org.mark}, Tom"\n', "Contact")
    if outcome != "taken":
        return outcome
    split = stored(org, "Contact", identity, "LastName") == org.mark
    return "split" if split else "last name"


def _two_digit_year(org: TargetOrg) -> str:
    identity = _contact(org)
    outcome = _mapped(org, "Birthdate,Day,,dd MM yy", f"Key,Day\n{identity},31 12 60\n", "Contact")
    if outcome != "taken":
        return outcome
    century = (stored(org, "Contact", identity, "Birthdate") or "")[:2]
    return {"20": "1969-2068", "19": "20 years ahead"}.get(century, "another century")


# Zip


def _bad_archive(org: TargetOrg) -> str:
    with open_job(org, "insert", "Attachment", "ZIP_CSV") as job:
        answer = post_batch(org, job, b"no archive", MEDIA_TYPES["ZIP_CSV"])
    if answer.status >= 300:
        return refusal_of(answer)
    return state_of(ended_batch(org, f"{answer.path}/{needed(answer, 'id')}"))


def _missing_file(org: TargetOrg) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        rows = f"Name,ParentId,Body\n{org.mark},{account(org)},#none.txt\n"
        archive.writestr("request.txt", rows)
    return _load(org, packed.getvalue(), "insert", "Attachment", "ZIP_CSV").outcome


PROBES = (
    Probe("bulk1.row.csv", _csv, writes=True),
    Probe("bulk1.row.lone_cr", _lone_cr, writes=True),
    Probe("bulk1.row.csv_errors", _csv_errors, writes=True),
    Probe("bulk1.row.blank_beside_quote", _blank_beside_quote, writes=True),
    Probe("bulk1.row.blank_line", _blank_line, writes=True),
    Probe("bulk1.row.empty_quoted_line", _empty_quoted_line, writes=True),
    Probe("bulk1.row.width", _width, writes=True),
    Probe("bulk1.row.column_case", _column_case, writes=True),
    Probe("bulk1.row.empty_cell", _empty_cell, writes=True),
    Probe("bulk1.row.text_blanks", _text_blanks, writes=True),
    Probe("bulk1.row.line_breaks", _line_breaks, writes=True),
    Probe("bulk1.row.line_ending_header", _line_ending_header, writes=True),
    Probe("bulk1.row.unknown_column", _unknown_column, writes=True),
    Probe("bulk1.row.empty_xml_element", _empty_xml_element, writes=True),
    Probe("bulk1.row.empty_json_text", _empty_json_text, writes=True),
    Probe("bulk1.row.json_array", _json_array, writes=True),
    Probe("bulk1.row.json_not_a_number", _json_not_a_number, writes=True),
    Probe("bulk1.row.booleans", _booleans, writes=True),
    Probe("bulk1.row.emails", _emails, writes=True),
    Probe("bulk1.row.id_blanks", _id_blanks, writes=True),
    Probe("bulk1.row.duplicate_id", _duplicate_id, writes=True),
    Probe("bulk1.row.duplicate_key", _duplicate_key, writes=True),
    Probe("bulk1.row.key_blanks", _key_blanks, writes=True),
    Probe("bulk1.row.key_case", _key_case, writes=True),
    Probe("bulk1.row.binary_column", _binary_column, writes=True),
    Probe("bulk1.spec.body", _spec_body),
    Probe("bulk1.spec.bad", _spec_bad),
    Probe("bulk1.spec.unnamed_column", _unnamed_column, writes=True),
    Probe("bulk1.spec.missing_header", _missing_header, writes=True),
    Probe("bulk1.spec.compound_name", _compound_name, writes=True),
    Probe("bulk1.spec.two_digit_year", _two_digit_year, writes=True),
    Probe("bulk1.zip.bad_archive", _bad_archive),
    Probe("bulk1.zip.missing_file", _missing_file, writes=True),
)
