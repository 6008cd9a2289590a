"""Without a package that an extra brings, each call says which extra that is."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from salesforce_bulk import InvalidInput, Part, SalesforceBulk

QUERY = "SELECT Id, Name FROM Account"

CALLS: dict[str, Callable[[SalesforceBulk, Path], Any]] = {
    "schema": lambda bulk, path: bulk.export(QUERY).schema,
    "arrow_batches": lambda bulk, path: bulk.export(QUERY).arrow_batches(),
    "to_arrow": lambda bulk, path: bulk.export(QUERY).to_arrow(),
    "stream": lambda bulk, path: bulk.export(QUERY).__arrow_c_stream__(),
    "to_polars": lambda bulk, path: bulk.export(QUERY).to_polars(),
    "to_parquet": lambda bulk, path: bulk.export(QUERY).to_parquet(path / "x.parquet"),
    "to_duckdb": lambda bulk, path: bulk.export(QUERY).to_duckdb(duckdb.connect(), "t"),
    "part": lambda bulk, path: first_part(bulk).to_arrow(),
    "part's batches": lambda bulk, path: list(first_part(bulk).arrow_batches()),
    "result": lambda bulk, path: bulk.insert("Account", [{"Name": "x"}]).to_arrow(),
    "frame": lambda bulk, path: bulk.insert("Account", pl.DataFrame({"Name": ["x"]})),
    "parquet": lambda bulk, path: bulk.insert("Account", parquet(path)),
    "zst": lambda bulk, path: bulk.insert("Account", io.BytesIO(b"\x28\xb5\x2f\xfdx")),
}


def first_part(bulk: SalesforceBulk) -> Part:
    return next(iter(bulk.export(QUERY).parts()))


def parquet(path: Path) -> Path:
    file = path / "rows.parquet"
    file.write_bytes(b"PAR1")
    return file


@pytest.mark.parametrize("call", CALLS)
def test_what_needs_pyarrow_names_the_extra(
    bulk: SalesforceBulk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    bulk.insert("Account", [{"Name": "Acme"}])
    loaded = [name for name in sys.modules if name.startswith("pyarrow.")]
    for name in ("pyarrow", "compression.zstd", *loaded):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InvalidInput, match=r"pip install 'salesforce-bulk\[arrow\]'"):
        CALLS[call](bulk, tmp_path)
    assert not (tmp_path / "x.parquet").exists()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_what_makes_a_frame_names_the_extra(
    bulk: SalesforceBulk, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """Before anything is asked for: the rows of an export are read once."""
    export = bulk.export(QUERY)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidInput, match=rf"pip install 'salesforce-bulk\[{library}\]'"):
        getattr(export, f"to_{library}")()
    assert "not submitted" in repr(export)
    if library == "pandas":
        with pytest.raises(InvalidInput, match=r"salesforce-bulk\[pandas\]"):
            bulk.insert("Account", [{"Name": "x"}]).to_pandas()
