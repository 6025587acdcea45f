"""Erasing a person: steps in order, each of which may be cut off anywhere and run again."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from agents.models import PrivacyRequest
from agents.privacy import copies, people
from agents.services import privacy as agents
from crm.services import privacy as crm
from messaging.services import privacy as messaging
from messaging.services import privacy_raw as raw
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.domain.privacy import Busy, Subject
from tenants.models import Tenant
from tenants.services import audit, redaction

logger = logging.getLogger(__name__)
SOON, LATER = timedelta(seconds=3), timedelta(seconds=30)
Step = Callable[[Tenant, UUID], None]


@contextmanager
def working(tenant: Tenant, pk: UUID) -> Iterator[tuple[PrivacyRequest, Subject]]:
    """One transaction with the request locked; what was found is saved with it."""
    with tenant_context(tenant):
        row = PrivacyRequest.objects.select_for_update(no_key=True).get(pk=pk)
        subject = Subject.of_json(row.subject or {"contact_id": str(row.contact_id)})
        yield row, subject
        row.subject = subject.as_json()
        row.save()


def fence(tenant: Tenant, pk: UUID) -> None:
    """From here on no agent writes to or about the person; what is under way is waited for by the next step."""
    with working(tenant, pk) as (row, subject):
        people.find(row.contact_id, subject)
        row.counts = people.counts(subject) | row.counts
        messaging.fence(subject)


def settle(tenant: Tenant, pk: UUID) -> None:
    with working(tenant, pk) as (_row, subject):
        agents.settled(subject)
        messaging.settled(subject)


def words(tenant: Tenant, pk: UUID) -> None:
    """Messages and files, some hundreds in a transaction."""
    while True:
        with working(tenant, pk) as (row, subject):
            gone = messaging.forget_words(tenant, subject)
            _note(tenant, row, gone)
        if not gone:
            return


def person(tenant: Tenant, pk: UUID) -> None:
    """Chats, identities, leads and the contact in one transaction. Whoever writes next is somebody new."""
    with working(tenant, pk) as (row, subject):
        messaging.hold(subject)
        if not crm.hold(subject):
            row.removed_at = row.removed_at or timezone.now()
            return
        people.find(row.contact_id, subject)  # what came in since
        _note(tenant, row, messaging.forget(tenant, subject))
        row.counts["won"] = crm.kept(subject)
        crm.forget(subject)
        row.removed_at = timezone.now()


def traces(tenant: Tenant, pk: UUID) -> None:
    """What agents kept. Not before the chats are gone: until then a turn could have begun."""
    with working(tenant, pk) as (row, subject):
        _note(tenant, row, agents.run_ids(subject))
        agents.forget(subject)


def events(tenant: Tenant, pk: UUID) -> None:
    """Raw bodies of webhooks, some hundreds in a transaction. First the spool, from where more of them could come."""
    with working(tenant, pk) as (_row, subject):
        raw.forget_spool(tenant, subject)
        ids = raw.event_ids(tenant, subject)
    for start in range(0, len(ids), raw.PAGE):
        with working(tenant, pk) as (row, subject):
            some = ids[start : start + raw.PAGE]
            raw.forget_events(tenant, subject, some, before=row.removed_at or timezone.now())


def stray(tenant: Tenant, pk: UUID) -> None:
    """Everything else that lies beside the rows: notices, answers, copies, Redis, e-mails."""
    with working(tenant, pk) as (row, subject):
        raw.forget_notices(subject)
        redaction.forget_live(subject)
        for contact_id in {row.contact_id, UUID(subject.contact_id)}:
            copies.forget_of(tenant, contact_id)
        raw.forget_keys(tenant, subject)
    redaction.forget_emails(tenant, subject)


def trail(tenant: Tenant, pk: UUID) -> None:
    """The event that accounts for them is written before the positions are emptied, so that none is unaccounted for."""
    with working(tenant, pk) as (row, subject):
        if row.counts.get("trail") is None:
            row.redacted = sorted({*row.redacted, *redaction.all_positions(tenant, subject)})
            row.counts["trail"] = len(row.redacted)
            audit.record(
                action=redaction.ERASED,
                by=Actor(row.asked_by_kind, row.asked_by_id, row.asked_by),
                resource=subject.contact_id,
                diff={"redacted": row.redacted, "counts": row.counts},
            )
        given = list(row.redacted)
    redaction.redact(tenant, given)


def end(tenant: Tenant, pk: UUID) -> None:
    with working(tenant, pk) as (_row, subject):
        crm.tell(subject)
        messaging.tell(subject)
    with tenant_context(tenant):
        PrivacyRequest.objects.filter(pk=pk).update(
            state=PrivacyRequest.State.DONE, subject={}, error="", due_at=None, completed_at=timezone.now()
        )


STEPS: tuple[tuple[str, Step], ...] = (
    ("fence", fence),
    ("settle", settle),
    ("words", words),
    ("person", person),
    ("traces", traces),
    ("events", events),
    ("stray", stray),
    ("trail", trail),
    ("end", end),
)


def _note(tenant: Tenant, row: PrivacyRequest, ids: list[str]) -> None:
    """Remember where the trail speaks of rows whose ids will be gone."""
    if ids:
        row.redacted = sorted({*row.redacted, *redaction.positions(tenant, ids)})


def advance(*, tenant: Tenant, request_id: UUID) -> bool:
    """Do the steps that are left; True when the person is erased. Call outside of any transaction.

    What is being written at this moment is waited for: the request is due again in some seconds.
    """
    names = [name for name, _step in STEPS]
    with tenant_context(tenant):
        row = PrivacyRequest.objects.filter(pk=request_id, kind=PrivacyRequest.Kind.ERASE).first()
        if row is None or not row.is_open:
            return row is not None
        PrivacyRequest.objects.filter(pk=request_id).update(
            state=PrivacyRequest.State.RUNNING, due_at=timezone.now() + LATER, attempts=row.attempts + 1
        )
    done = names.index(row.step) + 1 if row.step in names else 0
    for name, step in STEPS[done:]:
        try:
            step(tenant, request_id)
        except Busy as reason:
            _put_off(tenant, request_id, str(reason), SOON)
            return False
        except (DatabaseError, OSError) as error:
            logger.warning("erasing a person of company %s, step %s: %s", tenant.pk, name, type(error).__name__)
            _put_off(tenant, request_id, type(error).__name__, LATER)
            return False
        with tenant_context(tenant):
            PrivacyRequest.objects.filter(pk=request_id).update(step=name, error="")
    return True


def _put_off(tenant: Tenant, pk: UUID, reason: str, wait: timedelta) -> None:
    with tenant_context(tenant):
        PrivacyRequest.objects.filter(pk=pk).update(error=reason[:200], due_at=timezone.now() + wait)
