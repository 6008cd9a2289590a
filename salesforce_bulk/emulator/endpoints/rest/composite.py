"""Several requests, or several records, in one: ``/services/data/vNN.0/composite``.

Sources: REST API Developer Guide, "Composite Resources"; recorded traffic of ``composite`` and
``composite/sobjects``.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.data.values import RowOutcome
from salesforce_bulk.emulator.endpoints.rest.body import JsonBody
from salesforce_bulk.emulator.endpoints.rest.family import (
    PREFIX,
    RestFamily,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.endpoints.rest.writer import (
    RecordToWrite,
    RecordWriter,
    failed,
    outcome_document,
    rolled_back,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Body, Request, Response, SizedStream, blocks_of
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import SObject

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

BODY_BYTES = 20_000_000
#: Records of one call, and of one tree.
RECORDS = 200
#: Records that may be read in one call.
READ_RECORDS = 2_000
#: Requests within one.
SUBREQUESTS = 25
#: Of which so many may be queries, or collections of records.
SUBREQUESTS_OF_SEVERAL = 5
GRAPHS, GRAPH_NODES = 75, 500
TREE_LEVELS = 5
#: Resources that may not stand within a composite request.
_NESTED = re.compile(r"/composite/?(\?|$)|/composite/(batch|graph|tree)", re.IGNORECASE)
_OF_SEVERAL = re.compile(r"/(query|queryAll|composite/sobjects)\b", re.IGNORECASE)
_REFERENCE = re.compile(r"@\{(?P<name>[A-Za-z0-9_]+)(?P<path>[^}]*)\}")
_STEP = re.compile(r"\.?(?P<key>[A-Za-z0-9_]+)|\[(?P<index>[0-9]{1,6})\]")
_REFERENCE_ID = re.compile("[A-Za-z0-9_]+")

#: Answers a request as the org does, within the one that is being answered.
Answer = Callable[[Request], Response]


class _HaltError(Exception):
    """A request of several failed, and all were wanted."""


@dataclass(slots=True)
class _SubRequest:
    """One request of a composite one."""

    method: str
    url: str
    reference: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Composite:
    """The resources below ``composite``; ``answer`` performs the requests within a request."""

    answer: Answer

    def __init__(self, org: Org, family: RestFamily) -> None:
        self._org = org
        self._family = family
        self._writer = RecordWriter(org)

    def routes(self) -> list[Route]:
        base = f"{PREFIX}/{{version}}/composite"
        family = self._family
        return [
            route("rest.composite", base, family, GET=self.resources, POST=self.composite),
            route("rest.batch", f"{base}/batch", family, POST=self.batch),
            route("rest.graph", f"{base}/graph", family, POST=self.graph),
            route("rest.tree", f"{base}/tree/{{object}}", family, POST=self.tree),
            route(
                "rest.collection",
                f"{base}/sobjects",
                family,
                POST=self.create_records,
                PATCH=self.update_records,
                DELETE=self.delete_records,
            ),
            route(
                "rest.collection",
                f"{base}/sobjects/{{object}}",
                family,
                GET=self.read_records,
                POST=self.read_records,
            ),
            route(
                "rest.collection",
                f"{base}/sobjects/{{object}}/{{field}}",
                family,
                PATCH=self.upsert_records,
            ),
        ]

    def resources(self, call: Call) -> Response:
        base = f"{PREFIX}/{call['version']}/composite"
        names = ("batch", "graph", "sobjects", "tree")
        return json_reply({name: f"{base}/{name}" for name in names})

    def _body(self, call: Call) -> JsonBody:
        return JsonBody(call.request.body.read_all(BODY_BYTES), self._org.dialect)

    # records

    def create_records(self, call: Call) -> Response:
        return self._write_records("insert", call)

    def update_records(self, call: Call) -> Response:
        return self._write_records("update", call)

    def upsert_records(self, call: Call) -> Response:
        key = self._object(call).field(call["field"])
        if key is None or not key.key_for_lookup:
            text = "Provided external ID field does not exist or is not accessible: "
            raise ApiError(404, "NOT_FOUND", text + call["field"])
        return self._write_records("upsert", call, key.name)

    def _write_records(self, operation: str, call: Call, key: str | None = None) -> Response:
        body = self._body(call)
        document = body.as_object()
        all_or_none = _flag(document, "allOrNone")
        told = self._records(call, body, document.get("records"))
        records = [each for each in told if isinstance(each, RecordToWrite)]
        if all_or_none and len(records) < len(told):
            outcomes = [self._rolled_back(each) for each in told]
        else:
            written = iter(
                self._writer.write(
                    operation, records, _user(call), external_id=key, all_or_none=all_or_none
                )
            )
            outcomes = [each if isinstance(each, RowOutcome) else next(written) for each in told]
        return json_reply([outcome_document(outcome, key is not None) for outcome in outcomes])

    def _rolled_back(self, told: RecordToWrite | RowOutcome) -> RowOutcome:
        return told if isinstance(told, RowOutcome) else rolled_back((), self._org.dialect)

    def _records(self, call: Call, body: JsonBody, listed: Any) -> list[RecordToWrite | RowOutcome]:
        """The records, those of no known type as failed ones where the dialect has them so."""
        dialect = self._org.dialect
        if not isinstance(listed, list):
            refusal = dialect.refusal("rest.collections.no_records")
            raise ApiError(*refusal, "The records have to be specified")
        self._check_count(listed)
        if dialect["rest.collections.unknown_type"] == "the call":
            return [self._record(call, body, record) for record in listed]
        return [self._record_or_failure(call, body, record) for record in listed]

    def _check_count(self, listed: Sequence[Any]) -> None:
        if len(listed) > RECORDS:
            raise ApiError(
                *self._org.dialect.refusal("rest.collections.too_many"),
                f"record limit reached. cannot submit more than {RECORDS} records into this call",
            )

    def _record_or_failure(
        self, call: Call, body: JsonBody, record: Any
    ) -> RecordToWrite | RowOutcome:
        try:
            return self._record(call, body, record)
        except ApiError as error:
            if error.code != "INVALID_TYPE":
                raise
            return failed(error.code, str(error))

    def _record(self, call: Call, body: JsonBody, record: Any) -> RecordToWrite:
        attributes = record.get("attributes") if isinstance(record, dict) else None
        name = attributes.get("type") if isinstance(attributes, dict) else None
        sobject = self._org.schema.get(name) if isinstance(name, str) else None
        if sobject is None:
            text = f"The type of a record is missing or unknown: {name}"
            raise ApiError(400, "INVALID_TYPE", text)
        if call.parameters.get("object", sobject.name).lower() != sobject.name.lower():
            text = f"The records have to be of type {call['object']}"
            raise ApiError(400, "INVALID_TYPE", text)
        return RecordToWrite(sobject, body.record(record, sobject))

    def delete_records(self, call: Call) -> Response:
        query = call.request.query
        listed = [part.strip() for part in query.get("ids", [""])[0].split(",") if part.strip()]
        if not listed:
            raise ApiError(400, "MISSING_ARGUMENT", f"ids has to name 1 to {RECORDS} records")
        self._check_count(listed)
        known = [self._org.schema.by_prefix(identity[:3]) for identity in listed]
        records = [
            RecordToWrite(sobject, {"Id": identity})
            for identity, sobject in zip(listed, known, strict=True)
            if sobject is not None
        ]
        all_or_none = query.get("allOrNone", [""])[0].lower() == "true"
        if all_or_none and len(records) < len(listed):
            records = []
        outcomes = iter(self._writer.write("delete", records, _user(call), all_or_none=all_or_none))
        told = [
            next(outcomes, failed("MALFORMED_ID", f"malformed id {identity}"))
            if sobject is not None
            else failed("MALFORMED_ID", f"malformed id {identity}")
            for identity, sobject in zip(listed, known, strict=True)
        ]
        return json_reply([outcome_document(outcome) for outcome in told])

    def read_records(self, call: Call) -> Response:
        """The records of some ids, null for those that are not there."""
        sobject = self._object(call)
        ids, fields = self._wanted(call)
        address = f"{PREFIX}/{call['version']}/sobjects/{sobject.name}"
        found = []
        for identity in ids:
            url = f"{address}/{identity}?fields={quote(','.join(fields))}"
            response = self._perform(call, _SubRequest("GET", url, ""))
            document = json.loads(b"".join(blocks_of(response.body)))
            if response.status == 404:
                document = None
            elif response.status != 200:
                raise ApiError(response.status, document[0]["errorCode"], document[0]["message"])
            found.append(document)
        return json_reply(found)

    def _wanted(self, call: Call) -> tuple[list[str], list[str]]:
        if call.request.method == "POST":
            document = self._body(call).as_object()
        else:
            query = call.request.query
            document = {name: query.get(name, [""])[0].split(",") for name in ("ids", "fields")}
        ids, fields = (_texts(document.get(name)) for name in ("ids", "fields"))
        if not ids or not fields or len(ids) > READ_RECORDS:
            text = f"ids (at most {READ_RECORDS}) and fields have to be specified"
            raise ApiError(400, "MISSING_ARGUMENT", text)
        # What is no id names no record; in an address it could name something else.
        return [to_18(identity) or "0" * 18 for identity in ids], fields

    def _object(self, call: Call) -> SObject:
        sobject = self._org.schema.get(call["object"])
        if sobject is None:
            raise not_found()
        return sobject

    # trees

    def tree(self, call: Call) -> Response:
        body = self._body(call)
        tree = _Tree(self._org, body, self._object(call))
        tree.read(body.as_object().get("records"))
        results = self._write_tree(tree, _user(call))
        refused = [result for result in results if "errors" in result]
        if refused:
            status = int(self._org.dialect["rest.tree.status"])
            return json_reply({"hasErrors": True, "results": refused}, status)
        return json_reply({"hasErrors": False, "results": results}, 201)

    def _write_tree(self, tree: _Tree, user: SessionUser | None) -> list[dict[str, Any]]:
        """A result a record, in the order of the document; with an error nothing is stored."""
        results: list[dict[str, Any]] = [{"referenceId": node.reference} for node in tree.nodes]
        ids: dict[int, str] = {}
        try:
            with self._org.store.writing():
                for level in range(TREE_LEVELS):
                    self._write_level(tree, level, user, ids, results)
                if any("errors" in result for result in results):
                    raise _HaltError
        except _HaltError:
            return results
        return results

    def _write_level(
        self,
        tree: _Tree,
        level: int,
        user: SessionUser | None,
        ids: dict[int, str],
        results: list[dict[str, Any]],
    ) -> None:
        numbers = [
            number
            for number, node in enumerate(tree.nodes)
            if node.level == level and (node.parent is None or node.parent in ids)
        ]
        outcomes = self._writer.write(
            "insert", [tree.record(number, ids) for number in numbers], user
        )
        for number, outcome in zip(numbers, outcomes, strict=True):
            if outcome.success and outcome.id:
                ids[number] = results[number]["id"] = outcome.id
            else:
                results[number]["errors"] = outcome_document(outcome)["errors"]

    # requests

    def composite(self, call: Call) -> Response:
        document = self._body(call).as_object()
        requests = self._subrequests(document.get("compositeRequest"), SUBREQUESTS)
        if sum(bool(_OF_SEVERAL.search(request.url)) for request in requests) > (
            SUBREQUESTS_OF_SEVERAL
        ):
            text = f"At most {SUBREQUESTS_OF_SEVERAL} subrequests may be queries or collections"
            raise ApiError(400, "LIMIT_EXCEEDED", text)
        answers, _ = self._perform_all(call, requests, _flag(document, "allOrNone"))
        return json_reply({"compositeResponse": answers})

    def graph(self, call: Call) -> Response:
        document = self._body(call).as_object()
        graphs = document.get("graphs")
        if not isinstance(graphs, list) or not 0 < len(graphs) <= GRAPHS:
            raise ApiError(400, "MISSING_ARGUMENT", f"graphs has to hold 1 to {GRAPHS} graphs")
        return json_reply({"graphs": [self._graph(call, graph) for graph in graphs]})

    def _graph(self, call: Call, graph: Any) -> dict[str, Any]:
        if not isinstance(graph, dict) or not isinstance(graph.get("graphId"), str):
            raise ApiError(400, "MISSING_ARGUMENT", "A graph needs a graphId")
        requests = self._subrequests(graph.get("compositeRequest"), GRAPH_NODES)
        answers, succeeded = self._perform_all(call, requests, all_or_none=True)
        return {
            "graphId": graph["graphId"],
            "graphResponse": {"compositeResponse": answers},
            "isSuccessful": succeeded,
        }

    def batch(self, call: Call) -> Response:
        document = self._body(call).as_object()
        halt = _flag(document, "haltOnError")
        results: list[dict[str, Any]] = []
        for request in _batch_requests(document.get("batchRequests")):
            if halt and any(result["statusCode"] >= 400 for result in results):
                error = {
                    "errorCode": "BATCH_PROCESSING_HALTED",
                    "message": "Batch processing halted per request",
                }
                results.append({"statusCode": 412, "result": [error]})
                continue
            response = self._perform(call, request)
            results.append({"statusCode": response.status, "result": _content(response)})
        failed = any(result["statusCode"] >= 400 for result in results)
        return json_reply({"hasErrors": failed, "results": results})

    def _perform_all(
        self, call: Call, requests: Sequence[_SubRequest], all_or_none: bool
    ) -> tuple[list[dict[str, Any]], bool]:
        """The answers, and whether all are good; else, where all were wanted, nothing is done."""
        answers: list[dict[str, Any]] = []
        if not all_or_none:
            answers.extend(self._answers(call, requests))
            return answers, all(answer["httpStatusCode"] < 400 for answer in answers)
        try:
            with self._org.store.writing():
                for answer in self._answers(call, requests):
                    answers.append(answer)
                    if answer["httpStatusCode"] >= 400:
                        raise _HaltError
        except _HaltError:
            text = (
                "The transaction was rolled back since another operation in the same "
                "transaction failed."
            )
            failed = len(answers) - 1
            return [
                answers[failed] if number == failed else self._halted(request, text)
                for number, request in enumerate(requests)
            ], False
        return answers, True

    def _answers(self, call: Call, requests: Sequence[_SubRequest]) -> Iterator[dict[str, Any]]:
        known: dict[str, Any] = {}
        for request in requests:
            try:
                url = _resolve(request.url, known, unquoted=False)
                body = _resolve(request.body, known)
            except _UnknownReferenceError as error:
                yield self._halted(request, str(error))
                continue
            resolved = _SubRequest(request.method, str(url), request.reference, body)
            resolved.headers = request.headers
            response = self._perform(call, resolved)
            content = _content(response)
            if response.status < 400:
                known[request.reference] = content
            location = response.headers.get("Location")
            yield {
                "body": content,
                "httpHeaders": {"Location": location} if location else {},
                "httpStatusCode": response.status,
                "referenceId": request.reference,
            }

    def _halted(self, request: _SubRequest, text: str) -> dict[str, Any]:
        code = self._org.dialect["rest.composite.halted"]
        return {
            "body": [{"errorCode": code, "message": text}],
            "httpHeaders": {},
            "httpStatusCode": 400,
            "referenceId": request.reference,
        }

    def _subrequests(self, listed: Any, limit: int) -> list[_SubRequest]:
        dialect = self._org.dialect
        if not isinstance(listed, list) or not listed:
            refusal = dialect.refusal("rest.composite.nothing")
            raise ApiError(*refusal, "compositeRequest has to be specified")
        if len(listed) > limit:
            text = f"A request holds at most {limit} subrequests"
            raise ApiError(*dialect.refusal("rest.composite.too_many"), text)
        requests = [_subrequest(entry, dialect) for entry in listed]
        references = [request.reference for request in requests]
        if len(set(references)) < len(references):
            refusal = dialect.refusal("rest.composite.same_reference")
            raise ApiError(*refusal, "The referenceIds have to differ")
        return requests

    def _perform(self, call: Call, request: _SubRequest) -> Response:
        url = urlsplit(request.url)
        content = b"" if request.body is None else json.dumps(request.body).encode()
        inherited = ("authorization", "host", "sforce-call-options", "sforce-auto-assign")
        headers = {n: v for n, v in call.request.headers.items() if n in inherited}
        headers |= {name.lower(): value for name, value in request.headers.items()}
        return self.answer(
            Request(
                method=request.method.upper(),
                target=request.url,
                path=unquote(url.path),
                query=parse_qs(url.query, keep_blank_values=True),
                headers={**headers, "content-type": "application/json"},
                body=Body(SizedStream(io.BytesIO(content), len(content)), False, lambda: None),
                address=call.request.address,
            )
        )


@dataclass(slots=True)
class _TreeNode:
    """A record of a tree: by which of its fields it refers to its parent, if it has one."""

    sobject: SObject
    document: dict[str, Any]
    reference: str
    level: int
    parent: int | None = None
    parent_field: str = ""


class _Tree:
    """The records of a tree, parents before their children. Raises ApiError."""

    def __init__(self, org: Org, body: JsonBody, root: SObject) -> None:
        self._org = org
        self._body = body
        self._root = root
        self.nodes: list[_TreeNode] = []

    def read(self, records: Any) -> None:
        self._read(records, self._root, 0, None, "")
        references = [node.reference for node in self.nodes]
        if len(set(references)) < len(references):
            raise ApiError(400, "INVALID_INPUT", "The referenceIds of a tree have to differ")

    def _read(
        self, records: Any, sobject: SObject, level: int, parent: int | None, field_name: str
    ) -> None:
        if not isinstance(records, list) or not records:
            raise ApiError(400, "MISSING_ARGUMENT", "The records have to be specified")
        if level >= TREE_LEVELS:
            raise ApiError(400, "LIMIT_EXCEEDED", f"A tree has at most {TREE_LEVELS} levels")
        for record in records:
            number = len(self.nodes)
            node, children = self._node(record, sobject, level)
            node.parent, node.parent_field = parent, field_name
            self.nodes.append(node)
            if len(self.nodes) > RECORDS:
                raise ApiError(400, "LIMIT_EXCEEDED", f"A tree has at most {RECORDS} records")
            for child, child_field, listed in children:
                self._read(listed, child, level + 1, number, child_field)

    def _node(
        self, record: Any, sobject: SObject, level: int
    ) -> tuple[_TreeNode, list[tuple[SObject, str, Any]]]:
        attributes = record.get("attributes") if isinstance(record, dict) else None
        if not isinstance(attributes, dict):
            attributes = {}
        reference = attributes.get("referenceId")
        if not isinstance(reference, str) or not _REFERENCE_ID.fullmatch(reference):
            raise ApiError(400, "INVALID_INPUT", "Every record of a tree needs a referenceId")
        if str(attributes.get("type", "")).lower() != sobject.name.lower():
            text = f"The record {reference} has to be of type {sobject.name}"
            raise ApiError(400, "INVALID_TYPE", text)
        document, children = {}, []
        for name, value in record.items():
            relationship = sobject.child_relationship(name)
            child = self._org.schema.get(relationship.child_object) if relationship else None
            if relationship and child and isinstance(value, dict):
                children.append((child, relationship.field, value.get("records")))
            else:
                document[name] = value
        return _TreeNode(sobject, document, reference, level), children

    def record(self, number: int, ids: Mapping[int, str]) -> RecordToWrite:
        """A record of the tree, its parent by the id that it has got."""
        node = self.nodes[number]
        cells = self._body.record(node.document, node.sobject)
        if node.parent is not None:
            cells[node.parent_field] = ids[node.parent]
        return RecordToWrite(node.sobject, cells)


class _UnknownReferenceError(Exception):
    """A reference to what no earlier answer has."""


def _resolve(value: Any, known: Mapping[str, Any], unquoted: bool = True) -> Any:
    """A value with its references replaced; a text that is one reference takes its type."""
    if isinstance(value, dict):
        return {name: _resolve(nested, known) for name, nested in value.items()}
    if isinstance(value, list):
        return [_resolve(nested, known) for nested in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value) if unquoted else None
    if whole is not None:
        return _referred(whole, known)
    return _REFERENCE.sub(lambda found: str(_referred(found, known)), value)


def _referred(found: re.Match[str], known: Mapping[str, Any]) -> Any:
    name, path = found["name"], found["path"]
    place: Any = known.get(name)
    steps = list(_STEP.finditer(path))
    try:
        if name not in known or "".join(step[0] for step in steps) != path:
            raise KeyError(path)
        for step in steps:
            place = place[step["key"]] if step["key"] else place[int(step["index"])]
    except (KeyError, IndexError, TypeError):
        text = f"Invalid reference specified. No value for {name}{path} found in {name}"
        raise _UnknownReferenceError(text) from None
    return place


def _subrequest(entry: Any, dialect: Dialect) -> _SubRequest:
    document = entry if isinstance(entry, dict) else {}
    method, url, reference = (document.get(name) for name in ("method", "url", "referenceId"))
    headers = document.get("httpHeaders") or {}
    if not _are_texts([method, url, reference]) or not _REFERENCE_ID.fullmatch(str(reference)):
        refusal = dialect.refusal("rest.composite.malformed")
        raise ApiError(*refusal, "A subrequest needs method, url and referenceId")
    if not isinstance(headers, dict) or not _are_texts(list(headers.values())):
        raise ApiError(400, "INVALID_INPUT", "httpHeaders has to hold texts")
    if not str(url).startswith(f"{PREFIX}/v") or _NESTED.search(str(url)):
        raise ApiError(400, "INVALID_INPUT", f"The url of {reference} is no resource for it: {url}")
    return _SubRequest(str(method), str(url), str(reference), document.get("body"), headers)


def _batch_requests(listed: Any) -> list[_SubRequest]:
    if not isinstance(listed, list) or not 0 < len(listed) <= SUBREQUESTS:
        raise ApiError(400, "MISSING_ARGUMENT", f"batchRequests holds 1 to {SUBREQUESTS} requests")
    requests = []
    for entry in listed:
        document = entry if isinstance(entry, dict) else {}
        method, url = document.get("method"), document.get("url")
        if not _are_texts([method, url]):
            raise ApiError(400, "MISSING_ARGUMENT", "A batch request needs method and url")
        if document.get("binaryPartName") or document.get("binaryPartNameAlias"):
            text = "binary parts of a batch request are not emulated"
            raise ApiError(400, "FUNCTIONALITY_NOT_ENABLED", text)
        address = str(url).removeprefix(PREFIX).lstrip("/")
        if _NESTED.search(address):
            raise ApiError(400, "INVALID_INPUT", f"A batch cannot hold {url}")
        requests.append(
            _SubRequest(str(method), f"{PREFIX}/{address}", "", document.get("richInput"))
        )
    return requests


def _content(response: Response) -> Any:
    content = b"".join(blocks_of(response.body))
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def _flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name)
    if value is not None and not isinstance(value, bool):
        raise ApiError(400, "JSON_PARSER_ERROR", f"{name} has to be true or false")
    return bool(value)


def _texts(values: Any) -> list[str]:
    """The values, if they are a list of texts; else none."""
    return values if isinstance(values, list) and _are_texts(values) else []


def _are_texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _user(call: Call) -> SessionUser | None:
    return call.session.user if call.session else None
