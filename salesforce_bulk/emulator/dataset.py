"""Records that an org begins with: one CSV or JSON file an object.

A column such as ``Account.Name`` names the parent by a field of its own, which need not be an
external id; parents are loaded before their children.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from salesforce_bulk.emulator.data.org import BatchRefused, Org
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell
from salesforce_bulk.emulator.schema.schema import SObject

SUFFIXES = (".csv", ".json")
_Row = Mapping[str, Cell]


class DatasetError(ValueError):
    """A file that cannot be loaded: its name, the row (from 1) and the reason."""


def dataset_files(directory: Path) -> dict[str, Path]:
    """The files of a directory by the name of their object: ``Account.csv``, ``Load__c.json``."""
    found = sorted(path for path in directory.iterdir() if path.suffix.lower() in SUFFIXES)
    if not found:
        raise DatasetError(f"{directory} has no .csv and no .json file")
    return {path.stem: path for path in found}


def load_dataset(org: Org, files: Mapping[str, Path]) -> dict[str, int]:
    """Inserts the records of files into an org; how many of each object.

    Raises DatasetError for the first row that is refused, and OSError.
    """
    objects = {name: _object(org, name, path) for name, path in files.items()}
    return {name: _load(org, objects[name], files[name]) for name in _in_order(objects)}


def _object(org: Org, name: str, path: Path) -> SObject:
    sobject = org.schema.get(name)
    if sobject is None:
        raise DatasetError(f"{path}: there is no object {name}")
    return sobject


def _in_order(objects: Mapping[str, SObject]) -> list[str]:
    """The objects, each behind those that it refers to; circles are left as they are given."""
    order: list[str] = []
    waiting: set[str] = set()

    def place(name: str) -> None:
        if name in order or name in waiting:
            return
        waiting.add(name)
        parents = {
            target.lower()
            for field in objects[name].fields.values()
            for target in field.reference_to
        }
        for other in objects:
            if objects[other].name.lower() in parents:
                place(other)
        order.append(name)

    for name in objects:
        place(name)
    return order


def _load(org: Org, sobject: SObject, path: Path) -> int:
    rows = _read_json(path) if path.suffix.lower() == ".json" else _read_csv(path)
    if not rows:
        return 0
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = {name: [row.get(name, UNCHANGED) for row in rows] for name in columns}
    resolved = dict(_resolve(org, sobject, path, name, table[name]) for name in columns)
    try:
        plan = org.plan_deployment(sobject.name, list(resolved))
    except BatchRefused as error:
        raise DatasetError(f"{path}: {error}") from error
    outcomes = plan.write(list(zip(*resolved.values(), strict=True)))
    for number, outcome in enumerate(outcomes, 1):
        if not outcome.success:
            raise DatasetError(f"{path}, row {number}: {outcome.errors[0].message}")
    return len(outcomes)


def _read_csv(path: Path) -> list[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return [
                {name: UNCHANGED if cell == "" else cell for name, cell in row.items()}
                for row in csv.DictReader(file, strict=True, restkey="", restval="")
            ]
        except (csv.Error, UnicodeDecodeError) as error:
            raise DatasetError(f"{path}: {error}") from error


def _read_json(path: Path) -> list[_Row]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DatasetError(f"{path}: {error}") from error
    records = document.get("records") if isinstance(document, dict) else document
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise DatasetError(f"{path} is no list of records")
    return [dict(_flat(record)) for record in records]


def _flat(record: Mapping[str, Any]) -> Iterable[tuple[str, Cell]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from (
                (f"{name}.{key}", cell) for key, cell in value.items() if key != "attributes"
            )
        elif name != "attributes":
            yield name, value


def _resolve(
    org: Org, sobject: SObject, path: Path, name: str, cells: Sequence[Cell]
) -> tuple[str, list[Cell]]:
    """A column; one that names parents becomes that of their ids."""
    relationship, dot, key = name.partition(".")
    reference = sobject.relationship(relationship) if dot else None
    if reference is None:
        return name, list(cells)
    ids: dict[Any, str] = {}
    for target in reference.reference_to:
        parent = org.schema.get(target)
        if parent is not None and parent.field(key) is not None:
            ids |= {row[1]: row[0] for row in org.query(f"SELECT Id, {key} FROM {parent.name}")}  # noqa: S608  # nosec B608 # names of the schema, and checked values
    for number, cell in enumerate(cells, 1):
        if cell is not UNCHANGED and cell is not None and cell not in ids:
            raise DatasetError(f"{path}, row {number}: no {relationship} has the {key} {cell!r}")
    return reference.name, [ids.get(cell, cell) for cell in cells]
