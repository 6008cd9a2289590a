"""The command line: ``salesforce-bulk`` and ``python -m salesforce_bulk``.

Data go to stdout, everything else to stderr. Exit codes:

====  ==========================================================
0     everything succeeded
1     the job, the network, the server or the disk failed
2     wrong usage or input
3     finished, but some rows failed
4     login or permission
5     the time to wait was up; the job goes on
130   interrupted (Ctrl-C)
141   the reader of stdout went away
143   terminated
====  ==========================================================

3, 5, 130 and 143 print the command that goes on.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import Any, NamedTuple, NoReturn, Protocol, cast

from salesforce_bulk import errors
from salesforce_bulk.__version__ import __version__
from salesforce_bulk.cli.answer import Answer, discard, shell_command, stdout_errors

SUCCEEDED = 0
FAILED = 1
WRONG_INPUT = 2
SOME_ROWS_FAILED = 3
NOT_PERMITTED = 4
STILL_RUNNING = 5
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
    examples: tuple[str, str]


_COMMANDS = "salesforce_bulk.cli.commands"

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "export": Command(
            f"{_COMMANDS}.export",
            "download what a query gives, whole or not at all",
            (
                'export "SELECT Id, Name FROM Account" accounts.csv',
                'export Contact contacts.parquet --where "Email != null"',
            ),
        ),
        "insert": Command(
            f"{_COMMANDS}.load",
            "insert the rows of a file",
            (
                "insert Account accounts.csv",
                "insert Lead fair.jsonl.gz --constant LeadSource=Fair",
            ),
        ),
        "update": Command(
            f"{_COMMANDS}.load",
            "update records by their Id",
            ("update Account fix.csv", "update Account fix.parquet --dry-run --map name=Name"),
        ),
        "upsert": Command(
            f"{_COMMANDS}.upsert",
            "update the records whose external id is known, insert the others",
            (
                "upsert Account fix.csv --external-id Ext__c",
                "upsert Account - --format csv --external-id Ext__c < fix.csv",
            ),
        ),
        "delete": Command(
            f"{_COMMANDS}.load",
            "move records to the recycle bin, by their Id",
            ("delete Account ids.csv", "delete Account ids.csv --dry-run"),
        ),
        "hard-delete": Command(
            f"{_COMMANDS}.load",
            "delete records for good, by their Id",
            ("hard-delete Account ids.csv", "hard-delete Account ids.csv --org sandbox"),
        ),
        "resume": Command(
            f"{_COMMANDS}.resume",
            "go on with a run that was interrupted",
            ("resume", "resume 7505g0000000001AAA"),
        ),
        "retry": Command(
            f"{_COMMANDS}.retry",
            "load again the rows that failed for a passing reason",
            ("retry", "retry 7505g0000000001AAA --attempts 5"),
        ),
        "jobs": Command(
            f"{_COMMANDS}.jobs", "list the org's jobs and your own runs", ("jobs", "jobs --json")
        ),
        "job": Command(
            f"{_COMMANDS}.job",
            "show one job",
            ("job 7505g0000000001AAA", "job 7505g0000000001AAA --json"),
        ),
        "results": Command(
            f"{_COMMANDS}.results",
            "fetch what became of each row of a job, or the rows of a query",
            ("results 7505g0000000001AAA outcome.csv", "results 7505g0000000001AAA - | head"),
        ),
        "abort": Command(
            f"{_COMMANDS}.abort",
            "abort a job; what was processed stays",
            ("abort 7505g0000000001AAA", "abort 7505g0000000001AAA --org sandbox"),
        ),
        "limits": Command(
            f"{_COMMANDS}.limits",
            "show what is left of the day's limits",
            ("limits", "limits --json"),
        ),
        "describe": Command(
            f"{_COMMANDS}.describe",
            "show the fields of an object",
            ("describe Account", "describe Account --json"),
        ),
        "orgs": Command(
            f"{_COMMANDS}.orgs", "list the orgs that --org knows", ("orgs", "orgs --json")
        ),
        "emulator": Command(
            "salesforce_bulk.emulator.__main__",
            "run a local org that speaks the Bulk API to any client",
            ("emulator --port 8080", "emulator --data ./org --schema objects.json"),
        ),
        "conformance": Command(
            f"{_COMMANDS}.conformance",
            "ask an org what it does, and compare it with the emulator",
            ("conformance --org sandbox", "conformance --org scratch --write --report org.json"),
        ),
        "demo": Command(
            f"{_COMMANDS}.demo",
            "load a CSV file into a local org, query it back and compare every cell",
            ("demo", "demo mine.csv"),
        ),
        "completion": Command(
            f"{_COMMANDS}.completion",
            "print what makes a shell complete the commands and options",
            ("completion bash >> ~/.bashrc", "completion fish | source"),
        ),
    }
)

#: The first type that fits decides. BulkApiError comes before OSError, because its
#: connection errors are both.
EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (errors.JobStillRunning, STILL_RUNNING),
    (errors.InvalidInput, WRONG_INPUT),
    (errors.InvalidJob, WRONG_INPUT),
    (errors.InvalidQuery, WRONG_INPUT),
    (errors.InvalidEntity, WRONG_INPUT),
    (errors.NotFound, WRONG_INPUT),
    (errors.MissingCredentials, NOT_PERMITTED),
    (errors.IncompleteLogin, NOT_PERMITTED),
    (errors.LoginFailed, NOT_PERMITTED),
    (errors.SessionExpired, NOT_PERMITTED),
    (errors.InvalidUser, NOT_PERMITTED),
    (errors.FeatureNotEnabled, NOT_PERMITTED),
    (errors.LoadFailed, SOME_ROWS_FAILED),
    (errors.BulkApiError, FAILED),
    (FileNotFoundError, WRONG_INPUT),
    (IsADirectoryError, WRONG_INPUT),
    (PermissionError, WRONG_INPUT),
    (OSError, FAILED),
)


class Terminated(SystemExit):
    """SIGTERM came; the ``with`` blocks are left as on any exit."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Args:
        argv: the arguments after the program's name; those of the process when None.

    Raises:
        SystemExit: for ``--help``, ``--version``, wrong usage (2) and SIGTERM (143).
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    if "_ARGCOMPLETE" in os.environ:
        importlib.import_module(f"{_COMMANDS}.completion").complete()
    _stand_in_for_closed_streams()
    _write_utf8()
    command = command_of(arguments)
    again = shell_command(["salesforce-bulk", *arguments])
    answer = Answer(command or "", as_json="--json" in arguments, again=again)
    try:
        with signals_unwind(answer):
            args = build_parser(command).parse_args(arguments, argparse.Namespace(answer=answer))
            from salesforce_bulk.cli.option_words import warnings_as_typed  # noqa: PLC0415 (--help)

            with warnings_as_typed():
                code: int = command_module(args.command).run(args)
            with stdout_errors():
                sys.stdout.flush()
    except WrongUsage as error:
        answer.refuse_usage(error.usage, str(error))
        raise SystemExit(_finished(answer, WRONG_INPUT)) from error
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Terminated as terminated:
        raise SystemExit(_finished(answer, TERMINATED)) from terminated
    except BrokenPipeError:
        discard(sys.stdout)
        return READER_GONE
    except (errors.BulkApiError, OSError, ImportError) as error:
        from salesforce_bulk.cli.option_words import told  # noqa: PLC0415 (--help stays fast)

        code = exit_code(error)
        answer.fail(error, told(error))
    except Exception as error:  # a mistake of this program: its traceback is told, and the object
        answer.fail(error, str(error))
        _finished(answer, FAILED)
        raise
    return _finished(answer, code)


def _finished(answer: Answer, code: int) -> int:
    """The last words are said; returns the exit code."""
    try:
        sys.stdout.flush()
    except OSError:  # the command has told it
        discard(sys.stdout)
    try:
        answer.finish(code)
    except BrokenPipeError:
        discard(sys.stdout)
        return READER_GONE
    except errors.StorageError:
        return code or FAILED
    return code


class WrongUsage(ValueError):
    """The arguments are none of the command's; ``usage`` is what they may be."""

    def __init__(self, usage: str, message: str) -> None:
        super().__init__(message)
        self.usage = usage


class ArgumentParser(argparse.ArgumentParser):
    """Wrong usage is an exception, so that ``--json`` answers it as anything else."""

    def error(self, message: str) -> NoReturn:
        """See `argparse.ArgumentParser.error`."""
        raise WrongUsage(self.format_usage(), f"{self.prog}: error: {message}")


class CommandParser(ArgumentParser):
    """A file may stand behind options; what a command does not know is refused by the command,
    with what is near."""

    _within = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """See `argparse.ArgumentParser.parse_known_intermixed_args`, which calls this method."""
        # Who completes a word wants to know which argument comes next.
        if self._within or "_ARGCOMPLETE" in os.environ:
            return super().parse_known_args(args, namespace)
        self._within = True
        try:
            found, unknown = self.parse_known_intermixed_args(args, namespace)
        finally:
            self._within = False
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}{self._near(unknown[0])}")
        return found, unknown

    def _near(self, word: str) -> str:
        known = [option for action in self._actions for option in action.option_strings]
        option, _, _ = word.partition("=")
        near = difflib.get_close_matches(option, known, 1, 0.75) if option.startswith("--") else []
        return f"; did you mean {near[0]}?" if near else ""


def _stand_in_for_closed_streams() -> None:
    """Where they were closed before the start, as by ``2>&-``: files that are opened later would
    get their numbers, and what is said on stderr would stand among the data. Writing to what stands
    in for stdout is an error, as writing to a closed one is.
    """
    for name, access in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(os.open(os.devnull, access), mode, encoding="utf-8"))


def _write_utf8() -> None:
    """Where the platform's encoding and its line ends are others, as in a pipe of Windows, which
    would end the lines of a CSV file twice."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", newline="")


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser; only *command*'s own arguments are known to it, so that only its module loads."""
    parser = ArgumentParser(
        prog="salesforce-bulk", description="Move data in and out of Salesforce in bulk."
    )
    parser.add_argument("--version", action="version", version=f"salesforce-bulk {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=CommandParser
    )
    for name, (_, summary, examples) in COMMANDS.items():
        lines = "\n".join(f"  salesforce-bulk {example}" for example in examples)
        subparser = commands.add_parser(
            name,
            help=summary,
            description=f"{lines}\n\n{sentence(summary)}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
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
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), FAILED)


@contextmanager
def signals_unwind(answer: Answer) -> Iterator[None]:
    """SIGTERM and the first Ctrl-C leave through every ``with`` block, so that what is under way
    is ended and told; a second Ctrl-C ends the process at once.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, lambda *_: answer.end_now(INTERRUPTED))
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, _terminate),
        signal.SIGINT: signal.signal(signal.SIGINT, interrupt),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated(TERMINATED)
