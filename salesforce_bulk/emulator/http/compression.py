"""Answers as gzip, at level 1: what a client may ask for, and the bodies in their three shapes.

Guide: "Use Compression for Responses".
"""

from __future__ import annotations

import contextlib
import gzip
import re
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from salesforce_bulk.emulator.http.server import BLOCK, FilePart, Request, Response

#: Bodies smaller than this are not worth compressing.
GZIP_FROM = 256


def accepts_gzip(request: Request) -> bool:
    """Whether ``Accept-Encoding`` allows gzip; other codings are ignored."""
    for entry in request.header("accept-encoding").lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def compress(response: Response) -> None:
    """Compresses the body, unless it is too small to gain."""
    body = response.body
    if isinstance(body, bytes) and len(body) >= GZIP_FROM:
        response.body = gzip.compress(body, 1, mtime=0)
    elif isinstance(body, FilePart) and body.size() >= GZIP_FROM:
        response.body = gzipped(body)
    elif isinstance(body, Iterator):
        response.body = _compress(body)
    else:
        return
    response.headers["Content-Encoding"] = "gzip"


def gzipped(part: FilePart) -> FilePart | Iterator[bytes]:
    """A whole file compressed; the first time while it is sent, from then on out of a copy."""
    copy = part.path.with_name(part.path.name + ".gz")
    if copy.exists():
        return FilePart(copy)
    return _compressing(part.path, copy)


def _compress(blocks: Iterator[bytes]) -> Iterator[bytes]:
    deflater = zlib.compressobj(1, wbits=31)
    for block in blocks:
        if compressed := deflater.compress(block):
            yield compressed
    yield deflater.flush()


def _compressing(source: Path, copy: Path) -> Iterator[bytes]:
    deflater = zlib.compressobj(1, wbits=31)
    draft = copy.with_name(f"{copy.name}.{threading.get_ident()}")
    try:
        with source.open("rb") as file, draft.open("wb") as spool:
            while block := file.read(BLOCK):
                if compressed := deflater.compress(block):
                    spool.write(compressed)
                    yield compressed
            end = deflater.flush()
            spool.write(end)
            yield end
        draft.replace(copy)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
