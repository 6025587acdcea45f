from config.lib.routes import route
from messaging.api import channels, conversations, messages

urlpatterns = [
    route("channels", channels.Channels),
    route("channels/<pk>", channels.OneChannel),
    route("conversations", conversations.Conversations),
    route("conversations/<pk>", conversations.OneConversation),
    route("conversations/<pk>/messages", conversations.Messages),
    route("conversations/<pk>/takeover", conversations.Takeover),
    route("conversations/<pk>/release", conversations.Release),
    route("conversations/<pk>/assign", conversations.Assign),
    route("conversations/<pk>/snooze", conversations.Snooze),
    route("conversations/<pk>/close", conversations.Close),
    route("conversations/<pk>/reopen", conversations.Reopen),
    route("conversations/<pk>/read", conversations.Read),
    route("messages/relay", messages.Relay),
    route("messages/<pk>/retry", messages.Retry),
]
