"""What comes in through a form or from another system becomes a person with a lead, or is kept with the reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from config.lib.errors import AppError, Invalid, Text
from crm.domain import form_fields as shapes
from crm.domain.attribution import Attribution
from crm.models import Consent, Contact, CustomField, InboundForm, Lead, Note, Notification, Submission, Touch
from crm.services import blocking, consents, contacts, custom_fields, leads, tags
from crm.services.finding import checked_email, find_known, hold_number, number_of
from crm.services.inbound_forms import LABELS
from crm.services.notifications import notify
from crm.services.touches import note_touch
from tenants.domain.actor import Actor
from tenants.live.services import emit
from tenants.locks import hold

ROBOT = "robot"
BLOCKED = "blocked"
EXAMPLES = {
    "name": "Persona de prueba",
    "phone": "+5491155550000",
    "email": "prueba@example.test",
    "city": "Rosario",
    "message": "Quiero saber más.",
    shapes.EXTERNAL_ID: "prueba-1",
}
EXAMPLES_BY_KIND: dict[str, Any] = {
    "text": "Ejemplo",
    "long_text": "Ejemplo",
    "number": 1,
    "money": "1500.50",
    "date": "2026-11-21",
    "yes_no": True,
    "email": "prueba@example.test",
    "phone": "+5491155550000",
    "url": "https://example.test/",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a door understood. `values` by our names (crm.domain.form_fields); `payload` is what was sent, for the record.

    `trapped`: it was filled in by a program (the field that people do not see had something in it).
    """

    values: Mapping[str, Any]
    payload: Any
    attribution: Attribution = field(default_factory=Attribution)
    external_id: str = ""
    trapped: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """`fields` names what was wrong with a refused one; `repeated`: this message was taken before, the row is the first's."""

    submission: Submission
    fields: Mapping[str, Text] = field(default_factory=dict)
    code: str = ""
    repeated: bool = False

    @property
    def accepted(self) -> bool:
        return self.submission.state == Submission.State.ACCEPTED


@dataclass(frozen=True, slots=True)
class _Said:
    """Checked and in the shape of our columns."""

    name: str
    phone: str
    email: str
    city: str
    message: str
    contact_custom: dict[str, Any]
    lead_custom: dict[str, Any]
    consent: bool | None  # None: not asked


def take(*, form: InboundForm, arrival: Arrival) -> Outcome:
    """Make or find the person and their open lead. What cannot come in is kept as refused, with the reason.

    A message with the same `external_id` is taken once. Never raises for what was sent.
    """
    key = shapes.plain(arrival.external_id, longest=120)
    if key:
        hold("submission", form.pk, key)  # twins wait here; the second finds the first one's row
        earlier = Submission.objects.filter(form=form, external_id=key).first()
        if earlier is not None:
            return Outcome(earlier, repeated=True)
    try:
        if arrival.trapped:
            raise Invalid(_("Lo llenó un programa, no una persona."), code=ROBOT)
        said = _understood(form, arrival.values)
        with transaction.atomic():
            contact, lead = _bring_in(form, said, arrival.attribution)
    except AppError as error:
        row = _keep(form, arrival, Submission.State.REFUSED, error=_reason(error))
        return Outcome(row, error.fields or {"": error.message}, error.code)
    row = _keep(form, arrival, Submission.State.ACCEPTED, key=key, contact=contact, lead=lead)
    return Outcome(row)


def refuse(*, form: InboundForm, payload: Any, reason: str) -> Submission:
    """Keep something that could not even be read."""
    return _keep(form, Arrival({}, payload), Submission.State.REFUSED, error=reason)


def example(form: InboundForm) -> dict[str, Any]:
    """A message as this door takes it: for trying it, and for showing other systems what to send."""
    names = [each["name"] for each in form.fields if each["name"] != shapes.CONSENT] or ["name", "phone", "email"]
    own = {f"{row.on}.{row.key}": row for row in CustomField.objects.filter(is_active=True)}
    values = {name: _example_of(name, own.get(name)) for name in names}
    return shapes.placed({name: value for name, value in values.items() if value is not None}, form.fields)


def _example_of(name: str, own: CustomField | None) -> Any:
    if own is None:
        return EXAMPLES.get(name)
    if own.kind in custom_fields.CHOOSING:
        first = next(iter(own.options), "")
        return [first] if own.kind == CustomField.Kind.CHOICES else first
    return EXAMPLES_BY_KIND[own.kind]


def rehearse(*, form: InboundForm) -> Outcome:
    """Send an example through the door and keep it as a test: nobody and no lead comes of it."""
    payload = example(form)
    arrival = Arrival({**shapes.mapped(payload, form.fields), shapes.CONSENT: True}, payload)
    try:
        _understood(form, arrival.values)
    except AppError as error:
        row = _keep(form, arrival, Submission.State.TEST, error=_reason(error))
        return Outcome(row, error.fields or {"": error.message}, error.code)
    return Outcome(_keep(form, arrival, Submission.State.TEST))


def _keep(
    form: InboundForm, arrival: Arrival, state: str, *, error: str = "", key: str = "", **made: Any
) -> Submission:
    return Submission.objects.create(
        form=form,
        state=state,
        error=error[:300],
        payload={"sent": shapes.kept(arrival.payload)},
        external_id=key or None,
        **made,
    )


def _reason(error: AppError) -> str:
    more = [
        f"{LABELS.get(name, name)}: {words}" for name, words in error.fields.items() if str(words) != str(error.message)
    ]
    return " ".join([str(error.message), *more])


# --- understanding ---------------------------------------------------------------------------------------------


def _understood(form: InboundForm, values: Mapping[str, Any]) -> _Said:
    """Raises Invalid with every field that is wrong, before anything is written."""
    wrong: dict[str, Text] = {}
    for each in form.fields:
        name = each["name"]
        if each.get("required") and _is_empty(name, values.get(name)):
            wrong[name] = _("Falta este dato.")
    phone = _tried("phone", number_of, shapes.plain(values.get("phone"), longest=40), wrong)
    email = _tried("email", checked_email, shapes.plain(values.get("email"), longest=254), wrong)
    name = shapes.plain(values.get("name"), longest=200)
    custom = _own_values(form, values, wrong)
    if not wrong and not (phone or email):
        wrong["phone"] = _("Falta el teléfono o el correo.")
    if wrong:
        raise Invalid(_("Hay datos que faltan o no se entienden."), fields=wrong)
    asked = any(each["name"] == shapes.CONSENT for each in form.fields)
    return _Said(
        name=name,
        phone=phone,
        email=email,
        city=shapes.plain(values.get("city"), longest=120),
        message=shapes.plain(values.get("message"), longest=shapes.LONGEST_MESSAGE, lines=True),
        contact_custom=custom["contact"],
        lead_custom=custom["lead"],
        consent=bool(values.get(shapes.CONSENT)) if asked else None,
    )


def _is_empty(name: str, value: Any) -> bool:
    return value in (None, "", [], False) if name == shapes.CONSENT else value in (None, "", [])


def _tried(name: str, read: Any, raw: str, wrong: dict[str, Text]) -> str:
    try:
        return str(read(raw))
    except Invalid as error:
        wrong.setdefault(name, error.fields.get(name, error.message))
        return ""


def _own_values(form: InboundForm, values: Mapping[str, Any], wrong: dict[str, Text]) -> dict[str, dict[str, Any]]:
    """Values of the company's own fields, those that the form asks for."""
    found: dict[str, dict[str, Any]] = {"contact": {}, "lead": {}}
    asked = {name: own for each in form.fields if (own := shapes.own_field(name := each["name"])) is not None}
    if not asked:
        return found
    known = {(row.on, row.key): row for row in CustomField.objects.filter(is_active=True)}
    for name, own in asked.items():
        definition = known.get(own)
        if definition is None or values.get(name) is None:
            continue  # a field that was switched off since is no longer asked for
        try:
            value = custom_fields.fit(definition, values[name])
        except Invalid as error:
            wrong[name] = error.message
            continue
        if value is not None:
            found[own[0]][own[1]] = value
    return found


# --- bringing in -----------------------------------------------------------------------------------------------


def _bring_in(form: InboundForm, said: _Said, attribution: Attribution) -> tuple[Contact, Lead]:
    by = Actor.system(form.name)
    source = attribution.source or form.source or form.name
    contact = _person(said, by)
    if said.consent is not None:
        _note_consent(form, contact, said.consent, by)
    lead = _open_lead(form, contact)
    kind = Touch.Kind.FORM if form.kind == InboundForm.Kind.FORM else Touch.Kind.WEBHOOK
    more = attribution.as_dict() | {"source": source}
    if lead is None:
        lead = leads.create_lead(
            contact=contact,
            by=by,
            source=source,
            stage=leads.initial_stage(form.pipeline if form.pipeline and form.pipeline.is_active else None),
            owner=form.owner if form.owner and form.owner.is_active else None,
            labels=form.tags,
            custom=said.lead_custom,
        )
        note_touch(contact=contact, lead=lead, kind=kind, **more)
    else:
        touch = note_touch(contact=contact, lead=lead, kind=kind, **more)
        _add_to(lead, form, said, by)
        _tell_seller(lead, form, touch)
    if said.message:
        Note.objects.create(
            contact=contact, lead=lead, text=said.message, actor_kind="contact", actor_label=contact.name or form.name
        )
    return contact, lead


def _person(said: _Said, by: Actor) -> Contact:
    """The one with this phone or e-mail, given what they lacked and nothing else; or somebody new."""
    if said.phone:
        hold_number(said.phone)
    if said.email:
        hold("email", said.email)
    known = find_known(said.phone or None, said.email)
    if known is None:
        return contacts.create_contact(
            by=by,
            name=said.name,
            phone=said.phone or None,
            email=said.email,
            city=said.city,
            custom=said.contact_custom,
        )
    if known.blocked_at is not None:
        raise blocking.refusal()
    told = {"name": said.name, "email": said.email, "city": said.city, "phone": said.phone}
    missing: dict[str, Any] = {name: value for name, value in told.items() if value and not getattr(known, name)}
    new = {key: value for key, value in said.contact_custom.items() if key not in known.custom}
    if new:
        missing["custom"] = new
    return contacts.update_contact(contact=known, by=by, **missing) if missing else known


def _open_lead(form: InboundForm, contact: Contact) -> Lead | None:
    """The person's open lead, in the form's own pipeline where it has one. Locks the person: two forms make one lead."""
    Contact.objects.select_for_update(no_key=True).filter(pk=contact.pk).first()
    rows = Lead.objects.open().filter(contact=contact).select_related("owner", "stage", "contact")
    if form.pipeline_id is not None:
        rows = rows.filter(stage__pipeline=form.pipeline_id)
    return rows.order_by("-created_at").first()


def _add_to(lead: Lead, form: InboundForm, said: _Said, by: Actor) -> None:
    """An open lead that comes again: what it lacked, and the form's labels."""
    changes: dict[str, Any] = {}
    labels = tags.clean([*lead.tags, *form.tags])[: tags.MOST_ON_ONE]
    if labels != lead.tags:
        changes["tags"] = labels
    new = {key: value for key, value in said.lead_custom.items() if key not in lead.custom}
    if new:
        changes["custom"] = new
    if changes:
        leads.update_lead(lead=lead, by=by, **changes)
    leads.touch_activity(contact_id=lead.contact_id)
    emit("LEAD_UPDATED", object="lead", id=lead.pk)


def _tell_seller(lead: Lead, form: InboundForm, touch: Touch) -> None:
    if lead.owner is not None and lead.owner.user_id is not None:
        notify(
            user_id=lead.owner.user_id,
            kind=Notification.Kind.FORM,
            key=f"form:{touch.pk}",
            contact=lead.contact,
            href=f"/leads/{lead.pk}/",
            facts={"form": form.name},
        )


def _note_consent(form: InboundForm, contact: Contact, granted: bool, by: Actor) -> None:
    """Only a yes is noted: an empty box says nothing about what was allowed before."""
    if not granted:
        return
    asked = next(each for each in form.fields if each["name"] == shapes.CONSENT)
    purpose = asked.get("purpose") or Consent.Purpose.FOLLOW_UP
    source = f"{form.name}: {form.consent_text}"
    consents.record_consent(contact=contact, purpose=str(purpose), granted=True, by=by, source=source)
