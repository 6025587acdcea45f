"""The story of a lead for reading: steps and noted acts in one list, newest first, one statement."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.models import Lead, StageChange
from tenants.models import SystemEvent

MOST = 60
# What the audit trail calls it → what a person reads. Steps come from their own table.
ACTS = {
    "lead.qualified": gettext_lazy("Interés actualizado"),
    "lead.assigned": gettext_lazy("Vendedor cambiado"),
    "lead.updated": gettext_lazy("Datos cambiados"),
    "contact.updated": gettext_lazy("Datos del contacto cambiados"),
}


@dataclass(frozen=True)
class Entry:
    """One line of the story."""

    at: datetime
    text: str
    who: str
    by_ai: bool
    reason: str = ""


def of_lead(lead: Lead, tenant_id: int) -> list[Entry]:
    words = CharField()
    steps = StageChange.objects.filter(lead=lead).values_list(
        "at", "actor_kind", "actor_label", Value("step", words), F("source__name"), F("target__name"), "reason"
    )
    acts = SystemEvent.objects.filter(
        tenant_id=tenant_id,
        resource_type__in=["lead", "contact"],
        resource_id__in=[str(lead.pk), str(lead.contact_id)],
        action__in=ACTS,
        outcome="ok",
    ).values_list(
        "at", "actor_kind", "actor_label", Cast("action", words), Value("", words), Value("", words), Value("", words)
    )
    rows = steps.union(acts, all=True).order_by("-at")[:MOST]
    return [_entry(*row) for row in rows]


def _entry(at: datetime, kind: str, who: str, act: str, source: str | None, target: str, reason: str) -> Entry:
    if act != "step":
        text = str(ACTS[act])
    elif source:
        text = _("De %(source)s a %(target)s") % {"source": source, "target": target}
    else:
        text = _("Entró en %(target)s") % {"target": target}
    return Entry(at, text, who, by_ai=kind == "agent", reason=reason)
