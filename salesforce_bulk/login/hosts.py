"""Where an org's logins and APIs are: addresses that people copy, made the host of the API.

Source: Salesforce Help, "My Domain URL Formats" (https://help.salesforce.com/s/articleView?
id=xcloud.domain_name_url_formats.htm).
"""

from __future__ import annotations

import logging
import re

from salesforce_bulk.errors import InvalidInput, UnexpectedResponse
from salesforce_bulk.http.address import is_loopback, origin
from salesforce_bulk.options import refuse_no_text

log = logging.getLogger("salesforce_bulk")

#: Hosts for logins of all orgs: no org's own.
_SHARED_LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com"})
#: Where the vendor serves APIs: commercial, US defence, China, and the names of old orgs.
_VENDOR_DOMAINS = (
    "salesforce.com",
    "salesforce.mil",
    "sfcrmproducts.cn",
    "cloudforce.com",
    "database.com",
)
#: Hosts of pages, and the API host of the same org.
_PAGE_HOSTS = (
    (re.compile(r"(?P<org>.+)\.lightning\.force\.com"), "{org}.my.salesforce.com"),
    (re.compile(r"(?P<org>.+)\.lightning\.crmforce\.mil"), "{org}.my.salesforce.mil"),
    (re.compile(r"(?P<org>.+)\.my\.salesforce-setup\.com"), "{org}.my.salesforce.com"),
    # Visualforce: the name of the org, two hyphens, the namespace, and the kind of org.
    (
        re.compile(r"(?P<org>.+)--\w+(?P<kind>\.[a-z]+)?\.vf\.force\.com"),
        "{org}{kind}.my.salesforce.com",
    ),
    # Instances named cs are those of sandboxes.
    (
        re.compile(r"(?P<org>.+)--\w+\.cs\d+\.visual(?:\.force|force)\.com"),
        "{org}.sandbox.my.salesforce.com",
    ),
    (
        re.compile(r"(?P<org>.+)--\w+(?:\.[a-z]+\d+)?\.visual(?:\.force|force)\.com"),
        "{org}.my.salesforce.com",
    ),
)
_SITE_HOST = re.compile(r".+\.(my\.site|force|salesforce-sites|salesforce-experience)\.com")


def login_origin(address: str) -> str:
    """The origin to log in at.

    Args:
        address: a URL, a host, or what goes before ``.salesforce.com``: ``login``, ``test``,
            ``acme.my``, ``acme--uat.sandbox.my``.

    Raises:
        InvalidInput: it cannot be read, or is the host of a site.
    """
    refuse_no_text("the address to log in at", address)
    address = address.strip()
    is_host = "//" in address or ":" in address or address.endswith((".com", ".mil", ".cn"))
    if not is_host and (address in ("login", "test") or address.endswith(".my")):
        address = f"{address}.salesforce.com"
    return api_origin(address)


def api_origin(address: str) -> str:
    """The origin of the API, ``https://host[:port]``, for an address of the org.

    A path, a query and a user name in the address are left out. Hosts of Lightning, Setup and
    Visualforce pages are turned into the API's host, and the log tells so.

    Raises:
        InvalidInput: it cannot be read, or is the host of a site, which does not name the org.
    """
    refuse_no_text("host, such as 'acme.my.salesforce.com',", address)
    address = address.strip()
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", address):
        address = f"https://{address}"
    at = origin(address)
    if "!" in at.host:
        # Not shown: sessions have it, and no host.
        raise InvalidInput(
            "The host has a '!', as sessions have: give the session first, then the host."
        )
    if at.scheme not in ("http", "https") or not at.host or re.search(r"\s", at.host):
        raise InvalidInput("The address of the org cannot be read; give https://host.")
    host = _api_host(at.host)
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[at.scheme]
    return f"{at.scheme}://{shown}" + ("" if at.port in (None, default) else f":{at.port}")


def _api_host(host: str) -> str:
    for pattern, form in _PAGE_HOSTS:
        found = pattern.fullmatch(host)
        if found:
            parts = {name: value or "" for name, value in found.groupdict().items()}
            api_host = form.format(**parts)
            log.warning("%s is a host of pages; the API's, %s, is used", host, api_host)
            return api_host
    if _SITE_HOST.fullmatch(host):
        raise InvalidInput(
            f"{host} is the host of a site and not of the API; give the org's My Domain, "
            "https://MyDomain.my.salesforce.com (Setup, My Domain)."
        )
    return host


def is_shared_login_host(login_url: str) -> bool:
    """Whether all orgs log in there, so that it names none."""
    return origin(login_url).host in _SHARED_LOGIN_HOSTS


def _is_same_server(url: str, other: str) -> bool:
    here, there = origin(url), origin(other)
    if is_loopback(url) and is_loopback(other):  # localhost and 127.0.0.1 are the same machine
        return (here.scheme, here.port) == (there.scheme, there.port)
    return here == there


def trusted_instance(instance_url: str, login_url: str) -> str:
    """The origin that a login's answer names, where the session may be sent to it.

    Args:
        instance_url: from the answer; with or without scheme and path.
        login_url: where the login was.

    Raises:
        UnexpectedResponse: it is neither the vendor's nor the login's own origin.
    """
    try:
        instance = api_origin(instance_url)
    except InvalidInput as error:
        raise UnexpectedResponse(
            "The login's answer names an address of the org that cannot be read; a proxy may "
            "stand between."
        ) from error
    if _is_vendors(instance) or _is_same_server(instance, login_url):
        return instance
    raise UnexpectedResponse(
        f"The login's answer leads to {instance}, which is neither Salesforce nor the server that "
        "was logged in at; the session is not sent there. Check the login address and any proxy."
    )


def _is_vendors(url: str) -> bool:
    at = origin(url)
    return at.scheme == "https" and at.host.endswith(tuple(f".{name}" for name in _VENDOR_DOMAINS))


def with_login_scheme(instance: str, login_url: str) -> str:
    """A host with the scheme of the login where both are this machine, else with https."""
    if re.match(r"https?://", instance):
        return instance
    scheme = origin(login_url).scheme if is_loopback(f"//{instance}") else "https"
    return f"{scheme}://{instance}"
