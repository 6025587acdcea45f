"""A company's own settings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.domain.tenant_settings import LIMITS
from tenants.models import Tenant
from tenants.services import registry
from tenants.services.audit import record

SPEND = "ai_daily_spend_usd"
MOST_SPEND = Decimal(1_000_000)


def fresh() -> Tenant:
    """The entered company as the table has it now; the copy on a request may be a second old."""
    return Tenant.objects.get(pk=current_tenant().pk)


def update_settings(*, by: Actor, changes: Mapping[str, Any]) -> Tenant:
    """Set the named numbers; None puts the platform's default back. Raises Invalid with a sentence for each wrong one."""
    row = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant().pk)
    own, wrong = dict(row.settings), {}
    for name, value in changes.items():
        if name != SPEND and name not in LIMITS:
            wrong[name] = _("Ese ajuste no existe.")
        elif value is None:
            own.pop(name, None)
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
    return row
