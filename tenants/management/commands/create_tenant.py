"""Create a company: `create_tenant <slug> <name> [--trade sales|services|clinic|store]`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.lib.errors import AppError
from tenants.models import Trade
from tenants.services.provisioning import create_tenant


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("name")
        parser.add_argument("--trade", choices=Trade.values, default=Trade.SALES)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = create_tenant(slug=options["slug"], name=options["name"], trade=options["trade"])
        except AppError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"Company {tenant.pk} {tenant.slug} created")
