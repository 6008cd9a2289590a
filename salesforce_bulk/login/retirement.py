"""Who logs in with user name and password is told once what to use before Summer '27.

By the log and not by `warnings`: programs whose tests make errors of warnings go on as they are.

Source: https://help.salesforce.com/s/articleView?id=005132110&type=1
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from functools import lru_cache

from salesforce_bulk.http.address import is_loopback

log = logging.getLogger("salesforce_bulk")

_MY_DOMAIN = "https://MyDomain.my.salesforce.com"
#: What to log in by, where a program runs; three lines each.
_REPLACEMENTS = {
    "notebook": """\
    from salesforce_bulk import BrowserLogin, SalesforceBulk
    login = BrowserLogin("<Consumer Key>", login_url="{url}", port=1717)
    bulk = SalesforceBulk(login=login)""",
    "CI": """\
    from salesforce_bulk import JwtLogin, SalesforceBulk
    login = JwtLogin("<Consumer Key>", "{user}", private_key_file="server.key", login_url="{url}")
    bulk = SalesforceBulk(login=login)""",
    "laptop": """\
    # once, in a shell: sf org login web --alias my-org --instance-url {url}
    from salesforce_bulk import SalesforceBulk
    bulk = SalesforceBulk.from_sf_cli("my-org")""",
    "server": """\
    from salesforce_bulk import ClientCredentialsLogin, SalesforceBulk
    login = ClientCredentialsLogin("<Consumer Key>", "<Consumer Secret>", "{url}")
    bulk = SalesforceBulk(login=login)""",
}


def tell_of_retirement(username: str | None, url: str) -> None:
    """Tell it, once a process for each org and user.

    Args:
        username: who logged in.
        url: an address of the org.
    """
    # A local org has another port in each test.
    org = _MY_DOMAIN if is_loopback(url) else url.partition("/services/")[0]
    _tell(username, org, _place())


@lru_cache(maxsize=64)
def _tell(username: str | None, url: str, place: str) -> None:
    log.warning(
        "SOAP login() with user name and password ends with Summer '27 and is off in new orgs "
        "already. Before then, log in like this (the clicks in Setup are in docs/logins.md):\n%s",
        _REPLACEMENTS[place].format(user=username, url=url),
    )


def _place() -> str:
    """Where this program runs, as far as it can be seen."""
    if "ipykernel" in sys.modules:
        return "notebook"
    if os.environ.get("CI"):
        return "CI"
    return "laptop" if shutil.which("sf") is not None else "server"
