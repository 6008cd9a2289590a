import base64
import tracemalloc
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.emulator.data import values
from salesforce_bulk.emulator.data.values import (
    UNCHANGED,
    Cell,
    Judged,
    RowError,
    RowErrors,
    compile_judge,
    format_datetime,
)
from salesforce_bulk.emulator.schema.fields import NUMBER_TYPES, Field, PicklistValue, make_field

VALUES = tuple(PicklistValue(v, v) for v in ("Hot", "Warm", "Cold"))
TEXT = make_field("Name", "string", length=5, label="Account Name")
MONEY = make_field("Amount", "currency", precision=18, scale=2)
COUNT = make_field("Employees", "int", digits=8)
RATING = make_field(
    "Rating", "picklist", length=40, picklist_values=VALUES, restricted_picklist=True
)
MULTI = make_field(
    "Likes__c", "multipicklist", length=99, picklist_values=VALUES, restricted_picklist=True
)


def judge(field: Field, *cells: Cell, unchanged: Judged = UNCHANGED) -> list[Any]:
    """What each cell becomes: a value, or the error."""
    errors = RowErrors()
    values = compile_judge(field, 3, unchanged)(cells, errors)
    return [errors[row][0] if row in errors else value for row, value in enumerate(values)]


def not_a(xsd_type: str, text: str, field: str) -> RowError:
    message = f"Failed to deserialize field at col 3. Due to, '{text}' is not a valid value for"
    return RowError("INVALID_FIELD", f"{message} the type xsd:{xsd_type}", (field,))


@pytest.mark.parametrize(
    "field",
    [
        make_field("F", type_)
        for type_ in (
            "string", "textarea", "email", "picklist", "multipicklist", "double", "int", "date",
            "datetime", "time", "reference", "base64",
        )
    ],
    ids=lambda field: field.type,
)  # fmt: skip
def test_every_type_takes_null_and_leaves_unchanged_alone(field: Field) -> None:
    assert judge(field, None, UNCHANGED) == [None, UNCHANGED]
    default = 7 if field.type in NUMBER_TYPES else "x"
    assert judge(field, UNCHANGED, unchanged=default) == [default]


def test_unchanged_is_false_and_prints_its_name() -> None:
    assert not UNCHANGED
    assert repr(UNCHANGED) == "UNCHANGED"


def test_text_is_trimmed_at_both_ends_and_empty_text_is_null() -> None:
    assert judge(TEXT, " ab\t", "", "  ", "a b", "\u00a0x") == ["ab", None, None, "a b", "\u00a0x"]


def test_text_longer_than_its_field_is_refused_in_the_servers_words() -> None:
    error = RowError(
        "STRING_TOO_LONG", "Account Name: data value too large: abcdef (max length=5)", ("Name",)
    )
    assert judge(TEXT, "abcde", "abcdef", " abcde ") == ["abcde", error, "abcde"]


def test_native_json_values_become_text_in_text_fields() -> None:
    assert judge(TEXT, 5, True, 1.5) == ["5", "true", "1.5"]


def test_a_restricted_picklist_mends_letter_case_and_refuses_other_values() -> None:
    error = RowError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Rating: bad value for restricted picklist field: Terrible",
        ("Rating",),
    )
    assert judge(RATING, "Hot", "warm", "Terrible", None) == ["Hot", "Warm", error, None]


def test_an_inactive_value_of_a_restricted_picklist_is_refused() -> None:
    field = make_field(
        "R__c",
        "picklist",
        length=9,
        picklist_values=(PicklistValue("Old", "Old", active=False), *VALUES),
        restricted_picklist=True,
    )
    assert isinstance(judge(field, "Old")[0], RowError)


def test_an_unrestricted_picklist_takes_any_text_up_to_its_length() -> None:
    field = make_field("Type", "picklist", length=6, picklist_values=VALUES)
    assert judge(field, "hot", "Other") == ["Hot", "Other"]
    assert judge(field, "Other thing")[0].status_code == "STRING_TOO_LONG"


def test_a_multipicklist_keeps_the_order_of_its_definition() -> None:
    assert judge(MULTI, "Cold;hot", "Warm;;Warm ") == ["Hot;Cold", "Warm"]
    assert judge(MULTI, "Hot;Tepid")[0].message.endswith("restricted picklist field: Tepid")


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5.0), ("-0.5", -0.5), ("1e3", 1000.0), (" 7 ", 7.0), (".5", 0.5), ("+2", 2.0)],
)
def test_numbers_are_read_as_the_guide_writes_them(text: str, number: float) -> None:
    assert judge(MONEY, text) == [number]
    assert judge(MONEY, text, "1") == [number, 1.0]


@pytest.mark.parametrize("text", ["abc", "1,000", "1_000", "nan", "inf", "1.2.3", "-", "٣", "0x1"])
def test_what_is_no_number_is_refused_in_any_company(text: str) -> None:
    assert judge(MONEY, text) == [not_a("double", text, "Amount")]
    assert judge(MONEY, "1", text, UNCHANGED) == [1.0, not_a("double", text, "Amount"), UNCHANGED]


def test_decimals_beyond_the_scale_are_rounded_half_up() -> None:
    assert judge(MONEY, "1.005", "2.675", "-1.005", "1.25") == [1.01, 2.68, -1.01, 1.25]
    assert judge(make_field("N", "double", precision=18, scale=0), "2.5", "3.0") == [3.0, 3.0]


def test_numbers_too_big_for_their_field_are_refused() -> None:
    assert judge(MONEY, "-999999999999999.99") == [-999999999999999.99]
    (error,) = judge(MONEY, "10000000000000000")
    assert error.status_code == "NUMBER_OUTSIDE_VALID_RANGE"
    assert judge(COUNT, "99999999") == [99999999]
    assert judge(COUNT, "1", "-100000000")[1].status_code == "NUMBER_OUTSIDE_VALID_RANGE"


@pytest.mark.parametrize("text", ["1.0", "1e3", "x", "1_0", "--1"])
def test_an_integer_takes_digits_only(text: str) -> None:
    assert judge(COUNT, "12", text) == [12, not_a("int", text, "Employees")]


@given(
    st.lists(
        st.one_of(
            st.integers(-(10**9), 10**9),
            st.floats(allow_nan=False, allow_infinity=False, width=32),
            st.text(alphabet="0123456789.-+eE_ ", max_size=8),
            st.just(UNCHANGED),
            st.none(),
        )
    )
)
def test_a_column_of_numbers_is_judged_as_its_cells_are_one_by_one(cells: list[Cell]) -> None:
    texts: list[Cell] = [repr(c) if isinstance(c, int | float) else c for c in cells]
    for field in (MONEY, COUNT, make_field("N", "double")):
        assert judge(field, *texts) == [judge(field, cell)[0] for cell in texts]
        assert judge(field, *cells) == [judge(field, cell)[0] for cell in cells]


def test_booleans_are_never_null() -> None:
    field = make_field("IsActive", "boolean")
    assert judge(field, "true", "FALSE", "1", "0", True, False, None) == [1, 0, 1, 0, 1, 0, 0]
    assert judge(field, "maybe") == [not_a("boolean", "maybe", "IsActive")]


def test_dates_have_no_zone_but_may_be_written_with_one() -> None:
    field = make_field("Day", "date")
    assert judge(field, "2024-02-29", "1940-06-07Z") == ["2024-02-29", "1940-06-07"]


@pytest.mark.parametrize("text", ["2023-02-29", "20240101", "2024-W01-1", "01/02/2024", "x"])
def test_what_is_no_date_is_refused(text: str) -> None:
    assert judge(make_field("Day", "date"), text) == [not_a("date", text, "Day")]


def test_dates_before_1700_are_refused() -> None:
    (error,) = judge(make_field("Day", "date"), "1066-10-14")
    assert (error.status_code, error.fields) == ("FIELD_INTEGRITY_EXCEPTION", ("Day",))


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00.000Z"),
        ("2024-01-31T10:00:00", "2024-01-31T10:00:00.000Z"),
        ("2024-01-31T10:00:00.5Z", "2024-01-31T10:00:00.500Z"),
        ("2024-01-31T10:00:00.123456Z", "2024-01-31T10:00:00.123Z"),
        ("2024-01-01T00:30:00.000+02:00", "2023-12-31T22:30:00.000Z"),
        ("2024-01-01T00:30:00-0530", "2024-01-01T06:00:00.000Z"),
    ],
)
def test_datetimes_are_stored_in_utc(text: str, stored: str) -> None:
    assert judge(make_field("At", "datetime"), text) == [stored]


@pytest.mark.parametrize(
    "text", ["2024-01-31", "2024-01-31T25:00:00Z", "2024-13-01T00:00:00Z", "1706695200000", "x"]
)
def test_what_is_no_datetime_is_refused(text: str) -> None:
    assert judge(make_field("At", "datetime"), text) == [not_a("dateTime", text, "At")]


@given(
    st.datetimes(
        min_value=datetime(1701, 1, 1),
        max_value=datetime(3999, 1, 1),
        timezones=st.sampled_from([timezone.utc, timezone(timedelta(hours=5, minutes=30))]),
    )
)
def test_any_datetime_in_iso_form_is_stored_as_the_clock_writes_it(moment: datetime) -> None:
    text = moment.isoformat()
    assert judge(make_field("At", "datetime"), text) == [format_datetime(moment)]


@given(st.dates(min_value=date(1700, 1, 1), max_value=date(4000, 12, 31)))
def test_any_date_is_stored_as_written(day: date) -> None:
    assert judge(make_field("Day", "date"), day.isoformat()) == [day.isoformat()]


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30T10:00:00.000Z",
        "2024-01-31T10:61:00.000Z",
        "1066-10-14T10:00:00.000Z",
        "2024-01-31T10:00:00.000Z" * 2,
    ],
)
def test_a_datetime_in_the_stores_own_form_is_judged_like_any_other(text: str) -> None:
    good = "2024-01-31T10:00:00.000Z"
    field = make_field("At", "datetime")
    assert judge(field, good, good) == [good, good]
    (first, second) = judge(field, good, text)
    assert first == good
    assert isinstance(second, RowError)


def test_times_keep_milliseconds() -> None:
    field = make_field("At__c", "time")
    assert judge(field, "16:20:00.5Z", "00:00:00") == ["16:20:00.500Z", "00:00:00.000Z"]
    assert judge(field, "24:00:00") == [not_a("time", "24:00:00", "At__c")]
    assert judge(field, "10:61:00") == [not_a("time", "10:61:00", "At__c")]


def test_references_become_18_characters_and_other_text_is_malformed() -> None:
    field = make_field("AccountId", "reference", label="Account ID")
    error = RowError(
        "MALFORMED_ID", "Account ID: id value of incorrect type: abc123", ("AccountId",)
    )
    assert judge(field, "0018c00002FInbo", "abc123") == ["0018c00002FInboAAD", error]


@pytest.mark.parametrize("text", ["a@b.co", "o'hara+x@sub.example.com", "müller@exämple.de"])
def test_email_addresses_are_taken(text: str) -> None:
    assert judge(make_field("Email", "email", length=80), text) == [text]


@pytest.mark.parametrize("text", ["a@b", "a", "@b.co", "a b@c.de", "a@b..", "a@b.co; c@d.eu"])
def test_other_text_is_no_email_address(text: str) -> None:
    (error,) = judge(make_field("Email", "email", length=80), text)
    assert error == RowError(
        "INVALID_EMAIL_ADDRESS", f"Email: invalid email address: {text}", ("Email",)
    )


@given(st.binary(min_size=1))
def test_base64_comes_as_text_or_as_the_bytes_of_a_zip(content: bytes) -> None:
    field = make_field("Body", "base64")
    assert judge(field, base64.b64encode(content).decode(), content) == [content, content]


def test_broken_base64_is_refused() -> None:
    assert judge(make_field("Body", "base64"), "@@") == [not_a("base64Binary", "@@", "Body")]


def test_what_a_judge_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_REMEMBERED", 1_000)
    judged = compile_judge(make_field("At", "datetime"), 0)
    start = datetime(2000, 1, 1, tzinfo=timezone.utc)
    tracemalloc.start()
    for minute in range(0, 10_000, 500):
        moments = [(start + timedelta(minutes=minute + n)).isoformat() for n in range(500)]
        assert None not in judged(moments, RowErrors())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_text_that_was_refused_once_is_refused_again() -> None:
    judged = compile_judge(make_field("Day", "date"), 0)
    for _ in range(2):
        errors = RowErrors()
        assert judged(["2024-01-01", "x"], errors) == ["2024-01-01", None]
        assert list(errors) == [1]
