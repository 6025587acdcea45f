from messaging.models.channel import Channel, ChannelIdentity, MetaLogin, Provider, Source
from messaging.models.conversation import Conversation
from messaging.models.message import Attachment, Message, MessageStatus, PendingStatus, ProviderNotice
from messaging.models.scheduled import ScheduledMessage
from messaging.models.template import MessageTemplate

__all__ = [
    "Attachment",
    "Channel",
    "ChannelIdentity",
    "Conversation",
    "Message",
    "MessageStatus",
    "MessageTemplate",
    "MetaLogin",
    "PendingStatus",
    "Provider",
    "ProviderNotice",
    "ScheduledMessage",
    "Source",
]
