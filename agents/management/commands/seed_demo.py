"""Example companies, people, knowledge and chats, for development only. Running it again changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agents.demo.seed import seed, web_channel


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Example data exists only with development settings.")
        tenants = seed()
        channel = web_channel(tenants[0])
        self.stdout.write(f"Web chat of {tenants[0].name}: {settings.PUBLIC_URL}/demo/chat/{channel.pk}/")
