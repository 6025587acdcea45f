"""Channels and their addresses."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.access import channel_for
from messaging.api.serializers import ChannelBody, ChannelOut, NewChannelBody
from messaging.models import Channel
from messaging.services import channels
from tenants.api.base import CompanyView


class Channels(CompanyView):
    reads, writes = "channels.read", "channels.write"

    @extend_schema(operation_id="channels_list", responses=ChannelOut(many=True))
    def get(self, request: Request) -> Response:
        """Channels, the latest first."""
        return self.paged(Channel.objects.all(), WithAddress)

    @extend_schema(operation_id="channels_create", request=NewChannelBody, responses={201: ChannelOut})
    def post(self, request: Request) -> Response:
        """Create a channel; `webhook_url` is what its provider must call."""
        said = self.body(NewChannelBody)
        return Response(WithAddress(channels.create_channel(by=self.actor, **said)).data, status=201)


class OneChannel(CompanyView):
    reads, writes = "channels.read", "channels.write"

    @extend_schema(operation_id="channels_retrieve", responses=ChannelOut)
    def get(self, request: Request, pk: str) -> Response:
        """One channel with its address and state."""
        return Response(WithAddress(channel_for(self.member, pk)).data)

    @extend_schema(operation_id="channels_update", request=ChannelBody, responses=ChannelOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Rename, change its data, switch it off or on."""
        channel = channel_for(self.member, pk)
        said = self.body(ChannelBody, partial=True)
        status = said.pop("status", None)
        if said:
            channels.update_channel(channel=channel, by=self.actor, **said)
        if status is not None:
            _switch(channel, status, by=self.actor)
        return Response(WithAddress(channel).data)


class WithAddress(ChannelOut):
    def to_representation(self, instance: Channel) -> dict[str, Any]:
        instance.webhook_url = channels.webhook_url(instance)  # type: ignore[attr-defined]  # not a column
        return super().to_representation(instance)


def _switch(channel: Channel, status: str, *, by: Any) -> None:
    enabled = status != Channel.Status.DISABLED
    if enabled != (channel.status != Channel.Status.DISABLED):
        channels.set_enabled(channel=channel, enabled=enabled, by=by)
