"""The worker's sign of life, read by /readyz."""

import time

from celery import shared_task

from config.lib.redis import client

HEARTBEAT_KEY = "worker:heartbeat"


@shared_task
def heartbeat() -> None:
    client().set(HEARTBEAT_KEY, int(time.time()), ex=120)
