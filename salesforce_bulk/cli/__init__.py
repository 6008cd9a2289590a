"""The command line: ``salesforce-bulk`` and ``python -m salesforce_bulk``.

Data go to stdout, everything else to stderr. Exit codes:

====  ==========================================================
0     everything succeeded
1     the job, the network or the server failed
2     wrong usage or input
3     finished, but some rows failed
4     login or permission
130   interrupted (Ctrl-C)
141   the reader of stdout went away
143   terminated
====  ==========================================================
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple, Protocol, cast

from salesforce_bulk import errors
from salesforce_bulk.__version__ import __version__

SUCCEEDED = 0
FAILED = 1
WRONG_INPUT = 2
SOME_ROWS_FAILED = 3
NOT_PERMITTED = 4
INTERRUPTED = 128 + signal.SIGINT
READER_GONE = 128 + 13  # SIGPIPE, a name that Windows lacks
TERMINATED = 128 + signal.SIGTERM


class CommandModule(Protocol):
    """What the module of a subcommand has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


class Command(NamedTuple):
    """A subcommand: the full name of its module, which is imported only to run it."""

    module: str
    summary: str


COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "demo": Command(
            "salesforce_bulk.cli.demo",
            "load a CSV file into a local org, query it back and compare every cell",
        ),
        "emulator": Command(
            "salesforce_bulk.emulator.__main__",
            "run a local org that speaks the Bulk API to any client",
        ),
    }
)

#: The first type that fits decides. BulkApiError comes before OSError, because its
#: connection errors are both.
EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (errors.InvalidInput, WRONG_INPUT),
    (errors.LoginFailed, NOT_PERMITTED),
    (errors.SessionExpired, NOT_PERMITTED),
    (errors.InvalidUser, NOT_PERMITTED),
    (errors.FeatureNotEnabled, NOT_PERMITTED),
    (errors.BulkApiError, FAILED),
    (FileNotFoundError, WRONG_INPUT),
    (IsADirectoryError, WRONG_INPUT),
    (PermissionError, WRONG_INPUT),
    (OSError, FAILED),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Args:
        argv: the arguments after the program's name; those of the process when None.

    Raises:
        SystemExit: for ``--help``, ``--version``, wrong usage (2) and SIGTERM (143).
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    args = build_parser(command_of(arguments)).parse_args(arguments)
    try:
        with sigterm_unwinds():
            code: int = command_module(args.command).run(args)
            sys.stdout.flush()
            return code
    except KeyboardInterrupt:
        print("\nsalesforce-bulk: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        discard_stdout()
        return READER_GONE
    except (errors.BulkApiError, OSError) as error:
        print(f"salesforce-bulk: {error}", file=sys.stderr)
        return exit_code(error)


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser; only *command*'s own arguments are known to it, so that only its module loads."""
    parser = argparse.ArgumentParser(
        prog="salesforce-bulk", description="Move data in and out of Salesforce in bulk."
    )
    parser.add_argument("--version", action="version", version=f"salesforce-bulk {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, summary) in COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, description=sentence(summary))
        if name == command:
            command_module(name).add_arguments(subparser)
    return parser


def command_of(arguments: Sequence[str]) -> str | None:
    # No option before the command takes a value, so the first word is the command.
    return next((word for word in arguments if not word.startswith("-")), None)


def command_module(name: str) -> CommandModule:
    return cast(CommandModule, importlib.import_module(COMMANDS[name].module))


def sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def exit_code(error: Exception) -> int:
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


@contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """SIGTERM leaves through every ``with`` block, so that temporary files are removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def discard_stdout() -> None:
    """Send what is still buffered nowhere; Python would flush it on exit and print a traceback."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
