"""Whatever stands in results, each row has an outcome, or the error is one of this library."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from fast_clock import FastClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesforce_bulk import BulkApiError
from salesforce_bulk.client_access import access_of

BITS = [b'"', b",", b"\n", b"\r", b"\0", b"\xff", b"x", b'""', b'","', b"true", b"\xef\xbb\xbf",
        b";", b'"\n"', b""]  # fmt: skip
#: Where, how many bytes are taken out, and what is put in.
DAMAGES = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 1, 2, 5]), st.sampled_from(BITS)),
    min_size=1,
    max_size=4,
)


def damaged(body: bytes, damages: list[tuple[float, int, bytes]]) -> bytes:
    for part, out, put_in in damages:
        at = round(part * len(body))
        body = body[:at] + put_in + body[at + out :]
    return body


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@pytest.mark.parametrize("verb", ["insert", "update"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damages=DAMAGES)
def test_damaged_results_end_in_outcomes_or_in_an_error_of_this_library(
    org, bulk, monkeypatch, api, verb, damages
) -> None:
    """Trap: IndexError, csv.Error and the like, behind which the job is lost."""
    names = ["a", 'q"x', "n" * 300, "y\nz"]
    rows = [{"Name": name, "Site": "s"} for name in names]
    if verb == "update":
        made = bulk.insert("Account", [{"Name": name[:9]} for name in names])
        rows = [{"Id": one.id, **row} for one, row in zip(made, rows, strict=True)]
    client = org.connect(clock=FastClock())
    access = access_of(client).org
    result_body, ingest_results = access.v1.result_body, access.v2.ingest_results

    def damaged_file(job_id: str, kind: str) -> Iterator[bytes]:
        return iter([damaged(b"".join(ingest_results(job_id, kind)), damages)])

    monkeypatch.setattr(access.v1, "result_body", lambda *ref: damaged(result_body(*ref), damages))
    monkeypatch.setattr(access.v2, "ingest_results", damaged_file)
    try:
        result = getattr(client, verb)("Account", rows, api=api, on_error="report")
    except BulkApiError:
        return
    assert [row.record["Name"] for row in result] == names
    assert len(result.succeeded) + len(result.failed) + len(result.unknown) == len(
        [row for row in result if row.status != "unprocessed"]
    )
    result.to_csv(io.StringIO())


@pytest.mark.parametrize("line", [b"1,true,true\n", b"1,true,true,,,\n", b"\n"])
def test_a_result_of_other_columns_that_lacks_a_cell_is_no_result(org, bulk, monkeypatch, line):
    told = b"Id,Success,Created,More,Error\n" + line
    monkeypatch.setattr(access_of(bulk).org.v1, "result_body", lambda *_: told)
    result = bulk.insert("Account", [{"Name": "a"}], on_error="report")
    assert [row.status for row in result] == ["unknown"]
