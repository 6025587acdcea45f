"""Knowledge: documents in, passages out."""

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import AppError
from rag.access import document_for
from rag.extract import MAX_BYTES
from rag.models import Collection, Document, DocumentStatus
from rag.services.ingest import add_document, retry_document
from rag.services.remove import remove_document
from rag.services.search import MAX_LIMIT, MAX_QUERY, search
from tenants.api.base import CompanyView

FORM_BYTES = 64 * 1024  # what the other fields and the form's own marks may take


class DocumentOut(serializers.Serializer):
    id = serializers.UUIDField()
    title = serializers.CharField()
    collection = serializers.CharField(help_text="general, adn_personal or shadow")
    filename = serializers.CharField()
    mime = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")
    status = serializers.CharField(help_text="queued, processing, ready or failed")
    error = serializers.CharField()
    progress = serializers.IntegerField(help_text="0 to 100")
    chunk_count = serializers.IntegerField()
    version = serializers.IntegerField()
    hero_name = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class UploadBody(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True, max_length=2000)
    collection = serializers.ChoiceField(choices=Collection.choices, required=False, default=Collection.GENERAL.value)
    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    hero_name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class DocumentFilter(serializers.Serializer):
    collection = serializers.ChoiceField(choices=Collection.values, required=False)
    status = serializers.ChoiceField(choices=DocumentStatus.values, required=False)
    search = serializers.CharField(required=False, max_length=200, help_text="Part of the title.")


class RemovalOut(serializers.Serializer):
    """What went with the document."""

    vectors = serializers.IntegerField()
    metadata = serializers.IntegerField()
    file = serializers.BooleanField()


class Documents(CompanyView):
    reads, writes = "knowledge.read", "knowledge.write"
    parser_classes = [MultiPartParser]
    most_bytes = MAX_BYTES + FORM_BYTES

    @extend_schema(operation_id="documents_list", parameters=[DocumentFilter], responses=DocumentOut(many=True))
    def get(self, request: Request) -> Response:
        """Documents, the latest first."""
        asked = self.asked(DocumentFilter)
        rows = Document.objects.filter(**{name: asked[name] for name in ("collection", "status") if name in asked})
        if "search" in asked:
            rows = rows.filter(title__icontains=asked["search"])
        return self.paged(rows, DocumentOut)

    @extend_schema(
        operation_id="documents_create", request={"multipart/form-data": UploadBody}, responses={201: DocumentOut}
    )
    def post(self, request: Request) -> Response:
        """Upload a file; it is read by a worker. The same content again answers 200 with the document that exists."""
        said = self.body(UploadBody)
        file = said["file"]
        if file.size > MAX_BYTES:  # before it is read into memory
            raise AppError(_("El archivo es demasiado grande."), code="too_large", status=413)
        document = add_document(
            file_name=file.name,
            content=file.read(),
            title=said["title"],
            collection=said["collection"],
            hero_name=said["hero_name"],
            by=self.actor,
        )
        return Response(DocumentOut(document).data, status=200 if document.already_there else 201)


class OneDocument(CompanyView):
    reads, writes = "knowledge.read", "knowledge.write"

    @extend_schema(operation_id="documents_retrieve", responses=DocumentOut)
    def get(self, request: Request, pk: str) -> Response:
        """One document and how far its reading is."""
        return Response(DocumentOut(document_for(self.member, pk)).data)

    @extend_schema(operation_id="documents_delete", responses={200: RemovalOut})
    def delete(self, request: Request, pk: str) -> Response:
        """Remove a document with its vectors and its file; answers what went."""
        removal = remove_document(document=document_for(self.member, pk), by=self.actor)
        return Response(RemovalOut(removal).data)


class RetryDocument(CompanyView):
    writes = "knowledge.write"

    @extend_schema(operation_id="documents_retry", request=None, responses=DocumentOut)
    def post(self, request: Request, pk: str) -> Response:
        """Read a failed document again."""
        document = retry_document(document=document_for(self.member, pk), by=self.actor)
        return Response(DocumentOut(document).data)


class SearchFilter(serializers.Serializer):
    q = serializers.CharField(max_length=MAX_QUERY)
    collection = serializers.ChoiceField(choices=Collection.values, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, required=False, default=5)


class PassageOut(serializers.Serializer):
    text = serializers.CharField()
    document = serializers.UUIDField(source="document_id")
    title = serializers.CharField(source="document_title")
    heading = serializers.CharField()
    position = serializers.IntegerField()
    collection = serializers.CharField()
    trust = serializers.CharField(help_text="business, or customer where customers' words are quoted")
    score = serializers.FloatField(help_text="0 to 1")
    vector_score = serializers.FloatField(allow_null=True)
    text_score = serializers.FloatField()


class PassagesOut(serializers.Serializer):
    results = PassageOut(many=True)


class KnowledgeSearch(CompanyView):
    reads = "knowledge.read"
    pagination_class: ClassVar[type[Any] | None] = None

    @extend_schema(operation_id="knowledge_search", parameters=[SearchFilter], responses=PassagesOut)
    def get(self, request: Request) -> Response:
        """The passages that answer a question, best first; empty when the knowledge holds none."""
        asked = self.asked(SearchFilter)
        found = search(query=asked["q"], collection=asked.get("collection"), limit=asked["limit"])
        return Response({"results": PassageOut(found, many=True).data})
