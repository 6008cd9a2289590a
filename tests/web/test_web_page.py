"""The blocks of docs/web.md are parts of the programs that the tests run."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "web.md").read_text("utf-8")
BLOCKS = re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL)


def without_blanks(text):
    """A block begins at the left, and may break its lines elsewhere."""
    return "".join(text.split())


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_a_part_of_an_example(block, examples):
    programs = [*examples.rglob("*.py"), *(examples.parent / "airflow").glob("*.py")]
    texts = [without_blanks(path.read_text("utf-8")) for path in programs]
    assert any(without_blanks(block) in text for text in texts)


def test_every_example_is_named_on_the_page(examples):
    named = {path for path in examples.rglob("*.py") if f"/{path.name})" in PAGE}
    assert set(examples.glob("*.py")) <= named
