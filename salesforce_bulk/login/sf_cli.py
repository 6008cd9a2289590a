"""The login of the Salesforce CLI: the org that ``sf org login`` keeps, by its alias.

Source: ``sf org auth show-access-token --help``, ``sf org display --help``; since 2.136.8 (May
2026) the second prints no tokens.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess  # nosec B404 # programs are started by their path, without a shell
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesforce_bulk.errors import IncompleteLogin, LoginFailed, RequestTimeout
from salesforce_bulk.login.hosts import api_origin
from salesforce_bulk.login.provider import Session
from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

_SHOW_TOKEN = ("org", "auth", "show-access-token", "--no-prompt")
_DISPLAY = ("org", "display")
#: What stands in place of a token that the CLI does not show.
_REDACTED = "[REDACTED]"
#: Tokens and auth URLs in the CLI's own words.
_TOKEN_LIKE = re.compile(r"00D\w{12,15}![\w.]+|force://\S+|[A-Za-z0-9_.!+/=-]{40,}")
_MESSAGE_CHARACTERS = 300

#: By ``name`` of the CLI's error.
_STEPS = {
    "NamedOrgNotFoundError": "Log in once by: sf org login web --alias {alias}",
    "NamedOrgNotFound": "Log in once by: sf org login web --alias {alias}",
    "NoAuthInfoFound": "Log in once by: sf org login web --alias {alias}",
    "NoDefaultEnvError": "Give the alias of an org, or set one by: sf config set target-org",
    "RefreshTokenAuthError": "Log in again by: sf org login web --alias {alias}",
    "AuthDecryptError": "The CLI cannot read its keychain; log in again.",
}


class _CommandFailedError(Exception):
    """The CLI said that it failed; ``name`` and ``message`` are its words."""

    def __init__(self, name: str, message: str, exit_code: int) -> None:
        super().__init__(name)
        self.name = name
        self.message = message
        self.exit_code = exit_code

    @property
    def is_unknown_command(self) -> bool:
        words = f"{self.name} {self.message}".lower()
        return self.exit_code == 127 or "command not found" in words or "is not a sf" in words


@dataclass(frozen=True)
class _Answer:
    """What is used of an answer; ``failure`` is the name and the message of an error, whose tokens
    are taken out."""

    token: Secret | None = None
    instance: str | None = None
    failure: tuple[str, str] | None = None


@dataclass(frozen=True)
class SfCliLogin:
    """An org that the Salesforce CLI is logged in to; the CLI renews the session.

    Args:
        alias: the org's alias or user name; None takes the CLI's default org.
        executable: the program, or its path.
        timeout: seconds until it must have answered.
    """

    alias: str | None = None
    executable: str = "sf"
    timeout: float = 60.0

    def login(self, transport: Transport) -> Session:
        """Ask the CLI for the session.

        Raises:
            IncompleteLogin: the program is not installed.
            LoginFailed: it knows no such org, cannot renew its session, or shows no token.
            RequestTimeout: it did not answer in time.
        """
        try:
            shown = self._run(_SHOW_TOKEN)
        except _CommandFailedError as error:
            if not error.is_unknown_command:
                raise self._failed(error) from None
            shown = _Answer()  # before 2.136.8: `display` prints the token
        if not (shown.token and shown.instance):
            try:
                displayed = self._run(_DISPLAY)
                # The newer entries first: what `display` has for a token may be a redaction.
                shown = _Answer(
                    shown.token or displayed.token, shown.instance or displayed.instance
                )
            except _CommandFailedError as error:
                raise self._failed(error) from None
        return self._session(shown)

    def _session(self, shown: _Answer) -> Session:
        if shown.token is not None and shown.token.reveal().startswith(_REDACTED):
            raise LoginFailed(
                f"The Salesforce CLI shows no token for {self._org}: it prints them by 'sf org "
                "auth show-access-token' only, which it does not know; update it by: sf update"
            )
        if not shown.token or not shown.instance:
            raise LoginFailed(
                f"The Salesforce CLI's answer for {self._org} has no access token and address; "
                "try: sf org display --json, and update it by: sf update"
            )
        return Session(shown.token, api_origin(shown.instance))

    @property
    def _org(self) -> str:
        return "its default org" if self.alias is None else f"the org '{self.alias}'"

    def _run(self, command: tuple[str, ...]) -> _Answer:
        """``result`` of what the command prints."""
        exit_code, printed = self._completed(command)
        answer = _read(printed, exit_code)
        if answer is None:
            raise LoginFailed(
                f"The Salesforce CLI ended with {exit_code} and no JSON when asked for "
                f"{self._org}; try: sf {' '.join(command)} --json"
            )
        if answer.failure is not None:
            raise _CommandFailedError(*answer.failure, exit_code)
        return answer

    def _completed(self, command: tuple[str, ...]) -> tuple[int, Secret]:
        """The exit code and what was printed."""
        # By its whole path, and never by a shell: an alias may hold anything.
        program = shutil.which(self.executable)
        if program is None:
            raise IncompleteLogin(
                f"The Salesforce CLI ('{self.executable}') is not on the PATH; install it "
                "(https://developer.salesforce.com/tools/salesforcecli), or log in another way "
                "(docs/logins.md)."
            )
        target = () if self.alias is None else ("--target-org", self.alias)
        try:
            done = subprocess.run(  # noqa: S603  # nosec B603 # a list, without a shell
                [program, *command, *target, "--json"],
                stdin=subprocess.DEVNULL,
                # Not shown: it may hold tokens.
                capture_output=True,
                timeout=self.timeout,
                check=False,
                env={**os.environ, "SF_AUTOUPDATE_DISABLE": "true", "FORCE_COLOR": "0"},
            )
            return done.returncode, Secret(done.stdout.decode("utf-8-sig", "replace"))
        except subprocess.TimeoutExpired:
            message = (
                f"The Salesforce CLI did not answer for {self._org} within {self.timeout:g} s; "
                "give SfCliLogin(timeout=) more, or look whether it asks something."
            )
        except OSError as error:
            raise IncompleteLogin(
                f"The Salesforce CLI cannot be started: {error.strerror} ({program})."
            ) from None
        timed_out = RequestTimeout(message)
        timed_out.may_have_arrived = False
        raise timed_out

    def _failed(self, error: _CommandFailedError) -> LoginFailed:
        step = _STEPS.get(error.name, "Try: sf org display --json").format(alias=self.alias)
        message = error.message
        return LoginFailed(
            f"The Salesforce CLI cannot log in to {self._org}: {error.name}: {message} {step}",
            error_code=error.name,
            error_message=message,
        )


SfCliLogin.__module__ = "salesforce_bulk"


def _read(printed: Secret, exit_code: int) -> _Answer | None:
    document = _json_in(printed.reveal())
    if document is None:
        return None
    result = document.get("result")
    if document.get("status", exit_code) != 0 or not isinstance(result, dict):
        message = _TOKEN_LIKE.sub("[secret]", str(document.get("message")))
        return _Answer(failure=(str(document.get("name")), message[:_MESSAGE_CHARACTERS]))
    token, instance = result.get("accessToken"), result.get("instanceUrl")
    return _Answer(
        Secret(token) if isinstance(token, str) else None,
        instance if isinstance(instance, str) else None,
    )


def _json_in(text: str) -> Mapping[str, Any] | None:
    """The object that a program printed, whatever it printed before; None where there is none."""
    for start in re.finditer(r"^\s*\{", text, re.MULTILINE):
        try:
            document, _ = json.JSONDecoder().raw_decode(text[start.end() - 1 :])
        except (ValueError, RecursionError):
            continue
        if isinstance(document, dict):
            return document
    return None
