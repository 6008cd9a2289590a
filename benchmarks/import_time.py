"""How long the package takes to import, and `salesforce-bulk --help` to answer.

    python benchmarks/import_time.py [--repetitions 15]

in a new environment with nothing but the package and what it requires; each command in a process
of its own, by turns with ``import simple_salesforce`` and with a Python that does nothing.
Printed are medians by the wall's clock and by processor time. Exit code 1 where a target is missed
by processor time, which a busy machine changes less.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "python": ["-c", "pass"],
    "import salesforce_bulk": ["-c", "import salesforce_bulk"],
    "SalesforceBulk": ["-c", "from salesforce_bulk import SalesforceBulk"],
    "--help": ["-m", "salesforce_bulk", "--help"],
    "import requests": ["-c", "import requests"],
    "simple_salesforce": ["-c", "from simple_salesforce import Salesforce"],
}
#: Milliseconds.
TARGETS = {"import salesforce_bulk": 50, "SalesforceBulk": 150, "--help": 60}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = bare_environment(Path(folder))
        taken = measured(python, options.repetitions)
    print(f"Python {sys.version.split()[0]}, load average {os.getloadavg()[0]:.1f}")
    print(f"{'milliseconds':26}{'clock':>8}{'processor':>11}{'target':>8}")
    for name, (clock, processor) in taken.items():
        target = TARGETS.get(name)
        print(f"{name:26}{clock:8.0f}{processor:11.0f}{target or '':>8}")
    ratio = taken["SalesforceBulk"][1] / taken["simple_salesforce"][1]
    print(f"SalesforceBulk takes {ratio:.2f} of the processor time of simple_salesforce")
    return 0 if all(taken[name][1] < target for name, target in TARGETS.items()) else 1


def bare_environment(folder: Path) -> str:
    """The Python of a new environment with the package, its modules compiled as pip does."""
    subprocess.run([sys.executable, "-m", "venv", folder / "bare"], check=True)
    python = str(folder / "bare" / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, ROOT], check=True)
    return python


def measured(python: str, repetitions: int) -> dict[str, tuple[float, float]]:
    """Milliseconds by the clock and of processor time, the median of each command."""
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for number in range(repetitions + 1):
        for name, command in COMMANDS.items():
            took = milliseconds([python, *command])
            if number:  # the first round only brings the files into memory
                rounds[name].append(took)
    return {
        name: (statistics.median(c for c, _ in each), statistics.median(p for _, p in each))
        for name, each in rounds.items()
    }


def milliseconds(command: list[str]) -> tuple[float, float]:
    before, started = processor_seconds(), time.perf_counter()
    # Nothing of this checkout may come before the installed package.
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")
    clock = time.perf_counter() - started
    return 1000 * clock, 1000 * (processor_seconds() - before)


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
