"""The page at ``/``: what is in the org, what it is doing, and what it was asked.

Rendered here, without anything from elsewhere. It updates itself by a script of a few lines, and
by the browser's own reload where scripts are off.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.endpoints.bulk2 import state_of
from salesforce_bulk.emulator.http.server import LoggedRequest, Request, Response
from salesforce_bulk.emulator.jobs.engine import Batch, Job, JobEngine, batches_of

if TYPE_CHECKING:
    from salesforce_bulk.emulator.access.sessions import Sessions
    from salesforce_bulk.emulator.data.org import Org
    from salesforce_bulk.emulator.http.faults import Faults
    from salesforce_bulk.emulator.schema.schema import SObject

PATH = "/"
SHOWN_JOBS = 50
SHOWN_REQUESTS = 50
#: Different messages shown of one job.
SHOWN_MESSAGES = 3
#: Characters of a path or message.
SHOWN_CHARACTERS = 300
#: Seconds from one look to the next; counting a million records must not keep the org busy.
REFRESH_SECONDS = 1
REFRESH_SHARE = 20

#: The colour of a state.
_TONES = {
    bulk_states.OPEN: "busy",
    bulk_states.UPLOAD_COMPLETE: "busy",
    bulk_states.IN_PROGRESS: "busy",
    bulk_states.JOB_COMPLETE: "good",
    bulk_states.FAILED: "bad",
    bulk_states.ABORTED: "bad",
}


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Piece = str | int


def tag(name: str, *pieces: Piece, **attributes: Piece) -> Html:
    """An element; what is not ``Html`` is escaped.

    ``class_`` stands for the attribute ``class``, ``data_seconds`` for ``data-seconds``.
    """
    listed = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{listed}>{_join(pieces)}</{name}>")


def _join(pieces: Iterable[Piece]) -> Html:
    return Html(
        "".join(piece if isinstance(piece, Html) else escape(str(piece)) for piece in pieces)
    )


def _table(heads: Sequence[str], rows: Iterable[Html], class_: str) -> Html:
    head = tag("thead", tag("tr", *(tag("th", text, scope="col") for text in heads)))
    return tag("table", head, tag("tbody", *rows), class_=class_)


def _number(value: int, tone: str = "") -> Html:
    return tag("td", f"{value:,}", class_=f"number {tone}".strip())


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


class StatusPage:
    """Answers requests for the page.

    ``requests`` and ``api_calls`` give the log and its length; ``credentials`` are the (name,
    value) pairs that a client logs in with.
    """

    def __init__(
        self,
        org: Org,
        engine: JobEngine,
        sessions: Sessions,
        faults: Faults,
        requests: Callable[[], Sequence[LoggedRequest]],
        api_calls: Callable[[], int],
        credentials: Callable[[], Sequence[tuple[str, str]]],
    ) -> None:
        self._org = org
        self._engine = engine
        self._sessions = sessions
        self._faults = faults
        self._requests = requests
        self._api_calls = api_calls
        self._credentials = credentials

    def answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            text = f"{request.method} {PATH} is not emulated\n"
            return Response(405, {"Allow": "GET, HEAD"}, text.encode())
        return Response(200, dict(_HEADERS), self.render().encode("utf-8", "replace"))

    def render(self) -> str:
        """The whole document."""
        started = time.perf_counter()
        jobs, requests = self._engine.jobs[::-1], self._requests()[::-1]
        counted = self._record_counts()
        sections = (
            self._facts(counted, jobs),
            tag("div", _objects(counted), _jobs(jobs), class_="columns"),
            _requests_section(requests),
        )
        seconds = max(REFRESH_SECONDS, round(REFRESH_SHARE * (time.perf_counter() - started)))
        main = tag("main", *sections, data_seconds=seconds)
        return _DOCUMENT.format(
            seconds=seconds, style=_STYLE, script=_SCRIPT, header=self._header(), main=main
        )

    def _record_counts(self) -> list[tuple[SObject, int]]:
        """The objects with their records; those that have none are last."""
        counted = [
            (sobject, self._org.count(sobject.name))
            for sobject in list(self._org.schema.objects.values())
        ]
        return sorted(counted, key=lambda entry: (-entry[1], entry[0].name))

    def _header(self) -> Html:
        pairs = [
            tag("div", tag("dt", name.replace("_", " ")), tag("dd", value))
            for name, value in self._credentials()
        ]
        title = tag("h1", tag("span", "", class_="light"), "Salesforce org emulator")
        gone = tag("p", "The emulator does not answer any more.", class_="gone", role="alert")
        return tag("header", title, gone, tag("dl", *pairs))

    def _facts(self, counted: list[tuple[SObject, int]], jobs: list[Job]) -> Html:
        running = sum(not job.finished for job in jobs)
        facts = (
            ("records", sum(count for _, count in counted)),
            ("jobs", len(jobs)),
            ("jobs not finished", running),
            ("sessions", len(self._sessions)),
            ("requests", self._api_calls()),
            ("faults struck", len(self._faults.fired)),
        )
        tiles = [
            tag("div", tag("b", f"{value:,}"), tag("span", name), class_="tile")
            for name, value in facts
        ]
        clock = f"{self._org.clock.now():%Y-%m-%d %H:%M:%S} UTC"
        tiles.append(tag("div", tag("b", clock), tag("span", "the org's clock"), class_="tile"))
        return tag("section", *tiles, class_="tiles", aria_label="Summary")


def _objects(counted: list[tuple[SObject, int]]) -> Html:
    rows = [
        tag("tr", tag("td", tag("code", sobject.name)), tag("td", sobject.label), _number(count))
        for sobject, count in counted
        if count or sobject.custom
    ]
    empty = [sobject.name for sobject, count in counted if not count and not sobject.custom]
    table = _table(("Object", "Label", "Records"), rows, "objects")
    rest = tag("p", f"Without records: {', '.join(empty)}", class_="note")
    return _section("Objects", table, rest)


def _jobs(jobs: list[Job]) -> Html:
    if not jobs:
        return _section("Jobs", tag("p", "No jobs yet.", class_="note"))
    heads = ("Job", "API", "Operation", "State", "Batches", "Records", "Failed", "Created")
    table = _table(heads, map(_job_row, islice(jobs, SHOWN_JOBS)), "jobs")
    return _section("Jobs", table, *_more(len(jobs) - SHOWN_JOBS))


def _job_row(job: Job) -> Html:
    batches = list(batches_of(job))
    state = state_of(job)
    done = sum(batch.terminal for batch in batches)
    operation = _join([tag("b", job.operation), " ", tag("code", job.object)])
    failed = job.total(lambda batch: batch.failed)
    return tag(
        "tr",
        tag("td", tag("code", job.id)),
        tag("td", job.api),
        tag("td", operation, *_errors(batches)),
        tag("td", tag("span", state, class_=f"state {_tone(job, batches)}")),
        tag("td", f"{done:,} of {len(batches):,}", _progress(done, len(batches))),
        _number(job.total(lambda batch: batch.processed)),
        _number(failed, "failed" if failed else ""),
        tag("td", f"{job.created:%H:%M:%S}"),
    )


def _tone(job: Job, batches: list[Batch]) -> str:
    """A closed job of Bulk API 1.0 is as good as its batches."""
    state = state_of(job)
    if state != bulk_states.CLOSED:
        return _TONES.get(state, "busy")
    if not job.finished:
        return "busy"
    return "bad" if any(batch.state == bulk_states.FAILED for batch in batches) else "good"


def _progress(done: int, count: int) -> Html:
    return tag("progress", f"{done} of {count}", value=done, max=max(count, 1))


def _errors(batches: list[Batch]) -> list[Html]:
    """The messages of the batches, each once."""
    messages = Counter(batch.message for batch in batches if batch.message)
    lines = [
        tag("p", _short(message), *([f" ({count} batches)"] if count > 1 else []), class_="error")
        for message, count in messages.most_common(SHOWN_MESSAGES)
    ]
    return lines + _more(len(messages) - SHOWN_MESSAGES)


def _requests_section(requests: Sequence[LoggedRequest]) -> Html:
    if not requests:
        return _section("Last requests", tag("p", "Nobody called yet.", class_="note"))
    rows = map(_request_row, requests[:SHOWN_REQUESTS])
    table = _table(("Status", "Method", "Path", "Time"), rows, "requests")
    return _section("Last requests", table)


def _request_row(logged: LoggedRequest) -> Html:
    # A request without an answer has the status 0.
    tone = "good" if 200 <= logged.status < 400 else "bad"
    return tag(
        "tr",
        tag("td", tag("span", logged.status or "none", class_=f"state {tone}")),
        tag("td", logged.method),
        tag("td", tag("code", _short(logged.path))),
        tag("td", f"{logged.seconds * 1000:,.1f} ms", class_="number"),
    )


def _section(title: str, *content: Html) -> Html:
    return tag("section", tag("h2", title), *content)


def _more(count: int) -> list[Html]:
    return [tag("p", f"and {count:,} more", class_="note")] if count > 0 else []


_SCRIPT = """
(() => {
  const again = () => {
    const seconds = document.querySelector("main").dataset.seconds;
    setTimeout(look, seconds * 1000);
  };
  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.pathname, { cache: "no-store" });
        const text = await answer.text();
        const fresh = new DOMParser().parseFromString(text, "text/html");
        document.querySelector("main").replaceWith(fresh.querySelector("main"));
        document.body.classList.remove("away");
      } catch {
        document.body.classList.add("away");
      }
    }
    again();
  };
  again();
})();
"""

_STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f3f5f8; --card: #fff; --ink: #16202e; --soft: #5c6b7f; --line: #e3e8ef;
  --good: #0b7a4b; --good-ground: #e0f5ea; --bad: #b3261e; --bad-ground: #fde7e5;
  --busy: #0b5cab; --busy-ground: #e1effc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151c; --card: #19212b; --ink: #e6ebf2; --soft: #94a3b8; --line: #2a3543;
    --good: #5fd39c; --good-ground: #12372a; --bad: #ff8f86; --bad-ground: #44201d;
    --busy: #7fbcff; --busy-ground: #16324f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 1500px; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 14px/1.45 system-ui, -apple-system, "Segoe UI", sans-serif;
}
code { font: 12px/1.4 ui-monospace, "SF Mono", Consolas, monospace; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.35rem; }
h2 { margin: 0 0 .6rem; font-size: 1rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .8rem 2rem; }
header dl { display: flex; flex-wrap: wrap; gap: .3rem 1.6rem; margin: 0 0 0 auto; }
header dt { color: var(--soft); font-size: 12px; }
header dd { margin: 0; font: 12px ui-monospace, "SF Mono", Consolas, monospace; }
.light {
  display: inline-block; width: .65rem; height: .65rem; margin-right: .6rem;
  border-radius: 50%; background: #23b26d;
}
.gone { display: none; margin: 0; color: var(--bad); font-weight: 600; }
.away .gone { display: block; }
.away .light { background: var(--bad); }
.away main { opacity: .55; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
section { padding: 1rem 1.1rem; margin-top: 1rem; min-width: 0; overflow-x: auto; }
.tiles { display: flex; flex-wrap: wrap; gap: .6rem 2.6rem; }
.tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.tile span, .note { color: var(--soft); font-size: 12px; }
.note { margin: .7rem 0 0; }
.columns { display: grid; grid-template-columns: minmax(18rem, 1fr) minmax(0, 2.6fr); gap: 0 1rem; }
.columns > section { align-self: start; }
@media (max-width: 1000px) { .columns { display: block; } }
table { width: 100%; border-collapse: collapse; }
th {
  padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); color: var(--soft);
  font-size: 12px; font-weight: 500; text-align: left; white-space: nowrap;
}
td { padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.number, .objects th:last-child, .requests th:last-child, .jobs th:nth-child(6),
.jobs th:nth-child(7) { text-align: right; font-variant-numeric: tabular-nums; }
.number { white-space: nowrap; }
.failed { color: var(--bad); font-weight: 600; }
.requests td:nth-child(3) { width: 100%; }
.jobs td:first-child code { white-space: nowrap; }
.state {
  display: inline-block; padding: .05rem .5rem; border-radius: 1rem; font-size: 12px;
  font-weight: 600; white-space: nowrap;
}
.good { color: var(--good); background: var(--good-ground); }
.bad { color: var(--bad); background: var(--bad-ground); }
.busy { color: var(--busy); background: var(--busy-ground); }
.error { margin: .25rem 0 0; color: var(--bad); font-size: 12px; overflow-wrap: anywhere; }
progress {
  display: block; width: 6rem; height: .35rem; margin-top: .3rem; border: 0; border-radius: 1rem;
  overflow: hidden; appearance: none; background: var(--line);
}
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: #23b26d; }
progress::-moz-progress-bar { background: #23b26d; }
"""

_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Salesforce org emulator</title>
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="{seconds}"></noscript>
<style>{style}</style>
</head>
<body>
{header}
{main}
<script>{script}</script>
</body>
</html>
"""

_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_HEADERS = {
    "Content-Type": "text/html;charset=UTF-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
        f"script-src 'sha256-{_SCRIPT_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
