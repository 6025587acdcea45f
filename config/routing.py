"""Websocket addresses of all apps."""

from channels.routing import URLRouter
from django.urls import path

from messaging.consumers import VisitorConsumer
from tenants.live.consumer import EventsConsumer

websockets = URLRouter(
    [
        path("ws/events/", EventsConsumer.as_asgi()),
        path("ws/webchat/<uuid:channel_id>/", VisitorConsumer.as_asgi()),
    ]
)
