"""Which leads an address asks for: the same words for list, board, export, bulk actions, API and the reports' numbers.

`q` (or `search`), `pipeline`, `stage` (id or code), `owner` (id, none, me), `source` (none = without one), `tag`, `city`,
`interest`, `created_from`, `created_to`, `closed_from`, `closed_to` (days of the company, both included), `value_min`,
`value_max`, `step` (none, late, planned), `cold=1`, `status` (open, won, lost), `lost_reason` (none = without one),
`reached` (a stage it ever was in), `received_by` (a seller who was given it) with `received_from` and `received_to`,
`expected_from`, `expected_to`, `expected=none` (of the expected close), `contact`,
`custom.<key>` (a value, or "from..to") and `sort`. A value that is not understood is kept in `problems` and filters nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import DateField, DecimalField, Exists, F, IntegerField, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from config.lib import counts
from config.lib.errors import AppError, Invalid
from config.lib.keyset import Order
from crm.domain import filters as read
from crm.models import Assignment, Interest, Lead, Seller, Stage, StageChange
from crm.models.lead import LeadQuerySet
from crm.services import custom_fields, lead_search, steps
from crm.services.lead_filter_words import LABELS, SORTS, Chip, shown, stage_key
from crm.services.lead_search import MOST_HITS, SAMPLE
from crm.services.list_choices import Choices
from tenants.context import current_tenant
from tenants.domain import roles
from tenants.models import Membership

# Orders by what may be null or has no index: only for a list of at most counts.MOST rows.
ORDERS = {
    "created": Order(),
    "active": Order("last_activity_at"),
    "value": Order("value", DecimalField(max_digits=14, decimal_places=2), instead=-1),
    "score": Order("score", IntegerField()),
    "close": Order("expected_close", DateField(), descending=False, instead=date(9999, 12, 31)),
}
LONG = frozenset({"created", "active"})
CUSTOM = "custom."
ALIASES = {"search": "q"}
READ: dict[str, Callable[[str], Any]] = {
    "q": read.words,
    "pipeline": read.identity,
    "stage": read.stage,
    "owner": read.owner,
    "source": read.words,
    "tag": read.words,
    "city": read.words,
    "interest": lambda said: said if said in Interest.values else None,
    "created_from": read.day,
    "created_to": read.day,
    "closed_from": read.day,
    "closed_to": read.day,
    "value_min": read.amount,
    "value_max": read.amount,
    "step": read.step,
    "cold": read.yes,
    "status": read.status,
    "lost_reason": read.words,
    "reached": read.stage,
    "received_by": read.identity,
    "received_from": read.day,
    "received_to": read.day,
    "expected": read.nothing,
    "expected_from": read.day,
    "expected_to": read.day,
    "contact": read.identity,
}


@dataclass
class LeadQuery:
    """`given`: the address's words that were understood, as typed; `problems`: word → what is wrong with it."""

    member: Membership
    given: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Q] = field(default_factory=dict)
    custom_labels: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    sort: str = "created"
    choices: Choices | None = None

    @classmethod
    def of(cls, params: Mapping[str, Any], member: Membership, *, choices: Choices | None = None) -> "LeadQuery":
        """Read an address's words. With `choices` ids are named in words and found without a further statement."""
        query = cls(member, choices=choices)
        said = {ALIASES.get(word, word): str(params[word]).strip() for word in params if params[word] is not None}
        for word, text in said.items():
            if text and word in READ:
                query._take(word, text)
        query._take_custom({word: text for word, text in said.items() if word.startswith(CUSTOM) and text})
        if said.get("sort"):
            query._take_sort(said["sort"])
        return query

    # --- reading --------------------------------------------------------------------------------------------------
    def _take(self, word: str, text: str) -> None:
        value = READ[word](text)
        if value is None or not self._exists(word, value):
            self.problems[word] = _("%(label)s: «%(text)s» no se entiende, así que no se aplicó.") % {
                "label": LABELS[word],
                "text": text[:60],
            }
            return
        self.given[word], self.values[word] = text, value

    def _exists(self, word: str, value: Any) -> bool:
        """Stages and pipelines are all among the choices; a seller may have left, which is no mistake."""
        if self.choices is None or word not in ("stage", "pipeline") or self.choices.more_stages:
            return True
        if word == "pipeline":
            return any(each.key == str(value) for each in self.choices.pipelines)
        return any(str(value) in (each.key, each.more["code"]) for each in self.choices.stages)

    def _take_custom(self, said: Mapping[str, str]) -> None:
        if not said:
            return
        fields = self.choices.fields if self.choices is not None else custom_fields.fields_on("lead")
        known = {each.key: each for each in fields}
        for word, text in said.items():
            key = word.removeprefix(CUSTOM)
            if key not in known:
                self.problems[word] = _("No hay un campo «%(key)s» para filtrar.") % {"key": key[:40]}
                continue
            try:
                found = custom_fields.filter_q(known[key], text)
            except AppError as error:
                self.problems[word] = f"{known[key].label}: {error.message}"
                continue
            self.given[word], self.custom[word], self.custom_labels[word] = text, found, known[key].label

    def _take_sort(self, text: str) -> None:
        if text not in ORDERS:
            self.problems["sort"] = _("Ese orden no existe; se ordena por los más nuevos.")
        else:
            self.sort = text

    def insist(self) -> "LeadQuery":
        """For faces that answer with errors: raises Invalid when something was not understood."""
        if self.problems:
            raise Invalid(_("Hay filtros que no se entienden."), status=400, fields=self.problems)
        return self

    # --- using ----------------------------------------------------------------------------------------------------
    def rows(self) -> LeadQuerySet:
        """What the member may see of it, in its order, with contact, stage and owner."""
        order = ORDERS[self.sort]
        expression = order.expression
        ways = [expression.desc(), F("id").desc()] if order.descending else [expression.asc(), F("id").asc()]
        return (
            self.narrow(Lead.objects.visible_to(self.member))
            .select_related("contact", "stage", "owner")
            .order_by(*ways)
        )

    def narrow(self, rows: LeadQuerySet, *, sample: bool = False) -> LeadQuerySet:
        """Only the filters, on rows whose scope and joins are the caller's matter.

        `sample`: of a search with many hits only the first are looked at, which is enough for counting.
        """
        values = self.values
        if "interest" in values:
            rows = rows.filter(interest=values["interest"])
        if "lost_reason" in values:
            rows = rows.filter(lost_reason="" if values["lost_reason"] == read.NOBODY else values["lost_reason"])
        if "contact" in values:
            rows = rows.filter(contact_id=values["contact"])
        if "source" in values:
            rows = rows.filter(source="" if values["source"] == read.NOBODY else values["source"])
        if "tag" in values:
            rows = rows.filter(tags__contains=[values["tag"]])
        if "city" in values:
            rows = rows.filter(contact__city=values["city"])
        for each in self.custom.values():
            rows = rows.filter(each)
        rows = self._where(rows)
        rows = self._when(rows)
        if "value_min" in values:
            rows = rows.filter(value__gte=values["value_min"])
        if "value_max" in values:
            rows = rows.filter(value__lte=values["value_max"])
        return self._matching(rows, sample) if "q" in values else rows

    def _matching(self, rows: LeadQuerySet, sample: bool) -> LeadQuerySet:
        most = MOST_HITS if not self.many_hits else SAMPLE if sample else None
        return lead_search.found(rows, self.values["q"], most=most)

    @property
    def many_hits(self) -> bool:
        """Whether more contacts have the searched words than are looked up one by one."""
        return "q" in self.values and self.hits > MOST_HITS

    @cached_property
    def hits(self) -> int:
        """Contacts with the searched words, at most MOST_HITS + 1: from the choices, or by a statement of its own."""
        if self.choices is not None and self.choices.hits is not None:
            return self.choices.hits
        return lead_search.hits(self.values["q"]).count()

    def _where(self, rows: LeadQuerySet) -> LeadQuerySet:
        """Stage, pipeline, status and owner. By ids where they are known: PostgreSQL then reads the fitting index in order."""
        values = self.values
        if "stage" in values:
            stage = values["stage"]
            named = Stage.objects.filter(code=stage) if isinstance(stage, str) else Stage.objects.filter(pk=stage)
            rows = rows.filter(stage_id=stage_key(stage, self.choices) or Subquery(named.values("pk")[:1]))
        if "reached" in values:
            stage = values["reached"]
            named = Stage.objects.filter(code=stage) if isinstance(stage, str) else Stage.objects.filter(pk=stage)
            steps_to = StageChange.objects.filter(lead=OuterRef("pk"), target__in=named.values("pk"))
            rows = rows.filter(Exists(steps_to))
        if "pipeline" in values:
            rows = rows.filter(stage__in=self._stages(pipeline=str(values["pipeline"])))
        if "status" in values:
            rows = rows.filter(stage__in=self._stages(kind=values["status"]))
        owner = values.get("owner")
        if owner == read.NOBODY:
            rows = rows.filter(owner__isnull=True)
        elif owner == read.ME:
            rows = rows.filter(owner_id=Subquery(Seller.objects.filter(user_id=self.member.user_id).values("pk")[:1]))
        elif owner is not None:
            rows = rows.filter(owner_id=owner)
        return rows

    def _stages(self, **fits: str) -> Any:
        if self.choices is None or self.choices.more_stages:
            return Stage.objects.filter(**fits).values("pk")
        return [
            each.key
            for each in self.choices.stages
            if all(str(each.more[name]) == value for name, value in fits.items())
        ]

    def _when(self, rows: LeadQuerySet) -> LeadQuerySet:
        values = self.values
        for word, column in (("created", "created_at"), ("closed", "closed_at")):
            if f"{word}_from" in values:
                rows = rows.filter(**{f"{column}__gte": _midnight(values[f"{word}_from"])})
            if f"{word}_to" in values:
                rows = rows.filter(**{f"{column}__lt": _midnight(values[f"{word}_to"] + timedelta(days=1))})
        if "received_by" in values:
            rows = rows.filter(Exists(self._received()))
        if "expected" in values:
            rows = rows.filter(expected_close=None)
        if "expected_from" in values:
            rows = rows.filter(expected_close__gte=values["expected_from"])
        if "expected_to" in values:
            rows = rows.filter(expected_close__lte=values["expected_to"])
        step = values.get("step")
        if step == "none":
            rows = steps.lacking(rows)
        elif step:
            late = Q(next_step_at__lt=timezone.now())
            rows = rows.filter(late if step == "late" else ~late, closed_at__isnull=True, next_step_at__isnull=False)
        return steps.cold(rows) if values.get("cold") else rows

    def _received(self) -> Any:
        """Times a lead was given to the named seller, within the days that are asked for."""
        values = self.values
        given = Assignment.objects.filter(lead=OuterRef("pk"), seller=values["received_by"])
        if "received_from" in values:
            given = given.filter(at__gte=_midnight(values["received_from"]))
        if "received_to" in values:
            given = given.filter(at__lt=_midnight(values["received_to"] + timedelta(days=1)))
        return given

    def count(self) -> int:
        """How many rows, at most counts.MOST + 1; of many hits at least how many, and 0 when only the page itself tells."""
        if self.many_hits and set(self.given) == {"q"}:
            return MOST_HITS if self.member.sees == roles.ALL else 0
        rows = self.narrow(Lead.objects.visible_to(self.member), sample=True)
        return rows.order_by()[: counts.MOST + 1].count()

    def count_words(self, found: int) -> str:
        """The count as a person reads it; with "+" when there may be more."""
        if not self.many_hits:
            return counts.words(found)
        return f"{counts.words(min(found, counts.MOST))}+"

    def order(self, found: int) -> Order:
        """The order for keyset.page; one without an index is refused for a list longer than counts.MOST."""
        if self.sort not in LONG and (found > counts.MOST or self.many_hits):
            self.problems["sort"] = _("Para ordenar por «%(order)s» hay que acotar la lista a %(most)s leads.") % {
                "order": SORTS[self.sort],
                "most": counts.words(counts.MOST),
            }
            self.sort = "created"
        return ORDERS[self.sort]

    # --- saying ---------------------------------------------------------------------------------------------------
    def words(self) -> list[Chip]:
        """The applied filters in words."""
        chips = [
            Chip(word, str(LABELS[word]), shown(word, text, self.choices))
            for word, text in self.given.items()
            if word in LABELS
        ]
        return chips + [Chip(word, self.custom_labels[word], self.given[word]) for word in self.custom]

    def encoded(self, *, without: str = "") -> str:
        """The address's words again, without one of them."""
        said = dict(self.given)
        if self.sort != "created":
            said["sort"] = self.sort
        said.pop(without, None)
        return urlencode(said)


def _midnight(day: date) -> datetime:
    """The beginning of a day where the company is."""
    return datetime.combine(day, time.min, ZoneInfo(current_tenant().timezone)).astimezone(UTC)
