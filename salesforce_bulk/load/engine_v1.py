"""A load through Bulk API 1.0: batches sent (`upload_v1`), their results fetched (`results_v1`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from salesforce_bulk import bulk_states
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.reserve import Reserve
from salesforce_bulk.api.v1 import BulkV1
from salesforce_bulk.errors import InvalidJobState
from salesforce_bulk.load.job import ReportProgress, report_nothing, unsent_outcome
from salesforce_bulk.load.outcomes import BatchRows
from salesforce_bulk.load.plan import Plan
from salesforce_bulk.load.results_v1 import ResultsV1
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.load.upload_v1 import BatchRef, UploadStateV1, UploadV1
from salesforce_bulk.models import JobInfo
from salesforce_bulk.storage.journal import Entry
from salesforce_bulk.storage.spool import Spool
from salesforce_bulk.wire import v1


class EngineV1:
    """Loads a plan, as `job.Engine` asks for it."""

    def __init__(
        self,
        api: BulkV1,
        spec: LoadSpec,
        plan: Plan,
        state: UploadStateV1,
        results: Spool,
        *,
        reserve: Reserve,
        record: Callable[[Entry], None],
        report: ReportProgress,
        parallel: int,
    ) -> None:
        self._api = api
        self._upload = UploadV1(
            api,
            spec,
            plan,
            state,
            reserve=reserve,
            record=record,
            report=report,
            parallel=parallel,
        )
        self._results = ResultsV1(api, plan, state, results, spec, report=report, parallel=parallel)
        self._state = state

    @property
    def job_ids(self) -> Sequence[str]:
        return self._state.jobs

    @property
    def uploaded_parts(self) -> frozenset[int]:
        return frozenset([*self._state.sent, *self._state.pending])

    def use(self, access: OrgAccess) -> None:
        self._upload.use(access)
        self._results.use(access)

    def send(self) -> None:
        self._upload.run()

    def adopt(self, unrecorded: Sequence[JobInfo]) -> list[BatchRef]:
        """See `UploadV1.adopt`."""
        return self._upload.adopt(unrecorded)

    def settle(self) -> None:
        """See `UploadV1.settle`."""
        self._upload.settle()

    def wait(self) -> None:
        self._upload.check_batches()
        self._results.wait()
        self._upload.check_batches()  # of jobs that could not be closed before

    def units(self) -> list[BatchRows]:
        return self._results.units(unsent_outcome(self._upload.refused))

    def abort(self) -> None:
        abort_jobs(self._api, self.job_ids)


class AttachedV1:
    """The batches that a job of another process had when it was read back; others may follow.

    Args:
        api: the endpoints.
        plan: the bodies that came back from the org.
        state: the batches that they are of.
        results: takes the results.
        spec: what the job does.
    """

    def __init__(
        self, api: BulkV1, plan: Plan, state: UploadStateV1, results: Spool, spec: LoadSpec
    ) -> None:
        self._api = api
        self._results = ResultsV1(
            api, plan, state, results, spec, report=report_nothing, parallel=1
        )
        self.job_ids: Sequence[str] = state.jobs
        self.uploaded_parts = frozenset(state.sent)

    def use(self, access: OrgAccess) -> None:
        self._results.use(access)

    def adopt(self, unrecorded: Sequence[JobInfo]) -> None:
        """It has no journal that could have lost anything."""

    def send(self) -> None:
        """Everything was sent by the other process."""

    def wait(self) -> None:
        self._results.wait()

    def units(self) -> list[BatchRows]:
        return self._results.units(unsent_outcome(None))

    def abort(self) -> None:
        abort_jobs(self._api, self.job_ids)


def abort_jobs(api: BulkV1, job_ids: Sequence[str]) -> None:
    """Abort the jobs that are not over.

    Raises:
        InvalidJobState: the org refuses it of a job that is not over; the others are aborted.
    """
    document = v1.state_document(bulk_states.ABORTED)
    refused: InvalidJobState | None = None
    for job_id in job_ids:
        try:
            api.set_job_state(job_id, document, bulk_states.ABORTED)
        except InvalidJobState as error:
            if _is_under_way(api, job_id):
                refused = refused or error
    if refused is not None:
        raise refused


def _is_under_way(api: BulkV1, job_id: str) -> bool:
    if v1.as_text(api.job(job_id)).get("state") == bulk_states.ABORTED:
        return False
    states = map(v1.batch_state, api.batches(job_id))
    return not all(state in bulk_states.BATCH_TERMINAL_STATES for state in states)
