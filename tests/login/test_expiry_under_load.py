"""Threads and forked processes load and export while the session is expired again and again."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from salesforce_bulk import ClientCredentialsLogin, SalesforceBulk, Session
from salesforce_bulk.emulator import SalesforceEmulator

THREADS = 8
PROCESSES = 4
#: The long form: EXPIRIES=50 pytest tests/login/test_expiry_under_load.py
EXPIRIES = int(os.environ.get("EXPIRIES", "10"))
ROWS = 20


@dataclass
class CountingLogin:
    """A login that counts how often it is asked, by process."""

    inner: ClientCredentialsLogin
    asked: list[int] = field(default_factory=list)

    def login(self, transport: Any) -> Session:
        self.asked.append(os.getpid())
        return self.inner.login(transport)


def rounds(bulk: SalesforceBulk, worker: int, stop: Any, progress: Any) -> int:
    """Loads and reads back rows of its own until it is told to stop; how many it loaded."""
    done = 0
    while not stop.is_set():
        key = f"worker-{worker}-{done}"
        rows = [{"Name": f"{key}-{number}", "AccountNumber": key} for number in range(ROWS)]
        result = bulk.insert("Account", rows)
        assert (len(result.succeeded), len(result.failed)) == (ROWS, 0)
        soql = f"SELECT Name FROM Account WHERE AccountNumber = '{key}'"
        assert sorted(row["Name"] for row in bulk.export(soql)) == sorted(r["Name"] for r in rows)
        done += 1
        progress[worker] = done
    return done * ROWS


def child(
    bulk: SalesforceBulk,
    login: CountingLogin,
    worker: int,
    stop: Any,
    progress: Any,
    answers: Any,
) -> None:
    login.asked.clear()
    try:
        answers.put((rounds(bulk, worker, stop, progress), len(login.asked), None))
    except BaseException as error:  # noqa: BLE001 - the parent tells it
        answers.put((0, len(login.asked), repr(error)))


@pytest.mark.timeout(300)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_no_call_is_lost_and_each_expiry_costs_each_process_one_login() -> None:
    """Rows are exact and there once; a process logs in at most once for each expiry."""
    with SalesforceEmulator(inline=True) as org:
        login = CountingLogin(ClientCredentialsLogin("consumer-key", "consumer-secret", org.url))
        bulk = SalesforceBulk(login=login)
        fork = multiprocessing.get_context("fork")
        stop, answers = fork.Event(), fork.SimpleQueue()
        progress = fork.Array("i", PROCESSES + THREADS)
        children = [
            fork.Process(target=child, args=(bulk, login, worker, stop, progress, answers))
            for worker in range(PROCESSES)
        ]
        for process in children:
            process.start()
        login.asked.clear()
        with ThreadPoolExecutor(THREADS) as pool:
            waiting = [
                pool.submit(rounds, bulk, worker, stop, progress)
                for worker in range(PROCESSES, PROCESSES + THREADS)
            ]
            for _ in range(EXPIRIES):
                # When all have gone on: who is given no processor would see several as one.
                before = list(progress)
                while any(new == old for new, old in zip(progress, before, strict=True)):
                    if any(one.done() for one in waiting) or not all(
                        process.is_alive() for process in children
                    ):
                        break
                    time.sleep(0.005)
                org.sessions.expire_all()
            stop.set()
            told = [answers.get() for _ in children]
            loaded = sum(one.result() for one in waiting)
        for process in children:
            process.join(30)
        assert [error for _, _, error in told if error] == []
        assert len(login.asked) <= EXPIRIES
        assert all(asked <= EXPIRIES for _, asked, _ in told)
        assert len(login.asked) > EXPIRIES / 2
        loaded += sum(rows for rows, _, _ in told)
        names = [row["Name"] for row in bulk.export("SELECT Name FROM Account")]
        assert len(names) == len(set(names)) == loaded
