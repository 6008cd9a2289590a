"""Loads interrupted at every request, their journals then damaged, and run again.

Each run loads 60 rows through 1.0 or 2.0, and dies before or behind its nth request, so that over
the runs each request is met. Its journal loses its last lines, loses one line, gets a flipped bit,
is cut anywhere, is emptied, or stays whole. Then the same call is made again, and what it leaves
unprocessed is retried. Each end must be right, or an error that names the jobs or says what to
compare: no row is in the org twice, and none has another outcome than the org says.
"""

from __future__ import annotations

import collections
import random
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from fast_clock import FastClock
from requests.adapters import HTTPAdapter

from salesforce_bulk import AmbiguousUpload, BulkApiError, JournalMismatch
from salesforce_bulk.emulator import SalesforceEmulator

ROWS = [{"Name": f"Row {number:02d}", "NumberOfEmployees": number} for number in range(60)]


class Death(BaseException):
    """The end of a process, as far as this can be done within one."""


class MortalSession(HTTPAdapter):
    """Dies before or behind the nth request; what follows is dead as well."""

    def __init__(self, at: int, *, behind: bool) -> None:
        super().__init__()
        self.left = at
        self.behind = behind
        self.lock = threading.Lock()

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        with self.lock:
            self.left -= 1
            left = self.left
        if left < 0 or (left == 0 and not self.behind):
            raise Death
        answer = super().send(request, **options)
        if left == 0:
            answer.close()
            raise Death
        return answer


def last_lines_lost(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: chance.randint(1, max(1, len(lines) - 1))])


def one_line_lost(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[chance.randrange(len(lines))]
    return b"".join(lines)


def bit_flipped(content: bytes, chance: random.Random) -> bytes:
    bit = chance.randrange(len(content) * 8)
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def cut_anywhere(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def emptied(content: bytes, chance: random.Random) -> bytes:
    return b""


def whole(content: bytes, chance: random.Random) -> bytes:
    return content


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    last_lines_lost,
    one_line_lost,
    bit_flipped,
    cut_anywhere,
    emptied,
    whole,
)


class Trial:
    """One run, from its death to its end.

    Args:
        org: empty.
        journal: a path that is free.
        api, parallel: of the load.
    """

    def __init__(self, org: SalesforceEmulator, journal: Path, api: str, parallel: int) -> None:
        self.org = org
        self.journal = journal
        self.options = {
            "api": api,
            "parallel": parallel,
            "batch_size": 10,
            "journal": journal,
            "on_error": "report",
        }

    def dies(self, at: int, *, behind: bool) -> bool:
        """Whether there was an nth request to die at."""
        with requests.Session() as session:
            bulk = self.org.connect(session=session, clock=FastClock())
            session.mount("http://", MortalSession(at, behind=behind))
            try:
                bulk.insert("Account", ROWS, **self.options)
            except Death:
                return True
        return False

    def damage(self, way: Callable[[bytes, random.Random], bytes], chance: random.Random) -> None:
        if self.journal.exists():
            self.journal.write_bytes(way(self.journal.read_bytes(), chance))

    def end(self) -> str:
        """How the same call ends, in a word; an AssertionError where that is not the truth."""
        bulk = self.org.connect(clock=FastClock())
        try:
            result = bulk.insert("Account", ROWS, **self.options)
        except (AmbiguousUpload, JournalMismatch) as error:
            self._nothing_twice()
            if error.job_id is None and "compare" not in str(error):
                raise AssertionError(f"an error that does not say how to go on: {error}") from error
            return type(error).__name__
        self._agrees(result)
        try:
            result = result.retry()
        except BulkApiError as error:
            self._nothing_twice()
            return f"retry: {type(error).__name__}"
        self._agrees(result)
        return "right"

    def _ids(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for record_id, name in self.org.org.query("SELECT Id, Name FROM Account"):
            found.setdefault(str(name), []).append(str(record_id))
        return found

    def _nothing_twice(self) -> None:
        doubled = {name: ids for name, ids in self._ids().items() if len(ids) > 1}
        assert not doubled, f"{len(doubled)} rows are in the org twice"

    def _agrees(self, result: Any) -> None:
        self._nothing_twice()
        ids = self._ids()
        assert [row.number for row in result] == list(range(1, len(ROWS) + 1))
        for row, given in zip(result, ROWS, strict=True):
            there = ids.get(str(given["Name"]), [])
            if row.status == "success":
                assert there == [row.id], (row, there)
            elif row.status in ("failed", "unprocessed"):
                assert not there, (row, there)


def try_runs(runs: int, seed: int) -> collections.Counter[tuple[str, str]]:
    """So many runs: how often each kind of damage ended in which way."""
    chance = random.Random(seed)
    ends: collections.Counter[tuple[str, str]] = collections.Counter()
    at = {"1.0": 0, "2.0": 0}
    with SalesforceEmulator(inline=True) as org, tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            api = ("1.0", "2.0")[number % 2]
            at[api] += 1
            behind, parallel = chance.random() < 0.5, chance.choice((1, 3))
            trial = Trial(org, Path(folder) / str(number), api, parallel)
            if not trial.dies(at[api], behind=behind):
                at[api] = 0
            way = DAMAGES[chance.randrange(len(DAMAGES))]
            trial.damage(way, chance)
            try:
                ends[way.__name__, trial.end()] += 1
            except Exception as error:
                note = f"run {number}: {api}, request {at[api]}, {behind=}, {parallel=}, {way}"
                raise AssertionError(f"{note}: {type(error).__name__}: {error}") from error
            org.reset()
    return ends
