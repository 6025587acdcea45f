"""Saved views of lists."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.models import SavedView
from crm.services import saved_views
from tenants.api.base import CompanyView


class SavedViewOut(serializers.Serializer):
    id = serializers.UUIDField()
    list = serializers.CharField(help_text="leads, contacts, clients or tasks")
    name = serializers.CharField()
    query = serializers.CharField(help_text="Filters and order as in the list's address.")
    is_shared = serializers.BooleanField()
    owner = serializers.UUIDField(source="owner_id", allow_null=True)
    position = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class SavedViewChange(serializers.Serializer):
    name = serializers.CharField(max_length=80)
    query = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    is_shared = serializers.BooleanField(required=False, help_text="Only for whoever may share views.")
    position = serializers.IntegerField(min_value=0, max_value=10_000, required=False)


class SavedViewBody(serializers.Serializer):
    list = serializers.ChoiceField(choices=SavedView.List.choices)
    name = serializers.CharField(max_length=80)
    query = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    is_shared = serializers.BooleanField(required=False, default=False)


class SavedViewFilter(serializers.Serializer):
    list = serializers.ChoiceField(choices=SavedView.List.choices, required=False)


class SavedViews(CompanyView):
    reads, writes = "leads.read", "leads.write"

    @extend_schema(operation_id="saved_views_list", parameters=[SavedViewFilter], responses=SavedViewOut(many=True))
    def get(self, request: Request) -> Response:
        """One's own views and the shared ones, the latest first."""
        which = self.asked(SavedViewFilter).get("list", "")
        return self.paged(saved_views.seen_by(self.member, which).order_by(), SavedViewOut)

    @extend_schema(operation_id="saved_views_create", request=SavedViewBody, responses={201: SavedViewOut})
    def post(self, request: Request) -> Response:
        """Keep the filters of a list under a name."""
        view = saved_views.save_view(member=self.member, by=self.actor, **self.body(SavedViewBody))
        return Response(SavedViewOut(view).data, status=201)


class OneSavedView(CompanyView):
    reads, writes = "leads.read", "leads.write"

    @extend_schema(operation_id="saved_views_update", request=SavedViewChange, responses=SavedViewOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change name, filters, place or who sees it."""
        view = saved_views.view_for(self.member, pk)
        changes = self.body(SavedViewChange, partial=True)
        return Response(
            SavedViewOut(saved_views.update_view(view=view, member=self.member, by=self.actor, **changes)).data
        )

    @extend_schema(operation_id="saved_views_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Delete the view; the leads stay."""
        saved_views.delete_view(view=saved_views.view_for(self.member, pk), by=self.actor)
        return Response(status=204)
