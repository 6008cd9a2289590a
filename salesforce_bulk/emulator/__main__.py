"""``python -m salesforce_bulk.emulator``, and what ``salesforce-bulk emulator`` runs."""

from __future__ import annotations

import argparse
import errno
import gc
import http.client
import json
import logging
import os
import re
import signal
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from salesforce_bulk.emulator import Fault, SalesforceEmulator, SystemClock
from salesforce_bulk.emulator.data.store import FILE_NAME
from salesforce_bulk.emulator.dataset import dataset_files, load_dataset
from salesforce_bulk.emulator.fidelity.behaviour import Grade
from salesforce_bulk.emulator.fidelity.dialect import random_dialect
from salesforce_bulk.emulator.fidelity.page import fidelity_page
from salesforce_bulk.emulator.schema.features import FEATURES

#: Of ``--wait``: how long, and how long between two looks.
WAIT_SECONDS, WAIT_PAUSE = 60.0, 0.2

_LABELS = {
    "username": "user",
    "security_token": "token",  # nosec B105 # labels
    "consumer_key": "consumer key",
    "consumer_secret": "consumer secret",  # nosec B105 # labels
    "control_token": "control token",  # nosec B105 # labels
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The emulator's options."""
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen at (default: 127.0.0.1); another one is open to others",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name, with *, under which it may be called",
    )
    parser.add_argument(
        "--domain",
        metavar="NAME",
        help="the org's name, such as acme.my.salesforce.com, in all addresses that it tells",
    )
    parser.add_argument(
        "--control-token", metavar="TOKEN", help="what the control API needs (default: a new one)"
    )
    parser.add_argument(
        "--wait",
        metavar="URL",
        help="start nothing; wait until an emulator answers there, at most 60 seconds",
    )
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="OBJECT=FILE",
        help="records to begin with, CSV or JSON, or a directory of such files by object",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep records, objects and jobs in this directory"
    )
    parser.add_argument(
        "--schema",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="objects: describe documents, or the short form",
    )
    parser.add_argument(
        "--feature",
        action="append",
        default=[],
        choices=FEATURES,
        metavar="NAME",
        help=", ".join(FEATURES),
    )
    parser.add_argument(
        "--org-shape",
        type=Path,
        metavar="DIR",
        help="a directory of describe documents, one an object",
    )
    parser.add_argument(
        "--faults", type=Path, metavar="FILE", help="misbehaviour: a JSON list of faults"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same ids, tokens and faults"
    )
    parser.add_argument(
        "--app",
        type=Path,
        metavar="FILE",
        help="connected apps: a JSON list; a certificate's path is relative to the file",
    )
    parser.add_argument(
        "--clock",
        type=_moment,
        metavar="TIME",
        help="what time it is in the org at the start, such as 2024-02-29T12:00:00Z",
    )
    parser.add_argument(
        "--tls",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="https, with a certificate and its key (PEM); without files, with a self-signed one",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the address and the login data as JSON"
    )
    parser.add_argument("--verbose", action="store_true", help="log every request")
    parser.add_argument(
        "--dialect",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another reading of a behaviour; random: by --seed",
    )
    parser.add_argument(
        "--fidelity",
        action="store_true",
        help="start nothing; print what it does, and on whose word",
    )
    parser.add_argument(
        "--grade",
        metavar="GRADE",
        choices=[grade.value for grade in Grade],
        help="with --fidelity: rows of this grade, such as assumed",
    )


def run(args: argparse.Namespace, output: TextIO | None = None) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code."""
    output = output or sys.stdout
    if args.wait is not None:
        return _wait(args.wait)
    if args.fidelity:
        output.write(fidelity_page(Grade(args.grade) if args.grade else None))
        return 0
    if args.verbose:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    try:
        emulator = _emulator(args)
    except (OSError, ValueError, OverflowError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    with _stop_signals() as stopped, _rare_collections(), emulator:
        if not _is_loopback(args.host):
            sys.stderr.write(
                f"everybody who reaches {args.host} reaches this org, its passwords and its page\n"
            )
        output.write(_announcement(emulator, args.json))
        output.flush()
        os.read(stopped, 1)
    return 0


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Lets Python look for cycles seldom: batches are many small tuples without any, and looking
    through them again and again cost a fifth of a load's speed."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _announcement(emulator: SalesforceEmulator, as_json: bool) -> str:
    told = {**emulator.credentials, "control_token": emulator.control_token}
    if emulator.certificate is not None:
        told["certificate"] = str(emulator.certificate)
    if as_json:
        return json.dumps(told) + "\n"
    return "".join(f"{_LABELS.get(name, name):<15}  {value}\n" for name, value in told.items())


def _emulator(args: argparse.Namespace) -> SalesforceEmulator:
    faults = [Fault.from_mapping(entry) for entry in _read_list(args.faults, "faults")]
    apps = _read_list(args.app, "connected apps")
    kept = args.data is not None and (args.data / FILE_NAME).exists()
    emulator = _listening(args)

    def prepare(load: bool = True) -> None:
        for path in [*_shape_files(args.org_shape), *args.schema]:
            emulator.org.load_schema(path)
        if load:
            load_dataset(emulator.org, _dataset(args.load))
        for app in apps:
            emulator.apps.register_mapping(app, args.app.parent)
        for fault in faults:
            emulator.faults.add(fault)

    try:
        prepare(load=not kept)
    except BaseException:
        emulator.stop()
        if args.data is not None and not kept:
            # Part of the records would pass for all of them at the next start.
            (args.data / FILE_NAME).unlink(missing_ok=True)
        raise
    if kept and args.load:
        sys.stderr.write(f"{args.data} keeps its records; --load would add them once more\n")
    emulator.begin_with(partial(_prepared_again, prepare))
    return emulator


def _prepared_again(prepare: Callable[[], None]) -> None:
    """As at the start. Raises ValueError where a file is gone, or was a pipe."""
    try:
        prepare()
    except (OSError, ValueError) as error:
        text = f"the org is reset, but what it began with cannot be read again: {error}"
        raise ValueError(text) from error


def _listening(args: argparse.Namespace) -> SalesforceEmulator:
    """Raises OSError, which names the address where that is taken."""
    try:
        return SalesforceEmulator(
            port=args.port,
            data=args.data,
            seed=args.seed,
            clock=SystemClock(args.clock),
            tls=_certificate(args.tls),
            host=args.host,
            allow_hosts=args.allow_host,
            domain=args.domain,
            control_token=args.control_token,
            features=args.feature,
            dialect=_dialect(args.dialect, args.seed),
        )
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        text = f"port {args.port} of {args.host} cannot be had ({error.strerror}); give another"
        raise OSError(f"{text} --port, or none for any that is free") from error


def _dialect(arguments: Sequence[str], seed: int) -> dict[str, str]:
    """The readings of ``NAME=VALUE`` and of ``random``. Raises ValueError for anything else."""
    readings: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals and name != "random":
            raise ValueError(f"a dialect is NAME=VALUE or random, not {argument}")
        readings |= {name: value} if equals else random_dialect(seed).chosen
    return readings


def _shape_files(directory: Path | None) -> list[Path]:
    """The describe documents of a directory. Raises ValueError where there are none."""
    if directory is None:
        return []
    files = sorted(directory.glob("*.json"))
    if not files:
        raise ValueError(f"{directory} has no describe documents (*.json)")
    return files


def _dataset(arguments: Sequence[str]) -> dict[str, Path]:
    """The files to load by object, of ``Object=file`` and of directories."""
    files: dict[str, Path] = {}
    for argument in arguments:
        name, equals, path = argument.partition("=")
        files |= {name: Path(path)} if equals else dataset_files(Path(argument))
    return files


def _wait(url: str) -> int:
    """Waits until an emulator answers at an address; the exit code."""
    if not re.match(r"https?://[^/]", url, re.IGNORECASE):
        sys.stderr.write(f"error: {url} is no address such as http://127.0.0.1:8080\n")
        return 2
    address = f"{url.rstrip('/')}/_emulator/v1"
    ends = time.monotonic() + WAIT_SECONDS
    problem: Exception | None = None
    while time.monotonic() < ends:
        try:
            # The certificate is the emulator's own, and nothing secret is sent.
            context = ssl._create_unverified_context()  # noqa: S323  # nosec B323 # its own certificate, and nothing secret is sent
            with urllib.request.urlopen(address, timeout=5, context=context):  # noqa: S310  # nosec B310 # an address of this machine
                return 0
        except (OSError, ValueError, http.client.HTTPException) as error:
            problem = error
        time.sleep(WAIT_PAUSE)
    sys.stderr.write(f"error: no emulator answers at {url} after {WAIT_SECONDS:g} s: {problem}\n")
    return 1


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _read_list(path: Path | None, what: str) -> list[Any]:
    if path is None:
        return []
    document = json.loads(path.read_text("utf-8"))
    if not isinstance(document, list):
        raise ValueError(f"{path} is not a list of {what}")
    return document


def _certificate(files: list[Path] | None) -> tuple[Path, Path] | bool:
    if files is None:
        return False
    if len(files) not in (0, 2):
        raise ValueError("--tls takes a certificate and a key, or no file at all")
    return (files[0], files[1]) if files else True


def _moment(text: str) -> datetime:
    try:
        # Python 3.10's fromisoformat knows no Z.
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except ValueError:
        message = f"{text} is no time such as 2024-02-29T12:00:00Z"
        raise argparse.ArgumentTypeError(message) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


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
