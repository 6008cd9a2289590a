"""Results of ingest jobs of Bulk API 2.0.

What can be seen of rows that fail is asked without writing: they change accounts that no org has.
What becomes of values is asked of rows that succeed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from salesforce_bulk.conformance.bulk2_calls import (
    NO_ACCOUNT,
    abort,
    open_job,
    records,
    result,
    run_job,
    table,
    told,
    update_nothing,
    upload,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.sample_records import account
from salesforce_bulk.conformance.target_org import TargetOrg

#: One more character than an account's name may have.
_TOO_LONG = 256
#: `CODE:message:fields --` for each error, one after the other.
_ERROR_TEXT = re.compile(r"([A-Z_]+:.*:(?:[\w, ]+ )?--)+", re.DOTALL)


@dataclass(frozen=True)
class _Failed:
    """A job all of whose rows failed: what it answered at first, and the whole."""

    ids: list[str]
    first: Exchange
    whole: Exchange
    successful: Exchange


def _fail(org: TargetOrg) -> _Failed:
    ids = [f"{NO_ACCOUNT[:-9]}{number:06}AAA" for number in range(org.rows)]
    rows = "".join(f"{each},frobnication\n" for each in ids)
    job, _ = update_nothing(org, f"Id,Name\n{rows}")
    first = result(org, job, "failedResults")
    whole = result(org, job, "failedResults", rows=org.rows)
    if len(table(whole)) <= org.rows:
        raise NotAsked(f"only {len(table(whole))} lines tell of {org.rows} rows that failed")
    return _Failed(ids, first, whole, result(org, job, "successfulResults"))


def _failed(org: TargetOrg) -> _Failed:
    return org.once("bulk2.failed", _fail)


def _content_type(org: TargetOrg) -> str:
    return _failed(org).whole.headers.get("content-type", "none")


def _own_columns(org: TargetOrg) -> str:
    header = table(_failed(org).whole)[0]
    return ",".join(header[:2]).replace("Error", "Created").replace("error", "created")


def _quotes(org: TargetOrg) -> str:
    text = _failed(org).whole.text
    return "all" if f'"{NO_ACCOUNT[:-6]}' in text else "where needed"


def _delimiter(org: TargetOrg) -> str:
    row = f"Id;Name\n{NO_ACCOUNT};frobnication\n"
    text = _failed_row(org, row, columnDelimiter="SEMICOLON").text
    header = text.partition("\n")[0].lower().rstrip("\r").replace('"', "")
    return {"id;name": "of the job", "id,name": "comma"}.get(header[-7:], "another")


def _line_end(org: TargetOrg) -> str:
    row = f"Id,Name\r\n{NO_ACCOUNT},frobnication\r\n"
    of_crlf = "\r\n" in _failed_row(org, row, lineEnding="CRLF").text
    of_lf = "\r\n" in _failed(org).whole.text
    words = {(False, True): "of the job", (False, False): "LF", (True, True): "CRLF"}
    return words.get((of_lf, of_crlf), "the other one")


def _failed_row(org: TargetOrg, data: str, **document: str) -> Exchange:
    """The failed rows of a job with such a document, in the file that has them for certain."""
    job, ended = run_job(org, data.encode(), operation="update", **document)
    if ended["state"] != "JobComplete":
        raise NotAsked(f"the job of one row is {ended['state']}: {ended.get('errorMessage')}")
    return result(org, job, "failedResults", rows=1)


def _byte_order_mark(org: TargetOrg) -> str:
    return "BOM" if _failed(org).whole.text.startswith("\ufeff") else "none"


def _no_rows(org: TargetOrg) -> str:
    answer = _failed(org).successful
    if answer.status != 200:
        return told(answer)
    return "header" if table(answer) else "empty file"


def _order(org: TargetOrg) -> str:
    failed = _failed(org)
    given = [each.get("id") for each in records(failed.whole)]
    return "kept" if given == failed.ids else "shuffled"


def _error_text(org: TargetOrg) -> str:
    text = records(_failed(org).whole)[0].get("sf__error", "")
    expected = "CODE:message:fields --"
    return expected if _ERROR_TEXT.fullmatch(text) else "another form"


def _before_end(org: TargetOrg) -> str:
    job = open_job(org)
    upload(org, job, f"Name\n{org.mark}\n".encode())
    answer = org.send("GET", f"{job}/successfulResults")
    abort(org, job)
    return told(answer)


def _after_state(org: TargetOrg) -> str:
    return "at once" if len(table(_failed(org).first)) > org.rows else "later"


def _load(org: TargetOrg, name: str, header: str, row: str, operation: str) -> Exchange:
    """The results of a row that succeeds. Raises NotAsked where it does not."""
    data = f"{header}\n{row}\n".encode()
    job, document = run_job(org, data, object=name, operation=operation)
    if document["state"] != "JobComplete" or document.get("numberRecordsFailed"):
        raise NotAsked(f"a record of {name} could not be written; the user has to be allowed to")
    answer = result(org, job, "successfulResults", rows=1)
    for each in records(answer):
        if operation == "insert" and each.get("sf__id"):
            org.note_record(name, each["sf__id"])
    return answer


def _account_answer(org: TargetOrg) -> Exchange:
    header = "nAME,AnnualRevenue,Description,Fax"
    row = f'{org.mark},{_REVENUE},"  frobnication ",#N/A'
    return org.once("bulk2.account", lambda org: _load(org, "Account", header, row, "insert"))


def _task_answer(org: TargetOrg) -> Exchange:
    header = "Subject,ReminderDateTime,IsReminderSet"
    row = f"{org.mark},{_DATETIME},{_BOOLEAN}"
    return org.once("bulk2.task", lambda org: _load(org, "Task", header, row, "insert"))


#: As an XSD date may be written, and an org does not write it.
_DATE = "1999-12-31+00:00"
_REVENUE = "139000000.00"
_DATETIME = "2024-01-31T13:00:00+01:00"
#: In no letter case that an org writes; other words than these an org may refuse.
_BOOLEAN = "tRUE"


def _account_cell(org: TargetOrg, name: str) -> str:
    [row] = records(_account_answer(org)) or [{}]
    return row.get(name, "no column")


def _task_cell(org: TargetOrg, name: str) -> str:
    [row] = records(_task_answer(org)) or [{}]
    return row.get(name, "no column")


def _header(org: TargetOrg) -> str:
    names = {"nAME": "as uploaded", "Name": "API names"}
    found = [word for name, word in names.items() if name in table(_account_answer(org))[0]]
    return found[0] if found else "another"


def _doubles(org: TargetOrg) -> str:
    cell = _account_cell(org, "annualrevenue")
    return "as sent" if cell == _REVENUE else cell


def _booleans(org: TargetOrg) -> str:
    cell = _task_cell(org, "isreminderset")
    return "as sent" if cell == _BOOLEAN else cell


def _datetimes(org: TargetOrg) -> str:
    cell = _task_cell(org, "reminderdatetime")
    forms = {
        _DATETIME: "as sent",
        "2024-01-31T12:00:00.000+0000": "+0000",
        "2024-01-31T12:00:00Z": "without milliseconds",
    }
    return forms.get(cell, cell)


def _dates(org: TargetOrg) -> str:
    answer = _load(org, "Contact", "LastName,Birthdate", f"{org.mark},{_DATE}", "insert")
    [row] = records(answer) or [{}]
    forms = {"1999-12-31": "yyyy-MM-dd", "1999-12-31Z": "yyyy-MM-ddZ", _DATE: "as sent"}
    return forms.get(row.get("birthdate", ""), "another form")


def _null_marker(org: TargetOrg) -> str:
    cell = _account_cell(org, "fax")
    return {"#N/A": "as sent", "": "empty"}.get(cell, cell)


def _blanks(org: TargetOrg) -> str:
    cell = _account_cell(org, "description")
    return {"  frobnication ": "kept", "frobnication": "trimmed"}.get(cell, cell)


def _header_case(org: TargetOrg) -> str:
    cell = _account_cell(org, "name")
    return {org.mark: "kept", "": "empty"}.get(cell, cell)


def _ids(org: TargetOrg) -> str:
    identity = account(org)
    answer = _load(org, "Account", "Id,Fax", f"{identity[:15]},1", "update")
    [row] = records(answer) or [{}]
    return {identity[:15]: "as sent", identity: "18 characters"}.get(row.get("id", ""), "another")


def _failed_ids(org: TargetOrg) -> str:
    identity = account(org)
    job, _ = update_nothing(org, f"Id,Name\n{identity},{'x' * _TOO_LONG}\n")
    [row] = records(result(org, job, "failedResults", rows=1)) or [{}]
    told_id = row.get("sf__id", "no column")
    return {identity: "the record's", "": "empty"}.get(told_id, told_id)


PROBES: tuple[Probe, ...] = (
    Probe("bulk2.result.content_type", _content_type),
    Probe("bulk2.result.own_columns", _own_columns),
    Probe("bulk2.result.header", _header, writes=True),
    Probe("bulk2.result.quotes", _quotes),
    Probe("bulk2.result.delimiter", _delimiter),
    Probe("bulk2.result.line_end", _line_end),
    Probe("bulk2.result.byte_order_mark", _byte_order_mark),
    Probe("bulk2.result.no_rows", _no_rows),
    Probe("bulk2.result.doubles", _doubles, writes=True),
    Probe("bulk2.result.booleans", _booleans, writes=True),
    Probe("bulk2.result.datetimes", _datetimes, writes=True),
    Probe("bulk2.result.dates", _dates, writes=True),
    Probe("bulk2.result.null_marker", _null_marker, writes=True),
    Probe("bulk2.result.blanks", _blanks, writes=True),
    Probe("bulk2.result.ids", _ids, writes=True),
    Probe("bulk2.result.header_case", _header_case, writes=True),
    Probe("bulk2.result.order", _order),
    Probe("bulk2.result.failed_ids", _failed_ids, writes=True),
    Probe("bulk2.result.error_text", _error_text),
    Probe("bulk2.result.before_end", _before_end),
    Probe("bulk2.result.after_state", _after_state),
)
