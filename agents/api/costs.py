"""What AI and messages cost: the entries, and their sums."""

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

from agents.domain.money import Totals
from agents.models import AgentRun, LedgerEntry
from agents.services import ceiling, costs
from agents.services.costs import Asked, Line, Unit
from config.lib.errors import Invalid
from crm.domain import periods
from tenants.api.base import CompanyView
from tenants.domain import roles

PERIOD = [
    OpenApiParameter("period", str, description="today, 7d, 30d, month, last_month, quarter, year or custom"),
    OpenApiParameter("from", OpenApiTypes.DATE, description="First day, of `custom`."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="Last day, included; a year at most."),
]


class EntryOut(serializers.Serializer):
    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="model, transcription or message")
    purpose = serializers.CharField(help_text="Of a model: turn, playground, test, summary or copilot.")
    source = serializers.CharField(help_text="The run, the attachment or the message.")  # type: ignore[assignment]  # a field
    conversation = serializers.UUIDField(source="conversation_id", allow_null=True)
    agent = serializers.UUIDField(source="agent_id", allow_null=True)
    what = serializers.CharField(help_text="The model, or the category of the message.")
    tokens = serializers.IntegerField()
    usd = serializers.DecimalField(max_digits=18, decimal_places=9, allow_null=True, help_text="null: not known.")
    currency = serializers.CharField()
    rate = serializers.DecimalField(max_digits=14, decimal_places=6, allow_null=True)
    amount = serializers.DecimalField(max_digits=20, decimal_places=6, allow_null=True)
    created_at = serializers.DateTimeField()


class EntryFilter(serializers.Serializer):
    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.choices, required=False)
    purpose = serializers.ChoiceField(choices=AgentRun.Purpose.choices, required=False)
    agent = serializers.UUIDField(required=False)
    what = serializers.CharField(required=False, max_length=80)
    outcome = serializers.ChoiceField(
        choices=sorted(costs.OUTCOMES), required=False, help_text="Entries that led to it; chat: of any conversation."
    )
    unpriced = serializers.BooleanField(required=False)


class CostView(CompanyView):
    reads = "runs.read"

    def asked_for(self, **words: Any) -> Asked:
        """Raises Invalid for days that are not understood or too many."""
        given = {name: str(value) for name, value in self.request.query_params.items()}
        period = periods.asked(given, self.today())
        if period is None or period.days > costs.LONGEST_DAYS:
            raise Invalid(_("El período no se entiende."), status=400, fields={"period": _("Valor desconocido.")})
        return Asked(self.member, self.tenant, period, **words)

    def today(self) -> date:
        return timezone.now().astimezone(ZoneInfo(self.tenant.timezone)).date()


class Ledger(CostView):
    @extend_schema(operation_id="ledger_list", parameters=[*PERIOD, EntryFilter], responses=EntryOut(many=True))
    def get(self, request: Request) -> Response:
        """What each turn, voice note and charged message cost, the latest first."""
        words = self.asked(EntryFilter)
        unpriced = bool(words.pop("unpriced", False))
        asked = self.asked_for(unpriced=unpriced, **{name: str(value) for name, value in words.items()})
        return self.paged(costs.listed(asked), EntryOut)


class Costs(CostView):
    @extend_schema(operation_id="reports_ai_costs", parameters=PERIOD, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Sums of the ledger by day, agent, model, purpose, kind and category; what a chat, a booking and a client cost.

        Amounts are exact; `unknown` entries have no known price and are in no sum. null is "no data".
        """
        asked = self.asked_for()
        found = costs.report(asked)
        span = {"from": asked.period.first.isoformat(), "to": asked.period.last.isoformat()}
        whole = self.member.sees == roles.ALL
        return Response(
            {
                "period": {"name": asked.period.name, **span},
                "today": _today(ceiling.state(self.tenant)) if whole else None,
                "total": _sums(found.total),
                "days": [{"day": line.key, **_sums(line.totals)} for line in found.days],
                **{f"by_{name}": [_line(line) for line in lines] for name, lines in found.tables.items()},
                "per_conversation": _unit(found.units[0]),
                "per_booking": _unit(found.units[1]),
                "per_won_client": _unit(found.units[2]),
            }
        )


def _sums(totals: Totals) -> dict[str, Any]:
    return {
        "entries": totals.entries,
        "unknown": totals.unknown,
        "tokens": totals.tokens,
        "usd": f"{totals.usd:f}" if totals.known else None,
        "amounts": [{"amount": f"{amount:f}", "currency": currency} for currency, amount in totals.amounts],
    }


def _line(line: Line) -> dict[str, Any]:
    return {"key": None if line.key == costs.NOBODY else line.key, "label": line.label, **_sums(line.totals)}


def _unit(unit: Unit) -> dict[str, Any]:
    each = unit.each
    shared = _sums(each) if each else {"usd": None, "amounts": []}
    return {
        "count": unit.count,
        "of": unit.all,
        "each": {name: shared[name] for name in ("usd", "amounts")},
        "total": _sums(unit.totals),
    }


def _today(state: ceiling.State) -> dict[str, Any]:
    return {
        "spent_usd": f"{state.spent:f}",
        "ceiling_usd": None if state.ceiling is None else f"{state.ceiling:f}",
        "percent": state.percent if state.ceiling is not None else None,
        "level": state.level,
    }
