"""How Sphinx makes the site: `make docs`.

The pages are Markdown, which is read in the repository as well; the reference is made from the
docstrings. Where a method takes options that are declared once, their table stands with the method.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from build_llms import llms_full_txt, llms_txt

from salesforce_bulk import __version__
from salesforce_bulk.cli import COMMANDS, build_parser
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
    app.add_directive("command-help", CommandHelp)
    app.connect("build-finished", write_llms)
    app.connect("autodoc-process-signature", name_modules)
    # Before napoleon, which reads the line that this one replaces.
    app.connect("autodoc-process-docstring", show_options, priority=100)


class CommandHelp(SphinxDirective):
    """What ``--help`` of each command prints, in a terminal of 80 columns."""

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        return [
            nodes.section(
                "", nodes.title(text=name), nodes.literal_block(text=help_of(name)), ids=[name]
            )
            for name in COMMANDS
        ]


def help_of(command: str) -> str:
    """The help of a command."""
    os.environ["COLUMNS"] = "80"
    printed = io.StringIO()
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(printed):
        build_parser(command).parse_args([command, "--help"])
    return printed.getvalue()


def name_modules(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returned: Any
) -> tuple[str | None, Any]:
    """Name a module that is a default; its repr cannot be read again."""
    return signature and re.sub(r"<module '(\w+)'[^>]*>", r"\1", signature), returned


def write_llms(app: Any, exception: Exception | None) -> None:
    """Put llms.txt beside the pages."""
    if exception is None:
        Path(app.outdir, "llms.txt").write_text(llms_txt(), "utf-8")
        Path(app.outdir, "llms-full.txt").write_text(llms_full_txt(), "utf-8")


def show_options(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Put the table of a method's options behind its text."""
    taken = getattr(obj, "__annotations__", {}).get("options", "")
    for kind in (LoadOptions, ExportOptions):
        if what == "method" and kind.__name__ in taken:
            lines[:] = [line for line in lines if not line.lstrip().startswith("options: see")]
            lines += ["", *table_of(kind), ""]


def table_of(kind: type) -> list[str]:
    """The table in a docstring."""
    # Python 3.13 takes the indentation away by itself.
    lines = inspect.cleandoc(kind.__doc__ or "").splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("===")]
    return lines[rules[0] : rules[-1] + 1]
