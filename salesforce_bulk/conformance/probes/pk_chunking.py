"""PK chunking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from salesforce_bulk.conformance.bulk1_calls import (
    add_batch,
    create_job,
    ended_batch,
    field_of,
    open_job,
    refusal_of,
    result_ids,
    set_state,
    state_of,
    values_of,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Hidden, NotAsked, Probe
from salesforce_bulk.conformance.target_org import TargetOrg

_HEADER = "Sforce-Enable-PKChunking"
#: A chunk more costs a batch more: the largest that there is.
_LARGEST = "chunkSize=250000;"
#: Objects that can be split and may have no records, none of which probes make.
_MAYBE_EMPTY = ("Campaign", "Asset", "Contract", "Solution", "Order", "Lead", "Case")


@dataclass(frozen=True)
class _Chunked:
    """The batches of a job, the one that was posted among them: its path and its id."""

    batch: str
    original: str
    listed: Sequence[str]
    state: str
    chunks: Sequence[str]


def _chunked(org: TargetOrg, name: str, soql: str) -> _Chunked:
    """A query whose job is to be split, when all of its batches have ended."""
    with open_job(org, "query", name, headers={_HEADER: _LARGEST}) as job:
        batch = add_batch(org, job, soql)
        original = batch.rpartition("/")[2]
        state = state_of(ended_batch(org, batch))
        listed = values_of(org.send("GET", f"{job}/batch"), "id")
        chunks = [f"{job}/batch/{each}" for each in listed if each[:15] != original[:15]]
        for chunk in chunks:
            ended_batch(org, chunk)
    return _Chunked(batch, original, listed, state, chunks)


def _users(org: TargetOrg) -> _Chunked:
    def ask(org: TargetOrg) -> _Chunked:
        found = _chunked(org, "User", "SELECT Username FROM User")
        if not found.chunks:
            raise NotAsked("the org did not split a query of User")
        return found

    return org.once("chunks of User", ask)


def _created(org: TargetOrg, header: str, name: str = "User") -> Exchange:
    """The answer to asking for a job with that header; a job that comes of it is aborted."""
    answer = create_job(org, "query", name, headers={_HEADER: header})
    identity = field_of(answer, "id")
    if answer.status < 300 and identity:
        set_state(org, f"{answer.path}/{identity}", "Aborted")
    return answer


def _taken_or_refused(answer: Exchange, taken: str) -> str:
    return taken if answer.status < 300 else refusal_of(answer)


def _header(org: TargetOrg) -> str:
    for header in ("TRUE", "true; chunkSize=100000", "ChunkSize=100000;"):
        answer = _created(org, header)
        if answer.status >= 300:
            return f"{refusal_of(answer)} for {header}"
    return "taken"


def _original_place(org: TargetOrg) -> str:
    found = _users(org)
    places = {found.listed[0]: "first", found.listed[-1]: "last"}
    return places.get(found.original, "between the chunks")


def _request(org: TargetOrg) -> str:
    texts = [org.send("GET", f"{chunk}/request").text for chunk in _users(org).chunks[:1]]
    if "Id >=" not in texts[0]:
        return "the query without a range of ids"
    return "ids quoted" if "'005" in texts[0] else "ids unquoted"


def _outcome(found: _Chunked) -> str:
    """What became of a query that may not be split."""
    if found.chunks:
        return "chunked"
    return "Failed" if found.state == "Failed" else "unchunked"


def _order_limit_ids(org: TargetOrg) -> str:
    return _outcome(_chunked(org, "User", "SELECT Username FROM User LIMIT 1"))


def _unsupported_object(org: TargetOrg) -> str:
    created = _created(org, _LARGEST, "Profile")
    if created.status >= 300:
        return refusal_of(created)
    return _outcome(_chunked(org, "Profile", "SELECT Name FROM Profile WHERE Name = null"))


def _empty_object(org: TargetOrg) -> str:
    """The name of an object without records."""
    for name in _MAYBE_EMPTY:
        soql = f"SELECT+COUNT()+FROM+{name}"
        if field_of(org.send("GET", f"{org.data}/query?q={soql}"), "totalSize") == "0":
            return name
    raise NotAsked(f"the org has records of each of {', '.join(_MAYBE_EMPTY)}")


def _object_without_records(org: TargetOrg) -> str:
    name = _empty_object(org)
    soql = f"SELECT CreatedDate FROM {name}"  # noqa: S608  # nosec B608 # a name of ours
    found = _chunked(org, name, soql)
    if len(found.chunks) == 1:
        return "one chunk"
    if found.chunks:
        return "several chunks"
    if found.state != "Completed":
        return "no chunk" if found.state == "NotProcessed" else _outcome(found)
    # A batch that was split may be said to be completed as well: it has no result of its own.
    if _has_result(org, found.batch):
        return "unchunked"
    if not _has_result(org, _unsplit(org, name, soql)):
        raise Hidden(
            "a query without rows has no result, and the batch of a split one is completed"
        )
    return "no chunk"


def _unsplit(org: TargetOrg, name: str, soql: str) -> str:
    """The batch of the same query in a job that is not to be split, when it has ended."""
    with open_job(org, "query", name) as job:
        batch = add_batch(org, job, soql)
    ended_batch(org, batch)
    return batch


def _has_result(org: TargetOrg, batch: str) -> bool:
    return bool(result_ids(org.send("GET", f"{batch}/result")))


PROBES = (
    Probe("bulk1.pk_chunking.header", _header),
    Probe("bulk1.pk_chunking.original_state", lambda org: _users(org).state),
    Probe("bulk1.pk_chunking.original_place", _original_place),
    Probe("bulk1.pk_chunking.request", _request),
    Probe(
        "bulk1.pk_chunking.size_above_maximum",
        lambda org: _taken_or_refused(_created(org, "chunkSize=250001"), "the maximum"),
    ),
    Probe(
        "bulk1.pk_chunking.bad_header",
        lambda org: _taken_or_refused(_created(org, "chunkSize=many"), "ignored"),
    ),
    Probe(
        "bulk1.pk_chunking.sampled_data",
        lambda org: _taken_or_refused(
            _created(org, "chunkSize=100000; useSampledData=true"), "accepted"
        ),
    ),
    Probe("bulk1.pk_chunking.order_limit_ids", _order_limit_ids),
    Probe("bulk1.pk_chunking.unsupported_object", _unsupported_object),
    Probe("bulk1.pk_chunking.object_without_records", _object_without_records),
)
