"""The OAuth client-credentials flow: a server's own login, without a user."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from salesforce_bulk.errors import IncompleteLogin, LoginMethodDisabled
from salesforce_bulk.login.hosts import is_shared_login_host, login_origin
from salesforce_bulk.login.provider import Session
from salesforce_bulk.login.token_request import request_token, session_of
from salesforce_bulk.options import secret_option
from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport


@dataclass(frozen=True)
class ClientCredentialsLogin:
    """Logs in as the Run As user of an external client app (or connected app).

    Args:
        client_id: the app's Consumer Key.
        client_secret: its Consumer Secret.
        login_url: the org's My Domain, ``https://acme.my.salesforce.com`` or ``acme.my``; the
            flow does not exist at login.salesforce.com.

    Source: Salesforce Help, "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration".
    """

    client_id: str
    client_secret: str | Secret = field(repr=False)
    login_url: str = ""

    def __post_init__(self) -> None:
        secret = secret_option("client_secret", self.client_secret)
        object.__setattr__(self, "client_secret", secret)

    def login(self, transport: Transport) -> Session:
        """Log in now.

        Raises:
            IncompleteLogin: a part is missing.
            LoginFailed: the org refused.
            TransportError: no usable answer.
        """
        if not (self.client_id and self.client_secret and self.login_url):
            raise IncompleteLogin(
                "Client credentials need client_id, client_secret and login_url (the My Domain)."
            )
        login_url = login_origin(self.login_url)
        if is_shared_login_host(login_url):
            raise LoginMethodDisabled(
                f"Client credentials do not exist at {login_url}; give the org's My Domain, "
                "login_url='https://MyDomain.my.salesforce.com' (Setup, My Domain)."
            )
        document = request_token(
            transport,
            login_url,
            {"grant_type": "client_credentials"},
            client_id=self.client_id,
            basic=Secret.of(self.client_secret),
        )
        return session_of(document, login_url)


ClientCredentialsLogin.__module__ = "salesforce_bulk"
