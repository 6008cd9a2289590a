"""``conformance``: what an org does, beside what the emulator believes."""

from __future__ import annotations

import argparse

from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.table import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which probes, and what they may do."""
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="this behaviour; may be repeated"
    )
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, print the findings and the org's dialect."""
    from salesforce_bulk.conformance.asked_org import AskedOrg  # noqa: PLC0415 (--help stays fast)
    from salesforce_bulk.conformance.probes import PROBES  # noqa: PLC0415
    from salesforce_bulk.conformance.run import dialect_of, run_probes  # noqa: PLC0415

    chosen = [probe for probe in PROBES if not args.only or probe.behaviour in args.only]
    findings = list(run_probes(AskedOrg(connect(args.org)), chosen))
    rows = [[each.behaviour.id, each.verdict.value, each.reading] for each in findings]
    args.answer.show(table(("behaviour", "verdict", "reading"), rows))
    args.answer.know(dialect=dialect_of(findings))
    return 0
