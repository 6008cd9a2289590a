"""What a notebook shows: tables without network, and one live cell for a run."""

import nbformat
import pytest
from nbclient import NotebookClient

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
