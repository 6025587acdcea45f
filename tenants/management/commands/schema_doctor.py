"""Compare every company's schema and the shared one with the migrations. `--repair` adds what is missing and safe to add.

Ends with 1 when something differs (after a repair: when something still does).
"""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.lib.errors import AppError
from tenants.services import migrating, schema_doctor


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="add what is missing, each in a transaction")
        parser.add_argument("--company", metavar="SLUG", help="only this company")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["company"]
        try:
            with migrating.alone():
                drift, behind = schema_doctor.examine(slug=slug)
                if options["repair"] and drift:
                    for done in schema_doctor.repair(drift):
                        what = f"repaired: {done.statement}" if done.statement else f"not repaired: {done.refusal}"
                        self.stdout.write(f"{_place(done.drift)}: {done.drift}\n  {what}")
                    drift, behind = schema_doctor.examine(slug=slug)
        except AppError as error:
            raise CommandError(str(error.message)) from error
        for each in behind:
            self.stdout.write(f"{each.company}: behind the present migrations: run migrate_all")
        for difference in drift:
            self.stdout.write(f"{_place(difference)}: {difference}")
        places = len({difference.schema for difference in drift})
        self.stdout.write(
            f"{len(drift)} differences in {places} schemas, {len(behind)} companies behind"
            if drift or behind
            else "Every schema is as the migrations say"
        )
        if drift or behind:
            sys.exit(1)


def _place(drift: schema_doctor.Drift) -> str:
    return drift.company or "shared schema"
