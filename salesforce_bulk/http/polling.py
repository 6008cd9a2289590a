"""Waiting until something is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from salesforce_bulk.errors import BulkApiError, TransportError
from salesforce_bulk.http.call import may_be_done
from salesforce_bulk.http.transport import Clock

_T = TypeVar("_T")

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


def growing_pause(waited: float) -> float:
    """Seconds until the next question: a tenth of what was waited so far, 0.1 to 10."""
    return min(10.0, max(0.1, 0.1 * waited))


def try_again(act: Callable[[], _T], clock: Clock) -> _T:
    """Do what does no harm if it is done twice, up to five times while the org cannot be reached.

    Raises:
        BulkApiError: what the last try, or one that was refused, ended with.
    """
    for pause in _TRY_AGAIN:
        try:
            return act()
        except BulkApiError as error:
            if not (isinstance(error, TransportError) or may_be_done(error)):
                raise
        clock.sleep(pause)
    return act()
