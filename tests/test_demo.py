import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from salesforce_bulk.cli import main
from salesforce_bulk.cli.commands import demo
from salesforce_bulk.cli.demo.plan import CellKind, Defect, DemoColumn, DemoPlan, DemoRow
from salesforce_bulk.cli.demo.steps import DemoSteps
from salesforce_bulk.cli.files.csv_file import CsvTable, read_csv
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.errors import BulkApiError

# Not demo.EXAMPLE: an installation has none, and the repository's stands beside these tests.
EXAMPLE = Path(__file__).parents[1] / "examples" / "data" / "cities.csv"


@pytest.fixture
def write(tmp_path):
    """Writes rows, the header first, to a file and returns its path."""

    def write_rows(*rows):
        path = tmp_path / "file.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return str(path)

    return write_rows


@pytest.fixture
def cities(write):
    """The first 300 cities."""
    table = read_csv(EXAMPLE)
    return write(table.header, *table.rows[:300])


def test_the_cities_come_back_as_they_were_sent(cities, capsys):
    assert main(["demo", cities]) == 0
    output = capsys.readouterr()
    lines = output.out.splitlines()
    assert lines[0] == f"File        {cities}"
    assert "Sent        304 rows in 1 batch, 4 of them spoiled on purpose: " in output.out
    assert "Accepted    300 rows" in lines
    assert "Rejected    4 rows" in lines
    for content_type in ("JSON", "CSV"):
        assert f"Queried     300 rows as {content_type}: " in output.out
    assert output.out.count("; 3,000 cells compared, 0 differ") == 2
    assert lines[-1] == "Everything came back as it was sent."
    assert [line[2:14].strip() for line in output.err.splitlines()] == [
        "sending",
        "results",
        "query JSON",
        "query CSV",
    ]


def test_the_spoiled_rows_are_printed_with_their_numbers_and_errors(cities, capsys):
    main(["demo", cities])
    output = capsys.readouterr().out
    for number, code in (
        (60, "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]"),
        (120, "STRING_TOO_LONG:"),
        (180, "INVALID_FIELD:Failed to deserialize field at col 4."),
        (240, "INVALID_CROSS_REFERENCE_KEY:"),
    ):
        line = next(
            line
            for line in output.splitlines()
            if line.startswith(f"  a copy of row {number} with")
        )
        assert f": {code}" in line


def test_the_example_data_have_what_breaks_careless_programs():
    table = read_csv(EXAMPLE)
    assert len(table.rows) >= 20_000
    columns = dict(zip(table.header, zip(*table.rows, strict=True), strict=True))
    assert "NA" in columns["BillingCountry"]
    assert any(cell.startswith("0") for cell in columns["BillingState"])
    assert "" in columns["BillingState"]
    assert not all(map(str.isascii, columns["Name"]))
    for character in '",\n':
        assert any(character in cell for cell in columns["Description"])
    assert all(cell == cell.strip() for row in table.rows for cell in row)
    assert EXAMPLE.stat().st_size < 4_000_000


def test_a_file_of_ones_own_goes_to_an_object_made_for_it(write, capsys):
    path = write(
        ["Artikel-Nr.", "Größe", "größe 2", "", "DemoRow Number"],
        ["007", "1,5 m", 'a "quoted" text', "x" * 300, "2"],
        ["008", "\r", "three\nlines\r\nin\rall", " 東京", "1"],
        ["NA", "null", "#N/A", "  ", "0"],
    )
    assert main(["demo", path]) == 0
    output = capsys.readouterr().out
    assert ", Demo_Row__c\n" in output
    assert "Accepted    3 rows\nRejected    3 rows\n" in output
    assert output.count("; 18 cells compared, 0 differ") == 2


def test_rows_of_the_file_that_the_org_rejects_are_3(write, capsys):
    path = write(["Name", "NumberOfEmployees"], ["A", "1"], ["", "2"], ["C", "3.x"], ["D", ""])
    assert main(["demo", path]) == 3
    output = capsys.readouterr().out
    assert "Accepted    2 rows\nRejected    6 rows\n" in output
    assert "\n  row 2: REQUIRED_FIELD_MISSING:" in output
    assert "\n  row 3: INVALID_FIELD:" in output


def test_a_file_of_which_no_row_is_accepted_is_3(write, capsys):
    assert main(["demo", write(["Name", "Site"], ["", "x"])]) == 3
    output = capsys.readouterr().out
    assert "Accepted    0 rows" in output
    assert output.count("0 rows as") == 2


def test_more_than_10000_rows_are_more_than_one_batch(write, capsys):
    path = write(["Name"], *([f"Account {number}"] for number in range(10_001)))
    assert main(["demo", path]) == 0
    output = capsys.readouterr().out
    assert "10,004 rows in 2 batches" in output
    assert "Accepted    10,001 rows" in output


class Meddler(DemoSteps):
    """Does something to the org after the rows were accepted and before they are queried."""

    def __init__(self, org, meddle):
        super().__init__(None)
        self.org = org
        self.meddle = meddle

    def step(self, name, total):
        if name == "query JSON":
            self.meddle(self.org.connect())
        return super().step(name, total)


def demonstrate(meddle):
    rows = [(f"Account {number}", str(number)) for number in range(5)]
    with SalesforceEmulator() as org:
        table = CsvTable(("Name", "NumberOfEmployees"), rows)
        return demo.demonstrate(org, table, Meddler(org, meddle))


def records(bulk, soql):
    job = bulk.create_query_job("Account", contentType="CSV")
    batch = bulk.query(job, soql)
    bulk.wait_for_batch(job, batch, sleep_interval=0.01)
    stream = next(bulk.get_all_results_for_query_batch(batch, job))
    return list(csv.DictReader(io.StringIO(stream.read().decode(), newline="")))


def run_job(bulk, job, body):
    batch = bulk.post_batch(job, body)
    bulk.close_job(job)
    assert bulk.wait_for_batch(job, batch, sleep_interval=0.01)
    (result,) = bulk.get_batch_results(batch, job)
    assert result.success, result.error


def change_a_cell(bulk):
    (record,) = records(bulk, "SELECT Id FROM Account WHERE Name = 'Account 3'")
    run_job(bulk, bulk.create_update_job("Account"), f"Id,NumberOfEmployees\n{record['Id']},33\n")


def delete_a_row(bulk):
    (record,) = records(bulk, "SELECT Id FROM Account WHERE Name = 'Account 3'")
    run_job(bulk, bulk.create_delete_job("Account"), f"Id\n{record['Id']}\n")


def insert_a_row(bulk):
    run_job(bulk, bulk.create_insert_job("Account"), "Name\nAccount 3\n")


@pytest.mark.parametrize(
    ("meddle", "line"),
    [
        (change_a_cell, "  row 4, NumberOfEmployees: sent Decimal('3'), returned Decimal('33')"),
        (delete_a_row, "  row 4: accepted, but not returned"),
        (insert_a_row, ": returned, but not sent or sent once"),
    ],
)
def test_a_comparison_that_fails_is_1_and_says_where(meddle, line):
    report = demonstrate(meddle)
    assert report.exit_code == 1
    assert sum(line in printed for printed in report.lines()) == 2
    assert report.lines()[-1] == "What came back is NOT what was sent."


def test_the_same_rows_left_alone_are_0():
    assert demonstrate(lambda bulk: None).exit_code == 0


def test_a_spoiled_row_that_the_org_accepts_is_1():
    table = CsvTable(("Name",), [("A",), ("B",)])
    plan = DemoPlan(
        "Account", (DemoColumn("Name", CellKind.TEXT, 255),), (Defect("nothing at all", {}),)
    )
    with SalesforceEmulator() as org:
        steps = DemoSteps(None)
        load = demo.insert(org.connect(), plan, table, steps)
    report = demo.DemoReport(plan, org.url, load, {}, 0)
    assert report.exit_code == 1
    assert (
        "  a copy of row 1 with nothing at all: ACCEPTED, although it had to be rejected"
        in report.lines()
    )


def test_a_batch_with_another_number_of_results_than_rows_is_an_error():
    with SalesforceEmulator() as org:
        bulk = org.connect()
        job = bulk.create_insert_job("Account")
        batch = bulk.post_batch(job, "Name\nA\nB\n")
        bulk.wait_for_batch(job, batch, sleep_interval=0.01)
        with pytest.raises(BulkApiError, match="has 2 results for 1 rows") as caught:
            demo.record_outcomes(demo.DemoLoad(), bulk, job, batch, [DemoRow(1)])
    assert (caught.value.job_id, caught.value.batch_id) == (job, batch)


def test_an_installation_has_the_largest_cities_with_it(tmp_path):
    assert demo.example_file(tmp_path / "cities.csv") == demo.SMALL_EXAMPLE
    every = read_csv(EXAMPLE)
    largest = sorted(every.rows, key=lambda row: -int(row[6]))[:1000]
    small = read_csv(demo.SMALL_EXAMPLE)
    assert (small.header, set(small.rows)) == (every.header, set(largest))


def test_a_reader_that_went_away_is_not_a_traceback(write):
    command = [sys.executable, "-m", "salesforce_bulk", "demo", write(["Name"], ["A"])]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buffered
    ) as process:
        process.stdout.close()
        stderr = process.stderr.read()
    assert process.returncode == 141
    assert "query CSV" in stderr
    assert "BrokenPipe" not in stderr
