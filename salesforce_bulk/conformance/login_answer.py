"""The answer to a login, which only a login shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked
from salesforce_bulk.login.client_credentials import ClientCredentialsLogin
from salesforce_bulk.login.jwt_bearer import JwtLogin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesforce_bulk.http.headers import SealedHeaders
    from salesforce_bulk.http.transport import Response, Transport
    from salesforce_bulk.login.provider import LoginProvider

#: Fields of an answer whose values are no secrets.
_SHOWN = ("expires_in", "instance_url", "issued_at", "scope", "token_type")


class _AnswerRecorder:
    """A transport that keeps the answers which it hands on."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.answers: list[Response] = []

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | SealedHeaders,
        body: bytes | None = None,
        repeatable: bool,
    ) -> Response:
        """As `Transport.send`."""
        answer = self._transport.send(
            method, url, headers=headers, body=body, repeatable=repeatable
        )
        self.answers.append(answer)
        return answer


def answer_to_login(provider: LoginProvider | None, transport: Transport) -> Exchange:
    """Logs in once more, beside the session that there is; what is secret is left out of what was
    sent and of the answer.

    Raises:
        NotAsked: the login would send a password or use up a refresh token, or it cannot be
            repeated.
        LoginFailed: the org refused.
        TransportError: no usable answer.
    """
    if not isinstance(provider, ClientCredentialsLogin | JwtLogin):
        raise NotAsked(
            "only a login by client credentials or by JWT shows it, which can be repeated without "
            "a password; ask with such a connection"
        )
    listening = _AnswerRecorder(transport)
    provider.login(cast("Transport", listening))
    answer = listening.answers[-1]
    received = {name.lower(): value for name, value in answer.headers.items()}
    return Exchange(
        "POST",
        "/services/oauth2/token",
        {},
        b"",
        answer.status_code,
        received,
        _without_secrets(answer.content),
    )


def _without_secrets(body: bytes) -> bytes:
    document = json.loads(body)
    kept = {name: value if name in _SHOWN else "left out" for name, value in document.items()}
    return json.dumps(kept).encode()
