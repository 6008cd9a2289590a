"""A load before anything is sent: all rows read, judged and cut into bodies.

The bodies wait in a spool, so that a value that cannot be written, a key that comes twice or a
quota that is too small is told while the org is still as it was, and so that the same source
makes the same bodies when a run goes on after a crash.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.formats.row_encoder import Row, RowEncoder
from salesforce_bulk.load.batching import Bounds, CutBody, cut
from salesforce_bulk.load.checks import Key
from salesforce_bulk.load.row_order import OrderedLine, RowOrder, arrange
from salesforce_bulk.load.source import Chunks
from salesforce_bulk.storage.spool import Slice, Spool

#: Hashes of keys are sorted this many times apart, so that no large list is made of them.
_BUCKETS = 64
#: Hashes that came twice which are looked at.
_SUSPECTS = 1_000


@dataclass(frozen=True)
class PlannedBody:
    """One body: its place in the spool, the numbers of its rows in the source, ascending, and
    the index of the body that must have been processed before it."""

    place: Slice
    numbers: Sequence[int]
    after: int | None = None


@dataclass
class Plan:
    """All bodies of a load.

    Attributes:
        columns: as the caller named them.
        names: as the header of the bodies names them.
        parts: what is sent.
        dropped: rows that a later row with the same key replaces; never sent.
        rows: of the source.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    spool: Spool
    parts: list[PlannedBody] = field(default_factory=list)
    dropped: list[PlannedBody] = field(default_factory=list)
    rows: int = 0

    def body(self, index: int) -> bytes:
        """The bytes of one part."""
        return self.spool.read(self.parts[index].place)

    @property
    def size(self) -> int:
        """Bytes of all parts together."""
        return sum(part.place.length for part in self.parts)

    def digests(self) -> list[str]:
        """Of each body."""
        return [hashlib.sha256(self.body(index)).hexdigest() for index in range(len(self.parts))]


def count_batches(parts: Iterable[PlannedBody]) -> int:
    """How many batches the org counts for the parts."""
    # It cuts a job of 2.0 into batches of 10,000 rows, and these count.
    return sum(-(-len(part.numbers) // limits.BATCH_RECORDS) for part in parts)


@dataclass(frozen=True)
class PlanRules:
    """How rows become bodies.

    Attributes:
        names: the header.
        bounds: of a body.
        key: the column that says which record a row is for.
        group: position of the column whose equal values stay together, and what makes equal
            texts of equal values.
        keep_last: of rows with the same key send the last only.
        numbers: of the rows in the source, where they are not 1, 2, 3, …
    """

    names: tuple[str, ...]
    bounds: Bounds
    key: Key | None = None
    group: tuple[int, Callable[[str], str]] | None = None
    keep_last: bool = False
    numbers: Sequence[int] | None = None


def make_plan(
    chunks: Chunks,
    encoder: RowEncoder,
    rules: PlanRules,
    spool: Spool,
    report: Callable[[int, int], None] = lambda rows, size: None,
) -> Plan:
    """Read the rows and cut them.

    Args:
        chunks: the source's.
        encoder: of the source's columns.
        rules: how.
        spool: where the bodies go.
        report: called with the rows and bytes so far.

    Raises:
        InvalidInput: a row that cannot be sent; names it. Nothing was sent.
    """
    planner = _Planner(encoder, rules, spool, report)
    if rules.group is None and not rules.keep_last:
        return planner.in_order(chunks)
    return planner.arranged(chunks)


class _Planner:
    def __init__(
        self,
        encoder: RowEncoder,
        rules: PlanRules,
        spool: Spool,
        report: Callable[[int, int], None],
    ) -> None:
        self._encoder = encoder
        self._rules = rules
        self._header = encoder.header(rules.names)
        self._report = report
        self._plan = Plan(encoder.columns, rules.names, spool)

    def in_order(self, chunks: Chunks) -> Plan:
        key = self._rules.key
        check = RepeatedKeys() if key is not None and key.unique else None
        watched = self._watch(chunks, check)
        size = 0
        for part in cut(watched, self._encode, self._header, self._rules.bounds):
            self._keep(part)
            self._plan.rows += len(part.positions)
            size += len(part.body)
            self._report(self._plan.rows, size)
        if check is not None:
            self._refuse_repeated(check.suspects())
        return self._plan

    def _encode(self, rows: Sequence[Row], position: int) -> tuple[bytes, int]:
        return self._encoder.encode(rows, self._number(position))

    def _number(self, position: int) -> int:
        numbers = self._rules.numbers
        return position if numbers is None else numbers[position - 1]

    def _keep(self, part: CutBody) -> None:
        self._plan.parts.append(
            PlannedBody(
                self._plan.spool.append(part.body), self._numbers(part.positions), part.after
            )
        )

    def _numbers(self, positions: Sequence[int]) -> Sequence[int]:
        if self._rules.numbers is None:
            return positions
        return _numbers_of([self._rules.numbers[position - 1] for position in positions])

    def _watch(self, chunks: Chunks, check: RepeatedKeys | None) -> Iterator[Sequence[Row]]:
        key = self._rules.key
        position = 1
        for chunk in chunks:
            if key is not None and (key.required or check is not None):
                texts = self._key_texts(key, chunk, position)
                if check is not None:
                    check.add(texts)
            yield chunk
            position += len(chunk)

    def _key_texts(self, key: Key, chunk: Sequence[Row], position: int) -> list[str]:
        texts = [key.normal(text) for text in self._texts_of(chunk, key.position, position)]
        if key.required and "" in texts:
            number = self._number(position + texts.index(""))
            raise InvalidInput(
                f"Row {number} has no {key.column}; it says which record the row is for.",
                row=number,
                column=key.column,
            )
        return texts

    def _texts_of(self, chunk: Sequence[Row], column: int, position: int) -> Sequence[str]:
        return self._encoder.texts(chunk, column, self._number(position))

    def _refuse_repeated(self, suspects: set[int]) -> None:
        key = self._rules.key
        if not suspects or key is None:
            return
        first: dict[str, int] = {}
        for part in self._plan.parts:
            cells = _column_of(self._plan.spool, part.place, key.position)
            for number, cell in zip(part.numbers, cells, strict=True):
                text = key.normal(cell)
                if text and hash(text) in suspects:
                    before = first.setdefault(text, number)
                    if before != number:
                        raise InvalidInput(
                            f"Rows {before:,} and {number:,} have the same {key.column} "
                            f"({cell!r}). Which of them counts would be left to chance; "
                            "duplicates='keep_last' sends the last.",
                            row=number,
                            column=key.column,
                        )

    # Rows that do not stay in order

    def arranged(self, chunks: Chunks) -> Plan:
        rules = self._rules
        order = RowOrder(grouped=rules.group is not None, keep_last=rules.keep_last)
        with closing(order):
            for chunk in chunks:
                self._add(order, chunk)
            self._plan.rows = order.rows
            for lines, after in arrange(order.kept(), rules.bounds, self._header):
                self._keep(CutBody(self._header + order.body(lines), _positions(lines), after))
            for lines, _ in arrange(order.dropped(), rules.bounds, self._header):
                place = self._plan.spool.append(self._header + order.body(lines))
                self._plan.dropped.append(PlannedBody(place, self._numbers(_positions(lines))))
        self._report(self._plan.rows, self._plan.size)
        return self._plan

    def _add(self, order: RowOrder, chunk: Sequence[Row]) -> None:
        key, position = self._rules.key, order.rows + 1
        keys: Sequence[str | None] = [None] * len(chunk)
        if key is not None and (key.required or self._rules.keep_last):
            texts = self._key_texts(key, chunk, position)
            if self._rules.keep_last:
                keys = [text or None for text in texts]
        lines, characters = self._lines(chunk, position)
        order.add(lines, characters, self._groups(chunk, position), keys)
        self._report(order.rows, order.size)

    def _lines(self, chunk: Sequence[Row], position: int) -> tuple[list[bytes], list[int]]:
        """Each row's line, and how many characters it has."""
        encoded, characters = self._encode(chunk, position)
        lines = encoded.splitlines(keepends=True) if b"\r" not in encoded else []
        if len(lines) == len(chunk):
            if characters == len(encoded):
                return lines, list(map(len, lines))
            return lines, [len(line.decode("utf-8")) for line in lines]
        # Some cell has line breaks.
        each = [self._encode([row], at) for at, row in enumerate(chunk, position)]
        return [line for line, _ in each], [count for _, count in each]

    def _groups(self, chunk: Sequence[Row], position: int) -> list[str | None]:
        if self._rules.group is None:
            return [None] * len(chunk)
        column, normal = self._rules.group
        return [normal(text) or None for text in self._texts_of(chunk, column, position)]


def _column_of(spool: Spool, place: Slice, position: int) -> Iterator[str]:
    rows = read_rows(spool.text(place))
    next(rows)
    return (row[position] for row in rows)


def _positions(lines: Sequence[OrderedLine]) -> Sequence[int]:
    first, last = lines[0].position, lines[-1].position
    if last - first + 1 == len(lines):
        return range(first, last + 1)
    return _numbers_of([line.position for line in lines])


def _numbers_of(numbers: Sequence[int]) -> Sequence[int]:
    # Four bytes a row where they suffice: these are all that stays in memory of a row.
    return array("I" if max(numbers) < 1 << 32 else "Q", numbers)


class RepeatedKeys:
    """Whether a key comes twice, in eight bytes a key."""

    def __init__(self) -> None:
        self._buckets: dict[int, array[int]] = defaultdict(lambda: array("q"))

    def add(self, keys: Iterable[str]) -> None:
        """Take more keys; empty ones are none."""
        buckets = self._buckets
        for value in map(hash, filter(None, keys)):
            buckets[value % _BUCKETS].append(value)

    def suspects(self) -> set[int]:
        """Hashes that came twice; the keys behind them have to be compared.

        No more than are needed: so many are not equal by chance, and one real pair refuses all.
        """
        found: set[int] = set()
        for bucket in self._buckets.values():
            ordered = sorted(bucket)
            found.update(a for a, b in pairwise(ordered) if a == b)
            if len(found) >= _SUSPECTS:
                break
        return found
