"""``completion``: what a shell evaluates to complete commands, options and files."""

from __future__ import annotations

import argparse
import os

from salesforce_bulk import cli
from salesforce_bulk.errors import InvalidInput

PROGRAM = "salesforce-bulk"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "powershell"))


def run(args: argparse.Namespace) -> int:
    """Print the shell's code."""
    try:
        import argcomplete  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise InvalidInput(
            'Completion needs argcomplete: pip install "salesforce-bulk[completion]".'
        ) from error
    shell = "bash" if args.shell == "zsh" else args.shell
    args.answer.show(argcomplete.shellcode([PROGRAM], shell=shell))  # nosec B604 # the name of a shell
    return 0


def complete() -> None:
    """Answer a shell that asks for the words that may follow, and end the process."""
    import argcomplete  # noqa: PLC0415 (an extra, which the asking shell has)

    words = os.environ.get("COMP_LINE", "").split()[1:]
    argcomplete.autocomplete(cli.build_parser(cli.command_of(words)))
