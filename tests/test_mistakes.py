"""docs/mistakes.md: what the library says to typical mistakes, each of them made here."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parent.parent / "docs"
_spec = importlib.util.spec_from_file_location("build_mistakes", DOCS / "build_mistakes.py")
assert _spec is not None
assert _spec.loader is not None
page = importlib.util.module_from_spec(_spec)
sys.modules["build_mistakes"] = page
_spec.loader.exec_module(page)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Of a reader who has no connections of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        with page.reader() as found:
            yield found


@pytest.mark.parametrize("mistake", page.MISTAKES, ids=lambda mistake: mistake.title)
def test_a_message_says_where_and_what_to_do_next(mistake: Any, names: dict[str, Any]) -> None:
    _, message = page.said(mistake, names)
    for needed in (*mistake.where, mistake.next_step):
        assert needed in message


@pytest.mark.parametrize("mistake", page.MISTAKES, ids=lambda mistake: mistake.title)
def test_no_message_quotes_an_answer(mistake: Any, names: dict[str, Any]) -> None:
    _, message = page.said(mistake, names)
    for raw in ("<?xml", "<error", "[{", '{"', "errorCode", "exceptionCode"):
        assert raw not in message


def test_the_page_shows_what_is_said(names: dict[str, Any]) -> None:
    """`python docs/build_mistakes.py` writes it anew."""
    listed = page.PAGE.read_text("utf-8").partition(page.BEGIN)[2].partition(page.END)[0]
    assert listed.strip() == page.table(names).strip()
