"""A Flask app that puts the rows of an uploaded CSV file into Salesforce as leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, request

from salesforce_bulk import SalesforceBulk


def create_app(salesforce: Mapping[str, Any]) -> Flask:
    """The app; ``salesforce`` holds the arguments of `SalesforceBulk`."""
    app = Flask(__name__)

    @app.post("/leads")
    def load_leads() -> dict[str, Any]:
        bulk = SalesforceBulk(**salesforce)
        result = bulk.insert("Lead", request.files["leads"].stream, on_error="report")
        rejected = {row.number: row.error.message for row in result.failed if row.error}
        return {"loaded": len(result.succeeded), "rejected": rejected}

    return app
