"""A secret by where it is: an environment variable, a file, the keyring, a command."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404 # programs are started by their path, without a shell
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.secret import Secret

_COMMAND_SECONDS = 60


def secret_from(key: str, reference: Mapping[str, Any]) -> Secret:
    """The secret that a reference leads to.

    Args:
        key: what it is for, for messages.
        reference: ``{"env": name}``, ``{"file": path}``, ``{"keyring": service, "user": name}``
            or ``{"command": [program, argument, …]}``. A line end behind the secret is no part
            of it.

    Raises:
        InvalidInput: it leads nowhere, or is none of these.
    """
    match dict(reference):
        case {"env": str(name), **rest} if not rest:
            secret = Secret.of(os.environ.get(name))
            where = f"environment variable {name}"
        case {"file": str(path), **rest} if not rest:
            secret = _file_secret(key, path)
            where = f"file {path}"
        case {"keyring": str(service), "user": str(user), **rest} if not rest:
            secret = _keyring_secret(key, service, user)
            where = f"keyring, service {service}, user {user}"
        case {"command": list(command), **rest} if not rest and command:
            secret = _command_secret(key, [str(part) for part in command])
            where = f"output of {command[0]}"
        case _:
            raise InvalidInput(
                f"{key} refers to its secret by env, file, keyring with user, or command (a list), "
                f"not by {', '.join(sorted(map(str, reference))) or 'nothing'}."
            )
    if not secret:
        raise InvalidInput(f"{key} is to be in {where}, and there is nothing.")
    return Secret(secret.reveal().rstrip("\r\n"))


def _file_secret(key: str, path: str) -> Secret:
    try:
        return Secret(Path(path).expanduser().read_text("utf-8-sig"))
    except OSError as error:
        reason = str(error.strerror)
    except ValueError:
        reason = "it is not UTF-8"
    # Outside of the handlers: the error of a decoder holds the bytes.
    raise InvalidInput(f"{key} is to be in {path}, which cannot be read: {reason}")


def _keyring_secret(key: str, service: str, user: str) -> Secret | None:
    try:
        import keyring  # noqa: PLC0415 - an extra
    except ImportError:
        raise InvalidInput(
            f"{key} is to be in the keyring; install it: pip install 'salesforce-bulk[keyring]'"
        ) from None
    try:
        return Secret.of(keyring.get_password(service, user))
    except keyring.errors.KeyringError as error:
        reason = type(error).__name__
    raise InvalidInput(f"{key} cannot be read from the keyring ({reason}); is it unlocked?")


def _command_secret(key: str, command: list[str]) -> Secret:
    program = shutil.which(command[0])
    if program is None:
        raise InvalidInput(f"{key} is to come from {command[0]}, which is not on the PATH.")
    secret, reason = _output([program, *command[1:]])
    if secret is None:
        raise InvalidInput(f"{key} is to come from {command[0]}, which {reason}.")
    return secret


def _output(command: list[str]) -> tuple[Secret | None, str]:
    """What a program printed, or why that is no secret; nothing is raised beside what it said."""
    try:
        # Its stderr goes to the terminal: the program may ask the user for something there.
        done = subprocess.run(  # noqa: S603  # nosec B603 # a list, without a shell
            command, stdout=subprocess.PIPE, timeout=_COMMAND_SECONDS, check=False
        )
        if done.returncode != 0:
            return None, f"ended with {done.returncode}"
        return Secret(done.stdout.decode()), ""
    except subprocess.TimeoutExpired:
        return None, f"did not end within {_COMMAND_SECONDS} s"
    except OSError as error:
        return None, f"cannot be started: {error.strerror}"
    except UnicodeDecodeError:
        return None, "gave no text"
