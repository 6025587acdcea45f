"""A company's own settings."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid
from config.lib.ids import key_of
from tenants.context import auth_scope, current_tenant
from tenants.domain import spending, weekly_hours
from tenants.domain.actor import Actor
from tenants.domain.tenant_settings import LIMITS
from tenants.live import access_topics
from tenants.models import SecondFactor, Tenant
from tenants.services import registry
from tenants.services.audit import record

SPEND, SECOND_FACTOR, HOURS = "ai_daily_spend_usd", "require_second_factor", "business_hours"
MOST_SPEND = Decimal(1_000_000)


def fresh() -> Tenant:
    """The entered company as the table has it now; the copy on a request may be a second old."""
    return Tenant.objects.get(pk=current_tenant().pk)


def update_settings(*, by: Actor, changes: Mapping[str, Any]) -> Tenant:
    """Set the named numbers; None puts the platform's default back. Raises Invalid with a sentence for each wrong one."""
    row = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant().pk)
    own, wrong = dict(row.settings), {}
    for name, value in changes.items():
        if name not in (SPEND, SECOND_FACTOR, HOURS, *spending.NAMES) and name not in LIMITS:
            wrong[name] = _("Ese ajuste no existe.")
        elif value is None:
            own.pop(name, None)
        elif name == SECOND_FACTOR:
            if value and not _has_second_factor(by):
                wrong[name] = _("Primero hay que activar el propio segundo factor, en Seguridad.")
            own[name] = bool(value)
        elif name == HOURS:
            own[name] = weekly_hours.canonical(value)
            if weekly_hours.problem(own[name]):
                wrong[name] = _("Cada día lleva tramos como 09:00 a 13:00, sin pisarse.")
        elif name in spending.NAMES:
            own[name] = spending.stored(name, value)
            if own[name] is None:
                wrong[name] = _unusable(name)
        elif name == SPEND:
            if not Decimal(0) <= value <= MOST_SPEND:
                wrong[name] = _("Debe estar entre 0 y 1.000.000.")
            own[name] = str(value)
        else:
            low, high = LIMITS[name]
            if not low <= value <= high:
                wrong[name] = _("Debe estar entre %(low)s y %(high)s.") % {"low": low, "high": high}
            own[name] = value
    if wrong:
        raise Invalid(_("Hay ajustes para corregir."), fields=wrong)
    before, row.settings = row.settings, own
    changed = sorted(name for name in changes if before.get(name) != own.get(name))
    if changed:
        row.save(update_fields=["settings"])
        diff = {name: [before.get(name), own.get(name)] for name in changed}
        record(action="settings.updated", resource=row, by=by, diff=diff)
        commit.after(registry.changed)
        commit.after(
            partial(access_topics.changed, row.pk)
        )  # after the line above: sockets are asked by the new settings
    return row


def _unusable(name: str) -> str:
    return {
        spending.WARN_PERCENT: _("Debe ser un número entero entre 1 y 100."),
        spending.RATE: _("Debe ser mayor que 0, con hasta 6 decimales."),
        spending.HOURLY: _("Debe ser mayor que 0, con hasta 6 decimales."),
        spending.FEES: _("Cada categoría lleva un precio en dólares entre 0 y 100, con hasta 6 decimales."),
        spending.PRICES: _(
            "Cada modelo lleva precios en dólares entre 0 y 10.000 para la entrada y la salida, con hasta 6 decimales."
        ),
    }[name]


def _has_second_factor(by: Actor) -> bool:
    """Nobody asks of their people what they do not do; it would also lock them out at once."""
    with auth_scope():
        return SecondFactor.objects.filter(user_id=key_of(by.id), confirmed_at__isnull=False).exists()


FACTS = ("name", "trade", "timezone", "currency", "locale")


def update_facts(*, by: Actor, **fields: str) -> Tenant:
    """Change what every company has (`FACTS`). Raises Invalid (fields) for a value that does not exist."""
    row = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant().pk)
    diff = {}
    for name in FACTS:
        value = fields.get(name, getattr(row, name)).strip()
        if value != getattr(row, name):
            diff[name] = [getattr(row, name), value]
            setattr(row, name, value)
    if not diff:
        return row
    try:
        row.clean_fields(exclude=["schema_name", "slug", "settings", "status"])
    except ValidationError as error:
        wrong = {name: words[0] for name, words in error.message_dict.items()}
        raise Invalid(_("Hay datos para corregir."), fields=wrong) from error
    row.save(update_fields=list(diff))
    record(action="company.updated", resource=row, by=by, diff=diff)
    commit.after(registry.changed)
    return row
