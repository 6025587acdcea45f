"""Work of the platform itself: its sign of life, read by /readyz, and the companies that were asked for."""

import time
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from config.lib import heartbeat as beats
from tenants.context import auth_scope
from tenants.models import Tenant
from tenants.services import anchor, company_requests, mail, sign_ins, vault_health, waiting
from tenants.task_base import tenant_task

HEARTBEAT_KEY = beats.WORKER
CREDENTIALS_EVERY_SECONDS = 900


@shared_task
def heartbeat() -> None:
    beats.beat(HEARTBEAT_KEY)


@shared_task
def make_company(request_id: str) -> None:
    company_requests.make(UUID(request_id))


@shared_task
def make_due_companies() -> None:
    """Finds requests whose wake-up was lost or whose worker died."""
    for request_id in company_requests.due():
        company_requests.make(request_id)


@shared_task
def forget_sign_ins() -> None:
    """Every hour: tokens and sessions past their time."""
    with auth_scope():
        sign_ins.forget_old(timezone.now())


@shared_task
def anchor_audit() -> None:
    anchor.run()


@shared_task
def send_email(email_id: str) -> None:
    mail.deliver(UUID(email_id))


@shared_task
def sweep_mail() -> None:
    """Every half minute: e-mails that lost their wake-up or their worker, and how many people wait for an approval."""
    mail.sweep()
    waiting.count_all()


@tenant_task()
def check_credential(*, tenant: Tenant, credential_id: str) -> None:
    vault_health.check(tenant=tenant, credential_id=credential_id)


@shared_task
def look_after_credentials() -> None:
    """Every quarter of an hour, for the companies whose turn it is: tests of a day ago, warnings of what ends."""
    vault_health.look_after(int(time.time() // CREDENTIALS_EVERY_SECONDS))
