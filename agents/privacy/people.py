"""Who a contact is, in all apps together: by what they can be found, and how much of them there is."""

from typing import Any
from uuid import UUID

from django.db.models import OuterRef

from agents.models import AgentRun, PrivacyRequest
from agents.services import privacy as agents
from config.lib.counts import Counted
from crm.models import Contact, Lead
from crm.services import merging
from crm.services import privacy as crm
from messaging.models import Attachment, Conversation, Message
from messaging.services import privacy as messaging
from tenants.domain.privacy import Subject

NOUNS = ("leads", "conversations", "messages", "files", "agent_runs", "copies")


def find(contact_id: object, subject: Subject | None = None) -> Subject:
    """Everything by which the person can be found now, added to what was known. Call inside the company.

    Somebody united with another contact since is found there: it is the same person.
    """
    subject = subject or Subject(str(contact_id))
    while (kept := merging.went_to(UUID(subject.contact_id))) is not None:
        subject.add("rows", [subject.contact_id])
        subject.contact_id = str(kept)
    crm.find(subject)
    messaging.find(subject)
    return subject


def counts(subject: Subject) -> dict[str, Any]:
    """How many rows of each noun there are. Call inside the company."""
    copies = PrivacyRequest.objects.filter(kind=PrivacyRequest.Kind.EXPORT, contact_id=subject.contact_id).exclude(
        file=""
    )
    return {**crm.counts(subject), **messaging.counts(subject), **agents.counts(subject), "copies": copies.count()}


def shown(contact_id: UUID) -> dict[str, Any]:
    """The same for a page: in one statement, and no further than anybody reads. Call inside the company."""
    mine = OuterRef("pk")
    chats = Conversation.objects.filter(contact=OuterRef(OuterRef("pk"))).values("pk")
    said = Message.objects.filter(conversation__contact=OuterRef(OuterRef("pk"))).values("pk")
    copies = PrivacyRequest.objects.filter(kind=PrivacyRequest.Kind.EXPORT, contact_id=mine).exclude(file="")
    found = Contact.objects.filter(pk=contact_id).values_list(
        Counted(Lead.objects.filter(contact=mine)),
        Counted(Conversation.objects.filter(contact=mine)),
        Counted(Message.objects.filter(conversation__contact=mine)),
        Counted(Attachment.objects.filter(message__in=said)),
        Counted(AgentRun.objects.filter(conversation_id__in=chats)),
        Counted(copies),
    )
    return dict(zip(NOUNS, found.first() or (0,) * len(NOUNS), strict=True))
