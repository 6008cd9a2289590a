"""Every difference between 2.2.0 and this version that the same calls show.

    python -m venv old && old/bin/pip install salesforce-bulk==2.2.0
    python tests/classic/compare_with_2_2_0.py old/bin/python

runs `calls_of_2_2_0.py` with both against a local org, stores what 2.2.0 gave in
`outcomes_of_2_2_0.json` and writes the table of the differences into docs/migrating.md.
`test_differences.py` holds the table without 2.2.0.
"""

from __future__ import annotations

import builtins
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from salesforce_bulk.emulator import SalesforceEmulator

HERE = Path(__file__).parent
CALLS = HERE / "calls_of_2_2_0.py"
OLD = HERE / "outcomes_of_2_2_0.json"
PAGE = HERE.parent.parent / "docs" / "migrating.md"
#: What the table stands between.
BEGIN, END = "<!-- differences: begin -->\n", "<!-- differences: end -->"
#: Characters of an outcome in the table.
WIDTH = 110

Outcome = dict[str, Any]

_FORM = re.compile(r"(.*?)(?:, (CSV|JSON|XML))?")


def outcomes(python: str) -> dict[str, Outcome]:
    """What each call gives with the salesforce_bulk of this Python, in an org of its own."""
    with SalesforceEmulator(inline=True) as org, tempfile.TemporaryDirectory() as elsewhere:
        # From another folder: that of the repository holds a salesforce_bulk too.
        done = subprocess.run(
            [python, str(CALLS), org.connect().sessionId, org.url],
            cwd=elsewhere,
            capture_output=True,
            check=True,
            timeout=300,
        )
    found: dict[str, Outcome] = json.loads(done.stdout)
    return found


def same(old: Outcome, new: Outcome) -> bool:
    """Whether a program that knows 2.2.0 sees no difference."""
    if "raises" in old and "raises" in new:
        return old["raises"][0] in new["raises"] and old["text"] == new["text"]
    return old == new


def differences(old: dict[str, Outcome], new: dict[str, Outcome]) -> list[tuple[str, str, str]]:
    """Call, what 2.2.0 gave, what this version gives; formats with the same outcomes together."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for name, before in old.items():
        if not same(before, new[name]):
            call, form = _FORM.fullmatch(name).groups()  # type: ignore[union-attr]
            rows.setdefault((call, told(before), told(new[name])), []).append(form)
    return [
        (f"{call} ({', '.join(forms)})" if forms[0] else call, before, now)
        for (call, before, now), forms in rows.items()
    ]


def told(outcome: Outcome) -> str:
    if "raises" in outcome:
        kinds = outcome["raises"]
        builtin = next((kind for kind in kinds[1:] if kind in vars(builtins)), "")
        text = f"{kinds[0]}{f' ({builtin})' if builtin else ''}: {outcome['text'][1:-1]}"
    else:
        text = outcome["gives"]
    text = " ".join(text.replace("\\n", " ").replace("|", "\\|").replace("`", "'").split())
    return text if len(text) <= WIDTH else text[: WIDTH - 2] + " …"


def table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| call | 2.2.0 | now |", "|---|---|---|"]
    lines += [f"| {call} | `{before}` | `{now}` |" for call, before, now in rows]
    return "\n".join(lines) + "\n"


def main(old_python: str) -> None:
    old = outcomes(old_python)
    OLD.write_text(json.dumps(old, indent=1) + "\n", "utf-8")
    rows = differences(old, outcomes(sys.executable))
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(rows)}{end}{after}", "utf-8")
    print(f"{len(old)} calls, {len(rows)} differences, see {PAGE.name}")


if __name__ == "__main__":
    main(sys.argv[1])
