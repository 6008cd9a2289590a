"""Numbers that options take."""

from __future__ import annotations

import argparse


def add_timeout_argument(parser: argparse.ArgumentParser) -> None:
    """``--timeout`` of what waits for the org."""
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="to wait; exit 5 after")


def seconds(text: str) -> float:
    """The number of a text.

    Raises:
        ArgumentTypeError: it is none, or less than 0.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not number >= 0:  # nan is not
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, 0 or more")
    return number


def whole_number(text: str) -> int:
    """The number of a text.

    Raises:
        ArgumentTypeError: it is none, or less than 1.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number, 1 or more")
    return number
