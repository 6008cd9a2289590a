"""``upsert``: a load with a key."""

from __future__ import annotations

import argparse

from salesforce_bulk.cli.commands import load
from salesforce_bulk.cli.commands.load import run

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of all loads, and the key."""
    parser.add_argument("--external-id", required=True, metavar="FIELD", help="the key of the rows")
    load.add_arguments(parser)
