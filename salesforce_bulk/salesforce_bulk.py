"""class SalesforceBulk: the front door."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from inspect import Parameter, signature
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar
from xml.etree.ElementTree import Element  # nosec B405 # types only; defusedxml parses

from salesforce_bulk import attach, bulk_states, limits
from salesforce_bulk.api.describe import Allowance, ObjectDescribe
from salesforce_bulk.api.reserve import checked_minimum
from salesforce_bulk.client_access import Link, access_of, org_of, set_link, state_of
from salesforce_bulk.errors import (
    BatchNotComplete,
    BulkApiError,
    BulkBatchFailed,
    BulkJobAborted,
    IncompleteLogin,
    InvalidBatch,
    InvalidInput,
    InvalidJobState,
    JobStillRunning,
    MissingArgument,
    MissingCredentials,
    UnexpectedResponse,
    UnknownBatch,
)
from salesforce_bulk.export.handle import Export
from salesforce_bulk.export.plan import plan_export
from salesforce_bulk.export.settings import EXPORT_DEFAULTS, ExportOptions
from salesforce_bulk.export.soql import outer_object
from salesforce_bulk.formats.html_table import html_table
from salesforce_bulk.http import polling
from salesforce_bulk.http.body import DOCUMENT_BYTES, PIECE_BYTES
from salesforce_bulk.http.call import (
    answer_text,
    classic_error_for,
    content_of,
    media_type_of,
)
from salesforce_bulk.http.clock import Clock
from salesforce_bulk.http.settings import (
    DEFAULT_TIMEOUT,
    TransportSettings,
    new_transport,
    sealed_proxies,
)
from salesforce_bulk.load import verbs
from salesforce_bulk.load.batching import batch_body, refuse_too_many_records
from salesforce_bulk.load.job import LoadJob
from salesforce_bulk.load.results import LoadResult
from salesforce_bulk.load.settings import LOAD_DEFAULTS, LoadOptions, LoadSettings, Rows
from salesforce_bulk.login.hosts import api_origin
from salesforce_bulk.login.password import PasswordLogin, salesforce_login
from salesforce_bulk.login.provider import LoginProvider
from salesforce_bulk.login.retirement import tell_of_retirement
from salesforce_bulk.models import ApiUsage, JobInfo, UploadResult, User
from salesforce_bulk.options import (
    refuse_no_path,
    refuse_no_switch,
    refuse_no_text,
    secret_option,
    takes_options,
)
from salesforce_bulk.progress import ProgressOption
from salesforce_bulk.secret import Secret
from salesforce_bulk.util import IteratorBytesIO
from salesforce_bulk.wire import media, v1
from salesforce_bulk.wire.v1 import NAMESPACE

if TYPE_CHECKING:
    import requests
    from typing_extensions import Self, Unpack
    from urllib3.util import Retry

    from salesforce_bulk.http.transport import Response
    from salesforce_bulk.login.connections import Connection

__all__ = [
    "DEFAULT_API_VERSION",
    "DEFAULT_CLIENT_ID_PREFIX",
    "BulkApiError",
    "BulkBatchFailed",
    "BulkJobAborted",
    "SalesforceBulk",
    "SalesforceLogin",
    "UploadResult",
    "bulk_states",
    "job_to_http_content_type",
    "nsclean",
    "requests",
    "time",
]

DEFAULT_API_VERSION = str(limits.LAST_SOAP_LOGIN_VERSION)
DEFAULT_CLIENT_ID_PREFIX = "PySFBulk"

nsclean = re.compile("{.*}")

#: The media type of a batch body for each job content type.
job_to_http_content_type = media.BY_CONTENT_TYPE

#: `simple_salesforce.SalesforceLogin`; looked up here at every login, so that it can be patched.
SalesforceLogin = salesforce_login

_C = TypeVar("_C", bound="SalesforceBulk")
_VERSION = re.compile(r"v?(\d{1,3})(?:\.(\d))?", re.IGNORECASE)


def __getattr__(name: str) -> Any:
    # Programs written for 2.2.0 reach for it in this module, or patch it here.
    if name == "requests":
        return import_module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class ClientOptions(TypedDict, total=False):
    """What a client may be given beside its login; see `SalesforceBulk`."""

    API_version: str
    client_id: str | None
    session: requests.Session | None
    timeout: float | tuple[float, float]
    proxies: Mapping[str, str] | None
    verify: bool | str | None
    cert: str | tuple[str, str] | None
    retry: Retry | None
    gzip_requests: bool | None
    clock: Clock
    max_document_bytes: int
    min_api_calls: int
    min_batches: int


def _client_defaults(constructor: Callable[..., None]) -> dict[str, Any]:
    parameters = signature(constructor).parameters
    return {name: parameters[name].default for name in ClientOptions.__annotations__}


class SalesforceBulk:
    """The jobs and batches of one Salesforce org.

    Give a session or a login, or name a connection (`connect`, `from_env`)::

        SalesforceBulk.connect("prod")
        SalesforceBulk(login=ClientCredentialsLogin("3MVG…", secret, "acme.my.salesforce.com"))
        SalesforceBulk(sessionId="00D…!AQ…", host="acme.my.salesforce.com")
        SalesforceBulk(username="a@b.example", password="…", security_token="…")

    Args:
        sessionId: a session id or OAuth access token; goes before ``username``.
        host: the org's host, or its URL; needed with ``sessionId``.
        username, password: for a login by simple-salesforce.
        API_version: ``"64.0"``; 64, "64" and "v64.0" are read as the same.
        sandbox: log in at test.salesforce.com; ``domain`` goes before it.
        security_token: appended to the password; ``""`` from a trusted address.
        organizationId: instead of a token.
        client_id: the program's name in the org's login history and event logs.
        domain: ``login``, ``test`` or ``acme.my``.
        login: a `LoginProvider`, in place of a session or a user name: `ClientCredentialsLogin`,
            `JwtLogin`, `SfCliLogin` and so on; see docs/logins.md.
        login_url: an origin to log in at, ``https://acme.my.salesforce.com`` or an
            emulator's; goes before ``domain``.
        session: your own `requests.Session`; its proxies, CA and certificates are used for
            login, calls and downloads. One is made where none is given.
        timeout: seconds to connect and seconds between two pieces of an answer; or one
            number for both.
        proxies: ``{"https": "http://proxy:8080"}``.
        verify: path of a CA bundle, or False.
        cert: path of a client certificate, or (certificate, key).
        retry: a `urllib3.util.Retry` for what is safe to repeat; five repeats with jitter
            where none is given.
        gzip_requests: compress what is sent; None does so except to this machine.
        clock: what waits and measures; for tests.
        max_document_bytes: of an answer that is read at once: a job, a describe, an error page;
            results of rows may have eight times as many. Downloads have no such bound.
        min_api_calls, min_batches: what is to be left of the org's 24 hours' API calls and batches
            for others; verbs and exports stop before, with `ReserveReached`. 0 asks for nothing.

    Raises:
        MissingCredentials: neither ``sessionId`` nor ``username``.
        IncompleteLogin: a login without its password or token, a session without its host.
        LoginFailed: the org refused.
        InvalidInput: the version cannot be read.

    The attributes ``endpoint``, ``sessionId``, ``jobNS``, ``API_version``, ``jobs``,
    ``batches``, ``job_content_types`` and ``batch_statuses`` are plain and may be set. The
    client may be used from several threads, and may be pickled and copied.
    """

    __module__ = "salesforce_bulk"

    def __init__(
        self,
        sessionId: str | None = None,
        host: str | None = None,
        username: str | None = None,
        password: str | None = None,
        API_version: str = DEFAULT_API_VERSION,
        sandbox: bool = False,
        security_token: str | None = None,
        organizationId: str | None = None,
        client_id: str | None = None,
        domain: str | None = None,
        *,
        login: LoginProvider | None = None,
        login_url: str | None = None,
        session: requests.Session | None = None,
        timeout: float | tuple[float, float] = DEFAULT_TIMEOUT,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        retry: Retry | None = None,
        gzip_requests: bool | None = None,
        clock: Clock = time,
        max_document_bytes: int = DOCUMENT_BYTES,
        min_api_calls: int = 0,
        min_batches: int = 0,
    ) -> None:
        # Tools that show the locals of a traceback show masks, whatever fails from here on.
        given = secret_option("sessionId", sessionId)
        # Beside a session nothing else is looked at, as it was in 2.2.0.
        secret = None if given else secret_option("password", password)
        token = None if given else secret_option("security_token", security_token)
        del sessionId, password, security_token
        proxies = sealed_proxies(proxies)
        if login is None and not given and not username:
            raise MissingCredentials(
                "Must supply either sessionId/instance_url or username/password"
            )
        if login is not None and (given or host or username or secret):
            raise InvalidInput("login= stands for itself: no session, host or password beside it.")
        if login is not None and not hasattr(login, "login"):
            raise InvalidInput(
                f"login= takes a login, such as ClientCredentialsLogin(...), not "
                f"{type(login).__name__}; SalesforceBulk.connect() takes a connection's name."
            )
        refuse_no_text("username", username or "")
        refuse_no_switch("gzip_requests", gzip_requests)
        version = _version(API_version)
        least = [
            checked_minimum("min_api_calls", min_api_calls),
            checked_minimum("min_batches", min_batches),
        ]
        sending = TransportSettings(
            session, timeout, proxies, verify, cert, retry, clock, max_document_bytes
        )
        provider = login
        valid_seconds = None
        transport = new_transport(sending)
        if login is not None:
            opened = login.login(transport)
            given, host, valid_seconds = opened.session_id, opened.instance, opened.valid_seconds
        elif not given:
            provider = _password_login(
                username=username,
                password=secret,
                sandbox=sandbox,
                security_token=token,
                organization_id=organizationId,
                client_id=client_id,
                version=version,
                domain=domain,
                login_url=login_url,
            )
            # By the public method, which programs replace by one of 2.2.0's signature: of the
            # newer arguments only those that were given.
            newer = sending.chosen() | ({} if login_url is None else {"login_url": login_url})
            session_id, host = SalesforceBulk.login_to_salesforce(
                username,
                _reveal(secret),
                sandbox=sandbox,
                security_token=_reveal(token),
                organizationId=organizationId,
                client_id=client_id,
                API_version=version,
                domain=domain,
                **newer,
            )
            given = Secret.of(session_id)
            del session_id
        if not host:
            raise IncompleteLogin("A sessionId needs its host, e.g. host='acme.my.salesforce.com'.")
        self.endpoint = f"{api_origin(host)}/services/async/{version}"
        self.sessionId = _reveal(given)
        self.jobNS = NAMESPACE
        self.jobs: dict[str, str] = {}
        self.batches: dict[str, str] = {}
        self.job_content_types: dict[str, str] = {}
        self.batch_statuses: dict[str, dict[str, Any]] = {}
        self.API_version = version
        set_link(self, Link(transport, provider, client_id, gzip_requests, *least))
        if valid_seconds is not None:
            access_of(self).opened(valid_seconds)

    @classmethod
    @takes_options(ClientOptions, _client_defaults(__init__))
    def connect(cls, connection: str, **options: Unpack[ClientOptions]) -> Self:
        """A client of the org that a name stands for.

        The name is looked up in the environment (``SALESFORCE_BULK_<NAME>_<KEY>``), in
        ``connections.toml`` and among the aliases of the Salesforce CLI, in this order
        (docs/logins.md). The log says what was chosen.

        Args:
            connection: the name.
            options: as the constructor's.

        Raises:
            UnknownConnection: nothing has the name; the message lists those that are known.
            InvalidInput: a part of it is missing.
            LoginFailed: the org refused.
        """
        return _connect(cls, _connections().connection_named(connection), options)

    @classmethod
    @takes_options(ClientOptions, _client_defaults(__init__))
    def from_env(cls, **options: Unpack[ClientOptions]) -> Self:
        """A client of the org that the environment describes (docs/logins.md); see `connect`.

        Raises:
            MissingCredentials: it describes none.
        """
        return _connect(cls, _connections().connection_from_environment(), options)

    @classmethod
    @takes_options(ClientOptions, _client_defaults(__init__))
    def from_sf_cli(cls, alias: str | None = None, **options: Unpack[ClientOptions]) -> Self:
        """A client of an org that the Salesforce CLI is logged in to; None is its default org."""
        # Here, because it brings subprocess.
        from salesforce_bulk.login.sf_cli import SfCliLogin  # noqa: PLC0415

        return cls(login=SfCliLogin(alias), **options)

    @classmethod
    @takes_options(ClientOptions, _client_defaults(__init__))
    def from_django(cls, **options: Unpack[ClientOptions]) -> Self:
        """A client of the org of ``settings.SALESFORCE_BULK``: a dict with the keys of a
        connection, or with ``CONNECTION``, a name (docs/logins.md)."""
        return _connect(cls, _connections().connection_of_django(), options)

    @classmethod
    @takes_options(ClientOptions, _client_defaults(__init__))
    def from_flask(cls, app: Any, **options: Unpack[ClientOptions]) -> Self:
        """A client of the org of ``app.config["SALESFORCE_BULK"]``; see `from_django`."""
        return _connect(cls, _connections().connection_of_flask(app), options)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.__dict__.get('endpoint', 'without an endpoint')}>"

    def _repr_html_(self) -> str:
        # A subclass may never have called __init__.
        known = self.__dict__
        keys = {"org": "endpoint", "version": "API_version"}
        facts = {name: str(known.get(key) or "") for name, key in keys.items()}
        facts |= access_of(self).known_facts()
        return html_table(type(self).__name__, facts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close the pooled connections; a further call opens new ones."""
        access_of(self).transport.close()

    def __getstate__(self) -> dict[str, Any]:
        return state_of(self)

    @staticmethod
    def login_to_salesforce(
        username: str | None,
        password: str | None,
        sandbox: bool = False,
        security_token: str | None = None,
        organizationId: str | None = None,
        client_id: str | None = None,
        API_version: str = DEFAULT_API_VERSION,
        domain: str | None = None,
        *,
        login_url: str | None = None,
        session: requests.Session | None = None,
        timeout: float | tuple[float, float] = DEFAULT_TIMEOUT,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        retry: Retry | None = None,
        clock: Clock = time,
        max_document_bytes: int = DOCUMENT_BYTES,
    ) -> tuple[str, str]:
        """Log in with user name and password by simple-salesforce.

        The arguments are the constructor's; ``domain`` goes before ``sandbox``.

        Returns:
            the session id and the host, both for the constructor.

        Raises:
            IncompleteLogin: user name, password, or both token and organization id are None.
            LoginFailed: the org refused.
        """
        secret = secret_option("password", password)
        token = secret_option("security_token", security_token)
        del password, security_token
        proxies = sealed_proxies(proxies)
        provider = _password_login(
            username=username,
            password=secret,
            sandbox=sandbox,
            security_token=token,
            organization_id=organizationId,
            client_id=client_id,
            version=_version(API_version),
            domain=domain,
            login_url=login_url,
        )
        sending = TransportSettings(
            session, timeout, proxies, verify, cert, retry, clock, max_document_bytes
        )
        session_id, instance = provider.login(new_transport(sending))
        tell_of_retirement(username, instance)
        return session_id, instance.removeprefix("https://")

    def headers(
        self, values: Mapping[str, str] | None = None, content_type: str = media.XML
    ) -> dict[str, str]:
        """The headers of a call: the session, the content type and ``Accept-Encoding``.

        Args:
            values: further headers; they go before the three.
            content_type: the media type without its charset.
        """
        default = {
            "X-SFDC-Session": self.sessionId,
            "Content-Type": f"{content_type}; charset=UTF-8",
            "Accept-Encoding": "gzip",
        }
        default.update(values or {})
        return default

    # Jobs

    def create_query_job(self, object_name: str, **kwargs: Any) -> str:
        """A job for `query`; keywords as `create_job`."""
        return self.create_job(object_name, "query", **kwargs)

    def create_queryall_job(self, object_name: str, **kwargs: Any) -> str:
        """A job for `query` that sees deleted and archived rows too (API 39.0 and newer)."""
        return self.create_job(object_name, "queryAll", **kwargs)

    def create_insert_job(self, object_name: str, **kwargs: Any) -> str:
        """A job that inserts rows; keywords as `create_job`."""
        return self.create_job(object_name, "insert", **kwargs)

    def create_upsert_job(self, object_name: str, external_id_name: str, **kwargs: Any) -> str:
        """A job that updates the rows whose external id exists and inserts the others."""
        return self.create_job(object_name, "upsert", external_id_name=external_id_name, **kwargs)

    def create_update_job(self, object_name: str, **kwargs: Any) -> str:
        """A job that updates rows by Id; keywords as `create_job`."""
        return self.create_job(object_name, "update", **kwargs)

    def create_delete_job(self, object_name: str, **kwargs: Any) -> str:
        """A job that moves rows to the recycle bin; its batches hold Ids only."""
        return self.create_job(object_name, "delete", **kwargs)

    def create_hard_delete_job(self, object_name: str, **kwargs: Any) -> str:
        """A job that deletes rows for good; needs the permission "Bulk API Hard Delete"."""
        return self.create_job(object_name, "hardDelete", **kwargs)

    def create_job(
        self,
        object_name: str | None = None,
        operation: str | None = None,
        contentType: str = "CSV",
        concurrency: str | None = None,
        external_id_name: str | None = None,
        pk_chunking: bool | int | str = False,
        *,
        assignment_rule_id: str | None = None,
        disable_batch_retry: bool = False,
        line_ending: str | None = None,
    ) -> str:
        """Create a job ("Create a Job" in the guide).

        Args:
            object_name: the object's API name.
            operation: ``insert``, ``update``, ``upsert``, ``delete``, ``hardDelete``,
                ``query`` or ``queryAll``.
            contentType: ``CSV``, ``XML``, ``JSON``, ``ZIP_CSV``, ``ZIP_XML`` or ``ZIP_JSON``.
            concurrency: ``Parallel`` or ``Serial``; the org's default is Parallel.
            external_id_name: the key of an upsert.
            pk_chunking: True, a chunk size in records, or the whole header value; the rows
                of a chunked query are in the batches that the server adds to the job.
            assignment_rule_id: for Case and Lead.
            disable_batch_retry: do not let the server queue unfinished batches again.
            line_ending: ``LF`` or ``CRLF``: how line breaks inside long texts are read.

        Returns:
            the job's id, 18 characters.

        Raises:
            MissingArgument: object or operation is None.
            ApiFault: the org refused, e.g. `InvalidJob`, `InvalidEntity`,
                `FeatureNotEnabled`.
        """
        if object_name is None or operation is None:
            name = "object_name" if object_name is None else "operation"
            raise MissingArgument(f"create_job needs {name}.")
        refuse_no_text("object_name", object_name)
        refuse_no_text("operation", operation)
        headers: dict[str, str] = {}
        if pk_chunking:
            headers["Sforce-Enable-PKChunking"] = v1.pk_chunking_header(pk_chunking)
        if disable_batch_retry:
            headers["Sforce-Disable-Batch-Retry"] = "TRUE"
        if line_ending:
            headers["Sforce-Line-Ending"] = line_ending
        client_id = access_of(self).link.client_id
        if client_id:
            headers["Sforce-Call-Options"] = f"client={DEFAULT_CLIENT_ID_PREFIX}/{client_id}"
        document = self.create_job_doc(
            object_name=object_name,
            operation=operation,
            contentType=contentType,
            concurrency=concurrency,
            external_id_name=external_id_name,
            **({"assignment_rule_id": assignment_rule_id} if assignment_rule_id else {}),
        )
        info = access_of(self).v1.create_job(document, headers)
        job_id = _id_of(info)
        _remember(self.jobs, job_id, job_id)
        _remember(self.job_content_types, job_id, contentType)
        return job_id

    def create_job_doc(
        self,
        object_name: str | None = None,
        operation: str | None = None,
        contentType: str = "CSV",
        concurrency: str | None = None,
        external_id_name: str | None = None,
        assignment_rule_id: str | None = None,
    ) -> bytes:
        """The XML document that creates a job."""
        return v1.job_document(
            object_name, operation, contentType, concurrency, external_id_name, assignment_rule_id
        )

    def create_close_job_doc(self) -> bytes:
        """The XML document that closes a job."""
        return v1.state_document(bulk_states.CLOSED)

    def create_abort_job_doc(self) -> bytes:
        """The XML document that aborts a job."""
        return v1.state_document(bulk_states.ABORTED)

    def close_job(self, job_id: str) -> None:
        """Close a job: it takes no more batches; those it has are still processed."""
        access_of(self).v1.set_job_state(job_id, self.create_close_job_doc(), bulk_states.CLOSED)

    def abort_job(self, job_id: str) -> None:
        """Abort a job: queued batches are not processed; rows already written stay."""
        access_of(self).v1.set_job_state(job_id, self.create_abort_job_doc(), bulk_states.ABORTED)

    def job_status(self, job_id: str | None = None) -> dict[str, str | None]:
        """The jobInfo, its values as text.

        Raises:
            MissingArgument: no job id.
            InvalidJob: the org does not know the job.
        """
        if job_id is None:
            raise MissingArgument("job_status needs a job id.")
        info = v1.as_text(access_of(self).v1.job(job_id))
        content_type = info.get("contentType")
        if content_type:
            self.job_content_types.setdefault(job_id, content_type)
        return info

    def job_state(self, job_id: str) -> str | None:
        """``Open``, ``Closed``, ``Aborted`` or ``Failed``."""
        return self.job_status(job_id).get("state")

    # Batches

    def query(self, job_id: str | None, soql: str, contentType: str = "CSV") -> str:
        """Add a query to a job ("Add a Batch to a Job").

        Args:
            job_id: of a query job for the object in FROM; None creates one, whose id is then
                ``lookup_job_id(batch_id)``.
            soql: the query; text is sent as UTF-8, bytes as they are.
            contentType: of the job, where it is created here or unknown to this client.

        Returns:
            the batch's id.

        Raises:
            InvalidInput: no FROM to create a job for, or no query at all.
            BulkJobAborted, InvalidJobState: the job takes no batches.
        """
        if job_id is None:
            job_id = self.create_job(_query_object(soql), "query", contentType=contentType)
        content_type = self.job_content_types.get(job_id, contentType)
        body = batch_body(soql, job_id)
        return _batch_added(self, job_id, body, job_to_http_content_type[content_type])

    def post_batch(self, job_id: str, data_generator: Any) -> str:
        """Add a batch of rows to a job ("Add a Batch to a Job").

        Args:
            job_id: of a job of this or another client.
            data_generator: the body in the job's content type: bytes, text (sent as UTF-8),
                an open file, or an iterable of bytes or texts such as `CsvDictsAdapter`.

        Returns:
            the batch's id. The rows are not processed yet, nor checked.

        Raises:
            InvalidInput: no body, more than 10,000,000 bytes or 10,000 CSV records; nothing
                was sent.
            AmbiguousUpload: the answer was lost; the batch may exist.
            BulkJobAborted, InvalidJobState: the job takes no batches.
        """
        content_type = self.job_content_types.get(job_id) or _foreign_content_type(self, job_id)
        body = batch_body(data_generator, job_id)
        if content_type == "CSV":
            refuse_too_many_records(body, job_id)
        return _batch_added(self, job_id, body, job_to_http_content_type[content_type])

    def post_mapping_file(self, job_id: str, mapping_data: Any) -> None:
        """Upload the field mapping for the batches that follow ("Map Data Fields").

        Args:
            job_id: of a CSV job without batches.
            mapping_data: CSV with the columns ``Salesforce Field,Csv Header,Value,Hint``, in
                any form that `post_batch` takes, of fewer than 8,192 characters.

        Raises:
            InvalidInput: the mapping is empty or too long.
        """
        body = batch_body(mapping_data, job_id)
        if len(body.decode("utf-8", "replace")) >= limits.SPEC_CHARACTERS:
            raise InvalidInput(
                f"The mapping for job {job_id} has {len(body):,} bytes; fewer than "
                f"{limits.SPEC_CHARACTERS:,} characters are allowed.",
                job_id=job_id,
            )
        access_of(self).v1.add_spec(job_id, body)

    def lookup_job_id(self, batch_id: str) -> str:
        """The job of a batch that this client posted, or that is set in ``batches``.

        Raises:
            UnknownBatch: neither; give the job id instead.
        """
        try:
            return self.batches[batch_id]
        except KeyError:
            raise UnknownBatch(
                f"Batch id '{batch_id}' is uknown, can't retrieve job_id; pass job_id=",
                batch_id=batch_id,
            ) from None

    def get_batch_list(self, job_id: str) -> list[dict[str, Any]]:
        """The batchInfos of a job; their values are text, or JSON's types for a JSON job."""
        return access_of(self).v1.batches(job_id)

    def get_query_batch_request(self, batch_id: str, job_id: str | None = None) -> str:
        """The batch as it was posted: the SOQL of a query, with its bounds for a PK chunk."""
        job_id = job_id or self.lookup_job_id(batch_id)
        try:
            return access_of(self).v1.batch_request(job_id, batch_id).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnexpectedResponse(
                f"Batch {batch_id} of job {job_id} is not UTF-8 text: {error}",
                job_id=job_id,
                batch_id=batch_id,
            ) from error

    def batch_status(
        self, batch_id: str | None = None, job_id: str | None = None, reload: bool = False
    ) -> dict[str, Any]:
        """The batchInfo. A batch that has ended is asked for only once, unless ``reload``."""
        if batch_id is None:
            raise MissingArgument("batch_status needs a batch id.")
        if not reload and batch_id in self.batch_statuses:
            return dict(self.batch_statuses[batch_id])
        info: dict[str, Any] = access_of(self).v1.batch(
            job_id or self.lookup_job_id(batch_id), batch_id
        )
        if _state_of(info) in bulk_states.BATCH_TERMINAL_STATES:
            _remember(self.batch_statuses, batch_id, dict(info), limits.BATCHES_PER_DAY)
        else:
            self.batch_statuses.pop(batch_id, None)
        return info

    def batch_state(
        self, batch_id: str, job_id: str | None = None, reload: bool = False
    ) -> str | None:
        """``Queued``, ``InProgress``, ``Completed``, ``Failed`` or ``NotProcessed``."""
        return _state_of(self.batch_status(batch_id, job_id, reload=reload))

    def is_batch_done(self, batch_id: str, job_id: str | None = None) -> bool:
        """Whether the batch is Completed, asked from the org each time.

        Raises:
            BulkBatchFailed: it is Failed or NotProcessed; the latter is what becomes of the
                posted batch under PK chunking.
        """
        state = self.batch_state(batch_id, job_id=job_id, reload=True)
        if state in bulk_states.ERROR_STATES:
            job_id = job_id or self.lookup_job_id(batch_id)
            message = self.batch_status(batch_id, job_id).get("stateMessage")
            raise BulkBatchFailed(job_id, batch_id, message, state)
        return state == bulk_states.COMPLETED

    def wait_for_batch(
        self,
        job_id: str,
        batch_id: str,
        timeout: float = 60 * 10,
        sleep_interval: float = 10,
        *,
        raise_on_timeout: bool = False,
    ) -> bool:
        """Wait until the batch is Completed.

        Args:
            job_id, batch_id: the job first, unlike everywhere else.
            timeout: seconds to wait at most.
            sleep_interval: seconds between two questions.
            raise_on_timeout: raise when the time was up, instead of returning False.

        Returns:
            True when it is Completed, False when the time was up first; the batch is left
            alone then, and may be waited for again.

        Raises:
            BulkBatchFailed: it ended otherwise.
            JobStillRunning: the time was up, with ``raise_on_timeout``.
        """
        done = polling.wait_until(
            lambda: self.is_batch_done(batch_id, job_id),
            timeout=timeout,
            interval=sleep_interval,
            clock=access_of(self).transport.clock,
        )
        if not done and raise_on_timeout:
            raise JobStillRunning(
                f"Batch {batch_id} of job {job_id} is not done after {timeout} s; it was left "
                "alone and may be waited for again.",
                job_id=job_id,
            )
        return done

    # Results

    def get_batch_results(self, batch_id: str, job_id: str | None = None) -> list[UploadResult]:
        """The outcome of each row of a batch, in the order of the rows ("Get Batch Results").

        Raises:
            BulkBatchFailed: the batch failed before any row was processed.
            BatchNotComplete: there are no results yet; also a RuntimeError.
        """
        job_id = job_id or self.lookup_job_id(batch_id)
        try:
            results = access_of(self).v1.row_results(job_id, batch_id)
        except InvalidBatch as error:
            info = self.batch_status(batch_id, job_id, reload=True)
            if _state_of(info) not in bulk_states.ERROR_STATES:
                raise
            failed = _batch_error(job_id, batch_id, info)
            failed.status_code = error.status_code
            raise failed from error
        if not results:
            # No rows at all may be the answer of a batch that has none yet, or never will.
            info = self.batch_status(batch_id, job_id, reload=True)
            if _state_of(info) != bulk_states.COMPLETED:
                raise _batch_error(job_id, batch_id, info)
        return results

    def get_query_batch_result_ids(
        self, batch_id: str, job_id: str | None = None
    ) -> list[str] | bool:
        """The ids of a query batch's result files; False while it is not done."""
        job_id = job_id or self.lookup_job_id(batch_id)
        if not self.is_batch_done(batch_id, job_id):
            return False
        return access_of(self).v1.result_ids(job_id, batch_id)

    def get_all_results_for_query_batch(
        self, batch_id: str, job_id: str | None = None, chunk_size: int | None = PIECE_BYTES
    ) -> Iterator[Any]:
        """One file after the other: what `get_query_batch_results` returns for each result id.

        Args:
            batch_id: of a query.
            job_id: looked up where not given.
            chunk_size: bytes read from the wire at a time; fewer than 262,144, or
                None, are read as that.

        Raises:
            BatchNotComplete: at the first ``next``; also a RuntimeError.
        """
        result_ids = self.get_query_batch_result_ids(batch_id, job_id=job_id)
        if result_ids is False:
            raise BatchNotComplete("Batch is not complete", job_id=job_id, batch_id=batch_id)
        for result_id in result_ids:  # type: ignore[union-attr]
            yield self.get_query_batch_results(
                batch_id, result_id, job_id=job_id, chunk_size=chunk_size
            )

    def get_query_batch_results(
        self,
        batch_id: str,
        result_id: str,
        job_id: str | None = None,
        chunk_size: int | None = PIECE_BYTES,
        raw: bool = False,
    ) -> Any:
        """One result file ("Get Bulk Query Results").

        Args:
            batch_id, result_id: from `get_query_batch_result_ids`.
            job_id: looked up where not given.
            chunk_size: bytes read from the wire at a time; fewer than 262,144, or
                None, are read as that.
            raw: return urllib3's response, its body as it came: compressed, NULs kept,
                its end not checked.

        Returns:
            an `IteratorBytesIO`. A CSV result without rows is the text
            ``Records not found for this query``.

        Raises:
            IncompleteBody: (while reading) the download broke off.
        """
        job_id = job_id or self.lookup_job_id(batch_id)
        if raw:
            return access_of(self).v1.open_result(job_id, batch_id, result_id).raw
        # Programs of 2.2.0 pass its old default of 2,048, which would cost a fifth of the speed.
        piece_bytes = max(chunk_size or 0, PIECE_BYTES)
        return IteratorBytesIO(
            access_of(self).v1.stream_result(job_id, batch_id, result_id, piece_bytes)
        )

    # Loads

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def insert(self, object_name: str, records: Rows, **options: Unpack[LoadOptions]) -> LoadResult:
        """Insert rows, and say what became of each.

        Args:
            object_name: the object's API name.
            records: dicts (nested ones are relationships), a CSV file or its path, a frame, an
                Arrow table, or anything with ``__arrow_c_stream__``.
            options: see `LoadOptions`.

        Returns:
            a `LoadResult`: an outcome for every row, in the order of the rows.

        Raises:
            InvalidInput: something is wrong with the rows; nothing was sent.
            ExceededQuota: the org may not process so many batches today; nothing was sent.
            LoadFailed: rows did not succeed; it carries the result.
            AmbiguousUpload: it cannot be found out whether a batch arrived.
            JobStillRunning: ``timeout`` is over; the job goes on.
        """
        return verbs.load(
            org_of(self), "insert", object_name, records, LoadSettings.of("insert", options)
        )

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def update(self, object_name: str, records: Rows, **options: Unpack[LoadOptions]) -> LoadResult:
        """Update rows by their Id; see `insert`."""
        return verbs.load(
            org_of(self), "update", object_name, records, LoadSettings.of("update", options)
        )

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def upsert(
        self,
        object_name: str,
        records: Rows,
        external_id: str,
        **options: Unpack[LoadOptions],
    ) -> LoadResult:
        """Update the rows whose ``external_id`` the org knows, insert the others; see `insert`."""
        settings = LoadSettings.of("upsert", options)
        return verbs.load(org_of(self), "upsert", object_name, records, settings, external_id)

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def delete(self, object_name: str, records: Rows, **options: Unpack[LoadOptions]) -> LoadResult:
        """Move rows to the recycle bin; ``records`` hold Ids only, or are Ids; see `insert`."""
        return verbs.load(
            org_of(self), "delete", object_name, records, LoadSettings.of("delete", options)
        )

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def hard_delete(
        self, object_name: str, records: Rows, **options: Unpack[LoadOptions]
    ) -> LoadResult:
        """Delete rows for good; needs the permission "Bulk API Hard Delete"; see `delete`."""
        return verbs.load(
            org_of(self),
            "hardDelete",
            object_name,
            records,
            LoadSettings.of("hard_delete", options),
        )

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def submit_insert(
        self, object_name: str, records: Rows, **options: Unpack[LoadOptions]
    ) -> LoadJob:
        """`insert` that returns when everything is sent; the handle waits for the outcome."""
        return verbs.submit(
            org_of(self), "insert", object_name, records, LoadSettings.of("submit_insert", options)
        )

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def submit_update(
        self, object_name: str, records: Rows, **options: Unpack[LoadOptions]
    ) -> LoadJob:
        """`update` that returns when everything is sent."""
        return verbs.submit(
            org_of(self), "update", object_name, records, LoadSettings.of("submit_update", options)
        )

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def submit_upsert(
        self,
        object_name: str,
        records: Rows,
        external_id: str,
        **options: Unpack[LoadOptions],
    ) -> LoadJob:
        """`upsert` that returns when everything is sent."""
        settings = LoadSettings.of("submit_upsert", options)
        return verbs.submit(org_of(self), "upsert", object_name, records, settings, external_id)

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def submit_delete(
        self, object_name: str, records: Rows, **options: Unpack[LoadOptions]
    ) -> LoadJob:
        """`delete` that returns when everything is sent."""
        return verbs.submit(
            org_of(self), "delete", object_name, records, LoadSettings.of("submit_delete", options)
        )

    @takes_options(LoadOptions, LOAD_DEFAULTS)
    def submit_hard_delete(
        self, object_name: str, records: Rows, **options: Unpack[LoadOptions]
    ) -> LoadJob:
        """`hard_delete` that returns when everything is sent."""
        settings = LoadSettings.of("submit_hard_delete", options)
        return verbs.submit(org_of(self), "hardDelete", object_name, records, settings)

    # Exports

    @takes_options(ExportOptions, EXPORT_DEFAULTS)
    def export(self, soql: str, **options: Unpack[ExportOptions]) -> Export:
        """What a query gives: whole, typed, or an error that says what is missing.

        Args:
            soql: a query, or an object's name with ``fields=``.
            options: see `ExportOptions`.

        Returns:
            an `Export`. The query is checked, but nothing is asked for before it is read.

        Raises:
            InvalidInput: bulk queries refuse it; the message says what to do instead.
            NotFound: the org has no such object.
        """
        return plan_export(org_of(self), soql, options)

    @takes_options(ExportOptions, EXPORT_DEFAULTS)
    def submit_export(self, soql: str, **options: Unpack[ExportOptions]) -> Export:
        """`export` whose job is made at once."""
        return plan_export(org_of(self), soql, options).submit()

    # The org

    def limits(self) -> Mapping[str, Allowance]:
        """What is allowed in 24 hours and what is left of it, by the vendor's names, such as
        ``DailyBulkApiBatches`` (REST API guide, "Limits"); asked for at each call."""
        return org_of(self).describes.limits()

    def api_usage(self) -> ApiUsage | None:
        """The API calls of the org's last 24 hours, as the newest answer told them; None before
        any did. It asks for nothing: calls of Bulk API 1.0 are not told of (REST API guide,
        "Limit Info Header")."""
        return access_of(self).api_usage

    def describe(self, object_name: str) -> ObjectDescribe:
        """An object and its fields, as the user may see them; asked for once.

        Raises:
            NotFound: the org has no such object.
        """
        return org_of(self).describes.object(object_name)

    def list_jobs(self) -> Iterator[JobInfo]:
        """The jobs of both APIs that the org keeps, load jobs first; ``owner`` is the id of the
        user who made one, ``created`` when. (``jobs`` is an attribute of 2.2.0: the content type
        of each job of this client.)"""
        v2 = org_of(self).v2
        yield from v2.ingest_jobs()
        yield from v2.query_jobs()

    def whoami(self) -> User:
        """Whose session it is ("OpenID Connect userinfo").

        Raises:
            SessionExpired: nobody's any more.
        """
        return access_of(self).user()

    # Jobs and runs of other processes

    def attach(self, job_id: str) -> LoadJob | Export:
        """The handle of what another process submitted.

        Args:
            job_id: a job's, or the ``token`` of a load's handle, which names all its jobs.

        `attach_load` and `attach_export` are the same with the kind known.
        """
        return attach.attach(org_of(self), job_id)

    def attach_load(self, job_id: str) -> LoadJob:
        """The handle of a load's job that another process submitted.

        Raises:
            InvalidInput: this is no job's id, or a query's.
            InvalidJob: the org does not know the job.
        """
        return attach.attach_as(LoadJob, org_of(self), job_id)

    def attach_export(self, job_id: str) -> Export:
        """The export of a query's job that another process submitted.

        Raises:
            InvalidInput: this is no job's id, or a load's.
            InvalidJob: the org does not know the job.
        """
        return attach.attach_as(Export, org_of(self), job_id)

    def resume(
        self,
        journal: str | os.PathLike[str],
        records: Any = None,
        *,
        on_error: Literal["raise", "report"] = "raise",
        timeout: float | None = None,
        parallel: int = 2,
        progress: ProgressOption = None,
    ) -> LoadResult | Export:
        """Finish the run that a journal is of, after a crash or an interruption.

        Args:
            journal: its path.
            records: the same rows, where they did not come from a file.
            on_error, timeout, parallel, progress: as for `insert`.

        Raises:
            JournalMismatch: other rows than the journal's, or it is in use.
        """
        refuse_no_path("journal", journal)
        settings = LoadSettings(
            on_error=on_error, timeout=timeout, parallel=parallel, progress=progress
        )
        return attach.resume(org_of(self), journal, records, settings)

    # What subclasses of 2.2.0 override

    def check_status(self, resp: Response) -> None:
        """Raise the error of an answer whose status is 400 or more."""
        if resp.status_code >= 400:
            message = f"Bulk API HTTP Error result: {answer_text(resp)}"
            if getattr(self.raise_error, "__func__", None) is not SalesforceBulk.raise_error:
                self.raise_error(message, resp.status_code)
            raise classic_error_for(f"[{resp.status_code}] {message}", resp)

    def raise_error(self, message: str, status_code: int | None = None) -> None:
        """Raise a `BulkApiError`, its status in front."""
        if status_code:
            message = f"[{status_code}] {message}"
        raise BulkApiError(message, status_code=status_code)

    def parse_response(self, resp: Response) -> Any:
        """The answer's document: dict, or list of dicts, by the answer's media type."""
        return v1.read_info(media_type_of(resp), content_of(resp))

    def parse_error_result_xml(self, error_xml: Element) -> dict[str, Any]:
        """One ``errors`` element of an XML result as a dict."""
        return v1.read_error(error_xml)


def _version(value: Any) -> str:
    match = _VERSION.fullmatch(str(value).strip())
    if match is None:
        raise InvalidInput(f"{value!r} is not an API version such as '{DEFAULT_API_VERSION}'.")
    version = f"{int(match[1])}.{match[2] or 0}"
    if limits.FIRST_SUPPORTED_VERSION <= float(version) <= limits.LAST_DEPRECATED_VERSION:
        warnings.warn(
            f"Salesforce API version {version} is deprecated from Summer '27 and ends with "
            f"Summer '28; {DEFAULT_API_VERSION} is the default here.",
            FutureWarning,
            stacklevel=3,
        )
    return version


def _reveal(secret: Secret | None) -> Any:
    return None if secret is None else secret.reveal()


def _connections() -> ModuleType:
    # Here, because one of the logins brings a web server.
    return import_module("salesforce_bulk.login.connections")


def _connect(cls: type[_C], connection: Connection, options: ClientOptions) -> _C:
    bulk = cls(login=connection.provider, **{**connection.client_options(), **options})
    if isinstance(connection.provider, PasswordLogin):
        tell_of_retirement(connection.provider.username, bulk.endpoint)
    return bulk


def _password_login(
    *,
    username: str | None,
    password: Secret | None,
    sandbox: bool,
    security_token: Secret | None,
    organization_id: str | None,
    client_id: str | None,
    version: str,
    domain: str | None,
    login_url: str | None,
) -> PasswordLogin:
    name = f"{DEFAULT_CLIENT_ID_PREFIX}/{client_id}" if client_id else DEFAULT_CLIENT_ID_PREFIX
    return PasswordLogin(
        username=username,
        password=password,
        security_token=security_token,
        organization_id=organization_id,
        domain="test" if domain is None and sandbox else domain,
        client_id=name,
        api_version=version,
        login_url=login_url,
        sign_in=_sign_in,
    )


def _sign_in(*args: Any, **kwargs: Any) -> tuple[str, str]:
    # The name is looked up when a login happens: patches of this module's SalesforceLogin count.
    if not _takes(SalesforceLogin, "session"):
        del kwargs["session"]  # 2.2.0 passed none, and stand-ins written for it take none
    return SalesforceLogin(*args, **kwargs)


def _takes(function: Callable[..., Any], keyword: str) -> bool:
    parameters = signature(function).parameters.values()
    return any(
        parameter.name == keyword or parameter.kind is Parameter.VAR_KEYWORD
        for parameter in parameters
    )


def _foreign_content_type(client: SalesforceBulk, job_id: str) -> str:
    content_type = client.job_status(job_id).get("contentType")
    return content_type if content_type in job_to_http_content_type else "CSV"


def _batch_added(client: SalesforceBulk, job_id: str, body: bytes, media_type: str) -> str:
    try:
        info = access_of(client).v1.add_batch(job_id, body, media_type)
    except InvalidJobState as error:
        if bulk_states.ABORTED in (error.error_message or ""):
            raise _abort_error(job_id, error) from error
        raise
    batch_id = _id_of(info, job_id)
    _remember(client.batches, batch_id, job_id)
    return batch_id


def _abort_error(job_id: str, error: BulkApiError) -> BulkJobAborted:
    """The refusal of a batch as the job's abortion, with all that 2.2.0's error told."""
    aborted = BulkJobAborted(job_id)
    aborted.args = (f"{aborted}: {error}",)
    aborted.status_code = error.status_code
    aborted.error_code = error.error_code
    aborted.error_message = error.error_message
    return aborted


def _batch_error(job_id: str, batch_id: str, info: Mapping[str, Any]) -> BulkApiError:
    """Why a batch has no results."""
    state = _state_of(info)
    if state in bulk_states.ERROR_STATES:
        return BulkBatchFailed(job_id, batch_id, info.get("stateMessage"), state)
    return BatchNotComplete(
        f"Batch {batch_id} of job {job_id} is {state} and has no results yet.",
        job_id=job_id,
        batch_id=batch_id,
    )


def _query_object(soql: str) -> str:
    refuse_no_text("The query", soql)
    name = outer_object(soql)
    if name is None:
        raise InvalidInput("The query has no FROM; a job needs its object.")
    return name


def _state_of(info: Mapping[str, Any]) -> str | None:
    state = info.get("state")
    return None if state is None else bulk_states.canonical_batch_state(state)


#: The batches of the days that an org keeps them; it knows no older ones either.
_REMEMBERED = limits.BATCHES_PER_DAY * limits.RETENTION_DAYS


def _remember(known: dict[str, Any], key: str, value: Any, most: int = _REMEMBERED) -> None:
    """Put an entry into one of the public dicts; the oldest tenth goes where it is full."""
    known[key] = value
    if len(known) > most:
        for old in list(known)[: most // 10]:
            known.pop(old, None)


def _id_of(info: Any, job_id: str | None = None) -> str:
    found = info.get("id") if isinstance(info, dict) else None
    if not found:
        raise UnexpectedResponse(
            "The answer to a creation holds no id; a proxy or a login page may stand between.",
            job_id=job_id,
        )
    return str(found)
