"""The Flask view, and the same behind gunicorn."""

import csv
import io
import os
import runpy
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from org_environment import describe_in_environment

EXAMPLES = Path(__file__).parents[2] / "examples" / "web"


def pages_read(org):
    return len([each for each in org.requests if "/results" in each.path])


def test_a_flask_view_sends_the_first_rows_before_the_last_page_is_asked_for(org, bulk):
    rows = [{"Name": f"Bäckerei {number}"} for number in range(5_000)]
    bulk.insert("Account", rows)
    create_app = runpy.run_path(str(EXAMPLES / "flask_export.py"))["create_app"]
    before = pages_read(org)
    answer = create_app(bulk).test_client().get("/accounts.csv", buffered=False)
    pieces = iter(answer.response)
    first = next(pieces)
    assert b"Name" in first
    assert pages_read(org) - before < 5
    text = (first + b"".join(pieces)).decode()
    assert pages_read(org) - before == 5
    assert sorted(row["Name"] for row in csv.DictReader(io.StringIO(text))) == sorted(
        row["Name"] for row in rows
    )


#: Beside the example's application: which process answered.
WITH_PROCESS = """
import os
from gunicorn_app import app

@app.after_request
def name_process(answer):
    answer.headers["X-Process"] = str(os.getpid())
    return answer
"""


@contextmanager
def gunicorn(folder, environ):
    """The address of a server with three forks of eight threads, made from one client."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        port = listening.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--preload", "--workers", "3", "--threads", "8",
             "--bind", f"fd://{listening.fileno()}", "with_process:app"],
            cwd=folder, env=environ, pass_fds=[listening.fileno()],
        )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(30) == 0


@pytest.mark.parametrize("ends", [False, True], ids=["", "the session ends on the way"])
def test_forks_and_threads_of_gunicorn_share_one_client(org, bulk, tmp_path, monkeypatch, ends):
    names = [f"Bäckerei {number}" for number in range(1_500)]
    bulk.insert("Account", [{"Name": name} for name in names])
    (tmp_path / "with_process.py").write_text(WITH_PROCESS)
    describe_in_environment(org, monkeypatch)
    logins = len([one for one in org.requests if "/Soap/" in one.path])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLES), str(tmp_path)])}
    processes = set()

    def ask(number):
        answer = requests.get(f"{url}/accounts.csv", timeout=60)
        processes.add(answer.headers["X-Process"])
        return sorted(row["Name"] for row in csv.DictReader(io.StringIO(answer.content.decode())))

    with gunicorn(tmp_path, environ) as url, ThreadPoolExecutor(12) as threads:
        assert ask(0) == sorted(names)
        if ends:
            org.faults.add("session_expired")
        for seen in threads.map(ask, range(24)):
            assert seen == sorted(names)
    assert len(processes) > 1
    after = len([one for one in org.requests if "/Soap/" in one.path])
    # Before the forks; and once more in each that found it at an end.
    assert after - logins <= (1 + len(processes) if ends else 1)
