"""A local org that speaks the real protocols to any client.

    from salesforce_bulk.emulator import SalesforceEmulator

    with SalesforceEmulator() as org:
        bulk = org.connect()

What it does, and on whose word, is in FIDELITY.md beside this file. What it does not emulate
it refuses by name.
"""

from __future__ import annotations

import shutil
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from salesforce_bulk import limits
from salesforce_bulk.emulator.batch_work import BatchWork
from salesforce_bulk.emulator.bulk1 import PREFIX as ASYNC_PREFIX
from salesforce_bulk.emulator.bulk1 import Bulk1
from salesforce_bulk.emulator.bulk2 import Bulk2
from salesforce_bulk.emulator.clock import Clock, ManualClock, SystemClock
from salesforce_bulk.emulator.custom_objects import FieldDefinition
from salesforce_bulk.emulator.faults import Fault, Faults
from salesforce_bulk.emulator.jobs import JobEngine
from salesforce_bulk.emulator.login import SoapFamily, SoapLogin
from salesforce_bulk.emulator.org import Org
from salesforce_bulk.emulator.rest import Rest
from salesforce_bulk.emulator.rest_family import PREFIX as DATA_PREFIX
from salesforce_bulk.emulator.rest_family import RestFamily
from salesforce_bulk.emulator.routes import Application
from salesforce_bulk.emulator.server import Exchange, HttpServer, Request
from salesforce_bulk.emulator.sessions import SESSION_SECONDS, Sessions

if TYPE_CHECKING:
    from salesforce_bulk.salesforce_bulk import SalesforceBulk

__all__ = ["Fault", "ManualClock", "SalesforceEmulator"]


class SalesforceEmulator:
    """An org with its HTTP server, on 127.0.0.1 only.

    Args:
        port: 0 takes a free one.
        data: a directory in which the org's records are kept; without it they go with ``stop``.
        inline: batches run where they are posted, in the request's thread; no worker threads.
        clock: the org's time; a ``ManualClock`` for tests.
        seed: the same seed gives the same ids, tokens and faults.
        tls: (certificate chain file, key file): https instead of http.
        workers: threads that run batches.
        result_bytes: size at which a query's result is continued in another file.
        batches_per_day: the org's daily allocation of batches.
        session_seconds: life of a session without activity.
    """

    def __init__(
        self,
        port: int = 0,
        data: str | Path | None = None,
        inline: bool = False,
        clock: Clock | None = None,
        seed: int = 0,
        tls: tuple[str | Path, str | Path] | None = None,
        *,
        workers: int = 2,
        result_bytes: int = limits.RESULT_FILE_BYTES,
        batches_per_day: int = limits.BATCHES_PER_DAY,
        session_seconds: int = SESSION_SECONDS,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.faults = Faults(seed)
        self.org = Org(self.clock, Path(data) if data is not None else None, seed)
        self.sessions = Sessions(self.clock, self.org.org_id, seed, session_seconds)
        self._spool = Path(tempfile.mkdtemp(prefix="salesforce-bulk-emulator-"))
        self.engine = JobEngine(
            self.clock,
            self.org.ids,
            self._spool,
            BatchWork(self.org, self.faults, result_bytes),
            workers=workers,
            inline=inline,
            batches_per_day=batches_per_day,
        )
        self._application = self._build()
        self._scheme = "https" if tls else "http"
        try:
            self._server = HttpServer(
                self._application,
                port=port,
                observe=self._application.observe,
                tls=_tls_context(tls) if tls else None,
            )
        except OSError:
            self._discard()
            raise

    def _build(self) -> Application:
        soap = SoapFamily()
        bulk1 = Bulk1(self.org, self.engine, self.sessions, self.faults)
        login = SoapLogin(self.org, self.sessions, self._origin)
        rest = Rest(self.org, self.engine, RestFamily(self.sessions, self.faults))
        self.bulk2 = Bulk2(self.org, self.engine, rest.family)
        return Application(
            routes=[
                *login.routes(soap),
                *bulk1.routes(),
                *self.bulk2.routes(),
                *rest.routes(),
            ],
            families={
                "/services/Soap/": soap,
                f"{ASYNC_PREFIX}/": bulk1.family,
                f"{DATA_PREFIX}/": rest.family,
            },
            faults=self.faults,
        )

    def start(self) -> SalesforceEmulator:
        """Begins to serve; returns itself."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Ends all connections and threads and removes the spool; running batches end first."""
        self._server.stop()
        self._discard()

    def _discard(self) -> None:
        self.engine.stop()
        self.org.close()
        shutil.rmtree(self._spool, ignore_errors=True)

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
        """``127.0.0.1:PORT``."""
        return f"127.0.0.1:{self._server.port}"

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
    def requests(self) -> list[Exchange]:
        """The last requests, oldest first."""
        return list(self._application.requests)

    @property
    def api_calls(self) -> int:
        """Requests answered so far."""
        return self._application.api_calls

    def define_object(
        self, name: str, fields: Mapping[str, FieldDefinition] | None = None, **options: str
    ) -> None:
        """Adds a custom object, or fields to an object; arguments as in ``Schema.define``."""
        self.org.define_object(name, fields, **options)

    def reset(self) -> None:
        """As it was when it began: no records but the first, no jobs, no sessions, no faults."""
        self.engine.reset()
        self.org.reset()
        self.sessions.expire_all()
        self.faults.clear()
        self._application.reset()

    def connect(self, **options: Any) -> SalesforceBulk:
        """A client of this org, logged in by password through the real login flow.

        ``options`` are further arguments of ``SalesforceBulk``.
        """
        from salesforce_bulk.salesforce_bulk import SalesforceBulk  # noqa: PLC0415

        credentials = {
            "username": self.username,
            "password": self.password,
            "security_token": self.security_token,
            "login_url": self.url,
        }
        return SalesforceBulk(**{**credentials, **options})

    def _origin(self, request: Request) -> str:
        """The origin by which the client called: a proxy's or a container's name is kept."""
        return f"{self._scheme}://{request.header('host') or self.host}"


def _tls_context(files: tuple[str | Path, str | Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context
