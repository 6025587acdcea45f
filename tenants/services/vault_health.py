"""Whether stored credentials work, and until when: asked of their providers in a task, never while anybody waits."""

import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

import redis
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.timezone import now
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Invalid
from config.lib.redis import client
from tenants.context import current_tenant, tenant_context
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.locks import hold
from tenants.models import Credential, Health, Membership, SystemEvent, Tenant
from tenants.providers_check import base
from tenants.providers_check.registry import group_of
from tenants.services import limits, mail, registry, vault
from tenants.services.audit import record

logger = logging.getLogger(__name__)

TASK, QUEUE = "tenants.tasks.check_credential", "sync"
ASKED_SECONDS = 90  # how long a page says "testing" when no answer comes
STALE = timedelta(hours=20)  # asked again once a day
TURNS = 24  # of a quarter of an hour: each company has its turn every six hours, not all at one moment
WARN_DAYS = (14, 7, 1)
WARNED = "credential.expiring"
BY = Actor.system("vault")
HEALTH = {base.WORKS: Health.OK, base.REFUSED: Health.FAILING}  # away: nobody knows more than before


# --- asking for a test ---------------------------------------------------------------------------------------
def ask_for_test(*, category: str, name: str, by: Actor) -> Credential:
    """Queue the provider's cheapest question; the answer appears on the row. Raises NotFound, Invalid, RateLimited."""
    row = vault.find(category, name)
    if not testable(row):
        raise Invalid(_("Esta no se puede probar por sí sola."), code="not_testable")
    limits.check("provider-test", row.tenant_id)
    note_asked(row)
    record(action="credential.tested", resource=row, by=by, diff={"name": str(row)})
    commit.queue(TASK, queue=QUEUE, credential_id=str(row.pk))
    return row


def testable(row: Credential) -> bool:
    group = group_of(row.category, row.name.partition("@")[0])
    return group is not None and group.ask is not None


def note_asked(row: Credential) -> None:
    """So that pages say that an answer is on its way; without Redis they simply do not."""
    try:
        client().set(_asked_key(row), 1, ex=ASKED_SECONDS)
    except redis.RedisError:
        logger.info("no Redis: a test of %s is not shown as running", row.pk)


def being_tested(rows: list[Credential]) -> set[str]:
    """Keys (`set_key`) of the sets among these rows that wait for an answer."""
    keys = {_asked_key(row): set_key(row) for row in rows}
    if not keys:
        return set()
    try:
        found = client().mget(list(keys))
    except redis.RedisError:
        return set()
    return {each for each, asked in zip(keys.values(), found, strict=True) if asked}


def set_key(row: Credential) -> str:
    """The same for all rows that are tested together: `openai/API_KEY@…` for a channel's own set."""
    base_name, _at, channel = row.name.partition("@")
    group = group_of(row.category, base_name)
    first = group.names[0] if group else base_name
    return f"{row.category}/{first}@{channel}" if channel else f"{row.category}/{first}"


def _asked_key(row: Credential) -> str:
    return f"vault:asked:{row.tenant_id}:{set_key(row)}"


# --- the test itself -----------------------------------------------------------------------------------------
def check(*, tenant: Tenant, credential_id: str) -> None:
    """Ask the provider about the set a credential belongs to, outside of any transaction, and write down the answer.

    What was replaced while the provider thought about it keeps its own state.
    """
    with tenant_context(tenant), translation.override(tenant.locale):
        row = Credential.objects.filter(tenant_id=tenant.pk, pk=credential_id).first()
        if row is None or not testable(row):
            return
        base_name, _at, channel = row.name.partition("@")
        group = group_of(row.category, base_name)
        assert group is not None
        rows = vault.own_rows(row.category, group.names, channel)
        # A channel's set may lean on the company's general one, whose own state is for its own test.
        tested = [each for each in rows.values() if each.name.partition("@")[2] == channel]
        try:
            secrets: base.Secrets | AppError = _secrets(rows, group)
        except AppError as error:
            secrets = error
    with translation.override(tenant.locale):
        if isinstance(secrets, AppError):
            answer = base.Answer(base.REFUSED, str(secrets.message))
        else:
            answer = base.run(group, secrets)
    with tenant_context(tenant):
        _write(tested, answer)
    try:
        client().delete(_asked_key(row))
    except redis.RedisError:
        logger.info("no Redis: a finished test of %s stays shown as running for a while", row.pk)


def _secrets(rows: dict[str, Credential], group: base.Group) -> base.Secrets:
    """Raises VaultUnreadable."""
    secrets = base.Secrets({name: vault.open_row(row) for name, row in rows.items()})
    for each in group.also:
        category, _slash, name = each.partition("/")
        try:
            secrets[each] = vault.get_tenant_credential(current_tenant().pk, category, name)
        except vault.MissingCredential:
            continue
    return secrets


def _write(tested: list[Credential], answer: base.Answer) -> None:
    same = Q()
    for row in tested:
        same |= Q(pk=row.pk, version=row.version)
    fields: dict[str, object] = {"health_detail": answer.detail[:300], "checked_at": now()}
    if answer.state in HEALTH:
        fields["health"] = HEALTH[answer.state]
    if answer.expires_at is not None:
        fields["expires_at"] = answer.expires_at
    Credential.objects.filter(same, tenant_id=current_tenant().pk).update(**fields)


# --- every day -----------------------------------------------------------------------------------------------
def look_after(turn: int) -> int:
    """Every quarter of an hour with the number of the quarter: companies whose turn it is; how many tests were queued."""
    queued = 0
    for tenant in registry.active():
        if tenant.pk % TURNS != turn % TURNS:
            continue
        try:
            with tenant_context(tenant):
                queued += _queue_stale()
                warn()
        except (AppError, DatabaseError):  # one company must not stop the others
            logger.exception("credentials of company %s", tenant.pk)
    return queued


def _queue_stale() -> int:
    before = now() - STALE
    rows = Credential.objects.filter(tenant_id=current_tenant().pk).filter(
        Q(checked_at=None) | Q(checked_at__lt=before)
    )
    one_of_each = {set_key(row): row for row in rows.defer("sealed").order_by("name") if testable(row)}
    for row in one_of_each.values():
        commit.queue(TASK, queue=QUEUE, credential_id=str(row.pk))
    return len(one_of_each)


def warn() -> int:
    """Write to whoever runs the entered company about credentials that end soon: once for each threshold; how many."""
    tenant, today = current_tenant(), now()
    last_day = today + timedelta(days=max(WARN_DAYS))
    ending = list(
        Credential.objects.filter(tenant_id=tenant.pk, expires_at__gt=today, expires_at__lte=last_day).defer("sealed")
    )
    if not ending:
        return 0
    hold("credential warnings")
    return sum(_warn_of(row, tenant) for row in ending)


def threshold(row: Credential) -> int | None:
    """The smallest of WARN_DAYS that the end is within; None while it is far, unknown or past."""
    if row.expires_at is None:
        return None
    left = row.expires_at - now()
    within = [days for days in WARN_DAYS if timedelta(0) < left <= timedelta(days=days)]
    return min(within, default=None)


def ends_soon(row: Credential) -> bool:
    """Whether pages warn of it: its end is near or past."""
    return row.expires_at is not None and row.expires_at <= now() + timedelta(days=max(WARN_DAYS))


def _warn_of(row: Credential, tenant: Tenant) -> bool:
    days = threshold(row)
    if days is None or row.expires_at is None:
        return False
    until = row.expires_at.isoformat()
    told = SystemEvent.objects.filter(
        tenant_id=tenant.pk,
        resource_type="credential",
        resource_id=str(row.pk),
        action=WARNED,
        diff__expires_at=until,
        diff__days__lte=days,
    )
    if told.exists():
        return False
    owners = Membership.objects.active().select_related("user").filter(tenant_id=tenant.pk, role=roles.CEO)
    for owner in owners:
        locale = owner.user.locale or tenant.locale
        with translation.override(locale):
            when = date_format(timezone.localtime(row.expires_at, ZoneInfo(tenant.timezone)), "SHORT_DATE_FORMAT")
        mail.send(
            kind="credential_expiring",
            to=owner.user.email,
            tenant=tenant,
            user=owner.user,
            locale=locale,
            name=str(row),
            when=when,
        )
    record(action=WARNED, resource=row, by=BY, diff={"name": str(row), "days": days, "expires_at": until})
    return True
