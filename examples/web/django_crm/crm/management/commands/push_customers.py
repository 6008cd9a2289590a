"""Customers that changed go into Salesforce; the Id or the error of each comes back."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from crm.models import Customer
from salesforce_bulk import LoadResult, RowResult, SalesforceBulk

#: Rows that are read, and written back, at a time.
CHUNK = 2_000


class Command(BaseCommand):
    """See the module.

    The key is the primary key, so that a command that was killed is simply started again: what is
    in the org already is updated, and nothing is there twice.
    """

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Which org."""
        parser.add_argument("--org", help="name of a connection (default: the environment's)")

    def handle(self, *, org: str | None, **_: Any) -> None:
        """Push what changed; a customer that changes meanwhile is pushed again the next time."""
        bulk = SalesforceBulk.connect(org) if org else SalesforceBulk.from_env()
        began = timezone.now()
        never = Q(pushed_at=None)
        changed = Customer.objects.filter(never | Q(changed_at__gt=F("pushed_at"))).order_by("pk")
        result = bulk.upsert(
            "Customer__c", rows_of(changed), external_id="Key__c", on_error="report"
        )
        write_back(result, began)
        self.stdout.write(result.summary())


def rows_of(customers: QuerySet[Customer]) -> Iterator[dict[str, Any]]:
    """As Salesforce names it."""
    for customer in customers.iterator(chunk_size=CHUNK):
        yield {"Key__c": customer.pk, "Customer__c": customer.name, "Country__c": customer.country}


def write_back(result: LoadResult, began: Any) -> None:
    """Every customer's Id or error, by primary key; ``began`` is before the rows were read."""
    rows = iter(result)
    while chunk := list(islice(rows, CHUNK)):
        pushed = [_customer(row, began) for row in chunk if row.status == "success"]
        failed = [_customer(row, None) for row in chunk if row.status != "success"]
        Customer.objects.bulk_update(pushed, ["salesforce_id", "salesforce_error", "pushed_at"])
        Customer.objects.bulk_update(failed, ["salesforce_error"])


def _customer(row: RowResult, pushed_at: Any) -> Customer:
    error = "" if row.error is None else f"{row.error.code}: {row.error.message}"
    return Customer(
        pk=int(row.record["Key__c"]),
        salesforce_id=row.id or "",
        salesforce_error=error,
        pushed_at=pushed_at,
    )
