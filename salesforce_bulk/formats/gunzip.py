"""gzip read as it comes, in pieces of bounded size: whole, or an error.

RFC 1952. By `isal` where it is installed (the extra ``speed``), which takes a third to a quarter of
zlib's time, else by the standard library.
"""

from __future__ import annotations

import types
import zlib
from collections.abc import Iterator

from salesforce_bulk.errors import IncompleteBody

try:
    from isal import isal_zlib
except ImportError:
    fastest: types.ModuleType = zlib
else:
    fastest = isal_zlib

#: Bytes decompressed at a time. For fewer, threads take turns too often; the text of more would not
#: fit into memory that was just freed, and fresh memory takes as long as isal does.
_PACKED_BYTES = 1 << 16
#: Bytes that a decompressed piece has at most, however well it was compressed.
_TEXT_BYTES = 1 << 20


def gunzip(
    pieces: Iterator[bytes], *, may_be_empty: bool, library: types.ModuleType = fastest
) -> Iterator[bytes]:
    """The text of gzip files that stand one behind another.

    Args:
        pieces: the files, cut anywhere.
        may_be_empty: whether no bytes at all are an empty text, not a lost file.
        library: what decompresses, with the interface of `zlib`.

    Raises:
        IncompleteBody: the data are damaged or have no end.
    """
    decoder = library.decompressobj(wbits=zlib.MAX_WBITS | 16)
    began = False
    try:
        for packed in _slices(pieces):
            began = True
            rest = packed
            while rest:
                if decoder.eof:
                    decoder = library.decompressobj(wbits=zlib.MAX_WBITS | 16)
                if text := decoder.decompress(rest, _TEXT_BYTES):
                    yield text
                rest = decoder.unconsumed_tail or decoder.unused_data
        # isal may have taken in all bytes while it still holds text.
        while began and not decoder.eof and (text := decoder.decompress(b"", _TEXT_BYTES)):
            yield text
    except library.error as error:
        raise IncompleteBody(f"The answer is damaged: {error}. Fetch it again.") from error
    if not (decoder.eof or (may_be_empty and not began)):
        raise IncompleteBody("The answer broke off within its compressed data. Fetch it again.")


def _slices(pieces: Iterator[bytes]) -> Iterator[bytes | memoryview]:
    for piece in pieces:
        if len(piece) <= _PACKED_BYTES:
            yield piece
            continue
        view = memoryview(piece)
        for start in range(0, len(piece), _PACKED_BYTES):
            yield view[start : start + _PACKED_BYTES]
