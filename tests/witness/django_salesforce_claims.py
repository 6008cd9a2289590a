"""django-salesforce, unmodified, against a running emulator: create, read, update, bulk and delete
through Django's models.

Started by run.py with an interpreter that has django-salesforce, in a folder whose
``emulator_settings.py`` are the settings.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))
os.environ["DJANGO_SETTINGS_MODULE"] = "emulator_settings"

import django

django.setup()

from salesforce import models  # noqa: E402


class Account(models.SalesforceModel):
    Name = models.CharField(max_length=255)
    Site = models.CharField(max_length=80, null=True, blank=True)

    class Meta:
        app_label = "witness"
        db_table = "Account"
        managed = False


class Contact(models.SalesforceModel):
    LastName = models.CharField(max_length=80)
    Account = models.ForeignKey(Account, models.DO_NOTHING, db_column="AccountId", null=True)

    class Meta:
        app_label = "witness"
        db_table = "Contact"
        managed = False


def main():
    acme = Account.objects.create(Name="Acme")
    assert Account.objects.get(pk=acme.pk).Name == "Acme"
    acme.Site = "x"
    acme.save()
    assert Account.objects.filter(Site="x").count() == 1
    Contact.objects.bulk_create([Contact(LastName=f"C{n}", Account=acme) for n in range(3)])
    found = Contact.objects.filter(Account__Name="Acme").order_by("-LastName")
    assert [contact.LastName for contact in found] == ["C2", "C1", "C0"]
    assert found[0].Account.Name == "Acme"
    Contact.objects.filter(LastName__in=["C0", "C1"]).update(LastName="D")
    assert Contact.objects.filter(LastName="D").count() == 2
    Contact.objects.all().delete()
    acme.delete()
    assert (Account.objects.count(), Contact.objects.count()) == (0, 0)
    sys.stdout.write("ok      creates, reads, updates and deletes through Django's models\n")


main()
