"""How the company's agenda behaves: one row, with the defaults until somebody changes them."""

from typing import Any

from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid
from config.lib.texts import stored
from crm.domain import reminder_template
from crm.domain.colors import COLORS
from crm.models import AgendaSettings
from tenants.domain.actor import Actor
from tenants.services.audit import record

EDITABLE = frozenset(
    {
        *("holidays", "offer_minutes", "reminder_hours", "reminder_template", "reminder_language"),
        *("page_on", "page_title", "page_intro", "page_color", "page_consent"),
    }
)
MOST_REMINDERS, EARLIEST_REMINDER = 3, 14 * 24  # hours before
OFFER_MINUTES = (5, 24 * 60)
LONGEST = {
    "reminder_template": 512,
    "reminder_language": 12,
    "page_title": 120,
    "page_intro": 500,
    "page_consent": 500,
}


def current() -> AgendaSettings:
    """As they are now. Not saved when nobody has changed anything yet."""
    return AgendaSettings.objects.filter(pk=1).first() or AgendaSettings()


def update_settings(*, by: Actor, **fields: Any) -> AgendaSettings:
    """Change the named fields only. Raises Invalid with fields."""
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    AgendaSettings.objects.get_or_create(pk=1)
    row = AgendaSettings.objects.select_for_update(no_key=True).get(pk=1)
    for name, value in fields.items():
        setattr(row, name, stored(value).strip() if isinstance(value, str) else value)
    if "reminder_hours" in fields:
        row.reminder_hours = _hours(fields["reminder_hours"])
    wrong = _wrong(row)
    if wrong:
        raise Invalid(_("Revisar los ajustes de la agenda."), fields=wrong)
    row.save(update_fields=sorted(fields))
    if "reminder_hours" in fields:
        commit.queue("crm.tasks.plan_reminders")
    record(action="agenda.settings_updated", resource=row, by=by, diff={"fields": sorted(fields)})
    return row


def _hours(given: Any) -> Any:
    """Each once, the earliest reminder first; what is not a list of whole numbers stays, for `_wrong` to name."""
    whole = isinstance(given, list | tuple) and all(type(each) is int for each in given)
    return sorted(set(given), reverse=True) if whole else given


def _wrong(row: AgendaSettings) -> dict[str, str]:
    wrong = {}
    if row.holidays not in AgendaSettings.Holidays.values:
        wrong["holidays"] = _("Valor desconocido.")
    least, most = OFFER_MINUTES
    if not least <= row.offer_minutes <= most:
        wrong["offer_minutes"] = _("Entre %(least)d y %(most)d.") % {"least": least, "most": most}
    hours = row.reminder_hours
    if not isinstance(hours, list) or len(hours) > MOST_REMINDERS or not all(_is_reminder(each) for each in hours):
        wrong["reminder_hours"] = _("Hasta %(n)d recordatorios, de 1 a %(most)d horas antes.") % {
            "n": MOST_REMINDERS,
            "most": EARLIEST_REMINDER,
        }
    if row.reminder_template and reminder_template.read(row.reminder_template) is None:
        wrong["reminder_template"] = _("Se escribe así: recordatorio_cita {{nombre}} {{fecha}} {{hora}} [confirmar].")
    if row.page_color and row.page_color not in COLORS:
        wrong["page_color"] = _("Valor desconocido.")
    for name, longest in LONGEST.items():
        if len(getattr(row, name)) > longest:
            wrong[name] = _("Hasta %(n)d letras.") % {"n": longest}
    return wrong


def _is_reminder(value: object) -> bool:
    return type(value) is int and 1 <= value <= EARLIEST_REMINDER
