"""Goals: one for each seller (or the company), month and measure; setting one again changes it."""

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.models import Goal, Seller
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.services.audit import record

MOST = Decimal(10) ** 12


def set_goal(
    *, month: date, measure: str, target: Decimal, by: Actor, seller: Seller | None = None, currency: str = ""
) -> Goal:
    """`month` is any day of it. A goal of value is in the company's currency unless another is named. Raises Invalid."""
    if measure not in Goal.Measure.values:
        raise Invalid(_("Esa medida no existe."), fields={"measure": _("Valor desconocido.")})
    if not 0 < target < MOST:
        raise Invalid(_("La meta va de más de 0."), fields={"target": _("Escribir un número mayor que 0.")})
    if measure == Goal.Measure.WON_COUNT and target != int(target):
        raise Invalid(_("Las ventas se cuentan enteras."), fields={"target": _("Escribir un número entero.")})
    money = (currency or current_tenant().currency) if measure == Goal.Measure.WON_VALUE else ""
    goal, _made = Goal.objects.update_or_create(
        seller=seller, month=month.replace(day=1), measure=measure, currency=money, defaults={"target": target}
    )
    record(action="goal.set", resource=goal, by=by, diff={"month": f"{goal.month:%Y-%m}", "measure": measure})
    return goal


def remove_goal(*, goal: Goal, by: Actor) -> None:
    record(action="goal.removed", resource=goal, by=by, diff={"month": f"{goal.month:%Y-%m}", "measure": goal.measure})
    goal.delete()
