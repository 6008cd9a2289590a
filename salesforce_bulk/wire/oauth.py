"""The answers of ``/services/oauth2/token``.

Source: Salesforce Help, "OAuth Tokens and Scopes", "OAuth 2.0 Authorization Errors"
(https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from salesforce_bulk.models import User
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire.fault import NO_FAULT, Fault

_USER_CODE = re.compile(r"[A-Za-z0-9-]{1,32}")
_ADDRESS = re.compile(r"https?://[\x21-\x7e]+")


@dataclass(frozen=True)
class TokenDocument:
    """``valid_seconds`` and ``refresh_token`` are None where the answer has none."""

    access_token: Secret
    instance_url: str
    refresh_token: Secret | None = None
    valid_seconds: float | None = None


@dataclass(frozen=True)
class DeviceCode:
    """What a user is shown, and what is asked for by."""

    device_code: Secret
    user_code: str
    verification_uri: str
    interval: float


def read_object(body: bytes) -> Mapping[str, Any]:
    """The object of a JSON document; empty where it is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def read_token(body: bytes) -> TokenDocument | None:
    """The tokens of an answer; None where there is no access token or no org in it."""
    document = read_object(body)
    token, instance = document.get("access_token"), document.get("instance_url")
    if not (isinstance(token, str) and token and isinstance(instance, str) and instance):
        return None
    refresh = document.get("refresh_token")
    return TokenDocument(
        Secret(token),
        # An origin has no query; what stands in one is nothing to show.
        re.split(r"[?#]", instance)[0],
        Secret(refresh) if isinstance(refresh, str) and refresh else None,
        _seconds(document.get("expires_in")),
    )


def read_device_code(body: bytes) -> DeviceCode | None:
    """The code of an answer to ``response_type=device_code``; None where it is none."""
    document = read_object(body)
    texts = [document.get(name) for name in ("device_code", "user_code", "verification_uri")]
    if not all(isinstance(text, str) and text for text in texts):
        return None
    device_code, user_code, address = (str(text) for text in texts)
    # A person is shown both, in a terminal.
    if not (_USER_CODE.fullmatch(user_code) and _ADDRESS.fullmatch(address)):
        return None
    interval = _seconds(document.get("interval"))
    return DeviceCode(Secret(device_code), user_code, address, interval or 5.0)


def read_refusal(body: bytes) -> Fault:
    """``error`` and ``error_description``; both None for anything else."""
    document = read_object(body)
    code, text = document.get("error"), document.get("error_description")
    if not isinstance(code, str):
        return NO_FAULT
    return Fault(code, text if isinstance(text, str) else None)


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < float("inf") else None


def read_user(body: bytes) -> User | None:
    """The user of ``userinfo``; None where it is no such document."""
    document = read_object(body)
    texts = {name: value for name, value in document.items() if isinstance(value, str)}
    if not (texts.get("user_id") and texts.get("organization_id")):
        return None
    return User(
        texts["user_id"],
        texts["organization_id"],
        texts.get("preferred_username"),
        texts.get("name"),
        texts.get("email"),
    )
