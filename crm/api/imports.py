"""Spreadsheets in: small ones are worked off at once, large ones by a worker."""

import json
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import Invalid
from crm.importing import batches, reading, refusals, running
from crm.importing.batches import import_for
from crm.models import ImportBatch, ImportRow
from crm.views.imports import as_file
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access

FORM_BYTES = 64 * 1024  # what the other fields and the form's own marks may take
AT_ONCE = 300  # rows; more are a worker's
SHOWN_ERRORS = 100


class ImportBody(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True, max_length=2000)
    dry_run = serializers.BooleanField(required=False, default=False, help_text="Only say what would happen.")
    mapping = serializers.CharField(
        required=False, default="", max_length=20_000, help_text='JSON {"heading": "field"}; guessed when left out.'
    )
    policy = serializers.ChoiceField(choices=ImportBatch.Policy.choices, required=False, default="fill")
    create_leads = serializers.BooleanField(required=False, allow_null=True, default=None)
    source = serializers.CharField(  # type: ignore[assignment]  # a field's own option in the stubs
        required=False, allow_blank=True, max_length=60, default=""
    )
    tags = serializers.CharField(
        required=False, allow_blank=True, max_length=400, default="", help_text="Separated by commas, for everybody."
    )
    owner = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="A seller's id.")


class ImportErrorOut(serializers.Serializer):
    """`row` as the spreadsheet counts; column and value are empty when the row as a whole is wrong."""

    row = serializers.IntegerField()
    column = serializers.CharField()
    value = serializers.CharField()
    message = serializers.CharField()


class ImportOut(serializers.Serializer):
    """Counts are of rows. While checking they say what would happen, afterwards what did."""

    id = serializers.UUIDField()
    filename = serializers.CharField()
    status = serializers.CharField(
        help_text="mapping, checking, checked, importing, done, undoing, undone, stopped or failed"
    )
    error = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    mapping = serializers.DictField(child=serializers.CharField(), help_text="Heading → field.")
    policy = serializers.CharField()
    create_leads = serializers.BooleanField(source="makes_leads")
    total = serializers.IntegerField()
    processed = serializers.IntegerField(source="done")
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField(source="refused")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class ImportWithErrorsOut(ImportOut):
    errors = serializers.SerializerMethodField(  # type: ignore[assignment]  # the errors of a body in the stubs
        help_text="The first hundred; all of them at `/errors`."
    )

    @extend_schema_field(ImportErrorOut(many=True))
    def get_errors(self, batch: ImportBatch) -> list[dict[str, Any]]:
        rows: list[ImportRow] = batches.refusals(batch, SHOWN_ERRORS)
        names = ("row", "column", "value", "message")
        return [dict(zip(names, cells, strict=True)) for row in rows for cells in refusals.of_row(row)]


class ImportLeads(CompanyView):
    writes = "leads.import"
    parser_classes = [MultiPartParser]
    most_bytes = reading.MOST_BYTES + FORM_BYTES

    @extend_schema(
        operation_id="leads_import",
        request={"multipart/form-data": ImportBody},
        responses={200: ImportWithErrorsOut, 201: ImportWithErrorsOut, 202: ImportWithErrorsOut},
    )
    def post(self, request: Request) -> Response:
        """CSV or XLSX with a heading (name, phone, email, source…). The same file twice doubles nobody.

        Up to 1,000 rows: 201 when imported, 200 for a `dry_run`. Larger files: 202, and `imports/{id}` tells how far it is;
        after the check of a large file `imports/{id}/start` imports it.
        """
        said = self.body(ImportBody)
        batch = batches.take_in(
            name=said["file"].name, content=batches.content_of(said["file"]), user=self.user, by=self.actor
        )
        batches.choose(
            batch=batch,
            columns=_mapping(said["mapping"]) or batch.mapping,
            policy=said["policy"],
            makes_leads=batch.makes_leads if said["create_leads"] is None else said["create_leads"],
            source=said["source"],
            labels=said["tags"].split(","),
            owner=said["owner"],
        )
        batch.options["starts"] = not said["dry_run"]
        batches.check(batch=batch)
        if batch.total > AT_ONCE:
            return Response(ImportWithErrorsOut(batch).data, status=202)
        running.work_now(tenant=self.tenant, batch=batch)
        return Response(ImportWithErrorsOut(batch).data, status=200 if said["dry_run"] else 201)


def _mapping(raw: str) -> dict[str, str]:
    if not raw:
        return {}
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        message = _("Tiene que ser un objeto JSON de encabezado a campo.")
        raise Invalid(message, status=400, fields={"mapping": message})
    return value


@audit_access("imports.listed")
class Imports(CompanyView):
    reads = "leads.import"

    @extend_schema(operation_id="imports_list", responses=ImportOut(many=True))
    def get(self, request: Request) -> Response:
        """Imports, the latest first; whoever does not see all gets their own."""
        return self.paged(batches.shown_to(self.member), ImportOut)


@audit_access("import.viewed", resource="pk", kind="importbatch")
class OneImport(CompanyView):
    reads = "leads.import"

    @extend_schema(operation_id="imports_retrieve", responses=ImportWithErrorsOut)
    def get(self, request: Request, pk: str) -> Response:
        """How far an import is, and what is wrong with its rows."""
        return Response(ImportWithErrorsOut(import_for(self.member, pk)).data)


@audit_access("import.viewed", resource="pk", kind="importbatch")
class StartImport(CompanyView):
    writes = "leads.import"

    @extend_schema(operation_id="imports_start", request=None, responses={202: ImportOut})
    def post(self, request: Request, pk: str) -> Response:
        """Import what was checked, or go on with what was stopped."""
        batch = import_for(self.member, pk, lock=True)
        if batch.status == ImportBatch.Status.STOPPED:
            batches.resume(batch=batch)
        else:
            batches.start(batch=batch, by=self.actor)
        return Response(ImportOut(batch).data, status=202)


@audit_access("import.viewed", resource="pk", kind="importbatch")
class StopImport(CompanyView):
    writes = "leads.import"

    @extend_schema(operation_id="imports_stop", request=None, responses=ImportOut)
    def post(self, request: Request, pk: str) -> Response:
        """Stop; what was done so far stays."""
        return Response(ImportOut(batches.stop(batch=import_for(self.member, pk, lock=True), by=self.actor)).data)


@audit_access("import.viewed", resource="pk", kind="importbatch")
class UndoImport(CompanyView):
    writes = "leads.import"

    @extend_schema(operation_id="imports_undo", request=None, responses={202: ImportOut})
    def post(self, request: Request, pk: str) -> Response:
        """Take back what the file brought, where nobody worked on it since."""
        batch = batches.undo(batch=import_for(self.member, pk, lock=True), by=self.actor)
        return Response(ImportOut(batch).data, status=202)


@audit_access("import.viewed", resource="pk", kind="importbatch", always=True)
class ImportErrors(CompanyView):
    reads = "leads.import"
    pagination_class = None

    @extend_schema(operation_id="imports_errors", responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR)})
    def get(self, request: Request, pk: str) -> Any:
        """Every row that was not used, with column, value and reason, as CSV."""
        return as_file(refusals.lines(self.tenant, import_for(self.member, pk)), pk)
