"""Everything this library raises.

::

    BulkApiError                        catch this one for anything below
    ├── BulkJobAborted                  the job was aborted
    ├── BulkBatchFailed                 the batch ended Failed, NotProcessed or Aborted
    ├── UnknownBatch          KeyError  no job is known for this batch id
    ├── BatchNotComplete  RuntimeError  results were asked for too early
    │   └── ResultsNotReady             the same, of a 2.0 job
    ├── LoadFailed                      rows of a load did not succeed; carries the result
    ├── JobFailed                       the job failed as a whole
    ├── JobStillRunning    TimeoutError the time to wait was up; the job was left alone
    ├── ResultsExpired                  the org keeps results for seven days only
    ├── ReconciliationError             rows given and rows accounted for differ
    ├── InvalidInput        ValueError  refused here, before anything was sent
    │   ├── MissingArgument AssertionError
    │   ├── UnknownConnection           no connection of this name
    │   ├── UnknownOption      TypeError
    │   ├── InsecureEndpoint            plain http to another machine
    │   └── JournalMismatch             the journal is of another run, or in use
    ├── StorageError           OSError  a file of this machine cannot be written
    ├── MissingCredentials RuntimeError neither a session nor a user name
    ├── IncompleteLogin      TypeError  a login that lacks a part
    ├── LoginFailed                     the org refused the login
    │   ├── WrongCredentials            user, password, token, key or secret
    │   ├── LoginMethodDisabled         the org does not allow this way to log in
    │   ├── LoginRestricted             not from this address, not now, or locked
    │   ├── ApiAccessDisabled           the user or the org has no API
    │   ├── AppNotApproved              the app is not allowed for the user
    │   ├── AssertionRefused            a JWT's audience, time or signature
    │   └── RefreshTokenExpired         a refresh token that is no longer good
    ├── TransportError                  no answer, or half of one
    │   ├── ConnectionFailed  ConnectionError
    │   ├── RequestTimeout    TimeoutError
    │   ├── IncompleteBody              the answer broke off or was damaged
    │   ├── UnexpectedResponse          an answer that is not the API's
    │   └── AmbiguousUpload             the batch may or may not have arrived
    └── ApiFault                        the API's own error, keyed by exceptionCode
        ├── SessionExpired  ├── InvalidJob        ├── InvalidJobState
        ├── InvalidBatch    ├── InvalidEntity     ├── InvalidUser
        ├── InvalidVersion  ├── ClientInputError  ├── UnsupportedContentType
        ├── ExceededQuota   ├── FeatureNotEnabled ├── TooManyLockFailure
        │   └── ReserveReached                    what is to be left of it is reached
        ├── ServerBusy      ├── NotFound          └── InvalidQuery

Each carries ``status_code``, ``error_code``, ``error_message``, ``job_id`` and
``batch_id`` (None where unknown), and survives pickling with all of them, in
subclasses of yours as well. Classes that took the place of a built-in exception of
2.2.0 still inherit it.
"""

from __future__ import annotations

from typing import Any


def _restore(cls: type[BulkApiError], args: tuple[Any, ...], state: dict[str, Any]) -> BulkApiError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class BulkApiError(Exception):
    """Base of all errors of this library.

    Args:
        message: what happened, to which job and batch, and what to do next.
        status_code: the HTTP status, where an answer caused the error.
        error_code: the API's own code, such as ``InvalidJobState``.
        error_message: the API's own text.
        job_id: 18-character id of the job, where known.
        batch_id: 18-character id of the batch, where known.
    """

    def __init__(
        self,
        message: str,
        status_code: int | None = None,
        *,
        error_code: str | None = None,
        error_message: str | None = None,
        job_id: str | None = None,
        batch_id: str | None = None,
    ) -> None:
        # Not super(): where a class inherits another library's error too, that would be next.
        Exception.__init__(self, message)
        self.status_code = status_code
        self.error_code = error_code
        self.error_message = error_message
        self.job_id = job_id
        self.batch_id = batch_id

    def __str__(self) -> str:
        # KeyError, which UnknownBatch inherits, would print the repr.
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__.copy())


class BulkJobAborted(BulkApiError):
    """The job was aborted; rows already processed stay in the org."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"Job {job_id} aborted", job_id=job_id)


class BulkBatchFailed(BulkApiError):
    """The batch ended without completing.

    ``state`` is ``bulk_states.FAILED``, ``NOT_PROCESSED`` or ``ABORTED``. With PK
    chunking the batch that was posted always ends ``NotProcessed``; its rows are in the
    other batches of the job. A ``Failed`` batch may still have written rows.
    """

    def __init__(
        self,
        job_id: str | None,
        batch_id: str,
        state_message: str | None,
        state: str | None = None,
    ) -> None:
        code, separator, text = (state_message or "").partition(" : ")
        super().__init__(
            f"Batch {batch_id} of job {job_id} failed: {state_message}",
            error_code=code if separator else None,
            error_message=text if separator else state_message,
            job_id=job_id,
            batch_id=batch_id,
        )
        self.state_message = state_message
        self.state = state


class UnknownBatch(BulkApiError, KeyError):
    """The job of this batch id is not known to this client."""


class BatchNotComplete(BulkApiError, RuntimeError):
    """Results were asked for before the batch was complete."""


class ResultsNotReady(BatchNotComplete):
    """Results of a 2.0 job were asked for before it was complete."""


class LoadFailed(BulkApiError):
    """Some rows of a load did not succeed.

    ``result`` is the `LoadResult`, with an outcome for every row. It holds files and threads'
    work and does not travel: after pickling it is None, while the message stays.
    """

    def __init__(self, message: str, result: Any = None, *, job_id: str | None = None) -> None:
        super().__init__(message, job_id=job_id)
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, {**self.__dict__, "result": None})


class JobFailed(BulkApiError):
    """The job failed as a whole; ``error_message`` is the server's reason."""


class JobStillRunning(BulkApiError, TimeoutError):
    """The time to wait was up. The job was left alone and goes on.

    ``handle`` waits for it again; after pickling it is None, and `SalesforceBulk.attach` takes
    up ``job_id``.
    """

    def __init__(self, message: str, handle: Any = None, *, job_id: str | None = None) -> None:
        super().__init__(message, job_id=job_id)
        self.handle = handle

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, {**self.__dict__, "handle": None})


class ResultsExpired(BulkApiError):
    """The results are gone: the org keeps them for seven days. This says nothing of the rows."""


class ReconciliationError(BulkApiError):
    """Rows given and rows accounted for differ.

    ``expected`` and ``got`` are counts of rows, ``evidence`` is where each of them comes from.
    """

    def __init__(
        self,
        message: str,
        *,
        expected: int | None = None,
        got: int | None = None,
        evidence: Any = None,
        job_id: str | None = None,
        batch_id: str | None = None,
    ) -> None:
        super().__init__(message, job_id=job_id, batch_id=batch_id)
        self.expected = expected
        self.got = got
        self.evidence = evidence


class InvalidInput(BulkApiError, ValueError):
    """Refused here; nothing was sent.

    ``row`` counts from 1, header excluded; ``column`` is the column's name; both are
    None where the input has neither.
    """

    def __init__(
        self,
        message: str,
        *,
        row: int | None = None,
        column: str | None = None,
        job_id: str | None = None,
        batch_id: str | None = None,
    ) -> None:
        super().__init__(message, job_id=job_id, batch_id=batch_id)
        self.row = row
        self.column = column


class MissingArgument(InvalidInput, AssertionError):
    """A required argument is None."""


class UnknownConnection(InvalidInput):
    """No connection of this name is known; the message lists those that are."""


class UnknownOption(InvalidInput, TypeError):
    """A verb has no option of this name."""


class InsecureEndpoint(InvalidInput):
    """Plain http to a machine other than this one would show the session to the network."""


class JournalMismatch(InvalidInput):
    """The journal belongs to other rows or another load, is damaged, or is in use."""


class StorageError(BulkApiError, OSError):
    """A file of this machine cannot be written: a full disk, a folder that is missing.

    What was sent or made in the org before stays there; the message says how to go on.

    Attributes:
        errno: the system's number; None where it gave none.
    """

    errno: int | None = None

    def __init__(self, message: str, errno: int | None = None, *, job_id: str | None = None):
        super().__init__(message, job_id=job_id)
        self.errno = errno


class MissingCredentials(BulkApiError, RuntimeError):
    """Neither a session id nor a user name was given."""


class IncompleteLogin(BulkApiError, TypeError):
    """The login lacks a part: a password, a token, an organization id or a host."""


class LoginFailed(BulkApiError):
    """The org refused the login. ``error_code`` is its code, e.g. ``INVALID_LOGIN``."""


class WrongCredentials(LoginFailed):
    """User name, password, token, key or secret are wrong, or expired."""


class LoginMethodDisabled(LoginFailed):
    """The org, or its kind, does not let anybody log in this way."""


class LoginRestricted(LoginFailed):
    """The user may not log in from this address, at this time, or so often; or is locked."""


class ApiAccessDisabled(LoginFailed):
    """The user lacks a permission for the API, or the org has none."""


class AppNotApproved(LoginFailed):
    """The connected app is not allowed for the user, or not set up for this flow."""


class AssertionRefused(LoginFailed):
    """A JWT was refused for its audience, its time or its signature."""


class RefreshTokenExpired(LoginFailed):
    """The refresh token was revoked, has expired, or was used up by a rotation."""


class TransportError(BulkApiError):
    """No usable answer came. The exception of ``requests`` is the ``__cause__``.

    ``may_have_arrived`` is False only where the request certainly never reached the
    server, so that repeating it cannot do anything twice.
    """

    may_have_arrived = True


class ConnectionFailed(TransportError, ConnectionError):
    """The connection could not be made, or broke."""


class RequestTimeout(TransportError, TimeoutError):
    """The server did not connect or answer in time."""


class IncompleteBody(TransportError):
    """The answer broke off before its end, or is damaged."""


class UnexpectedResponse(TransportError):
    """An answer that is not the API's: a proxy's error page, a login page, a redirect."""


class AmbiguousUpload(TransportError):
    """The answer to an upload was lost: the batch may or may not exist in the job."""


class ApiFault(BulkApiError):
    """The API's own error. ``error_code`` is its exceptionCode."""


class SessionExpired(ApiFault):
    """The session is invalid or has expired."""


class InvalidJob(ApiFault):
    """Unknown job id, or a job definition the server cannot use."""


class InvalidJobState(ApiFault):
    """The job's state does not allow this."""


class InvalidBatch(ApiFault):
    """Unknown batch id, or a batch without results."""


class InvalidEntity(ApiFault):
    """The object does not exist or is not supported by the Bulk API."""


class InvalidQuery(ApiFault):
    """The org cannot read the SOQL, or knows no such field."""


class InvalidUser(ApiFault):
    """No permission, or the job belongs to another user."""


class InvalidVersion(ApiFault):
    """The API version is malformed, unknown or retired."""


class ClientInputError(ApiFault):
    """The server could not use what was sent, e.g. an empty or oversized batch."""


class UnsupportedContentType(ApiFault):
    """The content type does not fit the job."""


class ExceededQuota(ApiFault):
    """The org's daily allocation is used up."""


class ReserveReached(ExceededQuota):
    """More would use up what the client was told to leave of the day's allocation
    (``min_api_calls=``, ``min_batches=``); the org was not asked."""


class FeatureNotEnabled(ApiFault):
    """The org or the user lacks a feature or permission, e.g. hardDelete."""


class TooManyLockFailure(ApiFault):
    """Too many row locks; group children of one parent into one batch, or use Serial."""


class ServerBusy(ApiFault):
    """The server or a machine before it cannot answer now; try again later."""


class NotFound(ApiFault):
    """The REST layer knows nothing at this address, e.g. a job that was deleted or expired."""


# Where users import them from, and what a traceback shows.
for _error in list(vars().values()):
    if isinstance(_error, type) and issubclass(_error, BulkApiError):
        _error.__module__ = "salesforce_bulk"

#: exceptionCode (1.0) and errorCode (2.0, REST), compared without case and underscores.
FAULT_TYPES: dict[str, type[ApiFault]] = {
    "invalidsessionid": SessionExpired,
    "invalidjob": InvalidJob,
    "invalidjobstate": InvalidJobState,
    "invalidbatch": InvalidBatch,
    "invalidentity": InvalidEntity,
    "invalidtype": InvalidEntity,
    "malformedquery": InvalidQuery,
    "invalidfield": InvalidQuery,
    "invalidqueryfilteroperator": InvalidQuery,
    "invaliduser": InvalidUser,
    "insufficientaccess": InvalidUser,
    "invalidversion": InvalidVersion,
    "unsupportedapiversion": InvalidVersion,
    "clientinputerror": ClientInputError,
    "unsupportedcontenttype": UnsupportedContentType,
    "exceededquota": ExceededQuota,
    "limitexceeded": ExceededQuota,
    "requestlimitexceeded": ExceededQuota,
    "featurenotenabled": FeatureNotEnabled,
    "functionalitynotenabled": FeatureNotEnabled,
    "apidisabledfororg": FeatureNotEnabled,
    "toomanylockfailure": TooManyLockFailure,
    "notfound": NotFound,
    "serverunavailable": ServerBusy,
    "internalservererror": ServerBusy,
    "timeout": ServerBusy,
}

#: What to do next, by the type that is raised.
NEXT_STEP: dict[type[ApiFault], str] = {
    SessionExpired: "Log in again and give the client the new session; with login= it renews it "
    "by itself (ClientCredentialsLogin, JwtLogin, RefreshTokenLogin, SfCliLogin; docs/logins.md).",
    InvalidJobState: "Look at the job's state; a closed or aborted job takes no batches.",
    InvalidEntity: "Check the object's API name and that the Bulk API supports it.",
    InvalidQuery: "Correct the query; `salesforce-bulk describe OBJECT` lists the fields.",
    InvalidUser: "Use the user who created the job, or check the permissions.",
    InvalidVersion: "Choose a supported API version.",
    ExceededQuota: "Wait until the 24-hour allocation is free again (GET /limits shows it).",
    FeatureNotEnabled: "Ask an administrator to enable it for this user.",
    TooManyLockFailure: "Group the children of one parent into one batch, or use Serial.",
    ServerBusy: "Try again later.",
}


def fault_type(code: str, message: str | None = None) -> type[ApiFault]:
    """The class for an exceptionCode or errorCode; ``ApiFault`` for an unknown one.

    The code of the limit of a day is also that of the calls at one time, which passes within
    seconds; the message tells them apart.
    """
    kind = FAULT_TYPES.get(code.replace("_", "").lower(), ApiFault)
    if kind is ExceededQuota and "concurrent" in (message or "").lower():
        return ServerBusy
    return kind
