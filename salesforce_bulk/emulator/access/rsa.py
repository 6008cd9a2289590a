"""RSA public keys, read from a certificate, and RS256 signatures checked with them.

The standard library has no RSA. Checking a signature is one power and a comparison, and has no
secret in it that a careless implementation could leak.

Sources: RFC 8017 (PKCS #1), 8.2.2 and A.1.1; RFC 5280, 4.1 (certificates); RFC 7468 (PEM).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

INTEGER, BIT_STRING, OBJECT_IDENTIFIER, SEQUENCE, VERSION = 0x02, 0x03, 0x06, 0x30, 0xA0
RSA_ENCRYPTION = bytes.fromhex("2a864886f70d010101")
#: What stands before the digest in a signed message (RFC 8017, 9.2, note 1).
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
#: The key among the parts of a certificate, the version not counted.
CERTIFICATE_KEY = 5

_PEM = re.compile(
    rb"-----BEGIN (CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY)-----(.*?)-----END \1-----", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA public key."""

    modulus: int
    exponent: int

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is the RSASSA-PKCS1-v1_5 signature of ``message`` by SHA-256."""
        size = (self.modulus.bit_length() + 7) // 8
        number = int.from_bytes(signature, "big")
        if len(signature) != size or number >= self.modulus:
            return False
        # The whole block is made and compared: a parser of it could be talked into more.
        tail = b"\0" + SHA256_PREFIX + sha256(message).digest()
        block = b"\0\1" + tail.rjust(size - 2, b"\xff")
        return pow(number, self.exponent, self.modulus).to_bytes(size, "big") == block


def read_public_key(content: bytes) -> PublicKey:
    """The key of an X.509 certificate, a SubjectPublicKeyInfo or an RSAPublicKey, PEM or DER.

    Raises ValueError for anything else, and for keys that are not RSA.
    """
    return _key(_content(_der(content), SEQUENCE))


def _der(content: bytes) -> bytes:
    if b"-----BEGIN" not in content:
        return content
    found = _PEM.search(content)
    if found is None:
        what = "a private key" if b"PRIVATE KEY-----" in content else "something else"
        raise ValueError(f"a certificate or a public key is needed, and this is {what}")
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"the PEM file is damaged: {error}") from error


def _key(content: bytes) -> PublicKey:
    """The key of a sequence, told from its parts which of the three it is."""
    parts = _parts(content)
    tags = [tag for tag, _ in parts]
    if tags == [SEQUENCE, SEQUENCE, BIT_STRING]:
        certificate = [part for part in _parts(parts[0][1]) if part[0] != VERSION]
        if len(certificate) <= CERTIFICATE_KEY:
            raise ValueError("the certificate has no key")
        return _key(certificate[CERTIFICATE_KEY][1])
    if tags == [SEQUENCE, BIT_STRING]:
        if _parts(parts[0][1])[:1] != [(OBJECT_IDENTIFIER, RSA_ENCRYPTION)]:
            raise ValueError("the key is not an RSA key")
        # The first octet of a bit string counts unused bits; in a key there are none.
        return _key(_content(parts[1][1][1:], SEQUENCE))
    if tags == [INTEGER, INTEGER]:
        modulus, exponent = (int.from_bytes(value, "big", signed=True) for _, value in parts)
        if modulus < 1 << 511 or exponent < 3:
            raise ValueError("the RSA key is too small")
        return PublicKey(modulus, exponent)
    raise ValueError("neither a certificate nor a public key")


# DER: tag, length, content


def _content(data: bytes, tag: int) -> bytes:
    found = _parts(data)
    if len(found) != 1 or found[0][0] != tag:
        raise ValueError("neither a certificate nor a public key")
    return found[0][1]


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """The (tag, content) of the elements that follow each other in ``data``."""
    parts: list[tuple[int, bytes]] = []
    while data:
        start, length = _length(data)
        if start + length > len(data):
            raise ValueError("neither a certificate nor a public key")
        parts.append((data[0], data[start : start + length]))
        data = data[start + length :]
    return parts


def _length(data: bytes) -> tuple[int, int]:
    """Where the first element's content begins, and how long it is."""
    first = data[1] if len(data) > 1 else 0x80
    if first < 0x80:
        return 2, first
    count = first - 0x80
    if not 1 <= count <= 4 or len(data) < 2 + count:
        raise ValueError("neither a certificate nor a public key")
    return 2 + count, int.from_bytes(data[2 : 2 + count], "big")
