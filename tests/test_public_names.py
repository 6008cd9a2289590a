"""Public names say where users find them, in tracebacks, `repr`, pickles and type hints."""

from __future__ import annotations

import pickle
import subprocess
import sys
import traceback
import typing
from typing import Any

import pytest

import salesforce_bulk
from salesforce_bulk import BulkApiError, InvalidInput, RowError, RowResult, UploadResult
from salesforce_bulk.progress import Progress

CLASSES = [
    name for name in salesforce_bulk.__all__ if isinstance(getattr(salesforce_bulk, name), type)
]


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_has_the_path_by_which_it_is_imported(name: str) -> None:
    found = getattr(salesforce_bulk, name)
    assert (found.__module__, found.__qualname__) == ("salesforce_bulk", name)
    assert repr(found) == f"<class 'salesforce_bulk.{name}'>"


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_pickles_by_that_path(name: str) -> None:
    found = getattr(salesforce_bulk, name)
    assert pickle.loads(pickle.dumps(found)) is found


@pytest.mark.parametrize("found", [UploadResult, RowError, RowResult, Progress])
def test_the_hints_of_what_calls_return_can_be_read(found: type) -> None:
    """pydantic and the like look their names up where the class says that it is."""
    assert set(typing.get_type_hints(found)) >= set(found.__match_args__[:1])


def test_a_traceback_shows_the_public_path() -> None:
    lines = traceback.format_exception_only(InvalidInput("refused"))
    assert lines == ["salesforce_bulk.InvalidInput: refused\n"]


@pytest.mark.parametrize(
    "value",
    [
        UploadResult("1", "true", "true", ""),
        RowError("C", "text", ("F",)),
        RowResult(1, {"Name": "x"}, "success", "001", True, None),
        Progress("reading", 1),
        BulkApiError("text", 400),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_pickle_is_read_by_a_process_that_has_imported_nothing(value: Any) -> None:
    program = "import pickle, sys; sys.stdout.write(repr(pickle.loads(sys.stdin.buffer.read())))"
    done = subprocess.run(
        [sys.executable, "-c", program], input=pickle.dumps(value), capture_output=True, check=True
    )
    assert done.stdout.decode() == repr(value)


def test_a_subclass_of_a_users_keeps_its_own_place() -> None:
    class Own(salesforce_bulk.SalesforceBulk):
        pass

    class OwnError(BulkApiError):
        pass

    assert Own.__module__ == OwnError.__module__ == __name__
