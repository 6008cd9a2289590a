"""What users have allowed, or are being asked to: authorization codes and device codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from string import ascii_letters, digits

from salesforce_bulk.emulator.clock import Clock

#: Life of an authorization code; the vendor's is 15 minutes.
CODE_LIFE = timedelta(minutes=15)
#: Life of a device code, and the seconds that a device waits between two questions.
DEVICE_LIFE = timedelta(minutes=10)
DEVICE_INTERVAL = 5


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """A code that a browser carries to an app; good once."""

    code: str
    consumer_key: str
    username: str
    redirect_uri: str
    challenge: str
    end: datetime

    def is_proved_by(self, verifier: str) -> bool:
        """Whether PKCE's verifier is the one of the challenge (RFC 7636, 4.6); without a challenge
        there is nothing to prove."""
        if not self.challenge:
            return True
        digest = hashlib.sha256(verifier.encode()).digest()
        found = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return hmac.compare_digest(found, self.challenge)


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """A device that waits for a user; ``username`` is whoever allowed it."""

    device_code: str
    user_code: str
    consumer_key: str
    end: datetime
    username: str = ""
    is_denied: bool = False


class Authorizations:
    """The codes of an org. Thread-safe; the same seed gives the same codes."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = Random(f"authorizations {seed}")  # noqa: S311  # nosec B311 # to be repeated, not secret
        self._lock = threading.Lock()
        self._codes: dict[str, AuthorizationCode] = {}
        self._devices: dict[str, DeviceAuthorization] = {}

    def allow(
        self, consumer_key: str, username: str, redirect_uri: str, challenge: str
    ) -> AuthorizationCode:
        """A new authorization code."""
        end = self._clock.now() + CODE_LIFE
        with self._lock:
            text = "aPrx" + self._text(60)
            code = AuthorizationCode(text, consumer_key, username, redirect_uri, challenge, end)
            self._codes[text] = code
        return code

    def use(self, code: str) -> AuthorizationCode | None:
        """The code, which is then used up; None when it is unknown, used or too old."""
        with self._lock:
            found = self._codes.pop(code, None)
        return found if found and found.end > self._clock.now() else None

    def begin_device(self, consumer_key: str) -> DeviceAuthorization:
        """A device that begins to wait."""
        end = self._clock.now() + DEVICE_LIFE
        with self._lock:
            user_code = "".join(self._random.choices("BCDFGHJKLMNPQRSTVWXZ0123456789", k=8))
            device = DeviceAuthorization(self._text(80), user_code, consumer_key, end)
            self._devices[device.device_code] = device
        return device

    def decide_device(self, user_code: str, username: str, is_denied: bool = False) -> bool:
        """A user allows or denies the device of a code; False when there is none."""
        with self._lock:
            for device in self._devices.values():
                if hmac.compare_digest(device.user_code, user_code.upper()):
                    decided = replace(device, username=username, is_denied=is_denied)
                    self._devices[device.device_code] = decided
                    return True
        return False

    def device(self, device_code: str) -> DeviceAuthorization | None:
        """The device of a code; one that was decided on is used up. None when it is too old."""
        with self._lock:
            found = self._devices.get(device_code)
            if found is None or found.end <= self._clock.now():
                return None
            if found.username or found.is_denied:
                del self._devices[device_code]
        return found

    def _text(self, size: int) -> str:
        return "".join(self._random.choices(ascii_letters + digits + "._", k=size))
