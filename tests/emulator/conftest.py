"""An emulator on a clock that stands still, and a client of it."""

from datetime import datetime

import pytest
from bulk1_client import Bulk1Client
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def emulator(clock):
    with SalesforceEmulator(inline=True, clock=clock) as running:
        yield running


@pytest.fixture
def bulk1(emulator):
    return Bulk1Client(emulator)


@pytest.fixture
def connect():
    """Makes the client of another emulator."""
    return Bulk1Client


@pytest.fixture(scope="session")
def private_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def certificate(private_key):
    """A self-signed X.509 certificate of the key, PEM, as one uploads it to a connected app."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    builder = x509.CertificateBuilder(
        name, name, private_key.public_key(), 1, datetime(2024, 1, 1), datetime(2034, 1, 1)
    )
    return builder.sign(private_key, hashes.SHA256()).public_bytes(Encoding.PEM)
