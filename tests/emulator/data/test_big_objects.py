"""Big objects: written by Bulk, found by their index, deleted by example."""

import re
from urllib.parse import quote

import pytest
from bulk1_client import Bulk1Client
from rest_client import RestClient

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator
from salesforce_bulk.emulator.schema.schema import SchemaError

FIELDS = {
    "Last__c": "text(40)",
    "First__c": "text(40)",
    "At__c": "datetime",
    "Phone__c": "text(20)",
    "Score__c": "number(5, 0)",
}
INDEX = ["Last__c", "First__c", "At__c DESC"]
ROWS = (
    "Last__c,First__c,At__c,Phone__c,Score__c\n"
    "Kelly,Charlie,2024-01-01T00:00:00Z,1,10\n"
    "Kelly,Charlie,2024-01-02T00:00:00Z,2,20\n"
    "Kelly,Bonnie,2024-01-01T00:00:00Z,3,30\n"
    "Adams,Zoe,2024-01-01T00:00:00Z,4,40\n"
)
GAPS = "Filters may not have any gaps within the composite key"


@pytest.fixture
def org(emulator):
    emulator.define_object("Book__b", FIELDS, index=INDEX)
    return RestClient(emulator)


@pytest.fixture
def book(org):
    job = org.load("insert", "Book__b", ROWS)
    assert org.info(job)["numberRecordsFailed"] == 0
    return org


def select(rest, rest_of_query, columns="Phone__c"):
    answer = rest.get("query?q=" + quote(f"SELECT {columns} FROM Book__b {rest_of_query}"))
    if answer.status != 200:
        return answer.error[1:]
    return [list(record.values())[1:] for record in answer.json["records"]]


def example(rest, name="Book__b", **fields):
    content = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader>'
        f"<sessionId>{rest.token}</sessionId></SessionHeader></e:Header><e:Body><deleteByExample>"
        f"<sObjects><type>{name}</type>{content}</sObjects></deleteByExample></e:Body></e:Envelope>"
    )
    headers = {"SOAPAction": '""'}
    answer = rest.call("POST", "/services/Soap/u/62.0", body, "text/xml", headers)
    wanted = "faultcode|rowCount|success|statusCode"
    return [text for _, text in re.findall(f"<({wanted})>(.*?)<", answer.text)]


def test_a_big_object_is_described_with_its_required_index(org):
    document = org.get("sobjects/Book__b/describe").json
    assert (document["createable"], document["updateable"], document["deletable"]) == (
        *(True, False, False),
    )
    assert document["keyPrefix"] == "x00"
    fields = {field["name"]: field for field in document["fields"]}
    assert [
        name for name, field in fields.items() if field["custom"] and not field["nillable"]
    ] == [
        *("Last__c", "First__c", "At__c"),
    ]
    assert {name for name in fields if not name.endswith("__c")} == {
        *("Id", "CreatedDate", "CreatedById", "SystemModstamp"),
    }


@pytest.mark.parametrize(
    ("name", "index", "message"),
    [
        pytest.param("B__b", [], "B__b: an object whose name ends in __b has an index", id="none"),
        pytest.param("B__c", ["Last__c"], "has an index, no other", id="of another kind"),
        pytest.param("B__b", ["No__c"], "No__c cannot be in an index", id="unknown"),
        pytest.param("B__b", ["Long__c"], "Long__c cannot be in an index", id="long text"),
        pytest.param("B__b", ["Last__c down"], "'down' is neither ASC nor DESC", id="direction"),
        pytest.param("B__b", ["Last__c"] * 6, "an index has at most 5 fields", id="too long"),
        pytest.param("Book__b", ["Last__c"], "of an object that exists", id="again"),
    ],
)
def test_an_index_that_makes_no_sense_is_refused(org, name, index, message):
    with pytest.raises(SchemaError, match=re.escape(message)):
        org.emulator.define_object(name, {**FIELDS, "Long__c": "longText"}, index=index)


def test_rows_are_found_in_the_order_of_the_index(book):
    assert select(book, "") == [["4"], ["3"], ["2"], ["1"]]
    assert select(book, "WHERE Last__c = 'Kelly' AND First__c = 'Charlie'") == [["2"], ["1"]]
    order = "ORDER BY Last__c, First__c, At__c DESC LIMIT 2"
    assert select(book, order) == [["4"], ["3"]]


def test_an_insert_of_an_index_that_there_is_changes_what_it_says(book):
    client = Bulk1Client(book.emulator)
    rows = (
        "Last__c,First__c,At__c,Phone__c,Score__c\n"
        "Adams,Zoe,2024-01-01T00:00:00Z,5,\n"
        "Adams,Zoe,2024-01-01T00:00:00Z,6,#N/A\n"
        "Adams,zoe,2024-01-01T00:00:00Z,7,\n"
    )
    job, batch = client.load("insert", "Book__b", rows)
    assert client.results(job, batch).text.count('"000000000000000AAA","true","true",""') == 3
    found = select(book, "WHERE Last__c = 'Adams'", "First__c, Phone__c, Score__c")
    assert found == [["Zoe", "6", 40], ["zoe", "7", None]]


def test_a_row_without_its_whole_index_is_refused(org):
    job = org.load("insert", "Book__b", "Last__c,First__c,At__c\nA,B,\n")
    [row] = org.failed(job).records
    assert (
        row["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [At__c]:At__c --"
    )


def test_every_id_is_the_empty_one(book):
    assert select(book, "LIMIT 1", "Id, Phone__c") == [["000000000000000AAA", "4"]]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("Last__c > 'B'", 3),
        ("Last__c IN ('Kelly', 'Adams') AND First__c = 'Zoe'", 1),
        ("Last__c IN ('Kelly') AND First__c IN ('Charlie', 'Bonnie')", 3),
        ("Last__c = 'Kelly' AND First__c >= 'C' AND First__c < 'D'", 2),
        (
            "Last__c = 'Kelly' AND (First__c = 'Charlie' AND At__c < 2024-01-02T00:00:00Z)",
            1,
        ),
    ],
)
def test_filters_go_along_the_index(book, where, found):
    assert len(select(book, f"WHERE {where}")) == found


@pytest.mark.parametrize(
    ("rest_of_query", "message"),
    [
        ("WHERE First__c = 'Charlie'", GAPS),
        ("WHERE Last__c = 'Kelly' AND At__c = 2024-01-01T00:00:00Z", GAPS),
        ("WHERE First__c = 'Charlie' AND Last__c = 'Kelly'", GAPS),
        ("ORDER BY First__c", GAPS),
        ("WHERE Phone__c = '1'", "Filter column is not in the index: Phone__c"),
        ("WHERE Last__c != 'x'", "Unsupported operator on filter column: Last__c : !="),
        ("WHERE Last__c LIKE 'x%'", "Unsupported operator on filter column: Last__c : LIKE"),
        ("WHERE Last__c NOT IN ('x')", "Unsupported operator on filter column: Last__c : NOT IN"),
        ("WHERE Last__c = 'x' OR Last__c = 'y'", "Filters may be joined by AND only"),
        ("WHERE NOT Last__c = 'x'", "Filters may be joined by AND only"),
        (
            "WHERE Last__c > 'A' AND First__c = 'B'",
            "Range filters are supported on the last filter column only",
        ),
        ("WHERE Last__c IN ('a', 'b') AND First__c IN ('c', 'd')", "IN may be used only once"),
        ("WHERE Last__c IN (SELECT Name FROM Account)", "Subqueries not supported"),
        (
            "WHERE CALENDAR_YEAR(At__c) = 2024",
            "Function CALENDAR_YEAR not supported on a filter column",
        ),
        (
            "ORDER BY Last__c DESC",
            "Unsupported order direction on filter column: LAST__C : DESCENDING",
        ),
        (
            "ORDER BY Last__c, First__c, At__c",
            "Unsupported order direction on filter column: AT__C : ASCENDING",
        ),
        ("GROUP BY Phone__c", "Aggregate functions not supported"),
    ],
)
def test_what_does_not_go_by_the_index_is_refused(org, rest_of_query, message):
    assert select(org, rest_of_query) == ("BIG_OBJECT_UNSUPPORTED_OPERATION", message)


@pytest.mark.parametrize("columns", ["COUNT()", "COUNT(Phone__c)", "MAX(Score__c)"])
def test_aggregates_are_refused(org, columns):
    assert select(org, "", columns)[1] == "Aggregate functions not supported"


def test_a_subquery_of_a_big_object_is_refused(org):
    soql = "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT Last__c FROM Book__b)"
    assert org.get("query?q=" + quote(soql)).error[2] == "Subqueries not supported"


def test_bulk_queries_follow_the_same_rules(book):
    query = {"operation": "query", "query": "SELECT Phone__c FROM Book__b WHERE Phone__c = '1'"}
    answer = book.call("POST", "jobs/query", query)
    assert (answer.status, answer.error[1]) == (400, "BIG_OBJECT_UNSUPPORTED_OPERATION")
    query["query"] = "SELECT Phone__c FROM Book__b WHERE Last__c = 'Kelly'"
    job = book.call("POST", "jobs/query", query).json["id"]
    assert book.get(f"jobs/query/{job}/results").rows == [["Phone__c"], ["3"], ["2"], ["1"]]
    client = Bulk1Client(book.emulator)
    [body] = client.query("Book__b", query["query"])
    assert body.split() == [b'"Phone__c"', b'"3"', b'"2"', b'"1"']


def test_rest_neither_makes_changes_nor_deletes_a_record(book):
    record = {"Last__c": "A", "First__c": "B", "At__c": "2024-01-01T00:00:00Z"}
    made = book.call("POST", "sobjects/Book__b", record)
    assert made.error[1:] == (
        "INVALID_TYPE_FOR_OPERATION",
        "entity type cannot be inserted: Book",
    )
    several = {"records": [{"attributes": {"type": "Book__b"}, **record}]}
    [told] = book.call("POST", "composite/sobjects", several).json
    assert told["errors"][0]["statusCode"] == "INVALID_TYPE_FOR_OPERATION"
    path = "sobjects/Book__b/000000000000000AAA"
    assert book.get(path).status == 400
    assert book.call("PATCH", path, {"Phone__c": "9"}).status == 400
    assert book.call("DELETE", path).status == 400
    assert book.emulator.org.count("Book__b") == 4


@pytest.mark.parametrize("operation", ["update", "upsert", "delete"])
def test_bulk_only_inserts(book, operation):
    more = {"externalIdFieldName": "Id"} if operation == "upsert" else {}
    rows = (
        "Id\n000000000000000AAA\n"
        if operation == "delete"
        else f"Id,{ROWS[:-1]}".replace("\n", "\n,")
    )
    job = book.load(operation, "Book__b", rows + "\n", **more)
    assert book.info(job)["numberRecordsProcessed"] == book.info(job)["numberRecordsFailed"] > 0
    assert book.emulator.org.count("Book__b") == 4


def test_records_are_deleted_by_example(book):
    index = {"Last__c": "Kelly", "First__c": "Charlie", "At__c": "2024-01-02T00:00:00.000Z"}
    assert example(book, **index) == ["1", "true"]
    assert select(book, "WHERE Last__c = 'Kelly'") == [["3"], ["1"]]
    assert example(book, **index) == ["0", "true"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Last__c": "Kelly"}, "REQUIRED_FIELD_MISSING"),
        ({"Last__c": "Kelly", "First__c": "", "At__c": "x"}, "REQUIRED_FIELD_MISSING"),
        ({"Last__c": "Kelly", "Phone__c": "1"}, "INVALID_FIELD"),
        ({"Last__c": "K", "First__c": "C", "At__c": "x"}, "INVALID_FIELD"),
    ],
)
def test_an_example_that_is_no_index_deletes_nothing(book, fields, code):
    assert example(book, **fields) == [code, "0", "false"]
    assert book.emulator.org.count("Book__b") == 4


def test_other_objects_are_not_deleted_by_example(book):
    assert example(book, "Account", Name="x") == ["INVALID_TYPE"]


def test_the_index_is_kept_with_the_data(tmp_path):
    for times in (1, 2):
        with SalesforceEmulator(inline=True, clock=ManualClock(), data=tmp_path) as emulator:
            if times == 1:
                emulator.define_object("Book__b", FIELDS, index=INDEX)
            rest = RestClient(emulator)
            rest.load("insert", "Book__b", ROWS)
            assert select(rest, "ORDER BY First__c")[1] == GAPS
            assert emulator.org.count("Book__b") == 4


def test_a_schema_in_short_has_the_index(emulator):
    short = {"Log__b": {"fields": {"Key__c": "text(9)"}, "index": ["Key__c"]}}
    [log] = emulator.org.load_objects(short)
    assert [part.field for part in log.index] == ["Key__c"]
    assert not log.field("Key__c").nillable


def test_the_control_api_shows_and_fills_a_big_object(book):
    url = f"{book.emulator.url}/_emulator/v1/objects/Book__b/rows"
    told = book.call("GET", url.removeprefix(book.emulator.url) + "?limit=2").json
    assert [row["Phone__c"] for row in told["rows"]] == ["4", "3"]
    assert told["more"] is True
    further = book.call("GET", url.removeprefix(book.emulator.url) + "?after=000000000000000AAA")
    assert further.json == {"error": "records of Book__b have no ids to go on from"}
