"""docs/migrating.md lists every difference from 2.2.0 that the same calls show, and no other."""

from __future__ import annotations

import json
import sys

from compare_with_2_2_0 import BEGIN, END, OLD, PAGE, differences, outcomes, table


def test_the_list_of_differences_is_the_one_of_the_docs() -> None:
    """2.2.0's outcomes are recorded; `compare_with_2_2_0.py` records them again."""
    old = json.loads(OLD.read_text("utf-8"))
    found = table(differences(old, outcomes(sys.executable)))
    listed = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert found.strip().splitlines() == listed.strip().splitlines()
    assert len(old) > 150
