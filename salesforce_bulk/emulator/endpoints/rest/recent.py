"""``recent``: the records that a user had in hand.

REST API Developer Guide, "Recently Viewed Items", "MRU Header".
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from salesforce_bulk.emulator.endpoints.rest.family import PREFIX, json_reply
from salesforce_bulk.emulator.endpoints.rest.select import object_of, select_where
from salesforce_bulk.emulator.http.routes import ApiError, Call
from salesforce_bulk.emulator.http.server import Response

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

RECENT_RECORDS = 200


class RecentRecords:
    """Notes what users have in hand, and tells it."""

    def __init__(self, org: Org) -> None:
        self._org = org
        #: By user: the ids of records in the order of their use.
        self._used: dict[str, dict[str, None]] = {}
        self._lock = threading.Lock()

    def answer(self, call: Call) -> Response:
        """What the user had in hand: records that a call with ``Sforce-Mru`` named."""
        limit = call.request.query.get("limit", ["200"])[0]
        if not re.fullmatch("[0-9]{1,4}", limit):
            raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid limit: {limit}")
        return json_reply([self.item(call, i) for i in self.ids(call)[: int(limit)]])

    def ids(self, call: Call) -> list[str]:
        """The ids, the last one first."""
        user = call.session.user.id if call.session else ""
        with self._lock:
            return list(reversed(self._used.get(user, {})))

    def note(self, call: Call, identity: str | None) -> None:
        """Notes a record that the call says the user works with."""
        option = call.request.header("sforce-mru").replace(" ", "").lower()
        if option == "updatemru=true" and identity:
            self.remember(call, [identity])

    def remember(self, call: Call, ids: Sequence[str]) -> None:
        """Notes records, whatever the call says."""
        if call.session is None:
            return
        with self._lock:
            used = self._used.setdefault(call.session.user.id, {})
            for identity in ids:
                used.pop(identity, None)
                used[identity] = None
            while len(used) > RECENT_RECORDS:
                used.pop(next(iter(used)))

    def item(self, call: Call, identity: str) -> dict[str, Any]:
        """A record as it is listed."""
        name = object_of(self._org, identity)
        address = f"{PREFIX}/{call['version']}/sobjects/{name}/{identity}"
        document: dict[str, Any] = {"attributes": {"type": name, "url": address}, "Id": identity}
        sobject = self._org.schema.get(name)
        if sobject and sobject.name_field:
            soql = select_where([sobject.name_field.name], name, "Id", identity)
            row = next(iter(self._org.query(soql, include_deleted=True)), None)
            document["Name"] = row[0] if row else None
        return document
