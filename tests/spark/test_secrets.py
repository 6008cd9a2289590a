"""Nothing that Spark keeps or shows holds a secret."""

import pickle
from pathlib import Path
from urllib.parse import unquote, urlsplit

from conftest import PROVIDER

from salesforce_bulk import spark as salesforce_spark
from salesforce_bulk.spark.options import read_options
from salesforce_bulk.spark.query_read import QueryReader


def test_no_plan_event_log_or_partition_holds_a_secret(spark, org, bulk, workers, numbered):
    """Sessions, password and token are searched in all that leaves the driver's client."""
    numbered(50)
    frame = salesforce_spark.read(spark, bulk, "SELECT Ext__c FROM Row__c", provider=PROVIDER)
    renamed = frame.selectExpr("concat(Ext__c, 'b') as Ext__c")
    salesforce_spark.write(renamed, "Row__c", "insert", provider=PROVIDER)
    job_id = bulk.export("SELECT Ext__c FROM Row__c").wait().job_id
    options = read_options({"provider": PROVIDER, "jobId": job_id})
    partitions = QueryReader(options, job_id).partitions()
    folder = Path(unquote(urlsplit(spark.conf.get("spark.eventLog.dir")).path))
    events = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    plans = [frame._jdf.queryExecution().toString(), str(spark.sparkContext.getConf().getAll())]
    kept = b"".join([*events, *(plan.encode() for plan in plans), pickle.dumps(partitions)])
    secrets = {workers["password"], workers["security_token"], bulk.sessionId}

    assert len(kept) > 10_000
    assert not [secret for secret in secrets if secret.encode() in kept]
