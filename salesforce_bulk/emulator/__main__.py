"""``python -m salesforce_bulk.emulator``, and what ``salesforce-bulk emulator`` runs."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from salesforce_bulk.emulator import Fault, SalesforceEmulator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The emulator's options."""
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep the records in this directory"
    )
    parser.add_argument(
        "--schema",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="objects: a describe document, several, or the short form; may be repeated",
    )
    parser.add_argument(
        "--faults", type=Path, metavar="FILE", help="misbehaviour: a JSON list of faults"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same ids, tokens and faults"
    )
    parser.add_argument(
        "--tls",
        nargs=2,
        type=Path,
        metavar=("CERTIFICATE", "KEY"),
        help="https, with this certificate and key (PEM)",
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")


def run(args: argparse.Namespace, output: TextIO | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    output = output or sys.stdout
    if args.verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    try:
        emulator = _emulator(args)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    with _stop_signals() as stopped, emulator:
        output.write(
            f"url       {emulator.url}\nuser      {emulator.username}\n"
            f"password  {emulator.password}\ntoken     {emulator.security_token}\n"
        )
        output.flush()
        os.read(stopped, 1)
    return 0


def _emulator(args: argparse.Namespace) -> SalesforceEmulator:
    faults = _faults(args.faults) if args.faults else []
    emulator = SalesforceEmulator(
        port=args.port,
        data=args.data,
        seed=args.seed,
        tls=tuple(args.tls) if args.tls else None,
    )
    try:
        for path in args.schema:
            emulator.org.load_schema(path)
    except BaseException:
        emulator.stop()
        raise
    for fault in faults:
        emulator.faults.add(fault)
    return emulator


def _faults(path: Path) -> list[Fault]:
    document = json.loads(path.read_text("utf-8"))
    if not isinstance(document, list):
        raise ValueError(f"{path} is not a list of faults")
    return [Fault.from_mapping(entry) for entry in document]


@contextmanager
def _stop_signals() -> Iterator[int]:
    """A file descriptor from which there is to read once SIGTERM or SIGINT came; their handlers
    are put back at the end.
    """
    # A pipe and not an Event: a handler that runs while the main thread holds the Event's own
    # lock would wait for itself.
    reading, writing = os.pipe()

    def stop(_number: int, _frame: FrameType | None) -> None:
        os.write(writing, b".")

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield reading
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def main(arguments: list[str] | None = None) -> int:
    """Parses the arguments and serves."""
    parser = argparse.ArgumentParser(
        prog="python -m salesforce_bulk.emulator",
        description="A local Salesforce org that speaks Bulk API to any client.",
    )
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
