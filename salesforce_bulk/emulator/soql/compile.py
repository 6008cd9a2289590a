"""A parsed query and a schema to one SQLite statement with its parameters.

Source: *SOQL and SOSL Reference*; the tables are those of the org's store (a table for each
object, a column for each stored field).

A plain query compiles to plain column reads. No function of Python runs for a row, except the
collation `UNICODE_NOCASE` where text is compared by `<` or `>` with a literal beyond ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from itertools import combinations
from typing import Final, TypeAlias

from salesforce_bulk.emulator.schema.fields import ChildRelationship, Field, SObject
from salesforce_bulk.emulator.schema.schema import Schema
from salesforce_bulk.emulator.soql.conditions import ConditionContext, Conditions, SqlFragment
from salesforce_bulk.emulator.soql.errors import (
    EXCEEDED_MAX_SEMIJOIN_SUBSELECTS,
    INVALID_FIELD,
    INVALID_TYPE,
    MALFORMED_QUERY,
    QUERY_TOO_COMPLICATED,
    SoqlError,
    located,
    not_emulated,
    unexpected,
)
from salesforce_bulk.emulator.soql.operands import Operand, Operands
from salesforce_bulk.emulator.soql.parse import (
    And,
    Comparison,
    Condition,
    FunctionCall,
    GroupBy,
    InComparison,
    Path,
    Query,
    SelectChildren,
    SelectField,
    SelectFields,
    SelectTypeOf,
    SemiJoin,
)
from salesforce_bulk.emulator.soql.paths import (
    RELATIONSHIP_ADVICE,
    FromClause,
    ParentId,
    find_object,
    no_such_column,
)

#: "Understanding Relationship Query Limitations".
CHILD_QUERIES: Final = 20
SEMI_JOINS: Final = 2
#: "ORDER BY", "GROUP BY ROLLUP", "FIELDS()".
ORDERED_FIELDS: Final = 32
ROLLED_FIELDS: Final = 3
FIELDS_ROWS: Final = 200
#: Under SQLite's limits: 2,000 columns, 32,766 parameters, 1,000,000 bytes of SQL.
_COLUMNS: Final = 1_900
_PARAMETERS: Final = 32_000
_SQL_BYTES: Final = 900_000


class _ParentIdParameter:
    """Stands among a child query's parameters for the parent's Id."""

    def __repr__(self) -> str:
        return "PARENT_ID"


PARENT_ID: Final = _ParentIdParameter()
Parameters: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One visible column of the answer, and one column of the SQL.

    Args:
        label: the name it goes by, dotted, in the API's letter case ("Account.Name"), or its
            alias, or "expr0".
        path: the label's parts; a single one for aliases and expressions.
        field: the field it reads, or None (aggregates, date functions).
        kind: "field"; "label" (toLabel); "format" (FORMAT: text, as en_US has it); "expression"
            (DISTANCE); "aggregate"; "group" (a grouped field or function); "compound" (an
            address or location: the SQL gives its parts as a JSON text, or null); "base64" (the
            SQL gives whether there is a body, not the body).
        type: describe's word for its values ("datetime", "int", ...).
    """

    label: str
    path: tuple[str, ...]
    field: Field | None
    kind: str
    type: str


@dataclass(frozen=True, slots=True)
class Parent:
    """Where a row has the Id of a record, and which objects that record may be of."""

    index: int
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Children:
    """A parent-to-child subquery: one statement, to be run for each parent.

    Args:
        label: the relationship's name ("Contacts").
        position: how many of the outer query's columns come before it.
        query: its plan; run it with `parameters_for(parent's Id)`.
    """

    label: str
    position: int
    query: CompiledQuery

    def parameters_for(self, parent_id: str) -> tuple[object, ...]:
        return tuple(parent_id if p is PARENT_ID else p for p in self.query.parameters)


@dataclass(frozen=True, slots=True)
class TypeOf:
    """A TYPEOF: by the object that the Id at `index` belongs to, the fields to show.

    `branches` maps an object's name to (index in the row, column) pairs, whose labels are
    relative to that object; `otherwise` is for the other objects. A null Id is a null parent.
    """

    label: str
    position: int
    index: int
    objects: tuple[str, ...]
    branches: dict[str, tuple[tuple[int, Column], ...]]
    otherwise: tuple[tuple[int, Column], ...]


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A statement to run.

    Args:
        object: what is queried.
        sql: gives `columns` first, then hidden columns.
        flat_sql: the same rows with no hidden columns, for CSV.
        parameters: of `sql`, and of `flat_sql` too.
        columns: the visible columns, in SELECT order.
        parents: by path, where the Id of each parent in the SELECT list is; `()` is the record
            itself. Ids are visible columns where they were selected, else hidden ones.
        children: plans of the subqueries in SELECT.
        type_of: the TYPEOFs of SELECT.
        count: SELECT COUNT(); the one column is the number.
        aggregate: rows are AggregateResults and have no Id.
        tables: every object whose table is read, those of children included.
        viewed: FOR VIEW or FOR REFERENCE: the user has these records in hand.
    """

    object: SObject
    sql: str
    flat_sql: str
    parameters: Parameters
    columns: tuple[Column, ...]
    parents: dict[tuple[str, ...], Parent]
    children: tuple[Children, ...] = ()
    type_of: tuple[TypeOf, ...] = ()
    count: bool = False
    aggregate: bool = False
    tables: tuple[SObject, ...] = ()
    viewed: bool = False


def compile_query(
    query: Query,
    schema: Schema,
    now: datetime,
    include_deleted: bool = False,
    user_id: str | None = None,
    id_range: tuple[str | None, str | None] | None = None,
) -> CompiledQuery:
    """The statement for a query.

    Args:
        now: the org's clock; date literals are of its day in UTC.
        include_deleted: queryAll: deleted and archived rows too.
        user_id: whose records USING SCOPE mine are.
        id_range: for PK chunking, lowest Id and the Id before which to stop, or None each.

    Raises:
        SoqlError: an unknown name, a wrong type, a limit, or what is not emulated.
    """
    options = _CompileOptions(schema, now, include_deleted, user_id, {})
    plan = _SelectCompiler(query, find_object(schema, query.object, query.text), options, "t")
    if id_range is not None:
        plan.restrict_ids(*id_range)
    compiled = plan.compile()
    return replace(compiled, tables=tuple(options.tables.values()))


@dataclass(frozen=True, slots=True)
class _CompileOptions:
    schema: Schema
    now: datetime
    include_deleted: bool
    user_id: str | None
    tables: dict[str, SObject]


@dataclass(frozen=True, slots=True)
class _SelectedColumn:
    column: Column
    sql: str
    parameters: tuple[object, ...]


class _SelectCompiler:
    """One SELECT on its way to SQL."""

    def __init__(
        self, query: Query, sobject: SObject, options: _CompileOptions, alias: str
    ) -> None:
        self._query = query
        self._object = sobject
        self._options = options
        self._scope = FromClause(query, sobject, options.schema, alias, options.tables)
        self._operands = Operands(self._scope)
        self._context = ConditionContext(
            text=query.text,
            today=options.now.astimezone(timezone.utc).date(),
            semi_join=self._semi_join,
        )
        self._semi_joins = 0
        self._filters: list[SqlFragment] = []
        self._selected: list[_SelectedColumn] = []
        self._labels: set[str] = set()
        self._expressions = 0
        self._hidden: list[str] = []
        self._children: list[Children] = []
        self._type_of: list[TypeOf] = []
        # Their columns are hidden ones, whose places are known once all visible ones are.
        self._type_of_items: list[tuple[SelectTypeOf, int]] = []

    # Entry points

    def restrict_ids(self, low: str | None, high: str | None) -> None:
        """Only Ids from `low` on and before `high`."""
        for operator, bound in ((">=", low), ("<", high)):
            if bound is not None:
                self._filters.append(SqlFragment(f"{self._id} {operator} ?", (bound,)))

    def of_parent(self, field: Field) -> None:
        """Only the children whose reference is the parent that the statement is run for."""
        column = f'{self._scope.alias}."{field.name}"'
        self._filters.append(SqlFragment(f"{column} = ?", (PARENT_ID,)))

    def compile(self) -> CompiledQuery:
        self._check_clauses()
        if self._query.counts_only:
            return self._count()
        if self._query.aggregates:
            return self._compile_groups()
        return self._records()

    def inner_of_semi_join(self) -> tuple[Operand, SqlFragment]:
        """The one field selected, and the statement that gives its values."""
        query = self._query
        self._check_clauses()
        if query.order_by or query.limit is not None or query.offset is not None:
            raise self._malformed(
                query.at, "ORDER BY and LIMIT are not allowed in a semi join sub-select"
            )
        if query.group_by or query.having or query.for_clauses:
            raise self._malformed(
                query.at, "only SELECT, FROM and WHERE are allowed in a semi join sub-select"
            )
        item = query.fields[0]
        if len(query.fields) > 1 or not isinstance(item, SelectField):
            raise self._malformed(query.at, "semi join sub-selects can only select one field")
        if not isinstance(item.operand, Path):
            raise self._malformed(item.at, "semi join sub-selects can only select a field")
        operand = self._operands.bind(item.operand)
        if operand.kind != "id" or operand.optional:
            raise self._malformed(
                item.at, f"The field '{operand.label}' is not an Id or reference of the object"
            )
        self._context.semi_join = None
        where = self._where(extra=(SqlFragment(f"{operand.sql} IS NOT NULL"),))
        sql = f"SELECT {operand.sql} {self._scope.from_sql}{where.sql}"
        return operand, SqlFragment(sql, where.parameters)

    # Common parts

    @property
    def _id(self) -> str:
        return f'{self._scope.alias}."Id"'

    def _malformed(self, at: int, sentence: str) -> SoqlError:
        return located(MALFORMED_QUERY, self._query.text, at, sentence)

    def _check_clauses(self) -> None:
        for clause in self._query.with_clauses:
            # The modes are about the user's permissions; the org's user has all of them.
            if not clause.text.upper().endswith(("_MODE", "_ENFORCED")):
                raise not_emulated(f"WITH {clause.text}")

    def _where(self, extra: Iterable[SqlFragment] = ()) -> SqlFragment:
        parts = [*self._filters, *self._visible_rows(), *self._scope_filter()]
        if self._query.where is not None:
            conditions = Conditions(self._context, self._bind_where)
            parts.append(conditions.compile(self._query.where))
        parts.extend(extra)
        if not parts:
            return SqlFragment("")
        # Nested brackets first, as in conditions.join: SQLite's parser has a short stack.
        deep = sorted(range(len(parts)), key=lambda at: -parts[at].depth)
        parts = [parts[at] for at in deep]
        parameters = tuple(value for part in parts for value in part.parameters)
        return SqlFragment(" WHERE " + " AND ".join(part.sql for part in parts), parameters)

    def _visible_rows(self) -> list[SqlFragment]:
        if self._options.include_deleted:
            return []
        hiding = [self._object.field(name) for name in ("IsDeleted", "IsArchived")]
        return [
            SqlFragment(f'{self._scope.alias}."{field.name}" = 0')
            for field in hiding
            if field is not None and field.type == "boolean"
        ]

    def _scope_filter(self) -> list[SqlFragment]:
        scope = self._query.scope
        if scope is None or scope.text.lower() == "everything":
            return []
        owner = self._object.field("OwnerId")
        if scope.text.lower() == "mine" and owner is not None and self._options.user_id:
            column = f'{self._scope.alias}."{owner.name}"'
            return [SqlFragment(f"{column} = ?", (self._options.user_id,))]
        raise not_emulated(f"USING SCOPE {scope.text}")

    def _bind_where(self, node: Path | FunctionCall) -> Operand:
        operand = self._operands.bind(node)
        if operand.aggregate or operand.function == "FORMAT":
            raise unexpected(self._query.text, operand.at, operand.function)
        return operand

    def _semi_join(self, node: SemiJoin, operand: Operand) -> SqlFragment:
        self._semi_joins += 1
        if self._semi_joins > SEMI_JOINS:
            raise located(
                EXCEEDED_MAX_SEMIJOIN_SUBSELECTS,
                self._query.text,
                node.at,
                f"Maximum {SEMI_JOINS} semi join sub-selects are allowed",
            )
        if operand.kind != "id" or operand.optional:
            raise self._malformed(
                node.at, f"The left operand '{operand.label}' must be an Id or reference field"
            )
        inner_object = find_object(self._options.schema, node.query.object, node.query.text)
        if inner_object.name == self._object.name:
            raise self._malformed(
                node.at, "The inner and outer selects should not be on the same object type"
            )
        select = _SelectCompiler(node.query, inner_object, self._options, "s")
        inner, values = select.inner_of_semi_join()
        self._check_same_type(node, operand, inner, inner_object)
        if not node.negated:
            return SqlFragment(f"{operand.sql} IN ({values.sql})", values.parameters)
        sql = f"({operand.sql} NOT IN ({values.sql}) OR {operand.sql} IS NULL)"
        return SqlFragment(sql, values.parameters)

    def _check_same_type(
        self, node: SemiJoin, outer: Operand, inner: Operand, inner_object: SObject
    ) -> None:
        if _referred_fields(outer, self._object).isdisjoint(_referred_fields(inner, inner_object)):
            raise located(
                INVALID_FIELD,
                self._query.text,
                node.at,
                f"The selected field '{inner.label}' in the subquery and the left operand field "
                f"in the where expression in the outer query '{outer.label}' should point to the "
                "same object type",
            )

    def _limit(self) -> str:
        """LIMIT and OFFSET are numbers that the parser read, so they need no parameters."""
        limit, offset = self._query.limit, self._query.offset
        if limit is None and offset is None:
            return ""
        sql = f" LIMIT {-1 if limit is None else limit}"
        return sql if offset is None else f"{sql} OFFSET {offset}"

    def _check_parameters(self, sql: str, parameters: Sequence[object]) -> tuple[object, ...]:
        if (
            len(parameters) > _PARAMETERS
            or len(self._selected) + len(self._hidden) > _COLUMNS
            or len(sql.encode()) > _SQL_BYTES
        ):
            raise _too_complicated()
        return tuple(parameters)

    # SELECT COUNT()

    def _count(self) -> CompiledQuery:
        if self._query.order_by or self._query.group_by:
            raise self._malformed(
                self._query.at, "COUNT() cannot be used with ORDER BY or GROUP BY"
            )
        where = self._where()
        rows = f"{self._scope.from_sql}{where.sql}"
        if self._limit():
            sql = f"SELECT count(*) FROM (SELECT 1 {rows}{self._limit()})"  # noqa: S608  # nosec B608 # compiled, no input
        else:
            sql = f"SELECT count(*) {rows}"
        column = Column("expr0", ("expr0",), None, "aggregate", "int")
        return CompiledQuery(
            self._object,
            sql,
            sql,
            self._check_parameters(sql, where.parameters),
            (column,),
            {},
            count=True,
            aggregate=True,
        )

    # Records

    def _records(self) -> CompiledQuery:
        if self._query.having is not None:
            raise self._malformed(self._query.at, "HAVING needs a GROUP BY")
        for item in self._query.fields:
            self._select(item)
        parents = self._parents()
        for type_of, position in self._type_of_items:
            self._select_type_of(type_of, position)
        where = self._where()
        order, order_parameters = self._order_by()
        visible = [item.sql for item in self._selected] or [self._id]
        tail = f" {self._scope.from_sql}{where.sql}{order}{self._limit()}"
        sql = f"SELECT {', '.join([*visible, *self._hidden])}{tail}"
        selected_parameters = [value for item in self._selected for value in item.parameters]
        parameters = [*selected_parameters, *where.parameters, *order_parameters]
        return CompiledQuery(
            object=self._object,
            sql=sql,
            flat_sql=f"SELECT {', '.join(visible)}{tail}",
            parameters=self._check_parameters(sql, parameters),
            columns=tuple(item.column for item in self._selected),
            parents=parents,
            children=tuple(self._children),
            type_of=tuple(self._type_of),
            viewed=not {"FOR VIEW", "FOR REFERENCE"}.isdisjoint(self._query.for_clauses),
        )

    def _select(self, item: SelectField | SelectFields | SelectChildren | SelectTypeOf) -> None:
        if isinstance(item, SelectField):
            self._add(item.at, *self._column(item))
        elif isinstance(item, SelectFields):
            self._select_fields(item)
        elif isinstance(item, SelectChildren):
            self._select_children(item)
        else:
            self._type_of_items.append((item, len(self._selected)))

    def _add(self, at: int, column: Column, sql: str, parameters: tuple[object, ...] = ()) -> None:
        if column.label.lower() in self._labels:
            raise located(
                INVALID_FIELD, self._query.text, at, f"duplicate field selected: {column.label}"
            )
        self._labels.add(column.label.lower())
        self._selected.append(_SelectedColumn(column, sql, parameters))

    def _column(self, item: SelectField) -> tuple[Column, str, tuple[object, ...]]:
        operand = self._operands.bind(item.operand)
        if operand.function == "DISTANCE":
            return self._expression(item, operand), operand.sql, ()
        if operand.field is None:
            sentence = f"Field must be grouped or aggregated: {operand.label}"
            raise self._malformed(item.at, sentence)
        if item.alias is not None and not operand.function:
            raise self._malformed(item.alias.at, "only aggregate expressions use field aliasing")
        kind = {"TOLABEL": "label", "FORMAT": "format"}.get(operand.function, "field")
        column = _column_of(operand, kind)
        if item.alias is not None:
            column = replace(column, label=item.alias.text, path=(item.alias.text,))
        return column, self._column_sql(column, operand), operand.parameters

    def _expression(self, item: SelectField, operand: Operand) -> Column:
        label = f"expr{self._expressions}" if item.alias is None else item.alias.text
        self._expressions += item.alias is None
        return Column(label, (label,), None, "expression", operand.type)

    def _column_sql(self, column: Column, operand: Operand) -> str:
        if column.kind == "base64":
            return f"{operand.sql} IS NOT NULL"
        if column.kind == "compound" and operand.field is not None:
            return self._compound(operand, operand.field)
        return operand.sql

    def _compound(self, operand: Operand, field: Field) -> str:
        """The parts of an address or a location as JSON text."""
        names = [part.name for part in self._scope.parts(operand.entity, field)]
        if not names:
            return "NULL"
        above = operand.path[:-1]
        parts = [self._operands.bind(Path((*above, name), operand.at)).sql for name in names]
        pairs = ", ".join(
            f"'{_part_name(field, name)}', {part}" for name, part in zip(names, parts, strict=True)
        )
        present = f"coalesce({', '.join([*parts, 'NULL'])}) IS NOT NULL"
        return f"CASE WHEN {present} THEN json_object({pairs}) END"

    def _select_fields(self, item: SelectFields) -> None:
        if item.group != "STANDARD" and not self._few_rows():
            raise self._malformed(
                item.at, f"The SOQL FIELDS function must have a LIMIT of at most {FIELDS_ROWS}"
            )
        fields = [
            field
            for field in self._object.fields.values()
            if item.group == "ALL" or field.custom == (item.group == "CUSTOM")
        ]
        if not fields:
            raise self._malformed(
                item.at,
                "'FIELDS(...)' expansion function must result in at least one field being "
                "selected.",
            )
        for field in fields:
            operand = self._operands.bind(Path((field.name,), item.at))
            column = _column_of(operand, "field")
            self._add(item.at, column, self._column_sql(column, operand))

    def _few_rows(self) -> bool:
        if self._query.limit is not None and self._query.limit <= FIELDS_ROWS:
            return True
        return any(_names_few_ids(part) for part in _conjuncts(self._query.where))

    def _parents(self) -> dict[tuple[str, ...], Parent]:
        """The parents of the SELECT list, and the record itself, with their Ids hidden in the
        row where they are not selected."""
        parents: dict[tuple[str, ...], Parent] = {}
        parents[()] = self._id_column(ParentId(self._id, (self._object.name,)))
        for item in self._selected:
            for length in range(1, len(item.column.path)):
                path = item.column.path[:length]
                if path not in parents:
                    parents[path] = self._id_column(self._scope.parents[path])
        return parents

    def _id_column(self, parent: ParentId) -> Parent:
        visible = [item.sql for item in self._selected]
        if parent.sql in visible:
            return Parent(visible.index(parent.sql), parent.objects)
        return Parent(self._hide(parent.sql), parent.objects)

    def _hide(self, sql: str) -> int:
        """The index of a hidden column, which all visible columns precede."""
        if sql not in self._hidden:
            self._hidden.append(sql)
        return max(len(self._selected), 1) + self._hidden.index(sql)

    def _order_by(self) -> tuple[str, tuple[object, ...]]:
        if not self._query.order_by:
            return "", ()
        self._check_order_length()
        terms: list[str] = []
        parameters: list[object] = []
        for item in self._query.order_by:
            operand = self._bind_where(item.operand)
            self._check_sortable(operand)
            terms += self._order_terms(operand, item.descending, item.nulls_last)
            parameters += operand.parameters
        return " ORDER BY " + ", ".join(terms), tuple(parameters)

    def _check_order_length(self) -> None:
        if len(self._query.order_by) > ORDERED_FIELDS:
            raise self._malformed(
                self._query.order_by[ORDERED_FIELDS].at,
                f"ORDER BY takes at most {ORDERED_FIELDS} fields",
            )

    def _check_sortable(self, operand: Operand) -> None:
        sortable = operand.kind not in ("compound", "binary")
        if operand.field is not None and not operand.aggregate:
            sortable = sortable and operand.field.sortable
        if not sortable:
            raise located(
                INVALID_FIELD,
                self._query.text,
                operand.at,
                f"field '{operand.name}' can not be sorted in a query call",
            )

    def _order_terms(
        self, operand: Operand, descending: bool, nulls_last: bool | None
    ) -> list[str]:
        """Nulls come first by default, under DESC too; said by a term of its own, which every
        version of SQLite understands. The record's own Id is never null, and its index sorts."""
        direction = " DESC" if descending else ""
        value = f"{operand.compared}{direction}"
        if operand.sql == self._id:
            return [value]
        return [f"{operand.tested} IS NULL{'' if nulls_last else ' DESC'}", value]

    # Children and TYPEOF

    def _select_children(self, item: SelectChildren) -> None:
        if len(self._children) == CHILD_QUERIES:
            raise self._malformed(
                item.at, f"a query may have {CHILD_QUERIES} parent-to-child subqueries"
            )
        relationship, child = self._child(item)
        field = child.field(relationship.field)
        if field is None:
            raise no_such_column(self._query.text, item.at, relationship.field, child.name)
        select = _SelectCompiler(item.query, child, self._options, "c")
        select.of_parent(field)
        if item.query.aggregates:
            raise self._malformed(item.at, "Grouped and aggregated subqueries are not supported")
        plan = select.compile()
        self._children.append(Children(relationship.name or child.name, len(self._selected), plan))

    def _child(self, item: SelectChildren) -> tuple[ChildRelationship, SObject]:
        name = item.query.object
        relationship = self._object.child_relationship(self._without_alias(name.text))
        child = self._options.schema.get(relationship.child_object) if relationship else None
        if relationship is None or child is None:
            raise located(
                INVALID_TYPE,
                self._query.text,
                name.at,
                f"Didn't understand relationship '{name.text}' in FROM part of query call."
                f"{RELATIONSHIP_ADVICE}",
            )
        return relationship, child

    def _without_alias(self, name: str) -> str:
        first, _, rest = name.partition(".")
        alias = self._query.alias
        if rest and first.lower() in (self._object.name.lower(), alias and alias.text.lower()):
            return rest
        return name

    def _select_type_of(self, item: SelectTypeOf, position: int) -> None:
        path, field, parent = self._scope.relationship(item.relationship)
        if not field.polymorphic and len(field.reference_to) < 2:
            raise self._malformed(
                item.at, f"TYPEOF needs a polymorphic relationship: {item.relationship.text}"
            )
        if len(path) > 1:
            raise not_emulated("TYPEOF of a parent's relationship")
        branches = {}
        for branch in item.branches:
            target = self._options.schema.get(branch.object.text)
            if target is None or target.name not in field.reference_to:
                raise self._malformed(
                    branch.object.at, f"'{branch.object.text}' is no type of '{path[-1]}'"
                )
            branches[target.name] = self._branch(branch.fields, target, parent.sql)
        names = item.relationship.names
        otherwise = tuple(self._other_field(names, wanted) for wanted in item.otherwise)
        index = self._id_column(parent).index
        self._type_of.append(TypeOf(path[-1], position, index, parent.objects, branches, otherwise))

    def _branch(
        self, paths: Sequence[Path], target: SObject, reference: str
    ) -> tuple[tuple[int, Column], ...]:
        """Fields of one type: scalar subqueries, since at most one type has the record."""
        bare, options = replace(self._query, alias=None, aliases=()), self._options
        scope = FromClause(bare, target, options.schema, "y", options.tables)
        operands = Operands(scope)
        found = []
        for path in paths:
            operand = operands.bind(path)
            if operand.optional or operand.kind in ("compound", "binary"):
                raise not_emulated(f"{operand.label} within TYPEOF")
            sql = f'(SELECT {operand.sql} {scope.from_sql} WHERE y."Id" = {reference})'
            found.append((self._hide(sql), _column_of(operand, "field")))
        return tuple(found)

    def _other_field(self, names: tuple[str, ...], path: Path) -> tuple[int, Column]:
        if len(path.names) > 1:
            raise not_emulated(f"{path.text} within TYPEOF")
        operand = self._operands.bind(Path((*names, *path.names), path.at))
        column = replace(_column_of(operand, "field"), label=operand.path[-1])
        return self._hide(operand.sql), replace(column, path=operand.path[-1:])

    # Aggregates

    def _compile_groups(self) -> CompiledQuery:
        if len(self._query.fields) + len(self._query.order_by) > _COLUMNS:
            raise _too_complicated()
        grouping = _Grouping(self._query, self._operands)
        self._check_grouped()
        columns = grouping.columns()
        where = self._where()
        statements = [self._grouped_by(grouping, where, kept) for kept in grouping.sets()]
        names = ", ".join(f"c{number}" for number in range(len(columns)))
        order = self._order_of_groups(grouping)
        union = " UNION ALL ".join(statement.sql for statement in statements)
        sql = f"SELECT {names} FROM ({union}){order}{self._limit()}"  # noqa: S608  # nosec B608 # compiled, no input
        parameters = [value for statement in statements for value in statement.parameters]
        return CompiledQuery(
            object=self._object,
            sql=sql,
            flat_sql=sql,
            parameters=self._check_parameters(sql, parameters),
            columns=columns,
            parents={},
            aggregate=True,
        )

    def _check_grouped(self) -> None:
        query = self._query
        if query.group_by is None and (query.limit is not None or query.offset is not None):
            raise SoqlError(
                MALFORMED_QUERY,
                "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
            )
        if query.group_by is None and (query.having is not None or query.order_by):
            raise self._malformed(query.at, "HAVING and ORDER BY of aggregates need a GROUP BY")

    def _grouped_by(
        self, grouping: _Grouping, where: SqlFragment, kept: frozenset[str]
    ) -> SqlFragment:
        """The statement of one grouping set."""
        selected = [grouping.operand(node, kept) for node in grouping.selected]
        keys = [grouping.operand(item.operand, kept) for item in self._query.order_by]
        names = [f"c{number}" for number in range(len(selected))]
        names += [f"k{number}" for number in range(len(keys))]
        values = [*selected, *keys]
        shown = ", ".join(
            f"{operand.sql} AS {name}" for operand, name in zip(values, names, strict=True)
        )
        parameters = [value for operand in values for value in operand.parameters]
        groups = [operand for operand in grouping.groups if operand.sql in kept]
        group_by = " GROUP BY " + ", ".join(operand.compared for operand in groups)
        if not groups:
            # An empty grouping set of a ROLLUP is one row, but none where there are no rows.
            group_by = " GROUP BY NULL" if grouping.groups else ""
        having = self._having(grouping, kept)
        sql = f"SELECT {shown} {self._scope.from_sql}{where.sql}{group_by}{having.sql}"
        group_parameters = [value for operand in groups for value in operand.parameters]
        return SqlFragment(
            sql,
            (*parameters, *where.parameters, *group_parameters, *having.parameters),
        )

    def _having(self, grouping: _Grouping, kept: frozenset[str]) -> SqlFragment:
        if self._query.having is None:
            return SqlFragment("")
        context = ConditionContext(self._query.text, self._context.today, None)
        conditions = Conditions(context, lambda node: grouping.operand(node, kept))
        found = conditions.compile(self._query.having)
        return SqlFragment(f" HAVING {found.sql}", found.parameters)

    def _order_of_groups(self, grouping: _Grouping) -> str:
        if not self._query.order_by:
            return ""
        self._check_order_length()
        terms = []
        for number, item in enumerate(self._query.order_by):
            operand = grouping.operand(item.operand, grouping.everything)
            self._check_sortable(operand)
            sorted_by = replace(operand, sql=f"k{number}", tested=f"k{number}")
            terms += self._order_terms(sorted_by, item.descending, item.nulls_last)
        return " ORDER BY " + ", ".join(terms)


class _Grouping:
    """The GROUP BY of a query, and what may stand beside it."""

    def __init__(self, query: Query, operands: Operands) -> None:
        self._query = query
        self._operands = operands
        self._group_by = query.group_by or GroupBy("", (), query.at)
        self.groups = [self._group(node) for node in self._group_by.items]
        self.everything = frozenset(operand.sql for operand in self.groups)
        self.selected = [self._selectable(item) for item in query.fields]
        if len(self.groups) > _COLUMNS:
            raise _too_complicated()
        if self._group_by.kind and len(self.groups) > ROLLED_FIELDS:
            raise self._malformed(
                self._group_by.at, f"{self._group_by.kind} takes at most {ROLLED_FIELDS} fields"
            )

    def _malformed(self, at: int, sentence: str) -> SoqlError:
        return located(MALFORMED_QUERY, self._query.text, at, sentence)

    def _group(self, node: Path | FunctionCall) -> Operand:
        operand = self._operands.bind(node)
        if operand.aggregate:
            raise self._malformed(
                operand.at, f"Grouped field should not be aggregated: {operand.label}"
            )
        groupable = operand.kind not in ("compound", "binary")
        if not groupable or (operand.field is not None and not operand.field.groupable):
            raise self._malformed(
                operand.at, f"field '{operand.name}' can not be grouped in a query call"
            )
        return operand

    def _selectable(
        self, item: SelectField | SelectFields | SelectChildren | SelectTypeOf
    ) -> Path | FunctionCall:
        if not isinstance(item, SelectField):
            raise self._malformed(
                item.at, "only fields and aggregates can be selected with GROUP BY"
            )
        return item.operand

    def sets(self) -> list[frozenset[str]]:
        """What is grouped by in each statement: one, or those of ROLLUP or CUBE."""
        keys = [operand.sql for operand in self.groups]
        if self._group_by.kind == "ROLLUP":
            return [frozenset(keys[:length]) for length in range(len(keys), -1, -1)]
        if self._group_by.kind == "CUBE":
            return [
                frozenset(kept)
                for length in range(len(keys), -1, -1)
                for kept in combinations(keys, length)
            ]
        return [self.everything]

    def operand(self, node: Path | FunctionCall, kept: frozenset[str]) -> Operand:
        """An aggregate, or a grouped field, which is null where it is rolled up."""
        if isinstance(node, FunctionCall) and node.name == "GROUPING":
            return self._is_rolled_up(node, kept)
        operand = self._operands.bind(node)
        if operand.aggregate:
            return operand
        if self._key(operand) not in self.everything:
            sentence = f"Field must be grouped or aggregated: {operand.label}"
            raise self._malformed(operand.at, sentence)
        if self._key(operand) in kept:
            return operand
        return replace(operand, sql="NULL", tested="NULL", parameters=())

    def _key(self, operand: Operand) -> str:
        """toLabel() and FORMAT() of a grouped field are as good as the field."""
        shown_only = operand.function in ("TOLABEL", "FORMAT", "CONVERTCURRENCY")
        return operand.tested if shown_only and operand.sql not in self.everything else operand.sql

    def _is_rolled_up(self, call: FunctionCall, kept: frozenset[str]) -> Operand:
        argument = call.arguments[0] if len(call.arguments) == 1 else None
        if not isinstance(argument, Path | FunctionCall):
            raise self._malformed(call.at, "GROUPING takes one field")
        operand = self.operand(argument, self.everything)
        return replace(
            operand,
            sql="0" if self._key(operand) in kept else "1",
            type="int",
            field=None,
            parameters=(),
            function=call.name,
            aggregate=True,
            at=call.at,
        )

    def columns(self) -> tuple[Column, ...]:
        columns: list[Column] = []
        labels: set[str] = set()
        expressions = 0
        for item in self._query.fields:
            if not isinstance(item, SelectField):
                continue
            operand = self.operand(item.operand, self.everything)
            kind = "aggregate" if operand.aggregate else "group"
            label = operand.path[-1]
            if item.alias is not None:
                label = item.alias.text
            elif operand.aggregate or operand.field is None:
                label = f"expr{expressions}"
                expressions += 1
            if label.lower() in labels:
                raise self._malformed(item.at, f"duplicate alias: {label}")
            labels.add(label.lower())
            columns.append(Column(label, (label,), operand.field, kind, operand.type))
        return tuple(columns)


def _too_complicated() -> SoqlError:
    return SoqlError(QUERY_TOO_COMPLICATED, "Query is too complicated")


def _column_of(operand: Operand, kind: str) -> Column:
    if kind == "field":
        kind = {"compound": "compound", "binary": "base64"}.get(operand.kind, kind)
    return Column(operand.label, operand.path, operand.field, kind, operand.type)


def _referred_fields(operand: Operand, sobject: SObject) -> set[str]:
    """The objects that an Id or reference may point to."""
    field = operand.field
    if field is None or field.type == "id":
        return {sobject.name}
    return set(field.reference_to)


def _part_name(compound: Field, part: str) -> str:
    """`city` of BillingCity within BillingAddress, `latitude` of Place__Latitude__s."""
    stem = re.sub(r"Address$|__c$", "", compound.name)
    bare = re.sub(r"__s$", "", part.removeprefix(stem)).strip("_")
    return bare[:1].lower() + bare[1:]


def _conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    if condition is None:
        return ()
    return condition.items if isinstance(condition, And) else (condition,)


def _names_few_ids(condition: Condition) -> bool:
    if isinstance(condition, Comparison):
        return condition.operator == "=" and _is_id(condition.operand)
    if isinstance(condition, InComparison):
        few = len(condition.values) <= FIELDS_ROWS
        return condition.operator == "IN" and few and _is_id(condition.operand)
    return False


def _is_id(node: Path | FunctionCall) -> bool:
    return isinstance(node, Path) and node.text.lower() == "id"
