"""The states of jobs and batches in both Bulk APIs, and which of them are an end.

Bulk API 1.0, job::

    Open -> Closed            (Open or Closed) -> Aborted, Failed

Bulk API 1.0, batch::

    Queued -> InProgress -> Completed | Failed
    Queued -> NotProcessed    the job was aborted
    InProgress -> Queued      the server queued the rest again
    Queued, InProgress -> NotProcessed    the batch was split by PK chunking

Bulk API 2.0, job::

    Open -> UploadComplete -> InProgress -> JobComplete | Failed
    (any of the first three) -> Aborted
"""

ABORTED = "Aborted"
FAILED = "Failed"
NOT_PROCESSED = "NotProcessed"
COMPLETED = "Completed"

#: What 2.2.0 called a failed batch; a tuple, because programs concatenate it.
ERROR_STATES = (
    ABORTED,
    FAILED,
    NOT_PROCESSED,
)

OPEN = "Open"
CLOSED = "Closed"
QUEUED = "Queued"
IN_PROGRESS = "InProgress"
UPLOAD_COMPLETE = "UploadComplete"
JOB_COMPLETE = "JobComplete"

BATCH_TERMINAL_STATES = frozenset({COMPLETED, FAILED, NOT_PROCESSED})
JOB_TERMINAL_STATES = frozenset({JOB_COMPLETE, ABORTED, FAILED})
#: All states that the guide has of a batch, and of a job.
BATCH_STATES = BATCH_TERMINAL_STATES | {QUEUED, IN_PROGRESS, ABORTED}
JOB_STATES = JOB_TERMINAL_STATES | {OPEN, UPLOAD_COMPLETE, QUEUED, IN_PROGRESS, CLOSED}


def canonical_batch_state(state: str) -> str:
    """The wire's spelling of a batch state.

    The guide's walk-through prints ``Not Processed`` and its prose ``NOT_PROCESSED`` where the
    server sends ``NotProcessed``; all are read as the last.
    """
    letters = state.replace(" ", "").replace("_", "").lower()
    return NOT_PROCESSED if letters == NOT_PROCESSED.lower() else state
