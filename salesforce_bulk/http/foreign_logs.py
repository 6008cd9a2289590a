"""What urllib3 logs during a call, without the secrets of the call: it quotes headers that it
cannot read, at WARNING, and a server may have put into them what it was sent.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from salesforce_bulk.wire.redaction import Redaction

_LOGGERS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.response")
#: Of the calls that this thread is in; none outside of them, where other programs log.
_in_calls: ContextVar[tuple[Redaction, ...]] = ContextVar("redactions", default=())


@contextmanager
def redacting_logs(redaction: Redaction) -> Iterator[None]:
    """Let urllib3's log records in the block be without the secrets."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_clean)  # once, however often it is asked for
    before = _in_calls.set((*_in_calls.get(), redaction))
    try:
        yield
    finally:
        _in_calls.reset(before)


def _clean(record: logging.LogRecord) -> bool:
    redactions = _in_calls.get()
    if redactions:
        message = record.getMessage()
        error = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else None
        for redaction in redactions:
            message = redaction.text(message)
            error = error and redaction.text(error)
        record.msg, record.args = message, None
        record.exc_info, record.exc_text = None, error
    return True
