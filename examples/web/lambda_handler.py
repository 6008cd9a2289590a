"""A handler for AWS Lambda: a CSV file from one bucket's event into an object.

The client is made once for each process, which Lambda keeps for the next event. Only /tmp can be
written; the library's temporary files go there, and nowhere else.
"""

import functools
from typing import Any

from salesforce_bulk import SalesforceBulk


@functools.cache
def client() -> SalesforceBulk:
    """The org that the function's environment describes."""
    return SalesforceBulk.from_env()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Load ``event["path"]`` into ``event["object"]`` and count what is there afterwards."""
    result = client().upsert(
        event["object"], event["path"], external_id=event["key"], on_error="report"
    )
    export = client().export(f"SELECT Id FROM {event['object']}")  # noqa: S608 (our own event)
    rows = export.to_csv(event["target"])
    return {"succeeded": len(result.succeeded), "failed": len(result.failed), "rows": rows}
