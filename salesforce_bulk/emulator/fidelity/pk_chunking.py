"""What the emulator does, and on whose word: PK chunking."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_PROBES = "tests/conformance/test_probes_of_pk_chunking.py"
_API = "tests/emulator/endpoints/test_bulk1.py"

AREA = Area(
    title="PK chunking",
    behaviours=(
        Behaviour(
            id="bulk1.pk_chunking.header",
            title="Header: flag, pairs, both, trailing `;`, any letter case",
            does="yes",
            source="BG, HSB, TAP",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.job.create",),
            tests=(
                _PROBES,
                f"{_API}::test_chunking_may_be_off",
                f"{_API}::test_chunking_starts_at_its_start_row",
            ),
            readings=(Reading("taken"),),
        ),
        Behaviour(
            id="bulk1.pk_chunking.original_state",
            title="State of the original batch",
            does="`NotProcessed`",
            source="BG, HSB",
            grade=Grade.LIVE_TESTED,
            routes=("bulk1.batches", "bulk1.batch"),
            tests=(_PROBES, f"{_API}::test_chunked_query_leaves_its_own_batch_not_processed"),
            readings=(
                Reading("NotProcessed"),
                Reading("Completed", "clients that look at results alone"),
            ),
        ),
        Behaviour(
            id="bulk1.pk_chunking.original_place",
            title="Place of the original batch in the list",
            does="first",
            source="BG",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.batches",),
            tests=(_PROBES, f"{_API}::test_chunked_query_leaves_its_own_batch_not_processed"),
            readings=(Reading("first"), Reading("last", "egen/salesforce-wave-api #9")),
        ),
        Behaviour(
            id="bulk1.pk_chunking.request",
            title="`/request` of a chunk",
            does=(
                "the query with `WHERE` or `AND Id >= … AND Id < …`, ids unquoted; the last "
                "without an end"
            ),
            source="BG sample, HSB",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.request",),
            tests=(_PROBES, f"{_API}::test_chunks_say_what_they_asked"),
            readings=(Reading("ids unquoted"), Reading("ids quoted", "SOQL needs the quotes")),
        ),
        Behaviour(
            id="bulk1.pk_chunking.empty_chunks",
            title="Chunks may be empty; deleted records count for their width",
            does="yes",
            source="BG, spark-salesforce #70",
            grade=Grade.RECORDED,
            routes=("bulk1.result",),
            tests=(f"{_API}::test_chunks_may_be_empty_and_deleted_rows_count_for_them",),
        ),
        Behaviour(
            id="bulk1.pk_chunking.late_chunks",
            title="Chunks appear one by one, while others have ended",
            does="all at once; one by one by the fault `late_chunks`",
            source="BG",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.batches",),
            faults=("late_chunks",),
            tests=(
                "tests/emulator/http/test_faults.py::test_late_chunks_come_one_after_the_other",
            ),
        ),
        Behaviour(
            id="bulk1.pk_chunking.size_above_maximum",
            title="`chunkSize` above 250,000",
            does="250,000",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            tests=(_PROBES,),
            readings=(
                Reading("the maximum"),
                Reading("400 InvalidJob", "as a size that is none"),
            ),
        ),
        Behaviour(
            id="bulk1.pk_chunking.bad_header",
            title="Bad header",
            does="400 `InvalidJob`",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            texts=("Invalid value for Sforce-Enable-PKChunking: {}",),
            tests=(_PROBES, f"{_API}::test_chunking_header_is_checked"),
            readings=(
                Reading("400 InvalidJob"),
                Reading("400 ClientInputError", "what the client sends otherwise"),
                Reading("ignored", "unknown headers elsewhere"),
            ),
        ),
        Behaviour(
            id="bulk1.pk_chunking.sampled_data",
            title="`useSampledData`",
            does="accepted, ignored",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create",),
            tests=(_PROBES,),
            readings=(Reading("accepted"), Reading("400 InvalidJob", "as an unknown setting")),
        ),
        Behaviour(
            id="bulk1.pk_chunking.order_limit_ids",
            title="ORDER BY, LIMIT, filters on fields whose name ends in Id",
            does="the original batch runs, unchunked",
            source="BG (that), – (how)",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            texts=("PK chunking takes no ORDER BY, no LIMIT and no filter on ids",),
            tests=(
                _PROBES,
                f"{_API}::test_ordered_limited_or_id_filtered_queries_are_not_chunked",
            ),
            readings=(
                Reading("unchunked"),
                Reading("Failed", "as an unsupported object"),
                Reading("chunked", "each chunk with its own LIMIT"),
            ),
        ),
        Behaviour(
            id="bulk1.pk_chunking.unsupported_object",
            title="Unsupported object",
            does="the batch fails",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.job.create", "bulk1.batches"),
            texts=("Entity '{}' is not supported to use PKChunking.",),
            tests=(_PROBES,),
            readings=(
                Reading("Failed"),
                Reading("400 InvalidJob", "objects that bulk does not have"),
                Reading("unchunked", "as with ORDER BY"),
            ),
        ),
        Behaviour(
            id="bulk1.pk_chunking.object_without_records",
            title="Object without records",
            does="the original batch runs",
            source="–",
            grade=Grade.ASSUMED,
            routes=("bulk1.batches",),
            tests=(_PROBES,),
            readings=(
                Reading("unchunked"),
                Reading("one chunk", "the last chunk has no end"),
                Reading("no chunk", "BG: the original batch is not processed"),
            ),
        ),
        Behaviour(
            id="bulk1.pk_chunking.cost",
            title="Each chunk costs one of the day's allocation",
            does="yes",
            source="BG",
            grade=Grade.DOCUMENTED,
            routes=("bulk1.batches",),
            tests=(f"{_API}::test_chunks_cost_their_allocation",),
        ),
    ),
)
