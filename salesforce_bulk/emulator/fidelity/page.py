"""The behaviours as a page in Markdown: FIDELITY.md."""

from collections.abc import Iterator

from salesforce_bulk.emulator.fidelity.behaviour import Area, Behaviour, Grade
from salesforce_bulk.emulator.fidelity.table import AREAS

_HEAD = """\
# What the emulator does, and on whose word

No Salesforce org was at hand when this was written. Each behaviour has a source and a grade; an
emulator's answer is never proof of what Salesforce does. `salesforce-bulk conformance` asks an org
(docs/conformance.md), and `--dialect` has the emulator follow another reading. This page is made by
`salesforce-bulk emulator --fidelity`.

| Grade | Meaning |
|---|---|
| recorded | bytes or headers as in recorded traffic of a live org, or as pasted by users |
| live-tested | asserted by tests, or relied on by shipped clients, that run against live orgs |
| documented | Salesforce's own guides say so |
| assumed | sources conflict or are silent; what the emulator does is the likeliest reading |

Sources by short name: **BG** *Bulk API Developer Guide* (chapter) · **LIM** *Limits and
Allocations Quick Reference* · **SOAP** *SOAP API Developer Guide* · **CCI** CumulusCI's recorded
cassettes · **WSC** Salesforce's Java client `forcedotcom/wsc` · **DL** Data Loader · **HSB**
heroku/salesforce-bulk · **TAP** singer-io/tap-salesforce · **JSF** jsforce · **SS**
simple-salesforce · **SWA** springml/salesforce-wave-api · **RB** salesforce_bulk_api (Ruby) ·
**B2** the guide's chapter "Bulk API 2.0" · **MC** published console traces of a Bulk 2.0 plugin
(mohan-chinnappan-n, v49–v58) · **HAL** heroku-applink recordings (its Bulk ones are edited by
hand) · **REST** *REST API Developer Guide* · **PD** salesforcecli/plugin-data · **OAF**
Salesforce Help, *OAuth Authorization Flows* and *OAuth 2.0 Authorization Errors* · **ID**
Salesforce Help, *Identity URLs* · **REV** *Mobile SDK Guide*, "Revoking OAuth Tokens".
Independent witnesses: simple-salesforce in the test suite; jsforce 3, CumulusCI, the `sf` CLI and
django-salesforce by `python tests/witness/run.py`.

What is not emulated is refused by name: HTTP 404, "METHOD PATH is not emulated". So is every query
parameter, header and body field that means something to Salesforce and would not be honoured;
`tests/emulator/endpoints/test_meanings.py` lists them.
"""
_COLUMNS = ("Id", "Behaviour", "What the emulator does", "Other readings", "Source", "Grade")


def fidelity_page(grade: Grade | None = None) -> str:
    """The page; of one grade only where that is given."""
    return "\n".join([_HEAD, *_lines(grade)])


def _lines(grade: Grade | None) -> Iterator[str]:
    for area in AREAS:
        shown = [each for each in area.behaviours if grade in (None, each.grade)]
        if shown:
            yield from _section(area, shown)


def _section(area: Area, behaviours: list[Behaviour]) -> Iterator[str]:
    yield f"## {area.title}\n"
    if area.note:
        yield f"{area.note}\n"
    yield _row(*_COLUMNS)
    yield f"|{'---|' * len(_COLUMNS)}"
    for each in behaviours:
        others = ", ".join(f"`{value}`" for value in each.values[1:])
        told = each.grade.value if each.grade else "–"
        yield _row(f"`{each.id}`", each.title, each.does, others, each.source, told)
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
