"""Writes the reports of emulators, one without and one with a dialect, beside this file.

python tests/conformance/reports/make.py
"""

from __future__ import annotations

from pathlib import Path

from salesforce_bulk.conformance.emulated import emulated_org
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.report import report_of, written
from salesforce_bulk.conformance.run import run_probes
from salesforce_bulk.emulator.fidelity.dialect import Dialect, random_dialect

DIALECTS = {"emulator.json": Dialect(), "emulator-seed-7.json": random_dialect(7)}


def main() -> None:
    """Write them."""
    for name, dialect in DIALECTS.items():
        with emulated_org(dialect.chosen) as org:
            findings = list(run_probes(org, PROBES, write=True))
            report = report_of(org, "emulator", findings, write=True, complete=True)
        Path(__file__).with_name(name).write_bytes(written(report))


if __name__ == "__main__":
    main()
