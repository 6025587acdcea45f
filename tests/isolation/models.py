"""Which tables belong to a company's schema and which are shared."""

from django.apps import apps
from django.conf import settings
from django.db import models


def tenant_models() -> list[type[models.Model]]:
    """Every concrete model of the apps that live in a company's schema, many-to-many tables included."""
    names = set(settings.TENANT_APPS)
    return [
        model
        for config in apps.get_app_configs()
        if config.name in names
        for model in config.get_models(include_auto_created=True)
        if not model._meta.proxy
    ]


def shared_models() -> list[type[models.Model]]:
    """Every concrete model of the shared schema."""
    inside = set(tenant_models())
    return [
        model for model in apps.get_models(include_auto_created=True) if model not in inside and not model._meta.proxy
    ]
