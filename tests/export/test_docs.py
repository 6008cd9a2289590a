"""docs/exporting.md's Python runs, block after block, against a local org."""

import re
from datetime import date
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "exporting.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_every_example_runs(bulk, fill, tmp_path, monkeypatch, capsys):
    """Each block runs after those before it, and prints what the page says."""
    for library in ("pyarrow", "pandas", "polars", "duckdb"):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    fill(
        [{"Name": f"A {n}", "AnnualRevenue": n, "Industry": "Energy"} for n in range(250)],
        "Account",
    )
    names = {"bulk": bulk, "since": date(2024, 1, 1)}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"exporting.md block {number}", "exec"), names)
    said = capsys.readouterr().out
    assert "A 249 Admin User 249.0" in said
    assert f"[(250, {sum(range(250)):.1f})]" in said
    assert "'O\\'N%'" in said
    assert "aggregate them here" in said
    assert "pk_chunking is 1.0's" in said
    assert {"accounts.csv", "accounts.parquet", "names.csv"} <= {p.name for p in tmp_path.iterdir()}
