"""How Sphinx makes the site: `make docs`.

The pages are Markdown, which is read in the repository as well; the reference is made from the
docstrings. Where a method takes options that are declared once, their table stands with the method.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from salesforce_bulk import __version__
from salesforce_bulk.export.settings import ExportOptions
from salesforce_bulk.load.settings import LoadOptions

project = "salesforce-bulk"
author = project_copyright = "the authors of salesforce-bulk"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["*.py", "_build"]
# Names in single backticks, as docstrings have them.
default_role = "py:obj"
myst_heading_anchors = 4


html_theme = "furo"
html_title = "salesforce-bulk"
html_theme_options = {
    "source_repository": "https://github.com/heroku/salesforce-bulk",
    "source_branch": "HEAD",
    "source_directory": "docs/",
}
html_copy_source = False
html_show_sphinx = False
# The prompt is not copied, and neither is what a command prints.
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False}
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Attributes are told in the text; those of named tuples are members as well.
napoleon_use_ivar = True


def setup(app: Any) -> None:
    """Called by Sphinx."""
    # Before napoleon, which reads the line that this one replaces.
    app.connect("autodoc-process-docstring", show_options, priority=100)


def show_options(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Put the table of a method's options behind its text."""
    taken = getattr(obj, "__annotations__", {}).get("options", "")
    for kind in (LoadOptions, ExportOptions):
        if what == "method" and kind.__name__ in taken:
            lines[:] = [line for line in lines if not line.lstrip().startswith("options: see")]
            lines += ["", *table_of(kind), ""]


def table_of(kind: type) -> list[str]:
    """The table in a docstring."""
    lines = [line[4:] for line in (kind.__doc__ or "").splitlines()]
    rules = [number for number, line in enumerate(lines) if line.startswith("===")]
    return lines[rules[0] : rules[-1] + 1]
