"""The worker's app. Rows are the truth and messages only wake-ups, so the beat's sweeps find whatever got lost."""

import os

from celery import Celery
from django.apps import apps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")


def _task_apps() -> list[str]:
    """A worker of one queue needs that queue's tasks only (TASK_APPS): the libraries behind the others' take 45 MB."""
    return os.environ.get("TASK_APPS", "").split() or [each.name for each in apps.get_app_configs()]


app.autodiscover_tasks(_task_apps)
