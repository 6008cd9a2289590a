"""What clients say of a job: its jobInfo, and the headers of its creation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from salesforce_bulk import limits
from salesforce_bulk.emulator.endpoints.bulk1.documents import JOB_FIELD_BY_NAME
from salesforce_bulk.emulator.endpoints.bulk1.media_types import MEDIA_TYPES, media_type
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.http.server import Request
from salesforce_bulk.emulator.jobs.engine import PkChunking

JOB_DOCUMENT_BYTES = 1_000_000
CONCURRENCY_MODES = ("Parallel", "Serial")


def read_job_document(request: Request, dialect: Dialect) -> dict[str, object]:
    """The fields of a jobInfo in XML or JSON. Raises ApiError."""
    body = request.body.read_all(JOB_DOCUMENT_BYTES)
    kind = media_type(request)
    if kind not in ("", "application/xml", "application/json", "text/csv"):
        raise ApiError(
            *dialect.refusal("bulk1.job.media_type"), f"Unsupported content type: {kind}"
        )
    fields = _json_job(body) if kind == MEDIA_TYPES["JSON"] else _xml_job(body, dialect)
    for name in fields:
        if name not in JOB_FIELD_BY_NAME:
            raise unparsable()
    return {name: value for name, value in fields.items() if value is not None}


def unparsable() -> ApiError:
    return ApiError(400, "InvalidJob", "Unable to parse Job")


def _json_job(body: bytes) -> dict[str, object]:
    try:
        document = wire.parse_json(body)
    except wire.JsonError:
        raise unparsable() from None
    if not isinstance(document, dict):
        raise unparsable()
    return document


def _xml_job(body: bytes, dialect: Dialect) -> dict[str, object]:
    try:
        root = wire.parse_xml(body)
    except wire.XmlError as error:
        raise ApiError(
            *dialect.refusal("bulk1.job.invalid_xml"), f"Unable to parse XML: {error}"
        ) from None
    if root.name != "jobInfo":
        raise unparsable()
    strict = dialect["bulk1.job.xml_form"]
    if strict == "needs the namespace" and wire.DATALOAD.encode() not in body:
        raise unparsable()
    if strict == "needs the order" and not _in_order(child.name for child in root.children):
        raise unparsable()
    return {child.name: None if child.nil else child.text.strip() for child in root.children}


def _in_order(names: Iterable[str]) -> bool:
    """Whether the fields of a jobInfo stand as its schema has them."""
    places = [list(JOB_FIELD_BY_NAME).index(name) for name in names if name in JOB_FIELD_BY_NAME]
    return places == sorted(places)


def refuse_fields(fields: Mapping[str, object], moment: str) -> None:
    """Raises ApiError for a field that only the server, or only another call, may set."""
    for name in fields:
        if JOB_FIELD_BY_NAME[name].client != moment:
            label = name[0].upper() + name[1:]
            raise ApiError(400, "InvalidJob", f"{label} cannot be specified")


def text_of(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise unparsable()
    return value


def one_of(words: tuple[str, ...], value: object, default: str | None = None) -> str:
    """A word of an enumeration, in its letter case."""
    if value is None and default is not None:
        return default
    if isinstance(value, str) and value in words:
        return value
    raise unparsable()


def concurrency_mode(value: object) -> str:
    """The one enumeration of which clients send ordinals."""
    if isinstance(value, int) and not isinstance(value, bool) and value in (0, 1):
        return CONCURRENCY_MODES[value]
    return one_of(CONCURRENCY_MODES, value, "Parallel")


def flag(request: Request, name: str) -> bool:
    return request.header(name).strip().lower() == "true"


def pk_chunking(header: str, dialect: Dialect) -> PkChunking | None:
    """``Sforce-Enable-PKChunking``: a flag, ``key=value`` pairs, or both, between ``;``.

    Raises ApiError for a setting that is none.
    """
    entries = [entry.strip() for entry in header.split(";") if entry.strip()]
    if not entries or any(entry.lower() == "false" for entry in entries):
        return None
    pairs = [entry.partition("=") for entry in entries if entry.lower() != "true"]
    settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
    size = settings.pop("chunksize", str(limits.PK_CHUNK_DEFAULT))
    start_row, parent = settings.pop("startrow", None), settings.pop("parent", None)
    sampled = settings.pop("usesampleddata", None)
    if settings or not size.isdigit() or not int(size):
        if dialect["bulk1.pk_chunking.bad_header"] == "ignored":
            return PkChunking()
        raise _bad_chunking("bulk1.pk_chunking.bad_header", header, dialect)
    if sampled is not None and dialect["bulk1.pk_chunking.sampled_data"] != "accepted":
        raise _bad_chunking("bulk1.pk_chunking.sampled_data", header, dialect)
    above = int(size) > limits.PK_CHUNK_MAXIMUM
    if above and dialect["bulk1.pk_chunking.size_above_maximum"] != "the maximum":
        raise _bad_chunking("bulk1.pk_chunking.size_above_maximum", header, dialect)
    return PkChunking(min(int(size), limits.PK_CHUNK_MAXIMUM), start_row, parent)


def _bad_chunking(behaviour: str, header: str, dialect: Dialect) -> ApiError:
    status, code = dialect.refusal(behaviour)
    return ApiError(status, code, f"Invalid value for Sforce-Enable-PKChunking: {header}")
