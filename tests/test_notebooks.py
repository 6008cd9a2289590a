"""What a notebook shows: tables without network, and one live cell for a run."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[1] / "examples"
SOQL = "SELECT Id, Name FROM Account WHERE Name != '<script>alert(1)</script>'"


def test_an_export_shows_what_is_known_and_asks_the_org_nothing(org, bulk):
    bulk.insert("Account", [{"Name": "a"}, {"Name": "b"}])
    export = bulk.export(SOQL)
    before = len(org.requests)
    shown = export._repr_html_()
    assert len(org.requests) == before
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "not submitted" in shown
    list(export)
    asked = len(org.requests)
    shown = export._repr_html_()
    assert len(org.requests) == asked
    assert export.job_id in shown
    assert "<td style='text-align:left'>2</td>" in shown
    assert "Id (id), Name (string)" in shown


def test_an_export_that_was_read_shows_its_first_rows(org, bulk):
    bulk.insert("Account", [{"Name": f"<b>{number}"} for number in range(20)])
    for read in (list, lambda export: export.to_arrow()):
        export = bulk.export("SELECT Name FROM Account ORDER BY Name")
        assert "&lt;b&gt;0" not in export._repr_html_()
        read(export)
        asked = len(org.requests)
        shown = export._repr_html_()
        assert len(org.requests) == asked
        assert shown.count("<td>&lt;b&gt;") == 5
        assert "<b>0" not in shown


def test_a_result_shows_a_bar_and_the_first_row_of_each_common_error(org, bulk):
    rows = [{"Name": f"a{number}"} for number in range(9)] + [{"Name": ""}]
    result = bulk.insert("Account", rows, on_error="report")
    asked = len(org.requests)
    shown = result._repr_html_()
    assert len(org.requests) == asked
    assert "1 x REQUIRED_FIELD_MISSING" in shown
    assert "(first row 10)" in shown
    widths = [float(width) for width in re.findall(r'<rect x="[0-9.]+" width="([0-9.]+)"', shown)]
    assert widths == [360, 40]
    assert "<title>9 succeeded</title>" in shown


def test_a_client_shows_who_and_what_is_left_as_far_as_it_was_told(org, bulk):
    assert "batches left" not in bulk._repr_html_()
    bulk.whoami()
    bulk.limits()
    bulk.insert("Account", [{"Name": "a"}])
    asked = len(org.requests)
    shown = bulk._repr_html_()
    assert len(org.requests) == asked
    assert org.username in shown
    assert re.search(r"API calls left</th><td[^>]*>4,999,\d+ of 5,000,000", shown)
    assert re.search(r"batches left</th><td[^>]*>15,000 of 15,000", shown)
    assert str(bulk.sessionId) not in shown


def test_a_job_and_a_client_show_themselves_and_no_session(org, bulk):
    job = bulk.submit_insert("Account", [{"Name": str(number)} for number in range(5)])
    before = len(org.requests)
    assert "1 of 1 batches" in job._repr_html_()
    assert job.job_id in job._repr_html_()
    assert bulk.endpoint in bulk._repr_html_()
    assert bulk.sessionId not in bulk._repr_html_()
    assert len(org.requests) == before


LOAD = """
from salesforce_bulk.emulator import SalesforceEmulator

org = SalesforceEmulator().start()
bulk = org.connect()
rows = [{"Name": f"a{number}"} for number in range(50)]
result = bulk.insert("Account", rows, batch_size=10, progress=True)
"""


@pytest.fixture(scope="module")
def outputs():
    """Of each cell of a notebook that runs in a kernel without widgets."""
    cells = [LOAD, "result", "bulk.export('SELECT Name FROM Account')", "org.stop()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=100, kernel_name="python3").execute()
    return [cell["outputs"] for cell in notebook.cells]


def test_a_run_is_one_live_cell(outputs):
    (shown,) = outputs[0]
    assert shown["output_type"] == "display_data"
    assert shown["data"]["text/html"].count("<progress") == 3
    assert "processing   50 of 50 rows" in shown["data"]["text/plain"]


def test_results_and_exports_are_tables(outputs):
    for cell in outputs[1:3]:
        assert "<table>" in cell[0]["data"]["text/html"]


INTERRUPTED = """
import os, signal

def interrupt(event):
    if event.phase == "processing" and event.outcome is None:
        os.kill(os.getpid(), signal.SIGINT)  # as the kernel's button

org.faults.add("slow_batch", seconds=600)
bulk.insert("Account", rows, {options}progress=interrupt)
"""


@pytest.mark.parametrize(
    ("options", "goes_on"),
    [
        ("", "bulk.attach('750"),
        ("journal='load.journal', ", "Go on with bulk.resume('load.journal', the same rows)"),
    ],
)
def test_an_interrupted_kernel_leaves_one_line_that_says_how_to_go_on(tmp_path, options, goes_on):
    start = LOAD.replace("(inline=True)", "()").partition("result =")[0]
    cells = [start, INTERRUPTED.replace("{options}", options), "org.stop()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(
        notebook, timeout=100, kernel_name="python3", allow_errors=True, resources=resources
    ).execute()
    (shown,) = notebook.cells[1]["outputs"]
    assert shown["ename"] == "KeyboardInterrupt"
    (line,) = shown["traceback"]
    assert line.startswith("insert Account: interrupted. ")
    assert goes_on in line
    assert "\n" not in line
    assert notebook.cells[2]["outputs"] == []


def kinds_of_outputs(notebook):
    return [
        [(output["output_type"], sorted(output.get("data", ()))) for output in cell["outputs"]]
        for cell in notebook.cells
        if cell["cell_type"] == "code"
    ]


def test_the_tour_runs_from_its_first_cell_to_its_last_and_ends_with_a_plot(tmp_path):
    tour = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)
    kept = kinds_of_outputs(tour)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cities.csv").symlink_to(EXAMPLES / "data" / "cities.csv")
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(tour, timeout=100, kernel_name="python3", resources=resources).execute()
    assert kinds_of_outputs(tour) == kept
    plain = [
        output["data"]["text/plain"] for cell in tour.cells for output in cell.get("outputs", ())
    ]
    assert "<LoadResult insert Account: 10,000 rows, 9,997 succeeded, 3 failed>" in plain
    assert kept[-2] == [("display_data", ["image/png", "text/plain"])]
    assert (tmp_path / "load.html").exists()
