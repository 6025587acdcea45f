from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AgentsConfig(AppConfig):
    name = "agents"
    verbose_name = _("Agentes")

    def ready(self) -> None:
        import_module("agents.receivers")
