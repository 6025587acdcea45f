"""Wrap every company's data key with the first key of VAULT_KEYS. Repeat it as often as you like."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.lib.errors import AppError
from tenants.domain.actor import Actor
from tenants.services import vault_rotation


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = vault_rotation.rotate(by=Actor("platform", "", "rotate_vault_keys"))
        except AppError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(
            f"Data keys under {done.current!r}: {done.rewrapped} wrapped anew, {done.already} already were"
        )
        if done.unreadable:
            raise CommandError(
                f"{len(done.unreadable)} do not open with any key of VAULT_KEYS (company/version):"
                f" {', '.join(done.unreadable)}. Keep the old keys."
            )
