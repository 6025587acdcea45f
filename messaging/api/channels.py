"""Channels and their addresses."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from config.lib.api import CursorPages
from messaging.access import channel_for
from messaging.api.serializers import ChannelBody, ChannelOut, NewChannelBody
from messaging.ingest.models import InboundEvent
from messaging.models import Channel
from messaging.services import channel_events, channel_leaving, channels, events
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
        """Rename, change its data, name its replacement, switch it off or on."""
        channel = channel_for(self.member, pk)
        said = self.body(ChannelBody, partial=True)
        status = said.pop("status", None)
        if "fallback" in said:
            key = said.pop("fallback")
            channels.set_fallback(
                channel=channel, fallback=channel_for(self.member, key) if key else None, by=self.actor
            )
        if said:
            channels.update_channel(channel=channel, by=self.actor, **said)
        if status is not None:
            _switch(channel, status, by=self.actor)
        return Response(WithAddress(channel).data)

    @extend_schema(operation_id="channels_destroy", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Only one without conversations; 409 for any other, which can be switched off instead."""
        channel_leaving.remove(channel=channel_for(self.member, pk), by=self.actor)
        return Response(status=204)


class Check(CompanyView):
    writes = "channels.write"

    @extend_schema(operation_id="channels_check", request=None, responses={202: ChannelOut})
    def post(self, request: Request, pk: str) -> Response:
        """Have a worker try the connection; `status` and `status_detail` tell how it went. 409 for one that is off."""
        channel = channel_for(self.member, pk)
        channels.ask_for_test(channel=channel, by=self.actor)
        return Response(WithAddress(channel).data, status=202)


class RawEventOut(serializers.Serializer):
    """Without the body: that is on the channel's page, for whoever may read what customers write."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=InboundEvent.State.choices)
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    received_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)


class RawEventFilter(serializers.Serializer):
    state = serializers.ChoiceField(choices=[("failed", "failed")], required=False)
    cursor = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class Events(CompanyView):
    reads = "channels.read"

    @extend_schema(
        operation_id="channels_events",
        responses=RawEventOut(many=True),
        parameters=[OpenApiParameter("state", str, enum=["failed"])],
    )
    def get(self, request: Request, pk: str) -> Response:
        """What the provider sent, the latest first."""
        channel = channel_for(self.member, pk)
        asked = self.asked(RawEventFilter)
        which = channel_events.FAILED if asked.get("state") else ""
        limit = CursorPages.limit_of(request)
        found = channel_events.listed(channel, which=which, before=asked.get("cursor"), limit=limit)
        here = request.build_absolute_uri()
        following = replace_query_param(here, "cursor", str(found.next)) if found.next else None
        return Response({"results": RawEventOut(found.rows, many=True).data, "next": following, "previous": None})


class Replay(CompanyView):
    writes = "channels.write"

    @extend_schema(operation_id="channels_events_replay", request=None, responses={202: RawEventOut})
    def post(self, request: Request, pk: str, number: str) -> Response:
        """Work an event off once more; what it brought already stays as it is."""
        channel = channel_for(self.member, pk)
        row = channel_events.event_for(channel, number)
        if events.replay(channel=channel, event=row, by=self.actor):
            row = channel_events.event_for(channel, number)
        return Response(RawEventOut(row).data, status=202)


class WithAddress(ChannelOut):
    def to_representation(self, instance: Channel) -> dict[str, Any]:
        instance.webhook_url = channels.webhook_url(instance)  # type: ignore[attr-defined]  # not a column
        return super().to_representation(instance)


def _switch(channel: Channel, status: str, *, by: Any) -> None:
    enabled = status != Channel.Status.DISABLED
    if enabled != (channel.status != Channel.Status.DISABLED):
        channels.set_enabled(channel=channel, enabled=enabled, by=by)
