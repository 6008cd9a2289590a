"""Frames into an org: every row once, whatever Spark does to its tasks."""

import pytest
from conftest import PROVIDER
from task_faults import dies, never_ends_well, raises

from salesforce_bulk import InvalidInput
from salesforce_bulk import spark as salesforce_spark
from salesforce_bulk.bulk_states import ABORTED, JOB_COMPLETE, OPEN
from salesforce_bulk.spark.options import write_options

ROWS = 2_000


def frame_of(spark, rows=ROWS):
    return spark.range(rows).selectExpr(
        "concat('e', id) as Ext__c", "cast(id as double) as Amount__c", "id % 2 = 0 as Done__c"
    )


def write(frame, **options):
    options = {"operation": "insert", "provider": PROVIDER, "partitions": 4} | options
    return salesforce_spark.write(frame, "Row__c", **options)


def states(jobs):
    return sorted(job.state for job in jobs)


def test_every_row_is_written_once(spark, stored):
    report = write(frame_of(spark))
    assert (report.rows, report.failed_count) == (ROWS, 0)
    assert stored() == sorted(f"e{n}" for n in range(ROWS))


@pytest.mark.parametrize("fault", [raises, dies])
def test_a_task_that_is_tried_again_loads_no_row_twice(spark, stored, fault):
    frame = frame_of(spark).repartition(4)
    report = write(frame.mapInArrow(fault, frame.schema))
    assert report.rows == ROWS
    assert stored() == sorted(f"e{n}" for n in range(ROWS))


def test_an_attempt_whose_answer_is_lost_behind_its_rows_loads_no_row_twice(spark, org, stored):
    """Rows whose storing is in doubt are stored again, in another job."""
    org.faults.add("answer_lost", route="bulk2.upload", times=2)
    write(frame_of(spark))
    assert stored() == sorted(f"e{n}" for n in range(ROWS))


def test_a_write_that_fails_loads_nothing(spark, org, stored, new_jobs):
    frame = frame_of(spark).repartition(4)
    with pytest.raises(Exception, match="planted"):
        write(frame.mapInArrow(never_ends_well, frame.schema))
    assert stored() == []
    assert set(states(new_jobs())) <= {OPEN, ABORTED}


def test_failed_rows_fail_the_write_and_are_read_back(spark, bulk, stored):
    """The exception counts them, names the reason and the jobs; the same source reads them."""
    rows = [(f"e{n}", "x" * (300 if n % 10 == 0 else 3)) for n in range(50)]
    frame = spark.createDataFrame(rows, ["Ext__c", "Text__c"])
    with pytest.raises(Exception, match=r"5 of 50 rows failed \(5 STRING_TOO_LONG\)"):
        write(frame)
    report = write(
        frame.withColumn("Ext__c", frame.Ext__c),
        operation="upsert",
        external_id="Ext__c",
        max_failed_records=5,
    )
    assert (report.rows, report.failed_count) == (50, 5)
    failed = report.failed(spark).collect()
    assert sorted(row.Ext__c for row in failed) == [f"e{n}" for n in (0, 10, 20, 30, 40)]
    assert all(row.sf__Error.startswith("STRING_TOO_LONG") for row in failed)


def test_a_commit_that_breaks_half_way_is_ended_by_resume(spark, org, tmp_path, stored):
    """The jobs that were run stay run, the others are run by `resume`, no row comes twice."""
    manifest = tmp_path / "manifest"
    org.faults.add("html_error", method="PATCH", path="*/jobs/ingest/*", nth=3, times=0, status=400)
    with pytest.raises(Exception, match=r"Do not write the frame again.*resume\("):
        write(frame_of(spark).repartition(4), manifest=manifest)
    org.faults.clear()
    assert 0 < len(stored()) < ROWS
    report = salesforce_spark.resume(manifest)
    assert (report.rows, report.failed_count) == (ROWS, 0)
    assert stored() == sorted(f"e{n}" for n in range(ROWS))
    assert salesforce_spark.resume(manifest).rows == ROWS
    assert len(stored()) == ROWS


def test_empty_partitions_make_no_job(spark, org, stored, new_jobs):
    report = write(frame_of(spark, 3).repartition(8).where("Done__c"), partitions=8)
    assert report.rows == 2
    assert len(states(new_jobs())) <= 2
    assert set(states(new_jobs())) == {JOB_COMPLETE}


def test_a_frame_without_rows_makes_no_job(spark, org, new_jobs):
    assert write(frame_of(spark, 0)).rows == 0
    assert states(new_jobs()) == []


def test_values_are_judged_before_the_upload(spark, bulk, stored):
    """A text that is no date fails the task with words, and nothing is loaded."""
    frame = spark.createDataFrame([("e1", "31.01.2024")], ["Ext__c", "Nonsense__c"])
    with pytest.raises(Exception, match="Nonsense__c"):
        write(frame)
    assert stored() == []


def test_children_of_one_parent_share_a_task(spark, org, stored):
    frame = frame_of(spark, 40).selectExpr("Ext__c", "concat('group ', ascii(Ext__c)) as Text__c")
    report = write(frame, group_by="Text__c", partitions=4)
    assert len(report.jobs) == 1
    assert report.rows == 40


def test_overwrite_is_refused(spark, org):
    """Its meaning, to delete everything first, is never guessed."""
    writer = frame_of(spark, 1).write.format("salesforce-bulk").option("provider", PROVIDER)
    writer = writer.option("object", "Row__c").option("operation", "insert")
    with pytest.raises(Exception, match="would delete every record"):
        writer.mode("overwrite").save()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"operation": "insert"}, "Name the object"),
        ({"object": "Account"}, "operation"),
        ({"object": "Account", "operation": "insert", "timeout": "x"}, "timeout"),
        ({"object": "Account", "operation": "insert", "Password": "p"}, "secret"),
    ],
)
def test_wrong_options_of_a_write_are_refused(options, said):
    with pytest.raises(InvalidInput, match=said):
        write_options({"connection": "prod"} | options)
