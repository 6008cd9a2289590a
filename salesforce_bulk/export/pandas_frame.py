"""Rows as a pandas frame, with the types that describe tells.

pandas, "Nullable integer data type", "PyArrow functionality".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.typed import ResultColumn

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DtypeBackend = Literal["numpy_nullable", "pyarrow"]

_NULLABLE = {
    "boolean": "boolean",
    "int": "Int64",
    "long": "Int64",
    "double": "Float64",
    "currency": "Float64",
    "percent": "Float64",
}
_NUMPY = {"int": "int64", "long": "int64", "boolean": "bool"}
_NUMPY_WITH_NULLS = {
    "boolean": "object",
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), "float64"),
}
_OBJECTS = frozenset({"date", "time"})


def has_pyarrow() -> bool:
    """Whether pyarrow can be imported."""
    return find_spec("pyarrow") is not None


def check_backend(backend: str | None) -> None:
    """Refuse what pandas would not know.

    Raises:
        InvalidInput: another backend, or one that needs pyarrow where that is missing.
    """
    if backend not in (None, *get_args(DtypeBackend)):
        raise InvalidInput(
            f"dtype_backend={backend!r}; None, 'numpy_nullable' and 'pyarrow' are known."
        )
    if backend == "pyarrow" and not has_pyarrow():
        raise InvalidInput("dtype_backend='pyarrow' needs pyarrow: pip install pyarrow.")


def frame_of_table(table: pa.Table, backend: DtypeBackend | None) -> pd.DataFrame:
    """An Arrow table as a frame."""
    import pandas as pd  # noqa: PLC0415

    if backend is None:
        return table.to_pandas()
    if backend == "pyarrow":
        return table.to_pandas(types_mapper=pd.ArrowDtype)
    import pyarrow as pa  # noqa: PLC0415

    nullable = {
        pa.bool_(): pd.BooleanDtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.float64(): pd.Float64Dtype(),
        pa.string(): pd.StringDtype(),
    }
    return table.to_pandas(types_mapper=nullable.get)


def frame_of_rows(
    columns: Sequence[ResultColumn],
    blocks: Iterable[Sequence[Sequence[Any]]],
    backend: DtypeBackend | None,
) -> pd.DataFrame:
    """Typed rows as a frame, without pyarrow."""
    import pandas as pd  # noqa: PLC0415

    values: list[list[Any]] = [[] for _ in columns]
    for rows in blocks:
        for column, cells in zip(values, zip(*rows, strict=True), strict=True):
            column.extend(cells)
    series = {
        column.name: pd.Series(cells, dtype=_dtype(column, cells, backend))
        for column, cells in zip(columns, values, strict=True)
    }
    return pd.DataFrame(series, columns=[column.name for column in columns])


def _dtype(column: ResultColumn, cells: Sequence[Any], backend: DtypeBackend | None) -> Any:
    from decimal import Decimal  # noqa: PLC0415

    if column.type == "datetime":
        return "datetime64[ms, UTC]"
    if column.type in _OBJECTS or any(isinstance(cell, Decimal) for cell in cells):
        return "object"
    if backend is not None:
        return _NULLABLE.get(column.type, "string")
    if None not in cells and column.type in _NUMPY:
        return _NUMPY[column.type]
    return _NUMPY_WITH_NULLS.get(column.type) or _text_dtype()


def _text_dtype() -> str:
    """Of texts: pandas 3 has a type for them."""
    import pandas as pd  # noqa: PLC0415

    return "object" if int(pd.__version__.partition(".")[0]) < 3 else "str"
