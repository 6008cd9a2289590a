"""Packages that come with extras of this one, and how to get one that lacks."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from salesforce_bulk.errors import InvalidInput

#: The extra that brings a package, where it is called otherwise.
_EXTRAS = {"pyarrow": "arrow"}


def extra_module(name: str, what: str) -> Any:
    """The module of that name.

    Args:
        name: of the module, e.g. ``pyarrow.parquet``.
        what: needs it, for the message.

    Raises:
        InvalidInput: its package is not installed; names the extra that brings it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        extra = _EXTRAS.get(package, package)
        raise InvalidInput(
            f"{what} needs {package}: pip install 'salesforce-bulk[{extra}]'."
        ) from error
