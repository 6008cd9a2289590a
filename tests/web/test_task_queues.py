"""Celery and RQ: one task sends and ends, another worker takes the load up by its token."""

import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import celery
import pytest
import redis
import rq
from org_environment import environment_of

ROWS = [{"Key__c": f"k{number}", "Customer__c": f"Customer {number}"} for number in range(50)]
ROWS[7]["Customer__c"] = ""
ERRORS = {"k7": "REQUIRED_FIELD_MISSING"}
PROGRAMS = Path(sys.executable).parent


@contextmanager
def running(*command, folder, environ=None):
    """A server or worker, which is ended behind the block."""
    process = subprocess.Popen(
        [*map(str, command)],
        cwd=folder,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def broker(tmp_path):
    """The address of a Redis with nothing in it."""
    assert shutil.which("redis-server"), "install Redis (Debian: apt-get install redis-server)"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path)
    retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 400)
    url = f"redis://127.0.0.1:{port}"
    with (
        running("redis-server", *options, folder=tmp_path),
        redis.Redis.from_url(url, retry=retry) as connection,
    ):
        assert connection.ping()
        yield url


@pytest.fixture
def environ(crm, examples, broker):
    """Of the workers."""
    return {
        **environment_of(crm),
        "PYTHONPATH": str(examples),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CELERY_BROKER_URL": f"{broker}/0",
        "CELERY_RESULT_BACKEND": f"{broker}/0",
        "CRM_HELD": "0.1",
        "CRM_PAUSE": "0.2",
    }


def stored(crm):
    return len(list(crm.connect().export("SELECT Id FROM Customer__c")))


def test_a_celery_task_sends_and_a_task_of_another_worker_collects(crm, environ, broker, tmp_path):
    crm.faults.add("slow_batch", seconds=2)  # it is not over when it is first looked at
    with celery.Celery(broker=f"{broker}/0", backend=f"{broker}/0") as app:
        app.conf.task_routes = {"celery_tasks.collect": "collect"}
        start = (PROGRAMS / "celery", "-A", "celery_tasks", "worker", "-P", "prefork", "-c", "1")
        sent = app.send_task("celery_tasks.push", [ROWS], queue="push")
        with running(*start, "-Q", "push", folder=tmp_path, environ=environ):
            token, collecting = sent.get(timeout=60)
        with running(*start, "-Q", "collect", folder=tmp_path, environ=environ):
            done = app.AsyncResult(collecting).get(timeout=60)
    assert done == {"token": token, "succeeded": 49, "errors": ERRORS}
    assert stored(crm) == 49


def test_an_rq_job_sends_and_a_job_of_another_worker_collects(crm, environ, broker, tmp_path):
    start = (PROGRAMS / "rq", "worker", "--burst", "--url", broker)
    with redis.Redis.from_url(broker) as connection:
        sent = rq.Queue("push", connection=connection).enqueue("rq_tasks.push", ROWS)
        with running(*start, "push", folder=tmp_path, environ=environ) as process:
            assert process.wait(60) == 0
        collecting = rq.job.Job.fetch(sent.return_value(), connection=connection)
        with running(*start, "collect", folder=tmp_path, environ=environ) as process:
            assert process.wait(60) == 0
        done = collecting.return_value()
    assert (done["succeeded"], done["errors"]) == (49, ERRORS)
    assert stored(crm) == 49
