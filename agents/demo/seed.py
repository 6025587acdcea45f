"""Turning the cast into rows. Applied twice it changes nothing."""

from datetime import timedelta
from pathlib import Path

from django.utils import timezone

import rag
from agents.demo import agenda, book
from agents.demo.cast import COMPANIES, PASSWORD, PLATFORM, Chat, Company, Person
from config.lib.errors import NotFound
from crm.models import Contact, Seller, Stage
from crm.services.leads import create_lead, qualify_lead
from crm.services.sellers import create_seller
from messaging.models import Channel, ChannelIdentity, Conversation, Message, MessageStatus
from messaging.services.channels import create_channel
from messaging.services.conversations import add_message
from rag.models import Document
from rag.services.ingest import add_document
from tenants.context import auth_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant, User
from tenants.services import registry
from tenants.services.people import create_person, set_membership
from tenants.services.provisioning import complete, create_tenant

BY = Actor.system("Datos de ejemplo")
NUMBER_ID = {"acme": "100000000000001", "globex": "100000000000002", "sonrisa": "100000000000003"}


def seed() -> list[Tenant]:
    """Create every example company that is missing and complete the others."""
    _person(PLATFORM[0], PLATFORM[1], staff=True)
    return [_company(company) for company in COMPANIES]


def web_channel(tenant: Tenant) -> Channel:
    with tenant_context(tenant):
        channel = Channel.objects.filter(provider="web").order_by("created_at").first()
    if channel is None:
        raise NotFound("The company has no web chat.")
    return channel


def _company(company: Company) -> Tenant:
    tenant = registry.by_slug(company.slug)
    if tenant is None:
        tenant = create_tenant(slug=company.slug, name=company.name, trade=company.trade)
    else:
        complete(tenant)
    users = {person.email: _member(tenant, person) for person in company.people}
    with tenant_context(tenant):
        for person in company.people:
            if person.sells and not Seller.objects.filter(user=users[person.email]).exists():
                create_seller(name=person.name, user=users[person.email], email=person.email, by=BY)
    _knowledge(tenant)
    with tenant_context(tenant):
        _chats(company)
        if company.slug == book.COMPANY:
            book.fill(by=BY)
        agenda.fill(company.slug, by=BY)
    return tenant


def _person(email: str, name: str, *, staff: bool = False) -> User:
    with auth_scope():
        found = User.objects.filter(email=email).first()
        return found or create_person(email=email, name=name, password=PASSWORD, is_platform_staff=staff)


def _member(tenant: Tenant, person: Person) -> User:
    user = _person(person.email, person.name)
    if tenant.pk not in user.tenant_ids:
        with auth_scope():
            set_membership(user=user, tenant=tenant, role=person.role, status=person.status, by=BY)
    return user


def _knowledge(tenant: Tenant) -> None:
    folder = Path(rag.__file__).parent / "demo" / tenant.slug
    for path in sorted(folder.glob("*.md")):
        with tenant_context(tenant):
            if not Document.objects.filter(filename=path.name).exists():
                title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()
                add_document(file_name=path.name, content=path.read_bytes(), title=title, collection="general", by=BY)


def _chats(company: Company) -> None:
    """Past WhatsApp chats to look at. The number is an example: nothing was or is sent."""
    if Channel.objects.filter(channel_source="whatsapp").exists():
        return
    config = {"phone_number_id": NUMBER_ID[company.slug], "display_phone_number": "+54 9 11 5555 0000"}
    channel = create_channel(
        provider="meta_direct", channel_source="whatsapp", name="WhatsApp de ejemplo", config=config, by=BY
    )
    for chat in company.chats:
        add_chat(channel, chat, by=BY)


def add_chat(channel: Channel, chat: Chat, *, by: Actor, person: str = "Sol") -> Contact:
    """A past conversation with its contact and lead; `person` is who answered where no agent did."""
    contact = Contact.objects.create(name=chat.name, phone=chat.phone)
    wa_id = chat.phone.lstrip("+")
    ChannelIdentity.objects.create(channel=channel, contact=contact, kind="wa_id", external_id=wa_id)
    lead = create_lead(contact=contact, source="whatsapp", stage=Stage.objects.get(code=chat.stage), by=by)
    if chat.interest:
        qualify_lead(lead=lead, interest=chat.interest, by=by)
    started = timezone.now() - timedelta(minutes=chat.minutes_ago)
    conversation = Conversation.objects.create(
        contact=contact,
        channel=channel,
        channel_source="whatsapp",
        provider="meta_direct",
        address_kind="wa_id",
        address=wa_id,
        mode=chat.mode,
        mode_reason="Pidió hablar con una persona" if chat.mode == "human" else "",
        human_override_until=started + timedelta(hours=24) if chat.mode == "human" else None,
    )
    for position, (who, text) in enumerate(chat.lines):
        at = started + timedelta(minutes=position)
        message = add_message(
            conversation,
            direction="in" if who == "contact" else "out",
            author=who,
            author_name={"contact": chat.name, "agent": "Asistente", "user": person}[who],
            text=text,
            status=MessageStatus.RECEIVED if who == "contact" else MessageStatus.READ,
        )
        Message.objects.filter(pk=message.pk).update(created_at=at)
        conversation.last_message_at = at
        if who == "contact":
            conversation.last_inbound_at = at
    waits = chat.lines[-1][0] == "contact"
    conversation.unread_count = 1 if waits else 0
    conversation.waiting_since = conversation.last_message_at if waits and chat.mode == "human" else None
    conversation.save()
    return contact
