"""Customers of ours, each of which is an account in Salesforce."""

from django.db import models
from django.utils import timezone


class Customer(models.Model):
    """A customer; changed here, pushed by ``manage.py push_customers``."""

    name = models.CharField(max_length=255, blank=True)
    country = models.CharField(max_length=80, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    pushed_at = models.DateTimeField(null=True)
    salesforce_id = models.CharField(max_length=18, blank=True)
    salesforce_error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
