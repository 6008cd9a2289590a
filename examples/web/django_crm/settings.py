"""Settings of a project with one app; CRM_DATABASE_URL names a PostgreSQL database."""

import os
from pathlib import Path
from urllib.parse import urlsplit

SECRET_KEY = os.environ.get("CRM_SECRET_KEY", "for tests")
INSTALLED_APPS = ["crm"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_url = urlsplit(os.environ.get("CRM_DATABASE_URL", ""))
if _url.scheme == "postgresql":
    _server = {"HOST": _url.hostname, "PORT": _url.port, "USER": _url.username}
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url.path.lstrip("/"),
            "PASSWORD": _url.password,
            **_server,
        }
    }
else:
    _file = os.environ.get("CRM_DATABASE", Path(__file__).parent / "crm.sqlite3")
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": _file}}
