"""Files: what a new ContentVersion brings with it.

A version without a ContentDocument gets a new one, the next version of a document replaces the
latest, and a place of first publication is linked. Source: *Object Reference*, "ContentVersion".
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from salesforce_bulk.emulator.data.store import Store, quoted
from salesforce_bulk.emulator.schema.ids import IdFactory
from salesforce_bulk.emulator.schema.schema import Schema

_Columns = dict[str, Sequence[Any]]
_COPIED = ("Title", "Description", "ContentSize", "FileType", "FileExtension")


class ContentFiles:
    """Keeps documents and links in step with their versions, within `Store.writing()`."""

    def __init__(self, schema: Schema, store: Store, ids: IdFactory) -> None:
        self._schema = schema
        self._store = store
        self._ids = ids

    def add_versions(
        self, versions: _Columns, version_ids: Sequence[str], user_id: str, now: str
    ) -> None:
        """Complete the columns of versions that are about to be inserted."""
        given = versions.get("ContentDocumentId") or [None] * len(version_ids)
        new = [at for at, document in enumerate(given) if document is None]
        created = iter(self._documents(versions, version_ids, new, user_id, now))
        documents = [document or next(created) for document in given]
        versions["ContentDocumentId"] = documents
        versions["VersionNumber"] = self._numbers(documents)
        last = {document: at for at, document in enumerate(documents)}
        versions["IsLatest"] = [int(last[d] == at) for at, d in enumerate(documents)]
        self._link(versions.get("FirstPublishLocationId") or [], documents, now)

    def _documents(
        self,
        versions: _Columns,
        version_ids: Sequence[str],
        new: Sequence[int],
        user_id: str,
        now: str,
    ) -> list[str]:
        copied = [name for name in _COPIED if name in versions]
        columns: _Columns = {name: [versions[name][at] for at in new] for name in copied}
        columns["LatestPublishedVersionId"] = [version_ids[at] for at in new]
        owners = versions.get("OwnerId")
        columns["OwnerId"] = [owners[at] if owners else user_id for at in new]
        for name in ("CreatedById", "LastModifiedById"):
            columns[name] = [user_id] * len(new)
        for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp", "ContentModifiedDate"):
            columns[name] = [now] * len(new)
        return self._insert("ContentDocument", columns, len(new))

    def _numbers(self, documents: Sequence[str]) -> list[str]:
        """The number of each new version; what was the latest is so no more."""
        with self._store.writing() as db:
            earlier = Counter(self._earlier(db, documents))
        numbers = []
        for document in documents:
            earlier[document] += 1
            numbers.append(str(earlier[document]))
        return numbers

    def _earlier(self, db: sqlite3.Connection, documents: Sequence[str]) -> list[str]:
        rows = self._store.look_up(
            "ContentVersion", "ContentDocumentId", documents, ["ContentDocumentId", "Id"]
        )
        db.executemany(
            'UPDATE "ContentVersion" SET "IsLatest" = 0 WHERE "Id" = ?', [(row[1],) for row in rows]
        )
        return [row[0] for row in rows]

    def _link(self, places: Sequence[str | None], documents: Sequence[str], now: str) -> None:
        pairs = [(place, d) for place, d in zip(places, documents, strict=False) if place]
        if pairs:
            count = len(pairs)
            columns: _Columns = {
                "LinkedEntityId": [place for place, _ in pairs],
                "ContentDocumentId": [document for _, document in pairs],
                "ShareType": ["V"] * count,
                "Visibility": ["AllUsers"] * count,
                "SystemModstamp": [now] * count,
            }
            self._insert("ContentDocumentLink", columns, count)

    def _insert(self, name: str, columns: _Columns, count: int) -> list[str]:
        sobject = self._schema.objects[name.lower()]
        self._store.ensure(sobject)
        first = self._store.take(name, count)
        ids = self._ids.block(sobject.key_prefix, first, count)
        listed = ", ".join(map(quoted, ["rid", "Id", *columns]))
        marks = ", ".join("?" * (len(columns) + 2))
        with self._store.writing() as db:
            db.executemany(
                f"INSERT INTO {quoted(name)} ({listed}) VALUES ({marks})",  # noqa: S608  # nosec B608 # quoted names
                zip(range(first, first + count), ids, *columns.values(), strict=True),
            )
        return ids
