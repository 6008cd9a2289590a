"""One output cell that changes: no widgets, which a notebook may lack."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from typing import Any

from salesforce_bulk.progress import text
from salesforce_bulk.progress.event import Progress


def in_notebook() -> bool:
    """Whether this is a Jupyter kernel."""
    return hasattr(_shell(), "kernel")


def _shell() -> object | None:
    # A kernel has imported IPython, so that nothing is imported here to find out.
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()


def show_as_line(error: BaseException, line: Callable[[], str]) -> None:
    """Let IPython show a line in the place of the error's traceback, unless it has one already.

    Args:
        error: that ends a cell.
        line: gives it, when it is shown.
    """
    if not hasattr(error, "_render_traceback_"):
        error._render_traceback_ = lambda: [line()]  # type: ignore[attr-defined]


def is_shown_as_line(error: BaseException) -> bool:
    """Whether IPython will show the error's line."""
    return hasattr(error, "_render_traceback_") and _shell() is not None


class NotebookCell:
    """Draws all phases of a run in one cell."""

    def __init__(self) -> None:
        self._phases: dict[str, Progress] = {}
        self._handle: Any = None

    def __call__(self, event: Progress) -> None:
        from IPython.display import display  # noqa: PLC0415

        self._phases[event.phase] = event
        bundle = cell(list(self._phases.values()))
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def cell(events: list[Progress]) -> dict[str, str]:
    """The last event of each phase as a mime bundle."""
    lines = "".join(_table_row(event) for event in events)
    return {
        "text/plain": "\n".join(map(text.line, events)),
        "text/html": f"<table>{lines}</table>",
    }


def _table_row(event: Progress) -> str:
    total = "" if event.total_rows is None else f' max="{event.total_rows}"'
    value = f' value="{event.rows}"' if total else ""
    cells = [text.rows(event), "  ".join(text.details(event)), text.times(event)]
    texts = "".join(f"<td>{html.escape(each)}</td>" for each in cells)
    bar = f"<td><progress{value}{total}></progress></td>"
    return f"<tr><th>{html.escape(event.phase)}</th>{bar}{texts}</tr>"
