"""What a `SalesforceBulk` keeps for itself: its link, its login, and both APIs over them.

It stands outside the class, because programs subclass that: every attribute and method there may
be one of theirs.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from salesforce_bulk.api.describe import Describes
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.reserve import BATCH_ALLOWANCE, Reserve
from salesforce_bulk.api.v1 import BulkV1
from salesforce_bulk.api.v2 import BulkV2
from salesforce_bulk.errors import BulkApiError
from salesforce_bulk.http.call import Call, Caller, error_for
from salesforce_bulk.http.settings import new_transport
from salesforce_bulk.login.provider import LoginProvider, can_renew
from salesforce_bulk.login.renewal import Renewal
from salesforce_bulk.models import ApiUsage, User
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire import media
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.limit_info import read_limit_info
from salesforce_bulk.wire.oauth import read_user

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Response, Transport

log = logging.getLogger("salesforce_bulk")

_T = TypeVar("_T")

#: Documents that one record of a result may be as large as.
_DOCUMENTS_OF_RECORD = 4
#: The part of a session's life after which a new one is fetched.
_LIFE_USED = 0.9

#: The two entries of the client's ``__dict__`` that are not of 2.2.0; named so that no subclass
#: has them. What is made on first use stands apart: it is left out of pickles and copies.
_LINK = "_SalesforceBulk__link"
_ACCESS = "_SalesforceBulk__access"
#: Where the methods are that nobody has replaced.
_FRONT_DOOR = "salesforce_bulk.salesforce_bulk"


class Client(Protocol):
    """What is used of a client: the surface of 2.2.0, which subclasses override."""

    endpoint: str
    sessionId: str  # noqa: N815 - 2.2.0's name

    def headers(self, values: Mapping[str, str] = ..., content_type: str = ...) -> dict[str, str]:
        """The headers of a call of 1.0."""

    def check_status(self, resp: Response) -> None:
        """Raises for an answer whose status is 400 or more."""

    def parse_response(self, resp: Response) -> Any:
        """The document of an answer of 1.0."""


@dataclass(frozen=True)
class Link:
    """How a client reaches its org; given once, and handed on to its copies.

    Attributes:
        provider: logs in again; None where the session was given.
        client_id: the program's name in the org's event logs.
        min_api_calls, min_batches: see `Reserve`.
    """

    transport: Transport = field(default_factory=new_transport)
    provider: LoginProvider | None = None
    client_id: str | None = None
    gzip_requests: bool | None = None
    min_api_calls: int = 0
    min_batches: int = 0


class ClientAccess:
    """Both APIs of one client, made when they are first used."""

    def __init__(self, client: Client, link: Link) -> None:
        self.link = link
        self._client = client
        self._made: dict[str, Any] = {}
        #: Of the newest answer that told it.
        self.api_usage: ApiUsage | None = None
        self._user: User | None = None

    def known_facts(self) -> dict[str, str]:
        """Who this is and what is left of the day's limits, as far as answers told."""
        user = self._user.username if self._user else getattr(self.link.provider, "username", None)
        facts = {"user": str(user or "")}
        if self.api_usage is not None:
            usage = self.api_usage
            facts["API calls left"] = f"{usage.remaining:,} of {usage.maximum:,}"
        org: OrgAccess | None = self._made.get("org")
        batches = org.describes.last_limits.get(BATCH_ALLOWANCE) if org else None
        if batches is not None:
            facts["batches left"] = f"{batches.remaining:,} of {batches.maximum:,}"
        return facts

    @property
    def transport(self) -> Transport:
        return self.link.transport

    @property
    def v1(self) -> BulkV1:
        """Bulk API 1.0 for the classic methods, through those that subclasses override.

        Bodies are sent as 2.2.0 sent them, where nothing else is asked for: tests of programs read
        them from the requests.
        """
        return self._once("v1", self._new_v1)

    @property
    def org(self) -> OrgAccess:
        """What loads and exports use."""
        return self._once("org", self._new_org)

    def _once(self, name: str, make: Callable[[], _T]) -> _T:
        # setdefault, so that two threads that come first together get the same object.
        made: _T | None = self._made.get(name)
        if made is None:
            made = self._made.setdefault(name, make())
        return made

    def _new_v1(self) -> BulkV1:
        # The methods are looked up at each call: programs patch them on the instance.
        plain = self.link.gzip_requests or False
        return self._v1_with(lambda response: self._client.check_status(response), plain)

    def _v1_with(self, check: Callable[[Response], None], gzip_requests: bool | None) -> BulkV1:
        client = self._client
        return BulkV1(
            self._caller(lambda: client.endpoint, self._classic_headers, check, gzip_requests),
            lambda response: client.parse_response(response),
        )

    def _new_org(self) -> OrgAccess:
        data = self._data_caller(self._data_endpoint)
        describes = Describes(data)
        return OrgAccess(
            v1=self._v1_with(self._check, self.link.gzip_requests),
            v2=BulkV2(data),
            describes=describes,
            reserve=Reserve(
                describes.limits,
                lambda: self.api_usage,
                self.transport.deadline,
                self.link.min_api_calls,
                self.link.min_batches,
            ),
            clock=self.transport.deadline,
            most_record_bytes=_DOCUMENTS_OF_RECORD * self.transport.max_document_bytes,
            api_version=self._data_endpoint().rpartition("/v")[2],
            v2_at=self._v2_at,
            reopen=partial(org_of, self._client),
            with_session=self._org_with_session,
            with_connection=self._org_with_connection,
        )

    def _org_with_session(self) -> OrgAccess:
        client = copy.copy(self._client)
        set_link(client, replace(self.link, provider=None))
        return replace(self.org, reopen=partial(org_of, client))

    def _org_with_connection(self, name: str) -> OrgAccess:
        return replace(self.org, reopen=partial(_org_of_connection, type(self._client), name))

    def _v2_at(self, version: str) -> BulkV2:
        def base() -> str:
            return f"{self._data_endpoint().rpartition('/v')[0]}/v{version}"

        return BulkV2(self._data_caller(base))

    def _data_caller(self, base: Callable[[], str]) -> Caller:
        return self._caller(base, self._bearer_headers, self._check, self.link.gzip_requests)

    def _check(self, response: Response) -> None:
        """Raise for an answer whose status is 400 or more: by the client's own way where a
        program has replaced that, else without the answer's text in the message."""
        methods = (getattr(self._client, name, None) for name in ("check_status", "raise_error"))
        if any(getattr(method, "__module__", None) != _FRONT_DOOR for method in methods):
            self._client.check_status(response)
        elif response.status_code >= 400:
            raise error_for(response)

    def _note_usage(self, answer: Response) -> None:
        usage = read_limit_info(answer.headers.get("Sforce-Limit-Info"))
        if usage is not None:
            self.api_usage = usage

    def user(self) -> User:
        """Whose session it is."""

        def base() -> str:
            return f"{self._data_endpoint().partition('/services/')[0]}/services/oauth2"

        def read(answer: Response) -> User:
            user = read_user(answer.content)
            if user is None:
                raise UnreadableDocument("no user in it")
            return user

        caller = self._data_caller(base)
        call = Call("GET", "userinfo", media_type=media.JSON)
        session = self._session()
        try:
            self._user = caller.read(call, read)
        except BulkApiError as error:
            # Here an expired session is 403 (401 in the standard), with a text that is no document
            # of an API.
            if error.status_code not in (401, 403):
                raise
            if not self.renew(session, self.transport):
                self.org.describes.limits()  # where it has ended, this is refused in plain words
                raise
            self._user = caller.read(call, read)
        return self._user

    def opened(self, valid_seconds: float | None) -> None:
        """A session was opened, good for so many seconds where that is known."""
        if valid_seconds is None:
            self._made.pop("due", None)
        else:
            end = self.transport.clock.monotonic() + valid_seconds * _LIFE_USED
            self._made["due"] = (self._session(), end)

    def renew_where_due(self, transport: Transport) -> None:
        """A new session before the old one ends. Where that fails the old one is used: if it has
        ended, the org says so, and the login's error is the caller's then."""
        due = self._made.get("due")
        if due is None or self.transport.clock.monotonic() < due[1]:
            return
        # Once: calls that go on meanwhile use the session that there is.
        if self._made.pop("due", None) is None or due[0] != self._session():
            return
        try:
            self.renew(due[0], transport)
        except BulkApiError as error:
            log.warning("renewal before expiry failed: %s", type(error).__name__)

    def _caller(
        self,
        base: Callable[[], str],
        headers: Callable[[Mapping[str, str], str], dict[str, str]],
        check: Callable[[Response], None],
        gzip_requests: bool | None,
    ) -> Caller:
        return Caller(
            self.transport,
            base=base,
            headers=headers,
            check=check,
            sessions=self,
            accepted=self._once("accepted", set),
            note_answer=self._note_usage,
            gzip_requests=gzip_requests,
        )

    def _classic_headers(self, values: Mapping[str, str], content_type: str) -> dict[str, str]:
        # As 2.2.0 called it, with no argument more: overrides take what that passed.
        client = self._client
        if content_type == media.XML:
            return client.headers(values) if values else client.headers()
        if values:
            return client.headers(values, content_type=content_type)
        return client.headers(content_type=content_type)

    def _bearer_headers(self, values: Mapping[str, str], content_type: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._client.sessionId}",
            "Content-Type": f"{content_type}; charset=UTF-8",
            "Accept-Encoding": "gzip",
            **values,
        }

    def _data_endpoint(self) -> str:
        # Derived, because programs write to endpoint and build addresses from it.
        origin, _, version = self._client.endpoint.partition("/services/async/")
        return f"{origin}/services/data/v{version.strip('/')}"

    def _session(self) -> Secret:
        # A program may have set bytes, or nothing.
        session: Any = self._client.sessionId
        return Secret(session.decode("latin-1") if isinstance(session, bytes) else str(session))

    def renew(self, stale: Secret, transport: Transport) -> bool:
        """Put a new session in place of ``stale``; False where there is no login to repeat."""
        if self._session() != stale:
            return True  # another thread, or the caller, has set a newer one
        provider = self.link.provider
        if provider is None or not can_renew(provider):
            return False
        renewal = self._once("renewal", lambda: Renewal(provider))
        session = renewal.renew(stale, transport)
        self._client.sessionId = session.session_id.reveal()
        self.opened(session.valid_seconds)
        return True


def set_link(client: Client, link: Link) -> None:
    """Give a client its link; one that never gets any has the default one."""
    vars(client)[_LINK] = link


def access_of(client: Client) -> ClientAccess:
    """The one access of a client; made here, because a subclass may never call ``__init__``."""
    found: ClientAccess | None = vars(client).get(_ACCESS)
    if found is None:
        link = vars(client).get(_LINK) or Link()
        found = vars(client).setdefault(_ACCESS, ClientAccess(client, link))
    return found


def org_of(client: Client) -> OrgAccess:
    """What loads and exports use of a client; what is pickled with one comes back by this."""
    return access_of(client).org


def _org_of_connection(client_type: Any, name: str) -> OrgAccess:
    return org_of(client_type.connect(name))


def state_of(client: Client) -> dict[str, Any]:
    """What pickles and copies of a client hold: all but what is made on use."""
    return {name: value for name, value in vars(client).items() if name != _ACCESS}
