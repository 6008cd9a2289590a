"""The body of an answer: decompressed, whole or an error, and no larger than it may be."""

from __future__ import annotations

import contextlib
import io
import re
import socket
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from salesforce_bulk.errors import BulkApiError, UnexpectedResponse
from salesforce_bulk.formats.gunzip import gunzip

if TYPE_CHECKING:
    from requests import Response

#: Bytes of a download read at a time; 64 KB cost a third more CPU, 1 KB eight times as much.
PIECE_BYTES = 1 << 18
#: Bytes of a document that is read at once: a job, a describe, an error page.
DOCUMENT_BYTES = 8 << 20
#: Bytes of text that a compressed download may hold whatever it was compressed to.
_UNSUSPECTED_BYTES = 128 << 20
#: Text to its compressed bytes; rows of an org reach 20, gzip can make 1,000 out of one.
_LARGEST_RATIO = 200
#: The names of what is read, and whether it is gzip.
_CODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True}
_GZIP_BEGINS = b"\x1f\x8b"
_LENGTH = re.compile(r"(\d{1,18})(?:\s*,\s*\1)*", re.ASCII)


def read_body(
    answer: Response,
    piece_bytes: int = PIECE_BYTES,
    wire: Generator[bytes, None, None] | None = None,
) -> Generator[bytes, None, None]:
    """The body of an answer in pieces, decompressed, complete or an error.

    Args:
        answer: from `Transport.send` with ``stream=True``.
        piece_bytes: bytes read from the wire at a time.
        wire: the answer's `wire_pieces` where somebody else reads them; closed by this.

    Raises:
        IncompleteBody: fewer bytes came than announced, the compressed data is damaged or
            has no end.
        UnexpectedResponse: compressed in a way that was not asked for, or beyond all measure.
        RequestTimeout, ConnectionFailed: the connection failed on the way.
    """
    # Here, so that the package can be imported without them; by now they are there.
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    from salesforce_bulk.http.failures import translate  # noqa: PLC0415

    try:
        with contextlib.closing(wire or wire_pieces(answer, piece_bytes)) as pieces:
            refuse_unknown_coding(answer)
            if is_packed(answer):
                yield from _unpack(pieces, answer)
            else:
                yield from pieces
    except (HTTPError, OSError) as error:
        if isinstance(error, BulkApiError):
            raise
        raise translate(error, "The answer") from error
    finally:
        answer.close()


def as_from_a_socket(answer: Response) -> Response:
    """An answer whose body urllib3 reads, as those that the tests of programs make up have none:
    their adapters, and HTTMock, give it whole or as a file, and unpacked."""
    if hasattr(answer.raw, "stream"):
        return answer
    from urllib3 import HTTPResponse  # noqa: PLC0415 (see read_body)

    # requests has False there until the body is read.
    whole = isinstance(answer._content, bytes) or answer.raw is None
    body = io.BytesIO(answer._content or b"") if whole else answer.raw
    answer.raw = HTTPResponse(body=body, status=answer.status_code, preload_content=False)
    answer.headers.pop("Content-Encoding", None)
    return answer


def read_document(answer: Response, most_bytes: int) -> bytes:
    """The whole body of an answer that is read at once.

    Raises:
        UnexpectedResponse: it is larger than it may be.
        BulkApiError: as `read_body`.
    """
    pieces, size = [], 0
    with contextlib.closing(read_body(answer, min(PIECE_BYTES, most_bytes + 1))) as body:
        for piece in body:
            size += len(piece)
            if size > most_bytes:
                raise _too_large(answer, most_bytes)
            pieces.append(piece)
    return b"".join(pieces)


def _too_large(answer: Response, most_bytes: int) -> UnexpectedResponse:
    error = UnexpectedResponse(
        f"The answer (HTTP {answer.status_code}) is larger than the {most_bytes:,} bytes that a "
        "document may have; a proxy or another server may stand between. Where it is the org's, "
        "give the client a larger max_document_bytes.",
        answer.status_code,
    )
    # Who answers 4xx has refused the request.
    error.may_have_arrived = not 400 <= answer.status_code < 500
    return error


def _unpack(pieces: Iterator[bytes], answer: Response) -> Iterator[bytes]:
    packed_bytes = text_bytes = 0

    def counted() -> Iterator[bytes]:
        nonlocal packed_bytes
        for piece in pieces:
            packed_bytes += len(piece)
            yield piece

    for text in gunzip(counted(), may_be_empty=shows_its_end(answer)):
        text_bytes += len(text)
        if text_bytes > _UNSUSPECTED_BYTES + _LARGEST_RATIO * packed_bytes:
            raise UnexpectedResponse(
                f"The answer unpacks to {text_bytes:,} bytes and more out of {packed_bytes:,}, "
                "which no rows do; another server may stand between.",
                answer.status_code,
            )
        yield text


def wire_pieces(answer: Response, piece_bytes: int) -> Generator[bytes, None, None]:
    """The body as it is sent, compressed where it is, in pieces; its errors are urllib3's."""
    if _is_replayed(answer):
        yield from filter(None, answer.raw.stream(piece_bytes, decode_content=False))
        return
    while piece := _read(answer, piece_bytes):
        yield piece


def _read(answer: Response, size: int) -> bytes:
    from urllib3.exceptions import HTTPError, ProtocolError  # noqa: PLC0415 (see read_body)

    try:
        return bytes(answer.raw.read(size, decode_content=False))
    except ValueError as error:
        if isinstance(error, HTTPError):
            raise
        # A chunk of a negative size, which urllib3 reads as a number.
        raise ProtocolError(f"Connection broken: {error}") from error


def interrupt(answer: Response) -> None:
    """End the body for a thread that waits for its next bytes; it sees a broken connection."""
    # The connection may be read to its end by now, and back in the pool.
    with contextlib.suppress(ValueError, RuntimeError, OSError, AttributeError):
        if hasattr(answer.raw, "shutdown"):
            answer.raw.shutdown()
        else:  # urllib3 before 2.3
            fp: Any = answer.raw._fp
            fp.fp.raw._sock.shutdown(socket.SHUT_RD)


def shows_its_end(answer: Response) -> bool:
    """Whether HTTP itself shows a cut body, by its length or its chunks."""
    if _header(answer, "Transfer-Encoding").lower() == "chunked":
        return True
    # What is no length is not counted down either.
    return _LENGTH.fullmatch(_header(answer, "Content-Length")) is not None


def proves_its_end(answer: Response) -> bool:
    """Whether a cut body would show: by its length, its chunks or its compression."""
    return shows_its_end(answer) or is_packed(answer)


def is_packed(answer: Response) -> bool:
    """Whether the body is compressed in a way that can be read."""
    if not _CODINGS.get(_coding(answer), False):
        return False
    return not _is_replayed(answer) or bytes(answer.raw.data[:2]) == _GZIP_BEGINS


def _is_replayed(answer: Response) -> bool:
    """Whether a recorder's stand-in gives the body: vcrpy, with urllib3 2, which keeps it unpacked
    under the headers of what was packed."""
    from urllib3 import HTTPResponse  # noqa: PLC0415 (see read_body)

    return not isinstance(answer.raw, HTTPResponse)


def refuse_unknown_coding(answer: Response) -> None:
    """Raise `UnexpectedResponse` for a body that cannot be decompressed."""
    name = _unknown_coding(answer)
    if name is not None:
        # No local here has the header, which may echo the session: tools show those of a traceback.
        raise UnexpectedResponse(
            f"The answer is compressed as {_header(answer, name)!r}, which was not asked for; a "
            "proxy may stand between.",
            answer.status_code,
        )


def _unknown_coding(answer: Response) -> str | None:
    """The name of the header that tells a coding which is not read here."""
    if _coding(answer) not in _CODINGS:
        return "Content-Encoding"
    transfer = _header(answer, "Transfer-Encoding").split(",")
    # Of chunks within another coding http.client waits for the end of the connection.
    known = {"", "chunked", "identity"}
    return None if {coding.strip().lower() for coding in transfer} <= known else "Transfer-Encoding"


def _coding(answer: Response) -> str:
    return _header(answer, "Content-Encoding").lower()


def _header(answer: Response, name: str) -> str:
    return str(answer.headers.get(name, "")).strip()
