"""What probes found, as a person reads it and as JSON has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from salesforce_bulk.cli.answer import counted, shell_command
from salesforce_bulk.conformance.replay import Difference
from salesforce_bulk.conformance.run import Finding, Verdict


def findings_page(findings: Sequence[Finding], dialect: Mapping[str, str]) -> str:
    """The counts; each difference, with both answers; why the others could not be asked; and the
    dialect of the org."""
    return "\n".join(
        [
            _counts(findings),
            *_differences([each for each in findings if each.verdict is Verdict.DIFFERS]),
            *_not_asked([each for each in findings if each.verdict is Verdict.NOT_ASKED]),
            *_dialect(dialect, any(each.verdict is Verdict.AGREES for each in findings)),
        ]
    )


def differences_page(differences: Sequence[Difference], found: int) -> str:
    """Where a report and the emulator differ, difference by difference.

    Args:
        differences: of a replay.
        found: how many behaviours the report has an answer for.
    """
    what = "no difference" if not differences else counted(len(differences), "difference")
    lines = [f"{counted(found, 'behaviour')} of the report, {what} in the emulator"]
    for each in differences:
        lines.append(f"\n{each.behaviour}  {each.what}")
        lines += _side("the report", each.reported)
        lines += _side("the emulator", each.emulated)
    return "\n".join(lines)


def _side(whose: str, text: str) -> Iterator[str]:
    first, *others = text.splitlines() or ["nothing"]
    yield f"  {whose:<12}  {first}"
    yield from (f"  {'':<12}  {line}" for line in others)


def findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """An object a finding: id, verdict, what the emulator and the org do, the dialect that fits."""
    return [_finding_json(each) for each in findings]


def _finding_json(finding: Finding) -> dict[str, Any]:
    asked = finding.verdict is not Verdict.NOT_ASKED
    told = {"org": finding.reading} if asked else {"why": finding.reading}
    return {
        "id": finding.behaviour.id,
        "verdict": finding.verdict.value,
        "emulator": finding.behaviour.values[0],
        **told,
        "dialect": finding.dialect.get(finding.behaviour.id),
    }


def _counts(findings: Sequence[Finding]) -> str:
    counts = Counter(each.verdict for each in findings)
    return (
        f"{counted(len(findings), 'behaviour')}: {counts[Verdict.AGREES]:,} as the emulator does, "
        f"{counts[Verdict.DIFFERS]:,} otherwise, {counts[Verdict.NOT_ASKED]:,} could not be asked"
    )


def _differences(findings: Sequence[Finding]) -> Iterator[str]:
    for each in findings:
        yield f"\n{each.behaviour.id}  differs: {_one_line(each.behaviour.title)}"
        yield f"  the emulator  {_one_line(each.behaviour.values[0])}"
        yield f"  this org      {_one_line(each.reading)}"
        yield f"  dialect       {_told_dialect(each)}"


def _told_dialect(finding: Finding) -> str:
    for name, value in finding.dialect.items():
        return f"{name}={value}"
    return "none fits: send a report, the emulator has to learn this"


def _not_asked(findings: Sequence[Finding]) -> Iterator[str]:
    """By their reasons, the commonest first."""
    reasons = Counter(each.reading for each in findings)
    for reason, count in reasons.most_common():
        yield f"\n{count:,} could not be asked: {_one_line(reason)}"
        yield from (f"  {each.behaviour.id}" for each in findings if each.reading == reason)


def _dialect(dialect: Mapping[str, str], agrees: bool) -> Iterator[str]:
    if not dialect:
        if agrees:
            yield "\nThe emulator speaks as this org does, as far as it was asked."
        return
    options = [word for pair in dialect.items() for word in ("--dialect", "=".join(pair))]
    yield "\nThe dialect of this org:"
    yield f"  {shell_command(['salesforce-bulk', 'emulator', *options])}"
    yield f"  SalesforceEmulator(dialect={dict(dialect)!r})"


def _one_line(text: str) -> str:
    return " ".join(text.split())
