"""The commands, as they are typed."""

import errno
import gzip
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from org_environment import describe_in_environment
from pyarrow import parquet

from salesforce_bulk.cli import COMMANDS
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.errors import InvalidInput

GOOD = "Ext__c,N__c\n" + "".join(f"e{number},{number}\n" for number in range(1, 31))
BAD = GOOD + "bad,many\n"
QUERY = "SELECT Ext__c, N__c FROM Load__c ORDER BY Ext__c"


def stored(org):
    rows = org.connect().export("SELECT Ext__c, N__c FROM Load__c")
    return sorted((row["Ext__c"], row["N__c"]) for row in rows)


@pytest.fixture
def loaded(shell):
    shell.write("good.csv", GOOD)
    assert shell("upsert", "Load__c", "good.csv", "--external-id", "Ext__c").exit_code == 0
    return shell


def test_a_note_of_an_export_is_told_once(org, shell, monkeypatch):
    """When it is noted, and not again at the end."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a process of its own
    org.faults.add("batch_failed", object="Account", message="QUERY_TIMEOUT: too long")
    told = shell("export", "SELECT Id FROM Account", "a.csv", "--api", "1.0")
    assert (told.exit_code, told.err.count("PK chunking (")) == (0, 1)


# Loads


def test_rows_that_fail_again_get_a_file_of_their_own(org, shell):
    """A second x.failed.csv would take the place of the rows that were mended."""
    shell.write("x.csv", BAD)
    upsert = ("upsert", "Load__c", "--external-id", "Ext__c", "--nulls", "clear")
    told = shell(*upsert, "x.csv")
    names = ["x.failed.csv", "x.failed-2.csv", "x.failed-3.csv"]
    for name, after in pairwise(names):
        expected = f"salesforce-bulk upsert Load__c {name} --external-id Ext__c --nulls clear"
        assert told.err.splitlines()[-1] == f"Go on with: {expected}"
        told = shell(*upsert, name)
        assert f"1 failed → {after} (mend it" in told.err
    assert sorted(path.name for path in shell.folder.iterdir()) == sorted(["x.csv", *names])


def test_fields_that_a_failed_row_lacked_are_not_cleared_by_the_next_load(org, shell):
    """Trap: --nulls clear once more, for a file in which such a field is an empty cell."""
    lines = '{"Ext__c": "a", "Name": null}\n{"Ext__c": "b", "N__c": "many"}\n'
    shell.write("x.jsonl", lines)
    told = shell("upsert", "Load__c", "--external-id", "Ext__c", "--nulls", "clear", "x.jsonl")
    expected = "Go on with: salesforce-bulk upsert Load__c x.failed.csv --external-id Ext__c"
    assert told.err.splitlines()[-1] == expected


def test_a_load_ends_with_counts_and_0(org, shell):
    shell.write("good.csv", GOOD)
    done = shell("insert", "Load__c", "good.csv")
    assert (done.exit_code, done.out) == (0, "")
    assert done.err.splitlines()[-1] == "  30 succeeded"
    assert len(stored(org)) == 30
    assert [path.name for path in shell.folder.iterdir()] == ["good.csv"]


def test_failed_rows_are_told_written_and_load_again_when_they_are_mended(org, shell):
    shell.write("fix.csv", BAD)
    done = shell("upsert", "Load__c", "fix.csv", "--external-id", "Ext__c")
    assert done.exit_code == 3
    assert done.err.splitlines()[-3:] == [
        "  30 succeeded, 1 failed → fix.failed.csv (mend it and load it again)",
        "    row 31  N__c  INVALID_FIELD  'many'",
        "Go on with: salesforce-bulk upsert Load__c fix.failed.csv --external-id Ext__c",
    ]
    failed = shell.folder / "fix.failed.csv"
    assert failed.read_text().splitlines()[0] == "Ext__c,N__c,sf__Id,sf__Created,sf__Error"
    failed.write_text(failed.read_text().replace("bad,many", "bad,7"))
    again = shell("upsert", "Load__c", "fix.failed.csv", "--external-id", "Ext__c")
    assert again.exit_code == 0
    assert ("bad", 7) in stored(org)


def test_update_and_delete_go_by_id(org, loaded):
    rows = list(org.connect().export("SELECT Id, N__c FROM Load__c"))
    loaded.write("new.csv", "Id,N__c\n" + "".join(f"{row['Id']},5\n" for row in rows))
    assert loaded("update", "Load__c", "new.csv").exit_code == 0
    assert {number for _, number in stored(org)} == {5}
    loaded.write("ids.csv", "Id\n" + "".join(f"{row['Id']}\n" for row in rows[:20]))
    assert loaded("delete", "Load__c", "ids.csv").exit_code == 0
    loaded.write("more.csv", "Id\n" + "".join(f"{row['Id']}\n" for row in rows[20:]))
    refused = loaded("hard-delete", "Load__c", "more.csv")
    assert (refused.exit_code, "Ask an administrator" in refused.err) == (4, True)
    assert len(stored(org)) == 10


ROWS = [{"key": f"e{number}", "N__c": number} for number in range(1, 31)]


def write_parquet(path):
    parquet.write_table(pa.Table.from_pylist(ROWS), path)


def write_arrow(path):
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def csv_bytes():
    return b"key,N__c\n" + b"".join(f"{row['key']},{row['N__c']}\n".encode() for row in ROWS)


def json_bytes():
    return b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)


def write_zstd(path):
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write(csv_bytes())


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda path: path.write_bytes(csv_bytes())),
        ("a.csv.gz", lambda path: path.write_bytes(gzip.compress(csv_bytes()))),
        ("a.csv.zst", write_zstd),
        ("a.jsonl", lambda path: path.write_bytes(json_bytes())),
        ("a.ndjson.gz", lambda path: path.write_bytes(gzip.compress(json_bytes()))),
        ("a.parquet", write_parquet),
        ("misnamed.csv", write_parquet),
        ("a.arrow", write_arrow),
    ],
)
def test_a_file_of_any_format_has_columns_renamed_and_constants_added(org, shell, name, write):
    write(shell.folder / name)
    done = shell("insert", "Load__c", name, "--map", "key=Ext__c", "--constant", "D__c=2024-01-31")
    assert done.exit_code == 0, done.err
    assert stored(org) == sorted((row["key"], row["N__c"]) for row in ROWS)
    dates = {str(row["D__c"]) for row in org.connect().export("SELECT D__c FROM Load__c")}
    assert dates == {"2024-01-31"}


def test_rows_come_by_stdin_where_the_format_is_said(org, shell, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert shell("insert", "Load__c", "-").exit_code == 2
    assert shell("insert", "Load__c", "-", "--format", "csv").exit_code == 3
    assert len(stored(org)) == 30
    assert (shell.folder / "Load__c.failed.csv").exists()


def test_rows_of_stdin_are_named_by_no_path_of_this_program(shell, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    refused = shell("insert", "Load__c", "-", "--format", "csv", "--quiet")
    assert refused.err == (
        "salesforce-bulk: stdin: The file is empty; its first line names the columns.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["insert", "Load__c", "no.csv"], "no.csv"),
        (["insert", "Load__c", "good.csv", "--map", "x=N__c"], "There is no column 'x'"),
        (["insert", "Load__c", "good.csv", "--constant", "x"], "joined by '='"),
        (["insert", "Load__c", "wrong.csv"], "Nmae__c"),
        (["insert", "Load__c", "what.xyz"], "--format csv|jsonl|parquet|arrow"),
        (["upsert", "Load__c", "good.csv"], "--external-id"),
        (["export", "Load__c", "x.xyz"], "--format csv|jsonl|parquet|arrow"),
        (["export", QUERY, "x.csv", "--fields", "Id"], "--fields and --where go with an object"),
        (["export", "SELECT Id", "x.csv"], "FROM"),
        (["results", "750000000000001AAA"], "knows no job"),
        (["job", "x"], "is no job's id"),
        (["describe", "Nothing__c"], "Nothing__c"),
        (["export", "Nothing__c", "x.csv"], "The org has no object 'Nothing__c'"),
        (["insert", "Nothing__c", "good.csv"], "The org has no object 'Nothing__c'"),
        (["resume"], "no interrupted run"),
        (["retry", "7505g0000000009AAA"], "no run or job 7505g0000000009AAA"),
        (["delete", "Load__c", "good.csv"], "Rename one with --map OLD=Id, and leave"),
        (["update", "Load__c", "good.csv"], "Rename one with --map OLD=Id, or use upsert"),
        (["insert", "Load__c", "good.csv", "--constant", "N__c=1"], "there with --map N__c="),
        (["insert", "Load__c", "good.csv", "--map", "N__c=Id"], "upsert with --external-id Id"),
        (["upsert", "Load__c", "good.csv", "--external-id", "N__c"], "--external-id N__c is no"),
        (["insert", "Load__c", "good.csv", "--api", "2.0", "--serial"], "need --api 1.0"),
        (["insert", "Load__c", "good.csv", "--batch-size", "0"], "'0' is no whole number, 1 or"),
        (["insert", "Load__c", "good.csv", "--batch-size", "10001"], "--batch-size is between 1"),
        (["insert", "Load__c", "good.csv", "--report", "/dev/null"], "/dev/null is no file, so"),
        (["jobs", "--most", "-1"], "argument --most: '-1' is no whole number, 1 or more"),
        (["retry", "--attempts", "0"], "argument --attempts: '0' is no whole number, 1 or more"),
        (["export", "Load__c", "x.csv", "--parallel", "no"], "'no' is no whole number, 1 or more"),
        (["export", QUERY, "x.csv", "--pk-chunking", "--api", "2.0"], "--pk-chunking is 1.0's"),
        (["insert", "Load__c", "good.csv", "--group-by", "X__c"], "--group-by X__c is no column"),
        (["delete", "Load__c", "more.csv"], "Leave the others out: --map N__c= --map D__c=."),
        (["insert", "Load__c", "stamped.csv"], "Drop them with --map OLD=; check='none' (in Py"),
        (["insert", "Load__c", "latin.csv"], "Give --encoding, e.g. --encoding cp1252"),
        (
            ["insert", "Load__c", "good.csv", "--dry-run", "--group-by", "X__c"],
            "--group-by X__c is",
        ),
        (["insert", "Load__c", "sheet.csv"], "sheet.csv is a zip archive or a workbook of Excel: "),
        (["insert", "Load__c", "sheet.csv", "--format", "jsonl"], "save the sheet as CSV."),
        (["insert", "Load__c", "list.json"], "make them, e.g. with jq -c '.[]'"),
        (["insert", "Load__c", "line.txt"], "line.txt is JSON: if each line is an object, say so"),
        (["insert", "Load__c", "page.csv"], "was a login page saved"),
        (["insert", "Load__c", "sep.csv"], "tells Excel its delimiter; take that line out."),
        (["insert", "Load__c", "bad.jsonl"], "bad.jsonl: Line 2 is no JSON: Expecting value."),
        (["insert", "Load__c", "no.csv"], "salesforce-bulk: no.csv: No such file or directory"),
        (
            ["insert", "Load__c", "good.csv", "--report", "no/x.html"],
            "no/x.html: there is no folder",
        ),
        (["insert", "Load__c", "good.csv", "--batchsize=3"], "did you mean --batch-size?"),
        (["export", "Load__c", "x.parquet", "--format", "csv"], "--format parquet writes Parquet"),
        (["export", "Load__c", "x.csv", "--state", "no/where"], "no/where: there is no folder"),
        (["export", "Load__c", "no/x.csv"], "no/x.csv: there is no folder"),
        (["results", "750000000000001AAA", "no/x.csv"], "no/x.csv: there is no folder"),
        (["export", "Load__c", ".", "--format", "csv"], "salesforce-bulk: . is a folder"),
        (["export", "SELECT * FROM Load__c", "x.csv"], "use export Object --fields all"),
        (["export", QUERY, "x.csv", "--pk-chunking", "--include-deleted"], "leave --pk-chunking"),
    ],
)
def test_wrong_input_is_2_and_nothing_is_sent(org, shell, arguments, told):
    for name, text in (("good.csv", GOOD), ("wrong.csv", "Nmae__c\n1\n"), ("what.xyz", GOOD)):
        shell.write(name, text)
    shell.write("list.json", '[\n{"Ext__c": "a"}]')
    shell.write("line.txt", '{"Ext__c": "a"}')
    shell.write("page.csv", "<!DOCTYPE html><html>")
    shell.write("sep.csv", "sep=;\nExt__c;N__c\na;1\n")
    shell.write("bad.jsonl", '{"Ext__c": "a"}\n{"Ext__c":\n')
    (shell.folder / "sheet.csv").write_bytes(b"PK\x03\x04and so on")
    shell.write("more.csv", "Id,N__c,D__c\na00000000000001AAA,1,\n")
    shell.write("stamped.csv", "Ext__c,SystemModstamp\na,2024-01-01T00:00:00Z\n")
    (shell.folder / "latin.csv").write_bytes("Ext__c\nmünchen\n".encode("cp1252"))
    done = shell(*arguments)
    assert (done.exit_code, done.out) == (2, "")
    assert told in done.err
    assert "Go on" not in done.err
    assert not re.search(r"<\w|\"\w+\" ?:", done.err)  # no document of the API
    assert not [
        request for request in org.requests if request.method == "POST" and "job" in request.path
    ]
    assert not list(shell.folder.glob("x*"))


@pytest.mark.parametrize("text", ["-1", "nan", "soon"])
@pytest.mark.parametrize(
    "command",
    [["insert", "Load__c", "good.csv"], ["export", QUERY], ["results", "750000000000001AAA"],
     ["resume"], ["retry"], ["conformance"]],
)  # fmt: skip
def test_a_time_to_wait_that_is_none_is_refused_before_the_first_call(org, shell, command, text):
    shell.write("good.csv", GOOD)
    before = len(org.requests)
    done = shell(*command, "--timeout", text)
    assert (done.exit_code, done.out) == (2, "")
    assert f"--timeout: {text!r} is no number of seconds" in done.err
    assert len(org.requests) == before


@pytest.fixture
def parquet_file(shell):
    """12,000 rows of which one has a date that is none."""
    dates = ["2024-01-31"] * 3 + ["31.01.2024"] + ["2024-01-31"] * 11_996
    table = pa.table({"key": [f"e{number}" for number in range(12_000)], "D__c": dates})
    parquet.write_table(table, shell.folder / "x.parquet")
    return "x.parquet"


def test_a_dry_run_judges_every_cell_tells_the_share_and_sends_nothing(org, shell, parquet_file):
    dry = ("insert", "Load__c", parquet_file, "--dry-run", "--map", "key=Ext__c")
    done = shell(*dry)
    assert (done.exit_code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        "  12,000 rows, 2 batches (0.01 % of today's). "
        "row 4: D__c '31.01.2024' is no date (2024-01-31?)"
    )
    found = shell(*dry, "--json").json
    assert (found["rows"], found["batches"], found["refused_cells"]) == (12_000, 2, 1)
    assert found["refused"][0]["row"] == 4
    left_out = shell(*dry, "--map", "D__c=")
    assert left_out.exit_code == 0
    assert left_out.err.splitlines()[-1] == (
        "  12,000 rows, 2 batches (0.01 % of today's). Nothing was sent."
    )
    assert stored(org) == []


def test_a_dry_run_counts_cells_beyond_those_it_lists(shell):
    shell.write("x.csv", "Ext__c,N__c,D__c\n" + "a,many,none\n" * 30)
    done = shell("insert", "Load__c", "x.csv", "--dry-run")
    lines = done.err.splitlines()[-12:]
    assert lines[0].endswith("The org would refuse 60 cells:")
    assert lines[1] == "    row 1: D__c 'none' is no date"
    assert lines[-1] == "    and 50 more"


def test_a_dry_run_of_more_than_is_left_today_says_so(shell, monkeypatch):
    shell.write("accounts.csv", "Name\n" + "a\n" * 30)
    with SalesforceEmulator(batches_per_day=4) as small:
        describe_in_environment(small, monkeypatch)
        done = shell("insert", "Account", "accounts.csv", "--dry-run", "--batch-size", "5")
    assert (done.exit_code, "6 batches" in done.err, "4 are left" in done.err) == (1, True, True)


# Exports


def test_rows_go_to_stdout_and_everything_else_to_stderr(loaded):
    done = loaded("export", QUERY)
    assert done.exit_code == 0
    lines = done.out.splitlines()
    assert (len(lines), lines[0], lines[1]) == (31, '"Ext__c","N__c"', '"e1","1.0"')
    assert done.err.splitlines()[-1] == "  30 rows"


@pytest.mark.parametrize("format_name", ["jsonl", "arrow", "parquet", "csv"])
def test_stdout_takes_every_format(loaded, format_name):
    with loaded.start("export", QUERY, "-", "--format", format_name, text=False) as process:
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    if format_name == "jsonl":
        rows = [json.loads(line) for line in out.splitlines()]
    elif format_name == "arrow":
        rows = pa.ipc.open_stream(out).read_all().to_pylist()
    elif format_name == "parquet":
        rows = parquet.read_table(io.BytesIO(out)).to_pylist()
    else:
        rows = out.splitlines()[1:]
    assert len(rows) == 30


@pytest.mark.parametrize(
    "name", ["x.csv", "x.csv.gz", "x.csv.zst", "x.jsonl", "x.jsonl.gz", "x.parquet", "x.arrow"]
)
def test_what_was_exported_loads_again(org, loaded, name):
    done = loaded("export", "Load__c", name, "--fields", "Id,N__c", "--where", "N__c > 10")
    assert done.exit_code == 0, done.err
    assert done.err.splitlines()[-1] == f"  20 rows → {name}"
    again = loaded("update", "Load__c", name)
    assert (again.exit_code, again.err.splitlines()[-1]) == (0, "  20 succeeded")


@pytest.mark.parametrize("at", range(4))
def test_a_file_may_stand_anywhere_among_the_options(loaded, at):
    """Behind an option it was an unknown argument."""
    words = [["--fields", "Ext__c, N__c"], ["--quiet"], ["--api", "1.0"]]
    words.insert(at, ["x.csv"])
    done = loaded("export", "Load__c", *(word for each in words for word in each))
    assert (done.exit_code, done.err) == (0, "  30 rows → x.csv\n")
    assert (loaded.folder / "x.csv").read_text().startswith('"Ext__c","N__c"\n')
    job = loaded("jobs", "--json").json["runs"][0]["jobs"][0]
    assert loaded("results", "--timeout", "9", job, "--json", "y.csv").json["rows"] == 30


def test_a_reader_of_json_that_goes_away_is_141_and_quiet(loaded):
    process = loaded.start("orgs", "--json")
    process.stdout.close()
    with process:
        assert (process.stderr.read(), process.wait(60)) == ("", 141)


def test_a_condition_that_the_org_cannot_read_is_wrong_input(loaded):
    done = loaded("export", "Load__c", "x.csv", "--where", "Nme__c = 1")
    assert done.exit_code == 2
    assert "No such column 'Nme__c'" in done.err


def test_a_failed_export_is_1_and_leaves_no_file(org, loaded):
    org.faults.add("batch_failed")
    done = loaded("export", QUERY, "x.csv", "--api", "1.0")
    assert done.exit_code == 1
    assert not (loaded.folder / "x.csv").exists()


def test_a_reader_that_goes_away_is_141_and_quiet(org, loaded):
    rows = [{"Ext__c": f"long{number}", "N__c": number} for number in range(9_000)]
    org.connect().insert("Load__c", rows)
    with loaded.start("export", QUERY) as process:
        process.stdout.readline()
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 141
    assert "Traceback" not in told


# Looking


def test_jobs_job_and_results_tell_of_a_job(loaded):
    listed = loaded("jobs", "--json").json
    (job,) = [job["id"] for job in listed["jobs"] if job["operation"] == "upsert"]
    assert [run["jobs"] for run in listed["runs"]] == [[job]]
    assert job in loaded("jobs").out
    assert loaded("job", job, "--json").json["job"]["object"] == "Load__c"
    assert loaded("results", job, "out.csv").exit_code == 0
    assert len((loaded.folder / "out.csv").read_text().splitlines()) == 31
    assert (
        loaded("results", job).out.splitlines()[0]
        == "Ext__c,N__c,sf__Id,sf__Created,sf__Error,sf__Row"
    )
    assert loaded("abort", job).exit_code == 0


def test_results_name_the_run_that_a_retry_is_of(org, shell):
    """Without it a retry is of the last run, and loads other rows."""
    shell.write("fix.csv", BAD)
    (job,) = shell("insert", "Load__c", "fix.csv", "--json").json["job_ids"]
    shell.write("other.csv", BAD)
    shell("insert", "Load__c", "other.csv")
    assert shell("results", job).err.splitlines()[-1] == f"Go on with: salesforce-bulk retry {job}"
    elsewhere = org.connect().insert(
        "Load__c", [{"Ext__c": "x", "N__c": "many"}], on_error="report", check="none"
    )
    done = shell("results", elsewhere.job_ids[0])
    assert (done.exit_code, "Go on" in done.err) == (3, False)


def test_limits_and_describe_are_tables(loaded):
    assert re.search(r"^DailyBulkApiBatches +14,999 +15,000$", loaded("limits").out, re.M)
    fields = loaded("describe", "load__c").out
    assert re.search(r"^Ext__c +string\(255\) +external id$", fields, re.M)
    assert re.search(r"^N__c +double\(10, 2\)$", fields, re.M)


def test_orgs_lists_the_names_and_org_takes_one(org, loaded, monkeypatch):
    for key in ("username", "password", "security_token"):
        monkeypatch.setenv(f"SALESFORCE_BULK_STAGE_{key.upper()}", getattr(org, key))
    monkeypatch.setenv("SALESFORCE_BULK_STAGE_LOGIN_URL", org.url)
    assert "stage" in loaded("orgs").out.split()
    monkeypatch.delenv("SALESFORCE_BULK_USERNAME")
    assert loaded("limits", "--org", "stage").exit_code == 0
    unknown = loaded("limits", "--org", "nowhere")
    assert (unknown.exit_code, "stage" in unknown.err) == (2, True)


# Whatever ends it


def test_no_permission_is_4(shell, monkeypatch):
    monkeypatch.setenv("SALESFORCE_BULK_PASSWORD", "wrong")
    done = shell("limits", "--json")
    assert (done.exit_code, done.json["outcome"]) == (4, "not permitted")
    assert done.json["error"]["error_code"] == "INVALID_LOGIN"
    for key in ("USERNAME", "PASSWORD", "SECURITY_TOKEN", "LOGIN_URL"):
        monkeypatch.delenv(f"SALESFORCE_BULK_{key}")
    assert shell("limits").exit_code == 4


def test_json_is_one_object_whatever_happens(org, shell):
    shell.write("fix.csv", BAD)
    done = shell("insert", "Load__c", "fix.csv", "--json")
    assert done.json | {"job_ids": [], "failed_file": ""} == {
        "schema_version": 1,
        "command": "insert",
        "rows": 31,
        "succeeded": 30,
        "failed": 1,
        "unprocessed": 0,
        "unknown": 0,
        "job_ids": [],
        "api": "1.0",
        "failed_file": "",
        "go_on": "salesforce-bulk insert Load__c fix.failed.csv",
        "exit_code": 3,
        "outcome": "some rows failed",
    }


REFUSED = [
    (["insert", "Load__c", "no.csv"], "FileNotFoundError"),
    (["export", QUERY], "InvalidInput"),
    (["insert", "Load__c"], "WrongUsage"),
    (["insert", "Load__c", "no.csv", "--colour", "red"], "WrongUsage"),
    (["isnert"], "WrongUsage"),
    (["resume"], "InvalidInput"),
]


@pytest.mark.parametrize(("arguments", "kind"), REFUSED)
def test_json_answers_what_is_refused(shell, arguments, kind):
    done = shell(*arguments, "--json")
    assert (done.exit_code, done.err) == (2, "")
    assert done.json["schema_version"] == 1
    assert (done.json["outcome"], done.json["exit_code"]) == ("refused", 2)
    assert done.json["error"]["type"] == kind
    assert done.json["error"]["message"]


def test_json_answers_a_mistake_of_the_program_too(shell, monkeypatch):
    def broken(args):
        raise ZeroDivisionError("no")

    monkeypatch.setattr("salesforce_bulk.cli.commands.orgs.run", broken)
    with pytest.raises(ZeroDivisionError):
        shell("orgs", "--json")
    assert json.loads(shell.printed())["exit_code"] == 1


def test_a_retry_tells_of_the_rows_of_its_own_attempts(org, shell):
    shell.write("good.csv", GOOD)
    org.faults.add("row_errors", rows=3, times=1)
    assert shell("insert", "Load__c", "good.csv").exit_code == 3
    assert len(stored(org)) == 27
    again = shell("retry")
    lines = again.err.splitlines()
    assert lines[0] == "  retrying insert Load__c good.csv"
    assert [line.split()[0] for line in lines[1:3]] == ["uploading", "processing"]
    assert "3 of 3 rows" in lines[2]
    assert re.fullmatch(r"  sent again: 3 rows \(job 750.*\), 3 succeeded", lines[3])
    assert (again.exit_code, lines[4:]) == (0, ["  30 succeeded"])
    assert len(stored(org)) == 30
    nothing = shell("retry", "--json")
    assert (nothing.exit_code, nothing.json["attempts"], nothing.err) == (0, [], "")


@pytest.mark.parametrize("change", [b"", b"\n"])
def test_a_file_of_failed_rows_that_a_retry_brought_in_is_gone(org, shell, change):
    """Whoever loads it then has its rows twice."""
    shell.write("good.csv", GOOD)
    org.faults.add("row_errors", rows=3, times=1)
    assert shell("upsert", "Load__c", "good.csv", "--external-id", "Ext__c").exit_code == 3
    failed = shell.folder / "good.failed.csv"
    failed.write_bytes(failed.read_bytes() + change)
    done = shell("retry")
    assert done.exit_code == 0
    assert failed.exists() is bool(change)
    warning = "  the rows of good.failed.csv are in the org by now; do not load it"
    assert (warning in done.err.splitlines()) is bool(change)


def test_a_retry_that_is_interrupted_goes_on(slow_org, shell):
    slow_org.faults.add("row_errors", rows=3, times=1)
    shell.write("good.csv", GOOD)
    assert shell("insert", "Load__c", "good.csv").exit_code == 3
    slow_org.faults.add("slow_batch", seconds=2)
    late = shell("retry", "--timeout", "0.2", "--json")
    assert (late.exit_code, late.json["go_on"]) == (5, "salesforce-bulk resume")
    done = shell("resume")
    assert (done.exit_code, done.err.splitlines()[-1]) == (0, "  30 succeeded")
    assert shell("resume").exit_code == 2
    assert len(stored(slow_org)) == 30


@pytest.fixture
def slow_org(shell, monkeypatch, org):
    """An org whose batches take a while; the shell's environment describes it."""

    with SalesforceEmulator() as slow:
        slow.define_object("Load__c", {"Ext__c": "externalId", "N__c": "number(10, 2)"})
        describe_in_environment(slow, monkeypatch)
        yield slow


def test_a_wait_that_is_over_is_5_and_resume_ends_it(slow_org, shell):
    slow_org.faults.add("slow_batch", seconds=6)
    shell.write("good.csv", GOOD)
    late = shell("insert", "Load__c", "good.csv", "--timeout", "3", "--json")
    assert (late.exit_code, late.json["outcome"]) == (5, "still running")
    assert late.json["go_on"] == "salesforce-bulk resume"
    assert late.json["batches_in_the_org"] == 1
    done = shell("resume", late.json["job_ids"][0])
    assert (done.exit_code, done.err.splitlines()[-1]) == (0, "  30 succeeded")
    assert len(stored(slow_org)) == 30


def posts(org):
    return [each for each in org.requests if each.method == "POST" and each.path.endswith("/batch")]


@pytest.mark.parametrize(
    ("sent", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_one_signal_ends_cleanly_and_resume_goes_on(slow_org, shell, sent, code, word):
    slow_org.faults.add("slow_answer", route="bulk1.batches", nth=4, seconds=2)
    shell.write("big.csv", GOOD)
    with shell.start("insert", "Load__c", "big.csv", "--batch-size", "1", "--quiet") as process:
        while len(posts(slow_org)) < 3:
            assert process.poll() is None
        process.send_signal(sent)
        _, told = process.communicate(timeout=60)
    assert process.returncode == code
    found = re.search(
        rf"^{word}: (\d+) of 30 batches are in the org\.  Go on with: salesforce-bulk resume$",
        told,
        re.M,
    )
    assert found is not None, told
    assert int(found[1]) == len(posts(slow_org)) < 30
    done = shell("resume")
    assert (done.exit_code, done.err.splitlines()[-1]) == (0, "  30 succeeded")
    assert stored(slow_org) == [(f"e{n}", n) for n in sorted(range(1, 31), key=str)]


@pytest.mark.parametrize(
    ("sent", "outcome"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")]
)
def test_json_answers_a_signal(slow_org, shell, sent, outcome):
    slow_org.faults.add("slow_answer", route="bulk1.batches", nth=4, seconds=1)
    shell.write("big.csv", GOOD)
    options = ("--batch-size", "1", "--quiet", "--json")
    with shell.start("insert", "Load__c", "big.csv", *options) as process:
        while len(posts(slow_org)) < 3:
            assert process.poll() is None
        process.send_signal(sent)
        out, _ = process.communicate(timeout=60)
    found = json.loads(out)
    assert (found["outcome"], found["exit_code"]) == (outcome, process.returncode)
    assert found["go_on"] == "salesforce-bulk resume"
    assert 0 < found["batches_in_the_org"] < found["batches"] == 30
    assert found["job_ids"]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_second_signal_ends_at_once_and_tells_what_is_in_the_org(slow_org, shell, as_json):
    slow_org.faults.add("slow_answer", route="bulk1.batches", nth=3, seconds=60)
    shell.write("big.csv", GOOD)
    options = ["--batch-size", "1", "--quiet", *(["--json"] if as_json else [])]
    with shell.start("insert", "Load__c", "big.csv", *options) as process:
        while len(posts(slow_org)) < 3:
            assert process.poll() is None
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            with_pause(process)
        out, told = process.communicate()
    assert process.returncode == 130
    if as_json:
        found = json.loads(out)
        assert (found["outcome"], found["go_on"]) == ("interrupted", "salesforce-bulk resume")
        assert (found["batches_in_the_org"] < 30, found["batches"]) == (True, 30)
    else:
        assert re.search(r"^interrupted: \d of 30 batches are in the org\.", told, re.M)


def with_pause(process):
    try:
        process.wait(0.2)
    except subprocess.TimeoutExpired:
        return


# Help


@pytest.mark.parametrize("name", COMMANDS)
def test_help_begins_with_two_examples_and_fits_a_screen(shell, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = shell(name, "--help").out.splitlines()
    begin = lines.index("") + 1
    assert [line.startswith(f"  salesforce-bulk {name}") for line in lines[begin : begin + 2]] == [
        True,
        True,
    ]
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish", "powershell"])
def test_completion_is_code_of_the_shell(shell, shell_name):
    done = shell("completion", shell_name)
    assert (done.exit_code, "salesforce-bulk" in done.out) == (0, True)


def test_bash_completes_commands_and_their_options(shell):
    script = shell.write("c.sh", shell("completion", "bash").out)
    asked = subprocess.run(
        [
            "bash",
            "-c",
            f"source {script}; COMP_LINE='salesforce-bulk upsert --ext' COMP_POINT=28; "
            "COMP_CWORD=2; COMP_WORDS=(salesforce-bulk upsert --ext); "
            '_python_argcomplete salesforce-bulk; echo "${COMPREPLY[@]}"',
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{sys.prefix}/bin:/usr/bin:/bin"},
    )
    assert asked.stdout.split() == ["--external-id"], asked.stderr


def test_report_is_a_page_of_the_load(shell):
    shell.write("fix.csv", BAD)
    done = shell("insert", "Load__c", "fix.csv", "--report", "load.html", "--json")
    assert done.json["report"] == str(shell.folder / "load.html")
    assert "30 succeeded, 1 failed" in (shell.folder / "load.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("written", "error"),
    [
        ("report", OSError(errno.ENOSPC, "No space left on device")),
        ("failed rows", OSError(errno.ENOSPC, "No space left on device")),
        ("failed rows", PermissionError(errno.EACCES, "Permission denied")),
        ("failed rows", InvalidInput("fix.failed.csv is no file")),
    ],
)
def test_what_the_org_has_is_told_where_a_file_of_it_cannot_be_written(
    shell, monkeypatch, written, error
):
    """The rows are in the org by then: 2, of which nothing was sent, would have them sent again."""

    def full(*_args):
        raise error

    shell.write("fix.csv", BAD)
    name = {"report": "salesforce_bulk.load.results.page",
            "failed rows": "salesforce_bulk.cli.files.failed_file._write"}[written]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(name, full)
        done = shell("insert", "Load__c", "fix.csv", "--report", "load.html", "--quiet")
    assert done.exit_code == 1
    assert done.err.splitlines()[:2] == [
        "  30 succeeded, 1 failed", "    row 31  N__c  INVALID_FIELD  'many'"
    ]  # fmt: skip
    go_on = done.err.splitlines()[-1].removeprefix("Go on with: salesforce-bulk ").split()
    again = shell(*go_on, "--quiet")
    assert again.exit_code == 3
    assert (shell.folder / "load.html").exists()
    assert (shell.folder / "fix.failed.csv").exists()


def test_ctrl_c_while_the_outcome_is_told_leads_to_no_second_load(org, shell, monkeypatch):
    """The whole command again would load the rows twice."""

    def interrupted(*_args):
        raise KeyboardInterrupt

    shell.write("fix.csv", BAD)
    with monkeypatch.context() as patch:
        patch.setattr("salesforce_bulk.cli.files.failed_file._write", interrupted)
        done = shell("insert", "Load__c", "fix.csv", "--quiet")
    said, _, go_on = done.err.strip().partition("  Go on with: salesforce-bulk ")
    assert (done.exit_code, said) == (130, "interrupted: the load is over.")
    assert shell(*go_on.split(), "--quiet").exit_code == 3
    assert len(stored(org)) == 30
    assert (shell.folder / "fix.failed.csv").exists()


def test_ctrl_c_before_there_is_a_job_says_that_nothing_was_sent(shell, state, monkeypatch):
    class Typing(io.BytesIO):
        def read(self, *_args):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Typing()))
    done = shell("insert", "Load__c", "-", "--format", "csv")
    assert done.err == (
        "interrupted: nothing was sent.  Go on with: "
        "salesforce-bulk insert Load__c - --format csv\n"
    )
    assert not list(state.iterdir())


# Streams that are closed or full

needs_a_full_device = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="a device that is always full"
)


def test_where_stderr_is_closed_its_words_are_not_among_the_rows(loaded, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    done = loaded("export", QUERY)
    sys.stderr.close()
    assert (done.exit_code, done.out.count("\n")) == (0, 31)


@pytest.mark.parametrize("arguments", [("export", QUERY), ("limits",), ("limits", "--json")])
def test_where_stdout_is_closed_nothing_ends_well(loaded, monkeypatch, arguments):
    monkeypatch.setattr(sys, "stdout", None)
    done = loaded(*arguments)
    sys.stdout.close()
    assert done.exit_code == 1
    assert "cannot be written: Bad file descriptor" in done.err


@needs_a_full_device
def test_a_load_is_no_failure_where_nobody_hears_of_it(org, shell, monkeypatch):
    """As where the disk of a log is full: who reads 1 loads the rows again."""
    shell.write("good.csv", GOOD)
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert shell("insert", "Load__c", "good.csv").exit_code == 0
    assert len(stored(org)) == 30


@needs_a_full_device
def test_what_stdout_cannot_take_is_told_on_stderr(org, shell, monkeypatch):
    shell.write("good.csv", GOOD)
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        done = shell("insert", "Load__c", "good.csv", "--json")
    assert done.exit_code == 1
    assert "stdout cannot be written: No space left on device" in done.err
    assert json.loads(done.err.splitlines()[-1])["succeeded"] == 30


@pytest.mark.parametrize(
    ("refused", "code", "told"),
    [(errno.EPIPE, 141, ""), (errno.ENOSPC, 1, "salesforce-bulk: The open file")],
)
def test_results_end_as_an_export_does_where_stdout_takes_no_more(
    loaded, monkeypatch, refused, code, told
):
    class Refusing(io.StringIO):
        def write(self, text):
            raise OSError(refused, os.strerror(refused))

        def fileno(self):
            return nowhere.fileno()

    job = loaded("jobs", "--json").json["jobs"][0]["id"]
    with Path(os.devnull).open("w") as nowhere:
        monkeypatch.setattr(sys, "stdout", Refusing())
        done = loaded("results", job)
    assert done.exit_code == code
    assert done.err.startswith(told)
    assert bool(done.err) is bool(told)


def test_lines_of_results_end_once_in_a_pipe_of_windows(loaded, monkeypatch):
    job = loaded("jobs", "--json").json["jobs"][0]["id"]
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, "cp1252", newline="\r\n"))
    assert loaded("results", job).exit_code == 0
    assert pipe.getvalue().count(b"\r\n") == 31
    assert b"\r\r" not in pipe.getvalue()


# Folders of runs


def test_a_run_without_a_place_for_its_journal_says_where_else(shell, monkeypatch):
    shell.write("good.csv", GOOD)
    monkeypatch.setenv("XDG_STATE_HOME", str(shell.folder / "good.csv"))
    done = shell("insert", "Load__c", "good.csv")
    assert done.exit_code == 1
    assert "The journal of this run in" in done.err
    assert "XDG_STATE_HOME" in done.err


@pytest.mark.parametrize("text", ["", "[]", '{"folder": 1}'])
def test_a_damaged_run_is_told_and_others_go_on(loaded, state, text):
    (state / "20990101T000000-insert-abcdef").mkdir()
    (state / "20990101T000000-insert-abcdef" / "run.json").write_text(text)
    done = loaded("retry", "--quiet")
    assert (done.exit_code, done.err.splitlines()[-1]) == (0, "  30 succeeded")
    assert loaded("jobs", "--json").exit_code == 0


def test_a_warning_of_the_log_is_in_the_words_of_the_shell(org, shell):
    """One that goes to stderr because nothing else has the log."""
    with shell.start("limits") as process:
        _, err = process.communicate(timeout=60)
    assert err == (
        "SOAP login() with user name and password ends with Summer '27 and is off in new orgs "
        'already. Before then, log in by a connection with login = "client_credentials", '
        '"jwt" or "sf" (docs/logins.md).\n'
    )
