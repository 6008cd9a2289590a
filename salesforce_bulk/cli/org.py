"""The org that a command works with, and the options that all of them share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesforce_bulk import SalesforceBulk


def add_org_arguments(parser: argparse.ArgumentParser) -> None:
    """``--org`` and ``--json``."""
    parser.add_argument(
        "--org", metavar="NAME", help="of a connection (default: what the environment describes)"
    )
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def connect(name: str | None) -> SalesforceBulk:
    """A client of the named org, or of the one that the environment describes."""
    from salesforce_bulk import SalesforceBulk  # noqa: PLC0415 (--help stays fast)

    return SalesforceBulk.from_env() if name is None else SalesforceBulk.connect(name)
