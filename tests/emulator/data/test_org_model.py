"""The org against a dictionary that does the same: any sequence of batches, any cells."""

from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from salesforce_bulk.emulator.clock import ManualClock
from salesforce_bulk.emulator.data.org import Org
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell

KEYS = st.sampled_from(["k1", "K1", "k2", "k3", "", "  k4 ", UNCHANGED, None])
TEXTS = st.one_of(
    st.sampled_from(["a", "é", "x" * 11, " b ", "", UNCHANGED, None]), st.text(max_size=12)
)
NUMBERS = st.sampled_from(["1", "2.5", "x", "", UNCHANGED, None, 3, "1e1"])
ROWS = st.lists(st.tuples(KEYS, TEXTS, NUMBERS), max_size=6)
BLANKS = "".join(map(chr, range(33)))
Record = dict[str, Any]


def text_of(cell: Cell) -> Any:
    return cell.strip(BLANKS) or None if isinstance(cell, str) else cell


def number_of(cell: Cell) -> Any:
    if cell in ("", None):
        return None
    return cell if cell is UNCHANGED else float(str(cell))


class OrgAgainstDictionary(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.org = Org(clock=ManualClock())
        self.org.define_object(
            "Load__c", {"Ext__c": "externalId", "Text__c": "text(10)", "Number__c": "number"}
        )
        self.model: dict[str, Record] = {}

    def teardown(self) -> None:
        self.org.close()

    def judge(self, row: tuple[Cell, Cell, Cell]) -> Record | None:
        """The values of a row, or None where a cell is refused."""
        key, text, number = map(text_of, row)
        if isinstance(text, str) and len(text) > 10:
            return None
        if number == "x":
            return None
        return {"Ext__c": key, "Text__c": text, "Number__c": number_of(number)}

    def live(self, key: str) -> list[str]:
        return [
            i
            for i, record in self.model.items()
            if not record["deleted"]
            and record["Ext__c"]
            and record["Ext__c"].lower() == key.lower()
        ]

    def ids(self) -> list[str]:
        return sorted(self.model)

    @rule(rows=ROWS)
    def insert(self, rows: list[tuple[Cell, Cell, Cell]]) -> None:
        plan = self.org.plan_write("insert", "Load__c", ["Ext__c", "Text__c", "Number__c"])
        outcomes = plan.write(rows)
        assert len(outcomes) == len(rows)
        for row, outcome in zip(rows, outcomes, strict=True):
            values = self.judge(row)
            assert outcome.success == outcome.created == (values is not None)
            if values is not None:
                blank = {name: None if v is UNCHANGED else v for name, v in values.items()}
                self.model[str(outcome.id)] = {**blank, "deleted": False}

    @rule(rows=ROWS)
    def upsert(self, rows: list[tuple[Cell, Cell, Cell]]) -> None:
        columns = ["Ext__c", "Text__c", "Number__c"]
        plan = self.org.plan_write("upsert", "Load__c", columns, external_id="Ext__c")
        judged = [self.judge(row) for row in rows]
        folded = [
            v["Ext__c"].lower() if v and isinstance(v["Ext__c"], str) else None for v in judged
        ]
        expected = [
            key is not None and folded.count(key) == 1 and len(self.live(key)) < 2 for key in folded
        ]
        matches = [self.live(key) if key else [] for key in folded]
        outcomes = plan.write(rows)
        assert [outcome.success for outcome in outcomes] == expected
        for values, outcome, match in zip(judged, outcomes, matches, strict=True):
            if outcome.success and values is not None:
                assert outcome.created == (not match)
                assert not match or outcome.id == match[0]
                old = self.model.get(str(outcome.id), dict.fromkeys(values) | {"deleted": False})
                new = {name: v for name, v in values.items() if v is not UNCHANGED}
                self.model[str(outcome.id)] = {**old, **new}

    @rule(data=st.data(), rows=ROWS)
    def update(self, data: Any, rows: list[tuple[Cell, Cell, Cell]]) -> None:
        if not self.model:
            return
        ids = [data.draw(st.sampled_from(self.ids())) for _ in rows]
        plan = self.org.plan_write("update", "Load__c", ["Id", "Ext__c", "Text__c", "Number__c"])
        outcomes = plan.write([[i, *row] for i, row in zip(ids, rows, strict=True)])
        good = [i for i, row in zip(ids, rows, strict=True) if self.judge(row) is not None]
        for record_id, row, outcome in zip(ids, rows, outcomes, strict=True):
            values = self.judge(row)
            record = self.model[record_id]
            may = values is not None and good.count(record_id) == 1 and not record["deleted"]
            assert outcome.success == may
            assert not outcome.created
            if may and values is not None:
                record.update({name: v for name, v in values.items() if v is not UNCHANGED})

    @rule(data=st.data())
    def delete(self, data: Any) -> None:
        if not self.model:
            return
        ids = data.draw(st.lists(st.sampled_from(self.ids()), max_size=4))
        outcomes = self.org.plan_write("delete", "Load__c", ["Id"]).write([[i] for i in ids])
        for record_id, outcome in zip(ids, outcomes, strict=True):
            record = self.model[record_id]
            may = ids.count(record_id) == 1 and not record["deleted"]
            assert outcome.success == may
            record["deleted"] = record["deleted"] or may

    @invariant()
    def the_org_holds_what_the_model_holds(self) -> None:
        soql = "SELECT Id, Ext__c, Text__c, Number__c, IsDeleted FROM Load__c"
        found = {row[0]: row[1:] for row in self.org.query(soql, include_deleted=True)}
        assert found == {
            i: (r["Ext__c"], r["Text__c"], r["Number__c"], int(r["deleted"]))
            for i, r in self.model.items()
        }
        assert self.org.count("Load__c") == sum(not r["deleted"] for r in self.model.values())


# Not shrunk: every example is an org of its own, and thousands of them take minutes.
OrgAgainstDictionary.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=12,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
TestOrgAgainstDictionary = OrgAgainstDictionary.TestCase
