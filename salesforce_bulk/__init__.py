"""Move data in and out of Salesforce in bulk.

The public names are imported when they are first used: `requests` alone takes longer to import
than ``salesforce-bulk --help`` may take, and the pytest plugin is imported by every run of pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from salesforce_bulk.__version__ import __version__

if TYPE_CHECKING:
    from salesforce_bulk.csv_adapter import CsvDictsAdapter
    from salesforce_bulk.database.state import DatabaseState
    from salesforce_bulk.errors import (
        AmbiguousUpload,
        ApiAccessDisabled,
        ApiFault,
        AppNotApproved,
        AssertionRefused,
        BatchNotComplete,
        BulkApiError,
        BulkBatchFailed,
        BulkJobAborted,
        ClientInputError,
        ConnectionFailed,
        ExceededQuota,
        FeatureNotEnabled,
        IncompleteBody,
        IncompleteLogin,
        InsecureEndpoint,
        InvalidBatch,
        InvalidEntity,
        InvalidInput,
        InvalidJob,
        InvalidJobState,
        InvalidQuery,
        InvalidUser,
        InvalidVersion,
        JobFailed,
        JobStillRunning,
        JournalMismatch,
        LoadFailed,
        LoginFailed,
        LoginMethodDisabled,
        LoginRestricted,
        MissingArgument,
        MissingCredentials,
        NotFound,
        ReconciliationError,
        RefreshTokenExpired,
        RequestTimeout,
        ReserveReached,
        ResultsExpired,
        ResultsNotReady,
        ServerBusy,
        SessionExpired,
        StorageError,
        TooManyLockFailure,
        TransportError,
        UnexpectedResponse,
        UnknownBatch,
        UnknownConnection,
        UnknownOption,
        UnsupportedContentType,
        WrongCredentials,
    )
    from salesforce_bulk.export.handle import Export, Part
    from salesforce_bulk.formats.values import CLEAR
    from salesforce_bulk.load.job import LoadJob
    from salesforce_bulk.load.results import LoadResult
    from salesforce_bulk.login.browser import BrowserLogin
    from salesforce_bulk.login.client_credentials import ClientCredentialsLogin
    from salesforce_bulk.login.device import DeviceLogin
    from salesforce_bulk.login.given import SessionLogin, TokenLogin
    from salesforce_bulk.login.jwt_bearer import JwtLogin
    from salesforce_bulk.login.password import PasswordLogin
    from salesforce_bulk.login.provider import LoginProvider, Session
    from salesforce_bulk.login.refresh_token import RefreshTokenLogin
    from salesforce_bulk.login.sf_cli import SfCliLogin
    from salesforce_bulk.models import ApiUsage, JobInfo, RowError, RowResult, UploadResult, User
    from salesforce_bulk.progress import Progress
    from salesforce_bulk.salesforce_bulk import SalesforceBulk
    from salesforce_bulk.secret import Secret

__all__ = [
    "CLEAR",
    "AmbiguousUpload",
    "ApiAccessDisabled",
    "ApiFault",
    "ApiUsage",
    "AppNotApproved",
    "AssertionRefused",
    "BatchNotComplete",
    "BrowserLogin",
    "BulkApiError",
    "BulkBatchFailed",
    "BulkJobAborted",
    "ClientCredentialsLogin",
    "ClientInputError",
    "ConnectionFailed",
    "CsvDictsAdapter",
    "DatabaseState",
    "DeviceLogin",
    "ExceededQuota",
    "Export",
    "FeatureNotEnabled",
    "IncompleteBody",
    "IncompleteLogin",
    "InsecureEndpoint",
    "InvalidBatch",
    "InvalidEntity",
    "InvalidInput",
    "InvalidJob",
    "InvalidJobState",
    "InvalidQuery",
    "InvalidUser",
    "InvalidVersion",
    "JobFailed",
    "JobInfo",
    "JobStillRunning",
    "JournalMismatch",
    "JwtLogin",
    "LoadFailed",
    "LoadJob",
    "LoadResult",
    "LoginFailed",
    "LoginMethodDisabled",
    "LoginProvider",
    "LoginRestricted",
    "MissingArgument",
    "MissingCredentials",
    "NotFound",
    "Part",
    "PasswordLogin",
    "Progress",
    "ReconciliationError",
    "RefreshTokenExpired",
    "RefreshTokenLogin",
    "RequestTimeout",
    "ReserveReached",
    "ResultsExpired",
    "ResultsNotReady",
    "RowError",
    "RowResult",
    "SalesforceBulk",
    "Secret",
    "ServerBusy",
    "Session",
    "SessionExpired",
    "SessionLogin",
    "SfCliLogin",
    "StorageError",
    "TokenLogin",
    "TooManyLockFailure",
    "TransportError",
    "UnexpectedResponse",
    "UnknownBatch",
    "UnknownConnection",
    "UnknownOption",
    "UnsupportedContentType",
    "UploadResult",
    "User",
    "WrongCredentials",
    "__version__",
    "bulk_states",
    "csv_adapter",
    "salesforce_bulk",
    "util",
]

#: Where the public names are, those that import least first.
_HOMES = (
    "errors",
    "models",
    "progress",
    "formats.values",
    "csv_adapter",
    "database.state",
    "secret",
    # The client, before the logins: those by a browser bring a web server.
    "salesforce_bulk",
    "login.provider",
    "login.given",
    "login.client_credentials",
    "login.browser",
    "login.device",
    "login.jwt_bearer",
    "login.refresh_token",
    "login.sf_cli",
    "login.password",
    "load.results",
    "load.job",
    "export.handle",
)
_MODULES = ("bulk_states", "csv_adapter", "errors", "salesforce_bulk", "util")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"{__name__}.{home}")
            if hasattr(module, name):
                found = globals()[name] = getattr(module, name)
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
