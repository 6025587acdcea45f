"""Shapes of channels, conversations and messages. Secrets live in the vault and never here."""

from rest_framework import serializers

from messaging.models import Channel, Conversation, Provider, Source


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
    fallback = serializers.UUIDField(
        source="fallback_id", allow_null=True, help_text="The channel that sends in its place while this one cannot."
    )
    created_at = serializers.DateTimeField()


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
    error = serializers.CharField()
    created_at = serializers.DateTimeField()


class LeftBehindOut(MessageOut):
    channel = serializers.UUIDField(source="channel_id")
    error_code = serializers.CharField()
    attempts = serializers.IntegerField()


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
