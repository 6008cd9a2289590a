"""The connected apps of an org, and the refresh tokens that they hold.

An external client app is the same thing on the wire.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from string import ascii_letters, digits
from typing import Any

from salesforce_bulk.emulator.access.rsa import PublicKey, read_public_key

#: The app that every org has.
CONSUMER_KEY = "consumer-key"
CONSUMER_SECRET = "consumer-secret"  # noqa: S105  # nosec B105 # everybody may know it
SCOPE = "api refresh_token"

Certificate = str | bytes | Path


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """A connected app.

    ``run_as`` is the user name of its client-credentials flow, ``approved_users`` are those who
    may use its JWT flow (None: all), ``callback_urls`` where a browser may be sent back to (None:
    to any address of this machine).
    """

    consumer_key: str
    consumer_secret: str = ""
    public_key: PublicKey | None = None
    run_as: str | None = None
    approved_users: frozenset[str] | None = None
    rotate_refresh_tokens: bool = False
    scope: str = SCOPE
    callback_urls: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token: whose, and by which app."""

    token: str
    consumer_key: str
    username: str


class ConnectedApps:
    """The apps of one org. Thread-safe; the same seed gives the same refresh tokens."""

    def __init__(self, seed: int, run_as: str) -> None:
        self._random = Random(f"refresh tokens {seed}")  # noqa: S311  # nosec B311 # to be repeated, not secret
        self._refresh_tokens: dict[str, RefreshToken] = {}
        self._lock = threading.Lock()
        self._apps: dict[str, ConnectedApp] = {}
        self.register(CONSUMER_KEY, CONSUMER_SECRET, run_as=run_as)

    def register(  # nosec B107 # no secret: none was given
        self,
        consumer_key: str,
        consumer_secret: str = "",
        certificate: Certificate | None = None,
        run_as: str | None = None,
        *,
        approved_users: Collection[str] | None = None,
        rotate_refresh_tokens: bool = False,
        scope: str = SCOPE,
        callback_urls: Collection[str] | None = None,
    ) -> ConnectedApp:
        """Adds an app, or replaces the one with its key.

        Args:
            certificate: what checks its JWTs: an X.509 certificate or a public key, as the path
                of a file (PEM or DER) or as its content (PEM text, or bytes).
            run_as: user name of the client-credentials flow; without it that flow is refused.
            approved_users: user names that may use the JWT flow; None approves all.
            rotate_refresh_tokens: each use of a refresh token gives a new one in its place.
            callback_urls: where a browser may be sent back to; None allows any address of this
                machine.

        Raises ValueError for a certificate that is none, OSError for a file that is not there.
        """
        app = ConnectedApp(
            consumer_key,
            consumer_secret,
            read_public_key(_content(certificate)) if certificate is not None else None,
            run_as,
            frozenset(approved_users) if approved_users is not None else None,
            rotate_refresh_tokens,
            scope,
            frozenset(callback_urls) if callback_urls is not None else None,
        )
        with self._lock:
            self._apps[consumer_key] = app
        return app

    def register_mapping(self, document: Any, directory: Path) -> ConnectedApp:
        """Adds an app of a file: the arguments of `register` by their names; the path of a
        certificate is relative to ``directory``. Raises ValueError for anything else.
        """
        if not isinstance(document, Mapping) or not isinstance(document.get("consumer_key"), str):
            raise ValueError("a connected app is an object with a consumer_key")
        arguments = dict(document)
        if isinstance(arguments.get("certificate"), str) and not _is_pem(arguments["certificate"]):
            arguments["certificate"] = directory / arguments["certificate"]
        try:
            return self.register(**arguments)
        except TypeError as error:
            unknown = str(error).rpartition("argument ")[2]
            raise ValueError(f"{unknown} is no detail of a connected app") from error

    def find(self, consumer_key: str) -> ConnectedApp | None:
        with self._lock:
            return self._apps.get(consumer_key)

    def issue(self, consumer_key: str, username: str) -> RefreshToken:
        """A new refresh token."""
        with self._lock:
            secret = "".join(self._random.choices(ascii_letters + digits + "._", k=80))
            refresh = RefreshToken(f"5Aep861{secret}", consumer_key, username)
            self._refresh_tokens[refresh.token] = refresh
        return refresh

    def refresh_token(self, token: str) -> RefreshToken | None:
        with self._lock:
            return self._refresh_tokens.get(token)

    def revoke(self, token: str) -> RefreshToken | None:
        """Ends a refresh token; None when there is none."""
        with self._lock:
            return self._refresh_tokens.pop(token, None)


def _is_pem(text: str) -> bool:
    return "-----BEGIN" in text


def _content(certificate: Certificate) -> bytes:
    if isinstance(certificate, bytes):
        return certificate
    if isinstance(certificate, str) and _is_pem(certificate):
        return certificate.encode()
    return Path(certificate).read_bytes()
