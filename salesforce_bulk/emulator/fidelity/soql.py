"""What the emulator does, and on whose word: SOQL."""

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade, Reading

_PROBES = "tests/conformance/test_probes_of_rest.py"
_ERRORS = "tests/emulator/soql/test_soql_errors.py"
_WHERE = "tests/emulator/soql/test_soql_where.py"
_SELECT = "tests/emulator/soql/test_soql_select.py"
_GROUPS = "tests/emulator/soql/test_soql_groups.py"
_RESTRICT = "tests/emulator/soql/test_soql_restrict.py"

AREA = Area(
    title="SOQL",
    note=(
        "Errors as REST answers them; a query job of Bulk API 1.0 has them in its batch's "
        "`stateMessage`, one of 2.0 in the answer to its creation."
    ),
    behaviours=(
        Behaviour(
            id="soql.unknown_column",
            title="A column, or a relationship in a path, that there is not",
            does="400 `INVALID_FIELD`, behind the fragment, a caret, and row and column from 1",
            source="CCI, users' reports",
            grade=Grade.RECORDED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=(
                "No such column '{}' on entity '{}'.{}",
                "Didn't understand relationship '{}' in field path.{}",
                "Didn't understand relationship '{}' in FROM part of query call.{}",
            ),
            tests=(_PROBES, f"{_ERRORS}::test_recorded_wording_fragment_caret_and_column"),
            readings=(Reading("400 INVALID_FIELD, Row:1:Column:8"),),
        ),
        Behaviour(
            id="soql.unknown_object",
            title="An object that there is not",
            does="400 `INVALID_TYPE` \"sObject type 'X' is not supported. …\"",
            source="CCI",
            grade=Grade.RECORDED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=("sObject type '{}' is not supported.{}",),
            tests=(_PROBES, f"{_ERRORS}::test_recorded_wording_fragment_caret_and_column"),
            readings=(Reading("400 INVALID_TYPE"),),
        ),
        Behaviour(
            id="soql.unexpected_word",
            title="A word that nobody expects",
            does=(
                "400 `MALFORMED_QUERY` `unexpected token: SELEKT`; without a fragment where it is "
                "the first; columns of syntax errors count from 0"
            ),
            source="recorded answers; others quote the word",
            grade=Grade.RECORDED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=("unexpected token: {}",),
            tests=(_PROBES, f"{_ERRORS}::test_syntax_errors_name_the_place"),
            readings=(Reading("bare"), Reading("quoted", "users' reports")),
        ),
        Behaviour(
            id="soql.syntax",
            title="Other errors of syntax",
            does="400 `MALFORMED_QUERY`, `INVALID_FIELD` or `QUERY_TOO_COMPLICATED`",
            source="users' reports, SOQL guide (lengths), – (texts of lengths and depth)",
            grade=Grade.ASSUMED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=(
                "line {}:{} no viable alternative at character '{}'",
                "ALL ROWS not allowed in this context",
                "Bind variables only allowed in Apex code",
                "Invalid string literal '{}'. Illegal character sequence in string literal.",
                "Invalid {}: {}",
                "Query is too complicated",
                "SOQL statements cannot be empty or null",
                "SOQL statements cannot be longer than {} characters.",
                "SOQL statements must be text in Unicode",
                "String literal cannot be longer than {} characters",
                "query is nested deeper than {} levels",
                "{} is too large: {}",
            ),
            tests=(
                _PROBES,
                f"{_ERRORS}::test_syntax_errors_name_the_place",
                f"{_ERRORS}::test_no_statement",
                f"{_ERRORS}::test_statement_and_string_have_their_greatest_lengths",
                f"{_ERRORS}::test_half_a_surrogate_pair_is_no_text",
                "tests/emulator/soql/test_soql_fuzz.py::test_the_longest_statements_end_soon",
            ),
            readings=(Reading("400 MALFORMED_QUERY"),),
        ),
        Behaviour(
            id="soql.filters",
            title="A filter that a field does not take",
            does=(
                "400 `INVALID_FIELD`, or `INVALID_QUERY_FILTER_OPERATOR` for an operator or an id"
            ),
            source="users' reports, – (which fields, wording of filtered and sorted)",
            grade=Grade.ASSUMED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=(
                "field '{}' can not be filtered in a query call",
                "field '{}' can not be sorted in a query call",
                "invalid ID field: {}",
                "invalid operator on {} field",
                "invalid operator with null",
                "value of filter criterion for field '{}' must be of type {} and should {}be "
                "enclosed in quotes",
                "{} fields can only be filtered using Distance expressions",
            ),
            tests=(_PROBES, f"{_ERRORS}::test_errors_of_meaning"),
            readings=(
                Reading("400 INVALID_QUERY_FILTER_OPERATOR"),
                Reading("400 MALFORMED_ID", "as a row's id is refused"),
            ),
        ),
        Behaviour(
            id="soql.semi_joins",
            title="Semi-joins that are none",
            does="400 `MALFORMED_QUERY`, `INVALID_FIELD` or `EXCEEDED_MAX_SEMIJOIN_SUBSELECTS`",
            source="SOQL guide (rules), users' reports (texts)",
            grade=Grade.DOCUMENTED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=(
                "Maximum {} semi join sub-selects are allowed",
                "Nesting of semi join sub-selects is not supported",
                "ORDER BY and LIMIT are not allowed in a semi join sub-select",
                "Semi join sub-selects are not allowed with the 'OR' operator",
                "Semi join sub-selects are only allowed at the top level WHERE expressions and "
                "not in nested WHERE expressions.",
                "The field '{}' is not an Id or reference of the object",
                "The inner and outer selects should not be on the same object type",
                "The left operand '{}' must be an Id or reference field",
                "The selected field '{}' in the subquery and the left operand field in the where "
                "expression in the outer query '{}' should point to the same object type",
                "only SELECT, FROM and WHERE are allowed in a semi join sub-select",
                "semi join sub-selects can only select a field",
                "semi join sub-selects can only select one field",
            ),
            tests=(
                f"{_ERRORS}::test_errors_of_meaning",
                f"{_WHERE}::test_semi_and_anti_joins",
            ),
        ),
        Behaviour(
            id="soql.groups",
            title="Groups and aggregates that are none",
            does="400 `MALFORMED_QUERY` or `INVALID_FIELD`",
            source="SOQL guide (rules), – (texts)",
            grade=Grade.DOCUMENTED,
            routes=("rest.query",),
            texts=(
                "COUNT() cannot be used with ORDER BY or GROUP BY",
                "Field must be grouped or aggregated: {}",
                "GROUPING takes one field",
                "Grouped and aggregated subqueries are not supported",
                "Grouped field should not be aggregated: {}",
                "HAVING and ORDER BY of aggregates need a GROUP BY",
                "HAVING needs a GROUP BY",
                "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
                "duplicate alias: {}",
                "field '{}' can not be grouped in a query call",
                "field {} does not support aggregate operator {}",
                "only aggregate expressions use field aliasing",
                "only fields and aggregates can be selected with GROUP BY",
                "{} takes at most {} fields",
            ),
            tests=(
                f"{_GROUPS}::test_what_groups_refuse",
                f"{_GROUPS}::test_every_aggregate_of_every_kind_runs_or_is_refused",
                f"{_ERRORS}::test_errors_of_meaning",
            ),
        ),
        Behaviour(
            id="soql.select",
            title="What cannot be selected",
            does="400 `INVALID_FIELD` or `MALFORMED_QUERY`",
            source="SOQL guide (rules), users' reports (some texts)",
            grade=Grade.DOCUMENTED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=(
                "'FIELDS(...)' expansion function must result in at least one field being "
                "selected.",
                "'{}' is no type of '{}'",
                "DISTANCE cannot be used on {}",
                "DISTANCE takes a location, a GEOLOCATION, and 'mi' or 'km'",
                "FORMAT cannot be used on field {}",
                "TYPEOF needs a polymorphic relationship: {}",
                "duplicate field selected: {}",
                "{} cannot be used on field {}",
                "{} takes one field",
            ),
            tests=(
                _PROBES,
                f"{_SELECT}::test_what_select_refuses",
                f"{_SELECT}::test_distance",
                f"{_SELECT}::test_format",
                f"{_ERRORS}::test_errors_of_meaning",
            ),
            readings=(Reading("400 INVALID_FIELD"),),
        ),
        Behaviour(
            id="soql.limits",
            title="More than a query may have",
            does=(
                "400: `NUMBER_OUTSIDE_VALID_RANGE` for an OFFSET above 2,000, else "
                "`MALFORMED_QUERY`; `FIELDS(ALL)` needs a LIMIT of at most 200"
            ),
            source="SOQL guide (limits), – (texts)",
            grade=Grade.DOCUMENTED,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=(
                "Maximum SOQL offset allowed is {}",
                "ORDER BY takes at most {} fields",
                "The SOQL FIELDS function must have a LIMIT of at most {}",
                "a path may lead up {} levels of parents: {}",
                "a query may have {} parent-to-child subqueries",
                "a query may use {} child-to-parent relationships",
            ),
            tests=(
                _PROBES,
                f"{_ERRORS}::test_offset_and_limit_have_their_greatest_values",
                f"{_SELECT}::test_limits_of_relationships",
                f"{_SELECT}::test_fields_functions",
                f"{_ERRORS}::test_errors_of_meaning",
            ),
            readings=(Reading("400 NUMBER_OUTSIDE_VALID_RANGE"),),
        ),
        Behaviour(
            id="soql.bulk_objects",
            title="Objects that a query job of Bulk API 2.0 does not query",
            does="400 `INVALIDENTITY` \"Entity 'X' is not supported by the Bulk API.\"",
            source="TAP and other connectors (lists), – (text)",
            grade=Grade.LIVE_TESTED,
            routes=("bulk2.query",),
            texts=("Entity '{}' is not supported by the Bulk API.",),
            tests=(f"{_RESTRICT}::test_objects_that_bulk_does_not_query",),
        ),
        Behaviour(
            id="soql.not_emulated",
            title="What a real org understands and the emulator does not",
            does="400 `FUNCTIONALITY_NOT_ENABLED`, by name",
            source="–",
            grade=None,
            routes=("rest.query", "bulk1.batches", "bulk2.query"),
            texts=("{} is not emulated",),
            tests=(f"{_ERRORS}::test_errors_of_meaning",),
        ),
    ),
)
