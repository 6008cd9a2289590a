"""min_api_calls= and min_batches= leave what others need of the org's day."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import requests
from fast_clock import FastClock

from salesforce_bulk import (
    ApiUsage,
    ExceededQuota,
    InvalidInput,
    LoadFailed,
    ReserveReached,
    SalesforceBulk,
)
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.wire.limit_info import read_limit_info

ROWS = [{"Name": f"A{number}"} for number in range(8)]
API_CALLS = 5_000_000


def client(org: SalesforceEmulator, **options: Any) -> SalesforceBulk:
    return SalesforceBulk(
        username=org.username, password=org.password, security_token=org.security_token,
        login_url=org.url, **{"clock": FastClock(), **options},
    )  # fmt: skip


def posts(org: SalesforceEmulator) -> int:
    return sum(one.method == "POST" and "/job" in one.path for one in org.requests)


def held(org: SalesforceEmulator) -> list[str]:
    return sorted(row["Name"] for row in client(org).export("SELECT Name FROM Account"))


@pytest.fixture
def small() -> Any:
    """An org that may process 10 batches a day."""
    with SalesforceEmulator(inline=True, batches_per_day=10) as emulator:
        yield emulator


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_load_that_would_use_up_the_reserve_is_refused(
    small: SalesforceEmulator, api: str
) -> None:
    """Before anything is sent, with the numbers and the way on; what just fits is loaded."""
    rows = ROWS if api == "1.0" else ROWS[:2]
    bulk = client(small, min_batches=7)
    with pytest.raises(ReserveReached, match=r"10 left.*Nothing was sent.*24-hour") as caught:
        bulk.insert("Account", rows * 2, batch_size=4 if api == "1.0" else 1, api=api)
    assert posts(small) == 0
    assert isinstance(caught.value, ExceededQuota)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    size = len(rows) // 2
    assert bulk.insert("Account", rows, batch_size=size, api=api).succeeded == len(rows)


def test_api_calls_are_kept_too(org: SalesforceEmulator) -> None:
    """Two calls a batch are counted before the first is made."""
    bulk = client(org, min_api_calls=API_CALLS - 12)
    with pytest.raises(ReserveReached, match=r"min_api_calls.*DailyApiRequests.*Nothing was sent"):
        bulk.insert("Account", ROWS, batch_size=1)
    assert posts(org) == 0


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_load_stops_between_batches(small: SalesforceEmulator, api: str) -> None:
    """Other programs use the allocation up meanwhile: what was sent has its outcomes, the rest is
    unprocessed and says why, and retry() loads it when there is room again."""
    clock = FastClock()
    begun = []

    class Others(requests.Session):
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            answer = super().request(method, url, *args, **kwargs)
            if url.endswith("/batch" if api == "1.0" else "/ingest") and method == "POST":
                begun.append(url)
                if len(begun) == 3:
                    small.engine.batches_per_day = 5
                    clock.now += 61
            return answer

    bulk = client(small, min_batches=2, clock=clock, session=Others())
    with pytest.raises(LoadFailed, match=r"ReserveReached.*min_batches") as caught:
        bulk.insert("Account", ROWS, batch_size=1, parallel=1, api=api)
    result = caught.value.result
    assert (result.succeeded, result.unprocessed, result.failed) == (3, 5, 0)
    assert held(small) == ["A0", "A1", "A2"]
    small.engine.batches_per_day = 15
    assert result.retry().succeeded == 8
    assert held(small) == sorted(row["Name"] for row in ROWS)


def test_a_run_goes_on_by_its_journal(small: SalesforceEmulator, tmp_path: Any) -> None:
    """The rest of a run that a crash ended is counted, and refused, too."""
    small.faults.add("reset_before", method="POST", path="*/batch", nth=3, times=0)
    with pytest.raises(Exception, match="batches of insert Account are"):
        client(small).insert("Account", ROWS, batch_size=1, parallel=1, journal=tmp_path / "j")
    small.faults.clear()
    with pytest.raises(ReserveReached, match="Nothing more was sent"):
        client(small, min_batches=5).insert("Account", ROWS, batch_size=1, journal=tmp_path / "j")
    result = client(small).insert("Account", ROWS, batch_size=1, journal=tmp_path / "j")
    assert result.succeeded == 8
    assert held(small) == sorted(row["Name"] for row in ROWS)


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_an_export_that_would_use_up_the_reserve_is_refused(
    org: SalesforceEmulator, api: str
) -> None:
    """No job is made."""
    bulk = client(org, min_api_calls=API_CALLS)
    with pytest.raises(ReserveReached, match="export Account"):
        list(bulk.export("SELECT Id FROM Account", api=api))
    assert posts(org) == 0


def test_an_export_stops_between_pages_and_goes_on(org: SalesforceEmulator, tmp_path: Any) -> None:
    """The file is not there half; with a journal the same call goes on with the missing page."""
    client(org).insert("Account", ROWS)
    options = {"journal": tmp_path / "j", "max_records": 2, "api": "2.0"}
    known = client(org)
    known.limits()
    usage = known.api_usage()
    assert usage is not None
    # Describe, job, states, and the first pages fit in.
    bulk = client(org, min_api_calls=usage.remaining - 7)
    with pytest.raises(ReserveReached, match="the same export goes on from here"):
        bulk.export("SELECT Name FROM Account", **options).to_csv(tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()
    jobs = sum(one.method == "POST" and one.path.endswith("/query") for one in org.requests)
    rows = client(org).export("SELECT Name FROM Account", **options).to_csv(tmp_path / "x.csv")
    assert rows == 8
    assert jobs == sum(o.method == "POST" and o.path.endswith("/query") for o in org.requests) == 1


def test_without_a_reserve_nothing_more_is_asked(org: SalesforceEmulator) -> None:
    """A load asks for the limits once, whether or not it keeps a reserve of its own."""
    client(org).insert("Account", ROWS, batch_size=1)
    assert sum(one.path.endswith("/limits") for one in org.requests) == 1


def test_a_reserve_needs_limits_that_can_be_seen(org: SalesforceEmulator) -> None:
    """Where the user may not see them, the load is not begun."""
    org.faults.add("api_error", path="*/limits", status=404, code="NOT_FOUND", times=0)
    with pytest.raises(Exception, match="min_batches= need GET /limits"):
        client(org, min_batches=1).insert("Account", ROWS)
    assert posts(org) == 0


@pytest.mark.parametrize("value", [-1, 1.5, "many", True, None, "-3"])
def test_a_reserve_is_a_number(value: Any) -> None:
    """What is none is refused by the constructor."""
    for name in ("min_batches", "min_api_calls"):
        with pytest.raises(InvalidInput, match=name):
            SalesforceBulk(sessionId="s", host="acme.example", **{name: value})


def test_a_connection_has_a_reserve(
    small: SalesforceEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """min_batches is a key of connections; an argument goes before it."""
    for name, value in {
        "USERNAME": small.username, "PASSWORD": small.password,
        "SECURITY_TOKEN": small.security_token, "LOGIN_URL": small.url, "MIN_BATCHES": "10",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"SALESFORCE_BULK_PROD_{name}", value)
    with pytest.raises(ReserveReached):
        SalesforceBulk.connect("prod").insert("Account", ROWS)
    assert SalesforceBulk.connect("prod", min_batches=0).insert("Account", ROWS).succeeded == 8


def test_the_newest_answer_tells_the_calls(org: SalesforceEmulator) -> None:
    """api_usage() knows what the last answer of REST or of 2.0 told, and asks for nothing."""
    bulk = client(org)
    assert bulk.api_usage() is None
    bulk.describe("Account")
    first = bulk.api_usage()
    assert first is not None
    assert first.maximum == API_CALLS
    before = len(org.requests)
    assert bulk.api_usage() == first
    assert len(org.requests) == before
    bulk.limits()
    assert bulk.api_usage() == ApiUsage(first.used + 1, API_CALLS)


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("api-usage=18/5000", ApiUsage(18, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)", ApiUsage(25, 5000)),
        ("per-app-api-usage=17/250(appName=sample); api-usage=25/5000", ApiUsage(25, 5000)),
        ("per-app-api-usage=17/250(appName=sample)", None),
        ("api-usage=6000/5000", ApiUsage(6000, 5000)),
        ("api-usage=many/5000", None),
        ("", None),
        (None, None),
    ],
)
def test_the_header_is_read(header: str | None, usage: ApiUsage | None) -> None:
    """The org's own calls count, not those of one app; more than allowed leaves none."""
    assert read_limit_info(header) == usage
    assert usage is None or usage.remaining >= 0
