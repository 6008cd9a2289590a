"""The header ``Sforce-Limit-Info``, which answers of the REST layer have.

Source: REST API guide, "Limit Info Header".
"""

from __future__ import annotations

import re

from salesforce_bulk.models import ApiUsage

_USAGE = re.compile(r"\bapi-usage=(\d{1,12})/(\d{1,12})", re.ASCII)
_OF_APP = re.compile(r"per-app-api-usage=\S*")


def read_limit_info(header: str | None) -> ApiUsage | None:
    """The org's calls of the last 24 hours; None where the header tells none.

    Args:
        header: ``api-usage=25/5000; per-app-api-usage=17/250(appName=sample)``, for example.
    """
    found = _USAGE.search(_OF_APP.sub("", header or ""))
    return None if found is None else ApiUsage(int(found[1]), int(found[2]))
