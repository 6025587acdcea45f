"""Decide again who should have taken each turn, from what its run kept: `replay_triage <slug> [--days 30]`.

Prints every run that today's rule would decide otherwise, and ends with an error when there is one.
"""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from agents.models import AgentRun
from agents.services import triage
from tenants.context import tenant_context
from tenants.services import registry


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--days", type=int, default=30)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = registry.by_slug(options["slug"])
        if tenant is None:
            raise CommandError("There is no company of that name.")
        since = timezone.now() - timedelta(days=options["days"])
        count, other = 0, []
        with tenant_context(tenant):
            rows = AgentRun.objects.filter(created_at__gte=since, triage__v=triage.VERSION).only("pk", "triage")
            for run in rows.order_by("created_at").iterator(chunk_size=500):
                count += 1
                if triage.differs(run):
                    other.append(run.pk)
                    self.stdout.write(f"{run.pk}: {run.triage['decision']} -> {triage.replay(run)}")
        self.stdout.write(f"{count} decisions, {len(other)} would differ")
        if other:
            raise CommandError("Some decisions would differ.")
