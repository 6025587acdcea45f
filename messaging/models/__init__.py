from messaging.models.channel import Channel, ChannelIdentity, Provider, Source
from messaging.models.conversation import Conversation
from messaging.models.message import Attachment, Message, MessageStatus, PendingStatus, ProviderNotice

__all__ = [
    "Attachment",
    "Channel",
    "ChannelIdentity",
    "Conversation",
    "Message",
    "MessageStatus",
    "PendingStatus",
    "Provider",
    "ProviderNotice",
    "Source",
]
