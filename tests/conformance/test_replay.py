"""A report against the emulator: none differs that was made from what the emulator can speak."""

import json
import re
from pathlib import Path

import pytest
from probing import asked

from salesforce_bulk.conformance.replay import replay
from salesforce_bulk.conformance.report import read_report, report_of, written
from salesforce_bulk.errors import InvalidInput

REPORTS = sorted(Path(__file__).with_name("reports").glob("*.json"))
DIALECT = {"bulk1.query.content_type": "text/csv;charset=UTF-8"}


def report_with(dialect, path):
    """Of an emulator, asked about the queries of 1.0; read back from its file."""
    with asked(dialect, "bulk1.query.") as (org, findings):
        report = report_of(org, "sandbox", findings, write=True, complete=True)
    path.write_bytes(written(report))
    return read_report(path)


@pytest.mark.parametrize("dialect", [{}, DIALECT], ids=["none", "one"])
def test_a_report_of_an_emulator_has_no_difference_to_it(dialect, tmp_path):
    report = report_with(dialect, tmp_path / "org.json")
    assert report["dialect"] == dialect
    assert replay(report) == []


def test_what_the_emulator_does_otherwise_is_told_difference_by_difference(tmp_path):
    report = {**report_with(DIALECT, tmp_path / "org.json"), "dialect": {}}
    told = {(each.behaviour, each.what, each.reported, each.emulated) for each in replay(report)}
    assert (*DIALECT, "reading", *DIALECT.values(), "text/csv") in told
    assert (*DIALECT, "header content-type", *DIALECT.values(), "text/csv") in told
    assert {what for _, what, *_ in told} == {"reading", "header content-type"}


def test_an_answer_that_no_dialect_has_is_a_difference(tmp_path):
    report = report_with({}, tmp_path / "org.json")
    report["findings"][0]["reading"] = "text/comma-separated-values"
    report["exchanges"][0]["came"]["status"] = 418
    told = replay(report)
    assert [each.reported for each in told if each.what == "reading"] == [
        "text/comma-separated-values"
    ]
    assert {(each.reported, each.emulated) for each in told if each.what == "status"} == {
        ("418", "201")
    }


def test_how_many_records_an_org_has_is_no_difference(tmp_path):
    with asked({}, "rest.") as (org, findings):
        report = report_of(org, "sandbox", findings, write=True, complete=True)
    path = tmp_path / "org.json"
    path.write_bytes(written(report))
    text = path.read_text("utf-8")
    changed = re.sub(
        r'((?:count|ardinality|totalSize)\\"\s*:\s*)(?:\d|<number \d+: 0+>)', r"\g<1>9", text
    )
    changed = re.sub(r"<\d+ more characters>", "<140712 more characters>", changed)
    assert changed != text
    path.write_text(changed, "utf-8")
    assert replay(read_report(path)) == []


def test_a_behaviour_that_no_probe_asks_about_any_more_is_a_difference(tmp_path):
    report = report_with({}, tmp_path / "org.json")
    report["findings"][0]["id"] = "bulk1.query.gone"
    told = {each.emulated for each in replay(report) if each.behaviour == "bulk1.query.gone"}
    assert "no probe asks about this" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no report"),
        ("[]", "is no report"),
        ('{"findings": [], "format": 99}', "Update salesforce-bulk"),
    ],
)
def test_what_is_no_report_is_refused(content, told, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=told):
        read_report(path)


def test_a_dialect_that_the_emulator_does_not_know_is_refused(tmp_path):
    report = report_with({}, tmp_path / "org.json") | {"dialect": {"bulk1.query.gone": "x"}}
    with pytest.raises(InvalidInput, match=r"bulk1\.query\.gone"):
        replay(json.loads(written(report)))


@pytest.mark.parametrize("path", REPORTS, ids=[path.stem for path in REPORTS])
def test_the_emulator_does_what_the_org_of_a_report_does(path):
    """Where it does not, another reading has to be learnt; see reports/README.md."""
    told = [each for each in replay(read_report(path)) if each.what == "reading"]
    assert told == []


FINDING = {"id": "bulk1.query.content_type", "verdict": "agrees", "reading": "text/csv"}
EXCHANGE = {
    "sent": {"method": "GET", "path": "/"},
    "came": {"status": 200, "headers": {}, "body": ""},
}
WHOLE = {
    "format": 1,
    "api_version": "64.0",
    "rows": 12,
    "dialect": {},
    "findings": [{**FINDING, "exchanges": [0]}],
    "exchanges": [EXCHANGE],
}


@pytest.mark.parametrize(
    "damage",
    [
        {"findings": [1]},
        {"findings": [FINDING]},
        {"findings": [{**FINDING, "exchanges": [1]}]},
        {"findings": [{**FINDING, "exchanges": [-1]}]},
        {"findings": [{**FINDING, "exchanges": 0}]},
        {"findings": [{**FINDING, "reading": None, "exchanges": []}]},
        {"exchanges": None},
        {"exchanges": [{**EXCHANGE, "came": {}}]},
        {"exchanges": [{**EXCHANGE, "sent": []}]},
        {"rows": None},
        {"rows": 1_000_000_000},
        {"dialect": [1]},
        {"dialect": {"bulk1.query.content_type": 1}},
        {"api_version": 64},
    ],
)
def test_a_damaged_report_of_somebody_else_is_refused_before_anything_is_asked(damage, tmp_path):
    path = tmp_path / "org.json"
    path.write_text(json.dumps(WHOLE))
    assert read_report(path) == WHOLE
    path.write_text(json.dumps({**WHOLE, **damage}))
    with pytest.raises(InvalidInput, match="is no whole report: its"):
        read_report(path)
