"""Reports and goals."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import Invalid, NotFound
from config.lib.ids import as_uuid, key_of
from crm.access import seller_for
from crm.domain import periods
from crm.models import Goal
from crm.reports import base, catalogue, dashboard
from crm.services.goals import remove_goal, set_goal
from tenants.api.base import CompanyView

PERIOD = [
    OpenApiParameter("period", str, description="today, 7d, 30d, month, last_month, quarter, year or custom"),
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day, of `custom`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day, included."),
    OpenApiParameter("pipeline", OpenApiTypes.UUID),
    OpenApiParameter("seller", OpenApiTypes.UUID),
]


class ReportView(CompanyView):
    reads = "reports.read"

    def scope(self) -> base.Scope:
        """Raises Invalid for days that are not understood."""
        words = {name: str(value) for name, value in self.request.query_params.items()}
        period = periods.asked(words, self.today())
        if period is None:
            raise Invalid(_("El período no se entiende."), status=400, fields={"period": _("Valor desconocido.")})
        return base.Scope(
            self.member,
            self.tenant,
            period,
            pipeline=as_uuid(words.get("pipeline", "")),
            seller=as_uuid(words.get("seller", "")),
        )

    def today(self) -> date:
        return timezone.now().astimezone(ZoneInfo(self.tenant.timezone)).date()

    def framed(self, scope: base.Scope, **content: Any) -> Response:
        span = {"from": scope.period.first.isoformat(), "to": scope.period.last.isoformat()}
        return Response({"period": {"name": scope.period.name, **span}, **content})


class Dashboard(ReportView):
    @extend_schema(operation_id="reports_dashboard", parameters=PERIOD, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The numbers of the dashboard. null is "no data"; `href` is the page with exactly the rows counted."""
        scope = self.scope()
        arrivals, sources = dashboard.arrivals_and_sources(scope)
        cards = [
            {
                "key": card.key,
                "label": card.label,
                "kind": card.kind,
                "value": base.as_plain(card.value),
                "before": base.as_plain(card.before),
                "change": card.change,
                "href": card.href,
            }
            for card in dashboard.cards(scope)
        ]
        return self.framed(scope, cards=cards, reports=[arrivals.as_json(), sources.as_json()])


class OneReport(ReportView):
    @extend_schema(operation_id="reports_retrieve", parameters=PERIOD, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, name: str) -> Response:
        """funnel, sources, sellers, responses, losses, forecast or goals: columns and rows."""
        entry = catalogue.BY_NAME.get(name)
        if entry is None:
            raise NotFound(_("Ese informe no existe."))
        scope = self.scope()
        return self.framed(scope, **entry.make(scope, self.today()).as_json())


class GoalOut(serializers.Serializer):
    id = serializers.UUIDField()
    seller = serializers.UUIDField(source="seller_id", allow_null=True, help_text="null: the whole company.")
    month = serializers.DateField(help_text="Its first day.")
    measure = serializers.CharField(help_text="won_count or won_value")
    target = serializers.DecimalField(max_digits=14, decimal_places=2)
    currency = serializers.CharField()


class GoalBody(serializers.Serializer):
    seller = serializers.UUIDField(required=False, allow_null=True, default=None)
    month = serializers.DateField(help_text="Any day of it.")
    measure = serializers.ChoiceField(choices=Goal.Measure.choices)
    target = serializers.DecimalField(max_digits=14, decimal_places=2)
    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False, allow_blank=True, default="")


class Goals(CompanyView):
    reads, writes = "reports.read", "sellers.write"

    @extend_schema(operation_id="goals_list", responses=GoalOut(many=True))
    def get(self, request: Request) -> Response:
        """The latest two hundred."""
        return self.whole(Goal.objects.order_by("-month", "seller", "measure", "currency")[:200], GoalOut)

    @extend_schema(operation_id="goals_set", request=GoalBody, responses={201: GoalOut})
    def post(self, request: Request) -> Response:
        """Set a goal; the same seller, month and measure again changes it."""
        said = self.body(GoalBody)
        seller = seller_for(said.pop("seller")) if said.get("seller") else None
        said.pop("seller", None)
        return Response(GoalOut(set_goal(by=self.actor, seller=seller, **said)).data, status=201)


class OneGoal(CompanyView):
    writes = "sellers.write"

    @extend_schema(operation_id="goals_remove", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Remove a goal."""
        row = Goal.objects.filter(pk=key_of(pk)).first()
        if row is None:
            raise NotFound(_("Esa meta no existe."))
        remove_goal(goal=row, by=self.actor)
        return Response(status=204)
