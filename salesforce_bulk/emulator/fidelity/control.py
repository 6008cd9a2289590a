"""What the emulator has that no org has: faults, a page, an API of its own."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour

_FAULTS = "tests/emulator/http/test_faults.py"
_CONTROL = "tests/emulator/endpoints/test_control.py"
_SCHEMA = "tests/emulator/schema/test_schema.py"
_COMMAND = "tests/emulator/test_emulator_command.py"

AREA = Area(
    title="What no org has",
    note="Salesforce has nothing of the kind: nothing here can be asked of an org.",
    behaviours=(
        Behaviour(
            id="control.faults.connection",
            title="Faults of the connection",
            does=(
                "a request or its answer is lost, cut, held up, damaged, or answered by a proxy; "
                "before or after the request was executed"
            ),
            source="–",
            grade=None,
            faults=(
                "answer_lost",
                "closed_before",
                "corrupt_gzip",
                "cut",
                "cut_sized",
                "cut_unsized",
                "garbage",
                "html_error",
                "html_error_after",
                "nul_bytes",
                "redirect",
                "reset_after",
                "reset_before",
                "reset_during",
                "slow_answer",
                "stall",
                "wrong_type",
            ),
            tests=(
                f"{_FAULTS}::test_answer_that_never_comes",
                f"{_FAULTS}::test_cut_body_is_noticed",
                f"{_FAULTS}::test_body_cut_without_its_length_looks_whole",
                f"{_FAULTS}::test_corrupt_gzip_does_not_decompress",
                f"{_FAULTS}::test_nul_bytes_come_inside_values",
                f"{_FAULTS}::test_stalled_body_is_silent_and_then_goes_on",
                f"{_FAULTS}::test_slow_answer_runs_into_the_clients_timeout",
                f"{_FAULTS}::test_page_of_a_proxy",
                f"{_FAULTS}::test_page_of_a_proxy_after_the_request_was_executed",
                f"{_FAULTS}::test_redirect_to_another_host",
                f"{_FAULTS}::test_answer_of_another_type",
            ),
        ),
        Behaviour(
            id="control.faults.answers",
            title="Faults of the org",
            does=(
                "an answer that orgs give at times, at a time of one's choice: an error, a "
                "session that ended, an allocation used up, results that are late, gone or empty"
            ),
            source="– (the answers themselves: the rows of their routes)",
            grade=None,
            faults=(
                "api_error",
                "empty_as_204",
                "quota_used_up",
                "request_limit",
                "results_expired",
                "results_not_ready",
                "session_expired",
            ),
            tests=(
                f"{_FAULTS}::test_session_expires_at_the_nth_call_and_stays_dead",
                f"{_FAULTS}::test_error_of_the_api_itself",
                f"{_FAULTS}::test_error_of_the_api_has_the_code_that_was_asked_for",
            ),
        ),
        Behaviour(
            id="control.faults.batches",
            title="Faults of batches",
            does=(
                "a batch is queued again, fails, takes its time, adds its chunks one by one; rows "
                "fail, or are in no result"
            ),
            source="–",
            grade=None,
            texts=("Retried more than {} times",),
            faults=(
                "batch_failed",
                "late_chunks",
                "lock_failures",
                "lost_cells",
                "lost_results",
                "requeue",
                "row_errors",
                "slow_batch",
            ),
            tests=(
                f"{_FAULTS}::test_requeued_load_goes_on_where_it_stopped",
                f"{_FAULTS}::test_load_is_requeued_ten_times_and_no_more",
                f"{_FAULTS}::test_too_many_lock_failures_fail_the_batch_and_keep_what_was_done",
                f"{_FAULTS}::test_batch_fails_with_the_message_that_was_asked_for",
                f"{_FAULTS}::test_some_rows_fail_and_are_not_written",
                f"{_FAULTS}::test_slow_batch_takes_its_time_on_the_orgs_clock",
                f"{_FAULTS}::test_late_chunks_come_one_after_the_other",
            ),
        ),
        Behaviour(
            id="control.api",
            title="The control API below `/_emulator`",
            does='resources as in docs/emulator.md; errors are `{"error": text}`',
            source="–",
            grade=None,
            texts=(
                "a change needs the control token: Authorization: Bearer …",
                "a query has results, and no rows of its own",
                "after has to be an id: {}",
                "certificate has to be PEM text",
                "count has to be a number of batches",
                "outcome has to be one of {}",
                "records of {} have no ids to go on from",
                "seconds has to be a number, at most 10,000,000,000",
                "the batch has {} result files",
                "the log has no request {}",
                "the objects have to be given",
                "the rows have to be a list of objects",
                "there is no object {}",
                "there is no such app or user",
                "there is no {} {}",
                "{} has to be a number",
                "{} has to be given",
                "{} is no id",
                "{} is no resource of the control API",
                "{} is unknown here; there are {}",
                "{} takes {}",
            ),
            tests=(
                f"{_CONTROL}::test_what_cannot_be_done_is_told",
                f"{_CONTROL}::test_only_known_names_are_answered",
                f"{_CONTROL}::test_a_change_needs_the_token_or_a_page_of_the_emulator_itself",
                f"{_CONTROL}::test_it_is_neither_counted_nor_logged",
                "tests/emulator/endpoints/test_emulator_page.py"
                "::test_every_resource_of_the_control_api_is_listed",
            ),
        ),
        Behaviour(
            id="control.page",
            title="The page at `/`",
            does="shows what happens in the org; it is no part of the org",
            source="–",
            grade=None,
            tests=("tests/emulator/endpoints/test_page.py::test_page_is_no_part_of_the_org",),
        ),
        Behaviour(
            id="control.objects",
            title="Objects that are defined, in short or by describe documents",
            does="taken as far as they are emulated; the rest is refused by name",
            source="– (describe documents: CCI)",
            grade=None,
            texts=(
                "a schema is a mapping or a list of describe documents",
                "not a describe document: {}",
                "reading YAML needs PyYAML; JSON works without",
                "{} is no API name of a field",
                "{}.{} refers to unknown {}",
                "{}: a lookup names the object it refers to: lookup(Account)",
                "{}: custom_setting is List or Hierarchy, and its name ends in __c",
                "{}: its fields are a mapping of names to definitions",
                "{}: objects whose name ends in {} are not emulated",
                "{}: the API name of a custom object ends in __c, of an event in __e, of custom "
                "metadata in __mdt, of a big object in __b",
                "{}: the key prefix {} is taken",
                "{}: {} is no attribute of a field",
                "{}: {} is no attribute of an object",
                "{}: {} is no default of type {}",
                "{}: {} is no field definition",
                "{}: {} is no field type; known are {}",
                "{}: {} is none of {}",
                "{}: {}({}) has something else than numbers",
            ),
            tests=(
                f"{_SCHEMA}::test_definitions_without_sense_are_refused_by_name",
                f"{_SCHEMA}::test_what_is_no_describe_document_is_refused",
                f"{_SCHEMA}::test_a_schema_file_that_cannot_be_read_says_why",
                f"{_SCHEMA}::test_a_taken_key_prefix_is_refused",
                f"{_SCHEMA}::test_yaml_needs_pyyaml",
                "tests/emulator/data/test_object_kinds.py"
                "::test_what_cannot_be_defined_is_refused_by_name",
            ),
        ),
        Behaviour(
            id="control.data",
            title="Records from files, and a directory that keeps them",
            does="parents first, what is wrong is told with file and row; one emulator a directory",
            source="–",
            grade=None,
            texts=(
                "{} has no .csv and no .json file",
                "{} is in use by another emulator",
                "{} is no list of records",
                "{}, row {}: no {} has the {} {}",
                "{}, row {}: {}",
                "{}: there is no object {}",
            ),
            tests=(
                f"{_COMMAND}::test_files_are_loaded_parents_first",
                f"{_COMMAND}::test_a_row_that_cannot_be_loaded_is_told_with_its_place",
                "tests/emulator/data/test_keeping.py"
                "::test_a_directory_is_for_one_emulator_at_a_time",
            ),
        ),
        Behaviour(
            id="control.defects",
            title="A defect of the emulator",
            does="500, and the traceback in its log",
            source="–",
            grade=None,
            texts=("see the emulator's log",),
            tests=(
                "tests/emulator/test_emulator.py::test_a_defect_is_a_500_and_the_next_request_is_answered",
            ),
        ),
    ),
)
