"""What the emulator does, and on whose word: PK chunking."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade

AREA = Area(
    title="PK chunking",
    behaviours=(
        Behaviour(
            id="bulk1.pk_chunking.header_flag_pairs_both",
            title="Header: flag, pairs, both, trailing `;`, any letter case",
            does="yes",
            source="BG, HSB, TAP",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.original_batch_notprocessed_first",
            title="Original batch `NotProcessed`, first in the list; its result list empty",
            does="yes",
            source="BG, HSB / –",
            grade=Grade.LIVE_TESTED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.request_chunk",
            title="`/request` of a chunk",
            does=(
                "the query with `WHERE` or `AND Id >= … AND Id < …`, ids unquoted; the last "
                "without an end"
            ),
            source="BG sample, HSB",
            grade=Grade.DOCUMENTED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.chunks_may_empty_deleted",
            title="Chunks may be empty; deleted records count for their width",
            does="yes",
            source="BG, spark-salesforce #70",
            grade=Grade.RECORDED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.chunksize_above_250_000",
            title="`chunkSize` above 250,000",
            does="250,000",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.bad_header",
            title="Bad header",
            does="400 `InvalidJob`",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.usesampleddata",
            title="`useSampledData`",
            does="accepted, ignored",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.order_limit_filters_fields",
            title="ORDER BY, LIMIT, filters on fields whose name ends in Id",
            does="the original batch runs, unchunked",
            source="BG (that), – (how)",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.unsupported_object",
            title="Unsupported object",
            does="the batch fails",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.object_without_records",
            title="Object without records",
            does="the original batch runs",
            source="–",
            grade=Grade.ASSUMED,
        ),
        Behaviour(
            id="bulk1.pk_chunking.each_chunk_costs_one",
            title="Each chunk costs one of the day's allocation",
            does="yes",
            source="BG",
            grade=Grade.DOCUMENTED,
        ),
    ),
)
