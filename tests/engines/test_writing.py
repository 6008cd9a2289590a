"""What a task that is tried again does to rows that its first attempt has written."""

import pytest
from pyspark import TaskContext

from salesforce_bulk import SalesforceBulk

ROWS = 40


@pytest.mark.parametrize(("verb", "copies"), [("insert", 2), ("upsert", 1)])
def test_an_insert_is_doubled_and_an_upsert_is_not(spark, bulk, verb, copies):
    """Tasks load their rows, break, and are tried again."""
    key = ("Ext__c",) if verb == "upsert" else ()

    def load(batches):
        worker = SalesforceBulk.connect("prod")
        for batch in batches:
            getattr(worker, verb)("Account", batch, *key)
            if TaskContext.get().attemptNumber() == 0:
                raise RuntimeError("the task breaks behind its rows")
            yield batch

    rows = [(f"E{number}", f"A {number}") for number in range(ROWS)]
    frame = spark.createDataFrame(rows, "Ext__c string, Name string").repartition(2)
    frame.mapInArrow(load, frame.schema).collect()
    names = [row["Name"] for row in bulk.export("SELECT Name FROM Account")]
    assert sorted(names) == sorted([name for _, name in rows] * copies)
