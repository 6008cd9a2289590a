"""What an index and `pip show` tell of the installed package."""

import re
from importlib.metadata import metadata, requires

import pytest

PACKAGE = metadata("salesforce-bulk")


def test_the_projects_addresses_are_told():
    told = dict(line.split(", ") for line in PACKAGE.get_all("Project-URL"))
    assert set(told) >= {"Homepage", "Documentation", "Changelog", "Issues"}
    assert all(address.startswith("https://") for address in told.values())


def test_every_link_of_the_description_works_off_the_repository():
    links = re.findall(r"\]\(([^)]+)\)", PACKAGE["Description"])
    assert len(links) > 5
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


@pytest.mark.parametrize("name", ["requests", "urllib3", "simple-salesforce", "unicodecsv"])
def test_what_2_2_0_brought_is_required_with_a_lowest_version(name):
    assert any(re.match(rf"{name}\s*>=", line) for line in requires("salesforce-bulk"))
