"""Loads interrupted at every request, their journals then damaged, and run again.

    python benchmarks/damaged_journals.py [--runs 600] [--seed 1]

The trial, and what counts as right, is in tests/support/damaged_journals.py. Exit code 0: in no
run is a row in the org twice, and none has another outcome than the org says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from damaged_journals import try_runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    ends = try_runs(args.runs, args.seed)
    for (way, end), count in sorted(ends.items()):
        print(f"{way:16} {end:28} {count:5}")
    print(f"{args.runs} runs, 0 rows twice, 0 outcomes wrong")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
