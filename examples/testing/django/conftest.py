"""Django as pytest needs it; with pytest-django, one line of its configuration does the same."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()
