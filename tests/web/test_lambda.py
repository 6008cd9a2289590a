"""A process as AWS Lambda has it: a folder that cannot be written, 512 MB, no HOME."""

import json
import os
import resource
import subprocess
import sys

from org_environment import environment_of

MEMORY = 512 << 20
#: What Lambda does: two events, one process.
EVENTS = """
import json, os, sys, lambda_handler
try:
    open("written", "w")
    sys.exit("the folder can be written")
except PermissionError:
    pass
assert "HOME" not in os.environ
for event in json.loads(sys.argv[1]):
    print(json.dumps(lambda_handler.handler(event, None)))
"""


def as_lambda(folder, environ, events):
    """What the handler answers."""
    command = [sys.executable, "-c", EVENTS, json.dumps(events)]
    if os.geteuid() == 0:
        # Root writes where it may not, unless it is robbed of that.
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )  # fmt: skip


def test_a_hundred_thousand_rows_in_half_a_gigabyte_and_nothing_written_but_in_tmp(
    crm, examples, tmp_path
):
    folder, temporary = tmp_path / "task", tmp_path / "tmp"
    folder.mkdir()
    temporary.mkdir()
    (folder / "lambda_handler.py").write_text((examples / "lambda_handler.py").read_text())
    folder.chmod(0o555)
    rows = 100_000
    file = tmp_path / "rows.csv"
    with file.open("w") as text:
        text.write("Key__c,Customer__c\n")
        text.writelines(f"k{number},Customer {number}\n" for number in range(rows))
    environ = {**environment_of(crm), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in [name for name in environ if name == "HOME" or name.startswith("XDG_")]:
        del environ[name]
    event = {"object": "Customer__c", "key": "Key__c", "target": str(temporary / "out.csv")}
    small = tmp_path / "small.csv"
    small.write_text("Key__c,Customer__c\nnew,\n")
    done = as_lambda(folder, environ, [{**event, "path": str(file)}, {**event, "path": str(small)}])
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"succeeded": rows, "failed": 0, "rows": rows},
        {"succeeded": 0, "failed": 1, "rows": rows},
    ]
    assert [path.name for path in temporary.iterdir()] == ["out.csv"]
    assert [path.name for path in folder.iterdir()] == ["lambda_handler.py"]
