"""Shapes of channels, conversations and messages. Secrets live in the vault and never here."""

from datetime import datetime

from rest_framework import serializers

from messaging.domain.timing import window_closes
from messaging.models import Channel, Conversation, Message, Provider, Source
from messaging.services import channel_facts
from messaging.services.takeover import LONGEST_BRIEF


class ChannelOut(serializers.Serializer):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    channel_source = serializers.CharField()
    name = serializers.CharField()
    config = serializers.DictField()
    status = serializers.CharField(help_text="pending, connected, needs_reconnect or disabled")
    status_detail = serializers.CharField()
    route_key = serializers.CharField()
    webhook_url = serializers.CharField()
    last_webhook_at = serializers.DateTimeField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True, help_text="When its provider was last asked.")
    facts = serializers.SerializerMethodField(
        help_text="What the provider said of the account then, as it says it. Any of: name, username, phone, number, "
        "quality (GREEN, YELLOW, RED), limit (TIER_1K…), status, subscribed, coexistence."
    )
    token_expires_at = serializers.DateTimeField(allow_null=True)
    resting_until = serializers.DateTimeField(
        allow_null=True, help_text="After failures in a row nothing is tried before; may lie in the past."
    )
    fallback = serializers.UUIDField(
        source="fallback_id", allow_null=True, help_text="The channel that sends in its place while this one cannot."
    )
    created_at = serializers.DateTimeField()

    def get_facts(self, row: Channel) -> dict[str, str | bool]:
        known = {name: row.facts.get(name) for name in channel_facts.LABELS}
        return {name: value for name, value in known.items() if value != "" and isinstance(value, str | bool)}


class NewChannelBody(serializers.Serializer):
    provider = serializers.ChoiceField(choices=Provider.choices)
    channel_source = serializers.ChoiceField(choices=Source.choices)
    name = serializers.CharField(max_length=120)
    config = serializers.DictField(required=False, default=dict)


class ChannelBody(serializers.Serializer):
    name = serializers.CharField(max_length=120, required=False)
    config = serializers.DictField(required=False)
    status = serializers.ChoiceField(
        choices=[Channel.Status.CONNECTED.value, Channel.Status.DISABLED.value],
        required=False,
        help_text="connected switches it on: it proves itself with the next message",
    )
    fallback = serializers.UUIDField(
        required=False, allow_null=True, help_text="Another channel of the same kind, or null for none."
    )


class ConversationOut(serializers.Serializer):
    id = serializers.UUIDField()
    contact = serializers.UUIDField(source="contact_id")
    channel = serializers.UUIDField(source="channel_id")
    channel_source = serializers.CharField()
    provider = serializers.CharField()
    status = serializers.CharField(help_text="open, snoozed or closed")
    mode = serializers.CharField(help_text="ai, human or paused")
    human_override_until = serializers.DateTimeField(allow_null=True)
    assignee = serializers.UUIDField(source="assignee_id", allow_null=True, help_text="A user.")
    external_chatwoot_id = serializers.CharField()
    external_account_id = serializers.CharField()
    last_message_preview = serializers.CharField()
    last_message_at = serializers.DateTimeField(allow_null=True)
    unread_count = serializers.IntegerField()
    waiting_since = serializers.DateTimeField(
        allow_null=True, help_text="The contact's first message that nobody has answered."
    )
    window_ends_at = serializers.SerializerMethodField(
        help_text="Until when a person may write freely. Null on a web chat, which has no limit, and where the contact "
        "has not written yet: WhatsApp then takes a template only."
    )

    def get_window_ends_at(self, row: Conversation) -> datetime | None:
        if row.last_inbound_at is None:
            return None
        return window_closes(channel_source=row.channel_source, last_inbound=row.last_inbound_at, by_person=True)


class ConversationFilter(serializers.Serializer):
    contact = serializers.UUIDField(required=False)
    channel = serializers.UUIDField(required=False)
    mode = serializers.ChoiceField(choices=Conversation.Mode.values, required=False)
    status = serializers.ChoiceField(choices=Conversation.Status.values, required=False)
    assignee = serializers.CharField(required=False, max_length=40, help_text="A user's id, or none.")
    search = serializers.CharField(
        required=False, max_length=200, help_text="The contact; case and accents do not count."
    )


class AttachmentOut(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    mime = serializers.CharField()
    filename = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="Of the content, in hex; empty until it is there.")
    state = serializers.CharField(help_text="pending, ready or failed")
    error = serializers.CharField()
    hearing = serializers.CharField(help_text="Of a voice note: pending, ready or failed; none where nobody listens.")
    transcript = serializers.CharField()
    language = serializers.CharField(help_text="ISO 639-1, where the model told it.")
    seconds = serializers.DecimalField(max_digits=8, decimal_places=2, allow_null=True)


class MessageOut(serializers.Serializer):
    id = serializers.UUIDField()
    conversation = serializers.UUIDField(source="conversation_id")
    direction = serializers.CharField(help_text="in or out")
    author = serializers.CharField(help_text="contact, agent, user or system")
    author_name = serializers.CharField()
    kind = serializers.CharField()
    text = serializers.CharField()
    status = serializers.CharField(
        help_text="received, queued, sending, sent, delivered, read, failed, unknown or cancelled"
    )
    provider_message_id = serializers.CharField(allow_null=True)
    sequence = serializers.IntegerField()
    reply_to = serializers.CharField(help_text="The provider's id of what it answers to, or empty.")
    cause = serializers.CharField(help_text="Why an automatic message was written, or why one was withdrawn.")
    sent_via = serializers.UUIDField(
        source="sent_via_id", allow_null=True, help_text="The replacement channel that carried it."
    )
    edited = serializers.SerializerMethodField()
    revoked = serializers.SerializerMethodField(help_text="Deleted by who wrote it; its text is gone.")
    reactions = serializers.SerializerMethodField(help_text="contact and business → emoji")
    error = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_edited(self, row: Message) -> bool:
        return bool(row.payload.get("edited"))

    def get_revoked(self, row: Message) -> bool:
        return bool(row.payload.get("revoked"))

    def get_reactions(self, row: Message) -> dict[str, str]:
        return dict(row.payload.get("reactions") or {})


class LeftBehindOut(MessageOut):
    channel = serializers.UUIDField(source="channel_id")
    error_code = serializers.CharField()
    attempts = serializers.IntegerField()


class RetryBody(serializers.Serializer):
    looked = serializers.BooleanField(
        required=False, default=False, help_text="Needed for one that nobody confirmed: it did not arrive."
    )


class LeftBehindFilter(serializers.Serializer):
    status = serializers.ChoiceField(choices=["failed", "unknown"], required=False, help_text="Both when not named.")
    channel = serializers.UUIDField(required=False)


class MessageWithFilesOut(MessageOut):
    attachments = AttachmentOut(many=True)


class SentOut(MessageOut):
    message_ids = serializers.ListField(child=serializers.UUIDField(), help_text="Several when the text was too long.")


class TextBody(serializers.Serializer):
    text = serializers.CharField(max_length=20_000, trim_whitespace=False)


class FileBody(serializers.Serializer):
    file = serializers.FileField()
    caption = serializers.CharField(max_length=1024, required=False, allow_blank=True, default="")


class TakeoverBody(serializers.Serializer):
    hours = serializers.FloatField(required=False, allow_null=True, help_text="The company's default when not named.")
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class ReleaseBody(serializers.Serializer):
    brief = serializers.CharField(
        max_length=LONGEST_BRIEF,
        required=False,
        allow_blank=True,
        default="",
        help_text="What was agreed with the contact: a line of the thread that the agent reads and the contact does not.",
    )


class AssigneeBody(serializers.Serializer):
    assignee = serializers.UUIDField(allow_null=True, help_text="A user or membership of the company; null = nobody.")


class TemplateBody(serializers.Serializer):
    name = serializers.RegexField(r"^[a-z0-9_]{1,512}$")
    language = serializers.RegexField(r"^[a-z]{2,3}(_[A-Z]{2})?$")
    components = serializers.ListField(child=serializers.DictField(), required=False, default=list, max_length=20)


class MediaBody(serializers.Serializer):
    kind = serializers.CharField(max_length=20, required=False, default="document")
    link = serializers.URLField(max_length=2000)
    caption = serializers.CharField(max_length=1024, required=False, allow_blank=True, default="")
    filename = serializers.CharField(max_length=240, required=False, allow_blank=True, default="")


class ChoiceBody(serializers.Serializer):
    id = serializers.CharField(max_length=200)
    title = serializers.CharField(max_length=20)


class RelayBody(serializers.Serializer):
    to = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="E.164 on WhatsApp."
    )
    text = serializers.CharField(max_length=20_000, required=False, allow_blank=True, default="", trim_whitespace=False)
    provider = serializers.ChoiceField(choices=Provider.choices, required=False, allow_blank=True, default="")
    channel_source = serializers.ChoiceField(choices=Source.choices, required=False, allow_blank=True, default="")
    channel = serializers.UUIDField(required=False, allow_null=True, default=None)
    conversation_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    external_chatwoot_id = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    external_account_id = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    media = MediaBody(required=False, allow_null=True, default=None)
    template = TemplateBody(required=False, allow_null=True, default=None)
    choices = serializers.ListField(
        child=ChoiceBody(), required=False, max_length=10, help_text="Answers offered under the text."
    )
    reply_to = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="The provider's id of what is quoted."
    )
    tenant_id = serializers.IntegerField(required=False, allow_null=True, default=None)


class RelayedOut(serializers.Serializer):
    message_ids = serializers.ListField(child=serializers.UUIDField())
    correlation_id = serializers.CharField()
    bubbles = serializers.IntegerField()
