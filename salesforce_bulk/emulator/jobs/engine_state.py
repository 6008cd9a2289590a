"""Jobs kept from one start of an emulator to the next, with what is queued.

Written when the emulator stops, read and removed when it starts: an emulator that was killed
keeps its records and forgets its jobs.
"""

from __future__ import annotations

import pickle  # nosec B403 # loads the classes of a list only
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.jobs.engine import EngineState, JobEngine, batches_of

if TYPE_CHECKING:
    from salesforce_bulk.emulator.access.sessions import SessionUser

FILE_NAME = "jobs.pickle"
#: All that the state may name.
_CLASSES = frozenset(
    {
        "datetime.datetime",
        "datetime.timedelta",
        "datetime.timezone",
        "salesforce_bulk.emulator.jobs.engine.Batch",
        "salesforce_bulk.emulator.jobs.engine.EngineState",
        "salesforce_bulk.emulator.jobs.engine.Job",
        "salesforce_bulk.emulator.jobs.engine.PkChunking",
        "salesforce_bulk.emulator.jobs.engine.ResultFile",
        "salesforce_bulk.emulator.jobs.mapping.FieldMapping",
        "salesforce_bulk.emulator.jobs.mapping.SpecLine",
    }
)
#: What reading a damaged file, or one of another version, raises.
_UNREADABLE = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)
STOPPED = "InternalServerError : The emulator was stopped between two attempts"


def open_engine(
    engine: JobEngine, directory: Path, users: Mapping[str, SessionUser], admin: SessionUser
) -> None:
    """Takes up the jobs that are kept in a directory; the files of forgotten ones are removed.

    Raises OSError for state that cannot be read.
    """
    path = directory / FILE_NAME
    if path.exists():
        state = _read(path, users, admin)
        path.unlink()
        engine.take_up(state)
    known = {job.directory for job in engine.jobs}
    for entry in directory.iterdir():
        if entry.is_dir() and entry not in known:
            shutil.rmtree(entry)


def close_engine(engine: JobEngine, directory: Path) -> None:
    """Stops the engine and keeps its jobs."""
    engine.stop()
    for job in engine.jobs:
        for batch in batches_of(job):
            again = batch.state == bulk_states.QUEUED and batch.retries > 0
            if again and job.api == "1.0":
                # What was done of it is known to the engine that ends here alone; of a 2.0 job
                # the result files tell.
                batch.state, batch.message = bulk_states.FAILED, STOPPED
    draft = directory / f"{FILE_NAME}.part"
    with draft.open("wb") as file:
        _StatePickler(file, directory).dump(engine.state())
    draft.replace(directory / FILE_NAME)


def _read(path: Path, users: Mapping[str, SessionUser], admin: SessionUser) -> EngineState:
    try:
        with path.open("rb") as file:
            state = _StateUnpickler(file, path.parent, users, admin).load()
    except _UNREADABLE as error:
        raise OSError(
            f"the jobs in {path} cannot be read ({error}); without the file they are forgotten"
        ) from error
    if not isinstance(state, EngineState):
        raise OSError(f"{path} holds no jobs; without the file they are forgotten")
    return state


class _StatePickler(pickle.Pickler):
    """Users go by their names and files by their places in the directory."""

    def __init__(self, file: Any, directory: Path) -> None:
        super().__init__(file)
        self._directory = directory

    def persistent_id(self, value: Any) -> tuple[str, str] | None:
        if isinstance(value, PurePath):
            return "path", value.relative_to(self._directory).as_posix()
        if hasattr(value, "security_token"):
            return "user", value.username
        return None


class _StateUnpickler(pickle.Unpickler):
    """Reads nothing but jobs: a file that names anything else is refused."""

    def __init__(
        self, file: Any, directory: Path, users: Mapping[str, SessionUser], admin: SessionUser
    ) -> None:
        super().__init__(file)
        self._directory = directory
        self._users = users
        self._admin = admin

    def persistent_load(self, name: tuple[str, str]) -> Path | SessionUser:
        kind, value = name
        if kind == "path":
            return self._directory / value
        # Users are not kept: one that a program added before has to be added again.
        return self._users.get(value, self._admin)

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in _CLASSES:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a job")
        return super().find_class(module, name)
