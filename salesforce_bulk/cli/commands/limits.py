"""``limits``: what is left of the day's."""

from __future__ import annotations

import argparse

from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.table import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All, or those of bulk jobs."""
    parser.add_argument("--all", action="store_true", help="not those of bulk jobs alone")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print each limit with what is left of it."""
    from salesforce_bulk.client_access import org_of  # noqa: PLC0415 (--help stays fast)

    found = org_of(connect(args.org)).describes.limits()
    shown = {
        name: each
        for name, each in found.items()
        if args.all or name.startswith(("DailyBulk", "DailyApi"))
    }
    args.answer.know(
        limits={
            name: {"maximum": each.maximum, "remaining": each.remaining}
            for name, each in shown.items()
        }
    )
    rows = [[name, f"{each.remaining:,}", f"{each.maximum:,}"] for name, each in shown.items()]
    args.answer.show(table(("limit", "left", "of"), rows))
    return 0
