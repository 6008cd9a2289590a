"""docs/errors.md has every error with its cause and its cure, and says what it is a kind of."""

import builtins
import re
from pathlib import Path

import pytest

from salesforce_bulk import errors

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)`(?: \(`(\w+)`\))? \| (.+?) \| (.+?) \|$", re.MULTILINE)
ROWS = {match[1]: match.groups()[1:] for match in ROW.finditer(PAGE)}
CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.BulkApiError) and not name.startswith("_")
}


def test_every_error_stands_on_the_page_once():
    assert set(ROWS) == set(CLASSES) - {"BulkApiError"}
    assert len(ROW.findall(PAGE)) == len(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_the_builtin_exception_of_an_error_is_told(name):
    own = [base.__name__ for base in CLASSES[name].__bases__ if hasattr(builtins, base.__name__)]
    assert ROWS[name][0] == (own[0] if own else None)


def test_what_is_said_to_be_below_a_class_is_a_kind_of_it():
    for section in PAGE.split("\n### ")[1:]:
        rows = ROW.findall(section)
        for number, (name, _, cause, cure) in enumerate(rows):
            if "all below are kinds of it" in cause + cure:
                below = [CLASSES[other] for other, *_ in rows[number + 1 :]]
                assert all(issubclass(other, CLASSES[name]) for other in below)
