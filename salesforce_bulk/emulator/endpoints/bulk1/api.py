"""Bulk API 1.0: its resources together.

Source: *Bulk API Developer Guide*, "Bulk API" chapters; where it is silent see FIDELITY.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from salesforce_bulk.emulator.access.sessions import Sessions
from salesforce_bulk.emulator.endpoints.bulk1.async_schema import schema_routes
from salesforce_bulk.emulator.endpoints.bulk1.batches import Batches
from salesforce_bulk.emulator.endpoints.bulk1.family import AsyncFamily
from salesforce_bulk.emulator.endpoints.bulk1.field_mapping import FieldMapping
from salesforce_bulk.emulator.endpoints.bulk1.jobs import Jobs
from salesforce_bulk.emulator.endpoints.bulk1.results import Results
from salesforce_bulk.emulator.http.faults import Faults
from salesforce_bulk.emulator.http.routes import Route
from salesforce_bulk.emulator.http.server import Request
from salesforce_bulk.emulator.jobs.engine import JobEngine

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org


class Bulk1:
    """What is served below ``/services/async``."""

    def __init__(
        self,
        org: Org,
        engine: JobEngine,
        sessions: Sessions,
        faults: Faults,
        origin: Callable[[Request], str],
    ) -> None:
        self.family = AsyncFamily(sessions, faults, org.dialect)
        self._jobs = Jobs(org, engine, self.family, origin)
        self._batches = Batches(engine, self.family, org.dialect)
        self._results = Results(engine, self.family, org.dialect)
        self._field_mapping = FieldMapping(engine, self.family, org.dialect)

    def routes(self) -> list[Route]:
        return [
            *self._jobs.routes(),
            *self._batches.routes(),
            *self._results.routes(),
            *self._field_mapping.routes(),
            *schema_routes(self.family),
        ]
