"""The caller's records as they were when they were read, for the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, overload

from salesforce_bulk.load.source import CHUNK_ROWS

Records = Sequence[Mapping[str, Any]]


class _PlainRecords:
    """Dicts, and their values when they were read, by column."""

    def __init__(
        self,
        names: Sequence[str],
        dicts: Sequence[dict[str, Any]],
        columns: Sequence[Sequence[Any]],
    ) -> None:
        self._names = names
        self._dicts = dicts
        self._columns = columns

    def __getitem__(self, part: slice) -> Records:
        dicts = self._dicts[part]
        columns = [column[part] for column in self._columns]
        if _are_still(dicts, self._names, columns):
            return dicts
        return [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]


def _are_still(
    dicts: Sequence[dict[str, Any]], names: Sequence[str], columns: Sequence[Sequence[Any]]
) -> bool:
    """Whether the dicts have these values and no others."""
    if set(map(len, dicts)) != {len(names)}:
        return False
    try:
        # Of one name itemgetter gives the value itself, and no tuple.
        found = map(itemgetter(*names), dicts)
        now = [tuple(found)] if len(names) == 1 else list(zip(*found, strict=True))
        return now == list(columns)
    except (KeyError, TypeError, ValueError):  # some values cannot be compared with others
        return False


class KeptRecords(Records):
    """Records of a list that the caller may use again, in chunks of `CHUNK_ROWS`.

    Plain dicts are not copied, which would take a third as long again as their whole way to the
    server: they are compared with what was read of them, when they are asked for.

    Args:
        names: the keys of plain dicts.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._chunks: list[_PlainRecords | Records] = []
        self._size = 0

    def add_plain(self, dicts: Sequence[dict[str, Any]], columns: Sequence[Sequence[Any]]) -> None:
        """The next records; as many as a chunk takes where others follow."""
        self._chunks.append(_PlainRecords(self._names, dicts, columns))
        self._size += len(dicts)

    def add(self, copies: Records) -> None:
        """The next ones, which nobody else has."""
        self._chunks.append(copies)
        self._size += len(copies)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, at: int) -> Mapping[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> list[Mapping[str, Any]]: ...

    def __getitem__(self, at: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        positions = range(self._size)[at]
        if isinstance(positions, int):
            return self._between(positions, positions + 1)[0]
        if positions.step != 1:
            return [self[position] for position in positions]
        return self._between(positions.start, positions.stop)

    def _between(self, start: int, stop: int) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        while start < stop:
            number, first = divmod(start, CHUNK_ROWS)
            piece = self._chunks[number][first : first + stop - start]
            found += piece
            start += len(piece)
        return found
