"""No secret and nothing personal stays in a report, wherever it is and however it is written."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.placeholders import Placeholders
from salesforce_bulk.conformance.report import report_of, written
from salesforce_bulk.conformance.run import Finding, Verdict
from salesforce_bulk.conformance.vocabulary import WORD, vocabulary
from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS

MARK = "salesforce-bulk conformance 1a2b3c4d"
NAMES = st.sampled_from(
    [
        "Müller",
        "O'Hara",
        "Ōta 太郎",
        "Jane Q. Public",
        "Will Grant",
        "Acme & Söhne GmbH",
        "Łódź",
        "12 Long Street",
        "Project Nightingale",
    ]
)
EMAILS = st.emails()
HOSTS = st.from_regex(r"[a-z]{6,12}--[a-z]{4,8}\.sandbox\.my\.salesforce\.com", fullmatch=True)
IDS = st.from_regex(r"(?:001|005|00D|a0X)[a-zA-Z0-9]{12}(?:[A-Z0-5]{3})?", fullmatch=True)
TOKENS = st.from_regex(r"00D[a-zA-Z0-9]{12}![A-Za-z0-9._]{20,60}", fullmatch=True)
PHONES = st.from_regex(r"\+[1-9]\d{1,2} \(?\d{2,4}\)? \d{3,4}[ -]\d{4}", fullmatch=True)
NUMBERS = st.integers(10, 10**15).map(str)
ADDRESSES = st.ip_addresses().map(str)
ANYTHING = st.text(
    st.characters(codec="utf-8", exclude_characters="\ue000", exclude_categories=["Cc", "Cs"]),
    min_size=6,
    max_size=40,
)
SECRETS = st.one_of(
    NAMES, EMAILS, HOSTS, IDS, TOKENS, PHONES, NUMBERS, ADDRESSES, st.uuids().map(str), ANYTHING
)

#: How a secret may be written.
SPELLINGS = {
    "plain": lambda text: text,
    "upper case": str.upper,
    "percent": lambda text: quote(text, safe=""),
    "percent, plus": quote_plus,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "XML": lambda text: escape(text, {'"': "&quot;"}),
    "HTML": html.escape,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, of an address": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}
#: What it may stand in: of a body, with its media type.
BODIES = {
    "CSV": ("text/csv", '"Id","Name"\n"","{}"\n'),
    "CSV without quotes": ("text/csv", "Id,Name\n,{},true\n"),
    "CSV of results": ("text/csv", '"sf__Id","sf__Error"\n"","INVALID_FIELD:Failed: {}:Name --"\n'),
    "CSV column": ("text/csv", '"Id","{}"\n'),
    "XML": ("application/xml", "<records><Name>{}</Name></records>"),
    "XML attribute": ("application/xml", '<records xsi:type="{}"/>'),
    "XML error": (
        "application/xml",
        "<error><exceptionCode>InvalidBatch</exceptionCode><exceptionMessage>Not found: {}"
        "</exceptionMessage></error>",
    ),
    "XML session": (
        "text/xml",
        "<result><sessionId>{0}</sessionId><userName>{0}</userName></result>",
    ),
    "JSON": ("application/json", '[{{"attributes":{{"type":"User"}},"Name":"{}","Age":1}}]'),
    "JSON key": ("application/json", '{{"{}":{{"Max":1,"Remaining":0}}}}'),
    "JSON without quotes": ("application/json", '{{"Name":{}}}'),
    "JSON error": ("application/json", '[{{"message":"{}","errorCode":"INVALID_FIELD"}}]'),
    "JSON error of a field": (
        "application/json",
        '{{"errors":[{{"statusCode":"INVALID_FIELD","message":"Name: {0}","fields":["{0}"]}}]}}',
    ),
    "JSON token": ("application/json", '{{"access_token":"{0}","instance_url":"https://{0}"}}'),
    "form": ("application/x-www-form-urlencoded", "grant_type=password&username={0}&password={0}"),
    "HTML": ("text/html", "<html><title>Login | {0}</title><p>Welcome, {0}!</p></html>"),
    "text": ("text/plain", "There is no record of {} here."),
}
PLACES = ["path", "query", "header", "header name", "cookie", "session", "reading", *BODIES]


def finding_with(text: str, place: str) -> Finding:
    """A finding whose exchange has the text in one place, of what was sent and what came."""
    media_type, body = BODIES.get(place, ("text/plain", ""))
    content = body.format(text).encode()
    header_text = text.encode().decode("latin-1")
    headers = {"Content-Type": media_type, "Accept": "application/json"}
    if place == "header":
        headers |= {"Location": header_text, "Sforce-Locator": header_text, "Date": header_text}
    if place == "header name":
        headers[f"X-{header_text}"] = "1"
    if place == "cookie":
        headers |= {"Set-Cookie": f"sid={header_text}; Path=/; Secure", "Cookie": header_text}
    if place == "session":
        headers |= {"Authorization": f"Bearer {header_text}", "X-SFDC-Session": header_text}
    path = "/services/data/v62.0"
    if place == "path":
        path += f"/sobjects/Account/{text}"
    if place == "query":
        path += f"/query?q=SELECT Id FROM Account WHERE Name = '{text}'&sid={text}"
    received = {name.lower(): value for name, value in headers.items()}
    exchange = Exchange("POST", path, headers, content, 400, received, content)
    reading = f"400 INVALID_FIELD {text}" if place == "reading" else "text/csv"
    behaviour = BEHAVIOURS["bulk1.query.content_type"]
    return Finding(behaviour, Verdict.DIFFERS, reading, (exchange,))


DIGITS = set("0123456789")
PLACEHOLDER = re.compile(r"<\w+ \d+(?:: [^<>]*)?>")


class Asked:
    """What a report takes from the org that was asked."""

    mark = MARK
    version = "62.0"
    rows = 10


def words_left(secret: str, shown: str) -> list[str]:
    """Words of a secret that a report shows and no protocol has."""
    words = vocabulary()
    return [
        word
        for word in WORD.findall(secret)
        if len(word) > 3 and not words.has(word) and word in shown
    ]


@pytest.mark.parametrize("place", PLACES)
@given(secret=SECRETS, spelling=st.sampled_from(sorted(SPELLINGS)))
@example(secret="Will of the Record", spelling="plain")
@example(secret="0 1 7 2 3 4 5 6", spelling="plain")
@example(secret="00Dxx0000001gEF!AQ4AQ.secret_session", spelling="base64")
@example(secret="jane.doe@example.com", spelling="percent")
def test_a_report_has_no_secret_wherever_it_is_planted(place, secret, spelling):
    told = SPELLINGS[spelling](secret)
    empty = written(
        report_of(Asked, "sandbox", [finding_with("", place)], write=True, complete=True)
    )
    # What every report has says nothing of an org.
    assume(not any(word in empty.decode() for word in WORD.findall(f"{secret} {told}")))
    assume(words_left(secret, secret) or words_left(told, told) or secret[0] in "0+")
    report = report_of(Asked, "sandbox", [finding_with(told, place)], write=True, complete=True)
    # What stands in a placeholder is zeros and letters a; the test of forms is below.
    shown = PLACEHOLDER.sub("<>", json.dumps(report, ensure_ascii=False))
    assert secret not in shown
    assert told not in shown
    assert not words_left(secret, shown)
    assert not words_left(told, shown)


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"7505g0000000001AAA","apiVersion":62.0,"state":"JobComplete","numberRecordsFailed":3}',
        '<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi'
        '/dataload"><state>Closed</state><apiVersion>62.0</apiVersion></jobInfo>',
        '"sf__Id","sf__Created","sf__Error","Name"\r\n',
        "Records not found for this query",
        '\ufeff"Id","Success"\r\n',
        '{"deprecatedAndHidden":false,"childRelationships":[]}',
        '<detail><sf:LoginFault xsi:type="sf:LoginFault"/></detail>',
        '[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]',
    ],
)
def test_what_the_protocols_say_stays_as_it_is(text):
    shown = Placeholders(MARK).text(text)
    assert shown.replace("<id 1: 750, 18>", "7505g0000000001AAA") == text


CODES = sorted(
    {
        code
        for behaviour in BEHAVIOURS.values()
        for reading in behaviour.values
        for code in re.findall(r"[A-Za-z]+(?:_[A-Za-z]+)+", reading)
    }
)


@pytest.mark.parametrize("form", ['{{"error":"{}"}}', "<errorCode>{}</errorCode>", '"{}","1"'])
def test_every_code_of_a_reading_stays_as_an_org_answers_it(form):
    texts = [form.format(code) for code in CODES]
    assert [Placeholders(MARK).text(text) for text in texts] == texts


def test_numbers_and_times_keep_their_form_and_ids_their_object():
    shown = Placeholders(MARK).text('"1.0E7","2024-02-29T12:00:00.000Z","0015g00000abcde","true"')
    assert shown == (
        '"<number 1: 0.0E0>","<time 1: 0000-00-00T00:00:00.000Z>","<id 1: 001, 15>","true"'
    )


@pytest.mark.parametrize("name", ["X-Request-Id", "X-SFDC-Request-Id"])
@pytest.mark.parametrize(
    "value", ["4f0a1b2c3d4e5f60718293a4b5c6d7e8", "47110815471108154711081547110815"]
)
def test_the_name_of_a_request_is_a_token_whatever_its_characters(name, value):
    assert Placeholders(MARK).headers({name: value}) == {name.lower(): "<token 1>"}


def test_the_same_text_has_the_same_placeholder_in_all_of_a_report():
    placeholders = Placeholders(MARK)
    shown = [placeholders.text(text) for text in ('"Müller"', "<Name>Müller</Name>", '"Maier"')]
    assert shown == ['"<text 1>"', "<Name><text 1></Name>", '"<text 2>"']
    assert placeholders.text("0015g00000abcde") == "<id 1: 001, 15>"
    assert placeholders.text("0015g00000abcdeAAA") == "<id 1: 001, 18>"


def test_names_that_probes_gave_are_told_from_others():
    shown = Placeholders(MARK).text(f'"{MARK} 7","{MARK.upper()}","salesforce-bulk 7"')
    assert shown == '"<mark> 7","<mark>","<text 1>"'


@given(st.binary(max_size=400))
def test_any_bytes_have_a_text(content):
    json.dumps(Placeholders(MARK).body(content, "text/csv"))


@given(st.text(max_size=400))
def test_every_word_of_any_text_is_listed_or_a_placeholder(text):
    words = vocabulary()
    shown = PLACEHOLDER.sub(" ", Placeholders(MARK).text(text).replace("<mark>", " "))
    assert all(words.has(word) or word in DIGITS for word in WORD.findall(shown))
