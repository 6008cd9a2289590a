"""How fast the emulator's store takes rows, answers queries, starts and resets.

    python benchmarks/emulator_store.py [ROWS]

1,000,000 rows of 10 columns by default, every cell judged, in pieces of 2,000 rows as the job
engine hands them over. Rows are made before the clock starts, in blocks, so that memory stays
that of the store.
"""

import resource
import sys
import time
from collections.abc import Iterator
from itertools import islice

from salesforce_bulk.emulator.data.org import Org

COLUMNS = [
    "Name", "Ext__c", "Amount__c", "Count__c", "Day__c", "At__c", "Active__c", "Kind__c",
    "Account__c", "Remark__c",
]  # fmt: skip
FIELDS = {
    "Ext__c": "externalId",
    "Amount__c": "currency(16, 2)",
    "Count__c": "int",
    "Day__c": "date",
    "At__c": "datetime",
    "Active__c": "checkbox",
    "Kind__c": "picklist[Alpha, Beta, Gamma] restricted",
    "Account__c": "lookup(Account)",
    "Remark__c": "text(255)",
}
PIECE = 2_000
BLOCK = 20_000


def rows(count: int, accounts: list[str]) -> Iterator[list[str]]:
    kinds = ["Alpha", "Beta", "Gamma"]
    for n in range(count):
        yield [
            f"Name of row {n}",
            f"EXT-{n:09d}",
            f"{n % 100_000}.{n % 100:02d}",
            str(n % 1000),
            f"20{n % 25:02d}-{n % 12 + 1:02d}-{n % 28 + 1:02d}",
            f"2024-01-{n % 28 + 1:02d}T{n % 24:02d}:{n % 60:02d}:{n // 60 % 60:02d}.000Z",
            "true" if n % 2 else "false",
            kinds[n % 3],
            accounts[n % len(accounts)],
            "A remark of some fifty characters, with umlauts: äöü",
        ]


def load(org: Org, operation: str, count: int, accounts: list[str]) -> tuple[float, float]:
    """Seconds spent in the plan: of the wall's clock, and of this process's processor."""
    plan = org.plan_write(operation, "Load__c", COLUMNS, external_id="Ext__c")
    source = rows(count, accounts)
    wall = processor = 0.0
    while block := list(islice(source, BLOCK)):
        begin, cpu = time.perf_counter(), time.process_time()
        for start in range(0, len(block), PIECE):
            outcomes = plan.write(block[start : start + PIECE])
            if not all(outcome.success for outcome in outcomes):
                raise SystemExit(f"a row failed: {outcomes}")
        wall += time.perf_counter() - begin
        processor += time.process_time() - cpu
    return wall, processor


def said(what: str, count: int, wall: float, processor: float) -> None:
    print(
        f"{what:22} {count / wall:10,.0f} rows/s ({wall:6.2f} s), "
        f"{count / processor:10,.0f} rows per second of processor"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    Org().close()
    begin = time.perf_counter()
    org = Org()
    print(f"fresh org {(time.perf_counter() - begin) * 1000:.1f} ms")
    org.define_object("Load__c", FIELDS)
    names = org.plan_write("insert", "Account", ["Name"])
    accounts = [str(o.id) for o in names.write([[f"Account {n}"] for n in range(1000)])]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said("insert", count, *load(org, "insert", count, accounts))
    said("upsert, all existing", count // 5, *load(org, "upsert", count // 5, accounts))
    begin, cpu = time.perf_counter(), time.process_time()
    found = sum(1 for _ in org.query(f"SELECT Id, {', '.join(COLUMNS)} FROM Load__c"))
    said("query", found, time.perf_counter() - begin, time.process_time() - cpu)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"memory {before / 1024:.0f} MB before, {after / 1024:.0f} MB at most")
    begin = time.perf_counter()
    org.reset()
    print(f"reset {(time.perf_counter() - begin) * 1000:.1f} ms")
    org.close()


if __name__ == "__main__":
    main()
