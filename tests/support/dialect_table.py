"""The client under dialects, as a table: one line a reading that is not the emulator's own, one
column a journey.

    python tests/support/dialect_table.py [--only bulk1.query] [--journey "load 1.0"]
    python tests/support/dialect_table.py --random 2000 [--seed 0] [--whole]

An empty cell: the org does not come to that reading on that journey, which is the plain one then.
``pass``: every row's outcome is what the org holds, and each value is right. ``says so``: rows
are ``unknown`` or an error says what is wrong, and `journeys.told` says why nothing better can be
done. ``says so?`` is the same without such a reason, ``FAIL`` anything else; the exit code is 1
where there is either. What was said stands below the table. With ``--random``, each combination
goes one journey in turn, or all of them with ``--whole``; only those that fail are printed.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from journeys import JOURNEYS, explained, journey, plain
from probing import flips_of

from salesforce_bulk.emulator.fidelity.dialect import random_dialect

BAD = ("says so?", "FAIL")


class Cell(NamedTuple):
    """How one journey ended."""

    word: str
    told: str = ""


def go(name: str, dialect: Mapping[str, str]) -> Cell:
    """Goes a journey; whatever comes out of it is the answer."""
    try:
        if len(dialect) == 1 and plain(name).asked.isdisjoint(dialect):
            return Cell("")
        remarks = journey(name, dialect).remarks
    except Exception as error:  # noqa: BLE001 # it is what the table is for
        return Cell("FAIL", f"{type(error).__name__}: {error}")
    if not remarks:
        return Cell("pass")
    word = "says so" if explained(name, dialect, remarks) else "says so?"
    return Cell(word, "; ".join(remarks))


def _row(names: list[str], dialect: dict[str, str]) -> list[Cell]:
    # What the client logs of its repeats would stand between the lines.
    logging.getLogger("salesforce_bulk").setLevel(logging.CRITICAL)
    return [go(name, dialect) for name in names]


def _told(title: str, names: list[str], cells: list[Cell]) -> Iterator[str]:
    for name, cell in zip(names, cells, strict=True):
        if cell.told:
            yield f"- {title}, {name}: {cell.word}: {' '.join(cell.told.split())[:400]}"


def flips(pool: ProcessPoolExecutor, prefix: str, names: list[str]) -> bool:
    """Prints the table of all single readings; whether all is well."""
    found = list(flips_of(prefix))
    print("|", " | ".join(["dialect", *names]), "|")
    print("|---" * (len(names) + 1) + "|")
    said: list[str] = []
    good = True
    for (key, value), cells in zip(
        found, pool.map(partial(_row, names), [{k: v} for k, v in found]), strict=True
    ):
        title = f"`{key}={value}`"
        print("|", " | ".join([title, *(cell.word for cell in cells)]), "|", flush=True)
        said += _told(title, names, cells)
        good = good and not any(cell.word in BAD for cell in cells)
    asked = set().union(*(plain(name).asked for name in names))
    left = sorted({key for key, _ in found} - asked)
    print("", *said, "", f"No journey comes to: {', '.join(left) or 'none of them'}", sep="\n")
    return good


def combinations(pool: ProcessPoolExecutor, seeds: range, names: list[str], whole: bool) -> bool:
    """Prints the combinations that fail; whether there is none."""
    chosen = [names if whole else [names[seed % len(names)]] for seed in seeds]
    dialects = [dict(random_dialect(seed).chosen) for seed in seeds]
    bad = 0
    for seed, each, cells in zip(seeds, chosen, pool.map(_row, chosen, dialects), strict=True):
        if any(cell.word in BAD for cell in cells):
            bad += 1
            print("\n".join(_told(f"random:{seed}", each, cells)), flush=True)
    print(f"{len(seeds)} combinations, {sum(map(len, chosen))} journeys, {bad} failed")
    return not bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="readings of behaviours that begin so")
    parser.add_argument("--journey", choices=JOURNEYS, help="this one alone")
    parser.add_argument("--random", type=int, metavar="COUNT", help="combinations by chance")
    parser.add_argument("--seed", type=int, default=0, help="of the first combination")
    parser.add_argument("--whole", action="store_true", help="each combination all journeys")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    names = [options.journey] if options.journey else list(JOURNEYS)
    with ProcessPoolExecutor(options.workers) as pool:
        if options.random:
            seeds = range(options.seed, options.seed + options.random)
            return not combinations(pool, seeds, names, options.whole)
        return not flips(pool, options.only, names)


if __name__ == "__main__":
    sys.exit(main())
