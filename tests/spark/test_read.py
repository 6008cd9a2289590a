"""Queries as Spark frames."""

import pytest
from conftest import PROVIDER

from salesforce_bulk import FeatureNotEnabled, InvalidInput
from salesforce_bulk import spark as salesforce_spark
from salesforce_bulk.spark.frames import _refuse_unable_python

SOQL = (
    "SELECT Id, Ext__c, Text__c, Amount__c, Count__c, On__c, At__c, Time__c, Done__c, Account__c "
    "FROM Row__c"
)


def test_a_frame_holds_every_row_as_the_export_reads_it(spark, bulk, numbered):
    """Values, types and rows are those of `to_arrow`, page by page."""
    numbered(1_800)
    frame = salesforce_spark.read(spark, bulk, SOQL, provider=PROVIDER)
    assert frame.rdd.getNumPartitions() == 4
    expected = bulk.export(SOQL).to_arrow().sort_by("Ext__c").to_pylist()
    found = sorted((row.asDict() for row in frame.collect()), key=lambda row: row["Ext__c"])
    for row in expected:
        row["Time__c"] = str(row["Time__c"]) if row["Time__c"] else None
        row["At__c"] = row["At__c"].replace(tzinfo=None)
    for row in found:
        row["Time__c"] = row["Time__c"].partition(".")[0]
    assert found == expected


def test_all_actions_on_a_frame_see_one_snapshot(spark, bulk, numbered, new_jobs):
    """Rows that come later are in no action of the frame, and one query job serves them all."""
    numbered(700)
    source = spark.read.format("salesforce-bulk").option("provider", PROVIDER)
    frame = source.option("soql", "SELECT Ext__c, Done__c FROM Row__c").load()
    before = frame.count()
    bulk.insert("Row__c", [{"Ext__c": "later"}])
    assert (before, frame.count(), frame.where("Done__c").count()) == (700, 700, 350)
    assert frame.union(frame).count() == 1_400
    assert [job.operation for job in new_jobs()] == ["query"]


def test_a_query_without_rows_has_the_same_schema(spark, bulk, numbered):
    numbered(1)
    some = salesforce_spark.read(spark, bulk, SOQL, provider=PROVIDER)
    none = salesforce_spark.read(spark, bulk, SOQL + " WHERE Ext__c = 'x'", provider=PROVIDER)
    assert none.schema == some.schema
    assert none.count() == 0


def test_decimals_are_read_where_they_are_asked_for(spark, bulk, numbered):
    numbered(2)
    frame = salesforce_spark.read(
        spark, bulk, "SELECT Amount__c FROM Row__c", provider=PROVIDER, decimals=True
    )
    assert frame.dtypes[0][1].startswith("decimal(")


def test_a_read_task_that_is_tried_again_gives_the_same_rows(spark, org, bulk, numbered):
    """The first answer of a page breaks off, in the middle of a task."""
    numbered(900)
    frame = salesforce_spark.read(spark, bulk, SOQL, provider=PROVIDER)
    org.faults.add("cut", route="bulk2.results", after_bytes=20_000, times=1)
    assert sorted(row.Ext__c for row in frame.collect()) == sorted(f"e{n}" for n in range(900))


def test_a_filter_that_is_used_beside_the_whole_frame_changes_nothing(spark, bulk, numbered):
    """With push-down, Spark 4.1 to 4.3 gives five rows for the last count, and for the union."""
    numbered(10)
    spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")
    try:
        frame = salesforce_spark.read(
            spark, bulk, "SELECT Count__c, Done__c FROM Row__c", provider=PROVIDER
        )
        assert (frame.count(), frame.where("Done__c = true").count(), frame.count()) == (10, 5, 10)
        both = frame.where("Done__c = true").union(frame.where("Done__c = false"))
        assert sorted(row.Count__c for row in both.collect()) == list(range(10))
    finally:
        spark.conf.unset("spark.sql.python.filterPushdown.enabled")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"soql": "SELECT Id FROM Account"}, "Name the org"),
        ({"provider": PROVIDER}, "either"),
        ({"provider": PROVIDER, "soql": "SELECT Id FROM Account", "jobId": "750"}, "either"),
        ({"soql": "x", "username": "u", "password": "geheim"}, "would put a secret into plans"),
        ({"soql": "SELECT Id FROM Account", "accessToken": "geheim"}, "accesstoken"),
        ({"provider": PROVIDER, "soql": "SELECT Id FROM Account", "query": "x"}, "no option query"),
        ({"provider": PROVIDER, "jobId": "750", "results": "x"}, "results is one of"),
        ({"provider": "spark_org:gone", "jobId": "7505g0000000001AAA"}, "spark_org:gone"),
        ({"provider": "spark_org:nothing", "jobId": "7505g0000000001AAA"}, "no SalesforceBulk"),
    ],
)
def test_wrong_options_are_told_before_anything_runs(spark, org, options, said):
    with pytest.raises(Exception, match=said) as caught:
        spark.read.format("salesforce-bulk").options(**options).load().count()
    assert "geheim" not in str(caught.value)


def test_a_schema_of_ones_own_is_refused_without_a_job(spark, org):
    """Each action would query anew, and see other rows."""
    source = spark.read.format("salesforce-bulk").option("provider", PROVIDER)
    with pytest.raises(Exception, match=r"Leave .schema"):
        source.schema("Id string").option("soql", "SELECT Id FROM Account").load().count()


def test_a_program_names_one_org(spark, bulk):
    with pytest.raises(InvalidInput, match="Name the org"):
        salesforce_spark.read(spark, bulk, SOQL)


def test_workers_that_lack_a_package_are_told_in_words(spark, monkeypatch):
    """Spark itself only says that a worker crashed."""
    monkeypatch.setattr(spark._sc, "pythonExec", "/no/such/python")
    with pytest.raises(FeatureNotEnabled, match="Set PYSPARK_PYTHON"):
        _refuse_unable_python(spark)
