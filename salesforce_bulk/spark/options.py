"""The options of ``spark.read`` and ``df.write``, read and judged once.

Spark hands options over as texts, in any letter case, and carries them to every executor; nothing
among them may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.load.settings import Operation

#: Options that other connectors take; a plan, a catalog or a notebook would keep them.
_SECRETS = frozenset(
    {
        "accesstoken",
        "clientsecret",
        "password",
        "privatekey",
        "refreshtoken",
        "securitytoken",
        "sessionid",
        "token",
        "username",
    }
)
_ORG = frozenset({"connection", "provider"})
_READ = frozenset({"soql", "jobid", "results", "includedeleted", "decimals", "maxrecords"})
_WRITE = frozenset(
    {
        "object",
        "operation",
        "externalid",
        "maxfailedrecords",
        "manifest",
        "nulls",
        "assumetz",
        "timeout",
    }
)
#: What the failed and other rows of a load are called, and the result file that holds them.
RESULT_FILES = {
    "failed": "failedResults",
    "successful": "successfulResults",
    "unprocessed": "unprocessedrecords",
}
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")


@dataclass(frozen=True)
class OrgName:
    """Which org, without a secret: the name of a connection, or of what opens a client.

    Attributes:
        connection: see `SalesforceBulk.connect`.
        provider: ``package.module:callable``, which returns a `SalesforceBulk`.
    """

    connection: str | None = None
    provider: str | None = None


@dataclass(frozen=True)
class ReadOptions:
    """What is read.

    Attributes:
        org: which org.
        soql: the query, where there is no job yet.
        job_ids: of a query, or of loads whose ``results`` are read.
        results: a key of `RESULT_FILES`, or None for a query.
        include_deleted: deleted and archived rows as well.
        decimals: numbers with a fraction as decimals.
        max_records: rows of a page at most.
    """

    org: OrgName
    soql: str | None
    job_ids: tuple[str, ...]
    results: str | None
    include_deleted: bool
    decimals: bool
    max_records: int | None


@dataclass(frozen=True)
class WriteOptions:
    """What is written.

    Attributes:
        org: which org.
        object_name, operation, external_id: of the jobs.
        max_failed_records: rows that may fail without failing the write.
        manifest: path of a file on the driver that lists the jobs.
        nulls: ``ignore`` or ``clear``.
        assume_tz: the zone of timestamps without one.
        timeout: seconds that the commit waits for the org; None: no end.
    """

    org: OrgName
    object_name: str
    operation: Operation
    external_id: str | None
    max_failed_records: int
    manifest: str | None
    nulls: str
    assume_tz: str | None
    timeout: float | None


def read_options(options: Mapping[str, str]) -> ReadOptions:
    """The options of ``spark.read``.

    Raises:
        InvalidInput: an option that is unknown, a secret, missing or contradicts another.
    """
    given = _given(options, _READ)
    job_ids = tuple(part.strip() for part in given.get("jobid", "").split(",") if part.strip())
    if bool(job_ids) == bool(given.get("soql")):
        raise InvalidInput('Give either .option("soql", …) or .option("jobId", …).')
    results = given.get("results")
    if results is not None and (results not in RESULT_FILES or not job_ids):
        raise InvalidInput(
            f"results is one of {', '.join(RESULT_FILES)}, with the jobId of a load; "
            f"not {results!r}."
        )
    if results is None and len(job_ids) > 1:
        raise InvalidInput("A query has one jobId; several are for results=.")
    return ReadOptions(
        _org(given),
        given.get("soql"),
        job_ids,
        results,
        _truth(given, "includedeleted"),
        _truth(given, "decimals"),
        _number(given, "maxrecords"),
    )


def write_options(options: Mapping[str, str]) -> WriteOptions:
    """The options of ``df.write``.

    Raises:
        InvalidInput: an option that is unknown, a secret, missing or contradicts another.
    """
    given = _given(options, _WRITE)
    if not given.get("object"):
        raise InvalidInput('Name the object: .option("object", "Account").')
    operation = given.get("operation", "")
    if operation not in _OPERATIONS:
        raise InvalidInput(
            f'.option("operation", …) is one of {", ".join(_OPERATIONS)}, not {operation!r}.'
        )
    timeout = _number(given, "timeout")
    return WriteOptions(
        _org(given),
        given["object"],
        cast(Operation, operation),
        given.get("externalid"),
        _number(given, "maxfailedrecords") or 0,
        given.get("manifest"),
        given.get("nulls", "ignore"),
        given.get("assumetz"),
        None if timeout is None else float(timeout),
    )


def _given(options: Mapping[str, str], known: frozenset[str]) -> dict[str, str]:
    given = {name.lower(): str(value) for name, value in options.items()}
    secrets = sorted(given.keys() & _SECRETS)
    if secrets:
        raise InvalidInput(
            f"The option {secrets[0]} would put a secret into plans and onto every executor. "
            'Name a connection instead: .option("connection", "prod"), which each machine '
            'resolves by itself, or a callable: .option("provider", "package.module:callable").'
        )
    # A path is what .load(path) and .save(path) add, also where none was given.
    unknown = sorted(name for name in given.keys() - known - _ORG - {"path"})
    if unknown:
        raise InvalidInput(
            f"The source salesforce-bulk has no option {unknown[0]}; it has "
            f"{', '.join(sorted(known | _ORG))}."
        )
    return given


def _org(given: Mapping[str, str]) -> OrgName:
    if bool(given.get("connection")) == bool(given.get("provider")):
        raise InvalidInput(
            'Name the org: either .option("connection", "prod") or '
            '.option("provider", "package.module:callable").'
        )
    return OrgName(given.get("connection"), given.get("provider"))


def _truth(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false").lower()
    if text not in ("true", "false"):
        raise InvalidInput(f"The option {name} is true or false, not {text!r}.")
    return text == "true"


def _number(given: Mapping[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise InvalidInput(f"The option {name} is a whole number, not {text!r}.")
    return int(text)
