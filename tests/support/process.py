"""The emulator as a command in a process of its own."""

import json
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import requests

MODULE = ("-m", "salesforce_bulk.emulator")


@contextmanager
def emulator(*arguments, command=MODULE):
    """What it said of itself, and its process; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *command, "--json", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield SimpleNamespace(process=process, **json.loads(line))
    finally:
        process.kill()
        process.communicate()


def failure(*arguments):
    """(exit code, stdout, stderr) of one that does not start."""
    done = subprocess.run(
        [sys.executable, *MODULE, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def end(org, number):
    """Sends a signal and waits; (exit code, what was written to stderr)."""
    org.process.send_signal(number)
    _, errors = org.process.communicate(timeout=60)
    return org.process.returncode, errors


@contextmanager
def session(org):
    """A requests.Session that is logged in by the client-credentials flow."""
    with requests.Session() as client:
        values = {
            "grant_type": "client_credentials",
            "client_id": org.consumer_key,
            "client_secret": org.consumer_secret,
        }
        granted = client.post(f"{org.url}/services/oauth2/token", values, timeout=30).json()
        client.headers["Authorization"] = f"Bearer {granted['access_token']}"
        yield client
