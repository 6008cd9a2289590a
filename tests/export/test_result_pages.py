"""Lists of result pages (2.0) as servers may send them, and the pages read by them."""

import pytest
from canned_org import PageLists, page

from salesforce_bulk import ReconciliationError, SalesforceBulk, UnexpectedResponse

PAGES = {
    None: page([("1", "a")], "L1"),
    "L0": page([("1", "a")], "L1"),
    "L1": page([("2", "b")], "L2"),
    "L2": page([("3", "c")]),
}


def exported(org, clock):
    bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
    return bulk.export("SELECT Id, Name FROM Thing", parallel=2)


@pytest.mark.parametrize(
    "lists",
    [
        {None: ([None, "L1", "L2"], None)},
        {None: (["L0", "L1", "L2"], None)},
        {None: (["L1", "L2"], None)},
        {None: (["L1"], "N"), "N": (["L2"], None)},
        {None: ([None], "N"), "N": ([], "M"), "M": (["L1", "L2"], None)},
    ],
    ids=["without locator", "with locator", "not listed", "in two lists", "an empty list"],
)
def test_the_first_page_is_read_however_it_is_listed(clock, lists):
    """Nobody has recorded whether the list names the first page, and whether by a locator."""
    with PageLists(PAGES, 3, lists) as org:
        export = exported(org, clock)
        assert [row["Id"] for row in export] == ["1", "2", "3"]
        assert [row["Id"] for part in export.parts() for row in part] == ["1", "2", "3"]


def test_a_single_page_that_is_not_listed_is_read(clock):
    with PageLists({None: page([("1", "a")])}, 1, {None: ([], None)}) as org:
        assert [row["Id"] for row in exported(org, clock)] == ["1"]


@pytest.mark.parametrize(
    "lists",
    [{None: ([None, "L1", "L1"], None)}, {None: ([None, "L1"], "N"), "N": (["L1"], "N")}],
    ids=["twice", "for ever"],
)
def test_a_page_that_is_listed_twice_is_an_error(clock, lists):
    with (
        PageLists(PAGES, 3, lists) as org,
        pytest.raises(ReconciliationError, match="lead back"),
    ):
        list(exported(org, clock))


def test_pages_that_are_not_listed_are_missed(clock):
    """Fewer pages than the job has rows for: never a shorter result."""
    with (
        PageLists(PAGES, 3, {None: ([None, "L1"], None)}) as org,
        pytest.raises(ReconciliationError) as caught,
    ):
        list(exported(org, clock))
    assert (caught.value.expected, caught.value.got) == (3, 2)


def test_empty_lists_that_lead_back_end(clock):
    """The same next list again is an answer that cannot be, not a reason to ask for ever."""
    with (
        PageLists(PAGES, 3, {None: ([None], "N"), "N": ([], "N")}) as org,
        pytest.raises(UnexpectedResponse, match="leads back"),
    ):
        list(exported(org, clock))


class EndlessLists(dict):
    """Each list of pages leads to another one."""

    def __init__(self, names_pages):
        self.asked = 0
        self.names_pages = names_pages

    def __missing__(self, locator):
        self.asked += 1
        if self.asked > 500:
            raise KeyError("asked for ever")
        return [f"P{self.asked}"] if self.names_pages else [], f"N{self.asked}"


@pytest.mark.parametrize(
    ("names_pages", "error"), [(False, UnexpectedResponse), (True, ReconciliationError)]
)
def test_lists_of_pages_without_end_are_not_read_for_ever(clock, names_pages, error):
    """Trap: each list has a locator of its own, so that none leads back."""
    lists = EndlessLists(names_pages)
    with PageLists(PAGES, 3, lists) as org, pytest.raises(error, match=r"do not end|too many"):
        exported(org, clock).parts()


@pytest.mark.parametrize("written", ["a+b/c==", "a%2Bb%2Fc%3D%3D"])
def test_a_locator_may_hold_what_base_64_does(clock, written):
    """Plain or percent-encoded in the list, it is the same one; a plus is no blank."""
    pages = {None: page([("1", "a")], "a+b/c=="), "a+b/c==": page([("2", "b")])}
    with PageLists(pages, 2, {None: ([None, written], None)}) as org:
        assert [row["Id"] for row in exported(org, clock)] == ["1", "2"]
