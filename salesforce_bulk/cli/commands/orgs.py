"""``orgs``: what ``--org`` knows."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """As the others."""
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the names, a line each."""
    from salesforce_bulk.login.connections import (  # noqa: PLC0415 (--help stays fast)
        known_connections,
    )

    names = known_connections()
    args.answer.know(orgs=names)
    if names:
        args.answer.show("\n".join(names))
    else:
        args.answer.say("  no org has a name yet; see connections.toml in docs/logins.md")
    return 0
