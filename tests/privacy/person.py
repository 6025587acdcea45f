"""One person made through the product's own doors, with a word of their own in every column that is theirs."""

import base64
import json
import struct
import zlib
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from agents.models import AgentRun, AssistanceReport, ChatSummary, TestCase, ToolCall
from agents.privacy import registry
from agents.services import chat_cases
from crm.models import BulkChange, Contact, DuplicatePair, ImportBatch, Lead, Notification, StageChange
from crm.services import contacts, leads, moves
from crm.services.custom_fields import create_field
from crm.services.privacy import AROUND
from messaging.ingest.models import InboundEvent
from messaging.models import (
    Attachment,
    Channel,
    ChannelIdentity,
    Conversation,
    Message,
    PendingStatus,
    ProviderNotice,
    ScheduledMessage,
)
from messaging.services import events, outbound, takeover
from messaging.services.conversations import locked
from tenants.context import auth_scope, tenant_context
from tenants.live.models import IdempotentRequest, LiveEvent
from tenants.models import Email, SystemEvent, Tenant
from tests.factories import agenda
from tests.factories import crm_more as more
from tests.factories.messaging import make_scheduled
from tests.fakes import graph_events as wire
from tests.fakes.graph import GraphFake
from tests.fakes.llm import FakeLLM, Reply
from tests.messaging.services.saying import Number, Worker
from tests.support.cast import Person as Member

PHONE = "5491166667777"
SPELLINGS = (PHONE, "541166667777")
NAME = "Zoë Ñandú Canárez"
EMAIL = "zoe.canarez@example.com"
VISITOR = "visitante-canario-1"
WAMID = "wamid." + base64.b64encode(b"\x1c\x15" + PHONE.encode() + b"\x15\x02").decode()
OTHER = "5491177778888"  # somebody else of the same company
MARK = "canario"  # begins every planted word
FILE = b"canario-en-el-archivo " * 40
# Columns whose words follow a form, or join rows: they hold what the doors put there.
FORMED = {
    "crm.Contact": "phone email search_text",
    "crm.StageChange": "actor_id",
    "crm.ContactPoint": "value",
    "crm.Notification": "key href",
    "crm.ImportBatch": "file",
    "messaging.Message": "reply_to idempotency_key provider_message_id",
    "messaging.Attachment": "file",
    "messaging.ChannelIdentity": "external_id",
    "messaging.Conversation": "address",
    "messaging.PendingStatus": "provider_message_id",
    "ingest.InboundEvent": "event_key raw",
    "live.IdempotentRequest": "body_hash key route response",
    "live.LiveEvent": "data",
    "tenants.Email": "to",
    "tenants.SystemEvent": "actor_label diff",  # append-only: what the acts put there
    "agents.PrivacyRequest": "subject file",
    "agents.ToolCall": "key",
}


@dataclass
class Zoe:
    """Who is to be erased, in acme. `words` are every planted word by column; `ids` the keys of her rows."""

    tenant: Tenant
    contact_id: UUID
    channel: Channel
    words: dict[str, str] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    @property
    def needles(self) -> list[str]:
        """Everything that may be found nowhere once she is erased."""
        said = [NAME, EMAIL, VISITOR, MARK, WAMID, *SPELLINGS, FILE.decode()[:22]]
        return said + [json.dumps(each)[1:-1] for each in said if not each.isascii()]


def rows_of(zoe: Zoe) -> dict[str, models.QuerySet[Any]]:
    """Her rows in every table with a column that is the person's. Call inside the company."""
    chats = list(Conversation.objects.filter(contact_id=zoe.contact_id).values_list("pk", flat=True))
    said = Message.objects.filter(conversation__in=chats)
    return {
        "crm.Contact": Contact.objects.filter(pk=zoe.contact_id),
        "crm.Lead": Lead.objects.filter(contact=zoe.contact_id),
        "crm.StageChange": StageChange.objects.filter(lead__contact=zoe.contact_id),
        **{
            model._meta.label: model._base_manager.filter(**{path: zoe.contact_id})
            for model, path, _ in AROUND.values()
        },
        "crm.ImportBatch": ImportBatch.objects.filter(rows__contact=zoe.contact_id),
        "crm.Notification": Notification.objects.filter(contact=zoe.contact_id),
        "crm.DuplicatePair": DuplicatePair.objects.filter(first=zoe.contact_id)
        | DuplicatePair.objects.filter(second=zoe.contact_id),
        "crm.BulkChange": BulkChange.objects.filter(lead__contact=zoe.contact_id),
        "messaging.ChannelIdentity": ChannelIdentity.objects.filter(contact=zoe.contact_id),
        "messaging.Conversation": Conversation.objects.filter(pk__in=chats),
        "messaging.Message": said,
        "messaging.Attachment": Attachment.objects.filter(message__in=said),
        "messaging.ScheduledMessage": ScheduledMessage.objects.filter(conversation__in=chats),
        "messaging.PendingStatus": PendingStatus.objects.filter(provider_message_id=WAMID),
        "messaging.ProviderNotice": ProviderNotice.objects.filter(payload__icontains=PHONE),
        "ingest.InboundEvent": InboundEvent.objects.filter(tenant_id=zoe.tenant.pk, raw__regex=f"{PHONE}|{VISITOR}"),
        "agents.AgentRun": AgentRun.objects.filter(conversation_id__in=chats),
        "agents.ToolCall": ToolCall.objects.filter(conversation_id__in=chats),
        "agents.AssistanceReport": AssistanceReport.objects.filter(conversation_id__in=chats),
        "agents.ChatSummary": ChatSummary.objects.filter(conversation_id__in=chats),
        "live.LiveEvent": LiveEvent.objects.filter(data__conversation__in=[str(chat) for chat in chats]),
        "live.IdempotentRequest": IdempotentRequest.objects.filter(response__contains=EMAIL),
        "tenants.SystemEvent": SystemEvent.objects.filter(tenant_id=zoe.tenant.pk, resource_id=zoe.contact_id),
        "tenants.Email": Email.objects.filter(to=EMAIL),
    }


def plant(zoe: Zoe) -> None:
    """A word of its own in every declared column, also in those that no act of the test reached."""
    for label, rows in rows_of(zoe).items():
        row = rows.order_by("pk").first()
        assert row is not None, f"the doors made no {label}"
        columns = registry.declared()[label].owned - set(FORMED.get(label, "").split())
        for name in sorted(columns):
            word = f"{MARK}-{label}-{name}".lower().replace(".", "-")
            zoe.words[f"{label}.{name}"] = word
            setattr(row, name, _with(row, name, word))
        if columns:
            # Only the sign-in role changes an e-mail; everything else is the company's own.
            with auth_scope() if label == "tenants.Email" else nullcontext():
                type(row).objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in columns})
    zoe.ids = {str(key) for rows in rows_of(zoe).values() for key in rows.values_list("pk", flat=True)}


def _with(row: models.Model, name: str, word: str) -> Any:
    """The column's value with the word added, as far as its kind and length allow."""
    column, value = row._meta.get_field(name), getattr(row, name)
    if isinstance(value, dict):
        return {**value, "note": word}
    if isinstance(value, list):
        return [*value, word] if name == "tags" else [*value, {"type": "model", "text": word}]
    text = f"{value or ''} {word}".strip()
    longest = getattr(column, "max_length", None)
    return text if longest is None or len(text) <= longest else word[:longest]


class Story:
    """How she came to be known: WhatsApp, a picture, the agent and its tools, people, the relay, the web chat."""

    def __init__(
        self, *, number: Number, shop: Channel, worker: Worker, graph: GraphFake, llm: FakeLLM, ana: Member, api: Any
    ) -> None:
        self.number, self.shop, self.worker, self.graph, self.llm = number, shop, worker, graph, llm
        self.ana, self.api, self.tenant = ana, api, number.tenant

    def tell(self) -> Zoe:
        self._writes()
        with tenant_context(self.tenant):
            zoe = Zoe(self.tenant, Contact.objects.get(phone=f"+{PHONE}").pk, self.number.channel)
        self._sends_a_picture()
        self._people_work(zoe)
        self._chats_on_the_site(zoe)
        self._strays(zoe)
        self._papers(zoe)
        self.worker.run(seconds=30)
        with tenant_context(self.tenant):
            plant(zoe)
        return zoe

    def _says(self, body: str, **more: Any) -> None:
        self.number.sends(wire.text(body, sender=PHONE, **more), contacts=[wire.contact(name=NAME, wa_id=PHONE)])

    def _writes(self) -> None:
        """The agent answers after using its tools. Somebody else writes in the same webhook."""
        self.llm.brain = thinking
        mine = wire.text(f"Hola, soy {NAME}, {EMAIL} {MARK}-primero", sender=PHONE, id=WAMID)
        theirs = wire.text("Buenas, ¿abren hoy?", sender=OTHER)
        cards = [wire.contact(name=NAME, wa_id=PHONE), wire.contact(name="Luz Vera", wa_id=OTHER)]
        self.number.sends(mine, theirs, contacts=cards)
        self.worker.run(seconds=120)

    def _sends_a_picture(self) -> None:
        media_id = self.graph.add_media(FILE, "application/pdf")
        picture = wire.media(
            "document", media_id, "application/pdf", sender=PHONE, caption=f"{MARK}-epígrafe", filename=f"{MARK}.pdf"
        )
        self.number.sends(picture, contacts=[wire.contact(name=NAME, wa_id=PHONE)])
        self.worker.run(seconds=120)

    def _people_work(self, zoe: Zoe) -> None:
        by, user = self.ana.actor, self.ana.user
        body = {"notes": f"{MARK}-nota de la dueña", "social_links": {"instagram": f"@{MARK}"}}
        self.api.patch(f"/api/v1/contacts/{zoe.contact_id}/", body, headers={"Idempotency-Key": "repetible-1"})
        with tenant_context(self.tenant):
            contact = Contact.objects.get(pk=zoe.contact_id)
            create_field(on="contact", label="Gusta", kind="text", by=by)
            contacts.update_contact(contact=contact, by=by, custom={"gusta": f"{MARK}-campo"})
            lead = contact.leads.get()
            leads.update_lead(lead=lead, by=by, value=125000, tags=[f"{MARK}-etiqueta"])
            chat = Conversation.objects.get(contact=contact, channel=self.number.channel)
            outbound.send_as_person(conversation=chat, text=f"Soy Ana, {MARK}-a-mano", by=by, user=user)
        self.worker.run(seconds=60)
        with tenant_context(self.tenant):
            case = chat_cases.from_chat(conversation=chat, by=by)
            TestCase.objects.filter(pk=case.pk).update(name=f"{MARK}-caso")  # as if the mask had missed a word
            chat = locked(chat.pk)  # type: ignore[assignment]
            takeover.hand_off(conversation=chat, reason=f"{MARK}-motivo", summary=f"{MARK}-resumen", by=by)
            moves.move_stage(
                lead=contact.leads.get(),
                stage=next(each for each in moves.possible_stages(lead) if each.kind == "lost"),
                lost_reason=f"{MARK}-perdido",
                by=by,
            )
        message = {"to": f"+{PHONE}", "text": f"{MARK}-relevo", "channel_source": "whatsapp"}
        self.api.post("/api/v1/messages/relay/", message, headers={"Idempotency-Key": f"repetible-{PHONE}"})
        self.worker.run(seconds=60)

    def _chats_on_the_site(self, zoe: Zoe) -> None:
        """She also wrote on the site, and somebody saw that both are one person."""
        moment = {"at": timezone.now().isoformat(), "timestamp": int(timezone.now().timestamp())}
        raw = json.dumps(
            {
                "visitor_id": VISITOR,
                "text": f"{MARK}-web",
                "message_id": "m1",
                "channel_id": str(self.shop.pk),
                **moment,
            }
        )
        with tenant_context(self.tenant):
            InboundEvent.objects.create(
                tenant_id=self.tenant.pk, provider="web", channel_id=self.shop.pk, event_key="f" * 64, raw=raw
            )
        events.drain(tenant=self.tenant)
        with tenant_context(self.tenant):
            known = ChannelIdentity.objects.get(external_id=VISITOR)
            double, known.contact_id = known.contact, zoe.contact_id
            known.save()
            Conversation.objects.filter(contact=double).update(contact=zoe.contact_id)
            double.delete()

    def _strays(self, zoe: Zoe) -> None:
        """Notices, a status of a message that nobody knows, an e-mail, what the door set aside."""
        preference = {"wa_id": PHONE, "category": "marketing_messages", "value": f"{MARK}-stop"}
        self.number.takes(wire.event("user_preferences", user_preferences=[preference]))
        with tenant_context(self.tenant):
            PendingStatus.objects.create(
                channel=self.number.channel, provider_message_id=WAMID, status="read", at=timezone.now()
            )
            Email.objects.create(tenant=self.tenant, to=EMAIL, kind="greeting")
        folder = Path(settings.DATA_DIR) / "spool"
        folder.mkdir(parents=True, exist_ok=True)
        theirs = wire.dump(wire.inbound(wire.text("de otra", sender=OTHER))).decode()
        mine = wire.dump(wire.inbound(wire.text(f"{MARK}-apartado", sender=PHONE))).decode()
        (folder / "1-1.refused").write_bytes(b"".join(self._record(raw) for raw in (mine, theirs)))

    def _papers(self, zoe: Zoe) -> None:
        """What people and imports keep around her: a row in each table that hangs on a contact or a lead."""
        with tenant_context(self.tenant):
            contact, lead = Contact.objects.get(pk=zoe.contact_id), Lead.objects.get(contact=zoe.contact_id)
            for make in (more.make_point, more.make_consent, more.make_touch, more.make_note, more.make_submission):
                make(contact=contact)
            more.make_merge(kept=contact)
            more.make_pair(first=contact)
            more.make_notification(contact=contact)
            more.make_import_row(contact=contact)
            more.make_task(lead=lead)
            agenda.make_conflict(event=agenda.make_event(contact=contact, lead=lead))
            chat = Conversation.objects.filter(contact=contact).order_by("pk").values_list("pk", flat=True)[0]
            ChatSummary.objects.create(conversation_id=chat, upto_sequence=1, text=f"{MARK}-resumen")
            make_scheduled(conversation=Conversation.objects.filter(contact=contact).first(), by_label="Sol")
            for of_lead in (more.make_stage_request, more.make_assignment, more.make_conversion, more.make_bulk_change):
                of_lead(lead=lead)

    def _record(self, raw: str) -> bytes:
        body = json.dumps([self.tenant.pk, "meta_direct", str(self.number.channel.pk), "e" * 64, raw]).encode()
        return struct.pack(">II", len(body), zlib.crc32(body)) + body


def thinking(request: dict[str, Any]) -> Reply:
    """The model: tools at Zoë's first words, a sentence otherwise."""
    told = [str(each.get("content") or "") for each in request["messages"] if each["role"] != "system"]
    if not any(f"{MARK}-primero" in each for each in told):
        return Reply(text="Sí, de 9 a 18.")
    if any(each["role"] == "tool" for each in request["messages"]) or len(told) > 1:
        return Reply(text=f"¡Hola! Anotado: {MARK}-respuesta.")
    calls = [
        ("create_customer", {"name": NAME, "email": EMAIL, "document": f"{MARK}-dni"}),
        ("qualify_lead", {"interest": "high", "budget": f"{MARK}-plata", "needs": f"{MARK}-necesidad"}),
        ("report_assistance", {"kind": "sales", "score": 0.9, "reasoning": f"{MARK}-razón"}),
    ]
    return Reply(tool_calls=calls)
