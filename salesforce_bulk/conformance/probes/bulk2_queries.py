"""Query jobs of Bulk API 2.0."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from salesforce_bulk.conformance.bulk2_calls import (
    ENDED,
    abort,
    document_of,
    ended_job,
    job_path,
    query_path,
    query_result,
    query_results,
    records,
    send_json,
    table,
    told,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.sample_records import BIRTHDATE, account, contact
from salesforce_bulk.conformance.target_org import TargetOrg

#: Rows that every org has, of which a few are read page by page.
_SEVERAL = "SELECT Id, SobjectType FROM ObjectPermissions LIMIT 3"
_ROWS = 3
_USER = "SELECT uSERNAME, Id, IsActive, CreatedDate FROM User LIMIT 1"
_NOBODY = "SELECT Id FROM User WHERE CreatedDate < 1990-01-01T00:00:00Z"
_LONGEST = 100_000
_OLD = "49.0"


@dataclass(frozen=True)
class _Pages:
    """A result of three rows, read two at a time until there is no locator."""

    job: str
    first: Exchange
    pages: list[Exchange]


def _read_pages(org: TargetOrg) -> _Pages:
    job = _complete_job(org, _SEVERAL)
    first = org.send("GET", f"{job}/results?maxRecords=2")
    pages = [query_results(org, job, "?maxRecords=2")]
    while (locator := _locator_of(pages[-1])) and len(pages) < _ROWS:
        pages.append(query_results(org, job, f"?maxRecords=2&locator={locator}", rows=0))
    rows = {tuple(row) for page in pages for row in table(page)}
    if len(rows) <= _ROWS:
        raise NotAsked(f"{_SEVERAL} gave {len(rows)} different lines; {_ROWS + 1} were expected")
    return _Pages(job, first, pages)


def _complete_job(org: TargetOrg, soql: str) -> str:
    """The path of a query job that is complete. Raises NotAsked."""
    job = job_path(org, _create(org, soql))
    document = ended_job(org, job)
    if document["state"] != "JobComplete":
        raise NotAsked(f"the org could not run {soql}: {document.get('errorMessage')}")
    return job


def _create(org: TargetOrg, soql: str, **more: Any) -> Exchange:
    return send_json(org, "POST", query_path(org), {"operation": "query", "query": soql, **more})


def _locator_of(page: Exchange) -> str:
    locator = page.headers.get("sforce-locator", "")
    return "" if locator == "null" else locator.replace("=", "%3D")


def _pages(org: TargetOrg) -> _Pages:
    return org.once("bulk2.pages", _read_pages)


def _user(org: TargetOrg) -> Exchange:
    return org.once("bulk2.user", lambda org: query_result(org, _USER))


def _user_cell(org: TargetOrg, name: str) -> str:
    [row] = records(_user(org)) or [{}]
    return row.get(name, "no column")


# Refusals


def _refused(org: TargetOrg, soql: str) -> str:
    created = _create(org, soql)
    if created.status >= 300:
        return told(created)
    return str(ended_job(org, job_path(org, created))["state"])


def _wrong_soql(org: TargetOrg) -> str:
    reading = _refused(org, "SELECT Frobnication FROM User LIMIT 1")
    return "400 SOQL's code" if reading == "400 INVALID_FIELD" else reading


def _unsupported_soql(org: TargetOrg) -> str:
    return _refused(org, "SELECT COUNT() FROM User")


def _unsupported_object(org: TargetOrg) -> str:
    return _refused(org, "SELECT Id FROM CaseStatus LIMIT 1")


def _no_soql(org: TargetOrg) -> str:
    return told(send_json(org, "POST", query_path(org), {"operation": "query"}))


def _long_soql(org: TargetOrg) -> str:
    return _refused(org, f"SELECT Id FROM User WHERE LastName = '{'x' * _LONGEST}' LIMIT 1")  # noqa: S608  # nosec B608 # no input


# Pages


def _content_type(org: TargetOrg) -> str:
    return _user(org).headers.get("content-type", "none")


def _page_header(org: TargetOrg) -> str:
    first, second, *_ = _pages(org).pages
    return "each page" if table(second)[0] == table(first)[0] else "first page"


def _number_of_records(org: TargetOrg) -> str:
    page = _pages(org).pages[0]
    number = page.headers.get("sforce-numberofrecords")
    rows = str(len(table(page)) - 1)
    words = {None: "absent", rows: "of the page", str(_ROWS): "of the result"}
    return words.get(number, "another number")


def _last_locator(org: TargetOrg) -> str:
    locator = _pages(org).pages[-1].headers.get("sforce-locator")
    return {None: "absent", "": "empty", "null": "null"}.get(locator, "a locator")


def _locator(org: TargetOrg) -> str:
    locator = _pages(org).pages[0].headers.get("sforce-locator", "")
    if locator.isdecimal():
        return "digits"
    try:
        base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4))
    except binascii.Error:
        return "no base64"
    return "base64 with padding" if locator.endswith("=") else "base64"


def _unknown_locator(org: TargetOrg) -> str:
    return told(org.send("GET", f"{_pages(org).job}/results?locator=frobnication"))


def _wrong_max_records(org: TargetOrg) -> str:
    answer = org.send("GET", f"{_pages(org).job}/results?maxRecords=0")
    return "ignored" if answer.status == 200 else told(answer)


def _rows_of_a_page(org: TargetOrg) -> str:
    return "maxRecords" if len(table(_pages(org).pages[0])) - 1 == 2 else "fewer"


def _after_state(org: TargetOrg) -> str:
    return "at once" if _pages(org).first.status == 200 else "later"


def _before_end(org: TargetOrg) -> str:
    job = job_path(org, _create(org, _USER))
    answer = org.send("GET", f"{job}/results")
    if document_of(org.send("GET", job)).get("state") in ENDED and answer.status == 200:
        raise NotAsked("the query had ended before its results were asked for; ask again")
    abort(org, job)
    return told(answer)


def _another_version(org: TargetOrg) -> str:
    job = _pages(org).job
    other = "59.0" if org.version != "59.0" else "60.0"
    path = job.replace(f"/v{org.version}/", f"/v{other}/")
    return told(org.send("GET", f"{path}/results"))


def _no_rows(org: TargetOrg) -> str:
    answer = query_results(org, _complete_job(org, _NOBODY), rows=0)
    if answer.status != 200:
        return told(answer)
    if answer.text.startswith("Records not found"):
        return "sentence"
    return "header" if table(answer) else "empty file"


# Result pages


def _result_pages(org: TargetOrg) -> dict[str, Any]:
    document = document_of(org.send("GET", f"{_pages(org).job}/resultPages"))
    if not document.get("resultPages"):
        raise NotAsked("no resultPages came; they need API version 58.0")
    return document


def _result_page_name(org: TargetOrg) -> str:
    return ",".join(_result_pages(org)["resultPages"][0])


def _first_result_page(org: TargetOrg) -> str:
    [address, *_] = _result_pages(org)["resultPages"][0].values()
    return "with locator" if "locator=" in address else "without locator"


def _last_result_pages(org: TargetOrg) -> str:
    document = _result_pages(org)
    return str(document["nextRecordsUrl"] or "null") if "nextRecordsUrl" in document else "absent"


# Columns and values


def _column_order(org: TargetOrg) -> str:
    path = f"/services/data/v{_OLD}/jobs/query"
    query = {"operation": "query", "query": "SELECT Username, Id FROM User LIMIT 1"}
    job = job_path(org, send_json(org, "POST", path, query))
    ended_job(org, job)
    header = [name.lower() for name in table(query_results(org, job))[0]]
    words = {"username,id": "SELECT", "id,username": f"alphabetical up to {_OLD}"}
    return words.get(",".join(header), "another")


def _column_names(org: TargetOrg) -> str:
    name = next((each for each in table(_user(org))[0] if each.lower() == "username"), "")
    return {"Username": "API names", "uSERNAME": "as selected"}.get(name, "others")


def _quotes(org: TargetOrg) -> str:
    return "all" if '"Id"' in _user(org).text else "where needed"


def _delimiter(org: TargetOrg) -> str:
    names = _header_of(org, columnDelimiter="SEMICOLON").replace('"', "")
    return {"id;username": "of the job", "id,username": "comma"}.get(names, "another")


def _line_end(org: TargetOrg) -> str:
    of_crlf = _header_of(org, lineEnding="CRLF").endswith("\r")
    of_lf = "\r\n" in _user(org).text
    words = {(False, True): "of the job", (False, False): "LF", (True, True): "CRLF"}
    return words.get((of_lf, of_crlf), "the other one")


def _header_of(org: TargetOrg, **more: str) -> str:
    """The header of a query in a dialect, in lower case; its line end is LF unless it is asked
    about."""
    answer = query_result(org, "SELECT Id, Username FROM User LIMIT 1", **more)
    header = answer.text.removeprefix("\ufeff").partition("\n")[0].lower()
    return header if "lineEnding" in more else header.rstrip("\r")


def _byte_order_mark(org: TargetOrg) -> str:
    return "BOM" if _user(org).text.startswith("\ufeff") else "none"


def _numbers(org: TargetOrg) -> str:
    identity = account(org)
    soql = f"SELECT AnnualRevenue FROM Account WHERE Id = '{identity}'"  # noqa: S608  # nosec B608 # SOQL of an id
    [row] = records(query_result(org, soql)) or [{}]
    return row.get("annualrevenue", "no column")


def _booleans(org: TargetOrg) -> str:
    cell = _user_cell(org, "isactive")
    return "true" if cell in ("true", "false") else "TRUE" if cell in ("TRUE", "FALSE") else cell


def _datetimes(org: TargetOrg) -> str:
    cell = re.sub("[0-9]", "0", _user_cell(org, "createddate"))
    forms = {
        "0000-00-00T00:00:00.000Z": "2024-01-31T12:00:00.000Z",
        "0000-00-00T00:00:00.000+0000": "+0000",
        "0000-00-00T00:00:00Z": "without milliseconds",
    }
    return forms.get(cell, cell)


def _dates(org: TargetOrg) -> str:
    identity = contact(org)
    soql = f"SELECT Birthdate FROM Contact WHERE Id = '{identity}'"  # noqa: S608  # nosec B608 # SOQL of an id
    [row] = records(query_result(org, soql)) or [{}]
    cell = row.get("birthdate", "no column")
    return {BIRTHDATE: "yyyy-MM-dd", f"{BIRTHDATE}Z": "yyyy-MM-ddZ"}.get(cell, cell)


def _times(org: TargetOrg) -> str:
    soql = "SELECT MondayStartTime FROM BusinessHours WHERE MondayStartTime != null LIMIT 1"
    [row] = records(query_result(org, soql)) or [{}]
    cell = re.sub("[0-9]", "0", row.get("mondaystarttime", "no column"))
    forms = {"00:00:00.000Z": "12:00:00.000Z", "00:00:00.000": "without Z"}
    return forms.get(cell, cell)


# Lists


def _listed(org: TargetOrg) -> list[Exchange]:
    """The pages of the list of query jobs, up to ten."""
    answers = [org.send("GET", f"{query_path(org)}?jobType=V2Query")]
    while (address := document_of(answers[-1]).get("nextRecordsUrl")) and len(answers) < 10:
        answers.append(org.send("GET", address))
    return answers


def _list_order(org: TargetOrg) -> str:
    jobs = [_pages(org).job, job_path(org, _create(org, _USER))]
    ended_job(org, jobs[1])
    made = [job.rpartition("/")[2] for job in jobs]
    listed = [
        record["id"]
        for answer in _listed(org)
        for record in document_of(answer)["records"]
        if record["id"] in made
    ]
    words = {tuple(made): "oldest first", tuple(reversed(made)): "newest first"}
    return words.get(tuple(listed), "another, or more jobs than were read")


def _last_page(org: TargetOrg) -> str:
    document = document_of(_listed(org)[-1])
    return str(document["nextRecordsUrl"] or "null") if "nextRecordsUrl" in document else "absent"


PROBES: tuple[Probe, ...] = (
    Probe("bulk2.query.wrong_soql", _wrong_soql),
    Probe("bulk2.query.unsupported_soql", _unsupported_soql),
    Probe("bulk2.query.unsupported_object", _unsupported_object),
    Probe("bulk2.query.no_soql", _no_soql),
    Probe("bulk2.query.long_soql", _long_soql),
    Probe("bulk2.query.content_type", _content_type),
    Probe("bulk2.query.page_header", _page_header),
    Probe("bulk2.query.number_of_records", _number_of_records),
    Probe("bulk2.query.last_locator", _last_locator),
    Probe("bulk2.query.locator", _locator),
    Probe("bulk2.query.unknown_locator", _unknown_locator),
    Probe("bulk2.query.wrong_max_records", _wrong_max_records),
    Probe("bulk2.query.rows_of_a_page", _rows_of_a_page),
    Probe("bulk2.query.result_page_name", _result_page_name),
    Probe("bulk2.query.first_result_page", _first_result_page),
    Probe("bulk2.query.last_result_pages", _last_result_pages),
    Probe("bulk2.query.another_version", _another_version),
    Probe("bulk2.query.before_end", _before_end),
    Probe("bulk2.query.after_state", _after_state),
    Probe("bulk2.query.no_rows", _no_rows),
    Probe("bulk2.query.column_order", _column_order),
    Probe("bulk2.query.column_names", _column_names),
    Probe("bulk2.query.csv_quotes", _quotes),
    Probe("bulk2.query.csv_delimiter", _delimiter),
    Probe("bulk2.query.csv_line_end", _line_end),
    Probe("bulk2.query.csv_bom", _byte_order_mark),
    Probe("bulk2.query.csv_numbers", _numbers, writes=True),
    Probe("bulk2.query.csv_booleans", _booleans),
    Probe("bulk2.query.csv_datetimes", _datetimes),
    Probe("bulk2.query.csv_dates", _dates, writes=True),
    Probe("bulk2.query.csv_times", _times),
    Probe("bulk2.list.order", _list_order),
    Probe("bulk2.list.last_page", _last_page),
)
