"""Effects that wait for the commit. The only place that queues tasks."""

import logging
from collections.abc import Callable

from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def after(effect: Callable[[], object]) -> None:
    """Run `effect` once the present transaction has committed; at once outside of one."""
    transaction.on_commit(effect, robust=True)


def queue(task: str, *, queue: str = "default", countdown: float | None = None, **arguments: object) -> None:
    """Queue `task` (dotted name) for the present tenant after the commit. `countdown` in seconds, short ones only."""
    tenant_id = getattr(connection, "tenant_id", None)
    after(lambda: send(task, queue=queue, countdown=countdown, tenant_id=tenant_id, **arguments))


def send(
    task: str, *, tenant_id: int | None, queue: str = "default", countdown: float | None = None, **arguments: object
) -> bool:
    """Queue now. A message is a wake-up: when the broker is away, the rows stay due and the sweep finds them."""
    try:
        current_app.send_task(
            task, kwargs=arguments, queue=queue, countdown=countdown, headers={"tenant_id": tenant_id}, retry=False
        )
    except (OperationalError, ConnectionError, TimeoutError) as error:
        logger.warning("queue %s unavailable, left to the sweep: %s", task, error)
        return False
    return True
