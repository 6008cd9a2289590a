"""Media types: parsed with their parameters, whatever the letters and the spaces."""

from __future__ import annotations

import pytest

from salesforce_bulk.wire import media


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("text/csv", "text/csv"),
        ("text/csv; charset=UTF-8", "text/csv"),
        ("text/csv;charset=UTF-8", "text/csv"),
        ("Text/CSV ; header=present", "text/csv"),
        ("application/json;charset=UTF-8", "application/json"),
        (' application/xml; charset="utf-8"', "application/xml"),
        ("", ""),
        (None, ""),
    ],
)
def test_the_type_stands_without_its_parameters(header: str | None, kind: str) -> None:
    assert media.media_type(header) == kind


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("application/json;charset=UTF-8", media.JSON),
        ("application/problem+json", media.JSON),
        ("application/xml; charset=UTF-8", media.XML),
        ("text/xml", media.XML),
        ("text/csv; charset=utf-8", media.CSV),
        ("text/html", "text/html"),
    ],
)
def test_the_header_decides_whatever_the_body_begins_with(header: str, kind: str) -> None:
    for body in (b"", b"<a/>", b"[]", b"x"):
        assert media.body_type(header, body) == kind


@pytest.mark.parametrize("header", [None, "", "garbage", "text/plain", "application/octet-stream"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b" \n<?xml version='1.0'?><a/>", media.XML),
        (b'{"id": 1}', media.JSON),
        (b"\r\n[]", media.JSON),
        (b'"Id","Success"', media.CSV),
        (b"", media.CSV),
    ],
)
def test_a_header_that_says_nothing_leaves_it_to_the_first_byte(
    header: str | None, body: bytes, kind: str
) -> None:
    assert media.body_type(header, body) == kind


def test_each_content_type_of_a_job_has_its_media_type() -> None:
    assert media.BY_CONTENT_TYPE == {
        "CSV": "text/csv",
        "XML": "application/xml",
        "JSON": "application/json",
        "ZIP_CSV": "zip/csv",
        "ZIP_XML": "zip/xml",
        "ZIP_JSON": "zip/json",
    }
