"""The first two calls: whether this is a Salesforce org at all, and of which kind."""

from __future__ import annotations

from dataclasses import dataclass

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.errors import InvalidInput, RequestTimeout, UnexpectedResponse
from salesforce_bulk.http.clock import DeadlinePassed

#: Seconds that both calls may take.
_PATIENCE = 30.0
_QUERY = "SELECT+IsSandbox,OrganizationType,TrialExpirationDate+FROM+Organization"


@dataclass(frozen=True)
class OrgKind:
    """Args:
    name: ``sandbox``, ``scratch org``, ``Developer Edition org``, ``production org``, or ``org of
        unknown kind``.
    may_be_written: probes may make records in it.
    """

    name: str
    may_be_written: bool

    def refuse_writing(self) -> None:
        """Raises InvalidInput where probes may not make records."""
        if not self.may_be_written:
            article = "an" if self.name.startswith("org") else "a"
            raise InvalidInput(
                f"--write makes records, and this is {article} {self.name}; nothing was written. "
                "Ask a sandbox, a scratch org or a Developer Edition org (docs/conformance.md)."
            )


def kind_of(org: TargetOrg, seconds: float = _PATIENCE) -> OrgKind:
    """Which kind of org answers, within so many seconds.

    Raises:
        UnexpectedResponse: it is none.
        RequestTimeout: nothing came within that time.
        SessionExpired: the session has ended.
    """
    org.end_after(seconds)
    try:
        _refuse_what_is_no_org(org, org.send("GET", "/services/data", headers=_JSON))
        answer = org.send("GET", f"{org.data}/query?q={_QUERY}", headers=_JSON)
    except DeadlinePassed as error:
        raise RequestTimeout(
            f"{org.origin} did not answer within {seconds:g} s; nothing was asked."
        ) from error
    finally:
        org.end_after(None)
    return _kind(_organization(answer))


_JSON = {"Accept": "application/json"}


def _refuse_what_is_no_org(org: TargetOrg, answer: Exchange) -> None:
    versions = answer.json()
    if isinstance(versions, list) and any(
        isinstance(each, dict) and "version" in each for each in versions
    ):
        return
    media_type = answer.headers.get("content-type", "no type").partition(";")[0]
    raise UnexpectedResponse(
        f"{org.origin} is no Salesforce org: GET /services/data was answered {answer.status}, "
        f"{media_type}, without versions of the API. Is the address right, and does a proxy or a "
        "login page stand before it? Nothing else was asked.",
        answer.status,
    )


def _organization(answer: Exchange) -> dict[str, object]:
    document = answer.json()
    records = document.get("records") if isinstance(document, dict) else None
    first = records[0] if isinstance(records, list) and records else None
    return first if isinstance(first, dict) else {}


def _kind(organization: dict[str, object]) -> OrgKind:
    edition = organization.get("OrganizationType")
    if organization.get("IsSandbox") is True:
        trial = organization.get("TrialExpirationDate") is not None
        return OrgKind("scratch org" if trial else "sandbox", may_be_written=True)
    if edition == "Developer Edition":
        return OrgKind("Developer Edition org", may_be_written=True)
    known = organization.get("IsSandbox") is False
    return OrgKind("production org" if known else "org of unknown kind", may_be_written=False)
