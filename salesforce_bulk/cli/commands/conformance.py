"""``conformance``: what an org does, beside what the emulator believes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from salesforce_bulk.cli.answer import counted, shell_command
from salesforce_bulk.cli.numbers import seconds
from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.probe_progress import ProbeProgress
from salesforce_bulk.errors import InvalidInput, SessionExpired
from salesforce_bulk.http.clock import DeadlinePassed

if TYPE_CHECKING:
    from salesforce_bulk.conformance.cleanup import CleanupReport
    from salesforce_bulk.conformance.org_kind import OrgKind
    from salesforce_bulk.conformance.probe import Probe
    from salesforce_bulk.conformance.run import Finding
    from salesforce_bulk.conformance.target_org import TargetOrg

#: Seconds for all probes, and more for taking back what they made.
_SECONDS, _CLEANUP_SECONDS = 900.0, 120.0
_FEWEST_ROWS, _MOST_ROWS = 12, 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which probes, and what they may do."""
    parser.add_argument(
        "--only", action="append", default=[], metavar="ID", help="this behaviour; may be repeated"
    )
    parser.add_argument(
        "--write", action="store_true", help="make records as well, in an org for tests"
    )
    parser.add_argument("--yes", action="store_true", help="with --write: do not ask")
    parser.add_argument(
        "--rows",
        type=int,
        default=_FEWEST_ROWS,
        metavar="N",
        help=f"to see by whether their order is kept (default: {_FEWEST_ROWS})",
    )
    parser.add_argument(
        "--timeout", type=seconds, default=_SECONDS, metavar="SECONDS", help="for all; exit 5 after"
    )
    parser.add_argument(
        "--report", metavar="FILE", help="write what was sent and what came, with placeholders"
    )
    parser.add_argument("--replay", metavar="FILE", help="compare a report with the emulator")
    parser.add_argument("--cleanup", action="store_true", help="delete what earlier runs left")
    parser.add_argument("--quiet", action="store_true", help="draw no progress")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, print the findings and the org's dialect, take back what was made.

    Returns 0 where every behaviour has a finding, differences among them; 1 where the org ceased to
    answer, 3 where something is left in it, 4 where the session ended, 5 where the time was up.
    """
    if args.replay is not None:
        return _replay(args)
    if args.cleanup:
        return _clean_up(args)
    chosen = _chosen(args)
    _refuse_unwritable(args.report)
    org = _target_org(args)
    try:
        kind = _greeted(org, args)
        if args.write:
            kind.refuse_writing()
            _ask_leave(org, kind, chosen, args)
    except BaseException:
        org.notes.forget()  # nothing was made
        raise
    findings: list[Finding] = []
    with _taking_back(org, args) as done:
        try:
            _ask(org, chosen, findings, args)
        finally:
            _write_report(org, kind, findings, args, complete=len(findings) == len(chosen))
    args.answer.know(api_calls=org.calls, batches=org.batches)
    args.answer.say(f"  {counted(org.calls, 'API call')}, {counted(org.batches, 'batch')}")
    _show(findings, args)
    return _exit_code(org, done, args)


def _chosen(args: argparse.Namespace) -> list[Probe]:
    from salesforce_bulk.conformance.probes import PROBES  # noqa: PLC0415 (--help stays fast)

    if not _FEWEST_ROWS <= args.rows <= _MOST_ROWS:
        raise InvalidInput(f"--rows is {_FEWEST_ROWS} to {_MOST_ROWS:,}, not {args.rows:,}.")
    known = [probe.behaviour for probe in PROBES]
    for wanted in args.only:
        if wanted not in known:
            near = get_close_matches(wanted, known, 1)
            hint = f"do you mean {near[0]}?" if near else "FIDELITY.md lists the behaviours."
            raise InvalidInput(f"No probe asks about {wanted}; {hint}")
    return [probe for probe in PROBES if not args.only or probe.behaviour in args.only]


def _target_org(args: argparse.Namespace) -> TargetOrg:
    from salesforce_bulk.conformance.run_notes import RunNotes  # noqa: PLC0415
    from salesforce_bulk.conformance.target_org import TargetOrg  # noqa: PLC0415 (--help stays fast)

    bulk = connect(args.org)
    origin = bulk.endpoint.partition("/services/")[0]
    return TargetOrg(bulk, args.rows, RunNotes.create(_folder(), origin))


def _folder() -> Path:
    """Of the platform: ``$XDG_STATE_HOME/salesforce-bulk/conformance`` on Linux."""
    import platformdirs  # noqa: PLC0415 (--help stays fast)

    return platformdirs.user_state_path("salesforce-bulk") / "conformance"


def _greeted(org: TargetOrg, args: argparse.Namespace) -> OrgKind:
    from salesforce_bulk.conformance.org_kind import kind_of  # noqa: PLC0415 (--help stays fast)

    kind = kind_of(org)
    args.answer.say(f"  {org.origin}: {kind.name}, API {org.version}")
    args.answer.know(org_kind=kind.name, api_version=org.version)
    return kind


def _ask_leave(
    org: TargetOrg, kind: OrgKind, chosen: Sequence[Probe], args: argparse.Namespace
) -> None:
    """Says what --write will do, and waits for a yes.

    Raises:
        InvalidInput: there is nobody to ask, or the answer is no.
    """
    from salesforce_bulk.conformance.rehearsal import rehearsed  # noqa: PLC0415 (--help stays fast)

    if not args.yes and not sys.stdin.isatty():
        raise InvalidInput("--write asks first, and there is no terminal: give --yes as well.")
    cost = rehearsed(chosen, args.rows)
    args.answer.know(estimate=vars(cost))
    told = (
        f"  --write makes about {counted(cost.records, 'record')} in this {kind.name}, whose names",
        f"  begin with '{org.mark}', and deletes them at the end (to the",
        f"  recycle bin). It takes about {counted(cost.calls, 'API call')} and "
        f"{counted(cost.batches, 'batch')}; more calls where",
        "  the org is busy.",
    )
    print(*told, sep="\n", file=sys.stderr)
    if not args.yes and not _said_yes():
        raise InvalidInput("Nothing was written.")


def _said_yes() -> bool:
    sys.stderr.write("  Go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _ask(
    org: TargetOrg, chosen: Sequence[Probe], findings: list[Finding], args: argparse.Namespace
) -> None:
    from salesforce_bulk.conformance.run import run_probes  # noqa: PLC0415 (--help stays fast)

    asking = ProbeProgress(len(chosen), quiet=args.quiet or args.json)
    org.end_after(args.timeout)
    try:
        run = run_probes(org, chosen, write=args.write)
        for number, probe in enumerate(chosen, 1):
            asking.about(number, probe.behaviour)
            findings.append(next(run))
            args.answer.interrupted_at(f"{number:,} of {len(chosen):,} behaviours were asked.")
    finally:
        asking.over()


@contextmanager
def _taking_back(org: TargetOrg, args: argparse.Namespace) -> Iterator[CleanupReport]:
    """What the block makes in the org goes at its end, whatever that is."""
    from salesforce_bulk.conformance.cleanup import CleanupReport, take_back  # noqa: PLC0415

    done = CleanupReport()
    args.answer.go_on_with(_command(args, "--cleanup"))  # where even the end is cut short
    try:
        yield done
    finally:
        org.end_after(_CLEANUP_SECONDS)
        take_back(org, org.notes, done, records=args.write)
        _tell(done, args)


def _tell(done: CleanupReport, args: argparse.Namespace) -> None:
    """What was taken back, and what was not."""
    args.answer.know(
        aborted_jobs=done.jobs, deleted_records=done.records, left=done.left, doubtful=done.doubtful
    )
    if done.jobs or done.records:
        args.answer.say(
            f"  {counted(done.jobs, 'job')} aborted, {counted(done.records, 'record')} deleted"
        )
    for each in done.left:
        args.answer.say(f"  still in the org: {each}")
    for each in done.doubtful:
        args.answer.say(f"  perhaps in the org: {each}")
    if not done.left:
        args.answer.go_on_with(None)


def _show(findings: Sequence[Finding], args: argparse.Namespace) -> None:
    from salesforce_bulk.cli.findings import findings_json, findings_page  # noqa: PLC0415
    from salesforce_bulk.conformance.run import dialect_of  # noqa: PLC0415

    dialect = dialect_of(findings)
    args.answer.know(findings=findings_json(findings), dialect=dialect)
    args.answer.show(findings_page(findings, dialect))


def _exit_code(org: TargetOrg, done: CleanupReport, args: argparse.Namespace) -> int:
    if done.left:
        return 3
    if isinstance(org.ended, DeadlinePassed):
        args.answer.go_on_with(_command(args, "--timeout", f"{2 * args.timeout or _SECONDS:g}"))
        return 5
    if isinstance(org.ended, SessionExpired):
        return 4
    return 0 if org.ended is None else 1


def _refuse_unwritable(file: str | None) -> None:
    """Before anything is asked. Raises InvalidInput."""
    if file is not None and not Path(file).absolute().parent.is_dir():
        raise InvalidInput(f"There is no folder {Path(file).parent} for the report.")
    if file is not None and Path(file).is_dir():
        raise InvalidInput(f"{file} is a folder; name a file for the report.")


def _write_report(
    org: TargetOrg,
    kind: OrgKind,
    findings: Sequence[Finding],
    args: argparse.Namespace,
    *,
    complete: bool,
) -> None:
    """Of a run that is cut short as well."""
    from salesforce_bulk.conformance.report import report_of, written  # noqa: PLC0415
    from salesforce_bulk.storage.files import whole_file  # noqa: PLC0415

    if args.report is None:
        return
    report = report_of(org, kind.name, findings, write=args.write, complete=complete)
    with whole_file(args.report) as file:
        file.write(written(report))
    args.answer.know(report=args.report)
    args.answer.say(f"  report: {args.report}")


def _replay(args: argparse.Namespace) -> int:
    """Compare a report with the emulator; differences are what was asked for, and no failure."""
    from salesforce_bulk.cli.findings import differences_page  # noqa: PLC0415
    from salesforce_bulk.conformance.replay import replay  # noqa: PLC0415
    from salesforce_bulk.conformance.report import read_report  # noqa: PLC0415

    report = read_report(Path(args.replay))
    differences = replay(report)
    args.answer.know(differences=[vars(each) for each in differences])
    args.answer.show(differences_page(differences, len(report["findings"])))
    return 0


def _clean_up(args: argparse.Namespace) -> int:
    """Take back what earlier runs left in the org."""
    from salesforce_bulk.conformance.cleanup import CleanupReport, take_back  # noqa: PLC0415
    from salesforce_bulk.conformance.run_notes import (  # noqa: PLC0415
        MARK,
        RunNotes,
        notes_of_earlier_runs,
    )
    from salesforce_bulk.conformance.target_org import TargetOrg  # noqa: PLC0415 (--help stays fast)

    org = TargetOrg(connect(args.org))
    kind = _greeted(org, args)
    org.end_after(args.timeout)
    done = CleanupReport()
    for left in notes_of_earlier_runs(_folder(), org.origin):
        take_back(org, left, done, records=False)
    if kind.may_be_written:
        take_back(org, RunNotes(mark=MARK), done, records=True)
    _tell(done, args)
    if done.left:
        args.answer.go_on_with(_command(args, "--cleanup"))
        return 3
    args.answer.say("  nothing of a run is left in the org")
    return 0


def _command(args: argparse.Namespace, *options: str) -> str:
    """A command for the same org."""
    org = [] if args.org is None else ["--org", args.org]
    return shell_command(["salesforce-bulk", "conformance", *org, *options])
