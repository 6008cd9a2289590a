"""`.ci/pythons`: which interpreters the checks run with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "pythons"


def interpreter(path: Path, command: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    return str(path)


def found(tmp_path: Path, *, system: Path) -> list[str]:
    environment = {"PATH": f"{system}:/usr/bin:/bin", "PYENV_ROOT": str(tmp_path / "pyenv")}
    done = subprocess.run(
        ["bash", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # Those of the machine that runs this test are found as well.
    return [line for line in done.stdout.splitlines() if line.startswith(str(tmp_path))]


@pytest.mark.skipif(os.name != "posix", reason="the script is for a shell")
def test_the_ones_that_run_are_found_and_the_oldest_comes_first(tmp_path: Path) -> None:
    """A shim that does not run, and a Python without venv, are passed over for the next place."""
    system, pyenv = tmp_path / "bin", tmp_path / "pyenv" / "versions"
    runs = f'exec "{sys.executable}" "$@"'
    newest = interpreter(system / "python3.14", runs)
    interpreter(system / "python3.10", "echo not active >&2; exit 127")
    oldest = interpreter(pyenv / "3.10.13" / "bin" / "python", runs)
    interpreter(pyenv / "3.12.1" / "bin" / "python", "exit 1")
    assert found(tmp_path, system=system) == [oldest, newest]


def test_without_any_the_list_is_empty(tmp_path: Path) -> None:
    assert found(tmp_path, system=tmp_path) == []
