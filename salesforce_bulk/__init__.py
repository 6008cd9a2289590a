"""Move data in and out of Salesforce in bulk.

The public names are imported when they are first used: `requests` alone takes longer to import
than ``salesforce-bulk --help`` may take, and the pytest plugin is imported by every run of pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from salesforce_bulk.__version__ import __version__

if TYPE_CHECKING:
    from salesforce_bulk.csv_adapter import CsvDictsAdapter
    from salesforce_bulk.errors import (
        AmbiguousUpload,
        ApiFault,
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
        InvalidUser,
        InvalidVersion,
        JobFailed,
        JobStillRunning,
        JournalMismatch,
        LoadFailed,
        LoginFailed,
        MissingArgument,
        MissingCredentials,
        NotFound,
        ReconciliationError,
        RequestTimeout,
        ResultsExpired,
        ResultsNotReady,
        ServerBusy,
        SessionExpired,
        TooManyLockFailure,
        TransportError,
        UnexpectedResponse,
        UnknownBatch,
        UnsupportedContentType,
    )
    from salesforce_bulk.export.handle import Export
    from salesforce_bulk.formats.values import CLEAR
    from salesforce_bulk.load.job import LoadJob
    from salesforce_bulk.load.results import LoadResult
    from salesforce_bulk.models import RowError, RowResult, UploadResult
    from salesforce_bulk.progress import Progress
    from salesforce_bulk.salesforce_bulk import SalesforceBulk

__all__ = [
    "CLEAR",
    "AmbiguousUpload",
    "ApiFault",
    "BatchNotComplete",
    "BulkApiError",
    "BulkBatchFailed",
    "BulkJobAborted",
    "ClientInputError",
    "ConnectionFailed",
    "CsvDictsAdapter",
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
    "InvalidUser",
    "InvalidVersion",
    "JobFailed",
    "JobStillRunning",
    "JournalMismatch",
    "LoadFailed",
    "LoadJob",
    "LoadResult",
    "LoginFailed",
    "MissingArgument",
    "MissingCredentials",
    "NotFound",
    "Progress",
    "ReconciliationError",
    "RequestTimeout",
    "ResultsExpired",
    "ResultsNotReady",
    "RowError",
    "RowResult",
    "SalesforceBulk",
    "ServerBusy",
    "SessionExpired",
    "TooManyLockFailure",
    "TransportError",
    "UnexpectedResponse",
    "UnknownBatch",
    "UnsupportedContentType",
    "UploadResult",
    "__version__",
    # The modules that 2.2.0 had as attributes after ``import salesforce_bulk``, and that
    # ``from salesforce_bulk import *`` brought.
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
    "load.results",
    "load.job",
    "export.handle",
    "salesforce_bulk",
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
