"""UploadResult: four fields, as 2.2.0's namedtuple had them, and a success that tells the truth."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import UploadResult
from salesforce_bulk.models import TruthText

ROW = UploadResult("001x", "true", "false", "")


def test_the_four_fields_in_their_order() -> None:
    assert UploadResult._fields == ("id", "success", "created", "error")
    assert isinstance(ROW, tuple)


def test_it_unpacks_and_replaces_like_a_namedtuple() -> None:
    record_id, success, created, error = ROW
    assert (record_id, success, created, error) == ("001x", "true", "false", "")
    assert ROW._replace(error="CODE:text:--").error == "CODE:text:--"
    assert ROW._asdict() == {"id": "001x", "success": "true", "created": "false", "error": ""}
    assert UploadResult(*["1", True, False, []]) == ("1", True, False, [])


def test_it_is_made_by_keyword_too_and_needs_all_four() -> None:
    assert UploadResult(id="1", success=True, created=True, error=[]).id == "1"
    with pytest.raises(TypeError):
        UploadResult("1", True, True)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_it_pickles_and_copies_with_its_truth(again: object) -> None:
    row = again(UploadResult("", "false", "false", "X:y:--"))  # type: ignore[operator]
    assert row == ("", "false", "false", "X:y:--")
    assert not row.success
    assert type(row.success) is TruthText


def test_what_is_stored_of_a_row_is_plain_text() -> None:
    """Spark's createDataFrame and YAML's safe_dump look a value up by its exact type."""
    for stored in (tuple(ROW), list(ROW), [*ROW], ROW._asdict().values(), [ROW[1], ROW[2]]):
        assert {type(value) for value in stored} == {str}
    assert type(str(ROW.success)) is str


def test_yaml_and_json_write_rows_and_read_them_back() -> None:
    written = yaml.safe_dump([ROW._asdict(), list(ROW)])
    assert yaml.safe_load(written) == [
        {"id": "001x", "success": "true", "created": "false", "error": ""},
        ["001x", "true", "false", ""],
    ]
    assert json.loads(json.dumps(ROW)) == ["001x", "true", "false", ""]


@pytest.mark.parametrize("answer", [True, False])
def test_a_json_jobs_booleans_stay_themselves(answer: bool) -> None:
    row = UploadResult("1", answer, answer, [])
    assert (row.success, row.created) == (answer, answer)
    assert type(row.success) is bool


def test_a_failed_rows_success_is_false_when_asked_and_the_text_when_compared() -> None:
    failed = TruthText("false")
    assert not failed
    assert failed == "false"
    assert failed != "true"
    assert isinstance(failed, str)
    assert {"false": 1}[failed] == 1


def test_a_good_rows_success_is_true_in_any_letter_case() -> None:
    assert TruthText("true")
    assert TruthText("True")
    assert TruthText("true") == "true"


@given(st.text().filter(lambda text: text.lower() != "true"))
def test_nothing_but_true_is_true(text: str) -> None:
    assert not TruthText(text)
    assert TruthText(text) == text
