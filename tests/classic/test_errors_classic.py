"""The exceptions: what programs of 2.2.0 catch, read and pickle."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from typing import Any
from xml.etree import ElementTree

import pytest

import salesforce_bulk
from salesforce_bulk import SalesforceBulk, bulk_states, errors
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.errors import (
    FAULT_TYPES,
    NEXT_STEP,
    AmbiguousUpload,
    ApiFault,
    BatchNotComplete,
    BulkApiError,
    BulkBatchFailed,
    BulkJobAborted,
    ConnectionFailed,
    IncompleteLogin,
    InsecureEndpoint,
    InvalidInput,
    InvalidJobState,
    MissingArgument,
    MissingCredentials,
    RequestTimeout,
    SessionExpired,
    UnknownBatch,
    fault_type,
)

ALL_TYPES = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, BulkApiError)
]
# Raised by loads and exports only.
BY_JOB = {
    errors.LoadFailed,
    errors.JobStillRunning,
    errors.ReconciliationError,
    errors.StorageError,
}


def make(kind: type[BulkApiError]) -> BulkApiError:
    if kind is BulkJobAborted:
        return BulkJobAborted("750x")
    if kind is BulkBatchFailed:
        return BulkBatchFailed("750x", "751x", "InvalidBatch : text", bulk_states.FAILED)
    if kind in BY_JOB:
        return kind("a message", job_id="750x")
    if issubclass(kind, InvalidInput):
        return kind("a message", row=3, column="Name", job_id="750x", batch_id="751x")
    return kind("a message", 400, error_code="C", error_message="m", job_id="750x", batch_id="751x")


class OwnError(BulkApiError):
    """A program's own error, without a __reduce__."""


class OwnErrorWithArguments(BulkApiError):
    def __init__(self, table: str, row: int) -> None:
        super().__init__(f"row {row} of {table}", 418)
        self.table = table
        self.row = row


class OwnBatchFailed(BulkBatchFailed):
    pass


class OwnErrorWithoutSuper(BulkApiError):
    def __init__(self, colour: str) -> None:
        self.colour = colour


# BulkApiError


def test_bulk_api_error_as_2_2_0_made_it() -> None:
    error = BulkApiError("[400] Bulk API HTTP Error result: <error/>", 400)
    assert error.args == ("[400] Bulk API HTTP Error result: <error/>",)
    assert str(error) == error.args[0]
    assert error.status_code == 400
    assert BulkApiError("m", status_code=500).status_code == 500
    assert BulkApiError("m").status_code is None


def test_bulk_api_error_has_the_apis_code_and_text_where_known() -> None:
    error = BulkApiError("m", 400, error_code="InvalidJob", error_message="Unable to find job")
    assert (error.error_code, error.error_message) == ("InvalidJob", "Unable to find job")
    plain = BulkApiError("m")
    assert (plain.error_code, plain.error_message, plain.job_id, plain.batch_id) == (None,) * 4


# BulkJobAborted and BulkBatchFailed


def test_bulk_job_aborted() -> None:
    error = BulkJobAborted("750x")
    assert str(error) == "Job 750x aborted"
    assert error.job_id == "750x"
    assert error.status_code is None


def test_bulk_batch_failed() -> None:
    error = BulkBatchFailed("750x", "751x", "InvalidBatch : Field name not found : X", "Failed")
    assert str(error) == "Batch 751x of job 750x failed: InvalidBatch : Field name not found : X"
    assert (error.job_id, error.batch_id, error.state) == ("750x", "751x", bulk_states.FAILED)
    assert error.state_message == "InvalidBatch : Field name not found : X"
    assert error.status_code is None


def test_bulk_batch_failed_splits_code_and_text_of_the_state_message() -> None:
    error = BulkBatchFailed("j", "b", "InvalidBatch : Field name not found : X")
    assert error.error_code == "InvalidBatch"
    assert error.error_message == "Field name not found : X"
    assert error.state is None


@pytest.mark.parametrize("message", [None, "", "gone"])
def test_bulk_batch_failed_without_a_code(message: str | None) -> None:
    error = BulkBatchFailed("j", "b", message)
    assert error.error_code is None
    assert error.error_message == message
    assert str(error) == f"Batch b of job j failed: {message}"


# Types that took the place of a built-in one


@pytest.mark.parametrize(
    ("ours", "old"),
    [
        (MissingCredentials, RuntimeError),
        (BatchNotComplete, RuntimeError),
        (IncompleteLogin, TypeError),
        (MissingArgument, AssertionError),
        (UnknownBatch, KeyError),
        (InvalidInput, ValueError),
        (InsecureEndpoint, ValueError),
        (ConnectionFailed, ConnectionError),
        (RequestTimeout, TimeoutError),
    ],
)
def test_the_new_types_are_caught_as_the_old_ones(
    ours: type[BulkApiError], old: type[Exception]
) -> None:
    assert issubclass(ours, old)
    assert issubclass(ours, BulkApiError)


def test_an_unknown_batchs_message_is_text_and_not_a_keys_repr() -> None:
    assert str(UnknownBatch("Batch id 'x' is uknown")) == "Batch id 'x' is uknown"


# Pickling and copying


@pytest.mark.parametrize("kind", ALL_TYPES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles_with_its_type_message_and_fields(
    kind: type[BulkApiError], protocol: int
) -> None:
    error = make(kind)
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is kind
    assert again.args == error.args
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize(
    "error",
    [
        OwnError("m", 400, job_id="750x"),
        OwnErrorWithArguments("Account", 7),
        OwnBatchFailed("750x", "751x", "gone", bulk_states.NOT_PROCESSED),
        OwnErrorWithoutSuper("red"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "again", [lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)  # fmt: skip
def test_a_programs_own_subclass_pickles_and_copies_as_itself(
    error: BulkApiError, again: object
) -> None:
    """2.2.0 turned every subclass into a BulkApiError."""
    copied = again(error)  # type: ignore[operator]
    assert type(copied) is type(error)
    assert copied.args == error.args
    assert vars(copied) == vars(error)


# The table of the API's codes


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidSessionId", SessionExpired),
        ("INVALID_SESSION_ID", SessionExpired),
        ("InvalidJobState", InvalidJobState),
        ("INVALIDJOBSTATE", InvalidJobState),
        ("ExceededQuota", errors.ExceededQuota),
        ("REQUEST_LIMIT_EXCEEDED", errors.ExceededQuota),
        ("FeatureNotEnabled", errors.FeatureNotEnabled),
        ("FUNCTIONALITY_NOT_ENABLED", errors.FeatureNotEnabled),
        ("API_DISABLED_FOR_ORG", errors.FeatureNotEnabled),
        ("TooManyLockFailure", errors.TooManyLockFailure),
        ("InvalidEntity", errors.InvalidEntity),
        ("SomethingNewOfSalesforce", ApiFault),
    ],
)
def test_a_code_of_either_api_finds_its_type(code: str, kind: type[ApiFault]) -> None:
    assert fault_type(code) is kind


def test_every_type_with_a_next_step_can_be_raised() -> None:
    assert set(NEXT_STEP) <= set(FAULT_TYPES.values())


def test_every_error_on_top_of_the_package_is_the_one_of_its_module() -> None:
    for name in set(salesforce_bulk.__all__) & set(vars(errors)):
        assert getattr(salesforce_bulk, name) is getattr(errors, name)


def test_an_ambiguous_upload_may_have_arrived() -> None:
    assert AmbiguousUpload("m").may_have_arrived


# The text of 2.2.0


@pytest.mark.parametrize(
    ("call", "document"),
    [
        (lambda bulk: bulk.job_status("750000000000001AAA"), "xml"),
        (lambda bulk: bulk.create_query_job("NoSuchThing__c"), "xml"),
        (lambda bulk: bulk.post_batch(closed(bulk, "CSV"), b"Name\nx\n"), "xml"),
        (lambda bulk: bulk.post_batch(closed(bulk, "JSON"), b"[]"), "json"),
    ],
)
def test_behind_result_stands_the_answer_and_nothing_else(
    call: Any, document: str, bulk: SalesforceBulk
) -> None:
    with pytest.raises(ApiFault) as caught:
        call(bulk)
    front, _, answer = str(caught.value).partition("result: ")
    assert front == f"[{caught.value.status_code}] Bulk API HTTP Error "
    if document == "json":
        assert json.loads(answer)["exceptionCode"] == caught.value.error_code
    else:
        codes = [e.text for e in ElementTree.fromstring(answer) if e.tag.endswith("Code")]
        assert codes == [caught.value.error_code]
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.__notes__ == caught.value.__notes__


def closed(bulk: SalesforceBulk, content_type: str) -> str:
    job = bulk.create_insert_job("Account", contentType=content_type)
    bulk.close_job(job)
    return job


def test_what_happened_where_and_what_next_stand_in_notes(bulk: SalesforceBulk) -> None:
    job = closed(bulk, "CSV")
    with pytest.raises(InvalidJobState) as caught:
        bulk.post_batch(job, b"Name\nx\n")
    assert caught.value.__notes__ == [
        f"InvalidJobState: {caught.value.error_message}. Look at the job's state; a closed or "
        "aborted job takes no batches.",
        f"(job {job})",
    ]


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_no_message_of_a_verb_holds_a_raw_answer(api: Any, org: SalesforceEmulator) -> None:
    bulk = org.connect()
    bulk.sessionId = "00D!wrong"
    plain = SalesforceBulk(sessionId="00D!wrong", host=org.url)
    for call in (
        lambda: plain.insert("Account", [{"Name": "x"}], api=api),
        lambda: list(plain.export("SELECT Id FROM Account", api=api)),
        lambda: plain.attach("750000000000001AAA"),
    ):
        with pytest.raises(SessionExpired) as caught:
            call()
        assert "result:" not in str(caught.value)
        assert not {"<", "{"} & set(str(caught.value))
        assert str(caught.value).startswith(f"{caught.value.error_code}: ")
