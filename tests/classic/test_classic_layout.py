"""Where programs of 2.2.0 find things, and in which order they pass arguments."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import time
from typing import Any

import pytest
import requests
import simple_salesforce
import unicodecsv

import salesforce_bulk
import salesforce_bulk.salesforce_bulk as module
from salesforce_bulk import CsvDictsAdapter, SalesforceBulk, bulk_states
from salesforce_bulk.util import IteratorBytesIO

# Places


@pytest.mark.parametrize(
    "name", ["SalesforceBulk", "BulkApiError", "UploadResult", "CsvDictsAdapter", "__version__"]
)
def test_the_names_on_top_of_the_package(name: str) -> None:
    assert hasattr(salesforce_bulk, name)


@pytest.mark.parametrize("name", ["BulkJobAborted", "BulkBatchFailed"])
def test_the_two_exceptions_of_the_module_are_on_top_as_well(name: str) -> None:
    assert getattr(salesforce_bulk, name) is getattr(module, name)


def test_submodules_are_attributes_after_importing_the_package_alone() -> None:
    """In a process of its own: other tests import the submodules."""
    program = (
        "import salesforce_bulk\n"
        "for name in ('salesforce_bulk', 'csv_adapter', 'util', 'bulk_states'):\n"
        "    assert type(getattr(salesforce_bulk, name)).__name__ == 'module', name\n"
        "assert isinstance(salesforce_bulk.__version__, str)\n"
        "assert 'simple_salesforce' not in __import__('sys').modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_star_import_brings_what_it_brought() -> None:
    program = (
        "from salesforce_bulk import *\n"
        "assert bulk_states.FAILED, util.IteratorBytesIO\n"
        "assert csv_adapter.CsvDictsAdapter is CsvDictsAdapter\n"
        "assert salesforce_bulk.SalesforceBulk is SalesforceBulk, BulkApiError\n"
        "assert UploadResult\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_folders_of_the_package_hide_no_public_name() -> None:
    """`load`, `export` and the like are modules once they are imported; verbs are methods.
    `spark` alone needs what is not installed everywhere."""
    program = (
        "import salesforce_bulk, importlib, pkgutil, types\n"
        "folders = {m.name for m in pkgutil.iter_modules(salesforce_bulk.__path__)}\n"
        "for name in sorted(folders - {'__main__', 'spark'}):\n"
        "    importlib.import_module(f'salesforce_bulk.{name}')\n"
        "old = {'bulk_states', 'csv_adapter', 'salesforce_bulk', 'util'}\n"
        "for name in set(salesforce_bulk.__all__) - old:\n"
        "    assert name == '__version__' or name not in folders, name\n"
        "    assert not isinstance(getattr(salesforce_bulk, name), types.ModuleType), name\n"
        "    assert not isinstance(getattr(salesforce_bulk.SalesforceBulk, name, None),"
        " types.ModuleType)\n"
        "for name in old:\n"
        "    assert isinstance(getattr(salesforce_bulk, name), types.ModuleType), name\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("salesforce_bulk.salesforce_bulk", "SalesforceBulk"),
        ("salesforce_bulk.salesforce_bulk", "BulkApiError"),
        ("salesforce_bulk.salesforce_bulk", "BulkJobAborted"),
        ("salesforce_bulk.salesforce_bulk", "BulkBatchFailed"),
        ("salesforce_bulk.salesforce_bulk", "UploadResult"),
        ("salesforce_bulk.csv_adapter", "CsvDictsAdapter"),
        ("salesforce_bulk.util", "IteratorBytesIO"),
        ("salesforce_bulk.bulk_states", "ERROR_STATES"),
        ("salesforce_bulk.__version__", "__version__"),
    ],
)
def test_import_paths_in_real_use(path: str, name: str) -> None:
    assert hasattr(importlib.import_module(path), name)


def test_the_module_has_the_names_that_tests_elsewhere_patch() -> None:
    assert module.requests is requests
    assert module.time is time
    assert module.bulk_states is bulk_states
    assert callable(module.SalesforceLogin)


def test_packages_that_callers_import_because_2_2_0_brought_them_are_there() -> None:
    assert unicodecsv.DictReader
    assert simple_salesforce.SalesforceLogin


# Constants


def test_the_default_version_is_the_newest_that_has_a_soap_login() -> None:
    assert module.DEFAULT_API_VERSION == "64.0"


def test_the_client_id_prefix() -> None:
    assert module.DEFAULT_CLIENT_ID_PREFIX == "PySFBulk"


def test_the_media_types_of_a_jobs_batches() -> None:
    assert module.job_to_http_content_type == {
        "CSV": "text/csv",
        "XML": "application/xml",
        "JSON": "application/json",
        "ZIP_CSV": "zip/csv",
        "ZIP_XML": "zip/xml",
        "ZIP_JSON": "zip/json",
    }


def test_nsclean_takes_the_namespace_off_greedily() -> None:
    assert module.nsclean.pattern == "{.*}"
    assert module.nsclean.sub("", "{http://a}b}id") == "id"


def test_the_states() -> None:
    assert bulk_states.ABORTED == "Aborted"
    assert bulk_states.FAILED == "Failed"
    assert bulk_states.NOT_PROCESSED == "NotProcessed"
    assert bulk_states.COMPLETED == "Completed"
    assert bulk_states.ERROR_STATES == ("Aborted", "Failed", "NotProcessed")
    assert isinstance(bulk_states.ERROR_STATES, tuple)
    assert (bulk_states.QUEUED, bulk_states.IN_PROGRESS) == ("Queued", "InProgress")


# Signatures: positional names in their order, with their defaults

REQUIRED = inspect.Parameter.empty
SIGNATURES: dict[str, list[tuple[str, Any]]] = {
    "__init__": [
        ("sessionId", None),
        ("host", None),
        ("username", None),
        ("password", None),
        ("API_version", "64.0"),
        ("sandbox", False),
        ("security_token", None),
        ("organizationId", None),
        ("client_id", None),
        ("domain", None),
    ],
    "login_to_salesforce": [
        ("username", REQUIRED),
        ("password", REQUIRED),
        ("sandbox", False),
        ("security_token", None),
        ("organizationId", None),
        ("client_id", None),
        ("API_version", "64.0"),
        ("domain", None),
    ],
    "create_query_job": [("object_name", REQUIRED)],
    "create_queryall_job": [("object_name", REQUIRED)],
    "create_insert_job": [("object_name", REQUIRED)],
    "create_update_job": [("object_name", REQUIRED)],
    "create_delete_job": [("object_name", REQUIRED)],
    "create_upsert_job": [("object_name", REQUIRED), ("external_id_name", REQUIRED)],
    "create_job": [
        ("object_name", None),
        ("operation", None),
        ("contentType", "CSV"),
        ("concurrency", None),
        ("external_id_name", None),
        ("pk_chunking", False),
    ],
    "create_job_doc": [
        ("object_name", None),
        ("operation", None),
        ("contentType", "CSV"),
        ("concurrency", None),
        ("external_id_name", None),
    ],
    "create_close_job_doc": [],
    "create_abort_job_doc": [],
    "close_job": [("job_id", REQUIRED)],
    "abort_job": [("job_id", REQUIRED)],
    "query": [("job_id", REQUIRED), ("soql", REQUIRED), ("contentType", "CSV")],
    "post_batch": [("job_id", REQUIRED), ("data_generator", REQUIRED)],
    "post_mapping_file": [("job_id", REQUIRED), ("mapping_data", REQUIRED)],
    "lookup_job_id": [("batch_id", REQUIRED)],
    "job_status": [("job_id", None)],
    "job_state": [("job_id", REQUIRED)],
    "get_batch_list": [("job_id", REQUIRED)],
    "get_query_batch_request": [("batch_id", REQUIRED), ("job_id", None)],
    "batch_status": [("batch_id", None), ("job_id", None), ("reload", False)],
    "batch_state": [("batch_id", REQUIRED), ("job_id", None), ("reload", False)],
    "is_batch_done": [("batch_id", REQUIRED), ("job_id", None)],
    "wait_for_batch": [
        ("job_id", REQUIRED),
        ("batch_id", REQUIRED),
        ("timeout", 600),
        ("sleep_interval", 10),
    ],
    "get_query_batch_result_ids": [("batch_id", REQUIRED), ("job_id", None)],
    "get_batch_results": [("batch_id", REQUIRED), ("job_id", None)],
    "parse_response": [("resp", REQUIRED)],
    "parse_error_result_xml": [("error_xml", REQUIRED)],
    "check_status": [("resp", REQUIRED)],
    "raise_error": [("message", REQUIRED), ("status_code", None)],
}


def positional(function: Any) -> list[tuple[str, Any]]:
    return [
        (name, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD and name != "self"
    ]


@pytest.mark.parametrize("name", SIGNATURES)
def test_positional_arguments_come_in_2_2_0s_order_with_its_defaults(name: str) -> None:
    ours = positional(getattr(SalesforceBulk, name))
    assert ours[: len(SIGNATURES[name])] == SIGNATURES[name]


def test_what_came_after_the_constructors_ten_is_keyword_only() -> None:
    assert len(positional(SalesforceBulk.__init__)) == 10
    assert len(positional(SalesforceBulk.login_to_salesforce)) == 8


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("get_all_results_for_query_batch", ["batch_id", "job_id", "chunk_size"]),
        ("get_query_batch_results", ["batch_id", "result_id", "job_id", "chunk_size", "raw"]),
        ("headers", ["values", "content_type"]),
    ],
)
def test_where_a_default_was_mended_the_order_is_the_same(name: str, names: list[str]) -> None:
    """A chunk of 2,048 bytes cost eight times the time; a dict as default is shared."""
    assert [argument for argument, _ in positional(getattr(SalesforceBulk, name))] == names


def test_the_headers_content_type_is_xml_by_default() -> None:
    assert dict(positional(SalesforceBulk.headers))["content_type"] == "application/xml"


def test_login_to_salesforce_is_static() -> None:
    assert isinstance(inspect.getattr_static(SalesforceBulk, "login_to_salesforce"), staticmethod)


def test_the_helpers_take_their_one_argument_by_position() -> None:
    assert positional(CsvDictsAdapter.__init__) == [("source_generator", REQUIRED)]
    assert positional(IteratorBytesIO.__init__) == [("iterator", REQUIRED)]
