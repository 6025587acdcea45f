"""Drop and make anew one company's schema and its first rows: `reset_tenant <slug> [--demo]`. Development only.

People, keys and the audit trail stay. `--demo` also puts the example rows back.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError

from config.lib.errors import AppError
from tenants.services.provisioning import reset_tenant

DEMO = "seed_demo"


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--demo", action="store_true", help="with the example rows")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo"] and DEMO not in get_commands():
            raise CommandError("There are no example rows in this installation.")
        try:
            tenant = reset_tenant(slug=options["slug"])
        except AppError as error:
            raise CommandError(str(error.message)) from error
        if options["demo"]:
            call_command(DEMO, stdout=self.stdout)
        self.stdout.write(f"Company {tenant.pk} {tenant.slug} is as new")
