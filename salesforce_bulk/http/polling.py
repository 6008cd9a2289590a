"""Waiting until something is done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import TypeVar

from salesforce_bulk.errors import BulkApiError, ServerBusy, TransportError, UnexpectedResponse
from salesforce_bulk.http.call import may_be_done
from salesforce_bulk.http.clock import Clock, Deadline

_T = TypeVar("_T")

log = logging.getLogger("salesforce_bulk")

#: Seconds for which a state is asked for again that nobody documents.
_PATIENCE = 3_600.0
#: Seconds before each sending of rows, each time after it was certain that they were not there.
SENDING_PAUSES = (0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
#: Seconds between tries of what may be done twice without harm.
_TRY_AGAIN = (1.0, 2.0, 4.0, 8.0)


def wait_until(done: Callable[[], bool], *, timeout: float, interval: float, clock: Clock) -> bool:
    """Ask until ``done`` says yes or the time is up.

    Args:
        done: asked at once, and once more when the time is up.
        timeout: seconds by the monotonic clock; the time that ``done`` takes counts. The
            pauses count too, for programs whose tests patch ``time.sleep`` away.
        interval: seconds between two questions.
        clock: what waits and measures.

    Returns:
        the last answer.
    """
    began = clock.monotonic()
    paused = 0.0
    while not done():
        left = timeout - max(paused, clock.monotonic() - began)
        if left <= 0:
            return False
        pause = min(interval, left)
        clock.sleep(pause)
        paused += pause
    return True


class StateWatch:
    """Says of a state that nobody documents that it is waited for, and ends the wait some time.

    Args:
        clock: what measures.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[tuple[str, str], float] = {}

    def note(
        self, state: str, known: Collection[str], job_id: str, batch_id: str | None = None
    ) -> None:
        """Take in the state of a job, or of a batch.

        Args:
            state: its state.
            known: the states that the guide names.
            job_id, batch_id: whose it is.

        Raises:
            UnexpectedResponse: the state is none of them, and has been that for an hour.
        """
        if state in known:
            return
        subject = f"Job {job_id}" if batch_id is None else f"Batch {batch_id} of job {job_id}"
        now = self._clock.monotonic()
        began = self._since.get((subject, state))
        if began is None:
            self._since[subject, state] = now
            log.warning(
                "%s is in the state %r, which is not documented; it is waited for", subject, state
            )
        elif now - began > _PATIENCE:
            raise UnexpectedResponse(
                f"{subject} has been in the state {state!r} for {now - began:,.0f} s, which is not "
                "documented. It was left alone: look at it in Setup, Bulk Data Load Jobs; a newer "
                "release may know the state.",
                job_id=job_id,
                batch_id=batch_id,
            )


def pause_before_asking(clock: Deadline, began: float) -> None:
    """Pause until the next question: a tenth of what was waited so far, 0.1 to 10 seconds."""
    clock.nap(min(10.0, max(0.1, 0.1 * (clock.monotonic() - began))))


def try_again(act: Callable[[], _T], clock: Clock) -> _T:
    """Do what does no harm if it is done twice, up to five times while the org cannot be reached.

    Raises:
        BulkApiError: what the last try, or one that was refused, ended with.
    """
    for pause in _TRY_AGAIN:
        try:
            return act()
        except BulkApiError as error:
            if not (isinstance(error, (TransportError, ServerBusy)) or may_be_done(error)):
                raise
        clock.sleep(pause)
    return act()
