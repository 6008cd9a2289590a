"""One way to name an org: a name, the environment, or settings of a framework, made a login.

The order in which a name is looked up:

1. the environment: ``SALESFORCE_BULK_<NAME>_<KEY>`` (for `from_env`, ``SALESFORCE_BULK_<KEY>``);
2. the table of that name in ``connections.toml``;
3. an alias or user name of the Salesforce CLI.

The keys are the same everywhere: the parameters of the login providers.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from salesforce_bulk.errors import InvalidInput, LoginFailed, MissingCredentials, UnknownConnection
from salesforce_bulk.login.browser import BrowserLogin
from salesforce_bulk.login.client_credentials import ClientCredentialsLogin
from salesforce_bulk.login.device import DeviceLogin
from salesforce_bulk.login.given import SessionLogin
from salesforce_bulk.login.jwt_bearer import JwtLogin
from salesforce_bulk.login.password import PasswordLogin
from salesforce_bulk.login.provider import LoginProvider, Session
from salesforce_bulk.login.refresh_token import RefreshTokenLogin
from salesforce_bulk.login.secret_reference import secret_from
from salesforce_bulk.login.sf_cli import SfCliLogin
from salesforce_bulk.options import refuse_no_text
from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

log = logging.getLogger("salesforce_bulk")

PREFIX = "SALESFORCE_BULK_"
#: Names that users of other tools have set already, and the key that each means.
_FOREIGN_NAMES = (
    # The Salesforce CLI's own, for `sf org login access-token` and as its default org.
    {"SF_ACCESS_TOKEN": "access_token", "SF_ORG_INSTANCE_URL": "instance_url"},  # nosec B105 # names of variables
    # What the manuals of simple-salesforce and its users write.
    *(
        {
            f"{prefix}_USERNAME": "username",
            f"{prefix}_PASSWORD": "password",
            f"{prefix}_SECURITY_TOKEN": "security_token",
            f"{prefix}_ORGANIZATION_ID": "organization_id",
            f"{prefix}_CONSUMER_KEY": "client_id",
            f"{prefix}_CONSUMER_SECRET": "client_secret",
            f"{prefix}_PRIVATEKEY_FILE": "private_key_file",
            f"{prefix}_INSTANCE_URL": "instance_url",
            f"{prefix}_SESSION_ID": "access_token",
            f"{prefix}_DOMAIN": "login_url",
        }
        for prefix in ("SALESFORCE", "SF")
    ),
    {"SF_TARGET_ORG": "alias"},
)
_SECRETS = frozenset(
    {
        "access_token",
        "password",
        "security_token",
        "client_secret",
        "private_key",
        "private_key_password",
        "refresh_token",
    }
)
_BY_A_PERSON = ("browser", "device")
#: Keys of a connection that are no part of a login.
_OF_CLIENT = frozenset({"login", "api_version", "min_api_calls", "min_batches"})

_NO_TEXTS = frozenset({"sandbox", "port"})


@dataclass(frozen=True)
class Connection:
    """A login, and what chose it.

    Attributes:
        provider: logs in.
        source: where it was found, for the log; no secrets.
        api_version, min_api_calls, min_batches: of the client; None where nothing chose one.
    """

    provider: LoginProvider
    source: str
    api_version: str | None = None
    min_api_calls: Any = None
    min_batches: Any = None

    def client_options(self) -> dict[str, Any]:
        """The client's arguments that were chosen here."""
        names = {"API_version": "api_version"}
        names |= {name: name for name in ("min_api_calls", "min_batches")}
        chosen = {name: getattr(self, attribute) for name, attribute in names.items()}
        return {name: value for name, value in chosen.items() if value is not None}


@dataclass(frozen=True)
class _LoginKind:
    """A value of ``login``: what it needs, what it may have, and what makes it."""

    make: Callable[..., LoginProvider]
    #: Alternatives are joined by ``|``.
    needed: tuple[str, ...]
    further: tuple[str, ...] = field(default=())

    def keys(self) -> set[str]:
        return {key for entry in self.needed for key in entry.split("|")} | set(self.further)

    def fits(self, given: Iterable[str]) -> bool:
        have = set(given)
        return all(have & set(entry.split("|")) for entry in self.needed)

    def missing(self, given: Iterable[str]) -> list[str]:
        have = set(given)
        return [e.replace("|", " or ") for e in self.needed if not have & set(e.split("|"))]


def _password_login(**settings: Any) -> PasswordLogin:
    if _is_true(settings.pop("sandbox", False)):
        settings.setdefault("domain", "test")
    # From a trusted address there is no token.
    if "organization_id" not in settings:
        settings.setdefault("security_token", "")
    return PasswordLogin(**settings)


def _browser_login(**settings: Any) -> BrowserLogin:
    port = settings.get("port", 0)
    if isinstance(port, str) and port.isdecimal():
        port = int(port)
    return BrowserLogin(**{**settings, "port": port})


#: Where ``login`` is not given, the first whose needs are met counts.
_KINDS: dict[str, _LoginKind] = {
    "session": _LoginKind(SessionLogin, ("access_token", "instance_url")),
    "client_credentials": _LoginKind(
        ClientCredentialsLogin, ("client_id", "client_secret", "login_url")
    ),
    "jwt": _LoginKind(
        JwtLogin,
        ("client_id", "username", "private_key|private_key_file"),
        ("private_key_password", "login_url", "audience"),
    ),
    "refresh_token": _LoginKind(
        RefreshTokenLogin,
        ("client_id", "refresh_token|refresh_token_file"),
        ("client_secret", "login_url"),
    ),
    "password": _LoginKind(
        _password_login,
        ("username", "password"),
        ("security_token", "organization_id", "domain", "sandbox", "login_url"),
    ),
    "sf": _LoginKind(SfCliLogin, ("alias",)),
    "browser": _LoginKind(_browser_login, ("client_id",), ("client_secret", "login_url", "port")),
    "device": _LoginKind(DeviceLogin, ("client_id",), ("client_secret", "login_url")),
}


def connection_named(name: str) -> Connection:
    """The connection of a name.

    Raises:
        UnknownConnection: nothing has it; the message lists the known ones.
        InvalidInput: what was found lacks a part, or has a secret where a reference belongs.
    """
    refuse_no_text("connection", name)
    prefix = f"{PREFIX}{_in_environment(name)}_"
    found = _environment_settings(prefix)
    if found:
        return _connection(found, f"the environment ({prefix}…)", prefix)
    tables = _tables()
    if name in tables:
        return _connection(_resolved(tables[name]), f"[{name}] of {connections_file()}")
    if shutil.which("sf") is None:
        raise _unknown(name)
    log.info("connection '%s': an alias of the Salesforce CLI", name)
    return Connection(_AliasLogin(name), "the Salesforce CLI")


def connection_from_environment() -> Connection:
    """The connection that the environment describes, without a name.

    In this order: ``SALESFORCE_BULK_CONNECTION`` (a name), ``SALESFORCE_BULK_<KEY>``,
    ``SF_ACCESS_TOKEN`` with ``SF_ORG_INSTANCE_URL``, the names of simple-salesforce's manuals
    (``SALESFORCE_USERNAME`` or ``SF_USERNAME`` and so on), ``SF_TARGET_ORG``.

    Raises:
        MissingCredentials: none of them is set.
        InvalidInput: a part is missing.
    """
    name = os.environ.get(f"{PREFIX}CONNECTION")
    if name:
        return connection_named(name)
    found = {
        key: value for key, value in _environment_settings(PREFIX).items() if key in _all_keys()
    }
    if found.keys() - _OF_CLIENT:
        return _connection(found, f"the environment ({PREFIX}…)", PREFIX)
    for names in _FOREIGN_NAMES:
        found = {
            key: _sealed(key, os.environ[name])
            for name, key in names.items()
            if os.environ.get(name)
        }
        fitting = [
            kind for name, kind in _KINDS.items() if kind.fits(found) and name not in _BY_A_PERSON
        ]
        if fitting:
            told = ", ".join(sorted(name for name in names if os.environ.get(name)))
            # Other tools take other parts together: what is not of this login is theirs.
            taken = fitting[0].keys()
            found = {key: value for key, value in found.items() if key in taken}
            return _connection(found, f"the environment ({told})")
    raise MissingCredentials(
        f"The environment names no org: set {PREFIX}CONNECTION to a name of connections.toml, or "
        f"{PREFIX}LOGIN_URL, {PREFIX}CLIENT_ID and {PREFIX}CLIENT_SECRET (docs/logins.md)."
    )


def connection_from_settings(settings: Mapping[str, Any], source: str) -> Connection:
    """The connection of a framework's settings: keys in lower or upper case; ``connection`` names
    one instead.

    Raises:
        UnknownConnection, InvalidInput: as `connection_named`.
    """
    lowered = {str(key).lower(): _sealed(str(key).lower(), settings[key]) for key in settings}
    del settings
    if lowered.get("connection"):
        return connection_named(str(lowered["connection"]))
    return _connection(_resolved(lowered, may_be_plain=True), source)


def connection_of_django() -> Connection:
    """The connection of ``settings.SALESFORCE_BULK``.

    Raises:
        MissingCredentials: there is no such setting.
    """
    from django.conf import settings  # noqa: PLC0415

    return _framework_connection(getattr(settings, "SALESFORCE_BULK", None), "Django's settings")


def connection_of_flask(app: Any) -> Connection:
    """The connection of ``app.config["SALESFORCE_BULK"]``.

    Raises:
        MissingCredentials: there is no such entry.
    """
    return _framework_connection(app.config.get("SALESFORCE_BULK"), "Flask's config")


def _framework_connection(settings: Any, source: str) -> Connection:
    if not isinstance(settings, Mapping) or not settings:
        del settings
        raise MissingCredentials(f"{source}: SALESFORCE_BULK is missing, or is no dict.")
    sealed = {key: _sealed(str(key).lower(), value) for key, value in settings.items()}
    del settings
    return connection_from_settings(sealed, f"{source} (SALESFORCE_BULK)")


def known_connections() -> list[str]:
    """The names that `connection_named` knows without asking the Salesforce CLI: those of the
    environment, of connections.toml, and the CLI's aliases as far as its file tells them."""
    return sorted({*_environment_names(), *_tables(), *_cli_aliases()})


def connections_file() -> Path:
    """Where connections.toml is: ``SALESFORCE_BULK_CONNECTIONS``, or in the platform's
    configuration folder."""
    chosen = os.environ.get(f"{PREFIX}CONNECTIONS")
    if chosen:
        return Path(chosen)
    import platformdirs  # noqa: PLC0415 - costs what a client with a session need not pay

    return platformdirs.user_config_path("salesforce-bulk", appauthor=False) / "connections.toml"


@dataclass(frozen=True)
class _AliasLogin(SfCliLogin):
    """A name that was found nowhere else; if the CLI has no such org, the error lists the rest."""

    def login(self, transport: Transport) -> Session:
        try:
            return super().login(transport)
        except LoginFailed as error:
            if error.error_code not in ("NamedOrgNotFoundError", "NamedOrgNotFound"):
                raise
            raise _unknown(str(self.alias)) from error


def _connection(settings: Mapping[str, Any], source: str, prefix: str = "") -> Connection:
    """Messages name the keys as they were given: with a prefix, as variables."""
    spelled = _Spelling(prefix)
    given = {key: value for key, value in settings.items() if value not in (None, "", Secret(""))}
    name, kind = _kind(given, source, spelled)
    chosen = {key: value for key, value in given.items() if key not in _OF_CLIENT}
    unknown = sorted(chosen.keys() - kind.keys())
    if unknown:
        raise InvalidInput(
            f"{source}: login '{name}' has no {spelled(unknown)}; it takes "
            f"{spelled(sorted(kind.keys()))}."
        )
    missing = kind.missing(chosen)
    if missing:
        raise InvalidInput(f"{source}: login '{name}' lacks {spelled(missing)}.")
    _refuse_no_texts(chosen, source, spelled)
    log.info("connection from %s: login '%s'", source, name)
    version = given.get("api_version")
    return Connection(
        kind.make(**chosen),
        source,
        None if version is None else str(version),
        given.get("min_api_calls"),
        given.get("min_batches"),
    )


def _refuse_no_texts(chosen: Mapping[str, Any], source: str, spelled: _Spelling) -> None:
    for key in chosen.keys() - _NO_TEXTS:
        if not isinstance(chosen[key], (str, Secret, os.PathLike)):
            # Not the value, which may be a secret.
            kind = type(chosen[key]).__name__
            raise InvalidInput(f"{source}: {spelled([key])} is a text, not of type {kind}.")


class _Spelling(NamedTuple):
    """Keys in a message, as names of variables where they have a prefix."""

    prefix: str

    def __call__(self, keys: Iterable[str]) -> str:
        if self.prefix:
            keys = (" or ".join(map(self._variable, key.split(" or "))) for key in keys)
        return ", ".join(keys)

    def _variable(self, key: str) -> str:
        return f"{self.prefix}{key.upper()}"


def _kind(given: Mapping[str, Any], source: str, spelled: _Spelling) -> tuple[str, _LoginKind]:
    name = given.get("login")
    if name is None:
        for candidate, kind in _KINDS.items():
            # A person is asked only where the settings say so.
            if kind.fits(given) and candidate not in _BY_A_PERSON:
                return candidate, kind
        raise InvalidInput(
            f"{source}: {spelled(sorted(given)) or 'nothing'} is given, which fits no login; "
            + "; ".join(f"'{n}' needs {spelled(k.missing(()))}" for n, k in _KINDS.items())
            + "."
        )
    if name not in _KINDS:
        raise InvalidInput(
            f"{source}: {spelled(['login'])} must be one of {', '.join(_KINDS)}, not {name!r}."
        )
    return str(name), _KINDS[name]


def _sealed(key: str, value: Any) -> Any:
    """A setting as tools that show the locals of a traceback may have it."""
    return Secret(value) if key in _SECRETS and isinstance(value, str) else value


def _all_keys() -> set[str]:
    return set(_OF_CLIENT).union(*(kind.keys() for kind in _KINDS.values()))


def _resolved(table: Mapping[str, Any], may_be_plain: bool = False) -> dict[str, Any]:
    """A table with the secrets that it refers to."""
    resolved = dict(table)
    for key in _SECRETS & table.keys():
        value = table[key]
        if isinstance(value, Mapping):
            resolved[key] = secret_from(key, value)
        elif isinstance(value, Secret) and may_be_plain:
            resolved[key] = value
        else:
            raise InvalidInput(
                f"connections.toml is no place for a secret, and {key} is one; refer to it by "
                '{ env = "NAME" }, { file = "path" }, { keyring = "service", user = "name" } or '
                '{ command = ["program", "argument"] }.'
            )
    return resolved


def _tables() -> dict[str, dict[str, Any]]:
    path = connections_file()
    if not path.exists():
        return {}
    document, problem = _parsed(path)
    if problem is not None:
        raise InvalidInput(f"{path} cannot be read: {problem}")
    return {
        name: {key: _sealed(key, value) for key, value in table.items()}
        for name, table in document.items()
        if isinstance(table, dict)
    }


def _parsed(path: Path) -> tuple[dict[str, Any], str | None]:
    """The document in a file, or what is wrong with it: a parser's error may hold all the text."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        return tomllib.loads(path.read_text("utf-8-sig")), None
    except OSError as error:
        return {}, str(error.strerror)
    except UnicodeDecodeError:
        return {}, "it is not UTF-8"
    except ValueError as error:
        place = re.search(r"\(at .+\)$", str(error))
        return {}, f"it is no TOML {place[0] if place else ''}".rstrip()


def _environment_settings(prefix: str) -> dict[str, Any]:
    return {
        name[len(prefix) :].lower(): _sealed(name[len(prefix) :].lower(), value)
        for name, value in os.environ.items()
        if name.startswith(prefix) and name[len(prefix) :].lower() in _all_keys() and value
    }


def _in_environment(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _environment_names() -> set[str]:
    names = set()
    for variable in os.environ:
        rest = variable.removeprefix(PREFIX).lower()
        if rest == variable.lower() or rest in _all_keys():
            continue
        for key in _all_keys():
            if rest.endswith(f"_{key}"):
                names.add(rest[: -len(key) - 1])
    return names


def _cli_aliases() -> list[str]:
    try:
        document = json.loads((Path.home() / ".sfdx" / "alias.json").read_text("utf-8"))
        return list(document["orgs"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return []  # no CLI, or a newer one that keeps them elsewhere


def _unknown(name: str) -> UnknownConnection:
    known = known_connections()
    return UnknownConnection(
        f"No connection '{name}': it is not in the environment "
        f"({PREFIX}{_in_environment(name)}_…), not in {connections_file()}, and no alias "
        f"of the Salesforce CLI. Known: {', '.join(known) or 'none'}."
    )


def _is_true(value: Any) -> bool:
    return value is True or str(value).strip().lower() in ("1", "true", "yes", "on")
