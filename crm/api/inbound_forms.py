"""Doors: public forms, and addresses where other systems hand leads in."""

import json
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import NotFound
from config.lib.ids import key_of
from crm.access import seller_for
from crm.models import InboundForm, Pipeline, Submission
from crm.services import inbound_forms
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access
from tenants.live import idempotency


class FormOut(serializers.Serializer):
    """Never the token itself."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="form or webhook")
    name = serializers.CharField()
    slug = serializers.CharField()
    url = serializers.SerializerMethodField()
    token_last4 = serializers.CharField()
    title = serializers.CharField()
    intro = serializers.CharField()
    thanks = serializers.CharField()
    fields = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]  # a field of that name
    source = serializers.CharField()  # type: ignore[assignment]  # a field, not the option of that name
    tags = serializers.ListField(child=serializers.CharField())
    pipeline = serializers.UUIDField(source="pipeline_id", allow_null=True)
    owner = serializers.UUIDField(source="owner_id", allow_null=True, help_text="A seller.")
    consent_text = serializers.CharField()
    allowed_domains = serializers.ListField(child=serializers.CharField())
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()

    def get_url(self, row: InboundForm) -> str:
        """Where it is open."""
        door = "f" if row.kind == InboundForm.Kind.FORM else "entrada"
        return f"{settings.PUBLIC_URL}/{door}/{self.context['company']}/{row.slug}/"


class FormWithTokenOut(FormOut):
    token = serializers.CharField(
        allow_null=True, help_text="Of a webhook, shown this once; null in the answer to a repeated request."
    )


class AskedBody(serializers.Serializer):
    name = serializers.CharField(
        max_length=60, help_text="name, phone, email, city, message, consent, external_id, lead.<key> or contact.<key>"
    )
    required = serializers.BooleanField(required=False, default=False)  # type: ignore[assignment]  # a field, not the option of that name
    path = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Of a webhook: where it is, as in data.phone."
    )
    purpose = serializers.CharField(max_length=12, required=False, help_text="Of the consent.")


class FormChange(serializers.Serializer):
    name = serializers.CharField(max_length=120, required=False)
    slug = serializers.SlugField(max_length=60, required=False)
    title = serializers.CharField(max_length=160, required=False, allow_blank=True)
    intro = serializers.CharField(max_length=500, required=False, allow_blank=True)
    thanks = serializers.CharField(max_length=500, required=False, allow_blank=True)
    fields = AskedBody(many=True, required=False)  # type: ignore[assignment]  # a field of that name
    source = serializers.CharField(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]  # a field, not the option of that name
    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=30)
    pipeline = serializers.UUIDField(required=False, allow_null=True)
    owner = serializers.UUIDField(required=False, allow_null=True)
    consent_text = serializers.CharField(max_length=500, required=False, allow_blank=True)
    allowed_domains = serializers.ListField(child=serializers.CharField(max_length=253), required=False, max_length=20)
    is_active = serializers.BooleanField(required=False)


class FormBody(FormChange):
    kind = serializers.ChoiceField(choices=InboundForm.Kind.choices)
    name = serializers.CharField(max_length=120)


class SubmissionOut(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.CharField(help_text="accepted, refused or test")
    error = serializers.CharField()
    contact = serializers.UUIDField(source="contact_id", allow_null=True)
    lead = serializers.UUIDField(source="lead_id", allow_null=True)
    external_id = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class _Doors(CompanyView):
    def shown(self, row: InboundForm, *, token: str | None = None) -> dict[str, Any]:
        body = dict(FormOut(row, context={"company": self.tenant.slug}).data)
        return body if token is None else {**body, "token": token or None}

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What is kept for a repeated request has no token in it: nothing of ours may hold one."""
        claimed, self.claimed = self.claimed, None
        final = super().finalize_response(request, response, *args, **kwargs)
        if claimed is not None and final.status_code < 400:
            kept = {**final.data, "token": None} if "token" in (final.data or {}) else final.data
            text = "" if kept is None else json.dumps(kept, default=str)
            idempotency.keep(claimed, status=final.status_code, response=text)
        return final


def _with_rows(said: dict[str, Any]) -> dict[str, Any]:
    if said.get("owner"):
        said["owner"] = seller_for(said["owner"])
    if said.get("pipeline"):
        said["pipeline"] = Pipeline.objects.filter(pk=key_of(said["pipeline"])).first()
        if said["pipeline"] is None:
            raise NotFound(_("Ese embudo no existe."))
    return said


class Forms(_Doors):
    reads, writes = "forms.read", "forms.write"

    @extend_schema(operation_id="forms_list", responses=FormOut(many=True))
    def get(self, request: Request) -> Response:
        """Every door, by name."""
        rows = [self.shown(row) for row in InboundForm.objects.order_by("name")[: inbound_forms.MOST_FORMS]]
        return Response({"results": rows, "next": None, "previous": None})

    @extend_schema(operation_id="forms_create", request=FormBody, responses={201: FormWithTokenOut})
    def post(self, request: Request) -> Response:
        """Open a door. The token of a webhook is shown this once."""
        row, token = inbound_forms.create_form(by=self.actor, **_with_rows(self.body(FormBody)))
        return Response(self.shown(row, token=token), status=201)


class OneForm(_Doors):
    reads, writes = "forms.read", "forms.write"

    @extend_schema(operation_id="forms_retrieve", responses=FormOut)
    def get(self, request: Request, pk: str) -> Response:
        """One door."""
        return Response(self.shown(inbound_forms.form_for(pk)))

    @extend_schema(operation_id="forms_update", request=FormChange, responses=FormOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named parts; `is_active` opens and closes it."""
        row = inbound_forms.form_for(pk)
        changes = _with_rows(self.body(FormChange, partial=True))
        return Response(self.shown(inbound_forms.update_form(form=row, by=self.actor, **changes)))

    @extend_schema(operation_id="forms_destroy", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Remove the door and the record of what came through it; people and leads stay."""
        inbound_forms.remove_form(form=inbound_forms.form_for(pk), by=self.actor)
        return Response(status=204)


class FormToken(_Doors):
    writes = "forms.write"

    @extend_schema(operation_id="forms_token", request=None, responses=FormWithTokenOut)
    def post(self, request: Request, pk: str) -> Response:
        """Another token, shown this once; the one before is worth nothing from now on."""
        row = inbound_forms.form_for(pk)
        token = inbound_forms.renew_token(form=row, by=self.actor)
        return Response(self.shown(row, token=token))


@audit_access("form.viewed", resource="pk", kind="inboundform")
class FormSubmissions(CompanyView):
    reads = "forms.read"
    page_by = "at"

    @extend_schema(operation_id="forms_submissions", responses=SubmissionOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """What came through the door and what became of it, the latest first; not what was written."""
        rows = Submission.objects.filter(form=inbound_forms.form_for(pk))
        return self.paged(rows, SubmissionOut)
