"""Files that appear whole or not at all, in one step and on the disk."""

import json
import os
import subprocess
import sys

import pytest

from salesforce_bulk import InvalidInput
from salesforce_bulk.storage.files import put_in_place, whole_file

SOQL = "SELECT Id, Count__c FROM Row__c"

#: Runs a statement with an audit hook, which cannot be taken off again; tells what was done to the
#: files in a folder, in order.
WATCHER = """
import json, os, sys
from pathlib import Path
from salesforce_bulk import SalesforceBulk
from salesforce_bulk.storage.files import whole_file

host, session, folder = sys.argv[1:]
seen = []

def hook(event, args):
    if event in ("os.rename", "os.remove", "os.truncate", "shutil.move", "shutil.copyfile"):
        seen.append([event, *[Path(str(arg)).name for arg in args[:2]]])
    elif event == "open" and str(args[0]).startswith(folder) and (args[2] or 0) & os.O_ACCMODE:
        seen.append(["open", Path(str(args[0])).name])

bulk = SalesforceBulk(sessionId=session, host=host) if host else None
target = Path(folder) / "target"
sys.addaudithook(hook)
{statement}
print(json.dumps(seen))
"""


def watched(statement, folder, host="", session=""):
    script = WATCHER.replace("{statement}", statement)
    done = subprocess.run(
        [sys.executable, "-c", script, host, session, str(folder)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "statement",
    [
        f'bulk.export("{SOQL}").to_csv(target)',
        f'bulk.export("{SOQL}").to_parquet(target)',
        f'bulk.export("{SOQL}", journal=target.parent / "j").to_csv(target)',
    ],
    ids=["csv", "parquet", "journal"],
)
def test_a_file_takes_its_name_in_one_step(org, bulk, fill, tmp_path, statement):
    """The file that was there is neither opened, emptied nor removed: one rename puts the other in
    its place, so whoever looks sees one of the two, whole."""
    pytest.importorskip("pyarrow" if "parquet" in statement else "json")
    fill([{"Count__c": 1}])
    (tmp_path / "target").write_text("before")
    seen = watched(statement, tmp_path, org.url, bulk.sessionId)
    about = [event for event in seen if "target" in event[1:]]
    part = next(event[1] for event in seen if event[0] == "open" and event[1].startswith("target."))
    assert about == [["os.rename", part, "target"]]
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "j") == ["target"]


def test_the_bytes_are_on_the_disk_before_the_name(tmp_path, monkeypatch):
    """A power cut leaves the old file or the new one, and no empty one of the new name."""
    done = []
    real_fsync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append("fsync"), real_fsync(fd))[1])
    monkeypatch.setattr(
        os, "replace", lambda *names: (done.append("replace"), real_replace(*names))[1]
    )
    with whole_file(tmp_path / "x") as file:
        file.write(b"all of it")
    assert done[0] == "fsync"
    assert (tmp_path / "x").read_bytes() == b"all of it"


def test_a_directory_that_cannot_be_synced_takes_nothing_away(tmp_path, monkeypatch):
    """Some file systems refuse it; the file is in its place all the same."""
    (tmp_path / "part").write_bytes(b"x")

    def refused(fd):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refused)
    put_in_place(tmp_path / "part", tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"x"


@pytest.mark.parametrize("write", ["to_csv", "to_parquet"])
def test_what_cannot_be_replaced_is_refused_before_anything_is_read(org, bulk, tmp_path, write):
    """A directory, a device or a pipe as the target: told at once and not after hours."""
    pytest.importorskip("pyarrow" if write == "to_parquet" else "json")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for target in (tmp_path, fifo):
        export = bulk.export(SOQL)
        with pytest.raises(InvalidInput, match="no file"):
            getattr(export, write)(target)
    assert [path.name for path in tmp_path.iterdir()] == ["fifo"]
    assert [p for p in tmp_path.parent.iterdir() if p.name.endswith(".part")] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_who_may_read_a_file_stays(bulk, tmp_path):
    """A file that its owner has closed to others is closed after it was replaced, too."""
    target = tmp_path / "x.csv"
    target.touch(mode=0o600)
    bulk.export(SOQL).to_csv(target)
    assert target.stat().st_mode & 0o777 == 0o600
