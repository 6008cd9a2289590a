"""The OAuth JWT bearer flow: a server's own login with a private key, as a user."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesforce_bulk.errors import IncompleteLogin
from salesforce_bulk.http.address import origin
from salesforce_bulk.login.hosts import login_origin
from salesforce_bulk.login.provider import Session
from salesforce_bulk.login.token_request import Form, request_token, session_of
from salesforce_bulk.options import secret_option
from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: The org takes a JWT for three minutes.
_LIFE_SECONDS = 180
_PRODUCTION, _SANDBOX = "https://login.salesforce.com", "https://test.salesforce.com"


@dataclass(frozen=True)
class JwtLogin:
    """Logs in as a user by a private key, whose certificate the app has.

    Args:
        client_id: the app's Consumer Key.
        username: the user, who is pre-authorised for the app.
        private_key: the RSA key as PEM text; or ``private_key_file``, its path.
        private_key_password: of an encrypted key.
        login_url: the My Domain, ``login`` or ``test``, or a site.
        audience: what the JWT is for; by default test.salesforce.com for ``test``, sandboxes and
            scratch orgs, and login.salesforce.com for all others. A site needs its own address.
        now: seconds since 1970, for the JWT's time.

    Source: Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration".
    """

    client_id: str
    username: str
    private_key: str | Secret | None = field(default=None, repr=False)
    private_key_file: str | os.PathLike[str] | None = None
    private_key_password: str | Secret | None = field(default=None, repr=False)
    login_url: str = "login"
    audience: str | None = None
    now: Callable[[], float] = field(default=time.time, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "private_key", secret_option("private_key", self.private_key))
        password = secret_option("private_key_password", self.private_key_password)
        object.__setattr__(self, "private_key_password", password)

    def login(self, transport: Transport) -> Session:
        """Log in now.

        Raises:
            IncompleteLogin: the key is missing, cannot be read, or needs a password.
            LoginFailed: the org refused.
            TransportError: no usable answer.
        """
        login_url = login_origin(self.login_url)
        form: Form = {"grant_type": _GRANT, "assertion": self._assertion(login_url)}
        document = request_token(transport, login_url, form, client_id=self.client_id)
        return session_of(document, login_url)

    def _assertion(self, login_url: str) -> Secret:
        import jwt  # noqa: PLC0415 - comes with simple-salesforce

        claims = {
            "iss": self.client_id,
            "sub": self.username,
            "aud": self.audience or _audience(login_url),
            "exp": int(self.now()) + _LIFE_SECONDS,
        }
        return Secret(jwt.encode(claims, self._key(), algorithm="RS256"))

    def _key(self) -> Any:
        try:
            from cryptography.hazmat.primitives.asymmetric.rsa import (  # noqa: PLC0415
                RSAPrivateKey,
            )
            from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
                load_pem_private_key,
            )
        except ImportError:
            raise IncompleteLogin(
                "A JWT is signed by the package cryptography, which is missing: "
                "pip install cryptography"
            ) from None
        password = Secret.of(self.private_key_password)
        pem = Secret(self._pem())
        encoded = password.reveal().encode() if password else None
        problem = "is no RSA key"
        key = None
        try:
            key = load_pem_private_key(pem.reveal().encode(), encoded)
        except TypeError:
            problem = (
                "is not encrypted, and private_key_password is given"
                if password
                else "is encrypted: give private_key_password"
            )
        except Exception as error:  # noqa: BLE001 - ValueError, and several of the library's own
            # Not the library's words, which may quote the key.
            problem = f"cannot be read ({type(error).__name__})" + (
                "; is private_key_password right?" if password else "; PEM text is needed"
            )
        if isinstance(key, RSAPrivateKey):
            return key
        raise IncompleteLogin(f"The private key of {self.username} {problem}.")

    def _pem(self) -> str:
        key = Secret.of(self.private_key)
        if key is not None:
            # One line with \n spelled out is what environment variables often hold.
            return key.reveal().replace("\\n", "\n")
        if self.private_key_file is None:
            raise IncompleteLogin("A JWT needs private_key (PEM text) or private_key_file.")
        try:
            return Path(self.private_key_file).expanduser().read_text("ascii")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not PEM"
            raise IncompleteLogin(
                f"private_key_file {os.fspath(self.private_key_file)} cannot be read: {reason}"
            ) from None


JwtLogin.__module__ = "salesforce_bulk"


def _audience(login_url: str) -> str:
    host = origin(login_url).host
    labels = host.split(".")
    is_test = labels[0] == "test" or "sandbox" in labels or "scratch" in labels
    return _SANDBOX if is_test else _PRODUCTION
