"""The way of a new user: what the README says is typed into an empty environment.

    make new-user

The environment has a Python, the system's commands, an empty home, an empty folder and no variable
of this shell. The wheel of this checkout stands for the one on PyPI; what it requires comes from
there. Told are the seconds to each result, and its last line; the first error, or a warning of a
block, ends the walk with exit code 1. From the third on, a block runs behind all before it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from installed_wheel import built_wheel

from salesforce_bulk.emulator import SalesforceEmulator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)
#: Where pip finds packages is the machine's matter.
OF_THE_MACHINE = ("PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_FIND_LINKS", "SSL_CERT_FILE", "LANG")


class Step(NamedTuple):
    """What is typed, and how it is told."""

    title: str
    command: list[str]


def steps(folder: Path, wheel: Path) -> Iterator[Step]:
    """What the README says, from its first line on."""
    yield Step("python -m venv", [sys.executable, "-m", "venv", str(folder / "venv")])
    session: list[str] = []
    for kind, text in BLOCK.findall(README):
        if kind == "sh" and text.startswith("pip install"):
            install = shlex.split(text.replace("salesforce-bulk", str(wheel), 1))
            yield Step(text.strip(), ["python", "-m", *install])
        elif kind == "python":
            session.append(text)
            name = f"block{len(session)}.py"
            # Later blocks go on in the session of the first ones.
            begun = session if len(session) > 2 else [text]
            (folder / name).write_text("\n".join(begun), "utf-8")
            yield Step(f"Python, block {len(session)}", ["python", "-W", "error", name])
    yield Step("salesforce-bulk demo", ["salesforce-bulk", "demo"])
    yield Step("salesforce-bulk --help", ["salesforce-bulk", "--help"])


def main() -> int:
    with tempfile.TemporaryDirectory() as name, SalesforceEmulator() as org:
        folder = Path(name)
        wheel = built_wheel(folder / "dist")
        for made in ("home", "work"):
            (folder / made).mkdir()
        return walked(folder / "work", wheel, {**empty_environment(folder), **login_of(org)})


def walked(folder: Path, wheel: Path, environ: Mapping[str, str]) -> int:
    """The exit code of the walk."""
    for step in steps(folder, wheel):
        started = time.perf_counter()
        done = subprocess.run(
            step.command, cwd=folder, env=environ, capture_output=True, text=True, check=False
        )
        lines = done.stdout.strip().splitlines() or [""]
        took = time.perf_counter() - started
        print(f"{took:6.1f} s  {step.title:40} {lines[-1][:60]}", flush=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return 1
    return 0


def empty_environment(folder: Path) -> dict[str, str]:
    """The variables of a shell that has just been installed."""
    kept = {name: os.environ[name] for name in OF_THE_MACHINE if name in os.environ}
    path = f"{folder / 'work' / 'venv' / 'bin'}:/usr/bin:/bin"
    return {**kept, "PATH": path, "HOME": str(folder / "home")}


def login_of(org: SalesforceEmulator) -> dict[str, str]:
    """The org that the README calls prod."""
    keys = ("username", "password", "security_token")
    found = {f"SALESFORCE_BULK_PROD_{key.upper()}": str(getattr(org, key)) for key in keys}
    return {**found, "SALESFORCE_BULK_PROD_LOGIN_URL": org.url}


if __name__ == "__main__":
    sys.exit(main())
