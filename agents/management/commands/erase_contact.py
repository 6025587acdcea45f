"""Erase one person of a company everywhere: `erase_contact <slug> <contact id> [--yes]`. Cut off, it goes on where it was."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents.models import PrivacyRequest
from agents.privacy import requests
from config.lib.errors import AppError
from config.lib.ids import key_of
from crm.models import Contact
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import registry

PATIENCE_SECONDS = 600


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("contact")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = registry.by_slug(options["slug"])
        if tenant is None:
            raise CommandError("There is no company of that name.")
        row = self._asked(tenant, options["contact"], sure=options["yes"])
        until = time.monotonic() + PATIENCE_SECONDS
        while not requests.work(tenant=tenant, request_id=row.pk):
            with tenant_context(tenant):
                row.refresh_from_db()
            if time.monotonic() > until:
                raise CommandError(f"It still waits: {row.error}. The worker goes on with it.")
            self.stdout.write(f"waits: {row.error}")
            time.sleep(2)
        with tenant_context(tenant):
            row.refresh_from_db()
        self.stdout.write(f"Erased: {row.counts}")

    def _asked(self, tenant: Tenant, contact_id: str, *, sure: bool) -> PrivacyRequest:
        with tenant_context(tenant):
            row = PrivacyRequest.objects.filter(contact_id=key_of(contact_id), kind=PrivacyRequest.Kind.ERASE).first()
            if row is not None:
                return row
            contact = Contact.objects.filter(pk=key_of(contact_id)).first()
        if contact is None:
            raise CommandError("There is no such contact.")
        if not sure and input(f"Erase {contact} for ever? Type the name: ").strip() != str(contact):
            raise CommandError("Nothing was erased.")
        try:
            with tenant_context(tenant):
                return requests.ask_erasure(contact=contact, by=Actor.system("erase_contact"), confirm=str(contact))
        except AppError as error:
            raise CommandError(str(error.message)) from error
