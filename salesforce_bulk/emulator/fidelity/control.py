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
            id="control.faults",
            title="Faults, when and where one asks for them",
            does=(
                "once or often, from the nth call on, of one job or one route, by chance; the "
                "kinds stand in the rows of what goes wrong; rows fail that would not have"
            ),
            source="–",
            grade=None,
            faults=("row_errors",),
            tests=(
                f"{_FAULTS}::test_rule_strikes_from_its_nth_occasion_so_many_times",
                f"{_FAULTS}::test_rule_strikes_only_what_it_names",
                f"{_FAULTS}::test_chance_is_the_seeds",
                f"{_FAULTS}::test_cleared_rules_strike_no_more",
                f"{_FAULTS}::test_some_rows_fail_and_are_not_written",
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
                "permissions has to be a list of names",
                "records of {} have no ids to go on from",
                "seconds has to be a number, at most 10,000,000,000",
                "the batch has {} result files",
                "the log has no request {}",
                "the objects have to be given",
                "{} has to be a text",
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
    ),
)
