"""Writes llms.txt: what the documentation consists of, for programs that read it.

    python docs/build_llms.py

prints it; `make docs` puts it beside the pages of the site, and their text as llms-full.txt. The
form is that of https://llmstxt.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parent
ADDRESS = "https://github.com/heroku/salesforce-bulk/blob/HEAD/docs/"
_TREE = re.compile(r"```\{toctree\}\n:hidden:\n:caption: (.*?)\n\n(.*?)```", re.DOTALL)


def parts() -> Iterator[tuple[str, list[str]]]:
    """The captions of the navigation, and the pages below each."""
    for caption, names in _TREE.findall((DOCS / "index.md").read_text("utf-8")):
        yield caption, ["index" if "<self>" in name else name for name in names.split("\n") if name]


def title_and_sentence(page: str) -> tuple[str, str]:
    """A page's title, and the first sentence below it; none where it has no text there."""
    title, _, rest = (DOCS / f"{page}.md").read_text("utf-8").partition("\n")
    paragraph = rest.strip().partition("\n\n")[0].replace("\n", " ")
    sentence = re.split(r"(?<=[.:])\s", paragraph)[0].rstrip(":.")
    return title.removeprefix("# "), "" if paragraph.startswith(("```", "#", "|")) else sentence


def llms_txt() -> str:
    """The list of pages."""
    lines = ["# salesforce-bulk", "", f"> {title_and_sentence('index')[1]}.", ""]
    for caption, pages in parts():
        lines += [f"## {caption}", ""]
        for page in pages:
            title, sentence = title_and_sentence(page)
            lines.append(f"- [{title}]({ADDRESS}{page}.md)" + (f": {sentence}" if sentence else ""))
        lines.append("")
    return "\n".join(lines)


def llms_full_txt() -> str:
    """The text of all pages that people wrote."""
    pages = [page for _, pages in parts() for page in pages if not page.startswith("reference/")]
    return "\n".join((DOCS / f"{page}.md").read_text("utf-8") for page in pages)


if __name__ == "__main__":
    print(llms_txt())
