"""The examples for web applications, in the frameworks that they are for."""

import csv
import io
import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples" / "web"


def pages_read(org):
    return len([each for each in org.requests if "/results" in each.path])


def test_a_flask_view_sends_the_first_rows_before_the_last_page_is_asked_for(org, bulk):
    rows = [{"Name": f"Bäckerei {number}"} for number in range(5_000)]
    bulk.insert("Account", rows)
    create_app = runpy.run_path(str(EXAMPLES / "flask_export.py"))["create_app"]
    before = pages_read(org)
    answer = create_app(bulk).test_client().get("/accounts.csv", buffered=False)
    pieces = iter(answer.response)
    first = next(pieces)
    assert b"Name" in first
    assert pages_read(org) - before < 5
    text = (first + b"".join(pieces)).decode()
    assert pages_read(org) - before == 5
    assert sorted(row["Name"] for row in csv.DictReader(io.StringIO(text))) == sorted(
        row["Name"] for row in rows
    )
