"""Conversations: reading them, answering as a person, and who has them."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import Invalid
from config.lib.ids import key_of
from crm.models import Contact
from messaging.access import conversation_for, visible_conversations
from messaging.api.serializers import (
    AssigneeBody,
    ConversationFilter,
    ConversationOut,
    FileBody,
    MessageOut,
    MessageWithFilesOut,
    ReleaseBody,
    SentOut,
    TakeoverBody,
    TextBody,
)
from messaging.domain.media_limits import LARGEST_SENT
from messaging.models import Conversation, Message
from messaging.services import conversations, media, outbound, takeover
from tenants.api.base import CompanyView
from tenants.api.parsers import JSONParser
from tenants.audit_access import audit_access
from tenants.models import Membership, User

FORM_BYTES = 64 * 1024  # of a form around its file


def narrowed(rows: QuerySet[Conversation], asked: dict[str, Any]) -> QuerySet[Conversation]:
    plain = {name: asked[name] for name in ("contact", "channel", "mode", "status") if name in asked}
    rows = rows.filter(**plain)
    if "assignee" in asked:
        person = asked["assignee"]
        rows = rows.filter(assignee=None) if person == "none" else rows.filter(assignee_id=key_of(person))
    if "search" in asked:
        rows = rows.filter(contact__in=Contact.objects.search(asked["search"]).values("pk"))
    return rows


@audit_access("conversations.listed")
class Conversations(CompanyView):
    reads = "inbox.read"
    page_by = "last_message_at"

    @extend_schema(
        operation_id="conversations_list", parameters=[ConversationFilter], responses=ConversationOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """The last spoken first."""
        return self.paged(narrowed(visible_conversations(self.member), self.asked(ConversationFilter)), ConversationOut)


@audit_access("conversation.viewed", resource="pk")
class OneConversation(CompanyView):
    reads = "inbox.read"

    @extend_schema(operation_id="conversations_retrieve", responses=ConversationOut)
    def get(self, request: Request, pk: str) -> Response:
        """One conversation."""
        return Response(ConversationOut(conversation_for(self.member, pk)).data)


@audit_access("conversation.viewed", resource="pk")
class Messages(CompanyView):
    reads, writes = "inbox.read", "inbox.write"
    parser_classes = [JSONParser, MultiPartParser]
    most_bytes = LARGEST_SENT + FORM_BYTES

    @extend_schema(operation_id="conversations_messages_list", responses=MessageWithFilesOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """Newest first; `sequence` is the order of the conversation."""
        conversation = conversation_for(self.member, pk)
        rows = Message.objects.filter(conversation=conversation).prefetch_related("attachments")
        return self.paged(rows, MessageWithFilesOut)

    @extend_schema(
        operation_id="conversations_messages_create",
        request={"application/json": TextBody, "multipart/form-data": FileBody},
        responses={201: SentOut},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Answer as the person, with a text or (as a form) a file of up to 25 MB: the chat is theirs from then on.

        422 once the reply window of the channel is over, and for a file that the channel does not take.
        """
        conversation = conversation_for(self.member, pk, lock=True)
        if (request.content_type or "").startswith("multipart/"):
            said = self.body(FileBody)
            sent = [media.send_file(conversation=conversation, by=self.actor, user=self.user, **said)]
        else:
            text = self.body(TextBody)["text"]
            sent = outbound.send_as_person(conversation=conversation, text=text, by=self.actor, user=self.user)
        ids = [str(message.pk) for message in sent]
        return Response({**MessageOut(sent[0]).data, "message_ids": ids}, status=201)


@audit_access("conversation.viewed", resource="pk")
class Act(CompanyView):
    """Something done to a conversation; answers with what it is then."""

    writes = "inbox.write"

    def done(self, conversation: Conversation) -> Response:
        return Response(ConversationOut(conversation_for(self.member, conversation.pk)).data)


class Takeover(Act):
    @extend_schema(operation_id="conversations_takeover", request=TakeoverBody, responses=ConversationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Give the chat to the caller; the agent is silent meanwhile."""
        conversation = conversation_for(self.member, pk, lock=True)
        said = self.body(TakeoverBody)
        takeover.take_over(conversation=conversation, by=self.actor, user=self.user, **said)
        return self.done(conversation)


class Release(Act):
    @extend_schema(operation_id="conversations_release", request=ReleaseBody, responses=ConversationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Give the chat back to the agent, which answers from the next customer message on."""
        conversation = conversation_for(self.member, pk, lock=True)
        takeover.release(conversation=conversation, by=self.actor, **self.body(ReleaseBody))
        return self.done(conversation)


class Assign(Act):
    @extend_schema(operation_id="conversations_assign", request=AssigneeBody, responses=ConversationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Name who attends."""
        conversation = conversation_for(self.member, pk, lock=True)
        wanted = self.body(AssigneeBody)["assignee"]
        conversations.assign(conversation=conversation, user=self._person(wanted) if wanted else None, by=self.actor)
        return Response(ConversationOut(conversation).data)  # who gives a chat away may not see it any more

    def _person(self, wanted: object) -> User:
        rows = Membership.objects.active().filter(Q(user_id=wanted) | Q(pk=wanted), tenant_id=self.tenant.pk)
        member = rows.select_related("user").first()
        if member is None:
            message = _("Esa persona no es miembro activo de la empresa.")
            raise Invalid(message, fields={"assignee": message})
        return member.user


class _Status(Act):
    status: Conversation.Status

    def change(self, pk: str) -> Response:
        conversation = conversation_for(self.member, pk, lock=True)
        conversations.set_status(conversation=conversation, status=self.status, by=self.actor)
        return self.done(conversation)


class Snooze(_Status):
    status = Conversation.Status.SNOOZED

    @extend_schema(operation_id="conversations_snooze", request=None, responses=ConversationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Out of sight until the contact writes again."""
        return self.change(pk)


class Close(_Status):
    status = Conversation.Status.CLOSED

    @extend_schema(operation_id="conversations_close", request=None, responses=ConversationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Done; the next message of the contact opens it again."""
        return self.change(pk)


class Reopen(_Status):
    status = Conversation.Status.OPEN

    @extend_schema(operation_id="conversations_reopen", request=None, responses=ConversationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Back among the open ones."""
        return self.change(pk)


class Read(Act):
    @extend_schema(operation_id="conversations_read", request=None, responses=ConversationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Nothing is unread any more."""
        conversation = conversation_for(self.member, pk, lock=True)
        conversations.mark_read(conversation=conversation, by=self.actor)
        return self.done(conversation)
