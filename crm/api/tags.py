"""Labels."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.domain.colors import COLORS
from crm.models import Tag
from crm.services import tags
from tenants.api.base import CompanyView


class TagOut(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField(help_text="What `tags` of leads and contacts hold.")
    color = serializers.CharField()
    description = serializers.CharField()
    created_at = serializers.DateTimeField()


class TagBody(serializers.Serializer):
    name = serializers.CharField(max_length=tags.LONGEST)
    color = serializers.ChoiceField(choices=COLORS, required=False)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)


class IntoBody(serializers.Serializer):
    into = serializers.UUIDField(help_text="The label that stays.")


class TagsFilter(serializers.Serializer):
    search = serializers.CharField(required=False, max_length=40)


class Tags(CompanyView):
    reads, writes = "pipeline.read", "pipeline.write"

    @extend_schema(operation_id="tags_list", parameters=[TagsFilter], responses=TagOut(many=True))
    def get(self, request: Request) -> Response:
        """The catalogue, the latest first."""
        words = self.asked(TagsFilter).get("search", "")
        return self.paged(Tag.objects.filter(name__icontains=words) if words else Tag.objects.all(), TagOut)

    @extend_schema(operation_id="tags_create", request=TagBody, responses={201: TagOut})
    def post(self, request: Request) -> Response:
        """Add a label. 409 when one is called so already, however it is spelled."""
        return Response(TagOut(tags.create_tag(by=self.actor, **self.body(TagBody))).data, status=201)


class OneTag(CompanyView):
    reads, writes = "pipeline.read", "pipeline.write"

    @extend_schema(operation_id="tags_retrieve", responses=TagOut)
    def get(self, request: Request, pk: str) -> Response:
        """One label."""
        return Response(TagOut(tags.tag_for(pk)).data)

    @extend_schema(operation_id="tags_update", request=TagBody, responses=TagOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change it; a new name is put on every lead and contact that had the old one."""
        tag = tags.tag_for(pk)
        return Response(TagOut(tags.update_tag(tag=tag, by=self.actor, **self.body(TagBody, partial=True))).data)

    @extend_schema(operation_id="tags_destroy", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Take it out of the catalogue and off every lead and contact."""
        tags.remove_tag(tag=tags.tag_for(pk), by=self.actor)
        return Response(status=204)


class UniteTag(CompanyView):
    writes = "pipeline.write"

    @extend_schema(operation_id="tags_unite", request=IntoBody, responses=TagOut)
    def post(self, request: Request, pk: str) -> Response:
        """Whoever had this label has the other one from now on; this one is gone."""
        tag, into = tags.tag_for(pk), tags.tag_for(self.body(IntoBody)["into"])
        tags.unite(tag=tag, into=into, by=self.actor)
        return Response(TagOut(into).data)
