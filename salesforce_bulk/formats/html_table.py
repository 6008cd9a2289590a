"""A small table for notebooks: everything escaped, no script."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

#: Of a cell, those that are shown.
_CELL_CHARACTERS = 80


def html_table(title: str, facts: Mapping[str, str]) -> str:
    """What is known of something; facts without a text are left out."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
        for name, text in facts.items()
        if text
    )
    return f"<b>{html.escape(title)}</b><table>{rows}</table>"


def rows_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows below the names of their columns; nothing where there are none."""
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row.values())}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    shown = text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}…"
    return html.escape(shown)
