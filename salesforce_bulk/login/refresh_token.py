"""The OAuth refresh-token flow: a login that a user allowed once in a browser."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from salesforce_bulk.errors import IncompleteLogin
from salesforce_bulk.login.hosts import login_origin
from salesforce_bulk.login.provider import Session
from salesforce_bulk.login.token_request import request_token, session_of
from salesforce_bulk.options import secret_option
from salesforce_bulk.secret import Secret
from salesforce_bulk.storage.files import whole_file

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

log = logging.getLogger("salesforce_bulk")


class RefreshTokenLogin:
    """Logs in by a refresh token.

    Where the app rotates refresh tokens, each is good once, and the answer holds the next. It is
    kept in ``refresh_token_file``, or handed to ``on_rotation``; without either, or where the file
    cannot be written, it is good for this process only, and the log says so.

    Args:
        client_id: the app's Consumer Key.
        refresh_token: the token; or
        refresh_token_file: a file that holds it. It is read at each login, one process at a time,
            and written whole, readable by its owner only, when the token has changed.
        client_secret: where the app demands one.
        login_url: the My Domain, ``login`` or ``test``.
        on_rotation: called with the new token as a str before the session is used.

    Source: Salesforce Help, "OAuth 2.0 Refresh Token Flow for Renewed Sessions".
    """

    def __init__(
        self,
        client_id: str,
        refresh_token: str | Secret | None = None,
        refresh_token_file: str | os.PathLike[str] | None = None,
        *,
        client_secret: str | Secret | None = None,
        login_url: str = "login",
        on_rotation: Callable[[str], None] | None = None,
    ) -> None:
        token = secret_option("refresh_token", refresh_token)
        secret = secret_option("client_secret", client_secret)
        del refresh_token, client_secret
        # What repr shows comes first: tools ask for it where this raises.
        self.client_id = client_id
        self.login_url = login_url
        self.refresh_token_file = None if refresh_token_file is None else Path(refresh_token_file)
        if not client_id or (token is None) == (refresh_token_file is None):
            raise IncompleteLogin(
                "A refresh needs client_id and either refresh_token or refresh_token_file."
            )
        self.refresh_token = token
        self.client_secret = secret
        self.on_rotation = on_rotation

    def __repr__(self) -> str:
        where = f" refresh_token_file={self.refresh_token_file}" if self.refresh_token_file else ""
        return f"<RefreshTokenLogin client_id={self.client_id} login_url={self.login_url}{where}>"

    def login(self, transport: Transport) -> Session:
        """Log in now.

        Raises:
            IncompleteLogin: the file cannot be read or is empty.
            RefreshTokenExpired: the token is no longer good.
            LoginFailed: the org refused for another reason.
            TransportError: no usable answer.
        """
        if self.refresh_token_file is None or self.refresh_token is not None:
            return self._refreshed(transport, self.refresh_token)
        with _locked(self.refresh_token_file):
            return self._refreshed(transport, _kept_token(self.refresh_token_file))

    def _refreshed(self, transport: Transport, token: Secret | None) -> Session:
        login_url = login_origin(self.login_url)
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": token,
        }
        document = request_token(transport, login_url, form, client_id=self.client_id)
        if document.refresh_token is not None and document.refresh_token != token:
            self._keep(document.refresh_token)
        return session_of(document, login_url)

    def _keep(self, token: Secret) -> None:
        """The new token first of all: the old one is worth nothing by now."""
        if self.refresh_token_file is None or not self._is_written(self.refresh_token_file, token):
            self.refresh_token = token
        if self.on_rotation is not None:
            self.on_rotation(token.reveal())

    def _is_written(self, path: Path, token: Secret) -> bool:
        try:
            write_secret(path, token)
        except OSError as error:  # the session is good all the same
            log.warning(
                "The next refresh token cannot be kept in %s (%s): the one there is used up, and "
                "this process has the only good one. Log in anew before the next start.",
                path,
                error.strerror or type(error).__name__,
            )
            return False
        return True


RefreshTokenLogin.__module__ = "salesforce_bulk"


def write_secret(path: Path, secret: Secret) -> None:
    """A file with a secret: whole or not at all, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        # Whoever could read the file that is replaced could read the new one.
        path.chmod(0o600)
    with whole_file(path) as file:
        file.write(secret.reveal().encode() + b"\n")


def _kept_token(path: Path) -> Secret:
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise IncompleteLogin(f"refresh_token_file {path} cannot be read: {reason}") from None
    if not text:
        raise IncompleteLogin(f"refresh_token_file {path} is empty.")
    return Secret(text)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time: two that used one token would lose the rotated one."""
    if sys.platform == "win32":
        yield  # a file that another process replaces is read whole there too
        return
    import fcntl  # noqa: PLC0415

    try:
        number = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        # A folder of secrets that cannot be written, as containers have it: nobody writes the
        # token there either.
        yield
        return
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)
