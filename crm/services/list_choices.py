"""What the filters of a list offer, and its saved views: everything in one statement."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, F, IntegerField, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, JSONObject

from crm.models import CustomField, Lead, LostReason, Pipeline, SavedView, Seller, Stage, Tag
from crm.services import lead_search, saved_views
from tenants.models import Membership

MOST = 200  # of each kind
RECENT = 500  # sources and cities are those of the latest leads that the person may see


@dataclass(frozen=True)
class Choice:
    """`key` is an id (or the word itself), `more` what a kind has besides its name."""

    key: str
    label: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Choices:
    """Each kind in its own order."""

    pipelines: list[Choice]
    stages: list[Choice]
    sellers: list[Choice]
    tags: list[Choice]
    fields: list[CustomField]
    lost_reasons: list[Choice]
    sources: list[Choice]
    cities: list[Choice]
    views: list[SavedView]
    hits: int | None = None  # contacts with the searched words, at most lead_search.MOST_HITS + 1; None = not searched

    @property
    def main(self) -> Choice | None:
        """The pipeline that is shown when none is named."""
        return next((each for each in self.pipelines if each.more["default"]), None) or next(iter(self.pipelines), None)

    @property
    def more_stages(self) -> bool:
        """Whether the company has more stages than are offered here."""
        return len(self.stages) >= MOST

    def named(self, kind: str, key: object) -> str | None:
        """How one of a kind is called; None for one that is not among the choices."""
        return next((each.label for each in getattr(self, kind) if each.key == str(key)), None)


def of(member: Membership, which: str = SavedView.List.LEADS, *, words: str = "") -> Choices:
    """One statement, however much the company has. `words`: what is searched for."""
    parts = [
        _part("pipelines", Pipeline.objects.filter(is_active=True), "name", default="is_default", position="position"),
        _part(
            "stages",
            Stage.objects.order_by("position"),
            "name",
            code="code",
            kind="kind",
            pipeline="pipeline_id",
            position="position",
        ),
        _part("sellers", Seller.objects.filter(is_active=True), "name"),
        _part("tags", Tag.objects.all(), "name", color="color"),
        _part(
            "fields",
            CustomField.objects.filter(on=CustomField.On.LEAD, is_active=True, in_filters=True),
            "label",
            key="key",
            kind="kind",
            options="options",
            position="position",
        ),
        _part("lost_reasons", LostReason.objects.filter(is_active=True), "name", position="position"),
        _part(
            "views",
            saved_views.seen_by(member, which),
            "name",
            query="query",
            shared="is_shared",
            owner="owner_id",
            position="position",
        ),
        _said(member),
    ]
    if words:
        parts.append(_hits(words))
    rows: Any = parts[0].union(*parts[1:], all=True)
    found: dict[str, Any] = defaultdict(list)
    sources, cities = set(), set()
    for kind, key, label, more in rows:
        if kind == "said":
            sources.add(key)
            cities.add(label)
        else:
            found[kind].append(Choice(key, label, more))
    for kind in found:
        found[kind].sort(key=lambda each: (each.more.get("position", 0), each.label.casefold()))
    return Choices(
        **{kind: found[kind] for kind in ("pipelines", "stages", "sellers", "tags", "lost_reasons")},
        sources=_spoken(sources),
        cities=_spoken(cities),
        fields=[_field(each) for each in found["fields"]],
        views=[_view(each) for each in found["views"]],
        hits=found["hits"][0].more["hits"] if found["hits"] else None,
    )


def _part(kind: str, rows: QuerySet[Any], label: str, /, **more: str) -> QuerySet[Any, Any]:
    facts = JSONObject(**{name: F(path) for name, path in more.items()}) if more else JSONObject(none=Value(0))
    return rows.values_list(
        Value(kind, CharField()), Cast("pk", TextField()), Cast(label, TextField()), facts
    )[:MOST]  # fmt: skip


def _hits(words: str) -> QuerySet[Any, Any]:
    """On the row of one pipeline, since a query needs one."""
    return Pipeline.objects.order_by("position", "id").values_list(
        Value("hits", CharField()), Value("", TextField()), Value("", TextField()), JSONObject(hits=Counting(lead_search.hits(words)))
    )[:1]  # fmt: skip


class Counting(Subquery):
    """How many rows a subquery, limited by whoever made it, has."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    empty_result_set_value = 0  # of words in which nothing can be searched for

    def __init__(self, rows: QuerySet[Any, Any], **extra: Any) -> None:
        super().__init__(rows, output_field=IntegerField(), **extra)


def _said(member: Membership) -> QuerySet[Any, Any]:
    """The source and the city of the latest leads: reading all of them would cost more than the list."""
    latest = Lead.objects.visible_to(member).order_by("-created_at", "-id").values("pk")[:RECENT]
    rows = Lead.objects.filter(pk__in=latest).order_by()
    return rows.values_list(
        Value("said", CharField()), Cast("source", TextField()), Cast("contact__city", TextField()), JSONObject(none=Value(0))
    ).distinct()  # fmt: skip


def _spoken(said: set[str]) -> list[Choice]:
    return [Choice(each, each) for each in sorted(said - {""}, key=str.casefold)[:MOST]]


def _field(choice: Choice) -> CustomField:
    more = choice.more
    return CustomField(
        pk=choice.key,
        on=CustomField.On.LEAD,
        key=more["key"],
        label=choice.label,
        kind=more["kind"],
        options=more["options"],
        position=more["position"],
    )


def _view(choice: Choice) -> SavedView:
    more = choice.more
    return SavedView(
        pk=choice.key,
        name=choice.label,
        query=more["query"],
        is_shared=more["shared"],
        owner_id=more["owner"],
        position=more["position"],
    )
