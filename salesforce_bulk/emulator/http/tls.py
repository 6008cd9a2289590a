"""https: the server's certificate, given or made for the occasion."""

from __future__ import annotations

import shutil
import ssl
import subprocess  # nosec B404 # programs are started by their path, without a shell
from collections.abc import Collection
from pathlib import Path

#: As browsers and most systems resolve them; a wildcard needs two labels behind it.
NAMES = "DNS:localhost,DNS:login.localhost,DNS:test.localhost,DNS:*.my.localhost,IP:127.0.0.1"
#: The most that Apple's systems accept of a server's certificate.
DAYS = 825
#: A root that strict checking (the default since Python 3.13) takes. Its own, since what the
#: system's configuration adds differs.
_CONFIGURATION = """[req]
prompt = no
distinguished_name = subject
x509_extensions = extensions
[subject]
CN = localhost
[extensions]
basicConstraints = critical,CA:TRUE
keyUsage = critical,digitalSignature,keyCertSign
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = {names}
"""


def server_context(certificate: str | Path, key: str | Path) -> ssl.SSLContext:
    """How the server speaks TLS. Raises OSError (`ssl.SSLError`) for files that do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def self_signed(directory: Path, names: Collection[str] = ()) -> tuple[Path, Path]:
    """Makes a certificate for localhost and more names and its key there, with the ``openssl``
    command; one that was made there for the same names is used again.

    Raises OSError, with what to do instead, where there is no such command or it fails.
    """
    text = _CONFIGURATION.format(names=",".join([NAMES, *(f"DNS:{name}" for name in names)]))
    configuration = directory / "openssl.cnf"
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    if key.exists() and configuration.exists() and configuration.read_text("ascii") == text:
        return certificate, key
    openssl = shutil.which("openssl")
    if openssl is None:
        raise OSError(
            "there is no openssl command to make a certificate with; give the files of one "
            "(docs/emulator.md says how to make them elsewhere)"
        )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration.write_text(text, "ascii")
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-sha256", "-days", str(DAYS), "-config", str(configuration)]
    command += ["-keyout", str(key), "-out", str(certificate)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # nosec B603 # its arguments are ours
    if done.returncode:
        raise OSError(f"openssl could not make a certificate: {done.stderr.strip()}")
    return certificate, key
