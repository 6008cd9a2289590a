"""The same calls for 2.2.0 and for this version; what each gives, as JSON on standard output.

Run by `compare_with_2_2_0.py` with the Python of either: nothing but the standard library and
salesforce_bulk is imported.
"""

import csv
import datetime
import decimal
import io
import json
import re
import sys
import uuid
import warnings

import salesforce_bulk
from salesforce_bulk import CsvDictsAdapter, SalesforceBulk
from salesforce_bulk.util import IteratorBytesIO

FORMATS = ("CSV", "JSON", "XML")
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
GOOD = {
    "CSV": b"Name,Site\na,s\nb,\n",
    "JSON": b'[{"Name": "a", "Site": "s"}, {"Name": "b"}]',
    "XML": (
        f'<sObjects xmlns="{NAMESPACE}"><sObject><Name>a</Name><Site>s</Site></sObject>'
        "<sObject><Name>b</Name></sObject></sObjects>"
    ).encode(),
}
MIXED = {
    "CSV": b"Name,Site\na,s\n,s\n",
    "JSON": b'[{"Name": "a"}, {"Site": "s"}]',
    "XML": (
        f'<sObjects xmlns="{NAMESPACE}"><sObject><Name>a</Name></sObject>'
        "<sObject><Site>s</Site></sObject></sObjects>"
    ).encode(),
}
SOQL = "SELECT Name FROM Account WHERE Name = 'a' LIMIT 1"
UNKNOWN = "750000000000001AAA"


def job(bulk, form, body=None, operation="insert"):
    made = bulk.create_job("Account", operation, contentType=form)
    return (made, bulk.post_batch(made, body)) if body is not None else made


def closed(bulk, form, how="close_job"):
    made = job(bulk, form)
    getattr(bulk, how)(made)
    return made


def stored(bulk):
    """The Id of a record."""
    batch = job(bulk, "CSV", b"Name\nstored\n")[1]
    return bulk.get_batch_results(batch)[0].id


def body_of(form, **fields):
    """One record."""
    if form == "CSV":
        return f"{','.join(fields)}\n{','.join(fields.values())}\n".encode()
    if form == "JSON":
        return json.dumps([fields]).encode()
    cells = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<sObjects xmlns="{NAMESPACE}"><sObject>{cells}</sObject></sObjects>'.encode()


def written(bulk, form, operation, fields, **options):
    """The rows' results of a job of any operation."""
    made = bulk.create_job("Account", operation, contentType=form, **options)
    batch = bulk.post_batch(made, body_of(form, **fields))
    bulk.close_job(made)
    bulk.wait_for_batch(made, batch)
    return [tuple(row) for row in bulk.get_batch_results(batch)]


def queried(bulk, form, soql=SOQL):
    made = job(bulk, form, operation="query")
    return made, bulk.query(made, soql)


def results(bulk, form, body):
    batch = job(bulk, form, body)[1]
    rows = bulk.get_batch_results(batch)
    return [(bool(row.success), bool(row.created), *row) for row in rows]


def listed(value):
    return value if isinstance(value, list) else list(value)


def keys(info):
    return sorted(info)


IN_EACH_FORMAT = {
    "create_job": lambda b, f: job(b, f),
    "create_job of an unknown object": lambda b, f: b.create_job(
        "Nope__c", "insert", contentType=f
    ),
    "job_status": lambda b, f: keys(b.job_status(job(b, f))),
    "job_state": lambda b, f: b.job_state(job(b, f)),
    "job_state of a closed job": lambda b, f: b.job_state(closed(b, f)),
    "job_state of an aborted job": lambda b, f: b.job_state(closed(b, f, "abort_job")),
    "close_job": lambda b, f: b.close_job(job(b, f)),
    "close_job twice": lambda b, f: b.close_job(closed(b, f)),
    "abort_job": lambda b, f: b.abort_job(job(b, f)),
    "abort_job twice": lambda b, f: b.abort_job(closed(b, f, "abort_job")),
    "close_job of an aborted job": lambda b, f: b.close_job(closed(b, f, "abort_job")),
    "post_batch": lambda b, f: job(b, f, GOOD[f])[1],
    "post_batch of an iterator": lambda b, f: job(b, f, iter([GOOD[f]]))[1],
    "post_batch of a file": lambda b, f: job(b, f, io.BytesIO(GOOD[f]))[1],
    "post_batch of nothing": lambda b, f: job(b, f, b"")[1],
    "post_batch to a closed job": lambda b, f: b.post_batch(closed(b, f), GOOD[f]),
    "post_batch to an aborted job": lambda b, f: b.post_batch(closed(b, f, "abort_job"), GOOD[f]),
    "post_batch to another process's job": lambda b, f: (
        lambda j: (b.job_content_types.clear(), b.post_batch(j, GOOD["CSV"]))[1]
    )(job(b, f)),
    "get_batch_results": lambda b, f: results(b, f, GOOD[f]),
    "get_batch_results with a failed row": lambda b, f: results(b, f, MIXED[f]),
    "get_batch_results of a failed batch": lambda b, f: results(b, f, b"<{,"),
    "get_batch_list": lambda b, f: [keys(i) for i in b.get_batch_list(job(b, f, GOOD[f])[0])],
    "get_batch_list without batches": lambda b, f: b.get_batch_list(job(b, f)),
    "get_batch_results of a query": lambda b, f: b.get_batch_results(queried(b, f)[1]),
    "batch_status": lambda b, f: keys(b.batch_status(job(b, f, GOOD[f])[1])),
    "batch_state": lambda b, f: b.batch_state(job(b, f, GOOD[f])[1]),
    "is_batch_done": lambda b, f: b.is_batch_done(job(b, f, GOOD[f])[1]),
    "is_batch_done of a failed batch": lambda b, f: b.is_batch_done(job(b, f, b"<{,")[1]),
    "wait_for_batch": lambda b, f: b.wait_for_batch(*job(b, f, GOOD[f])),
    "wait_for_batch of a failed batch": lambda b, f: b.wait_for_batch(*job(b, f, b"<{,")),
    "get_query_batch_request": lambda b, f: b.get_query_batch_request(queried(b, f)[1]),
    "query": lambda b, f: queried(b, f)[1],
    "query without a job": lambda b, f: b.query(None, SOQL, contentType=f),
    "query with a mistake": lambda b, f: b.is_batch_done(
        queried(b, f, "SELECT Nope FROM Account")[1]
    ),
    "get_query_batch_result_ids": lambda b, f: b.get_query_batch_result_ids(queried(b, f)[1]),
    "get_all_results_for_query_batch": lambda b, f: [
        r.read() for r in b.get_all_results_for_query_batch(queried(b, f)[1])
    ],
    "get_query_batch_results chunk_size=None": lambda b, f: (
        lambda batch: b.get_query_batch_results(
            batch, b.get_query_batch_result_ids(batch)[0], chunk_size=None
        ).read()
    )(queried(b, f)[1]),
    "an update, whole": lambda b, f: written(b, f, "update", {"Id": stored(b), "Name": "new"}),
    "an upsert, whole": lambda b, f: written(
        b, f, "upsert", {"Id": stored(b), "Name": "new"}, external_id_name="Id"
    ),
    "a delete, whole": lambda b, f: written(b, f, "delete", {"Id": stored(b)}),
    "a hard delete, whole": lambda b, f: written(b, f, "hardDelete", {"Id": stored(b)}),
    "an update of an unknown Id": lambda b, f: written(
        b, f, "update", {"Id": "0010000000000001AA", "Name": "new"}
    ),
    "create_queryall_job": lambda b, f: b.query(
        b.create_queryall_job("Account", contentType=f), SOQL
    ),
    "results of a query without rows": lambda b, f: [
        r.read()
        for r in b.get_all_results_for_query_batch(
            queried(b, f, "SELECT Name FROM Account WHERE Name = 'none'")[1]
        )
    ],
}


def cell(value):
    return lambda b: b"".join(CsvDictsAdapter(iter([{"A": value}])))


def read_after_close(b):
    file = IteratorBytesIO(iter([b"ab", b"cd"]))
    file.close()
    return file.read()


def read_after_end(b):
    file = IteratorBytesIO(iter([b"ab", b"cd"]))
    file.read()
    file.close()
    return file.read()


WHEN = datetime.datetime(2024, 1, 2, 3, 4, 5)
ONCE = {
    "job_status of None": lambda b: b.job_status(None),
    "job_status of an unknown job": lambda b: b.job_status(UNKNOWN),
    "close_job of an unknown job": lambda b: b.close_job(UNKNOWN),
    "create_job without an object": lambda b: b.create_job(None, "insert"),
    "create_job without an operation": lambda b: b.create_job("Account"),
    "create_job pk_chunking": lambda b: b.create_query_job("Account", pk_chunking=1000),
    "create_upsert_job": lambda b: b.create_upsert_job("Account", "Name"),
    "create_delete_job": lambda b: b.create_delete_job("Account"),
    "create_job_doc": lambda b: b.create_job_doc("Account", "insert", "CSV", "Serial", "Ext__c"),
    "create_close_job_doc": lambda b: b.create_close_job_doc(),
    "create_abort_job_doc": lambda b: b.create_abort_job_doc(),
    "headers": lambda b: sorted(b.headers()),
    "headers with values": lambda b: sorted(b.headers({"X": "1"}, content_type="text/csv").items())[
        :2
    ],
    "lookup_job_id of an unknown batch": lambda b: b.lookup_job_id("751x"),
    "batch_status of an unknown batch": lambda b: b.batch_status("751x"),
    "get_batch_results of an unknown batch": lambda b: b.get_batch_results("751x"),
    "query without FROM": lambda b: b.query(None, "SELECT Name"),
    "query of a sub-select": lambda b: b.job_status(
        b.lookup_job_id(b.query(None, "SELECT Id, (SELECT Id FROM Contacts) FROM Account"))
    )["object"],
    "batch_status of None": lambda b: b.batch_status(None),
    "post_batch of None": lambda b: b.post_batch(job(b, "CSV"), None),
    "post_batch of a list": lambda b: job(b, "CSV", [b"Name\n", b"a\n"])[1],
    "post_batch of a list of dicts": lambda b: job(b, "JSON", [{"Name": "a"}])[1],
    "post_batch to a ZIP_CSV job": lambda b: b.post_batch(
        b.create_insert_job("Attachment", contentType="ZIP_CSV"), b"PK"
    ),
    "query of None": lambda b: b.query(job(b, "CSV", operation="query"), None),
    "query of nothing": lambda b: b.query(job(b, "CSV", operation="query"), ""),
    "query with line breaks, without a job": lambda b: b.query(None, "SELECT Id\nFROM\nAccount"),
    "post_batch of a dict": lambda b: job(b, "CSV", {"a": "b"})[1],
    "post_batch of 10,001 rows": lambda b: job(b, "CSV", b"Name\n" + b"x\n" * 10_001)[1],
    "post_mapping_file": lambda b: b.post_mapping_file(
        job(b, "CSV"), b"Salesforce Field,Csv Header,Value,Hint\nName,n,,\n"
    ),
    "post_mapping_file of nothing": lambda b: b.post_mapping_file(job(b, "CSV"), b""),
    "raise_error": lambda b: b.raise_error("text", 404),
    "str(API_version=)": lambda b: SalesforceBulk("s", "h", API_version=62.0).endpoint,
    "API_version='v62.0'": lambda b: SalesforceBulk("s", "h", API_version="v62.0").endpoint,
    "default API_version": lambda b: SalesforceBulk("s", "h").endpoint,
    "host with a slash": lambda b: SalesforceBulk("s", "https://h/", API_version="62.0").endpoint,
    "host with a path": lambda b: SalesforceBulk(
        "s", "https://h/x", API_version="62.0"
    ).endpoint,
    "host in capitals": lambda b: SalesforceBulk("s", "HTTPS://h", API_version="62.0").endpoint,
    "API_version=62": lambda b: SalesforceBulk("s", "h", API_version=62).endpoint,
    "a session in bytes": lambda b: SalesforceBulk(b"s", "h", API_version="62.0").endpoint,
    "plain http to another machine": lambda b: SalesforceBulk(
        "s", "http://192.0.2.1:9", API_version="62.0"
    ).endpoint,
    "no credentials": lambda b: SalesforceBulk(),
    "a session without a host": lambda b: SalesforceBulk(sessionId="s"),
    "an incomplete login": lambda b: SalesforceBulk(username="u", password="p"),
    "a wrong session": lambda b: SalesforceBulk("00D!x", b.endpoint.split("/services")[0]).job_status(
        UNKNOWN
    ),
    "a server that is not there": lambda b: SalesforceBulk(
        "s", "http://127.0.0.1:9", API_version="62.0"
    ).job_status(UNKNOWN),
    "CsvDictsAdapter of a text": cell("a"),
    "CsvDictsAdapter of a number": cell(1.5),
    "CsvDictsAdapter of None": cell(None),
    "CsvDictsAdapter of True": cell(True),
    "CsvDictsAdapter of nan": cell(float("nan")),
    "CsvDictsAdapter of inf": cell(float("inf")),
    "CsvDictsAdapter of a date": cell(WHEN.date()),
    "CsvDictsAdapter of a naive datetime": cell(WHEN),
    "CsvDictsAdapter of an aware datetime": cell(WHEN.replace(tzinfo=datetime.timezone.utc)),
    "CsvDictsAdapter of bytes": cell(b"x"),
    "CsvDictsAdapter of a dict": cell({"a": 1}),
    "CsvDictsAdapter of a list of texts": cell(["a", "b"]),
    "CsvDictsAdapter of a tuple of texts": cell(("a", "b")),
    "CsvDictsAdapter of a time": cell(WHEN.time()),
    "CsvDictsAdapter of a timedelta": cell(datetime.timedelta(1)),
    "CsvDictsAdapter of a Decimal": cell(decimal.Decimal("1.10")),
    "CsvDictsAdapter of a large float": cell(1e30),
    "CsvDictsAdapter of a UUID": cell(uuid.UUID(int=1)),
    "CsvDictsAdapter of half a character": cell("\ud800"),
    "CsvDictsAdapter of a longer row of csv.DictReader": lambda b: b"".join(
        CsvDictsAdapter(csv.DictReader(io.StringIO("A\n1,2\n")))
    ),
    "CsvDictsAdapter of a list": lambda b: b"".join(CsvDictsAdapter([{"A": "1"}])),
    "CsvDictsAdapter with a new column": lambda b: b"".join(
        CsvDictsAdapter(iter([{"A": "1"}, {"B": "2"}]))
    ),
    "IteratorBytesIO read after close": read_after_close,
    "IteratorBytesIO read after its end and close": read_after_end,
    "from salesforce_bulk import *": lambda b: sorted(
        name
        for name in ("SalesforceBulk", "BulkApiError", "UploadResult", "CsvDictsAdapter",
                     "salesforce_bulk", "csv_adapter", "util", "bulk_states")
        if name in star()
    ),
    "UploadResult": lambda b: repr(salesforce_bulk.UploadResult("1", "true", "false", "")),
}  # fmt: skip


def star():
    names = {}
    exec("from salesforce_bulk import *", names)
    return names


IDS = re.compile(r"\b(750|751|752|001|005|00D)[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\b")
#: Sessions, addresses of objects, and ports.
PASSING = re.compile(r"127\.0\.0\.1:\d+|0x[0-9a-f]+|port=\d+|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+0000)")


def plain(value):
    """A text that is the same in every run."""
    return PASSING.sub("*", IDS.sub(r"<\1>", repr(value)))


def outcome(call, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {"gives": plain(call(*arguments))}
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__[:-2]]
            return {"raises": kinds, "text": plain(str(error))}


def main(session, origin):
    bulk = SalesforceBulk(session, origin, API_version="62.0")
    found = {}
    for name, call in IN_EACH_FORMAT.items():
        for form in FORMATS:
            found[f"{name}, {form}"] = outcome(call, bulk, form)
    for name, call in ONCE.items():
        found[name] = outcome(call, bulk)
    json.dump(found, sys.stdout, indent=1, ensure_ascii=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
