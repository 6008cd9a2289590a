"""What of the org's daily allowances a client leaves to others.

Source: REST API guide, "Limits" and "Limit Info Header".
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from salesforce_bulk.api.describe import Allowance
from salesforce_bulk.errors import InvalidInput, InvalidUser, NotFound, ReserveReached
from salesforce_bulk.http.call import add_to_message
from salesforce_bulk.http.clock import Clock
from salesforce_bulk.models import ApiUsage

#: The vendor's names.
API_ALLOWANCE, BATCH_ALLOWANCE = "DailyApiRequests", "DailyBulkApiBatches"
#: A batch is sent, and its results are fetched.
_CALLS_OF_BATCH = 2
#: Seconds after which other programs may have used up what was left.
_GOOD_FOR = 60.0


@dataclass
class _Known:
    """What is left of each allowance, and when the org said so."""

    left: dict[str, int] = field(default_factory=dict)
    asked_at: float | None = None


class Reserve:
    """Stops loads and exports before they use up what is to be left.

    Args:
        limits: asks for the org's limits.
        last_usage: the calls that the newest answer told of, where one did.
        clock: what measures.
        min_api_calls, min_batches: what is to be left of the 24 hours' API calls and batches; 0
            asks for nothing.
    """

    def __init__(
        self,
        limits: Callable[[], Mapping[str, Allowance]],
        last_usage: Callable[[], ApiUsage | None],
        clock: Clock,
        min_api_calls: int = 0,
        min_batches: int = 0,
    ) -> None:
        self._limits = limits
        self._last_usage = last_usage
        self._clock = clock
        self._least = {API_ALLOWANCE: min_api_calls, BATCH_ALLOWANCE: min_batches}
        self._lock = threading.Lock()
        self._seen = _Known()

    def asking(self, limits: Callable[[], Mapping[str, Allowance]]) -> Reserve:
        """The same reserve, which asks for the org's limits in another way."""
        other = copy.copy(self)
        other._limits = limits
        return other

    def check(self, name: str, batches: int, *, begun: bool = False) -> None:
        """Before the first of some batches.

        Args:
            name: of the load or export, for the message.
            batches: that are to be sent.
            begun: whether an earlier run has sent others.

        Raises:
            ReserveReached: they would use up what is to be left.
        """
        more = "more " if begun else ""
        self._refuse(name, _needs(batches), f"Nothing {more}was sent.")

    def claim_batches(self, name: str, batches: int) -> None:
        """Before each batch, which is counted as sent; see `check`."""
        self._claim(name, _needs(batches), "The rest was not sent.")

    def claim_page(self, name: str) -> None:
        """Before each page of a result, which is counted as a call; see `check`."""
        self._claim(name, {API_ALLOWANCE: 1}, "With journal= the same export goes on from here.")

    def _claim(self, name: str, needs: Mapping[str, int], state: str) -> None:
        self._refuse(name, needs, state)
        with self._lock:
            for allowance, number in needs.items():
                if allowance in self._seen.left:
                    self._seen.left[allowance] -= number

    def _refuse(self, name: str, needs: Mapping[str, int], state: str) -> None:
        if not any(self._least.values()):
            return
        if self._is_old() or self._missing(needs) is not None:
            self._ask()
        missing = self._missing(needs)
        if missing is not None:
            raise ReserveReached(
                f"{name}: {self._shortage(missing, needs[missing])} {state} {_STEP}"
            )

    def _is_old(self) -> bool:
        return (
            self._seen.asked_at is None or self._clock.monotonic() - self._seen.asked_at > _GOOD_FOR
        )

    def _ask(self) -> None:
        # Not within the lock, which a fork would take along as it is.
        try:
            found = self._limits()
        except (NotFound, InvalidUser) as error:
            add_to_message(
                error,
                "min_api_calls= and min_batches= need GET /limits: the user's permission View "
                "Setup and Configuration.",
            )
            raise
        with self._lock:
            self._seen.left = {name: found[name].remaining for name in self._least if name in found}
            self._seen.asked_at = self._clock.monotonic()

    def _missing(self, needs: Mapping[str, int]) -> str | None:
        """The allowance of which less would be left than is to be."""
        left = dict(self._seen.left)
        usage = self._last_usage()
        if usage is not None and API_ALLOWANCE in left:
            left[API_ALLOWANCE] = min(left[API_ALLOWANCE], usage.remaining)
        for allowance, number in needs.items():
            least = self._least[allowance]
            if least and allowance in left and left[allowance] - number < least:
                return allowance
        return None

    def _shortage(self, allowance: str, number: int) -> str:
        keeps, what = {
            API_ALLOWANCE: ("min_api_calls", "API calls"),
            BATCH_ALLOWANCE: ("min_batches", "batches"),
        }[allowance]
        return (
            f"{number:,} {what} more would leave fewer than the {self._least[allowance]:,} of the "
            f"day's that {keeps}= keeps for others ({allowance}: {self._seen.left[allowance]:,} "
            "left)."
        )


_STEP = "Go on when the 24-hour allocation is free again, or give the client less to keep."


def _needs(batches: int) -> dict[str, int]:
    return {API_ALLOWANCE: _CALLS_OF_BATCH * batches, BATCH_ALLOWANCE: batches}


def checked_minimum(name: str, value: object) -> int:
    """A number of calls or batches to keep, also as a text of the environment.

    Raises:
        InvalidInput: it is none.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise InvalidInput(f"{name} is a whole number, 0 or more, not {value!r}.")
    return int(text)
