"""No row of a load is ever given another row's outcome: not where rows come twice, not where
different texts are one value, not where results come in another order.

`pytest --hypothesis-profile=long tests/load/test_no_row_gets_anothers_outcome.py` tries 5,000
examples of each property of the matching, and loads 2,000 times through each API and with the
results of 1.0 in another order.
"""

import csv
import io
import random
from datetime import datetime, timedelta

import pytest
from fast_clock import FastClock
from hypothesis import event, given, settings
from hypothesis import strategies as st
from silent_proxy import SilentProxy

from salesforce_bulk.load.row_matching import ResultLine, RowShape, match_rows, normal_of
from salesforce_bulk.models import RowError

LEFT = RowError("NotTold", "nothing")

#: Examples of what goes through a whole load: 2,000 of the long profile.
LOADS = settings.default.max_examples * 2 // 5

#: Texts of few values, written in many ways, and texts that only look like them.
TEXTS = {
    "double": ["1", "1.0", "1.00", "1e0", "+1", " 1", "1_000", "1000", "1E3", "0", "-0", "", "x",
               "0.1", "0.10000000000000000001", "12345678901234567890", "12345678901234567891"],
    "int": ["1", "1.0", "01", "+1", "1 ", "2", "", "x"],
    "boolean": ["x", "false", "true", "1", "TRUE", "no", "", " true"],
    "date": ["2024-01-01 00:00:00", "2024-01-01", "2024-01-01Z", "2024-01-01T00:00:00Z", "", "x"],
    "datetime": ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00.000Z",
                 "2024-01-01T00:00:00", "2024-01-01", ""],
    "string": ["a", "a ", " a", "A", "#N/A", "", "a\r\nb", "a\nb"],
    "id": ["001000000000001", "001000000000001AAA", "001000000000001aaa", ""],
}  # fmt: skip


def rewritten(field_type, text, style):
    """A text as an org writes its value anew; what is no value stays as it is."""
    cell = text.strip()
    try:
        if field_type == "double":
            if "_" in cell or not cell:
                return cell
            return [f"{float(cell) or 0.0!r}", f"{float(cell) or 0.0:.17E}"][style]
        if field_type == "int":
            return str(int(cell)) if cell.lstrip("+-").isdigit() else text
        if field_type == "boolean":
            known = {"true": "true", "1": "true", "false": "false", "no": "false"}
            return known.get(cell.lower(), text)
        if field_type == "date":
            return cell[:10] if cell[10:] in ("", "Z") and cell else text
        if field_type == "datetime":
            zoned = datetime.fromisoformat(cell.replace("Z", "+00:00"))
            moment = zoned.replace(tzinfo=None) - (zoned.utcoffset() or timedelta())
            return moment.isoformat(timespec="milliseconds") + "Z"
    except ValueError:
        return text
    if field_type == "id":
        return f"{cell[:15]}AAA" if cell else ""
    return "" if cell == "#N/A" else cell.replace("\r\n", "\n")


@st.composite
def jobs(draw):
    """Rows, what became of each, and the lines that tell of it."""
    types = draw(st.lists(st.sampled_from(sorted(TEXTS)), min_size=1, max_size=3))
    pools = [draw(st.lists(st.sampled_from(TEXTS[one]), min_size=1, max_size=4)) for one in types]
    rows = draw(st.lists(st.tuples(*map(st.sampled_from, pools)), min_size=1, max_size=9))
    keys = draw(st.sampled_from([(), (0,)]))
    style = draw(st.integers(0, 1))
    # A row that failed comes back as it was sent, written anew, or written anew up to some cell.
    echo = st.lists(st.booleans(), min_size=len(types), max_size=len(types))
    lines = []
    for number, row in enumerate(rows):
        cells = [rewritten(one, text, style) for one, text in zip(types, row, strict=True)]
        succeeded = draw(st.booleans())
        if succeeded:
            lines.append(ResultLine(cells, "true", f"id{number}", "true", ""))
            continue
        sent = draw(st.sampled_from([[True] * len(types), [False] * len(types), draw(echo)]))
        cells = [a if as_sent else b for a, b, as_sent in zip(row, cells, sent, strict=True)]
        why = draw(st.sampled_from(["E:one:--", "E:two:--"]))
        unprocessed = draw(st.booleans())
        lines.append(
            ResultLine(cells, "unprocessed", "", "", "why")
            if unprocessed
            else ResultLine(cells, "false", "", "false", why)
        )
    return types, rows, keys, lines


@given(jobs(), st.randoms(use_true_random=False), st.data())
def test_2_0_every_row_has_its_own_outcome_or_none(job, chance, data):
    """Trap: outcomes joined by a normal form alone were those of the neighbour."""
    types, rows, keys, lines = job
    told = list(lines)
    chance.shuffle(told)
    if data.draw(st.booleans()):  # a file that cannot be had
        lost = data.draw(st.sampled_from(["true", "false", "unprocessed"]))
        told = [line for line in told if line.success != lost]
    shape = RowShape(("A", "B", "C")[: len(types)], tuple(map(normal_of, types)), keys)
    found = match_rows(lambda: iter(rows), lambda: iter(told), shape, LEFT)
    by_id = {line.id: line for line in lines if line.id}
    for own, outcome in zip(lines, found, strict=True):
        if outcome[1] == "unknown":
            event("unknown")
            continue
        assert outcome[1:] == own.outcome[1:]
        # Of records that the org wrote in one and the same text any may be any.
        assert outcome[0] == own.id or by_id[outcome[0]].cells == own.cells
        event("its own")
    ids = [record_id for record_id, *_ in found if record_id]
    assert len(set(ids)) == len(ids)


@given(jobs(), st.randoms(use_true_random=False))
def test_2_0_texts_that_come_back_as_they_were_sent_are_all_told(job, chance):
    """Trap: caution that leaves rows unknown which nobody could take for each other."""
    types, rows, keys, lines = job
    told = [line._replace(cells=list(row)) for row, line in zip(rows, lines, strict=True)]
    own = {row: {one.outcome[1:] for a, one in zip(rows, lines, strict=True) if a == row}
           for row in rows}  # fmt: skip
    chance.shuffle(told)
    shape = RowShape(("A", "B", "C")[: len(types)], tuple(map(normal_of, types)), keys)
    found = match_rows(lambda: iter(rows), lambda: iter(told), shape, LEFT)
    for row, line, outcome in zip(rows, lines, found, strict=True):
        if len(own[row]) == 1:
            assert outcome[1:] == line.outcome[1:]
        else:
            assert outcome[1] == "unknown"


FIELDS = {
    "On__c": ["2024-01-01", "2024-01-01 00:00:00", "2024-01-01Z", ""],
    "Done__c": ["x", "false", "0", "true", "1"],
    "Count__c": ["1", "1.0", "1_000", "1000", "1e3", "x"],
    "Text__c": ["a", "a ", "A", ""],
}


@pytest.fixture(scope="module")
def swap_org(module_org):
    """Rows of an object that no other test of the module asks for; they may stay."""
    module_org.define_object(
        "Swap__c",
        {"On__c": "date", "Done__c": "checkbox", "Count__c": "number", "Text__c": "text"},
    )
    return module_org


@pytest.fixture(scope="module")
def swap_client(swap_org):
    """One client for all loads: each new one would log in and ask for the describe."""
    return swap_org.connect(clock=FastClock())


@pytest.fixture(scope="module")
def lone_outcomes(swap_org, swap_client):
    """What becomes of a row that is loaded alone: its status and what the org then holds."""
    known = {}
    bulk = swap_client

    def outcome(row):
        key = tuple(sorted(row.items()))
        if key not in known:
            [one] = bulk.insert("Swap__c", [row], api="1.0", on_error="report")
            known[key] = (one.status, held(swap_org, sorted(row), one.id))
        return known[key]

    return outcome


def held(org, columns, record_id):
    if record_id is None:
        return []
    query = f"SELECT {', '.join(columns)} FROM Swap__c WHERE Id = '{record_id}'"
    return [tuple(record) for record in org.org.query(query)]


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@settings(max_examples=LOADS)
@given(data=st.data())
def test_what_a_load_tells_is_what_the_org_holds(swap_org, swap_client, lone_outcomes, api, data):
    """Trap: the first said to have succeeded and the second to have failed; it was the reverse."""
    columns = data.draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, unique=True))
    row = st.fixed_dictionaries({name: st.sampled_from(FIELDS[name]) for name in columns})
    rows = data.draw(st.lists(row, min_size=1, max_size=7))
    result = swap_client.insert("Swap__c", rows, api=api, on_error="report")
    for given_row, told in zip(rows, result, strict=True):
        if told.status == "unknown":
            assert api == "2.0"
        else:
            assert (told.status, held(swap_org, sorted(columns), told.id)) == lone_outcomes(
                given_row
            )


class ShufflingProxy(SilentProxy):
    """Gives the results of a batch in another order; ``own`` and ``shown`` are both."""

    def __init__(self, org):
        super().__init__(org)
        self.chance = random.Random(0)
        self.own, self.shown = [], []

    def changed(self, request, body):
        if not request.path.endswith("/result"):
            return body
        header, *self.own = csv.reader(io.StringIO(body.decode()))
        self.shown = self.chance.sample(self.own, len(self.own))
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
            [header, *self.shown]
        )
        return text.getvalue().encode()


@pytest.fixture(scope="module")
def shuffled(swap_org):
    """A client whose results come in any order, the way to the org, and ids of records."""
    with ShufflingProxy(swap_org) as proxy:
        bulk = proxy.connect(clock=FastClock())
        made = swap_org.connect().insert("Swap__c", [{"Text__c": "a"}] * 7)
        yield bulk, proxy, [row.id for row in made]


@settings(max_examples=LOADS)
@given(
    values=st.lists(st.sampled_from(["1", "2", "x", "y"]), min_size=2, max_size=7),
    seed=st.integers(0, 9_999),
)
def test_1_0_results_in_any_order_tell_of_their_own_rows(shuffled, values, seed):
    """Trap: results by place, where they name other records."""
    bulk, proxy, ids = shuffled
    proxy.chance = random.Random(seed)
    rows = [{"Id": one, "Count__c": value} for one, value in zip(ids, values, strict=False)]
    result = bulk.update("Swap__c", rows, api="1.0", on_error="report")
    displaced = any(
        shown[0] not in ("", row["Id"]) for shown, row in zip(proxy.shown, rows, strict=True)
    )
    event("out of order" if displaced else "in order")
    for told, own in zip(result, proxy.own, strict=True):
        if told.status == "unknown":
            assert displaced
            assert own[1] == "false"
            continue
        assert (told.status == "success", told.id or "") == (own[1] == "true", own[0])
        if displaced and told.error is not None:
            assert own[3].startswith(f"{told.error.code}:{told.error.message}")


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        ("On__c", ["2024-01-01 00:00:00", "2024-01-01"]),
        ("Done__c", ["x", "false"]),
        ("Count__c", ["1_000", "1000"]),
    ],
)
def test_texts_of_one_value_of_which_one_is_refused(swap_org, column, texts):
    bulk = swap_org.connect()
    for order in (texts, texts[::-1]) * 3:  # the emulator's results come in a random order
        rows = [{column: text} for text in order]
        told = bulk.insert("Swap__c", rows, api="2.0", on_error="report")
        expected = {texts[0]: "failed", texts[1]: "success"}
        assert [one.status for one in told] == [expected[text] for text in order]


def test_equal_rows_with_different_outcomes_are_unknown_and_say_so():
    rows = [("x",)] * 3
    lines = [ResultLine(["x"], "true", f"i{n}", "true", "") for n in range(2)]
    lines.append(ResultLine(["x"], "false", "", "false", "DUPLICATE_VALUE:d:--"))
    random.Random(1).shuffle(lines)
    shape = RowShape(("A",), (normal_of("string"),), ())
    found = match_rows(lambda: iter(rows), lambda: iter(lines), shape, LEFT)
    assert [outcome[1] for outcome in found] == ["unknown"] * 3
    assert "3 rows read alike" in found[0][3]
    assert "i0 true" in found[0][3]
    assert "DUPLICATE_VALUE" in found[0][3]
