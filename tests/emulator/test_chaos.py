"""Sixteen clients at once and faults at random: every row is accounted for."""

import chaos


def test_every_row_is_accounted_for_whatever_goes_wrong():
    """A short form of ``python tests/emulator/chaos.py``."""
    told = chaos.run(4, threads=16, seed=1)
    assert told["rows stored"] > 0
    assert len(told["faults"]) > 10
    assert {"loads of 1.0", "loads of 2.0", "upserts", "queries"} <= set(told["seen"])
