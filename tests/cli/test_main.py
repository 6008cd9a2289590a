import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from salesforce_bulk import errors
from salesforce_bulk.__version__ import __version__
from salesforce_bulk.cli import COMMANDS, exit_code, main


@pytest.fixture
def signals_as_at_a_terminal():
    """A command that a shell starts in the background ignores SIGINT, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def command(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "salesforce_bulk", *map(str, arguments)],
        text=True,
        stderr=subprocess.PIPE,
        **options,
    )


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert all(f"    {name}" in text for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    assert f"salesforce-bulk {name}" in capsys.readouterr().out


def test_help_loads_no_command():
    script = (
        "import sys\n"
        "from salesforce_bulk.cli import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert "salesforce_bulk.cli" in loaded
    assert not loaded & {
        "salesforce_bulk.cli.commands.demo",
        "salesforce_bulk.emulator",
        "requests",
        "simple_salesforce",
        "sqlite3",
    }


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"salesforce-bulk {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["dmeo"], ["demo", "a.csv", "b.csv"], ["--no-option"]])
def test_wrong_usage_is_2_and_said_on_stderr(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "usage: salesforce-bulk" in output.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidInput("ragged"), 2),
        (errors.LoginFailed("no"), 4),
        (errors.SessionExpired("old"), 4),
        (errors.ConnectionFailed("refused"), 1),
        (errors.RequestTimeout("slow"), 1),
        (errors.BulkBatchFailed("750", "751", "InvalidBatch : no"), 1),
        (FileNotFoundError("x"), 2),
        (OSError("disk full"), 1),
    ],
)
def test_the_exit_code_tells_the_kind_of_error(error, code):
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("a,b\n1\n", "row 1 (line 2): 1 cells"), ("a,a\n1,2\n", "more than one")],
)
def test_a_bad_file_is_2_before_anything_starts(tmp_path, capsys, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert main(["demo", str(path)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(f"salesforce-bulk: {path}")
    assert message in output.err


def test_a_file_that_is_not_there_is_2(tmp_path, capsys):
    assert main(["demo", str(tmp_path / "no.csv")]) == 2
    assert "no.csv" in capsys.readouterr().err


def test_a_program_may_run_a_command_in_a_thread_of_its_own(tmp_path):
    with ThreadPoolExecutor() as pool:
        assert pool.submit(main, ["demo", str(tmp_path / "no.csv")]).result() == 2


@pytest.mark.timeout(30)
@pytest.mark.usefixtures("signals_as_at_a_terminal")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_command_without_a_traceback(tmp_path, sent, code):
    pipe = tmp_path / "never-ending.csv"
    os.mkfifo(pipe)
    # Opening returns when the command reads.
    with command("demo", pipe) as process, pipe.open("w"):
        process.send_signal(sent)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in stderr
