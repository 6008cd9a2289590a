"""One download by the classic calls, with whichever salesforce_bulk this interpreter has.

    python benchmarks/classic_download_reader.py HOST OBJECT READING

prints one line of JSON: records read, seconds of wall clock and processor, and the peak of resident
memory over what the process had before its first call. `classic_download.py` starts it.
"""

import hashlib
import io
import json
import sys
import time
from pathlib import Path

import requests
import unicodecsv

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.util import IteratorBytesIO

PIECE = 1 << 20


def main(host, name, reading):
    bulk = SalesforceBulk(sessionId="00D000000000001!x", host=host)
    read = READINGS[reading](bulk, name)
    start_memory = memory("VmRSS")
    started, processor_started = time.perf_counter(), time.process_time()
    records = read()
    figures = {
        "records": records,
        "seconds": time.perf_counter() - started,
        "processor": time.process_time() - processor_started,
        "memory": memory("VmHWM") - start_memory,
    }
    print(json.dumps(figures))


def memory(key):
    """Bytes of resident memory: VmRSS now, VmHWM at the most.

    Not getrusage: a child's ru_maxrss begins with the size of the process that started it.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise RuntimeError(key)


def streams(bulk, name):
    job = bulk.create_query_job(name)
    batch = bulk.query(job, "SELECT Id FROM " + name)
    bulk.wait_for_batch(job, batch)
    bulk.close_job(job)
    return bulk.get_all_results_for_query_batch(batch)


def lines(bulk, name):
    return lambda: sum(1 for stream in streams(bulk, name) for _ in stream)


def dicts(bulk, name):
    return lambda: sum(
        1 for stream in streams(bulk, name) for _ in unicodecsv.DictReader(stream, encoding="utf-8")
    )


def json_rows(bulk, name):
    return lambda: sum(len(json.load(IteratorBytesIO(stream))) for stream in streams(bulk, name))


def results(bulk, name):
    job, batch = posted(bulk, name)
    return lambda: len(bulk.get_batch_results(batch, job))


def posted(bulk, name):
    job = bulk.create_insert_job(name)
    return job, bulk.post_batch(job, b'"Name"\n"x"\n')


def pieces(bulk, name):
    """What `requests` alone needs to bring the bytes into memory, piece by piece."""

    def read():
        with opened(bulk, name) as response:
            return sum(len(piece) for piece in response.iter_content(PIECE))

    return read


def memory_lines(bulk, name):
    stored = stored_result(bulk, name)
    return lambda: sum(1 for _ in io.BytesIO(stored))


def memory_dicts(bulk, name):
    stored = stored_result(bulk, name)
    return lambda: sum(1 for _ in unicodecsv.DictReader(io.BytesIO(stored), encoding="utf-8"))


def lines_digest(bulk, name):
    return lambda: digest(line for stream in streams(bulk, name) for line in stream)


def dicts_digest(bulk, name):
    return lambda: digest(
        repr(dict(row)).encode()
        for stream in streams(bulk, name)
        for row in unicodecsv.DictReader(stream, encoding="utf-8")
    )


def results_digest(bulk, name):
    job, batch = posted(bulk, name)
    return lambda: digest(
        "|".join(str(cell) for cell in row).encode() for row in bulk.get_batch_results(batch, job)
    )


def digest(parts):
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.hexdigest()


def stored_result(bulk, name):
    with opened(bulk, name) as response:
        return response.content


def opened(bulk, name):
    job = bulk.create_query_job(name)
    batch = bulk.query(job, "SELECT Id FROM " + name)
    (result_id,) = bulk.get_query_batch_result_ids(batch)
    return requests.get(
        f"{bulk.endpoint}/job/{job}/batch/{batch}/result/{result_id}",
        headers=bulk.headers(),
        stream=True,
        timeout=120,
    )


READINGS = {
    "lines": lines,
    "dicts": dicts,
    "json": json_rows,
    "results": results,
    "pieces": pieces,
    "memory_lines": memory_lines,
    "memory_dicts": memory_dicts,
    "lines_digest": lines_digest,
    "dicts_digest": dicts_digest,
    "results_digest": results_digest,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
