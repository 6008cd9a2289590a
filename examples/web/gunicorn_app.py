"""The Flask view behind gunicorn: one client, made before the workers are forked.

gunicorn --preload --workers 4 --threads 8 gunicorn_app:app
"""

from flask_export import create_app

from salesforce_bulk import SalesforceBulk

app = create_app(SalesforceBulk.from_env())
