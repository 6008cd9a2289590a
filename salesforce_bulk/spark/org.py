"""The org of a frame, opened on whichever machine needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from importlib import import_module

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.client_access import org_of
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.salesforce_bulk import SalesforceBulk
from salesforce_bulk.spark.options import OrgName


# Kept for the life of a Python worker: Spark reuses it for many tasks, and orgs limit logins.
@lru_cache(maxsize=8)
def open_client(org: OrgName) -> SalesforceBulk:
    """A client, logged in once a process.

    Raises:
        InvalidInput: the connection or the provider cannot be found, or gives no client.
    """
    if org.connection is not None:
        return SalesforceBulk.connect(org.connection)
    client = _provider(str(org.provider))()
    if not isinstance(client, SalesforceBulk):
        raise InvalidInput(
            f"The provider {org.provider} returned {type(client).__name__} and no SalesforceBulk."
        )
    return client


def open_access(org: OrgName) -> OrgAccess:
    """What loads and exports use of the org; pickled, it is the name of the org only."""
    return replace(org_of(open_client(org)), reopen=partial(open_access, org))


def _provider(name: str) -> Callable[[], object]:
    module, _, attribute = name.partition(":")
    try:
        provider: Callable[[], object] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidInput(
            f"The provider {name!r} is no package.module:callable that this machine can import: "
            f"{error}"
        ) from error
    return provider
