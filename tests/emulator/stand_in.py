"""A very small org, until the real one is there."""

import re
from types import SimpleNamespace

from salesforce_bulk.emulator.ids import IdFactory
from salesforce_bulk.emulator.schema import Schema
from salesforce_bulk.emulator.values import UNCHANGED, RowOutcome


class StandInOrg:
    def __init__(self):
        self.ids = IdFactory()
        self.schema = Schema()
        self.org_id = self.ids.one("00D", 1)
        self.username, self.password, self.security_token = "admin@example.com", "password", "token"
        self.users = {
            self.username: SimpleNamespace(
                id=self.ids.one("005", 1),
                username=self.username,
                password=self.password,
                security_token=self.security_token,
                permissions=frozenset(),
            )
        }
        self.rows = {}

    def close(self):
        pass

    def plan_write(self, operation, object_name, columns, **_options):
        table = self.rows.setdefault(object_name, [])

        def write(rows):
            outcomes = []
            for row in rows:
                cells = {
                    c: (None if v is UNCHANGED else v) for c, v in zip(columns, row, strict=True)
                }
                cells["Id"] = self.ids.one("001", len(table) + 1)
                table.append(cells)
                outcomes.append(RowOutcome(cells["Id"], True, True))
            return outcomes

        return SimpleNamespace(write=write)

    def query(self, soql, **_options):
        fields, name = re.match(r"(?i)select (.*?) from (\w+)", soql).groups()
        labels = [label.strip() for label in fields.split(",")]
        rows = [tuple(row.get(label) for label in labels) for row in self.rows.get(name, [])]
        return Result(labels, self.schema.get(name), rows)


class Result:
    def __init__(self, labels, obj, rows):
        self.columns = [SimpleNamespace(label=label, field=obj.field(label)) for label in labels]
        self.object = obj
        self._rows = rows

    def __iter__(self):
        return iter(self._rows)
