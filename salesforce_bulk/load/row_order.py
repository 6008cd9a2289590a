"""The order in which rows are sent where it is not that of the source: rows of one group together,
of rows with one key the last only.

What is known of each row stands in a temporary database, its line in a spool: five million rows
take no more memory than five.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from salesforce_bulk.load.batching import Bounds, row_too_large
from salesforce_bulk.storage.spool import Spool

#: KB that the database may hold in memory, and sort with.
_CACHE_KB = 8_000

_SCHEMA = f"""
    PRAGMA cache_size = -{_CACHE_KB};
    PRAGMA temp_store = FILE;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE line (
        position INTEGER PRIMARY KEY, start INTEGER, size INTEGER, characters INTEGER,
        family TEXT, key TEXT
    );
    CREATE TABLE last (position INTEGER PRIMARY KEY);
"""
_LAST = """
    INSERT INTO last SELECT max(position) AS position FROM line
    WHERE key IS NOT NULL GROUP BY key ORDER BY 1
"""
_KEPT = "key IS NULL OR position IN last"
_IN_ORDER = """
    SELECT position, start, size, characters, position, 1, size, characters
    FROM line WHERE {which} ORDER BY position
"""
# Groups come in the order of their first rows; a row without a group is one of its own.
_BY_GROUP = """
    SELECT position, start, size, characters, min(position) OVER family AS first,
        count(*) OVER family, sum(size) OVER family, sum(characters) OVER family
    FROM line WHERE {which}
    WINDOW family AS (PARTITION BY coalesce(family, position))
    ORDER BY first, position
"""


class OrderedLine(NamedTuple):
    """A row on its own, and what its group comes to.

    Attributes:
        position: of the row, counted from 1.
        start: of its line in the spool; ``size`` bytes and ``characters`` long.
        group: the same for all rows of a group, which follow one another.
        group_rows, group_size, group_characters: of the whole group.
    """

    position: int
    start: int
    size: int
    characters: int
    group: int
    group_rows: int
    group_size: int
    group_characters: int


class RowOrder:
    """Rows on their way from the order of the source to that in which they are sent.

    Args:
        grouped: whether rows of one group stay together.
        keep_last: whether of rows with one key the last only is sent.

    Attributes:
        rows: so far; ``size`` is the bytes of their lines.
    """

    def __init__(self, *, grouped: bool, keep_last: bool) -> None:
        import sqlite3  # noqa: PLC0415 - takes long to import, and few loads need it

        self._query = _BY_GROUP if grouped else _IN_ORDER
        self._keep_last = keep_last
        self._spool = Spool()
        self._database = sqlite3.connect("")  # a file of its own, gone when it is closed
        self._database.executescript(_SCHEMA)
        self.rows = 0
        self.size = 0

    def close(self) -> None:
        """Remove what is on the disk."""
        self._database.close()
        self._spool.close()

    def add(
        self,
        lines: Sequence[bytes],
        characters: Sequence[int],
        groups: Sequence[str | None],
        keys: Sequence[str | None],
    ) -> None:
        """Take further rows: their lines, how many characters these have, their groups and keys;
        None is no group or no key."""
        first, starts, start = self.rows + 1, array("q"), self.size
        sizes = list(map(len, lines))
        for size in sizes:
            starts.append(start)
            start += size
        positions = range(first, first + len(lines))
        self._spool.append(b"".join(lines))
        self._database.executemany(
            "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)",
            zip(positions, starts, sizes, characters, groups, keys, strict=True),
        )
        self.size = start
        self.rows += len(lines)

    def kept(self) -> Iterator[OrderedLine]:
        """The rows that are sent, in their order."""
        if not self._keep_last:
            return self._lines("true")
        self._database.execute(_LAST)
        return self._lines(_KEPT)

    def dropped(self) -> Iterator[OrderedLine]:
        """The others, once `kept` was asked for."""
        return self._lines(f"NOT ({_KEPT})") if self._keep_last else iter(())

    def _lines(self, which: str) -> Iterator[OrderedLine]:
        return map(OrderedLine._make, self._database.execute(self._query.format(which=which)))

    def body(self, lines: Sequence[OrderedLine]) -> bytes:
        """The lines of rows by ascending position, one behind another."""
        return b"".join(
            self._spool.read_part(start, end - start) for start, end in _stretches(lines)
        )


def _stretches(lines: Iterable[OrderedLine]) -> Iterator[tuple[int, int]]:
    """Where lines that follow one another begin and end."""
    start = end = 0
    for line in lines:
        if line.start != end:
            if end > start:
                yield start, end
            start = line.start
        end = line.start + line.size
    if end > start:
        yield start, end


def arrange(
    lines: Iterable[OrderedLine], bounds: Bounds, header: bytes
) -> Iterator[tuple[list[OrderedLine], int | None]]:
    """The rows put into parts so that a group is in one part, or in parts that follow each other.

    Args:
        lines: of all rows that are to be sent, group after group.
        bounds, header: as for `batching.cut`.

    Yields:
        the rows of a part by ascending position, and the index of the part that must be done
        before it is sent, where a group did not fit into one.

    Raises:
        InvalidInput: a row that does not fit by itself; names it.
    """
    part = _OpenGroup(bounds, header)
    parts, after, group, spread = 0, None, 0, False
    for line in lines:
        if line.group != group:
            group = line.group
            whole = (line.group_rows, line.group_size, line.group_characters)
            # Nothing else joins the last part of a group that is spread over several.
            if part.lines and (spread or not part.fits(*whole)):
                yield part.close(), after
                parts += 1
            after = None
            spread = not part.fits(*whole)
        if spread and not part.fits(1, line.size, line.characters):
            if part.lines:
                yield part.close(), after
                after = parts
                parts += 1
            if not part.fits(1, line.size, line.characters):
                raise row_too_large(line.position, bounds)
        part.take(line)
    if part.lines:
        yield part.close(), after


class _OpenGroup:
    def __init__(self, bounds: Bounds, header: bytes) -> None:
        self._bounds = bounds
        self._header = (len(header), len(header.decode("utf-8")))
        self._start()

    def _start(self) -> None:
        self.lines: list[OrderedLine] = []
        self._size, self._characters = self._header

    def fits(self, rows: int, size: int, characters: int) -> bool:
        return (
            len(self.lines) + rows <= self._bounds.records
            and self._size + size <= self._bounds.bytes
            and self._characters + characters <= self._bounds.characters
        )

    def take(self, line: OrderedLine) -> None:
        self.lines.append(line)
        self._size += line.size
        self._characters += line.characters

    def close(self) -> list[OrderedLine]:
        lines = sorted(self.lines)
        self._start()
        return lines
