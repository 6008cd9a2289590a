"""docs/databases.md's Python runs, block after block, against a local org and a real server."""

import re
from pathlib import Path

import adbc_driver_postgresql.dbapi

PAGE = Path(__file__).parents[2] / "docs" / "databases.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_every_example_runs(postgresql, tmp_path, monkeypatch, capsys):
    """Each block runs after those before it; the tables hold what the org holds."""
    monkeypatch.chdir(tmp_path)
    names = {"uri": postgresql}
    for number, block in enumerate(BLOCKS):
        exec(compile(block, f"databases.md block {number}", "exec"), names)
    names["org"].stop()
    assert "[(5, 10.0)]" in capsys.readouterr().out
    with adbc_driver_postgresql.dbapi.connect(postgresql) as connection:
        with connection.cursor() as cursor:
            for table, rows in (("accounts", 5), ("contacts", 3)):
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchall() == [(rows,)]
                cursor.execute(f"DROP TABLE {table}")
            cursor.execute("DROP TABLE salesforce_bulk_state")
        connection.commit()
