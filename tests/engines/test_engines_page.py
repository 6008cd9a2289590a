"""docs/engines.md: every block runs as pasted, one after the other, with the real engines."""

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "engines.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
ROWS = 450
#: What the page takes for granted: a client, a Spark, and a Ray that is no cluster.
BEGIN = """
import ray
from pyspark.sql import SparkSession

from salesforce_bulk import SalesforceBulk

bulk = SalesforceBulk.connect("prod")
session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
"""


def test_the_page_runs_as_pasted(bulk, tmp_path):
    """A pool, Dask, polars, Ray and Spark read every row once; Spark writes each once."""
    bulk.insert("Account", [{"Name": f"A {n}", "AnnualRevenue": n} for n in range(ROWS)])
    assert len(BLOCKS) == 6
    script = tmp_path / "page.py"
    script.write_text("\n".join([BEGIN, *BLOCKS]))
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert f"{ROWS} rows, every part once" in done.stdout
    assert done.stdout.count("101025.0") == 2
    assert done.stdout.endswith(f"{ROWS}\n")
    assert len(list(tmp_path.glob("part-*.parquet"))) == -(-ROWS // 100)
    assert len(bulk.export("SELECT Id FROM Account").wait()) == 2 * ROWS
