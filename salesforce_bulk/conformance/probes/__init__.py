"""The probes, one module an area of FIDELITY.md."""

from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.probes import (
    bulk1_batches,
    bulk1_jobs,
    bulk1_queries,
    bulk1_results,
    bulk1_rows,
    bulk2_ingest,
    bulk2_queries,
    bulk2_results,
    http,
    login,
    oauth,
    objects,
    pk_chunking,
    rest,
    soql,
    versions,
)

PROBES: tuple[Probe, ...] = (
    *http.PROBES,
    *login.PROBES,
    *oauth.PROBES,
    *versions.PROBES,
    *bulk1_jobs.PROBES,
    *bulk1_batches.PROBES,
    *bulk1_rows.PROBES,
    *bulk1_results.PROBES,
    *objects.PROBES,
    *bulk1_queries.PROBES,
    *pk_chunking.PROBES,
    *bulk2_ingest.PROBES,
    *bulk2_results.PROBES,
    *bulk2_queries.PROBES,
    *rest.PROBES,
    *soql.PROBES,
)
