"""Emergency links: `pending_links [--company SLUG] [--ceo EMAIL] [--reset EMAIL]`.

Prints a fresh link for everybody who waits: the open invitations, and the people whom nobody has approved yet. Needs no
e-mail and no CEO. `--ceo` (with `--company`) makes a CEO of an address, for a company that has lost its own; `--reset`
lets one person choose a new password. Earlier links of the same people stop working. The log and the trail say that
links were made, never the links.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.lib.errors import AppError
from tenants.services import emergency


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", metavar="SLUG", help="only this company")
        parser.add_argument("--ceo", metavar="EMAIL", help="a link that makes this address a CEO of --company")
        parser.add_argument("--reset", metavar="EMAIL", help="a link with which this person chooses a new password")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = self._made(options)
        except AppError as error:
            raise CommandError(str(error.message)) from error
        for link in made:
            self.stdout.write(f"{link.company}\t{link.kind}\t{link.email}\t{link.role}\t{link.url}")
        if not made:
            self.stdout.write("Nobody waits.")

    def _made(self, options: dict[str, Any]) -> list[emergency.Made]:
        if options["reset"]:
            return [emergency.reset(email=options["reset"])]
        if options["ceo"]:
            if not options["company"]:
                raise CommandError("--ceo needs --company")
            return [emergency.new_ceo(slug=options["company"], email=options["ceo"])]
        return emergency.pending(slug=options["company"] or "")
