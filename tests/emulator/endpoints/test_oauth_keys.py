"""Public keys and RS256, against what the cryptography package makes."""

from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import example, given
from hypothesis import strategies as st

from salesforce_bulk.emulator.access.rsa import SHA256_PREFIX, PublicKey, read_public_key

PKCS1 = padding.PKCS1v15()
MESSAGE = b"header.claims"


def modulus(key):
    return key.public_key().public_numbers().n


@pytest.fixture(scope="module")
def signature(private_key):
    return private_key.sign(MESSAGE, PKCS1, hashes.SHA256())


@pytest.fixture(scope="module")
def public_key(certificate):
    return read_public_key(certificate)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("kind", [PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1, None])
def test_key_is_read_from_each_form(private_key, certificate, encoding, kind):
    if kind is None:
        content = x509.load_pem_x509_certificate(certificate).public_bytes(encoding)
    else:
        content = private_key.public_key().public_bytes(encoding, kind)
    assert read_public_key(content) == PublicKey(modulus(private_key), 65537)


def test_certificate_is_found_beside_its_private_key(private_key, certificate):
    both = private_bytes(private_key) + certificate
    assert read_public_key(both).modulus == modulus(private_key)


def private_bytes(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("size", [1024, 2048, 2049, 3072])
def test_signature_of_a_key_of_any_size_is_accepted(size):
    key = rsa.generate_private_key(65537, size)
    made = key.sign(MESSAGE, PKCS1, hashes.SHA256())
    assert PublicKey(modulus(key), 65537).signed(MESSAGE, made)


def test_signature_belongs_to_its_message_key_and_digest(private_key, public_key, signature):
    other = rsa.generate_private_key(65537, 2048)
    assert public_key.signed(MESSAGE, signature)
    assert not public_key.signed(MESSAGE + b" ", signature)
    assert not PublicKey(modulus(other), 65537).signed(MESSAGE, signature)
    for scheme, digest in [
        (PKCS1, hashes.SHA1()),
        (PKCS1, hashes.SHA512()),
        (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    ]:
        assert not public_key.signed(MESSAGE, private_key.sign(MESSAGE, scheme, digest))


def test_padding_with_room_for_a_forgery_is_refused():
    """The block with the digest in front and rubbish behind it (Bleichenbacher 2006)."""
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.private_numbers()
    tail = b"\0" + SHA256_PREFIX + sha256(MESSAGE).digest()
    padded = b"\0\1" + b"\xff" * (256 - 2 - len(tail)) + tail
    forged = (b"\0\1" + b"\xff" * 8 + tail).ljust(256, b"\0")
    public = PublicKey(modulus(key), 65537)

    def signed(block):
        value = pow(int.from_bytes(block, "big"), numbers.d, modulus(key))
        return public.signed(MESSAGE, value.to_bytes(256, "big"))

    assert signed(padded)
    assert not signed(forged)
    assert not signed(b"\0\2" + padded[2:])


@pytest.mark.parametrize("change", [b"", b"\0" * 256, b"\xff" * 256, b"x" * 300])
def test_signature_of_the_wrong_size_or_value_is_refused(public_key, change):
    assert not public_key.signed(MESSAGE, change)


def test_signature_plus_modulus_is_refused():
    """Only one number is the signature, though others have the same power."""
    key = rsa.generate_private_key(65537, 1024)
    made = key.sign(MESSAGE, PKCS1, hashes.SHA256())
    public = PublicKey(modulus(key), 65537)
    larger = int.from_bytes(made, "big") + modulus(key)
    assert public.signed(MESSAGE, made)
    assert not public.signed(MESSAGE, larger.to_bytes(129, "big")[-128:])
    assert not public.signed(MESSAGE, larger.to_bytes(129, "big"))
    assert not public.signed(MESSAGE, b"\0" + made)


def test_other_keys_are_refused_by_name(private_key):
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(ValueError, match="not an RSA key"):
        read_public_key(curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ValueError, match="this is a private key"):
        read_public_key(private_bytes(private_key))
    with pytest.raises(ValueError, match="this is something else"):
        read_public_key(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    with pytest.raises(ValueError, match="damaged"):
        read_public_key(b"-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----\n")
    small = bytes.fromhex("300602010502010300")[:8]
    with pytest.raises(ValueError, match="too small"):
        read_public_key(small)


@given(st.binary(max_size=60), st.integers(0, 400), st.integers(0, 400))
@example(b"", 0, 0)
def test_damaged_keys_are_a_value_error_or_a_key(certificate, rubbish, cut, at):
    der = x509.load_pem_x509_certificate(certificate).public_bytes(Encoding.DER)
    for content in (rubbish, der[:cut], der[:at] + rubbish + der[at + len(rubbish) :]):
        try:
            read_public_key(content)
        except ValueError:
            continue
        assert content != der[:cut] or cut >= len(der)


def test_pem_survives_line_ends_and_text_around_it(certificate, private_key):
    text = b"subject=x\r\n" + certificate.replace(b"\n", b"\r\n") + b"\r\ntrailer"
    assert read_public_key(text).modulus == modulus(private_key)
