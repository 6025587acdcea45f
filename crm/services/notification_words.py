"""One sentence for each kind of notification, in the reader's language.

Facts by kind: assigned {"by"}; mention {"by"}; reminder {"title", "late": bool}; hot {"score"}; waiting {"minutes", "emergency": bool, "asked": bool};
cold {"days"}; approval {"by", "stage", "state": "" | "approved" | "refused"} or {"act"}; handover {"by", "count"}; form {"form"};
done {"title"}; agenda {"what": "booked" | "moved" | "cancelled" | "confirmed" | "move_wanted" | "unreached" | "outcome" |
"conflict", "when": ISO time, "by"}. All are optional: without them the sentence says less.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from crm.domain.spoken_dates import say
from crm.models import Notification
from tenants.context import current_tenant

Kind = Notification.Kind
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """How a kind is drawn and said; `say` gets the contact's name and the facts."""

    icon: str
    say: Callable[[str, Facts], str]


def sentence(row: Notification) -> str:
    """What happened, with the contact's name as it is today."""
    name = str(row.contact) if row.contact is not None else ""
    return TOLD[Kind(row.kind)].say(name or _("un contacto"), row.facts)


def icon(row: Notification) -> str:
    return TOLD[Kind(row.kind)].icon


def _assigned(name: str, facts: Facts) -> str:
    if facts.get("title"):
        return _("%(who)s le asignó la tarea «%(title)s».") % {"who": _who(facts), "title": facts["title"]}
    if facts.get("by"):
        return _("%(who)s le asignó a %(name)s.") % {"who": facts["by"], "name": name}
    return _("Le toca atender a %(name)s.") % {"name": name}


def _mention(name: str, facts: Facts) -> str:
    return _("%(who)s le nombró en una nota sobre %(name)s.") % {"who": _who(facts), "name": name}


def _reminder(name: str, facts: Facts) -> str:
    values = {"title": facts.get("title") or name}
    return (
        _("Recordatorio atrasado: %(title)s") % values if facts.get("late") else _("Recordatorio: %(title)s") % values
    )


def _hot(name: str, facts: Facts) -> str:
    if facts.get("score") is None:
        return _("%(name)s muestra mucho interés.") % {"name": name}
    return _("%(name)s muestra mucho interés: %(score)s de 100.") % {"name": name, "score": facts["score"]}


def _waiting(name: str, facts: Facts) -> str:
    minutes = facts.get("minutes")
    if facts.get("asked"):
        return _("La IA pregunta algo para responderle a %(name)s.") % {"name": name}
    if facts.get("emergency"):
        return _("Emergencia: %(name)s necesita una respuesta ya.") % {"name": name}
    if not minutes:
        return _("%(name)s espera una respuesta.") % {"name": name}
    if minutes < 120:
        return _("%(name)s espera una respuesta hace %(minutes)s min.") % {"name": name, "minutes": minutes}
    return _("%(name)s espera una respuesta hace %(hours)s h.") % {"name": name, "hours": minutes // 60}


def _cold(name: str, facts: Facts) -> str:
    days = facts.get("days")
    if not days:
        return _("%(name)s se enfría.") % {"name": name}
    said = ngettext(
        "%(name)s se enfría: %(days)s día sin novedad.", "%(name)s se enfría: %(days)s días sin novedad.", days
    )
    return said % {"name": name, "days": days}


def _approval(name: str, facts: Facts) -> str:
    if facts.get("act"):
        return _("La IA pide aprobar «%(act)s» para %(name)s.") % {"act": facts["act"], "name": name}
    values = {"who": _who(facts), "name": name, "stage": facts.get("stage") or "—"}
    if facts.get("state") == "approved":
        return _("%(who)s aprobó pasar a %(name)s a «%(stage)s».") % values
    if facts.get("state") == "refused":
        return _("%(who)s no aprobó pasar a %(name)s a «%(stage)s».") % values
    return _("%(who)s pide pasar a %(name)s a «%(stage)s».") % values


def _handover(name: str, facts: Facts) -> str:
    count = int(facts.get("count") or 0)
    if not count:
        return _("Recibió la cartera de %(who)s.") % {"who": _who(facts)}
    said = ngettext("Recibió %(count)s lead de %(who)s.", "Recibió %(count)s leads de %(who)s.", count)
    return said % {"count": count, "who": _who(facts)}


def _form(name: str, facts: Facts) -> str:
    return _("%(name)s llegó por «%(form)s».") % {"name": name, "form": facts.get("form") or _("un formulario")}


def _done(name: str, facts: Facts) -> str:
    return _("Terminó: %(title)s") % {"title": facts.get("title") or name}


def _agenda(name: str, facts: Facts) -> str:
    values = {"name": name, "when": _when(facts), "who": _who(facts)}
    said = {
        "booked": _("%(who)s agendó una cita con %(name)s: %(when)s."),
        "moved": _("%(who)s movió la cita con %(name)s: ahora es %(when)s."),
        "cancelled": _("%(who)s canceló la cita con %(name)s de %(when)s."),
        "confirmed": _("%(name)s confirmó la cita de %(when)s."),
        "move_wanted": _("%(name)s quiere mover la cita de %(when)s."),
        "unreached": _("No se pudo recordar a %(name)s la cita de %(when)s: avisarle por otro medio."),
        "outcome": _("¿Vino %(name)s a la cita de %(when)s? Anotarlo en Mi día."),
        "conflict": _("Google Calendar dice otra cosa de la cita con %(name)s de %(when)s."),
    }
    return (said.get(str(facts.get("what"))) or _("Hay una novedad en la cita con %(name)s de %(when)s.")) % values


def _when(facts: Facts) -> str:
    at = parse_datetime(str(facts.get("when") or ""))
    if at is None:
        return "—"
    zone = ZoneInfo(current_tenant().timezone)
    return say(at, now=timezone.now().astimezone(zone), locale=get_language() or "es")


def _who(facts: Facts) -> str:
    return str(facts.get("by") or _("Alguien"))


TOLD = {
    Kind.ASSIGNED: Told(icon="user-check", say=_assigned),
    Kind.MENTION: Told(icon="at-sign", say=_mention),
    Kind.REMINDER: Told(icon="alarm-clock", say=_reminder),
    Kind.HOT: Told(icon="flame", say=_hot),
    Kind.WAITING: Told(icon="message-square", say=_waiting),
    Kind.COLD: Told(icon="snowflake", say=_cold),
    Kind.APPROVAL: Told(icon="circle-check", say=_approval),
    Kind.HANDOVER: Told(icon="arrow-right-left", say=_handover),
    Kind.FORM: Told(icon="clipboard-list", say=_form),
    Kind.DONE: Told(icon="check", say=_done),
    Kind.AGENDA: Told(icon="calendar", say=_agenda),
}
