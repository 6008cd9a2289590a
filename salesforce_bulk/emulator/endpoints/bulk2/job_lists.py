"""Lists of jobs, page by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from urllib.parse import urlencode

from salesforce_bulk.emulator.endpoints.bulk2.answers import as_sent, refused
from salesforce_bulk.emulator.endpoints.bulk2.documents import Reply, job_type, list_document
from salesforce_bulk.emulator.endpoints.rest.family import PREFIX, json_reply
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import Call
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs.engine import Job, JobEngine
from salesforce_bulk.emulator.schema.ids import to_18

#: Jobs of a page.
LISTED_JOBS = 1_000
LOCATOR_PREFIX = "01g"
_LIST_LOCATOR = re.compile(rf"{LOCATOR_PREFIX}([0-9A-Za-z]{{12}})[0-9A-Z]{{3}}-[0-9]{{1,9}}")
#: Parameters of a list that go on with its pages.
_LIST_FILTERS = ("isPkChunkingEnabled", "jobType", "concurrencyMode")


class JobLists:
    """Pages of the jobs of an engine."""

    def __init__(self, engine: JobEngine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect

    def page(self, call: Call, resource: str, belongs: Callable[[Job], bool]) -> Response:
        wanted = [
            job for job in self._engine.jobs if belongs(job) and _listed_by_request(call, job)
        ]
        after = self._list_start(call.request.query.get("queryLocator", [""])[0])
        if self._dialect["bulk2.list.order"] == "newest first":
            wanted.reverse()
            following = (job for job in wanted if not after or job.id[3:15] < after)
        else:
            following = (job for job in wanted if job.id[3:15] > after)
        page = list(islice(following, LISTED_JOBS + 1))
        more = len(page) > LISTED_JOBS
        page = page[:LISTED_JOBS]
        url = None
        if more:
            place = f"{LOCATOR_PREFIX}{page[-1].id[3:15]}"
            url = f"{PREFIX}/{call['version']}/jobs/{resource}?{_list_query(call, place)}"
        records = [as_sent(self._dialect, list_document(job)) for job in page]
        document: Reply = {"done": not more, "records": records, "nextRecordsUrl": url}
        if url is None and self._dialect["bulk2.list.last_page"] == "absent":
            del document["nextRecordsUrl"]
        return json_reply(document)

    def _list_start(self, locator: str) -> str:
        """The id, without prefix and check, of the last job of the page before."""
        if not locator:
            return ""
        found = _LIST_LOCATOR.fullmatch(locator)
        if found is None:
            raise refused(self._dialect, "bulk2.query.unknown_locator", "invalid query locator")
        return found[1]


def _listed_by_request(call: Call, job: Job) -> bool:
    query = call.request.query
    kinds = query.get("jobType")
    chunked = query.get("isPkChunkingEnabled", [""])[0].lower()
    mode = query.get("concurrencyMode", [""])[0].lower()
    return (
        (not kinds or job_type(job) in kinds)
        and (not chunked or (chunked == "true") == (job.pk_chunking is not None))
        and (not mode or job.concurrency.lower() == mode)
    )


def _list_query(call: Call, place: str) -> str:
    filters = {
        name: call.request.query[name] for name in _LIST_FILTERS if name in call.request.query
    }
    return urlencode({**filters, "queryLocator": f"{to_18(place)}-{LISTED_JOBS}"}, doseq=True)
