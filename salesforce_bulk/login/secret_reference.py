"""A secret by where it is: an environment variable, a file, the keyring, a command."""

from __future__ import annotations

import shutil
import subprocess  # nosec B404 # programs are started by their path, without a shell
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.secret import Secret

_COMMAND_SECONDS = 60


def secret_from(key: str, reference: Mapping[str, Any], environ: Mapping[str, str]) -> Secret:
    """The secret that a reference leads to.

    Args:
        key: what it is for, for messages.
        reference: ``{"env": name}``, ``{"file": path}``, ``{"keyring": service, "user": name}``
            or ``{"command": [program, argument, …]}``. A line end behind the secret is no part
            of it.
        environ: the environment.

    Raises:
        InvalidInput: it leads nowhere, or is none of these.
    """
    match dict(reference):
        case {"env": str(name), **rest} if not rest:
            text = environ.get(name)
            where = f"environment variable {name}"
        case {"file": str(path), **rest} if not rest:
            text = _file_text(key, path)
            where = f"file {path}"
        case {"keyring": str(service), "user": str(user), **rest} if not rest:
            text = _keyring_text(key, service, user)
            where = f"keyring, service {service}, user {user}"
        case {"command": list(command), **rest} if not rest and command:
            text = _command_text(key, [str(part) for part in command])
            where = f"output of {command[0]}"
        case _:
            raise InvalidInput(
                f"{key} refers to its secret by env, file, keyring with user, or command (a list), "
                f"not by {', '.join(sorted(map(str, reference))) or 'nothing'}."
            )
    if not text:
        raise InvalidInput(f"{key} is to be in {where}, and there is nothing.")
    return Secret(text.rstrip("\r\n"))


def _file_text(key: str, path: str) -> str:
    try:
        return Path(path).expanduser().read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput(f"{key} is to be in {path}, which cannot be read: {reason}") from None


def _keyring_text(key: str, service: str, user: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        raise InvalidInput(
            f"{key} is to be in the keyring; install it: pip install 'salesforce-bulk[keyring]'"
        ) from None
    try:
        text: str | None = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise InvalidInput(
            f"{key} cannot be read from the keyring ({type(error).__name__}); is it unlocked?"
        ) from None
    return text


def _command_text(key: str, command: list[str]) -> str:
    program = shutil.which(command[0])
    if program is None:
        raise InvalidInput(f"{key} is to come from {command[0]}, which is not on the PATH.")
    try:
        # Its stderr goes to the terminal: the program may ask the user for something there.
        done = subprocess.run(  # noqa: S603  # nosec B603 # a list, without a shell
            [program, *command[1:]],
            stdout=subprocess.PIPE,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        text = done.stdout.decode()
    except subprocess.TimeoutExpired:
        reason = f"did not end within {_COMMAND_SECONDS} s"
    except OSError as error:
        reason = f"cannot be started: {error.strerror}"
    except UnicodeDecodeError:
        reason = "gave no text"
    else:
        if done.returncode == 0:
            return text
        reason = f"ended with {done.returncode}"
    raise InvalidInput(f"{key} is to come from {command[0]}, which {reason}.")
