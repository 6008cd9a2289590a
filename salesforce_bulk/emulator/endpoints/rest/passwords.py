"""``/sobjects/User/ID/password``: REST API Developer Guide, "sObject User Password"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesforce_bulk.emulator.endpoints.rest.body import JsonBody
from salesforce_bulk.emulator.endpoints.rest.family import (
    PREFIX,
    RestFamily,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.schema.ids import to_18

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org, User

PASSWORD_BYTES = 100_000


class RestPasswords:
    """Says whether a user's password is expired, sets it, and makes a new one."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._engine = engine
        self._family = family

    def routes(self) -> list[Route]:
        path = f"{PREFIX}/{{version}}/sobjects/(?P<object>(?i:user))/{{id}}/password"
        return [
            route(
                "rest.password",
                path,
                self._family,
                GET=self.password_state,
                POST=self.set_password,
                DELETE=self.reset_password,
            )
        ]

    def password_state(self, call: Call) -> Response:
        self._account(call)
        return json_reply({"isExpired": False})

    def set_password(self, call: Call) -> Response:
        password = (
            JsonBody(call.request.body.read_all(PASSWORD_BYTES), self._org.dialect)
            .as_object()
            .get("NewPassword")
        )
        if not isinstance(password, str) or not password:
            raise ApiError(400, "MISSING_ARGUMENT", "NewPassword has to be specified")
        self._account(call).password = password
        return Response(204)

    def reset_password(self, call: Call) -> Response:
        account = self._account(call)
        account.password = f"reset{self._engine.new_id('0Rp')}"
        return json_reply({"NewPassword": account.password})

    def _account(self, call: Call) -> User:
        identity = to_18(call["id"])
        account = next((user for user in self._org.users.values() if user.id == identity), None)
        if account is None:
            raise not_found()
        return account
