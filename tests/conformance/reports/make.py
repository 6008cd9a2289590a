"""Writes the reports of emulators, beside this file.

python tests/conformance/reports/make.py
"""

from __future__ import annotations

from pathlib import Path

from salesforce_bulk.conformance.emulated import emulated_org
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.report import report_of, written
from salesforce_bulk.conformance.run import run_probes

DIALECTS = {"emulator.json": {"bulk1.query.content_type": "text/csv;charset=UTF-8"}}
CHOSEN = ("bulk1.query.content_type",)


def main() -> None:
    """Write them."""
    chosen = [probe for probe in PROBES if probe.behaviour in CHOSEN]
    for name, dialect in DIALECTS.items():
        with emulated_org(dialect) as org:
            findings = list(run_probes(org, chosen, write=True))
            report = report_of(org, "emulator", findings, write=True, complete=True)
        Path(__file__).with_name(name).write_bytes(written(report))


if __name__ == "__main__":
    main()
