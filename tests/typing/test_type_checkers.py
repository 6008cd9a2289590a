"""mypy and pyright, both strict, find the mistakes of a program that uses the package."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from installed_wheel import InstalledWheel

PROGRAM = Path(__file__).with_name("sample_program.py")
MISTAKES = {
    number
    for number, line in enumerate(PROGRAM.read_text("utf-8").splitlines(), 1)
    if "# mistake: " in line
}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment that has the wheel and what it requires.

    An editable package has no folder that a type checker could look into.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder / "venv")
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    wheel = InstalledWheel(folder)
    (packages / "wheel.pth").write_text(f"{wheel.site}\n{sysconfig.get_path('purelib')}\n")
    return folder / "venv" / "bin" / "python"


def run(*command, folder):
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def lines_by_mypy(folder, python):
    strict = ["--strict", "--python-version", "3.11", "--python-executable", python]
    done = run("mypy", *strict, PROGRAM.name, folder=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    return re.findall(rf"^{PROGRAM.name}:(\d+): error:", done.stdout, re.MULTILINE)


def lines_by_pyright(folder, python):
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = run("pyright", "--outputjson", "--pythonpath", python, ".", folder=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    return [entry["range"]["start"]["line"] + 1 for entry in found if entry["severity"] == "error"]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("lines_by", [lines_by_mypy, lines_by_pyright])
def test_each_mistake_is_found_and_nothing_else(lines_by, python, tmp_path):
    shutil.copy(PROGRAM, tmp_path)
    assert {int(line) for line in lines_by(tmp_path, python)} == MISTAKES


def test_there_are_mistakes_of_twenty_kinds():
    told = re.findall(r"# mistake: (.*)", PROGRAM.read_text("utf-8"))
    assert len(told) >= 20
