"""A small table for notebooks: everything escaped, no script."""

from __future__ import annotations

import html
from collections.abc import Mapping


def html_table(title: str, facts: Mapping[str, str]) -> str:
    """What is known of something; facts without a text are left out."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
        for name, text in facts.items()
        if text
    )
    return f"<b>{html.escape(title)}</b><table>{rows}</table>"
