"""Incremental exports against a model of a table whose changes are committed late."""

import random
from datetime import datetime, timedelta, timezone

import pytest

from salesforce_bulk.export.incremental import open_window
from salesforce_bulk.export.soql import read_query
from salesforce_bulk.formats.typed import ResultColumn

QUERY = read_query("SELECT Id, SystemModstamp, Name FROM Thing")
COLUMNS = [
    ResultColumn("Id", "id"),
    ResultColumn("SystemModstamp", "datetime"),
    ResultColumn("Name"),
]
BEGAN = datetime(2024, 1, 1, tzinfo=timezone.utc)

ACTIONS = ("change", "change", "change", "wait", "wait", "export")
#: Seconds from a change's stamp to its commit.
LATE = (0, 0, 0.25, 1, 40, 300, 539)
WAITS = (0.25, 0.25, 0.5, 1, 20, 31, 200, 300)
STEPS = 40


class Table:
    """Versions of records: (stamp, commit, name), each after the one before was committed."""

    def __init__(self):
        self.now = BEGAN
        self._versions = {}

    def change(self, record_id, name, seconds):
        versions = self._versions.setdefault(record_id, [])
        if versions and versions[-1][1] > self.now:
            return  # the record is locked
        stamp = self.now.replace(microsecond=0)
        versions.append((stamp, self.now + timedelta(seconds=seconds), f"{name}"))

    def committed(self):
        """Each record as it is seen now."""
        seen = {}
        for record_id, versions in self._versions.items():
            done = [version for version in versions if version[1] <= self.now]
            if done:
                seen[record_id] = done[-1]
        return seen

    def query(self, window):
        return [
            (record_id, stamp, name)
            for record_id, (stamp, _, name) in self.committed().items()
            if (window.since is None or stamp >= window.since) and stamp < window.until
        ]


@pytest.mark.parametrize("seed", range(8))
def test_a_replica_ends_equal_and_is_told_nothing_twice(seed, tmp_path):
    """Whatever is committed late, in one second, or while an export crashes: with the last export
    the replica has every record as it is, and without crashes none came twice unchanged."""
    chance = random.Random(seed)
    crashes = seed % 2 == 1
    for run in range(10):
        play(chance, tmp_path / f"{run}.state", crashes)


def play(chance, state, crashes):
    table, replica = Table(), {}

    def export(crash):
        window = open_window(QUERY, None, None, state, table.now)
        reading = window.reading(COLUMNS)
        for record_id, stamp, name in reading.new(table.query(window)):
            assert crashes or replica.get(record_id) != (stamp, name)
            replica[record_id] = (stamp, name)
        if not crash:
            reading.save()

    for _ in range(STEPS):
        action = chance.choice(ACTIONS)
        if action == "change":
            table.change(chance.choice("ab"), chance.randrange(3), chance.choice(LATE))
        elif action == "wait":
            table.now += timedelta(seconds=chance.choice(WAITS))
        else:
            export(crashes and chance.random() < 0.3)
    table.now += timedelta(minutes=11)
    export(crash=False)
    assert replica == {i: (stamp, name) for i, (stamp, _, name) in table.committed().items()}
