"""A Flask view that streams an export as CSV: it begins before the last row is read."""

from flask import Flask, Response

from salesforce_bulk import SalesforceBulk


def create_app(bulk: SalesforceBulk) -> Flask:
    """The application; *bulk* is one client for all its threads.

    Behind a server, ``create_app(SalesforceBulk.connect("prod"))``.
    """
    app = Flask(__name__)

    @app.get("/accounts.csv")
    def accounts() -> Response:
        export = bulk.export("SELECT Id, Name FROM Account", max_records=1_000).wait()
        # Errors up to here are an error of the view; one below ends the answer in its midst.
        headers = {"Content-Disposition": "attachment; filename=accounts.csv"}
        return Response(export.iter_csv(), mimetype="text/csv", headers=headers)

    return app
