"""A local org that speaks the real protocols to any client.

    from salesforce_bulk.emulator import SalesforceEmulator

    with SalesforceEmulator() as org:
        bulk = org.connect()

What it does, and on whose word, is in FIDELITY.md beside this file. What it does not emulate
it refuses by name.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from salesforce_bulk import limits
from salesforce_bulk.emulator.access.authorizations import Authorizations
from salesforce_bulk.emulator.access.connected_apps import (
    CONSUMER_KEY,
    CONSUMER_SECRET,
    SCOPE,
    Certificate,
    ConnectedApp,
    ConnectedApps,
)
from salesforce_bulk.emulator.access.sessions import SESSION_SECONDS, Sessions
from salesforce_bulk.emulator.clock import Clock, ManualClock, SystemClock
from salesforce_bulk.emulator.data.directory_lock import DirectoryLock
from salesforce_bulk.emulator.data.org import Org, OrgSnapshot
from salesforce_bulk.emulator.endpoints.bulk1.api import Bulk1
from salesforce_bulk.emulator.endpoints.bulk1.family import PREFIX as ASYNC_PREFIX
from salesforce_bulk.emulator.endpoints.bulk2.api import Bulk2
from salesforce_bulk.emulator.endpoints.control.api import PREFIX as CONTROL_PREFIX
from salesforce_bulk.emulator.endpoints.control.api import ControlApi
from salesforce_bulk.emulator.endpoints.control.page import PATHS as PAGE_PATHS
from salesforce_bulk.emulator.endpoints.control.page import answer_page
from salesforce_bulk.emulator.endpoints.oauth.authorize import Authorize
from salesforce_bulk.emulator.endpoints.oauth.flows import (
    IDENTITY_PREFIX,
    OAuth,
    OAuthFamily,
    is_login_host,
)
from salesforce_bulk.emulator.endpoints.oauth.flows import PREFIX as OAUTH_PREFIX
from salesforce_bulk.emulator.endpoints.oauth.frontdoor import PATH as FRONTDOOR_PATH
from salesforce_bulk.emulator.endpoints.oauth.frontdoor import Frontdoor
from salesforce_bulk.emulator.endpoints.rest.composite import Composite
from salesforce_bulk.emulator.endpoints.rest.family import PREFIX as DATA_PREFIX
from salesforce_bulk.emulator.endpoints.rest.family import RestFamily
from salesforce_bulk.emulator.endpoints.rest.resources import Rest
from salesforce_bulk.emulator.endpoints.rest.search import Search
from salesforce_bulk.emulator.endpoints.rest.tooling import Tooling
from salesforce_bulk.emulator.endpoints.soap.login import Soap, SoapFamily
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.faults import Fault, Faults
from salesforce_bulk.emulator.http.hosts import is_own_host, misdirected
from salesforce_bulk.emulator.http.routes import Application
from salesforce_bulk.emulator.http.server import HttpServer, LoggedRequest, Request, Response
from salesforce_bulk.emulator.http.tls import self_signed, server_context
from salesforce_bulk.emulator.jobs.batch_runner import BatchRunner
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.jobs.engine_state import close_engine, open_engine
from salesforce_bulk.emulator.schema.custom_objects import FieldDefinition

if TYPE_CHECKING:
    import ssl

    from salesforce_bulk.salesforce_bulk import SalesforceBulk

__all__ = ["Fault", "ManualClock", "SalesforceEmulator", "SystemClock"]


class SalesforceEmulator:
    """An org with its HTTP server, on 127.0.0.1 only.

    Args:
        port: 0 takes a free one.
        data: a directory in which records, objects and jobs are kept; without it they go with
            ``stop``.
        inline: batches run where they are posted, in the request's thread; no worker threads.
        clock: the org's time; a ``ManualClock`` for tests.
        seed: the same seed gives the same ids, tokens and faults.
        tls: https instead of http: (certificate chain file, key file), or True for a
            self-signed certificate, which the ``openssl`` command makes; see ``certificate``.
        workers: threads that run batches.
        result_bytes: size at which a query's result is continued in another file.
        batches_per_day: the org's daily allocation of batches.
        session_seconds: life of a session without activity.
        host: the address to listen at; another one than 127.0.0.1 is open to others.
        allow_hosts: names, with ``*``, under which it may be called besides addresses, names
            without a dot and those below ``localhost``.
        domain: the org's name, such as ``acme.my.salesforce.com``: addresses in answers have it,
            whatever the one that was called, and the certificate and the names that are
            allowed have it, ``*.my.salesforce.com``, ``login.`` and ``test.salesforce.com``.
        control_token: what changes by the control API need; a new one by default.
        features: options of the org that change its objects: ``MultiCurrency``, ``RecordTypes``,
            ``PersonAccounts``.
        dialect: the readings that it follows where FIDELITY.md has others, by the ids of that
            page: ``{"bulk1.query.content_type": "text/csv;charset=UTF-8"}``.

    Raises OSError for a port that is taken, a directory that another emulator works on
    (``DirectoryInUseError``), and certificates that cannot be read or made; ValueError for a
    dialect that there is not.
    """

    def __init__(
        self,
        port: int = 0,
        data: str | Path | None = None,
        inline: bool = False,
        clock: Clock | None = None,
        seed: int = 0,
        tls: tuple[str | Path, str | Path] | bool | None = None,
        *,
        workers: int = 2,
        result_bytes: int = limits.RESULT_FILE_BYTES,
        batches_per_day: int = limits.BATCHES_PER_DAY,
        session_seconds: int = SESSION_SECONDS,
        host: str = "127.0.0.1",
        allow_hosts: Collection[str] = (),
        domain: str | None = None,
        control_token: str | None = None,
        features: Collection[str] = (),
        dialect: Mapping[str, str] | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._seed = seed
        self._bound_to = host
        self._domain = domain
        self._allowed_hosts = [*allow_hosts, *(_names_of(domain) if domain else ())]
        #: What changes by the control API need.
        self.control_token = control_token or secrets.token_urlsafe(18)
        self._snapshots: dict[str, OrgSnapshot] = {}
        self._beginning: list[Callable[[], object]] = []
        self._tooling: Tooling | None = None
        self._session_seconds = session_seconds
        self._batches_per_day = batches_per_day
        #: The certificate that a client has to trust, when it was made here.
        self.certificate: Path | None = None
        with ExitStack() as stack:
            self._directory = Path(tempfile.mkdtemp(prefix="salesforce-bulk-emulator-"))
            stack.callback(shutil.rmtree, self._directory, ignore_errors=True)
            kept = Path(data) if data is not None else None
            spool = kept / "jobs" if kept else self._directory / "jobs"
            if kept:
                stack.callback(DirectoryLock(kept).release)
            spool.mkdir(exist_ok=True)
            context = self._tls_context(tls, kept)
            self.faults = Faults(seed)
            self.org = Org(self.clock, kept, seed, features, Dialect(dialect))
            stack.callback(self.org.close)
            self.engine = JobEngine(
                self.clock,
                self.org.ids,
                spool,
                BatchRunner(self.org, self.faults, result_bytes),
                workers=workers,
                inline=inline,
                batches_per_day=batches_per_day,
            )
            if kept:
                open_engine(self.engine, spool, self.org.users, self.org.admin)
                stack.callback(close_engine, self.engine, spool)
            else:
                stack.callback(self.engine.stop)
            self._begin()
            self._server = HttpServer(
                self._answer,
                host=host,
                port=port,
                observe=self._observe,
                tls=context,
                now=self.clock.now,
                spell=str.lower if self.org.dialect["http.header_case"] == "lower" else str,
            )
            self._scheme = "https" if context else "http"
            self._release = stack.pop_all()

    def _tls_context(
        self, tls: tuple[str | Path, str | Path] | bool | None, kept: Path | None
    ) -> ssl.SSLContext | None:
        if tls is True:
            names = _names_of(self._domain) if self._domain else ()
            tls = self_signed((kept or self._directory) / "tls", [*names, *self._allowed_hosts])
            self.certificate = tls[0]
        return server_context(*tls) if tls else None

    def _begin(self) -> None:
        """What is new at each start and at each reset."""
        self.sessions = Sessions(
            self.clock, self.org.org_id, self._seed, self._session_seconds, self.org.dialect
        )
        self.apps = ConnectedApps(self._seed, run_as=self.org.username)
        self.authorizations = Authorizations(self.clock, self._seed)
        self._application = self._build()
        self.faults.routes = self.route_names
        self._control = ControlApi(self, self.control_token, self._called_origin)

    # The page and the control API are no part of the org: they are not logged or counted, and no
    # fault strikes them.

    def _answer(self, request: Request) -> Response:
        if not is_own_host(request.header("host"), self._allowed_hosts):
            return misdirected(request)
        if request.path in PAGE_PATHS:
            return answer_page(request)
        if request.path == CONTROL_PREFIX or request.path.startswith(f"{CONTROL_PREFIX}/"):
            return self._control.answer(request)
        return self._application(request)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}, user {self.username}>"

    def _observe(self, logged: LoggedRequest) -> None:
        path = logged.path.partition("?")[0]
        if path not in PAGE_PATHS and not path.startswith(f"{CONTROL_PREFIX}/"):
            self._application.observe(logged)

    def _build(self) -> Application:
        dialect = self.org.dialect
        soap, oauth = SoapFamily(dialect), OAuthFamily(dialect)
        bulk1 = Bulk1(self.org, self.engine, self.sessions, self.faults, self._origin)
        login = Soap(self.org, self.sessions, self._origin)
        family = RestFamily(self.sessions, self.faults, dialect)
        rest = Rest(self.org, self.engine, family, self._origin)
        self.bulk2 = Bulk2(self.org, self.engine, rest.family)
        composite = Composite(self.org, rest.family)
        if self._tooling is not None:
            self._tooling.close()
        self._tooling = Tooling(self.org, self.engine, rest.family)
        application = Application(
            routes=[
                *login.routes(soap),
                *OAuth(
                    self.org, self.sessions, self.apps, self.authorizations, self._origin
                ).routes(oauth),
                *Authorize(self.org, self.apps, self.authorizations, self._origin).routes(oauth),
                *Frontdoor(self.sessions).routes(oauth),
                *bulk1.routes(),
                *self.bulk2.routes(),
                *composite.routes(),
                *Search(self.org, rest.family).routes(),
                *self._tooling.routes(),
                *rest.routes(),
            ],
            families={
                "/services/Soap/": soap,
                f"{OAUTH_PREFIX}/": oauth,
                f"{IDENTITY_PREFIX}/": oauth,
                FRONTDOOR_PATH: oauth,
                f"{ASYNC_PREFIX}/": bulk1.family,
                f"{DATA_PREFIX}/": rest.family,
            },
            faults=self.faults,
        )
        composite.answer = application.answer_within
        return application

    def start(self) -> SalesforceEmulator:
        """Begins to serve; returns itself."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Ends all connections and threads and removes the spool; running batches end first."""
        self._server.stop()
        if self._tooling is not None:
            self._tooling.close()
        self._release.close()

    def __enter__(self) -> SalesforceEmulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """``127.0.0.1:PORT``, or the address or the name that was asked for."""
        everywhere = self._bound_to in ("", "0.0.0.0", "::")  # noqa: S104  # nosec B104 # compared, not bound
        address = "127.0.0.1" if everywhere else self._bound_to
        return f"{address}:{self._server.port}"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.host}"

    @property
    def username(self) -> str:
        return self.org.username

    @property
    def password(self) -> str:
        return self.org.password

    @property
    def security_token(self) -> str:
        return self.org.security_token

    @property
    def consumer_key(self) -> str:
        """Of the connected app that every org has; its client-credentials flow runs as the
        administrator."""
        return CONSUMER_KEY

    @property
    def consumer_secret(self) -> str:
        return CONSUMER_SECRET

    @property
    def credentials(self) -> dict[str, str]:
        """What the command prints and the page shows: where the org is, and how to log in."""
        return {
            "url": self.url,
            "username": self.username,
            "password": self.password,
            "security_token": self.security_token,
            "consumer_key": self.consumer_key,
            "consumer_secret": self.consumer_secret,
        }

    @property
    def requests(self) -> list[LoggedRequest]:
        """The last requests, oldest first."""
        return list(self._application.requests)

    @property
    def api_calls(self) -> int:
        """Requests answered so far."""
        return self._application.api_calls

    @property
    def snapshots(self) -> list[str]:
        """The names of the snapshots, oldest first."""
        return list(self._snapshots)

    @property
    def route_names(self) -> list[str]:
        """What faults call the resources."""
        return sorted({route.name for route in self._application.routes})

    def define_object(
        self, name: str, fields: Mapping[str, FieldDefinition] | None = None, **options: Any
    ) -> None:
        """Adds a custom object, or fields to an object; arguments as in ``Schema.define``."""
        self.org.define_object(name, fields, **options)

    def reset(self) -> None:
        """As it was when it began: no records but the first and those of ``begin_with``, no jobs
        and sessions, an empty log, the same ids and tokens as then, and a clock that nobody
        advanced.
        """
        self.engine.reset()
        self.engine.batches_per_day = self._batches_per_day
        self.clock.reset()
        self.org.reset()
        self.faults.clear()
        self._begin()
        for prepare in self._beginning:
            prepare()

    def begin_with(self, prepare: Callable[[], object]) -> None:
        """What each reset does at its end, such as loading the records that the org began with.

        Args:
            prepare: what made the org as it is; it is not called now.
        """
        self._beginning.append(prepare)

    def register_app(  # nosec B107 # no secret: none was given
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
        """Adds a connected app, or replaces the one with its key.

        Args:
            certificate: what checks its JWTs: an X.509 certificate or an RSA public key, as the
                path of a file (PEM or DER) or as its content (PEM text, or bytes).
            run_as: user name of the client-credentials flow; without it that flow is refused.
            approved_users: user names that may use the JWT flow; None approves all.
            rotate_refresh_tokens: each use of a refresh token gives a new one in its place.
            callback_urls: where a browser may be sent back to; None allows any address of this
                machine.

        Raises ValueError for a certificate that is none, OSError for a file that is not there.
        """
        return self.apps.register(
            consumer_key,
            consumer_secret,
            certificate,
            run_as,
            approved_users=approved_users,
            rotate_refresh_tokens=rotate_refresh_tokens,
            scope=scope,
            callback_urls=callback_urls,
        )

    def issue_refresh_token(
        self, consumer_key: str = CONSUMER_KEY, username: str | None = None
    ) -> str:
        """A refresh token, as an app has it after a user's consent in the browser."""
        return self.apps.issue(consumer_key, username or self.username).token

    def connect(self, **options: Any) -> SalesforceBulk:
        """A client of this org, logged in by password through the real login flow.

        ``options`` are further arguments of ``SalesforceBulk``.
        """
        from salesforce_bulk.login.password import PasswordLogin  # noqa: PLC0415
        from salesforce_bulk.salesforce_bulk import SalesforceBulk  # noqa: PLC0415

        login = PasswordLogin(
            options.pop("username", self.username),
            options.pop("password", self.password),
            options.pop("security_token", self.security_token),
            login_url=options.pop("login_url", self.url),
        )
        verify = str(self.certificate) if self.certificate else None
        return SalesforceBulk(**{"login": login, "verify": verify, **options})

    def snapshot(self) -> str:
        """Remembers records, objects and users; returns the name to ``restore`` them by."""
        name = f"s{len(self._snapshots) + 1}"
        self._snapshots[name] = self.org.snapshot(self._directory / f"{name}.sqlite3")
        return name

    def restore(self, snapshot: str) -> None:
        """Makes the org as it was at a snapshot; jobs are forgotten, as by ``reset``.

        Raises ValueError for a name that no snapshot has.
        """
        if snapshot not in self._snapshots:
            raise ValueError(f"there is no snapshot {snapshot}")
        self.engine.reset()
        self.org.restore(self._snapshots[snapshot])

    def _called_origin(self, request: Request) -> str:
        return f"{self._scheme}://{request.header('host')}"

    def _origin(self, request: Request) -> str:
        """The origin of the org: its own name, or the one by which the client knows it: a
        proxy's or a container's name is kept, but the login hosts are no org's."""
        if self._domain:
            return f"{self._scheme}://{self._domain}:{self._server.port}"
        host = request.header("host")
        return f"{self._scheme}://{self.host if not host or is_login_host(host) else host}"


def _names_of(domain: str) -> tuple[str, ...]:
    """The names that belong to an org of that name: its own, and those where its users log in."""
    return (domain, "*.my.salesforce.com", "login.salesforce.com", "test.salesforce.com")
