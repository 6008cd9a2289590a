"""One way to write a file, whoever writes it: exports, results of loads, states."""

import contextlib
import csv
import errno
import gzip
import io
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from salesforce_bulk import BulkApiError, InvalidInput, StorageError
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.storage.files import StorageError as RaisedStorageError
from salesforce_bulk.storage.files import storage_errors, whole_file, write_all
from salesforce_bulk.storage.packing import compressed, compressor_of, refuse_as_parquet
from salesforce_bulk.storage.spool import Spool

ROWS = [{"Text__c": f'n {n}, "q"\r\nä'} for n in range(50)]


@pytest.fixture(scope="module")
def org():
    with SalesforceEmulator(inline=True) as org:
        org.define_object("Row__c", {"Text__c": "text", "Long__c": "textarea"})
        yield org


@pytest.fixture(scope="module")
def bulk(org):
    return org.connect()


@pytest.fixture(scope="module")
def result(bulk):
    return bulk.insert("Row__c", ROWS)


#: Whatever writes a file of a name.
WRITERS = {
    "export": lambda t: t["bulk"].export("SELECT Id, Text__c FROM Row__c").to_csv,
    "export rows": lambda t: (
        t["bulk"].export("SELECT Id, Text__c FROM Row__c", api="1.0", content_type="JSON").to_csv
    ),
    "parquet": lambda t: t["bulk"].export("SELECT Id, Text__c FROM Row__c").to_parquet,
    "result": lambda t: t["result"].to_csv,
    "failed": lambda t: t["result"].failed.to_csv,
    "state": lambda t: (
        lambda path: list(t["bulk"].export("Row__c", fields=["Text__c"], state=path))
    ),
}


@pytest.fixture(params=WRITERS)
def write(request, bulk, result):
    return WRITERS[request.param]({"bulk": bulk, "result": result})


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_its_owners_alone(write, tmp_path):
    """Rows of an org are nobody else's, whatever the umask says."""
    write(tmp_path / "x")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600
    assert left(tmp_path) == ["x"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640])
def test_a_file_keeps_the_mode_of_the_one_before(result, bulk, mode, tmp_path):
    """A result that others may read stays so, and one that they may not as well."""
    for write in (result.to_csv, bulk.export("SELECT Id FROM Row__c").to_csv):
        (tmp_path / "x").touch()
        (tmp_path / "x").chmod(mode)
        write(tmp_path / "x")
        assert (tmp_path / "x").stat().st_mode & 0o777 == mode


def test_a_fifo_and_a_device_stay_what_they_are(write, tmp_path):
    """Refused in words; a file in their place would surprise whoever reads them."""
    os.mkfifo(tmp_path / "fifo")
    for target in (tmp_path / "fifo", "/dev/null"):
        with pytest.raises(InvalidInput, match="no file"):
            write(target)
    assert left(tmp_path) == ["fifo"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have devices there")
def test_a_name_of_an_open_file_is_not_replaced(write, tmp_path):
    """As /dev/stdout is where the output goes into a file: root took the name from everybody."""
    name, further = tmp_path / "stdout", tmp_path / "further"
    with (tmp_path / "output").open("wb") as output:
        name.symlink_to(f"/proc/self/fd/{output.fileno()}")
        further.symlink_to("stdout")
        for path in (name, further, f"/proc/self/fd/{output.fileno()}"):
            with pytest.raises(InvalidInput, match="is no file"):
                write(path)
    assert name.is_symlink()
    assert further.is_symlink()
    assert (tmp_path / "output").read_bytes() == b""


def test_what_a_link_leads_to_is_not_written(write, tmp_path):
    """Neither a link at the name nor one at a part's likely name leads the rows elsewhere."""
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "x").symlink_to("victim")
    (tmp_path / "x.part").symlink_to("victim")
    try:
        write(tmp_path / "x")
    except InvalidInput:  # the link leads to what is no state of an export
        pass
    else:
        assert not (tmp_path / "x").is_symlink()
    assert (tmp_path / "victim").read_text() == "mine"


def test_two_writers_of_one_name_do_not_meet(result, tmp_path):
    """Each has a part of its own; the file is one of theirs, whole."""
    threads = [threading.Thread(target=result.to_csv, args=(tmp_path / "x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with (tmp_path / "x").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == len(ROWS) + 1
    assert left(tmp_path) == ["x"]


def test_a_missing_folder_is_told_in_words(write, tmp_path):
    """As an error of ours, which is the system's too."""
    with pytest.raises(StorageError, match="folder"):
        write(tmp_path / "missing" / "x")
    assert left(tmp_path) == []


FULL = """
import resource, signal, sys
from pathlib import Path
from salesforce_bulk import SalesforceBulk, StorageError
host, session, folder, api, kind = sys.argv[1:]
bulk = SalesforceBulk(sessionId=session, host=host)
target = Path(folder, "x.csv")
made = bulk.export("SELECT Id, Text__c, Long__c FROM Row__c", api=api)
rows = [{"Text__c": "t" * (200 if kind == "result" else 300)}] * 500
result = None if kind == "export" else bulk.insert("Row__c", rows, api=api, on_error="report")
if kind == "failed":
    assert len(result.failed) == 500
    result = result.failed
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    (result or made).to_csv(target)
except StorageError as error:
    print("StorageError", error.errno, error.job_id, str(error))
print(sorted(path.name for path in Path(folder).iterdir()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit for files")
@pytest.mark.parametrize("kind", ["export", "result", "failed"])
@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_file_that_the_disk_does_not_take_leaves_nothing(org, bulk, kind, api, tmp_path):
    """What was there stays; the error is ours and names the file, for an export the job too."""
    bulk.insert("Row__c", [{"Text__c": "t" * 200}] * 500)
    (tmp_path / "x.csv").write_text("before")
    done = subprocess.run(
        [sys.executable, "-c", FULL, org.url, bulk.sessionId, str(tmp_path), api, kind],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    told, files = done.stdout.splitlines()
    assert told.startswith(f"StorageError {errno.EFBIG} ")
    assert "x.csv" in told
    assert ("keeps the result of job 750" in told) is (kind == "export")
    assert files == "['x.csv']"
    assert (tmp_path / "x.csv").read_text() == "before"


def test_an_error_of_the_disk_is_pickled_whole():
    """With its number; it is an OSError as well."""
    with pytest.raises(OSError, match="Make room") as caught, storage_errors("The file x"):
        raise OSError(errno.ENOSPC, "No space left on device")
    error = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(error, BulkApiError)
    assert type(error) is StorageError is RaisedStorageError
    assert error.errno == errno.ENOSPC
    assert str(error) == str(caught.value)


@pytest.mark.parametrize("name", ["n" * 255, "ä" * 127, "x"])
def test_the_longest_names_can_be_written(name, tmp_path):
    """A part's name is no longer than a name may be."""
    with whole_file(tmp_path / name) as file:
        file.write(b"x")
    assert left(tmp_path) == [name]


@pytest.mark.parametrize("kind", ["export", "result"])
@pytest.mark.parametrize("extension", [".gz", ".zst"])
def test_a_name_says_how_a_file_is_compressed(bulk, result, kind, extension, tmp_path):
    """The same rows as in a plain file."""
    write = (
        bulk.export("SELECT Id, Text__c FROM Row__c").to_csv
        if kind == "export"
        else (result.to_csv)
    )
    write(tmp_path / "x.csv")
    write(tmp_path / f"x.csv{extension}")
    packed = (tmp_path / f"x.csv{extension}").read_bytes()
    text = (
        gzip.decompress(packed)
        if extension == ".gz"
        else (pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read())
    )
    assert text == (tmp_path / "x.csv").read_bytes()
    assert len(packed) < len(text) / 2


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("x.parquet", "to_parquet"),
        ("X.PARQUET", "to_parquet"),
        ("x.csv.zip", "csv.gz"),
        ("x.csv.bz2", "csv.gz"),
        ("x.xlsx", "spreadsheets"),
        ("x.json", "write .csv"),
    ],
)
def test_csv_takes_no_name_of_another_format(bulk, result, name, hint, tmp_path):
    """Told before anything is read."""
    export = bulk.export("SELECT Id FROM Row__c")
    for write in (export.to_csv, result.to_csv):
        with pytest.raises(InvalidInput, match=hint):
            write(tmp_path / name)
    assert left(tmp_path) == []
    assert "not submitted" in repr(export)


def test_zstd_without_a_library_says_what_to_install(monkeypatch):
    """pyarrow, or a younger Python."""
    for name in ("pyarrow", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InvalidInput, match=r"salesforce-bulk\[arrow\]"):
        compressor_of("x.zst")


def test_compressed_texts_stand_one_behind_another(tmp_path):
    """So that a page is taken back, or added after a crash."""
    for name in ("x.gz", "x.zst"):
        file = io.BytesIO()
        for text in (b"one", b"two"):
            with compressed(file, name) as packed:
                packed.write(text)
        read = (
            gzip.decompress
            if name == "x.gz"
            else (lambda packed: pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read())
        )
        assert read(file.getvalue()) == b"onetwo"


class Slow(io.RawIOBase):
    """A raw file that takes three bytes at a time, and so many at most."""

    def __init__(self, most=1000):
        self.content, self.most = b"", most

    def writable(self):
        return True

    def write(self, content):
        piece = bytes(content[:3])[: self.most - len(self.content)]
        self.content += piece
        return len(piece) or None


def test_a_raw_file_that_takes_few_bytes_gets_them_all():
    """Its writes are short."""
    file = Slow()
    write_all(file, bytes(range(100)))
    assert file.content == bytes(range(100))


def test_a_raw_file_that_takes_no_more_is_an_error():
    """Not a loss in silence."""
    with pytest.raises(StorageError, match="takes no more"):
        write_all(Slow(most=50), bytes(100))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize("rows", ["few", "many"])
def test_a_callers_file_on_a_full_disk_is_told_with_the_job(org, bulk, result, buffering, rows):
    """Trap: OSError [Errno 28], and no word of the job that the org keeps."""
    export = bulk.export("SELECT Text__c FROM Row__c" + (" LIMIT 1" if rows == "few" else ""))
    with contextlib.suppress(OSError), Path("/dev/full").open("wb", buffering) as file:
        with pytest.raises(StorageError, match=r"/dev/full.*attach\('750") as caught:
            export.to_csv(file)
        assert (caught.value.errno, caught.value.job_id) == (errno.ENOSPC, export.job_id)


def test_a_reader_that_has_gone_is_no_full_disk(bulk, result):
    """By BrokenPipeError programs know that `head` has enough."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", 0) as file, pytest.raises(BrokenPipeError):
        bulk.export("SELECT Text__c FROM Row__c").to_csv(file)


def test_no_folder_for_temporary_files_is_told(monkeypatch, tmp_path):
    """Trap: where all disks are full, `tempfile` finds no folder: a bare FileNotFoundError."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])
    spool = Spool(10)
    with pytest.raises(StorageError, match="TMPDIR"):
        spool.append(bytes(100))


@pytest.mark.parametrize("said", [-1, True, "3", 1_000])
def test_a_writer_that_says_no_number_of_its_bytes_is_an_error(said):
    """Trap: -1 was asked for ever."""

    class Writer:
        def write(self, piece):
            return said

    with pytest.raises(StorageError, match="takes no more"):
        write_all(Writer(), b"abc")


def test_a_writer_that_returns_nothing_is_believed():
    """Such as one of a caller's own."""

    class Writer:
        content = b""

        def write(self, piece):
            self.content += piece

    writer = Writer()
    write_all(writer, b"abc")
    assert writer.content == b"abc"


@pytest.mark.parametrize(
    ("name", "start"),
    [("x.csv.gzip", b"\x1f\x8b"), (".gz", b"\x1f\x8b"), ("x.csv.zstd", b"\x28\xb5\x2f\xfd")],
)
def test_the_other_names_of_compressed_files_are_taken_at_their_word(tmp_path, name, start):
    """Trap: plain text under the name of gzip."""
    with whole_file(tmp_path / name) as file, compressed(file, name) as packed:
        packed.write(b"Name\n")
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["x.parquet.gz", "x.tar.gz", "x.jsonl.zst", "x.snappy", "x.hdf5"])
def test_csv_under_a_name_of_two_formats_is_refused(name):
    with pytest.raises(InvalidInput, match="another format"):
        compressor_of(name)


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.xlsx", "x.json"])
def test_parquet_under_the_name_of_another_format_is_refused(name):
    with pytest.raises(InvalidInput, match=r"\.parquet"):
        refuse_as_parquet(name)
    refuse_as_parquet("x.parquet")


@pytest.mark.parametrize("name", ["a\0b.csv", "n" * 300])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    """Trap: a bare ValueError, a bare OSError."""
    with pytest.raises((InvalidInput, StorageError)), whole_file(tmp_path / name):
        pass
