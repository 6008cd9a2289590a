"""What loads and exports use of an org: both APIs, the descriptions, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from salesforce_bulk.api.describe import Describes
from salesforce_bulk.api.reserve import Reserve
from salesforce_bulk.api.v1 import BulkV1
from salesforce_bulk.api.v2 import BulkV2
from salesforce_bulk.http.clock import Deadline

#: More than the long texts of a record and its parents come to.
RECORD_BYTES = 32 << 20
#: Seconds for a question of whoever does not want to wait.
_ONE_QUESTION = 1.0


@dataclass(frozen=True)
class OrgAccess:
    """One org, as one client sees it.

    Attributes:
        reserve: what of the day's allowances is left to others.
        v2_at: the endpoints of 2.0 in another API version: a job's results are read with the
            version that created it.
        reopen: the client's own way to its access; what is pickled, instead of connections.
        with_session: the same org by a client that has the session of now and no login.
        with_connection: the same org by the name of a connection, without session and login.
    """

    v1: BulkV1
    v2: BulkV2
    describes: Describes
    reserve: Reserve
    clock: Deadline
    api_version: str
    v2_at: Callable[[str], BulkV2]
    reopen: Callable[[], OrgAccess]
    #: That one record of a streamed result may have.
    most_record_bytes: int
    with_session: Callable[[], OrgAccess]
    with_connection: Callable[[str], OrgAccess]

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.reopen,)

    def until(self, deadline: Deadline) -> OrgAccess:
        """The same org, for what has to end by a deadline: each call, repeat, login and pause."""
        describes = self.describes.until(deadline)
        return replace(
            self,
            v1=self.v1.until(deadline),
            v2=self.v2.until(deadline),
            describes=describes,
            reserve=self.reserve.asking(describes.limits),
            clock=deadline,
            v2_at=lambda version: self.v2_at(version).until(deadline),
        )

    def within(self, seconds: float | None) -> OrgAccess:
        """The same org, for what may last so many seconds; None has no end."""
        return self.until(Deadline(self.clock, seconds))

    def asking_within(self, seconds: float | None) -> OrgAccess:
        """As `within`; even 0 seconds are enough to ask once."""
        return self.within(_ONE_QUESTION if seconds == 0 else seconds)

    def v2_for(self, version: str | None) -> BulkV2:
        """The endpoints of 2.0 for a job of that version."""
        return self.v2 if version in (None, self.api_version) else self.v2_at(str(version))


def _reopen(reopen: Callable[[], OrgAccess]) -> OrgAccess:
    return reopen()
