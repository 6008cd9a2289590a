"""https, with a certificate that was given and with one made for the occasion."""

import shutil
import socket
import ssl
from datetime import datetime, timezone
from ipaddress import ip_address

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from simple_salesforce import Salesforce, SalesforceLogin

from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.http.tls import self_signed

NEEDS_OPENSSL = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl command to make a certificate with"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A certificate for 127.0.0.1, of an authority, and its key: (authority, chain, key)."""
    directory = tmp_path_factory.mktemp("tls")
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in ("CA", "org")
    )
    span = datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2044, 1, 1, tzinfo=timezone.utc)
    identity = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    usage = dict.fromkeys(
        [
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    authority = (
        x509.CertificateBuilder(issuer, issuer, authority_key.public_key(), 1, *span)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage, key_cert_sign=True), critical=True)
        .add_extension(identity, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
    leaf = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), 2, *span)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identity), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    paths = [directory / name for name in ("ca.pem", "chain.pem", "key.pem")]
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    contents = (authority.public_bytes(Encoding.PEM), leaf.public_bytes(Encoding.PEM), private)
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.fixture(scope="module")
def secure(files):
    with SalesforceEmulator(inline=True, tls=(files[1], files[2])) as running:
        yield running


def logged_in(emulator):
    """simple-salesforce's client, logged in by its own SOAP login."""
    session = requests.Session()
    token, instance = SalesforceLogin(
        username=emulator.username,
        password=emulator.password,
        security_token=emulator.security_token,
        scratch_url=emulator.url,
        sf_version="62.0",
        session=session,
    )
    return Salesforce(session_id=token, instance=instance, version="62.0", session=session)


def test_simple_salesforce_works_unmodified_over_https(secure, files, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(files[0]))
    client = logged_in(secure)
    made = client.Account.create({"Name": "A"})["id"]
    done = client.bulk.Account.insert([{"Name": "B"}])
    assert done[0]["success"]
    found = client.query("SELECT Name FROM Account ORDER BY Name")
    assert [record["Name"] for record in found["records"]] == ["A", "B"]
    assert client.Account.delete(made) == 204
    client.session.close()


def test_instance_url_is_https(secure, files):
    values = {"grant_type": "client_credentials", "client_id": secure.consumer_key}
    values["client_secret"] = secure.consumer_secret
    url = f"{secure.url}/services/oauth2/token"
    with requests.Session() as session:
        granted = session.post(url, values, verify=str(files[0]), timeout=10).json()
    assert granted["instance_url"] == secure.url
    assert secure.url.startswith("https://127.0.0.1:")
    assert granted["id"].startswith(secure.url)


def test_our_client_connects_over_https(secure, files):
    bulk = secure.connect(verify=str(files[0]))
    job = bulk.create_insert_job("Lead", contentType="CSV")
    bulk.post_batch(job, b"LastName,Company\nx,y\n")
    assert secure.org.count("Lead") == 1


def test_certificate_of_an_unknown_authority_is_not_trusted(secure):
    with (
        requests.Session() as session,
        pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"),
    ):
        session.get(secure.url, timeout=10)


def test_plain_http_and_silence_hurt_nobody(secure, files):
    host, port = secure.host.split(":")
    with socket.create_connection((host, int(port))) as silent:
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" not in plain.recv(1000)
        assert silent.fileno() > 0
        with requests.Session() as session:
            assert session.get(secure.url, verify=str(files[0]), timeout=10).ok


def test_key_of_another_certificate_is_an_error(files, tmp_path):
    other = ec.generate_private_key(ec.SECP256R1())
    path = tmp_path / "key.pem"
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ssl.SSLError):
        SalesforceEmulator(tls=(files[1], path))


@NEEDS_OPENSSL
def test_self_signed_certificate_is_made_trusted_by_connect_and_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with SalesforceEmulator(inline=True, tls=True) as emulator:
        bulk = emulator.connect()
        assert bulk.create_insert_job("Account", contentType="CSV")
        assert (emulator.certificate.parent / "key.pem").stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


@NEEDS_OPENSSL
def test_self_signed_certificate_stands_strict_checks(tmp_path):
    certificate, _ = self_signed(tmp_path)
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "localhost",
        "login.localhost",
        "test.localhost",
        "*.my.localhost",
    ]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]
    assert read.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    with SalesforceEmulator(inline=True, tls=self_signed(tmp_path / "other")) as emulator:
        context = ssl.create_default_context(cafile=tmp_path / "other" / "certificate.pem")
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        host, port = emulator.host.split(":")
        with (
            socket.create_connection((host, int(port)), timeout=10) as raw,
            context.wrap_socket(raw, server_hostname="acme.my.localhost") as wrapped,
        ):
            assert wrapped.version() == "TLSv1.3"


def test_without_openssl_the_files_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match="give the files of one"):
        SalesforceEmulator(tls=True)
    assert list(tmp_path.iterdir()) == []


def test_openssl_that_fails_is_quoted(monkeypatch, tmp_path):
    command = tmp_path / "openssl"
    command.write_text("#!/bin/sh\necho out of entropy >&2\nexit 1\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="out of entropy"):
        self_signed(tmp_path / "tls")
