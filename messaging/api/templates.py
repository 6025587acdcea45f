"""WhatsApp's templates: reading, writing, handing over for review, seeing one with a contact's data."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import NotFound
from config.lib.ids import key_of
from crm.models import Contact
from messaging.access import channel_for
from messaging.domain import template_parts
from messaging.domain.template_parts import Button, Written
from messaging.models import Channel, MessageTemplate
from messaging.services import template_sync, template_values, templates
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class TemplateOut(serializers.Serializer):
    id = serializers.UUIDField()
    channel = serializers.UUIDField(source="channel_id")
    name = serializers.CharField()
    language = serializers.CharField()
    category = serializers.CharField(help_text="utility, marketing or authentication")
    status = serializers.CharField(help_text="draft, pending, approved, rejected, paused, disabled or gone")
    reason = serializers.CharField(help_text="Of a refusal or a pause, in words.")
    submit_error = serializers.CharField()
    quality = serializers.CharField(help_text="GREEN, YELLOW, RED or empty")
    components = serializers.ListField(child=serializers.DictField(), help_text="As WhatsApp keeps them.")
    values = serializers.ListField(child=serializers.CharField(), help_text="What fills its variables, in their order.")
    synced_at = serializers.DateTimeField(allow_null=True)


class TemplateFilter(serializers.Serializer):
    channel = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(choices=MessageTemplate.Status.values, required=False)
    name = serializers.CharField(required=False, max_length=512)


class ButtonBody(serializers.Serializer):
    kind = serializers.ChoiceField(choices=template_parts.BUTTON_KINDS)
    text = serializers.CharField(max_length=200)
    value = serializers.CharField(max_length=2000, required=False, default="", help_text="An address or a phone.")
    sample = serializers.CharField(max_length=500, required=False, default="")


class NewTemplateBody(serializers.Serializer):
    channel = serializers.UUIDField()
    name = serializers.CharField(max_length=512)
    language = serializers.CharField(max_length=15)
    category = serializers.ChoiceField(choices=["utility", "marketing"])
    header = serializers.ChoiceField(choices=["", "text", *template_parts.MEDIA_HEADERS], required=False, default="")
    header_text = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, default="", help_text="Words, or the link of a sample file."
    )
    header_sample = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    body = serializers.CharField(max_length=5000)
    footer = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    buttons = ButtonBody(many=True, required=False, default=list)
    samples = serializers.ListField(child=serializers.CharField(max_length=1000), required=False, default=list)
    values = serializers.ListField(
        child=serializers.CharField(max_length=1000, allow_blank=True), required=False, default=list
    )


class ValuesBody(serializers.Serializer):
    values = serializers.ListField(
        child=serializers.CharField(max_length=1000, allow_blank=True),
        max_length=100,
        help_text="One for each variable, in their order: words, or {{nombre}} and the like.",
    )


class PreviewBody(serializers.Serializer):
    contact = serializers.UUIDField()


class ShownOut(serializers.Serializer):
    header = serializers.CharField()
    body = serializers.CharField()
    footer = serializers.CharField()
    buttons = serializers.ListField(child=serializers.CharField())
    lacking = serializers.ListField(child=serializers.CharField(), help_text="Names of which nothing is known.")


class SyncBody(serializers.Serializer):
    channel = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="All numbers when left out."
    )


@audit_access("templates.listed")
class Templates(CompanyView):
    reads, writes = "inbox.write", "channels.write"

    @extend_schema(operation_id="templates_list", parameters=[TemplateFilter], responses=TemplateOut(many=True))
    def get(self, request: Request) -> Response:
        """The latest first."""
        return self.paged(_narrowed(MessageTemplate.objects.all(), self.asked(TemplateFilter)), TemplateOut)

    @extend_schema(operation_id="templates_create", request=NewTemplateBody, responses={201: TemplateOut})
    def post(self, request: Request) -> Response:
        """A draft. What WhatsApp would refuse is refused here, beside its field."""
        said = self.body(NewTemplateBody)
        row = templates.create(
            channel=channel_for(self.member, said["channel"]),
            **{name: said[name] for name in ("name", "language", "category", "values")},
            written=_written(said),
            by=self.actor,
            user=self.user,
        )
        return Response(TemplateOut(row).data, status=201)


def _narrowed(rows: QuerySet[MessageTemplate], asked: dict[str, Any]) -> QuerySet[MessageTemplate]:
    return rows.filter(**asked)


def _written(said: dict[str, Any]) -> Written:
    names = ("body", "header", "header_text", "header_sample", "footer")
    buttons = tuple(Button(**each) for each in said["buttons"])
    return Written(**{name: said[name] for name in names}, buttons=buttons, samples=tuple(said["samples"]))


@audit_access("template.viewed", resource="pk")
class OneTemplate(CompanyView):
    reads, writes = "inbox.write", "channels.write"

    @extend_schema(operation_id="templates_retrieve", responses=TemplateOut)
    def get(self, request: Request, pk: str) -> Response:
        """One template."""
        return Response(TemplateOut(templates.template_for(pk)).data)

    @extend_schema(operation_id="templates_update", request=ValuesBody, responses=TemplateOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Other data for its variables, in any state."""
        values = self.body(ValuesBody)["values"]
        row = templates.update(template=templates.template_for(pk), by=self.actor, values=values)
        return Response(TemplateOut(row).data)

    @extend_schema(operation_id="templates_duplicate", request=None, responses={201: TemplateOut})
    def post(self, request: Request, pk: str) -> Response:
        """A draft with the same words under the next free name."""
        row = templates.duplicate(template=templates.template_for(pk), by=self.actor, user=self.user)
        return Response(TemplateOut(row).data, status=201)

    @extend_schema(operation_id="templates_destroy", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Only a draft that WhatsApp never saw; 409 for any other."""
        templates.remove_draft(template=templates.template_for(pk), by=self.actor)
        return Response(status=204)


@audit_access("template.viewed", resource="pk")
class Submit(CompanyView):
    writes = "channels.write"

    @extend_schema(operation_id="templates_submit", request=None, responses=TemplateOut)
    def post(self, request: Request, pk: str) -> Response:
        """Hand a draft over for review; its state follows."""
        row = templates.ask_to_submit(template=templates.template_for(pk), by=self.actor)
        return Response(TemplateOut(row).data)


@audit_access("template.viewed", resource="pk")
class Preview(CompanyView):
    writes = "inbox.write"

    @extend_schema(operation_id="templates_preview", request=PreviewBody, responses=ShownOut)
    def post(self, request: Request, pk: str) -> Response:
        """What a contact would read, and which of their data are lacking."""
        row = templates.template_for(pk)
        wanted = key_of(self.body(PreviewBody)["contact"])
        contact = Contact.objects.visible_to(self.member).filter(pk=wanted).first()
        if contact is None:
            raise NotFound(_("Ese contacto no existe."))
        values = templates.fitting(row.components, row.values)
        known = template_values.known_of(contact, member=self.member, values=values)
        found = templates.seen(row, values, known)
        said = {name: getattr(found.shown, name) for name in ("header", "body", "footer")}
        return Response(
            {**said, "buttons": [label for _kind, label in found.shown.buttons], "lacking": list(found.lacking)}
        )


@audit_access("templates.listed")
class Sync(CompanyView):
    writes = "channels.write"

    @extend_schema(operation_id="templates_sync", request=SyncBody, responses={202: None})
    def post(self, request: Request) -> Response:
        """Ask the provider for all templates of a number, or of all numbers; the list follows."""
        wanted = self.body(SyncBody)["channel"]
        rows = templates.channels().exclude(status=Channel.Status.DISABLED)
        found = list(rows.filter(pk=channel_for(self.member, wanted).pk) if wanted else rows)
        for channel in found:
            template_sync.ask_to_sync(channel=channel, by=self.actor)
        return Response(status=202)
