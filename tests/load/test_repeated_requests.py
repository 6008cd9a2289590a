"""Whatever repeats a request on the way doubles no row unseen, and no answer counts twice."""

import io

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.util import Retry

from salesforce_bulk import AmbiguousUpload, LoadFailed, UnexpectedResponse
from salesforce_bulk.client_access import org_of
from salesforce_bulk.load.job import refuse_other_job
from salesforce_bulk.load.settings import LoadSpec

ROWS = [{"Name": f"Row {number}", "NumberOfEmployees": number} for number in range(40)]


def is_batch(request):
    return request.method == "POST" and request.url.endswith("/batch")


class RepeatingProxy(HTTPAdapter):
    """Sends the nth batch twice and gives the second answer, like a proxy that lost the first."""

    def __init__(self, nth, wanted=is_batch):
        super().__init__()
        self.nth = nth
        self.wanted = wanted
        self.seen = 0

    def send(self, request, **options):
        if self.wanted(request):
            self.seen += 1
            if self.seen == self.nth:
                super().send(request, **{**options, "stream": False})
        return super().send(request, **options)


class RepeatedAnswer(HTTPAdapter):
    """Answers the second request of a kind with the answer to the first; it goes nowhere."""

    def __init__(self, wanted):
        super().__init__()
        self.wanted = wanted
        self.first = None
        self.used = False

    def send(self, request, **options):
        if not self.wanted(request) or self.used:
            return super().send(request, **options)
        if self.first is None:
            answer = super().send(request, **{**options, "stream": False})
            self.first = (answer.status_code, dict(answer.headers), answer.content)
        else:
            self.used = True
        status, headers, body = self.first
        headers = {**headers, "Content-Length": str(len(body))}
        headers.pop("Content-Encoding", None)
        raw = HTTPResponse(
            io.BytesIO(body),
            headers,
            status,
            version=11,
            preload_content=False,
            request_method=request.method,
        )
        return self.build_response(request, raw)


@pytest.fixture
def connect(org, clock):
    def connected(adapter):
        session = requests.Session()
        session.mount("http://", adapter)
        return org.connect(clock=clock, session=session)

    return connected


@pytest.fixture
def names(stored):
    return lambda: sorted(name for (name,) in stored("SELECT Name FROM Account"))


@pytest.mark.parametrize("nth", [1, 2, 4])
@pytest.mark.parametrize("parallel", [1, 3])
def test_a_batch_that_a_proxy_sent_twice_is_no_success(connect, names, nth, parallel):
    bulk = connect(RepeatingProxy(nth))
    with pytest.raises(AmbiguousUpload, match=r"rows of batch .* once more") as caught:
        bulk.insert("Account", ROWS, batch_size=10, parallel=parallel)
    assert caught.value.job_id in str(caught.value)
    assert caught.value.batch_id
    assert len(names()) == 50
    # What the org made of it is there to be read.
    assert bulk.attach(caught.value.job_id).result().succeeded == 50


def test_a_submitted_job_tells_it_when_it_is_asked_for_its_result(connect):
    job = connect(RepeatingProxy(2)).submit_insert("Account", ROWS, batch_size=10)
    for _ in range(2):
        with pytest.raises(AmbiguousUpload, match="once more"):
            job.result()


def test_the_same_call_with_the_journal_does_not_forget_it(connect, org, names, tmp_path):
    journal = tmp_path / "journal"
    with pytest.raises(AmbiguousUpload, match="once more"):
        connect(RepeatingProxy(2)).insert("Account", ROWS, batch_size=10, journal=journal)
    with pytest.raises(AmbiguousUpload, match="once more"):
        org.connect().insert("Account", ROWS, batch_size=10, journal=journal)
    assert len(names()) == 50


def test_a_retry_is_compared_as_well(connect, org):
    proxy = RepeatingProxy(5)
    bulk = connect(proxy)
    org.faults.add("row_errors", rows=10, times=4)
    with pytest.raises(LoadFailed) as caught:
        bulk.insert("Account", ROWS, batch_size=10, parallel=1)
    assert proxy.seen == 4
    with pytest.raises(AmbiguousUpload, match="once more"):
        caught.value.result.retry()


def test_rows_of_another_program_in_the_job_are_told(bulk):
    job = bulk.submit_insert("Account", ROWS, batch_size=10, parallel=1)
    reopened = bulk.create_insert_job("Account", contentType="CSV")
    job._engine._state.jobs[0] = reopened  # a job that holds what this load did not send
    bulk.post_batch(reopened, b"Name\nStranger\n")
    with pytest.raises(AmbiguousUpload, match="did not send"):
        job.result()


def test_one_answer_for_two_batches_loses_no_row(connect, names):
    """The second batch never arrived: it is looked for, not found, and sent."""
    result = connect(RepeatedAnswer(is_batch)).insert("Account", ROWS, batch_size=10, parallel=1)
    assert (result.succeeded, len(result.job_ids)) == (40, 2)
    assert names() == sorted(row["Name"] for row in ROWS)


def test_post_batch_says_that_an_answer_is_an_earlier_ones(connect):
    bulk = connect(RepeatedAnswer(is_batch))
    job = bulk.create_insert_job("Account", contentType="CSV")
    bulk.post_batch(job, b"Name\nA\n")
    with pytest.raises(AmbiguousUpload, match=r"earlier batch.*get_batch_list"):
        bulk.post_batch(job, b"Name\nB\n")


def test_one_answer_for_two_jobs_of_2_0_puts_no_rows_in_place_of_others(connect, names, tmp_path):
    def is_job(request):
        return request.method == "POST" and request.url.endswith("/jobs/ingest")

    journal = tmp_path / "journal"
    options = {"batch_size": 10, "parallel": 1, "api": "2.0", "journal": journal}
    bulk = connect(RepeatedAnswer(is_job))
    with pytest.raises(AmbiguousUpload, match="repeats answers"):
        bulk.insert("Account", ROWS, **options)
    assert names() == sorted(row["Name"] for row in ROWS[:10])
    assert bulk.insert("Account", ROWS, **options).succeeded == 40
    assert names() == sorted(row["Name"] for row in ROWS)


@pytest.mark.parametrize("nth", [1, 2])
def test_an_upload_of_2_0_that_a_proxy_sent_twice_is_sent_in_another_job(connect, names, nth):
    """Trap: the org refuses the second one; its rows were told as not sent, in a job left open."""
    bulk = connect(RepeatingProxy(nth, lambda request: request.method == "PUT"))
    result = bulk.insert("Account", ROWS, api="2.0", batch_size=20, parallel=1)
    assert result.succeeded == 40
    assert names() == sorted(row["Name"] for row in ROWS)
    states = [job.state for job in org_of(bulk).v2.ingest_jobs()]
    assert sorted(states) == ["Aborted", "JobComplete", "JobComplete"]


def is_result(request):
    return request.method == "GET" and request.url.endswith("/result")


def test_one_answer_for_two_results_is_believed_of_neither(connect, names):
    """Trap: a cache that takes no look at addresses gave each batch the first one's outcomes."""
    bulk = connect(RepeatedAnswer(is_result))
    result = bulk.insert("Account", ROWS[:20], batch_size=10, parallel=1, on_error="report")
    assert (result.unknown, len(names())) == (20, 20)
    assert {row.error.code for row in result} == {"ResultsOfOthers"}


def test_results_that_make_one_record_twice_are_not_believed(bulk, monkeypatch):
    v1 = org_of(bulk).v1
    result_body = v1.result_body

    def twice(*ref):
        header, first, *rest = result_body(*ref).splitlines(keepends=True)
        return b"".join([header, first, first, *rest[1:]])

    monkeypatch.setattr(v1, "result_body", twice)
    assert bulk.insert("Account", ROWS[:4], on_error="report").unknown == 4


class AnswerOfBefore(HTTPAdapter):
    """Gives the answer to the last request of a kind from before; `now` begins to."""

    def __init__(self, wanted):
        super().__init__()
        self.wanted = wanted
        self.before = None
        self.now = False

    def send(self, request, **options):
        if not self.wanted(request):
            return super().send(request, **options)
        if not self.now:
            self.before = request.url
            return super().send(request, **options)
        request.url = self.before
        return super().send(request, **options)


@pytest.mark.parametrize(
    ("api", "is_status"),
    [
        ("1.0", lambda request: request.url.endswith("/batch")),
        (
            "2.0",
            lambda request: "/jobs/ingest/750" in request.url and request.url[-18:-15] == "750",
        ),
    ],
)
def test_an_answer_about_another_job_is_none_about_this_one(connect, api, is_status):
    """Trap: the state, and through it the results, of another job of the same rows."""
    adapter = AnswerOfBefore(lambda request: request.method == "GET" and is_status(request))
    bulk = connect(adapter)
    bulk.insert("Account", ROWS[:4], api=api)
    assert adapter.before is not None
    adapter.now = True
    with pytest.raises(UnexpectedResponse, match=r"is about (job )?7.*Do not load the rows again"):
        bulk.insert("Account", ROWS[:4], api=api)


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_rows_go_into_no_job_of_another_object(connect, names, api):
    """Trap: the answer to an earlier creation named a job of another load, and got the rows."""

    def creates(request):
        return request.method == "POST" and request.url.endswith(("/job", "/jobs/ingest"))

    bulk = connect(RepeatedAnswer(creates))
    bulk.insert("Load__c", [{"Text__c": "a"}], api=api)
    with pytest.raises(UnexpectedResponse, match=r"whose object is Load__c, not Account.*Nothing"):
        bulk.insert("Account", ROWS[:4], api=api)
    assert names() == []


@pytest.mark.parametrize(("asked", "made"), [("A__c", "ns__A__c"), ("ns__A__c", "a__C")])
def test_a_namespace_makes_no_other_object(asked, made):
    refuse_other_job(LoadSpec("insert", asked), "750000000000001AAA", {"object": made})
    with pytest.raises(UnexpectedResponse, match="whose object is"):
        refuse_other_job(LoadSpec("insert", asked), "750000000000001AAA", {"object": "BA__c"})


def lose_an_upload(org):
    org.faults.add("answer_lost", method="PUT", path="*/batches", nth=2)


def start_open_jobs(org, clock):
    """What somebody does who reads that a job is Open."""
    other = org.connect(clock=clock)
    for job in list(org_of(other).v2.ingest_jobs()):
        if job.state == "Open":
            org_of(other).v2.set_ingest_state(job.id, "UploadComplete")


@pytest.mark.parametrize("restart", [False, True])
def test_a_2_0_job_that_somebody_started_is_the_one_for_its_rows(
    org, bulk, clock, names, tmp_path, monkeypatch, restart
):
    """The abort is refused, since the job is under way: nothing of it is told as not sent."""
    options = {"batch_size": 10, "parallel": 1, "api": "2.0", "journal": tmp_path / "journal"}
    lose_an_upload(org)
    set_state = org_of(bulk).v2.set_ingest_state

    def started_meanwhile(job_id, state):
        if state == "Aborted":
            start_open_jobs(org, clock)
            if restart:
                raise KeyboardInterrupt
        return set_state(job_id, state)

    monkeypatch.setattr(org_of(bulk).v2, "set_ingest_state", started_meanwhile)
    if restart:
        with pytest.raises(KeyboardInterrupt):
            bulk.insert("Account", ROWS, **options)
        bulk = org.connect(clock=clock)
    result = bulk.insert("Account", ROWS, **options)
    assert (result.succeeded, result.unprocessed) == (40, 0)
    assert names() == sorted(row["Name"] for row in ROWS)


@pytest.mark.parametrize("kind", ["request_limit", "api_error"])
def test_an_abort_that_fails_leaves_the_rows_in_doubt(org, bulk, kind):
    """The upload may be stored in a job that anybody may start."""
    lose_an_upload(org)
    org.faults.add(kind, method="PATCH", path="*/jobs/ingest/*", nth=2, times=0, status=403)
    with pytest.raises(AmbiguousUpload, match="stored in job"):
        bulk.insert("Account", ROWS, api="2.0", batch_size=10, parallel=1, on_error="report")


RECIPES = {
    "requests, Transport Adapters": Retry(
        total=3, backoff_factor=0.1, status_forcelist=[502, 503, 504], allowed_methods={"POST"}
    ),
    "every method": Retry(total=3, allowed_methods=None),
    "urllib3, connect and read": Retry(connect=5, read=2, redirect=5, allowed_methods=None),
    "urllib3, a number": 10,
    "without total": Retry(total=None, read=3, allowed_methods=None, status_forcelist=[500, 503]),
}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("fault", ["answer_lost", "html_error_after"])
@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_the_retry_recipes_of_requests_and_urllib3_load_every_row_once(
    connect, org, names, recipe, fault, api
):
    """What their documentation says to mount on a session, and answers that are lost."""
    for path in ("*/batch", "*/batches", "*/jobs/ingest", "*/jobs/ingest/*"):
        org.faults.add(fault, method="P*", path=path, nth=2, status=503)
    bulk = connect(HTTPAdapter(max_retries=recipe))
    result = bulk.insert("Account", ROWS, batch_size=10, api=api)
    assert result.succeeded == 40
    assert names() == sorted(row["Name"] for row in ROWS)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_post_batch_with_a_retry_recipe_posts_once(connect, org, names, recipe):
    org.faults.add("answer_lost", method="POST", path="*/batch")
    bulk = connect(HTTPAdapter(max_retries=recipe))
    job = bulk.create_insert_job("Account", contentType="CSV")
    with pytest.raises(AmbiguousUpload):
        bulk.post_batch(job, b"Name\nA\n")
    assert names() == ["A"]
    assert len(bulk.get_batch_list(job)) == 1


def posted_to_a_job(bulk, names="ABC"):
    job = bulk.create_insert_job("Account", contentType="CSV")
    for name in names:
        bulk.post_batch(job, f"Name\n{name}\n".encode())
    return job


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_close_job_does_not_succeed_where_a_batch_is_there_twice(connect, bulk, nth):
    """`post_batch` does not know what is on the way; the job's own count does."""
    client = connect(RepeatingProxy(nth))
    job = posted_to_a_job(client)
    with pytest.raises(AmbiguousUpload, match="once more") as caught:
        client.close_job(job)
    assert caught.value.job_id == job
    assert caught.value.batch_id in {one["id"] for one in client.get_batch_list(job)}
    assert bulk.job_state(job) == "Closed"
    client.close_job(job)  # told once, and closed


def test_close_job_warns_of_batches_of_another_program(connect, bulk, caplog):
    """Which may share the job; what it posted is no repetition."""
    client = connect(RepeatingProxy(0))
    job = posted_to_a_job(client)
    bulk.job_content_types[job] = "CSV"
    bulk.post_batch(job, b"Name\nD\n")
    client.close_job(job)
    assert "holds 4 batches, and this client posted 3" in caplog.text


def test_a_batch_that_is_posted_again_after_a_lost_answer_is_no_repetition(connect, org, names):
    """Who posts the same rows twice has decided so."""
    client = connect(RepeatingProxy(0))
    org.faults.add("answer_lost", method="POST", path="*/batch")
    job = client.create_insert_job("Account", contentType="CSV")
    with pytest.raises(AmbiguousUpload):
        client.post_batch(job, b"Name\nA\n")
    client.post_batch(job, b"Name\nA\n")
    client.close_job(job)
    assert names() == ["A", "A"]


def test_close_job_says_nothing_where_all_is_well(connect, caplog):
    """Also of a query that the server cuts into chunks."""
    client = connect(RepeatingProxy(0))
    client.close_job(posted_to_a_job(client))
    job = client.create_query_job("Account", contentType="CSV", pk_chunking=True)
    client.query(job, "SELECT Id FROM Account")
    client.close_job(job)
    assert not [one for one in caplog.records if one.levelname == "WARNING"]
