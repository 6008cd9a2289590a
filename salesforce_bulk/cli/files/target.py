"""Names of files that a command is to write, judged before it asks the org for anything."""

from __future__ import annotations

from pathlib import Path

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.storage.files import is_no_file


def refuse_no_folder(path: str | None) -> None:
    """Refuse a name under which no file can be; None and ``-`` are none.

    Raises:
        InvalidInput: its folder is missing, or it is a folder.
    """
    if path is None or path == "-":
        return
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise InvalidInput(f"{path}: there is no folder {folder}; make it, or name another.")
    if Path(path).is_dir():
        raise InvalidInput(f"{path} is a folder; name a file.")


def refuse_no_file(path: str | None) -> None:
    """Refuse a name at which something stands whose place no file can take.

    Raises:
        InvalidInput: it is a device or a pipe.
    """
    if path is not None and is_no_file(Path(path)):
        raise InvalidInput(f"{path} is no file, so none can take its place; name another.")
