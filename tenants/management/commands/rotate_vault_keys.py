"""Put everything sealed under the first key of VAULT_KEYS. Repeat it as often as you like, also after a kill."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.lib.errors import AppError
from tenants.domain.actor import Actor
from tenants.services import vault_rotation


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--new-data-keys",
            action="store_true",
            help="also give each company a new data key and seal its secrets anew with it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by = Actor("platform", "", "rotate_vault_keys")
        try:
            done = vault_rotation.rotate(by=by, new_data_keys=options["new_data_keys"])
        except AppError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(
            f"Data keys under {done.current!r}: {done.rewrapped} wrapped anew, {done.already} already were"
        )
        self.stdout.write(f"Sealed anew: {done.lent} credentials of the platform, {done.columns} in sealed columns")
        if done.new_keys or done.resealed:
            self.stdout.write(
                f"New data keys: {done.new_keys}; secrets and earlier values sealed anew: {done.resealed}"
            )
        if done.unreadable:
            raise CommandError(
                f"{len(done.unreadable)} do not open with any key of VAULT_KEYS (company/version, table/row):"
                f" {', '.join(done.unreadable)}. Keep the old keys."
            )
