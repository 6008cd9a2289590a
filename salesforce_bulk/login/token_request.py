"""One call of ``/services/oauth2/token``, made by simple-salesforce."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from salesforce_bulk.login.hosts import trusted_instance
from salesforce_bulk.login.login_connection import LoginConnection, RefusedError
from salesforce_bulk.login.provider import Session
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire.oauth import TokenDocument, read_refusal, read_token

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

Form = Mapping[str, "str | Secret | None"]


def request_token(
    transport: Transport,
    login_url: str,
    form: Form,
    *,
    client_id: str,
    basic: Secret | None = None,
) -> TokenDocument:
    """Ask for a token.

    Args:
        transport: of the client.
        login_url: the origin to log in at.
        form: the parameters; those that are None are left out. The secrets among them are what
            an error must not repeat.
        client_id: the app's, for errors and for ``basic``.
        basic: the client's secret where both go into the Authorization header.

    Raises:
        LoginFailed: the org refused.
        UnexpectedResponse: the answer is none, or names an org elsewhere.
        TransportError: no usable answer.
    """
    # Costs 100 ms and 20 MB.
    from simple_salesforce.login import token_login  # noqa: PLC0415

    secrets = [value for value in form.values() if isinstance(value, Secret)]
    if basic is not None:
        secrets.append(basic)
    connection = LoginConnection(transport, secrets, read_token, lambda _, body: read_refusal(body))
    with contextlib.suppress(RefusedError):
        token_login(
            f"{login_url}/services/oauth2/token",
            _sent_form(form),
            login_url,
            client_id,
            None if basic is None else _basic_header(client_id, basic),
            None,
            connection,  # type: ignore[arg-type]
        )
    # Outside of the block: the errors hold no frame of a function that knows the secrets.
    return cast("TokenDocument", connection.login_or_raise(f"client {client_id}"))


def session_of(document: TokenDocument, login_url: str) -> Session:
    """The session of an answer, its org checked."""
    instance = trusted_instance(document.instance_url, login_url)
    return Session(document.access_token, instance, document.valid_seconds)


def _sent_form(form: Form) -> dict[str, str]:
    return {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in form.items()
        if value is not None
    }


def _basic_header(client_id: str, secret: Secret) -> dict[str, str]:
    pair = f"{client_id}:{secret.reveal()}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
