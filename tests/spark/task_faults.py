"""What goes wrong in Spark's tasks; workers import it by name."""

import os
import signal
import time
from pathlib import Path

from pyspark import TaskContext


def raises(batches):
    """Its first attempt fails behind some rows."""
    for number, batch in enumerate(batches):
        yield batch
        if TaskContext.get().attemptNumber() == 0 and TaskContext.get().partitionId() == 1:
            raise RuntimeError(f"planted behind batch {number}")


def dies(batches):
    """Its first attempt loses its Python worker."""
    for batch in batches:
        yield batch
        if TaskContext.get().attemptNumber() == 0 and TaskContext.get().partitionId() == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def never_ends_well(batches):
    yield from batches
    if TaskContext.get().partitionId() == 1:
        raise RuntimeError("planted")


def kills_its_executor(batches):
    """Its first attempt takes the whole executor along: the JVM above the worker's daemon."""
    for batch in batches:
        yield batch
        if TaskContext.get().attemptNumber() == 0 and TaskContext.get().partitionId() == 1:
            daemon = Path(f"/proc/{os.getppid()}/stat").read_text().rpartition(")")[2].split()[1]
            os.kill(int(daemon), signal.SIGKILL)


def is_slow(batches):
    """Its first attempt takes so long that Spark starts another beside it."""
    for batch in batches:
        yield batch
        if TaskContext.get().attemptNumber() == 0 and TaskContext.get().partitionId() == 1:
            time.sleep(15)  # speculation is about time, and only a slow task is run twice
