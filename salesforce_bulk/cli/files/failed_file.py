"""``fix.failed.csv``: the rows of a run that did not succeed, to be mended and loaded again.

A run has one such file. It goes when all rows are in the org, because whoever loads it then has its
rows twice; but what its user has changed is neither removed nor written over.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from salesforce_bulk.cli.runs import Run
from salesforce_bulk.storage.files import whole_file

if TYPE_CHECKING:
    from salesforce_bulk import LoadResult

#: The name of such a file, without its extension.
_NAME = re.compile(r"(?P<stem>.+)\.failed(?:-(?P<number>[0-9]+))?")
#: How the errors of rows begin that a further load must not repeat.
_NOT_AGAIN = ("SUPERSEDED",)


def write_failed_file(result: LoadResult, run: Run) -> Path | None:
    """Write the rows that may be loaded again, with what was wrong.

    Returns:
        the file; None where there are no such rows, and no file then.
    """
    before = _unchanged_file(run)
    path = before or _free_name(run)
    digest = _write(result, path)
    if digest is None:
        if before is not None:
            before.unlink()
        return None
    _note(run).write_text(json.dumps({"path": str(path), "sha256": digest}), "utf-8")
    return path


def changed_file(run: Run) -> Path | None:
    """The file that this run has written, where its user has changed it since."""
    path = _noted_file(run)
    return None if path is None or path == _unchanged_file(run) else path


def _write(result: LoadResult, path: Path) -> str | None:
    """The digest of what was written; None where there was nothing to write."""
    rows = (
        [*cells, record_id, created, error]
        for status in ("failed", "unprocessed")
        for _, cells, _, record_id, created, error in result.outcomes(status)
        if not error.startswith(_NOT_AGAIN)
    )
    first = next(rows, None)
    if first is None:
        return None
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        writer = csv.writer(text)
        writer.writerow([*result.columns, "sf__Id", "sf__Created", "sf__Error"])
        writer.writerow(first)
        writer.writerows(rows)
        text.flush()
        text.detach()
    return _digest(path)


def _note(run: Run) -> Path:
    return run.folder / "failed.json"


def _noted_file(run: Run) -> Path | None:
    """The file that this run has written, where there still is one."""
    if not _note(run).exists():
        return None
    path = Path(json.loads(_note(run).read_text("utf-8"))["path"])
    return path if path.exists() else None


def _unchanged_file(run: Run) -> Path | None:
    path = _noted_file(run)
    if path is None:
        return None
    written = json.loads(_note(run).read_text("utf-8"))["sha256"]
    return path if _digest(path) == written else None


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _free_name(run: Run) -> Path:
    """``fix.failed.csv`` for ``fix.csv``, ``fix.failed-2.csv`` for that; beside the file, or in
    this folder for rows of stdin.
    """
    if run.file is None:
        path = Path(f"{run.object_name}.failed.csv").absolute()
    else:
        path = _next_name(Path(run.file))
    return _next_name(path) if path == changed_file(run) else path


def _next_name(path: Path) -> Path:
    unpacked = Path(path.name.removesuffix(".gz").removesuffix(".zst")).stem
    before = _NAME.fullmatch(unpacked)
    if before is None:
        return path.with_name(f"{unpacked}.failed.csv")
    return path.with_name(f"{before['stem']}.failed-{int(before['number'] or 1) + 1}.csv")
