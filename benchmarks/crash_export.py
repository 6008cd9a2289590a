"""Kill an export at random moments, cut its connections at random places, and compare the file.

    python benchmarks/crash_export.py                      # 1,000,000 rows, 30 cuts, 20 kills
    python benchmarks/crash_export.py --rows 5000 --page-rows 250 --cuts 8 --kills 4
    python benchmarks/crash_export.py --rows 5000 --cuts 8 --kills 4 --pk-chunking 500   # also so

An emulator in this process serves the rows; the export runs in processes of its own, started
again with the same command after each SIGKILL, until it ends by itself. The file must be
byte-identical to that of a run that nothing disturbed. Exit code 1 where it is not.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from salesforce_bulk.emulator import SalesforceEmulator

SOQL = "SELECT Id, Name, Text__c, Amount__c, On__c, CreatedDate FROM Row__c"
CHILD = """
import sys
from salesforce_bulk import SalesforceBulk
host, session, api, parallel, chunk, soql, target, journal = sys.argv[1:]
bulk = SalesforceBulk(sessionId=session, host=host)
options = {"api": api, "parallel": int(parallel), "pk_chunking": int(chunk)}
export = bulk.export(soql, journal=journal, **options)
print(export.to_csv(target))
"""
FILL_ROWS = 20_000

#: The API, pages downloaded at once, and the size of PK chunks, 0 for none.
Way = tuple[str, int, int]


def main() -> int:
    options = _options()
    chance = random.Random(options.seed)
    with (
        SalesforceEmulator(inline=True, result_bytes=options.file_bytes) as org,
        tempfile.TemporaryDirectory() as folder,
    ):
        org.bulk2.page_rows = options.page_rows
        _fill(org, options.rows)
        runs = _runs(org, Path(folder), options, chance)
        return 0 if all(runs) else 1


def _runs(
    org: SalesforceEmulator, folder: Path, options: argparse.Namespace, chance: random.Random
) -> Iterator[bool]:
    for way in _ways(options):
        api, parallel, chunk = way
        name = f"{api} parallel={parallel}" + f" pk_chunking={chunk}" * bool(chunk)
        whole = folder / f"whole {name}.csv"
        began = time.perf_counter()
        child = _start(org, way, whole, folder / f"whole {name}.journal")
        if child.wait() != 0:
            raise RuntimeError(f"the undisturbed run failed: {name}")
        seconds = time.perf_counter() - began
        _add_cuts(org, api, options, chance, whole.stat().st_size)
        kills, number, same = 0, 0, True
        while kills < options.kills or number == 0:
            number += 1
            broken = folder / f"broken {number} {name}.csv"
            wanted = options.kills - kills
            kills += _disturbed(org, way, broken, wanted, seconds, chance)
            same = same and _digest(whole) == _digest(broken)
        cuts = len(org.faults.fired)
        org.faults.clear()
        left = [path.name for path in folder.glob("*.part")]
        verdict = "identical" if same and not left else f"DIFFERENT, left: {left}"
        print(
            f"{name}: {options.rows:,} rows, {whole.stat().st_size / 1e6:.1f} MB, "
            f"{kills} kills in {number} runs, {cuts} cuts: {verdict} (undisturbed {seconds:.1f} s)",
            flush=True,
        )
        yield same and not left


def _ways(options: argparse.Namespace) -> list[Way]:
    ways = [("2.0", 1, 0), ("2.0", 4, 0), ("1.0", 1, 0)]
    return [*ways, ("1.0", 1, options.pk_chunking)] if options.pk_chunking else ways


def _disturbed(
    org: SalesforceEmulator,
    way: Way,
    target: Path,
    kills: int,
    seconds: float,
    chance: random.Random,
) -> int:
    """Run until an export ends by itself; so many are killed before."""
    journal = target.with_suffix(".journal")
    killed = 0
    while True:
        child = _start(org, way, target, journal)
        try:
            # Up to the whole time of a run, so that every stage of it is struck.
            limit = chance.uniform(0.1, 0.9) * seconds if killed < kills else 600
            if child.wait(limit) != 0:
                raise RuntimeError("the export failed")
            return killed
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            killed += 1


def _add_cuts(
    org: SalesforceEmulator,
    api: str,
    options: argparse.Namespace,
    chance: random.Random,
    size: int,
) -> None:
    """Cuts of different kinds, at random bytes of random pages."""
    route = "bulk2.page" if api == "2.0" else "bulk1.result"
    pages = max(
        1, options.rows // options.page_rows if api == "2.0" else size // options.file_bytes
    )
    for _ in range(options.cuts):
        org.faults.add(
            chance.choice(["cut", "cut_sized", "cut_unsized", "reset_during"]),
            route=route,
            nth=chance.randint(1, pages),
            after_bytes=chance.randint(0, size // pages // 4),
        )


def _start(
    org: SalesforceEmulator, way: Way, target: Path, journal: Path
) -> subprocess.Popen[bytes]:
    admin = org.org.users[org.username]
    session = org.sessions.open(admin).token
    arguments = [org.url, session, *map(str, way), SOQL, str(target), str(journal)]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.DEVNULL)


def _fill(org: SalesforceEmulator, rows: int) -> None:
    org.define_object("Row__c", {"Text__c": "text", "Amount__c": "currency", "On__c": "date"})
    columns = ["Name", "Text__c", "Amount__c", "On__c"]
    for start in range(0, rows, FILL_ROWS):
        plan = org.org.plan_write("insert", "Row__c", columns)
        plan.write(
            [
                [f"n {n}", f'"q", line\n{n} é', n * 0.25, f"20{n % 90 + 10}-01-31"]
                for n in range(start, min(rows, start + FILL_ROWS))
            ]
        )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--page-rows", type=int, default=50_000)
    parser.add_argument("--file-bytes", type=int, default=10_000_000)
    parser.add_argument("--cuts", type=int, default=30)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pk-chunking", type=int, default=0)
    parser.add_argument("--seed", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
