"""What is said and shown in chats and speaks for two contacts being one person. People decide; nothing is united here."""

import re
from collections.abc import Iterable
from uuid import UUID

from config.lib.errors import Invalid
from crm.models import Contact
from crm.phones import as_e164
from crm.services import duplicates
from crm.services.finding import by_email, by_phone
from messaging.models import Channel, ChannelIdentity
from messaging.providers.base import Sender
from tenants.context import current_tenant

PHONE = re.compile(r"\+?\d[\d ().\-]{6,20}\d")
EMAIL = re.compile(r"[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4}")
READ = 2000  # letters of a text in which an address is looked for
MOST = 3  # addresses of one text; a list of them is no self-introduction


def hear(*, contact: Contact, text: str) -> None:
    """The contact wrote `text`: a phone or an e-mail in it that is another contact's may be their own."""
    for phone in PHONE.findall(text[:READ])[:MOST]:
        try:
            number = as_e164(phone, currency=current_tenant().currency)
        except Invalid:
            continue
        _suggest(contact, by_phone(number), "said_phone", number)
    if "@" in text:
        for email in EMAIL.findall(text[:READ])[:MOST]:
            _suggest(contact, by_email(email), "said_email", email.lower())


def same_username(*, contact: Contact, channel: Channel, username: str) -> None:
    """Somebody of that name writes on another channel too."""
    rows = ChannelIdentity.objects.filter(username=username[:160]).exclude(channel=channel).exclude(contact=contact)
    others = Contact.objects.filter(pk__in=rows.values("contact")).order_by("pk")[:MOST]
    for other in others:
        _suggest(contact, other, "username", f"@{username}")


def named_together(*, contact: Contact, others: Iterable[UUID], sender: Sender) -> None:
    """The provider gave ids of several contacts for one sender: a username and a number seen apart until now."""
    for other in Contact.objects.filter(pk__in=others).order_by("pk"):
        _suggest(contact, other, "together", sender.phone or (f"@{sender.username}" if sender.username else ""))


def moved(*, contact: Contact, other: Contact, phone: str) -> None:
    """The provider said that the contact writes from `phone` now, which is the other's."""
    _suggest(contact, other, "moved", phone)


def _suggest(contact: Contact, other: Contact | None, kind: str, what: str) -> None:
    if other is not None and other.pk != contact.pk:
        duplicates.suggest(contact=contact, other=other, kind=kind, what=what)
