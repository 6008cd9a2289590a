"""A stand-in for the Salesforce CLI."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

_PROGRAM = """#!{python}
import json, os, sys, time
form, token, url = os.environ["FORM"], os.environ["TOKEN"], os.environ["URL"]
asked = "token" if "show-access-token" in sys.argv else "display"
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
def say(status, **more):
    print(json.dumps({{"status": status, **more}}))
    sys.exit(status)
print("secret " + token, file=sys.stderr)
if form == "slow":
    time.sleep(30)
if form == "garbage":
    print("Segmentation fault " + token); sys.exit(139)
if form == "half":
    print('{{"status": 0, "result": {{"accessTok'); sys.exit(0)
if form == "unknown org":
    say(1, name="NamedOrgNotFoundError", message="No authorization for " + token, exitCode=1)
if form == "expired":
    say(1, name="RefreshTokenAuthError", message="expired access/refresh token", exitCode=1)
if form == "empty":
    say(0, result={{}}, warnings=[])
if asked == "token":
    if form in ("old", "old and redacted"):
        say(127, name="CommandNotFound", message="Command org:auth:show-access-token not found.")
    say(0, result={{"accessToken": token}}, warnings=["Treat this token like a password."])
if form == "chatty":
    print("Warning: update available\\n{{not json}}")
shown = token if form == "old" else "[REDACTED] Use 'sf org auth show-access-token' to view"
say(0, result={{"id": "00D", "accessToken": shown, "instanceUrl": url, "username": "a@b.c",
    "clientId": "PlatformCLI", "connectedStatus": "Connected"}}, warnings=[])
"""


class SfProgram:
    """A stand-in for ``sf`` on the PATH that prints the documented JSON."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = folder / "sf"
        program.write_text(_PROGRAM.format(python=sys.executable))
        program.chmod(0o755)
        self._calls = folder / "calls"
        self._set = monkeypatch.setenv
        self._set("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        self._set("CALLS", str(self._calls))

    def answers(self, form: str, token: str, url: str) -> None:
        for name, value in (("FORM", form), ("TOKEN", token), ("URL", url)):
            self._set(name, value)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines()
