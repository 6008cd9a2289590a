"""Against the emulator every probe agrees, however its client has logged in."""

import pytest
from key_pair import KeyPair

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.conformance.emulated import WorkWhileWaiting
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.run import Verdict, run_probes
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS
from salesforce_bulk.login.jwt_bearer import JwtLogin

pytestmark = pytest.mark.timeout(300)


def by_password(emulator, **options):
    return emulator.connect(**options)


def by_token(emulator, **options):
    """As ``sf org display`` tells it: a session, and where the org is."""
    session = emulator.connect().sessionId
    return SalesforceBulk(sessionId=session, host=emulator.url, **options)


def by_jwt(emulator, **options):
    keys = KeyPair()
    emulator.register_app("app", certificate=keys.certificate)
    login = JwtLogin("app", emulator.username, keys.pem(), login_url=emulator.url)
    return SalesforceBulk(login=login, **options)


@pytest.mark.parametrize("log_in", [by_password, by_token, by_jwt])
def test_every_probe_agrees_and_what_is_not_asked_has_its_reason(log_in):
    with SalesforceEmulator(inline=True) as emulator:
        org = TargetOrg(log_in(emulator, clock=WorkWhileWaiting(emulator)))
        findings = list(run_probes(org, PROBES, write=True))
    assert [each for each in findings if each.verdict is Verdict.DIFFERS] == []
    reasons = {each.reading for each in findings if each.verdict is Verdict.NOT_ASKED}
    # A password and a session cannot be used once more.
    assert all("ask with such a connection" in reason for reason in reasons)
    assert (log_in is by_jwt) is (reasons == set())


def test_each_probe_asks_about_a_behaviour_of_its_own_that_says_what_is_expected():
    asked = [probe.behaviour for probe in PROBES]
    assert len(asked) == len(set(asked))
    assert all(BEHAVIOURS[name].readings for name in asked)
