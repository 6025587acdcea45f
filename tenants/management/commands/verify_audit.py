"""Check that nobody changed, removed, moved or added to the audit trail by hand. Says what is wrong where; exit status 1."""

import time
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.lib.errors import AppError
from tenants.context import auth_scope, platform_scope
from tenants.models import Tenant
from tenants.services import anchor, verifying


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--company", metavar="SLUG", help="Only this company's trail; else every one.")
        parser.add_argument(
            "--anchors",
            metavar="FILE",
            help="What was anchored, preferably the copy of another machine; else this one's own file, if there is one.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with auth_scope():
            names = dict(Tenant.objects.values_list("pk", "slug"))
        only = None
        if options["company"]:
            only = [pk for pk, slug in names.items() if slug == options["company"]]
            if not only:
                raise CommandError(f"There is no company {options['company']!r}.")
        anchors = self._anchors(options["anchors"])
        began = time.monotonic()
        with platform_scope("verify_audit"):
            verdict = verifying.verify(only=only, anchors=anchors)
        for problem in verdict.problems:
            place = f"event {problem.position} " if problem.position else ""
            self.stdout.write(f"{self._name(problem.chain, names)}: {place}{problem.what}")
        took = time.monotonic() - began
        said = f"{verdict.rows} events of {verdict.chains} chains read in {took:.1f} s, against {len(anchors)} anchors"
        if verdict.problems:
            raise CommandError(f"The audit trail does not hold. {said}.")
        self.stdout.write(f"The audit trail holds. {said}.")

    def _anchors(self, named: str | None) -> list[anchor.Anchored]:
        place = Path(named) if named else anchor.path()
        if not named and not place.exists():
            self.stdout.write("Without anchors a trail cut off at its end, or written anew as a whole, is not noticed.")
            return []
        try:
            with place.open(encoding="utf-8") as lines:
                return anchor.read(_complete(lines))
        except OSError as error:
            raise CommandError(f"{place} cannot be read: {error.strerror}") from error
        except AppError as error:
            raise CommandError(str(error.message)) from error

    @staticmethod
    def _name(chain: int, names: dict[int, str]) -> str:
        if chain == verifying.PLATFORM:
            return "the platform"
        return names.get(chain, f"company {chain}, which does not exist any more")


def _complete(lines: Iterable[str]) -> Iterable[str]:
    """Without a last line that is being written or was cut off by a crash."""
    return (line for line in lines if line.endswith("\n"))
