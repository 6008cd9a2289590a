"""docs/spark.md: every block runs as pasted, one after the other."""

import importlib
import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "spark.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_runs_as_pasted(spark, bulk, org, workers):
    """Accounts are read, changed in Spark and written back."""
    folder = Path(importlib.import_module("spark_org").__file__).parent
    (folder / "my_org.py").write_text("from spark_org import client\n")
    bulk.insert("Account", [{"Name": f"acme {n}", "NumberOfEmployees": n} for n in range(20)])
    names = {"session": spark, "bulk": bulk}
    assert len(BLOCKS) == 6
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), names)
    assert (names["report"].rows, names["report"].failed_count) == (20, 0)
    stored = {name for (name,) in org.org.query("SELECT Name FROM Account")}
    assert stored >= {f"ACME {n}" for n in range(20)}
