"""What benchmarks/record_runs.py recorded: no ten seconds of a long run without a sign."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

RECORDINGS = Path(__file__).parents[1] / "benchmarks" / "recordings"


def runs(name):
    """The moments of the load and of the export, from the beginning of each to its end."""
    lines = (RECORDINGS / f"{name}.cast").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines[1:]]
    marks = [at for at, (_, kind, _) in enumerate(events) if kind == "m"]
    return [events[first : last + 1] for first, last in pairwise(marks)]


@pytest.mark.parametrize("name", ["terminal", "pipe", "log", "notebook"])
def test_no_ten_seconds_of_a_long_run_pass_without_a_sign(name):
    load, export = runs(name)
    for run in (load, export):
        moments = [moment for moment, _, _ in run]
        assert moments[-1] - moments[0] >= 180
        assert max(after - before for before, after in pairwise(moments)) <= 10
    texts = ["".join(text for _, kind, text in run if kind == "o") for run in (load, export)]
    assert "1,200 of 1,200 rows" in texts[0]
    assert "1,200 of 1,200 rows" in texts[1]
    assert all(phase in texts[0] for phase in ("reading", "uploading", "processing"))
