"""A report: what was sent to an org and what came, with placeholders, for anybody to see."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from salesforce_bulk.__version__ import __version__
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.placeholders import Placeholders
from salesforce_bulk.conformance.run import Finding, dialect_of
from salesforce_bulk.conformance.target_org import FEWEST_ROWS, MOST_ROWS, TargetOrg
from salesforce_bulk.errors import InvalidInput

#: Grows when a name in a report changes its meaning or goes.
FORMAT = 1
#: A status, a code of the platform or both, with which a reading may begin.
_REFUSAL = re.compile(r"(?:[1-5]\d\d\b)?(?:\s*\b[A-Z]{2,}(?:_[A-Z]+)+\b)?")


def report_of(
    org: TargetOrg, kind: str, findings: Sequence[Finding], *, write: bool, complete: bool
) -> dict[str, Any]:
    """What was found, as JSON.

    Args:
        org: that was asked.
        kind: of the org, such as ``sandbox``.
        findings: of all probes, or of those before the run was interrupted.
        write: probes might make records.
        complete: all that were chosen were asked.
    """
    placeholders = Placeholders(org.mark)
    exchanges = _Exchanges(placeholders)
    found = [_finding(each, exchanges, placeholders) for each in findings]
    return {
        "format": FORMAT,
        "made_by": f"salesforce-bulk {__version__}",
        "org": kind,
        "api_version": org.version,
        "write": write,
        "rows": org.rows,
        "complete": complete,
        "dialect": dialect_of(findings),
        "findings": found,
        "exchanges": exchanges.listed,
    }


def written(report: Mapping[str, Any]) -> bytes:
    """A report as its file has it: a finding and an exchange a line."""
    lines = [f"{json.dumps(name)}: {_told(value)}" for name, value in report.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _told(value: object) -> str:
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    items = ",\n ".join(json.dumps(each, ensure_ascii=False) for each in value)
    return f"[\n {items}\n]"


def read_report(path: Path) -> dict[str, Any]:
    """A report from its file.

    Raises:
        InvalidInput: it is none, or one of a later release.
    """
    try:
        report = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is no report: {error}") from error
    if not isinstance(report, Mapping) or not isinstance(report.get("findings"), list):
        raise InvalidInput(f"{path} is no report of `salesforce-bulk conformance --report`.")
    if report.get("format") != FORMAT:
        raise InvalidInput(
            f"{path} has format {report.get('format')}; this release reads {FORMAT}. Update "
            "salesforce-bulk."
        )
    for part, is_whole in _PARTS.items():
        if not is_whole(report):
            raise InvalidInput(f"{path} is no whole report: its {part} are missing or damaged.")
    return dict(report)


def _has_findings(report: Mapping[str, Any]) -> bool:
    return all(
        isinstance(each, dict)
        and all(isinstance(each.get(name), str) for name in ("id", "verdict", "reading"))
        and isinstance(each.get("exchanges"), list)
        for each in report["findings"]
    )


def _has_exchanges(report: Mapping[str, Any]) -> bool:
    listed = report.get("exchanges")
    if not isinstance(listed, list) or not all(map(_is_exchange, listed)):
        return False
    numbers = [number for finding in report["findings"] for number in finding["exchanges"]]
    return all(isinstance(number, int) and 0 <= number < len(listed) for number in numbers)


def _is_exchange(exchange: object) -> bool:
    if not isinstance(exchange, dict):
        return False
    sent, came = exchange.get("sent"), exchange.get("came")
    return (
        isinstance(sent, dict)
        and isinstance(came, dict)
        and isinstance(sent.get("method"), str)
        and isinstance(sent.get("path"), str)
        and isinstance(came.get("body"), str)
        and isinstance(came.get("status"), int)
        and _is_of_texts(came.get("headers"))
    )


def _is_of_texts(mapping: object) -> bool:
    return isinstance(mapping, dict) and all(isinstance(text, str) for text in mapping.values())


def _has_rows(report: Mapping[str, Any]) -> bool:
    rows = report.get("rows")
    return isinstance(rows, int) and FEWEST_ROWS <= rows <= MOST_ROWS


#: What a replay looks at; in this order, since each looks at those before.
_PARTS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "findings": _has_findings,
    "exchanges": _has_exchanges,
    "rows": _has_rows,
    "readings of a dialect": lambda report: _is_of_texts(report.get("dialect", {})),
    "versions": lambda report: isinstance(report.get("api_version"), str),
}


def shown_reading(finding: Finding, placeholders: Placeholders) -> str:
    """What the org does, or why it could not be asked; one of the emulator's stays as it is."""
    if finding.reading in finding.behaviour.values:
        return finding.reading
    refusal = _REFUSAL.match(finding.reading)
    begin = refusal.end() if refusal else 0
    return finding.reading[:begin] + placeholders.text(finding.reading[begin:])


class _Exchanges:
    """Each once, though several probes look at it."""

    def __init__(self, placeholders: Placeholders) -> None:
        self._placeholders = placeholders
        self._numbers: dict[int, int] = {}
        self.listed: list[dict[str, Any]] = []

    def numbers(self, exchanges: Sequence[Exchange]) -> Iterator[int]:
        for each in exchanges:
            if id(each) not in self._numbers:
                self._numbers[id(each)] = len(self.listed)
                self.listed.append(_exchange(each, self._placeholders))
            yield self._numbers[id(each)]


def _finding(finding: Finding, exchanges: _Exchanges, placeholders: Placeholders) -> dict[str, Any]:
    return {
        "id": finding.behaviour.id,
        "verdict": finding.verdict.value,
        "reading": shown_reading(finding, placeholders),
        "exchanges": list(exchanges.numbers(finding.exchanges)),
    }


def _exchange(exchange: Exchange, placeholders: Placeholders) -> dict[str, Any]:
    sent_as = exchange.request_headers.get("Content-Type") or ""
    return {
        "sent": {
            "method": exchange.method,
            "path": placeholders.path(exchange.path),
            "headers": placeholders.headers(exchange.request_headers),
            "body": placeholders.body(exchange.request_body, sent_as),
        },
        "came": {
            "status": exchange.status,
            "headers": placeholders.headers(exchange.headers),
            "body": placeholders.body(exchange.body, exchange.headers.get("content-type", "")),
        },
    }
