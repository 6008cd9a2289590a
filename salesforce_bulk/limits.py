"""The vendor's limits, each with its source.

Source, where nothing else is named: *Salesforce Developer Limits and Allocations
Quick Reference*, "Bulk API and Bulk API 2.0 Limits and Allocations".
"""

#: Records in one Bulk API 1.0 batch.
BATCH_RECORDS = 10_000
#: Bytes in one batch, uncompressed, header included. The server's own message says
#: "Exceeded max size limit of 10000000", so it is 10,000,000 and not 10 * 2**20.
BATCH_BYTES = 10_000_000
#: Characters in one batch.
BATCH_CHARACTERS = 10_000_000
#: Characters in one field.
FIELD_CHARACTERS = 131_072
#: Fields in one record.
RECORD_FIELDS = 5_000
#: Characters in one record.
RECORD_CHARACTERS = 400_000
#: Batches in a rolling 24 hours, shared by Bulk API 1.0 and 2.0 ingest.
BATCHES_PER_DAY = 15_000
#: Records in a rolling 24 hours.
RECORDS_PER_DAY = 150_000_000
#: Bytes of a 2.0 job's data: 150 MB in base64, hence 100 MB as they are (guide, "Upload Job
#: Data").
INGEST_JOB_BYTES = 100_000_000
#: Rows that these can hold: a character and a line end each.
INGEST_JOB_RECORDS = INGEST_JOB_BYTES // 2
#: Hours a job takes batches after its creation.
JOB_OPEN_HOURS = 24
#: Days until finished jobs and their results are removed.
RETENTION_DAYS = 7
#: Rows in one internal transaction ("chunk") of an ingest batch.
DML_CHUNK_RECORDS = 200
#: Re-queues of a load batch before it fails (guide, "Batch Retry Header").
LOAD_BATCH_RETRIES = 10
#: Attempts of a query batch (the retry header page says 15, the limits sheet 30).
QUERY_BATCH_RETRIES = 15
#: Bytes of one query result file; a query batch has at most RESULT_FILES of them.
RESULT_FILE_BYTES = 1_000_000_000
RESULT_FILES = 15
#: Records in one PK chunk (guide, "PK Chunking Header").
PK_CHUNK_DEFAULT = 100_000
PK_CHUNK_MAXIMUM = 250_000
#: Characters of a field-mapping spec must be fewer than this (guide, "Map Data Fields").
SPEC_CHARACTERS = 8_192

#: Binary attachments (guide, "Load Binary Attachments").
ZIP_BYTES = 10_000_000
ZIP_UNZIPPED_BYTES = 20_000_000
ZIP_FILES = 1_000
ZIP_FILE_NAME_BYTES = 512

#: The newest version that still has SOAP login(); Winter '26 (65.0) dropped it.
LAST_SOAP_LOGIN_VERSION = 64.0
#: The oldest version the server answers; 21.0-30.0 were retired in Summer '25.
FIRST_SUPPORTED_VERSION = 31.0
#: 31.0-40.0 are deprecated from Summer '27 and retired in Summer '28.
LAST_DEPRECATED_VERSION = 40.0
#: JSON batches (guide, "Prepare XML and JSON Files").
FIRST_JSON_VERSION = 36.0
#: queryAll in Bulk API 1.0.
FIRST_QUERYALL_VERSION = 39.0
#: Zip batches.
FIRST_ZIP_VERSION = 20.0
#: Query jobs of Bulk API 2.0.
FIRST_QUERY_V2_VERSION = 47.0
#: Result pages of a 2.0 query that may be read side by side.
FIRST_RESULT_PAGES_VERSION = 58.0
#: Characters of a SOQL statement.
SOQL_CHARACTERS = 100_000
