"""docs/from-simple-salesforce.md: both sides of each row do the same, each to an org of its own."""

import csv
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from simple_salesforce.exceptions import SalesforceOperationError

from salesforce_bulk import InvalidInput, LoadFailed

PAGE = (Path(__file__).parents[2] / "docs" / "from-simple-salesforce.md").read_text("utf-8")
(SETUP,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| `(.*?sf\..*?)` \| `(.*?)` \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """The names of the page's first block, twice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        patch.setenv("REQUESTS_CA_BUNDLE", "")  # put back at the end
        theirs, ours = {}, {}
        for names in (theirs, ours):
            exec(compile(SETUP, "setup", "exec"), names)
        yield theirs, ours
        for names in (theirs, ours):
            names["org"].stop()


def accounts(names):
    found = names["bulk"].export("SELECT Name, Ext__c FROM Account ORDER BY Name, Ext__c")
    return [tuple(row.values()) for row in found]


def in_its_org(call, names):
    os.environ["REQUESTS_CA_BUNDLE"] = str(names["org"].certificate)
    return names_read(eval(call, names))


def names_read(answer):
    """The accounts that a call read, however it hands them on; None where it read none."""
    if isinstance(answer, Iterator):
        found = list(answer)
        answer = found[0] if found and isinstance(found[0], list) else found
    if isinstance(answer, bytes):
        answer = answer.decode()
    if isinstance(answer, str):
        return [row["Name"] for row in csv.DictReader(answer.splitlines())]
    if isinstance(answer, list) and answer and "Name" in answer[0]:
        return [row["Name"] for row in answer]
    return None


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_both_calls_of_a_row_do_the_same(number, sides):
    theirs, ours = ROWS[number]
    read = [in_its_org(call, names) for call, names in zip((theirs, ours), sides, strict=True)]
    assert accounts(sides[0]) == accounts(sides[1])
    assert read[0] == read[1]
    assert (read[0] is not None) == bool(
        re.search(r"^(?:\S*join\()?sf\.bulk2?\.\w+\.query", theirs)
    )


def test_the_table_has_the_calls_of_both_handlers():
    called = {call for theirs, _ in ROWS for call in re.findall(r"sf\.(bulk2?\.\w+\.\w+)", theirs)}
    verbs = ("insert", "upsert", "query")
    assert called >= {f"{api}.Account.{verb}" for api in ("bulk", "bulk2") for verb in verbs}


@pytest.fixture
def side(sides, monkeypatch):
    names = sides[0]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(names["org"].certificate))
    return names["sf"], names["bulk"]


def test_a_row_that_fails_is_told_as_the_page_says(side):
    sf, bulk = side
    rows = [{"Name": "Fine"}, {"Name": None}]
    assert [row["success"] for row in sf.bulk.Account.insert(rows)] == [True, False]
    (told,) = sf.bulk2.Account.insert(records=rows, wait=1)
    assert told["numberRecordsFailed"] == 1
    assert "REQUIRED_FIELD_MISSING" in sf.bulk2.Account.get_failed_records(told["job_id"])
    with pytest.raises(LoadFailed) as caught:
        bulk.insert("Account", rows, api="2.0")
    (row,) = caught.value.result.failed
    assert (row.number, row.error.code) == (2, "REQUIRED_FIELD_MISSING")


def test_none_in_a_row_means_what_the_page_says(side):
    sf, bulk = side

    def site_after(update):
        (made,) = bulk.insert("Account", [{"Name": "N", "Site": "Rome"}])
        update([{"Id": made.id, "Site": None}])
        (row,) = bulk.export(f"SELECT Site FROM Account WHERE Id = '{made.id}'")
        return row["Site"]

    assert site_after(sf.bulk.Account.update) is None
    assert site_after(lambda rows: sf.bulk2.Account.update(records=rows, wait=1)) == "Rome"
    assert site_after(lambda rows: bulk.update("Account", rows)) == "Rome"
    assert site_after(lambda rows: bulk.update("Account", rows, nulls="clear")) is None


def test_a_wrong_column_is_refused_before_anything_is_sent(side):
    sf, bulk = side
    before = sum(1 for _ in bulk.list_jobs())
    with pytest.raises(InvalidInput, match="NumberOfEmployees"):
        bulk.insert("Account", [{"Name": "A", "NumberOfEmploees": 1}])
    assert sum(1 for _ in bulk.list_jobs()) == before
    with pytest.raises(SalesforceOperationError):
        sf.bulk2.Account.insert(records=[{"Name": "A", "NumberOfEmploees": 1}], wait=1)
    assert sum(1 for _ in bulk.list_jobs()) == before + 1


def test_values_have_the_types_that_the_page_says(side):
    sf, bulk = side
    soql = "SELECT CreatedDate FROM Account LIMIT 1"
    assert isinstance(sf.bulk.Account.query(soql)[0]["CreatedDate"], str | int)
    assert isinstance(next(iter(bulk.export(soql)))["CreatedDate"], datetime)
    assert isinstance(next(iter(bulk.export(soql, raw=True)))["CreatedDate"], str)
