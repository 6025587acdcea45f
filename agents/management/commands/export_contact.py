"""Write everything that is kept of one person into a ZIP: `export_contact <slug> <contact id> --to FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from agents.privacy import export
from config.lib.ids import key_of
from crm.models import Contact
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.services import registry
from tenants.services.audit import record


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("contact")
        parser.add_argument("--to", required=True, type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = registry.by_slug(options["slug"])
        if tenant is None:
            raise CommandError("There is no company of that name.")
        with tenant_context(tenant):
            contact = Contact.objects.filter(pk=key_of(options["contact"])).first()
            if contact is None:
                raise CommandError("There is no such contact.")
            record(action="person.exported", resource=contact, by=Actor.system("export_contact"))
        try:
            with options["to"].open("xb") as file, translation.override(tenant.locale[:2]):
                counts = export.write(tenant=tenant, contact_id=contact.pk, file=file)
        except FileExistsError as error:
            raise CommandError("That file exists already.") from error
        self.stdout.write(f"Written: {counts}")
