"""The company's ceiling for what AI may cost in a day: watch, warn, then people.

It is looked at before a turn begins, and a turn is booked when it ends. So what was spent may pass the ceiling by no more
than the turns that were under way when it was reached, one of each chat, each within its own budget of tokens; nothing is
reserved. The same for a voice note. Trials and tests count too, and stop at the warning. A provider's fees are not in it: they fall due whoever answers.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Sum
from django.utils import timezone, translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from agents.models import LedgerEntry
from config.lib.errors import AppError
from crm.models import Notification
from crm.services import notifications
from tenants.domain import roles
from tenants.models import Membership, Tenant
from tenants.services import tenant_settings

COUNTS = (LedgerEntry.Kind.MODEL, LedgerEntry.Kind.TRANSCRIPTION)
WATCH, WARN, OVER = "watch", "warn", "over"
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class State:
    """Where the day stands. `ceiling` None: there is none. `level`: watch, warn or over."""

    spent: Decimal
    ceiling: Decimal | None
    warn_percent: int

    @property
    def percent(self) -> int:
        """Whole, rounded down; 100 of a ceiling of nothing."""
        if not self.ceiling:
            return 0 if self.ceiling is None else 100
        return int(self.spent * HUNDRED / self.ceiling)

    @property
    def shown_percent(self) -> int:
        """For a bar, which has an end."""
        return min(self.percent, 100)

    @property
    def level(self) -> str:
        if self.ceiling is None:
            return WATCH
        if self.spent >= self.ceiling:
            return OVER
        return WARN if self.spent * HUNDRED >= self.ceiling * self.warn_percent else WATCH


def day_begins(tenant: Tenant, now: datetime | None = None) -> datetime:
    """Midnight in the company's zone."""
    local = (now or timezone.now()).astimezone(ZoneInfo(tenant.timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def spent_today(tenant: Tenant, *, now: datetime | None = None) -> Decimal:
    """US dollars since midnight in the company's zone, voice notes included; unknown prices count at the ceiling rate."""
    rows = LedgerEntry.objects.filter(kind__in=COUNTS, created_at__gte=day_begins(tenant, now))
    return rows.aggregate(total=Sum("counted_usd"))["total"] or Decimal(0)


def state(tenant: Tenant, *, now: datetime | None = None) -> State:
    """Costs one statement."""
    own = tenant_settings.of(tenant)
    return State(spent_today(tenant, now=now), own.ai_daily_spend_usd, own.ai_warn_percent)


def spending_is_over(tenant: Tenant, *, now: datetime | None = None) -> bool:
    """Whether what AI cost today has reached the company's ceiling."""
    ceiling = tenant_settings.of(tenant).ai_daily_spend_usd
    return ceiling is not None and spent_today(tenant, now=now) >= ceiling


def refuse_if_over(tenant: Tenant, *, trial: bool = True) -> None:
    """Trials and tests stop where the warning is: what is left of the day is for customers. Help for who serves them goes on.

    Raises AppError `over_budget` with the next step. Costs one statement.
    """
    now = state(tenant)
    if now.level == WATCH or (now.level == WARN and not trial):
        return
    if now.level == OVER:
        words = _("Se alcanzó el tope de gasto de IA de hoy. Se puede subir en Costos de la IA, o seguir mañana.")
    else:
        words = _(
            "Se gastó el %(percent)s %% del tope de IA de hoy: lo que queda es para los clientes, y las pruebas siguen"
            " mañana. El tope se puede subir en Costos de la IA."
        ) % {"percent": now.percent}
    raise AppError(words, code="over_budget", status=409)


def watch(tenant: Tenant) -> None:
    """After something was booked: tell whoever directs the agents when the day passes the warning or the ceiling.

    Each is told once a day; the ceiling once more after it was raised and reached again.
    """
    if tenant_settings.of(tenant).ai_daily_spend_usd is None:
        return
    now = state(tenant)
    if now.level == WATCH:
        return
    day = day_begins(tenant).date()
    key = f"spending:{now.level}:{day}" + (f":{now.ceiling}" if now.level == OVER else "")
    if Notification.objects.filter(key=key).exists():
        return
    for user, locale in _directing(tenant):
        with translation.override(locale):
            title = _words(now)
        notifications.notify(
            user_id=user,
            kind=Notification.Kind.REMINDER,
            key=key,
            href="/agentes/costos/",
            facts={"title": title},
            urgent=now.level == OVER,
        )


def _words(now: State) -> str:
    most = number_format((now.ceiling or Decimal(0)).normalize(), use_l10n=True)
    if now.level == OVER:
        return _("la IA llegó al tope de hoy (US$ %(most)s): los chats pasan a personas") % {"most": most}
    return _("la IA gastó el %(percent)s %% del tope de hoy (US$ %(most)s)") % {"percent": now.percent, "most": most}


def _directing(tenant: Tenant) -> list[tuple[UUID, str]]:
    """Whoever may change agents, with their language."""
    may = [role for role in roles.TABLE if "agents.write" in roles.permissions(role)]
    rows = Membership.objects.active().filter(tenant_id=tenant.pk, role__in=may).select_related("user")
    rows = rows.order_by("user_id")  # two turns that pass the line together must not wait for each other crosswise
    return [(row.user_id, row.user.locale or tenant.locale) for row in rows]
