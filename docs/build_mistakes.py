"""Makes the table of docs/mistakes.md: typical mistakes, and what the library says to each.

    python docs/build_mistakes.py

Each is made with a client of a local org. `tests/test_mistakes.py` holds the page.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from salesforce_bulk import BulkApiError
from salesforce_bulk.emulator import SalesforceEmulator

PAGE = Path(__file__).parent / "mistakes.md"
#: What the table stands between.
BEGIN, END = "<!-- mistakes: begin -->\n", "<!-- mistakes: end -->"


class Mistake(NamedTuple):
    """``code`` is run; its error names the place by ``where``, and the way on by ``next_step``."""

    title: str
    code: str
    where: tuple[str, ...]
    next_step: str


MISTAKES = (
    Mistake(
        "a misspelled object",
        'bulk.insert("Acount", [{"Name": "Acme"}])',
        ("'Acount'",),
        "compare the API name",
    ),
    Mistake(
        "a misspelled field",
        'bulk.insert("Account", [{"Nmae": "Acme"}])',
        ("Account", "'Nmae'"),
        "Is it 'Name'?",
    ),
    Mistake(
        "a label in place of the API name",
        'bulk.insert("Account", [{"Account Name": "Acme"}])',
        ("Account", "'Account Name'"),
        "Is it 'Name'?",
    ),
    Mistake(
        "a read-only field",
        'bulk.insert("Account", [{"Name": "Acme", "CreatedDate": "2024-01-02"}])',
        ("insert Account", "'CreatedDate'"),
        "Drop them with columns=",
    ),
    Mistake(
        "a parent found by a field that is no key",
        'bulk.insert("Account", [{"Name": "Acme", "Owner": {"Name": "Ann"}}])',
        ("insert Account", "'Owner.Name'"),
        "Drop them with columns=",
    ),
    Mistake(
        "a word in a number field",
        'bulk.insert("Order__c", [{"Amount__c": "12"}, {"Amount__c": "n/a"}], check="values")',
        ("insert Order__c", "row 2", "'Amount__c'"),
        "check=",
    ),
    Mistake(
        "a date and time without a time zone",
        'bulk.insert("Order__c", [{"Sent__c": datetime(2024, 1, 2, 3, 4)}])',
        ("Row 1", "'Sent__c'"),
        "tzinfo",
    ),
    Mistake(
        "one row that is not in a list",
        'bulk.insert("Account", {"Name": "Acme"})',
        ("dict",),
        "put it in a list",
    ),
    Mistake(
        "rows without names",
        'bulk.insert("Account", [("Acme", 12)])',
        ("Row 1", "tuple"),
        "rows are dicts",
    ),
    Mistake(
        "a workbook",
        'bulk.insert("Account", "accounts.xlsx")',
        ("accounts.xlsx",),
        "CSV",
    ),
    Mistake(
        "a file that was cut off",
        'bulk.insert("Account", "cut.csv")',
        ("Row 2", "cut.csv"),
        "Is a quote missing?",
    ),
    Mistake(
        "an update without Ids",
        'bulk.update("Account", [{"Name": "Acme"}])',
        ("update Account", "column Id"),
        "Rename one with columns=",
    ),
    Mistake(
        "an upsert by a field that is no external id",
        'bulk.upsert("Order__c", [{"Amount__c": "12"}], "Amount__c")',
        ("Order__c", "external_id='Amount__c'"),
        "there are",
    ),
    Mistake(
        "the same key in two rows",
        'bulk.upsert("Order__c", [{"Ext__c": "A-1"}, {"Ext__c": "A-1"}], "Ext__c")',
        ("Rows 1 and 2", "Ext__c"),
        "duplicates=",
    ),
    Mistake(
        "more than Ids in a delete",
        'bulk.delete("Account", [{"Id": account_id, "Name": "Acme"}])',
        ("delete", "Name"),
        "the column Id and no other",
    ),
    Mistake(
        "a misspelled option",
        'bulk.insert("Account", [{"Name": "Acme"}], batchsize=500)',
        ("insert()", "'batchsize'"),
        "did you mean 'batch_size'?",
    ),
    Mistake(
        "rows that the org refuses",
        'bulk.insert("Contact", [{"LastName": "May"}, {"FirstName": "Ann"}])',
        ("insert Contact", "job 750", "LastName", "(row 2)"),
        ".result has an outcome for every row",
    ),
    Mistake(
        "a misspelled field in a query",
        'bulk.export("SELECT Nmae FROM Account")',
        ("Account", "'Nmae'"),
        "Did you mean 'Name'?",
    ),
    Mistake(
        "an aggregate, which bulk queries refuse",
        'bulk.export("SELECT COUNT(Id) FROM Account")',
        ("COUNT(Id)",),
        "Export the rows and aggregate them here",
    ),
    Mistake(
        "a condition that the org refuses",
        'bulk.export("SELECT Id FROM Account WHERE Name = 1").to_csv("accounts.csv")',
        ("Row:1:Column:30", "'Name'"),
        "should be enclosed in quotes",
    ),
    Mistake(
        "a wrong password",
        'SalesforceBulk(username="ann@acme.example", password="wrong", security_token="", '
        "login_url=org.url)",
        ("Login of ann@acme.example",),
        "Check user name, password",
    ),
    Mistake(
        "an unknown connection",
        'SalesforceBulk.connect("prdo")',
        ("'prdo'", "connections.toml"),
        "Known:",
    ),
    Mistake(
        "plain http to another machine",
        'SalesforceBulk(sessionId=session, host="http://acme.my.salesforce.com").whoami()',
        ("http://acme.my.salesforce.com",),
        "https",
    ),
    Mistake(
        "a session that has ended",
        'SalesforceBulk(sessionId="00D000000000001!ended", host=org.url).insert("Account", rows)',
        ("INVALID_SESSION_ID",),
        "Log in again",
    ),
    Mistake(
        "a job of another org",
        'bulk.attach("750000000000001AAA")',
        ("job 750000000000001AAA",),
        "check the id, and that it is of this org",
    ),
)


@contextlib.contextmanager
def reader() -> Iterator[dict[str, Any]]:
    """The names that the mistakes use, in a folder with the files that they read."""
    before = Path.cwd()
    with SalesforceEmulator() as org, tempfile.TemporaryDirectory() as folder:
        org.define_object(
            "Order__c", {"Ext__c": "externalId", "Amount__c": "currency", "Sent__c": "datetime"}
        )
        os.chdir(folder)
        try:
            Path("accounts.xlsx").write_bytes(b"PK\3\4 of a workbook")
            Path("cut.csv").write_text("Name,Phone\nAcme,1\nBäckerei", "utf-8")
            names: dict[str, Any] = {"org": org}
            exec(
                "from datetime import datetime\n"
                "from salesforce_bulk import SalesforceBulk\n"
                "bulk = org.connect()\n"
                "session = bulk.sessionId\n"
                "rows = [{'Name': 'Acme'}]\n"
                "account_id = next(iter(bulk.insert('Account', rows))).id\n",
                names,
            )
            yield names
        finally:
            os.chdir(before)


def said(mistake: Mistake, names: dict[str, Any]) -> tuple[str, str]:
    """The type of the error and its message."""
    try:
        exec(mistake.code, dict(names))
    except BulkApiError as error:
        kind = next(each for each in type(error).__mro__ if each.__module__ == "salesforce_bulk")
        return kind.__name__, str(error)
    raise AssertionError(f"no mistake: {mistake.code}")


#: What differs from run to run: ids of jobs, a folder of this machine.
_PASSING = (
    (re.compile(r"\b750[A-Za-z0-9]{15}\b"), "750…"),
    (re.compile(r"not in \S*/"), "not in …/"),
)


def table(names: dict[str, Any]) -> str:
    lines = ["| mistake | what was done | what is said |", "|---|---|---|"]
    for mistake in MISTAKES:
        kind, message = said(mistake, names)
        for pattern, shown in _PASSING:
            message = pattern.sub(shown, message)
        told = "<br>".join(line.strip() for line in message.replace("|", "\\|").splitlines())
        lines.append(f"| {mistake.title} | `{mistake.code}` | `{kind}`: {told} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    with reader() as names:
        made = table(names)
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{made}{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    main()
