"""How a client sends: what may be chosen, and the transport that does it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.http.body import DOCUMENT_BYTES
from salesforce_bulk.http.clock import Clock
from salesforce_bulk.options import refuse_no_path

if TYPE_CHECKING:
    import requests
    from urllib3.util import Retry

    from salesforce_bulk.http.transport import Transport

#: Seconds to connect, and between two pieces of an answer.
DEFAULT_TIMEOUT = (10.0, 120.0)


class ProxyAddress(str):
    """The address of a proxy, whose repr has no user and no password."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(re.sub(r"(?s)^([^/]*//)?.*@", r"\1********@", self))


def sealed_proxies(proxies: Mapping[str, str] | None) -> dict[str, str] | None:
    """The same proxies, as tools that show the locals of a traceback may have them."""
    if proxies is None:
        return None
    if not isinstance(proxies, Mapping):
        raise InvalidInput('proxies is a dict, such as {"https": "http://proxy:8080"}.')
    return {name: ProxyAddress(address) for name, address in proxies.items()}


class TransportSettings(NamedTuple):
    """How a client sends; made once, and handed on.

    Attributes:
        session: the caller's own `requests.Session`; its proxies, CA and certificates are
            used for everything, login included. None makes one.
        timeout: seconds to connect and to read, or one number for both.
        proxies: as `requests` takes them, ``{"https": "http://proxy:8080"}``. Those of the
            environment are used as well, but never to reach this machine.
        verify: False, or the path of a CA bundle.
        cert: path of a client certificate, or (certificate, key).
        retry: a `urllib3.util.Retry` that says how often (``total``, ``connect``, ``read``,
            ``status``) and how long; see `default_retry`.
        clock: what sleeps between retries.
        max_document_bytes: of an answer that is read at once: a job, a describe, an error page.
            Downloads are streamed: there one record may have four times as much.
    """

    session: requests.Session | None = None
    timeout: float | tuple[float, float] = DEFAULT_TIMEOUT
    proxies: Mapping[str, str] | None = None
    verify: bool | str | None = None
    cert: str | tuple[str, str] | None = None
    retry: Retry | None = None
    clock: Clock = time
    max_document_bytes: int = DOCUMENT_BYTES

    def chosen(self) -> dict[str, Any]:
        """Those that are not the default."""
        defaults = self._field_defaults
        return {
            name: value for name, value in self._asdict().items() if value is not defaults[name]
        }


def new_transport(settings: TransportSettings | None = None) -> Transport:
    """What sends for one client.

    Raises:
        InvalidInput: a timeout, a proxy or a session that cannot be used.
    """
    if settings is not None:
        _refuse_other_types(settings)
    # Here, because importing requests takes as long as importing all of this package.
    from salesforce_bulk.http.transport import Transport  # noqa: PLC0415

    return Transport(settings or TransportSettings())


def _refuse_other_types(settings: TransportSettings) -> None:
    if settings.verify is not None and not isinstance(settings.verify, bool):
        refuse_no_path("verify, where it is neither True nor False,", settings.verify)
    if settings.cert is not None:
        pair = settings.cert if isinstance(settings.cert, (tuple, list)) else [settings.cert]
        for path in pair:
            refuse_no_path("cert, or each of (certificate, key),", path)
    if settings.retry is not None and not hasattr(settings.retry, "respect_retry_after_header"):
        raise InvalidInput(f"retry is a urllib3.util.Retry, not {settings.retry!r}.")
    if not all(callable(getattr(settings.clock, name, None)) for name in ("monotonic", "sleep")):
        raise InvalidInput(
            f"clock has monotonic() and sleep(), as the module time has; not {settings.clock!r}."
        )
    if settings.session is not None and not hasattr(settings.session, "get_adapter"):
        raise InvalidInput(f"session is a requests.Session, not {settings.session!r}.")
    if not isinstance(settings.max_document_bytes, int):
        raise InvalidInput(
            f"max_document_bytes is a whole number, not {settings.max_document_bytes!r}."
        )
