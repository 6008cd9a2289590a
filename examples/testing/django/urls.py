"""A Django view that exports accounts from Salesforce."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

from salesforce_bulk import SalesforceBulk


def accounts(_request: HttpRequest) -> JsonResponse:
    """The names of all accounts."""
    bulk = SalesforceBulk(**settings.SALESFORCE)
    export = bulk.export("SELECT Name FROM Account ORDER BY Name")
    return JsonResponse({"accounts": [row["Name"] for row in export]})


urlpatterns = [path("accounts", accounts)]
