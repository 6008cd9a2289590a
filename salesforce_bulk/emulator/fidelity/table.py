"""All behaviours, in the order of the page."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from salesforce_bulk.emulator.fidelity import (
    bulk1_batches,
    bulk1_jobs,
    bulk1_queries,
    bulk1_results,
    bulk1_rows,
    bulk2_ingest,
    bulk2_queries,
    bulk2_results,
    control,
    http,
    login,
    oauth,
    objects,
    pk_chunking,
    rest,
    soql,
    versions,
)
from salesforce_bulk.emulator.fidelity.behaviour import Behaviour

AREAS = (
    http.AREA,
    login.AREA,
    oauth.AREA,
    versions.AREA,
    bulk1_jobs.AREA,
    bulk1_batches.AREA,
    bulk1_rows.AREA,
    bulk1_results.AREA,
    objects.AREA,
    bulk1_queries.AREA,
    pk_chunking.AREA,
    bulk2_ingest.AREA,
    bulk2_results.AREA,
    bulk2_queries.AREA,
    rest.AREA,
    soql.AREA,
    control.AREA,
)


def _behaviours() -> Iterator[Behaviour]:
    for area in AREAS:
        yield from area.behaviours


BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType({each.id: each for each in _behaviours()})
