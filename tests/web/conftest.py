"""An org with customers, and where the examples are."""

from pathlib import Path

import pytest

from salesforce_bulk.emulator import SalesforceEmulator


@pytest.fixture
def examples():
    return Path(__file__).parents[2] / "examples" / "web"


@pytest.fixture
def crm():
    """An org that has our customers by their key; a name is required."""
    with SalesforceEmulator() as org:
        fields = {
            "Key__c": "externalId",
            "Customer__c": "text(80) required",
            "Country__c": "text(80)",
        }
        org.define_object("Customer__c", fields)
        yield org
