"""The `requests` session that sends: the client's own, or the caller's, whose settings are left
as they are.
"""

from __future__ import annotations

import copy
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.util import Retry

from salesforce_bulk.__version__ import __version__
from salesforce_bulk.http.pace import BoundHead

_T = TypeVar("_T")

#: Connections kept to one host; more threads than this open further ones for a call each.
_POOL_SIZE = 32


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere: redirects are followed here, and `requests` would prepare for them
        nevertheless, and leave the connection open where it cannot read the address."""


class _Adapter(HTTPAdapter):
    """The adapter of `requests`, whose answers begin in time."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        _bound_heads(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **options)
        if not known:
            _bound_heads(manager)
        return manager


def _bound_heads(manager: Any) -> None:
    """Let the connections of a pool manager read heads by `BoundHead`."""

    def bound(pool: Any) -> Any:
        # Asked for at each connection: recorders such as vcrpy put another class there meanwhile.
        connection = property(lambda _: _with_bound_heads(pool.ConnectionCls))
        return type(pool.__name__, (pool,), {"ConnectionCls": connection})

    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: bound(pool) for scheme, pool in pools.items()}


@lru_cache(maxsize=16)
def _with_bound_heads(connection: Any) -> Any:
    return type(connection.__name__, (connection,), {"response_class": BoundHead})


def new_session() -> requests.Session:
    """A session for one client."""
    session = _Session()
    adapter = _Adapter(pool_connections=4, pool_maxsize=_POOL_SIZE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"salesforce-bulk/{__version__}"
    session.cookies = _no_cookies()
    return session


def with_own_sockets(session: requests.Session) -> requests.Session:
    """The caller's session for a forked child."""
    try:
        return copy.deepcopy(session)
    except Exception:  # noqa: BLE001 - an adapter of the caller's may hold what cannot be copied
        # This closes the child's handles only; the parent's connections stay open.
        session.close()
        return session


def repeats_by_itself(session: requests.Session, url: str) -> bool:
    """Whether the session's adapter for a URL would send a request again."""
    return _repeats(_adapter_of(session, url))


def without_repeats(session: requests.Session, url: str) -> requests.Session:
    """The session, sending each request to a URL once.

    An adapter that repeats would send a batch twice whose answer was lost, unseen. Its settings
    and its connections are used, but with no repeats; the caller's session is not changed.
    """
    adapter = _adapter_of(session, url)
    if adapter is None or not _repeats(adapter):
        return session
    once: Any = _shallow(adapter)
    once.max_retries = Retry(0, read=False)
    sending: Any = _shallow(session)
    # What a subclass chooses an adapter by may be more than the address.
    sending.get_adapter = lambda url: once
    return sending  # type: ignore[no-any-return]


def without_cookies(session: requests.Session) -> requests.Session:
    """The session with no cookie and no query parameter of its own, for another origin.

    Cookies belong to a host, whatever its port; an origin has a port.
    """
    sending = _shallow(session)
    sending.cookies = _no_cookies()
    sending.params = {}
    return sending


def _adapter_of(session: requests.Session, url: str) -> BaseAdapter | None:
    try:
        return session.get_adapter(url)
    except requests.exceptions.InvalidSchema:
        return None  # the call itself will say so


def _repeats(adapter: BaseAdapter | None) -> bool:
    retry = getattr(adapter, "max_retries", None)
    if isinstance(retry, Retry):
        counts = (retry.total, retry.connect, retry.read, retry.status, retry.other)
        return retry.total is None or (retry.total is not False and any(counts))
    return bool(retry)


def _shallow(given: _T) -> _T:
    """Another object with the same attributes: not `copy.copy`, by which an adapter begins with
    connections of its own, and a session loses what a subclass added."""
    other = object.__new__(type(given))
    other.__dict__.update(given.__dict__)
    return other


def _no_cookies() -> RequestsCookieJar:
    jar = RequestsCookieJar()
    jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return jar
