"""The OAuth device flow: a person logs in, in a browser on another machine.

Source: Salesforce Help, "OAuth 2.0 Device Flow for IoT Integration". Since September 2025 it works
for apps that are installed in the org only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from salesforce_bulk.errors import LoginFailed, RequestTimeout
from salesforce_bulk.login.browser import UserLogin, to_stderr
from salesforce_bulk.login.hosts import login_origin, trusted_instance
from salesforce_bulk.login.login_connection import LoginConnection, RefusedError
from salesforce_bulk.login.token_request import Form, request_token
from salesforce_bulk.options import secret_option
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire.oauth import DeviceCode, TokenDocument, read_device_code, read_refusal

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

#: Seconds that a server which asks for more time gets on top (RFC 8628, 3.5).
_SLOWER_SECONDS = 5.0


class DeviceLogin(UserLogin):
    """A person logs in on any device, by a code that this program shows.

    Args:
        client_id: the Consumer Key of an app with the device flow.
        client_secret: where the app demands one.
        login_url: the My Domain, ``login`` or ``test``.
        scope: what is asked for; ``refresh_token`` lets the session be renewed unasked.
        timeout: seconds that the person has.
        show: shows a text to the person.
    """

    def __init__(
        self,
        client_id: str,
        *,
        client_secret: str | Secret | None = None,
        login_url: str = "login",
        scope: str = "api refresh_token",
        timeout: float = 600.0,
        show: Callable[[str], None] = to_stderr,
    ) -> None:
        super().__init__()
        self.client_id = client_id
        self.client_secret = secret_option("client_secret", client_secret)
        self.login_url = login_url
        self.scope = scope
        self.timeout = timeout
        self.show = show

    def __repr__(self) -> str:
        return f"<DeviceLogin client_id={self.client_id} login_url={self.login_url}>"

    def ask(self, transport: Transport) -> TokenDocument:
        """Show the code, and ask for the token until the person has entered it."""
        login_url = login_origin(self.login_url)
        code = self._code(transport, login_url)
        # The person will log in there.
        trusted_instance(code.verification_uri, login_url)
        self.show(f"Log in to Salesforce at {code.verification_uri} with the code {code.user_code}")
        end = transport.clock.monotonic() + self.timeout
        pause = code.interval
        while transport.clock.monotonic() + pause <= end:
            transport.clock.sleep(pause)
            form: Form = {
                "grant_type": "device",
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "code": code.device_code,
            }
            try:
                return request_token(transport, login_url, form, client_id=self.client_id)
            except LoginFailed as error:
                if error.error_code == "slow_down":
                    pause += _SLOWER_SECONDS
                elif error.error_code != "authorization_pending":
                    raise
        late = RequestTimeout(f"Nobody entered the code within {self.timeout:g} s; try again.")
        late.may_have_arrived = False
        raise late

    def _code(self, transport: Transport, login_url: str) -> DeviceCode:
        form = {
            "response_type": "device_code",
            "client_id": self.client_id,
            "scope": self.scope,
        }
        connection = LoginConnection(
            transport,
            [self.client_secret],
            read_device_code,
            lambda _, body: read_refusal(body),
        )
        with contextlib.suppress(RefusedError):
            connection.post(f"{login_url}/services/oauth2/token", form)
        return cast("DeviceCode", connection.login_or_raise(f"client {self.client_id}"))


DeviceLogin.__module__ = "salesforce_bulk"
