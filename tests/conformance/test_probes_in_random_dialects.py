"""Whatever an org reads in the other rows, a probe tells its own reading, or that it cannot."""

from collections.abc import Mapping

import pytest
from fast_clock import FastClock
from probing import asked, is_hidden

from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.run import Finding, Verdict, run_probes
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.dialect import Dialect, random_dialect

#: Readings of which one hid or changed what the probe of another looked at.
PAIRS = [
    {"bulk1.row.empty_quoted_line": "no record", "bulk1.row.blank_line": "a record"},
    {"bulk1.row.width": "Failed", "bulk1.row.blank_line": "a record"},
    {
        "bulk1.pk_chunking.original_state": "Completed",
        "bulk1.pk_chunking.object_without_records": "no chunk",
    },
    {
        "bulk1.pk_chunking.original_state": "Completed",
        "bulk1.pk_chunking.object_without_records": "no chunk",
        "bulk1.query.no_rows_csv": "empty list",
    },
    {"bulk1.query.csv_quotes": "where needed", "bulk1.query.csv_null": "nothing"},
    {
        "bulk1.job.abort_queued": "Queued",
        "bulk1.batch.result_before_end": "400 InvalidJobState",
        "bulk1.batch.result_of_aborted": "200",
    },
    {"bulk1.job.abort_queued": "Failed", "bulk1.pk_chunking.original_state": "Completed"},
    {
        "bulk2.ingest.aborted_rows": "nowhere",
        "bulk2.result.no_rows": "204",
        "bulk2.result.delimiter": "comma",
        "bulk2.result.line_end": "CRLF",
    },
    {
        "bulk2.ingest.blank_beside_quotes": "the row fails",
        "bulk2.ingest.blank_lines": "rows that fail",
    },
    {"bulk2.query.before_end": "204", "bulk2.query.after_state": "later"},
]
SEEDS = [5, 12, 18]


def wrong(dialect: Mapping[str, str], prefix: str = "") -> list[Finding]:
    """Of an emulator that speaks a dialect, the findings that are neither its reading nor that
    nothing is to be seen of it; of the behaviours that begin so."""
    readings = Dialect(dialect)
    with asked(dialect, prefix) as (_, found):
        pass
    return [
        each for each in found if not is_hidden(each) and each.reading != _expected(readings, each)
    ]


def _expected(readings: Dialect, found: Finding) -> str:
    return (
        readings[found.behaviour.id]
        if found.behaviour.id in set(readings)
        else (found.behaviour.values[0])
    )


@pytest.mark.parametrize("dialect", PAIRS, ids=" ".join)
def test_no_probe_takes_one_reading_for_another(dialect):
    assert wrong(dialect, f"{next(iter(dialect)).partition('.')[0]}.") == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_probe_tells_a_wrong_reading_of_a_dialect_by_chance(seed):
    assert wrong(random_dialect(seed).chosen) == []


QUICK = [
    {"bulk1.job.abort_unfinished": "400 InvalidJobState", "bulk1.job.abort_finished": "200"},
    {"bulk1.job.abort_queued": "Failed", "bulk1.pk_chunking.original_state": "Completed"},
    random_dialect(7).chosen,
]


@pytest.mark.parametrize("dialect", QUICK, ids=["ends of jobs", "no batch left", "by chance"])
def test_an_org_whose_batches_end_at_once_is_told_no_wrong_reading(dialect):
    """What such an org cannot show is not asked, with a reason."""
    readings = Dialect(dialect)
    with SalesforceEmulator(inline=True, dialect=dialect) as emulator:
        org = TargetOrg(emulator.connect(clock=FastClock()))
        found = list(run_probes(org, PROBES, write=True))
    asked = [each for each in found if each.verdict is not Verdict.NOT_ASKED]
    assert [each for each in asked if each.reading != _expected(readings, each)] == []
    assert [each for each in found if "none that the probe understands" in each.reading] == []
