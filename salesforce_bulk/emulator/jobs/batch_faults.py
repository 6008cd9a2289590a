"""Faults that strike a batch while it runs."""

from __future__ import annotations

from salesforce_bulk import limits
from salesforce_bulk.emulator.http.faults import KINDS, Fault
from salesforce_bulk.emulator.jobs.engine import Batch, BatchError, Requeue

#: As the vendor's messages print the limits of retries.
NUMBER_WORDS = {10: "ten", 15: "fifteen", 30: "thirty"}


def strike(batch: Batch, fault: Fault) -> None:
    """Raises Requeue or BatchError where the fault ends the run."""
    if fault.kind == "requeue":
        allowed = limits.QUERY_BATCH_RETRIES if batch.job.is_query else limits.LOAD_BATCH_RETRIES
        if batch.job.retries_disabled or batch.retries >= allowed:
            tries = NUMBER_WORDS.get(allowed, str(allowed))
            raise BatchError("InvalidBatch", f"Retried more than {tries} times")
        raise Requeue
    if fault.kind in ("batch_failed", "lock_failures"):
        raise BatchError(*error_of(fault))


def error_of(fault: Fault) -> tuple[str, str]:
    """The code and message of a fault."""
    _, code, message = KINDS[fault.kind].error or (0, "", "")
    return fault.code or code, fault.message or message
