"""A lead becomes a client: one function behind the page, the API and the agents' tool, and the way back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import commit
from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.texts import stored
from crm.domain import conversion as rules
from crm.models import Client, Contact, Conversion, Lead, Stage, StageKind
from crm.services import moves
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import registry
from tenants.services.audit import record

SETTING = "conversion_requires"
WORDS: Mapping[str, Promise] = {
    "name": gettext_lazy("Nombre"),
    "phone": gettext_lazy("Teléfono"),
    "email": gettext_lazy("Correo"),
    "interest": gettext_lazy("Interés alto"),
    "budget": gettext_lazy("Presupuesto"),
    "timeline": gettext_lazy("Plazo"),
    "needs": gettext_lazy("Necesidad"),
    "value": gettext_lazy("Valor"),
    "city": gettext_lazy("Ciudad"),
}
LACKING: Mapping[str, Promise] = {
    "name": gettext_lazy("Falta el nombre."),
    "phone": gettext_lazy("Falta el teléfono."),
    "email": gettext_lazy("Falta el correo."),
    "interest": gettext_lazy("El interés tiene que ser alto."),
    "budget": gettext_lazy("Falta el presupuesto."),
    "timeline": gettext_lazy("Falta el plazo."),
    "needs": gettext_lazy("Falta la necesidad."),
    "value": gettext_lazy("Falta el valor."),
    "city": gettext_lazy("Falta la ciudad."),
}


@dataclass(frozen=True)
class Criterion:
    """One line of the list that is shown before converting."""

    name: str
    label: str
    met: bool


def required() -> tuple[str, ...]:
    """What this company wants to know first."""
    return rules.chosen(current_tenant().settings.get(SETTING))


def criteria(lead: Lead) -> list[Criterion]:
    facts = _facts(lead)
    return [Criterion(name, str(WORDS[name]), rules.met(name, facts)) for name in required()]


def missing(lead: Lead) -> dict[str, str]:
    """What is not known yet, by name, in words; empty when the lead may be converted."""
    return {name: str(LACKING[name]) for name in rules.lacking(_facts(lead), required())}


def convert(*, lead: Lead, by: Actor) -> Conversion:
    """Make the contact a client and the lead a sale, in one piece; a second call answers the same conversion.

    Tasks, notes and history stay where they are. Raises Invalid naming everything that is missing, and Conflict for a
    lost lead.
    """
    lead = _held(lead)
    done = Conversion.objects.filter(lead=lead, undone_at=None).select_related("client").first()
    if done is not None:
        return done
    if lead.stage.kind != StageKind.OPEN:
        raise Conflict(_("Ese lead está cerrado. Primero hay que reabrirlo."), code="closed")
    if lacking := missing(lead):
        raise Invalid(
            _("Todavía no se puede convertir. %(words)s") % {"words": " ".join(lacking.values())},
            code="missing",
            fields=lacking,
        )
    won = Stage.objects.filter(pipeline=lead.stage.pipeline_id, kind=StageKind.WON, is_active=True)
    target = won.order_by("position", "id").first()
    if target is None:
        raise Invalid(_("El embudo no tiene una etapa ganada. Hay que crear una."), code="no_won_stage")
    now = timezone.now()
    client, made = Client.objects.get_or_create(contact=lead.contact, defaults={"owner": lead.owner, "since": now})
    facts = _facts(lead)
    conversion = Conversion.objects.create(
        lead=lead,
        client=client,
        stage_before=lead.stage,
        made_client=made,
        criteria={name: facts[name] for name in required()},
        value=lead.value,
        currency=lead.currency,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
    )
    moves.enter(lead=lead, stage=target, by=by, comment=_("Convertido en cliente"), at=now)
    record(action="lead.converted", resource=lead, by=by, diff={"client": str(client.pk)})
    return conversion


def undo(*, conversion: Conversion, by: Actor, reason: str) -> Conversion:
    """Put the lead back where it was. The client goes too when this conversion made it and nothing else hangs on it.

    A second call changes nothing. Raises Conflict when the lead is no longer in the sale that this conversion made.
    """
    lead = _held(conversion.lead)
    conversion = Conversion.objects.select_related("client", "stage_before").get(pk=conversion.pk)
    if conversion.undone_at is not None:
        return conversion
    if lead.stage.kind != StageKind.WON:
        raise Conflict(_("El lead ya no está en la venta que hizo esta conversión."), code="moved")
    said = stored(reason).strip()[:300]
    if not said:
        message = _("Falta decir por qué se deshace.")
        raise Invalid(message, fields={"reason": message})
    conversion.undone_at, conversion.undone_by, conversion.undo_reason = timezone.now(), by.label, said
    conversion.save(update_fields=["undone_at", "undone_by", "undo_reason"])
    moves.enter(lead=lead, stage=conversion.stage_before, by=by, comment=said)
    if conversion.made_client and conversion.client is not None and not _in_use(conversion.client):
        conversion.client.delete()
        conversion.client = None
    record(action="lead.unconverted", resource=lead, by=by)
    return conversion


def client_is_used(conversion: Conversion) -> bool:
    """Whether anything but this conversion hangs on the client: a payment, another sale, whatever app has it."""
    return conversion.client is not None and _in_use(conversion.client, besides=conversion)


def current(lead: Lead) -> Conversion:
    """The conversion that holds, or the last one that was undone. Raises NotFound for a lead never converted."""
    found = (
        Conversion.objects.filter(lead=lead).select_related("client").order_by(F("undone_at").desc(nulls_first=True))
    )
    latest = found.first()
    if latest is None:
        raise NotFound(_("Ese lead no se convirtió en cliente."))
    latest.lead = lead
    return latest


def choose_required(*, names: Collection[str], by: Actor) -> tuple[str, ...]:
    """What the company wants to know before a lead becomes a client. Raises Invalid for an unknown name."""
    unknown = sorted(set(names) - set(rules.NAMES))
    if unknown:
        raise Invalid(_("No se conoce: %(names)s.") % {"names": ", ".join(unknown)}, fields={"conversion": unknown[0]})
    row = Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant().pk)
    before, after = rules.chosen(row.settings.get(SETTING)), rules.chosen(list(names))
    if before != after:
        row.settings = {**row.settings, SETTING: list(after)}
        row.save(update_fields=["settings"])
        record(action="settings.updated", resource=row, by=by, diff={SETTING: [", ".join(before), ", ".join(after)]})
        commit.after(registry.changed)
    return after


def _held(lead: Lead) -> Lead:
    """The lead as it is now, held with its contact until the transaction ends; contacts are locked first everywhere."""
    Contact.objects.select_for_update(no_key=True).filter(pk=lead.contact_id).values("pk").first()
    Lead.objects.select_for_update(no_key=True).filter(pk=lead.pk).values("pk").first()
    return Lead.objects.select_related("contact", "stage", "owner").get(pk=lead.pk)


def _facts(lead: Lead) -> dict[str, str]:
    contact = lead.contact
    return {
        "name": contact.name,
        "phone": contact.phone or "",
        "email": contact.email,
        "interest": lead.interest,
        "budget": lead.budget,
        "timeline": lead.timeline,
        "needs": lead.needs,
        "value": "" if lead.value is None else f"{lead.value} {lead.currency}",
        "city": contact.city,
    }


def _in_use(client: Client, *, besides: Conversion | None = None) -> bool:
    """Whether anything besides undone conversions points at the client, in whatever app."""
    for relation in Client._meta.related_objects:
        rows = relation.related_model._base_manager.filter(**{relation.field.name: client})
        if relation.related_model is Conversion:
            rows = rows.filter(undone_at=None).exclude(pk=besides.pk if besides else None)
        if rows.exists():
            return True
    return False
