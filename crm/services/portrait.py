"""Everything around a person or a lead that their page shows beside the story: one statement each, whatever there is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, JSONObject
from django.utils import timezone
from django.utils.module_loading import import_string

from crm.models import (
    AgendaEvent,
    Client,
    Consent,
    Contact,
    ContactMerge,
    ContactPoint,
    CustomField,
    DuplicatePair,
    Lead,
    Note,
    Seller,
    StageKind,
    StageTransition,
    Tag,
    Touch,
)
from crm.models.agenda import AgendaEventQuerySet
from crm.services.duplicates import suggestions
from tenants.models import Membership

MOST, MOST_TAGS, MOST_PINNED = 50, 500, 10
MOST_WAYS = 12  # stages to move to at a touch; the lead's own page has all
Facts = dict[str, Any]
_TIMES = frozenset({"at", "since", "created_at", "closed_at", "next_step_at"})


@dataclass(frozen=True)
class Field:
    """A field of the company's own with its value, as a person reads it."""

    label: str
    kind: str
    value: Any


@dataclass(frozen=True)
class Portrait:
    """Of a contact. The lists hold dictionaries, for the template; `channels` are what the app of the chats knows."""

    leads: list[Facts] = field(default_factory=list)
    consents: list[Facts] = field(default_factory=list)
    points: list[Facts] = field(default_factory=list)
    channels: list[Facts] = field(default_factory=list)
    duplicates: list[Facts] = field(default_factory=list)
    merges: list[Facts] = field(default_factory=list)  # who was united with this contact, the latest first
    fields: list[Field] = field(default_factory=list)
    colors: dict[str, str] = field(default_factory=dict)
    pinned: list[Facts] = field(default_factory=list)
    first: Facts | None = None
    last: Facts | None = None
    client: Facts | None = None
    appointment: Facts | None = None  # the next one

    @property
    def open_leads(self) -> list[Facts]:
        return [lead for lead in self.leads if lead["kind"] == StageKind.OPEN]

    @property
    def closed_leads(self) -> list[Facts]:
        return [lead for lead in self.leads if lead["kind"] != StageKind.OPEN]

    @property
    def attends(self) -> str:
        """Whose this person is: the seller of the first open lead that has one, else the client's."""
        named = [lead["owner"] for lead in [*self.open_leads, *self.closed_leads] if lead["owner"]]
        return str(self.client["owner"]) if self.client and self.client["owner"] else (named[0] if named else "")

    @property
    def last_activity(self) -> datetime | None:
        """When this person or somebody of the company last did something about it."""
        times = [each["at"] for each in [*self.channels, *self.leads] if each["at"]]
        return max(times, default=None)

    @property
    def live_ids(self) -> str:
        """What the open page listens for."""
        coming = [self.appointment] if self.appointment else []
        return " ".join(each["id"] for each in [*self.leads, *self.channels, *coming])


def of_contact(contact: Contact, member: Membership) -> Portrait:
    """Only what the member may see of it. One statement."""
    about = {"contact": OuterRef("pk")}
    leads = Lead.objects.visible_to(member)
    notes = Note.objects.filter(Q(lead=None) | Q(Exists(leads.filter(pk=OuterRef("lead")))))
    touches = Touch.objects.filter(**about).values(one=JSONObject(**_named("kind source campaign at")))
    channels = import_string(settings.CONTACT_CHANNELS)(member)
    row = (
        Contact.objects.filter(pk=contact.pk)
        .annotate(
            p_leads=ArraySubquery(_leads(leads.filter(**about))),
            p_consents=ArraySubquery(_consents(Consent.objects.filter(**about))),
            p_points=ArraySubquery(
                ContactPoint.objects.filter(**about)
                .order_by("created_at")
                .values(one=JSONObject(**_named("kind value label")))
            ),
            p_channels=channels,
            p_duplicates=ArraySubquery(_duplicates(member)),
            p_merges=ArraySubquery(_merges()),
            p_fields=ArraySubquery(_fields("contact")),
            p_colors=ArraySubquery(_colors()),
            p_pinned=ArraySubquery(_pinned(notes.filter(**about))),
            p_first=Subquery(touches.order_by("at", "id")[:1]),
            p_last=Subquery(touches.order_by("-at", "-id")[:1]),
            p_appointment=Subquery(_coming(AgendaEvent.objects.visible_to(member).filter(**about))),
            p_client=Subquery(
                Client.objects.filter(**about).values(
                    one=JSONObject(**_named("id status since"), owner=F("owner__name"))
                )[:1]
            ),
        )
        .values_list(*(f"p_{name}" for name in _PARTS))
        .first()
    )
    if row is None:
        return Portrait()
    parts = dict(zip(_PARTS, map(_timed, row), strict=True))
    purposes = dict(Consent.Purpose.choices)
    parts["consents"] = [{**each, "words": purposes.get(each["purpose"], "—")} for each in parts["consents"]]
    parts["colors"] = _by_name(parts["colors"])
    parts["fields"] = _filled(parts["fields"], contact.custom)
    return Portrait(**parts)


_PARTS = (
    "leads",
    "consents",
    "points",
    "channels",
    "duplicates",
    "merges",
    "fields",
    "colors",
    "pinned",
    "first",
    "last",
    "client",
    "appointment",
)


@dataclass(frozen=True)
class LeadPortrait:
    """Of a lead: its fields of the company's own, the sellers who could have it, and the colours of the labels."""

    fields: list[Field] = field(default_factory=list)
    sellers: list[Facts] = field(default_factory=list)
    colors: dict[str, str] = field(default_factory=dict)
    pinned: list[Facts] = field(default_factory=list)


def around_lead() -> dict[str, Any]:
    """Columns for the query of a lead (crm.access.lead_for), so that its page costs one statement less."""
    sellers = Seller.objects.filter(Q(is_active=True) | Q(pk=OuterRef("owner"))).order_by("name")
    about = Q(lead=OuterRef("pk")) | Q(lead=None, contact=OuterRef("contact"))
    return {
        "p_fields": ArraySubquery(_fields("lead")),
        "p_colors": ArraySubquery(_colors()),
        "p_pinned": ArraySubquery(_pinned(Note.objects.filter(about))),
        "p_sellers": ArraySubquery(sellers.values(one=JSONObject(**_named("id name")))),
    }


def of_lead(lead: Lead) -> LeadPortrait:
    """Of a lead read with `around_lead`; one statement for any other."""
    if not hasattr(lead, "p_sellers"):
        lead = Lead.objects.annotate(**around_lead()).get(pk=lead.pk)
    found: Any = lead  # with the columns beside those of the model
    fields = _filled(found.p_fields, lead.custom)
    return LeadPortrait(fields, found.p_sellers, _by_name(found.p_colors), _timed(found.p_pinned))


def _leads(rows: QuerySet[Lead]) -> QuerySet[Lead, Any]:
    ways = StageTransition.objects.filter(
        source=OuterRef("stage"),
        target__kind=StageKind.OPEN,
        requires_comment=False,
        target__requires_comment=False,
        approver_role="",
    ).order_by("target__position")
    words = _named(
        "id score score_reasons interest needs budget timeline source currency next_step_at no_step_reason closed_at"
    )
    return rows.order_by(F("closed_at").desc(nulls_first=True), "-created_at").values(
        one=JSONObject(
            **words,
            at=F("last_activity_at"),
            value=Cast("value", CharField()),
            stage=F("stage__name"),
            kind=F("stage__kind"),
            owner=F("owner__name"),
            ways=ArraySubquery(ways.values(one=JSONObject(code=F("target__code"), name=F("target__name")))[:MOST_WAYS]),
        )
    )[:MOST]


def _consents(rows: QuerySet[Consent]) -> QuerySet[Consent, Any]:
    """What holds now for each purpose."""
    latest = rows.order_by("purpose", "-at", "-id").distinct("purpose")
    return latest.values(one=JSONObject(**_named("purpose granted source at")))


def _pinned(rows: QuerySet[Note]) -> QuerySet[Note, Any]:
    pinned = rows.filter(is_pinned=True).order_by("-created_at")
    return pinned.values(one=JSONObject(**_named("id text"), at=F("created_at"), who=F("actor_label")))[:MOST_PINNED]


def _coming(rows: AgendaEventQuerySet) -> QuerySet[AgendaEvent, Any]:
    """The next appointment, or the one that goes on now."""
    ahead = (
        rows.upcoming().filter(ends_at__gt=timezone.now(), kind=AgendaEvent.Kind.MEETING).order_by("starts_at", "id")
    )
    return ahead.values(
        one=JSONObject(
            **_named("id title status"), at=F("starts_at"), seller=F("seller__name"), service=F("service__name")
        )
    )[:1]


def _duplicates(member: Membership) -> QuerySet[DuplicatePair, Any]:
    """Pairs with others who may be the same person, of those whom the member may see."""
    rows = suggestions(member).filter(Q(first=OuterRef("pk")) | Q(second=OuterRef("pk"))).order_by("-score")
    return rows.values(one=JSONObject(**_named("id score")))[:MOST]


def _merges() -> QuerySet[ContactMerge, Any]:
    rows = ContactMerge.objects.filter(kept=OuterRef("pk"), undone_at=None).order_by("-at", "-id")
    return rows.values(one=JSONObject(pk=F("id"), other_name=F("other_name")))[:MOST]


def _fields(on: str) -> QuerySet[CustomField, Any]:
    rows = CustomField.objects.filter(on=on, is_active=True).order_by("position", "label")
    return rows.values(one=JSONObject(**_named("key label kind")))


def _colors() -> QuerySet[Tag, Any]:
    return Tag.objects.exclude(color="").order_by("name").values(one=JSONObject(**_named("name color")))[:MOST_TAGS]


def _by_name(tags: list[Facts]) -> dict[str, str]:
    return {tag["name"]: tag["color"] for tag in tags}


def _filled(fields: list[Facts], values: Mapping[str, Any]) -> list[Field]:
    """Only those that hold something."""
    filled = [Field(each["label"], each["kind"], values.get(each["key"])) for each in fields]
    return [each for each in filled if each.value not in (None, "", [])]


def _named(names: str) -> dict[str, F]:
    return {name: F(name) for name in names.split()}


def _timed(value: Any) -> Any:
    """JSON as PostgreSQL gives it, with its times and amounts as what they are."""
    if isinstance(value, list):
        return [_timed(each) for each in value]
    if not isinstance(value, dict):
        return value
    timed: Facts = {
        name: datetime.fromisoformat(each) if name in _TIMES and each else each for name, each in value.items()
    }
    if timed.get("value") and "stage" in timed:
        timed["value"] = Decimal(timed["value"])
    return timed
