import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"


def output_of(script):
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / script],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    # Who logs in with a password is told once until when that goes; nothing else is said.
    before, notice, told = done.stderr.partition("SOAP login()")
    assert (before, notice) == ("", "SOAP login()")
    assert "Traceback" not in told
    assert told.count("\n") <= 4
    assert done.returncode == 0
    return done.stdout.splitlines()


def test_the_classic_insert_runs():
    lines = output_of("classic_insert.py")
    assert [line[:15] for line in lines[:5]] == [f"Account{number} is 001" for number in range(5)]
    assert lines[5:] == ["Done. Accounts uploaded."]


def test_the_classic_query_prints_the_same_users_from_json_and_csv():
    lines = output_of("classic_query.py")
    as_json, as_csv = lines[: len(lines) // 2], lines[len(lines) // 2 :]
    assert any("'Username': 'admin@example.com'" in line for line in as_json)
    assert [line.count("'attributes'") for line in as_json] == [1] * len(as_csv)
    for first, second in zip(as_json, as_csv, strict=True):
        assert second.strip("{}") in first
