"""The filters above the leads, as fields. What they mean is read by crm.services.lead_filters from the address itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.models import CustomField, Interest
from crm.services.lead_filter_words import SORTS, STATUSES, STEPS
from crm.services.lead_filters import CUSTOM, LeadQuery
from crm.services.list_choices import Choice, Choices

DAY = {"type": "date"}
AMOUNT = {"inputmode": "decimal", "size": "8"}
YES_NO = [("true", _("Sí")), ("false", _("No"))]
ANY = _("Todos")
Options = Iterable[tuple[str, str | Promise]]
# Always in sight; the rest folds away until one of it is used.
FIRST = ("q", "stage", "owner", "source", "tag")


class LeadFilters(forms.Form):
    """Unbound and filled with what the address says: a value that was not understood is not shown as if it applied."""

    q = forms.CharField(
        label=_("Buscar"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )

    def __init__(self, query: LeadQuery, choices: Choices, *, board: bool = False) -> None:
        super().__init__(initial=query.given | {"sort": query.sort if query.sort != "created" else ""})
        given = query.given
        if len(choices.pipelines) > 1 and not board:
            self._choose("pipeline", _("Embudo"), _pairs(choices.pipelines), given)
        if not board:
            stages = [(str(each.more["code"]), each.label) for each in choices.stages]
            self.initial["stage"] = _code(choices, given.get("stage", ""))
            self._choose("stage", _("Etapa"), stages, self.initial)
        people: list[tuple[str, str | Promise]] = [
            ("me", _("A mi cargo")),
            ("none", _("Sin asignar")),
            *_pairs(choices.sellers),
        ]
        self._choose("owner", _("Vendedor"), people, given)
        self._choose("source", _("Origen"), _pairs(choices.sources), given)
        self._choose("tag", _("Etiqueta"), [(each.label, each.label) for each in choices.tags], given)
        self._choose("city", _("Ciudad"), _pairs(choices.cities), given)
        self._choose("interest", _("Interés"), Interest.choices, given)
        if not board:
            self._choose("status", _("Estado"), STATUSES.items(), given)
            self._choose(
                "lost_reason", _("Motivo de pérdida"), [(e.label, e.label) for e in choices.lost_reasons], given
            )
        self._choose("step", _("Próximo paso"), STEPS.items(), given)
        self._choose("cold", _("Se enfrían"), [("1", _("Sí"))], given)
        for word, label in (("created_from", _("Creado desde")), ("created_to", _("Creado hasta"))):
            self._type(word, label, DAY)
        if not board:
            for word, label in (("closed_from", _("Cerrado desde")), ("closed_to", _("Cerrado hasta"))):
                self._type(word, label, DAY)
        for word, label in (("value_min", _("Valor desde")), ("value_max", _("Valor hasta"))):
            self._type(word, label, AMOUNT)
        for field in choices.fields:
            self._own(field, given)
        if not board:
            orders = [(each, label) for each, label in SORTS.items() if each != "created"]
            self._choose("sort", _("Orden"), orders, self.initial, nothing=SORTS["created"])

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the address says besides: a report's link, the board's pipeline. It stays when a filter is changed."""
        return [(word, text) for word, text in self.initial.items() if word not in self.fields and text]

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name in FIRST]

    @property
    def further(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in FIRST and name != "sort"]

    @property
    def unfolded(self) -> bool:
        return any(self.initial.get(field.name) for field in self.further)

    def _choose(self, word: str, label: Any, options: Options, given: Mapping[str, Any], *, nothing: Any = ANY) -> None:
        pairs = [(key, text) for key, text in options if key]
        chosen = given.get(word)
        if chosen and chosen not in [key for key, _text in pairs]:
            pairs.append((chosen, chosen if word not in ("owner", "pipeline") else _("Otro")))
        if pairs:
            self.fields[word] = forms.ChoiceField(label=label, required=False, choices=[("", nothing), *pairs])

    def _type(self, word: str, label: Any, attrs: dict[str, str]) -> None:
        self.fields[word] = forms.CharField(label=label, required=False, widget=forms.TextInput(attrs=attrs))

    def _own(self, field: CustomField, given: Mapping[str, Any]) -> None:
        word, kind = CUSTOM + field.key, CustomField.Kind
        if field.kind in (kind.CHOICE, kind.CHOICES):
            self._choose(word, field.label, [(each, each) for each in field.options], given)
        elif field.kind == kind.YES_NO:
            self._choose(word, field.label, YES_NO, given)
        else:
            ranged = field.kind in (kind.NUMBER, kind.MONEY, kind.DATE)
            self._type(word, field.label, {"placeholder": str(_("desde..hasta"))} if ranged else {})


def _pairs(choices: Iterable[Choice]) -> list[tuple[str, str]]:
    return [(each.key, each.label) for each in choices]


def _code(choices: Choices, said: str) -> str:
    """A stage named by its id is shown by its code, as the select holds it."""
    return next((each.more["code"] for each in choices.stages if each.key == said), said)
