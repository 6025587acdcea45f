"""What is known of the person beside a conversation: addresses, lead, the agent's last turn. One statement."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy as _

from crm.models import Contact, Interest, Lead
from crm.services.steps import QUICK
from messaging.models import ChannelIdentity, Conversation, Message
from tenants.models import Membership

KINDS = {
    "wa_id": _("WhatsApp"),
    "bsuid": _("Usuario de WhatsApp"),
    "parent_bsuid": _("Usuario de WhatsApp"),
    "visitor": _("Visita del chat web"),
    "psid": _("Messenger"),
    "igsid": _("Instagram"),
    "chatwoot": _("Conversación en Chatwoot"),
    "chatwoot_contact": _("Contacto en Chatwoot"),
}


@dataclass(frozen=True)
class LeadFacts:
    """The contact's lead in a few words; `kind` is the stage's kind. Its next step under the names it has on a Lead."""

    pk: str
    href: str
    stage: str
    kind: str
    score: int
    interest: str
    owner: str
    needs: str
    closed_at: datetime | None
    next_step_at: datetime | None
    no_step_reason: str
    no_step_until: date | None


@dataclass(frozen=True)
class Card:
    lead: LeadFacts | None = None
    identities: list[tuple[str, str, str]] = field(default_factory=list)
    """(what kind of address, the address, the channel's name)"""
    run_href: str = ""
    quick: Any = QUICK


def card_of(chat: Conversation, member: Membership) -> Card:
    """Of the leads this person may see, the open one, else the last."""
    leads = (
        Lead.objects.visible_to(member)
        .filter(contact=OuterRef("pk"))
        .order_by(F("closed_at").desc(nulls_first=True), "-created_at")
        .values(
            one=JSONObject(
                id="id",
                stage=F("stage__name"),
                kind=F("stage__kind"),
                score="score",
                interest="interest",
                owner=F("owner__name"),
                needs="needs",
                closed_at="closed_at",
                next_step_at="next_step_at",
                no_step_reason="no_step_reason",
                no_step_until="no_step_until",
            )
        )[:1]
    )
    known = ChannelIdentity.objects.filter(contact=OuterRef("pk")).order_by("created_at")
    pairs = known.values(one=JSONObject(kind="kind", external_id="external_id", channel=F("channel__name")))[:20]
    runs = Message.objects.filter(conversation=chat, agent_run_id__isnull=False).order_by("-sequence")
    row = (
        Contact.objects.filter(pk=chat.contact_id)
        .annotate(lead=Subquery(leads), known=ArraySubquery(pairs), run=Subquery(runs.values("agent_run_id")[:1]))
        .values_list("lead", "known", "run")
        .first()
    )
    if row is None:
        return Card()
    lead, identities, run = row
    return Card(
        lead=_facts(lead) if lead else None,
        identities=[
            (str(KINDS.get(one["kind"], one["kind"])), one["external_id"], one["channel"]) for one in identities
        ],
        run_href=f"/agentes/turnos/{run}/" if run else "",
    )


def _facts(lead: dict[str, Any]) -> LeadFacts:
    times = {name: datetime.fromisoformat(lead[name]) if lead[name] else None for name in ("closed_at", "next_step_at")}
    return LeadFacts(
        pk=lead["id"],
        href=f"/leads/{lead['id']}/",
        stage=lead["stage"],
        kind=lead["kind"],
        score=lead["score"],
        interest=str(Interest(lead["interest"]).label) if lead["interest"] else "",
        owner=lead["owner"] or "",
        needs=lead["needs"] or "",
        no_step_reason=lead["no_step_reason"],
        no_step_until=date.fromisoformat(lead["no_step_until"]) if lead["no_step_until"] else None,
        **times,
    )
