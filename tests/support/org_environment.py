"""An org described where the command line and `from_env` look for it."""

import os


def describe_in_environment(org, monkeypatch):
    """Without a name: what ``SalesforceBulk.from_env`` reads."""
    for name in [name for name in os.environ if name.startswith(("SF_", "SALESFORCE"))]:
        monkeypatch.delenv(name)
    for key in ("username", "password", "security_token"):
        monkeypatch.setenv(f"SALESFORCE_BULK_{key.upper()}", getattr(org, key))
    monkeypatch.setenv("SALESFORCE_BULK_LOGIN_URL", org.url)


def environment_of(org):
    """Of another process, which has a session of the org."""
    foreign = ("SF_", "SALESFORCE")
    found = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    bulk = org.connect()
    found["SALESFORCE_BULK_ACCESS_TOKEN"] = bulk.sessionId
    found["SALESFORCE_BULK_INSTANCE_URL"] = bulk.endpoint.partition("/services")[0]
    return found
