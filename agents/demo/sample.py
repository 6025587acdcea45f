"""Example data for a company that asks for it: chats and documents of its trade, marked so that they can all go again."""

import hashlib
from pathlib import Path

from django.db.models import QuerySet
from django.utils.translation import gettext as _

import rag
from agents.demo.cast import COMPANIES, Company
from agents.demo.seed import add_chat
from config.lib.errors import Conflict
from crm.models import Contact
from messaging.models import Channel
from messaging.services import channel_leaving
from messaging.services.channels import create_channel
from rag.models import Document
from rag.services.ingest import add_document
from rag.services.remove import remove_document
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.locks import hold
from tenants.services.audit import record

MARK = {"sample": True}
PREFIX = "ejemplo-"


def loaded() -> bool:
    return _channels().exists()


def load(*, by: Actor) -> None:
    """Past chats on a channel that is nobody's number (nothing is or was sent) and the trade's documents."""
    hold("sample")
    if loaded():
        raise Conflict(_("Los datos de ejemplo ya están cargados."))
    company = _of_trade(current_tenant().trade)
    config = {"phone_number_id": _number(), "display_phone_number": "+54 9 11 5555 0000"}
    channel = create_channel(
        provider="meta_direct", channel_source="whatsapp", name=_("WhatsApp de ejemplo"), config=config, by=by
    )
    for chat in company.chats:
        if Contact.objects.filter(phone=chat.phone).exists():
            continue  # somebody real has this number
        contact = add_chat(channel, chat, by=by, person=by.label)
        Contact.objects.filter(pk=contact.pk).update(custom=MARK)
    for path in _documents(company):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").strip()
        add_document(
            file_name=f"{PREFIX}{path.name}", content=path.read_bytes(), title=title, collection="general", by=by
        )
    record(action="sample.loaded", by=by)


def remove(*, by: Actor) -> None:
    """Everything that `load` made and whatever came to hang on it; a document only while its words are the example's."""
    hold("sample")
    Contact.objects.filter(custom__contains=MARK).delete()
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for company in COMPANIES for path in _documents(company)]
    for document in Document.objects.filter(filename__startswith=PREFIX, sha256__in=hashes):
        remove_document(document=document, by=by)
    for channel in _channels():
        channel_leaving.remove(channel=channel, by=by)
    record(action="sample.removed", by=by)


def _number() -> str:
    """Of this company alone, so that the one account of two channels never is the same."""
    return f"9{current_tenant().pk:014d}"


def _channels() -> QuerySet[Channel]:
    return Channel.objects.filter(config__phone_number_id=_number())


def _documents(company: Company) -> list[Path]:
    return sorted((Path(rag.__file__).parent / "demo" / company.slug).glob("*.md"))


def _of_trade(trade: str) -> Company:
    return next((company for company in COMPANIES if company.trade == trade), COMPANIES[0])
