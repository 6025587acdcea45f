"""The form of an assignment rule: its conditions as fields, its sellers as weights."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.forms.leads import AmountField
from crm.models import AssignmentRule, CustomField, Interest, Pipeline, Seller, Strategy

SEVERAL = _("Separar con comas: basta que valga uno.")
LISTS = ("source", "tag", "city")
STRATEGY_HELP = _(
    "Por turno: uno detrás de otro. Al que menos tiene: según sus leads abiertos. Al que mejor vende: según lo ganado en 90"
    " días. Por especialidad: según lo que el lead pide."
)


class RuleForm(forms.Form):
    name = forms.CharField(label=_("Nombre"), max_length=120)
    strategy = forms.ChoiceField(
        label=_("Reparto"), choices=Strategy.choices, initial=Strategy.ROUND_ROBIN, help_text=STRATEGY_HELP
    )
    priority = forms.IntegerField(
        label=_("Prioridad"),
        min_value=0,
        max_value=32_767,
        initial=100,
        help_text=_("De las reglas que valen para un lead decide la del número más bajo."),
    )
    within_hours = forms.BooleanField(label=_("Solo a quien está en su horario"), required=False, initial=True)
    is_active = forms.BooleanField(label=_("Activa"), required=False, initial=True)
    source = forms.CharField(label=_("Origen"), required=False, max_length=600, help_text=SEVERAL)
    tag = forms.CharField(label=_("Etiqueta"), required=False, max_length=600, help_text=SEVERAL)
    city = forms.CharField(label=_("Ciudad"), required=False, max_length=600, help_text=SEVERAL)
    interest = forms.MultipleChoiceField(
        label=_("Interés"), required=False, choices=Interest.choices, widget=forms.CheckboxSelectMultiple
    )
    pipeline = forms.ChoiceField(label=_("Embudo"), required=False)
    value_min = AmountField(label=_("Valor desde"), required=False)
    value_max = AmountField(label=_("Valor hasta"), required=False)
    OWN = ("name", "strategy", "priority", "within_hours", "is_active")
    CONDITIONS = (*LISTS, "interest", "pipeline", "value_min", "value_max")

    def __init__(
        self,
        *args: Any,
        sellers: Iterable[Seller],
        pipelines: Iterable[Pipeline],
        custom: Iterable[CustomField],
        rule: AssignmentRule | None = None,
        **kwargs: Any,
    ) -> None:
        filters = rule.filters if rule is not None else {}
        known = {name: getattr(rule, name) for name in self.OWN} if rule is not None else {}
        kwargs["initial"] = {**known, **_shown(filters)}
        super().__init__(*args, **kwargs)
        choices = [("", _("Cualquiera")), *((str(each.pk), each.name) for each in pipelines)]
        self.fields["pipeline"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.custom_names = []
        for each in custom:
            name = f"custom.{each.key}"
            self.custom_names.append(name)
            self.fields[name] = forms.CharField(
                label=each.label, required=False, max_length=600, initial=_joined(filters.get(name)), help_text=SEVERAL
            )
        weights = {place.seller_id: place.weight for place in rule.members.all()} if rule is not None else {}
        # In the order of the rule first, then by name, as they will be saved.
        order = {key: number for number, key in enumerate(weights)}
        self.people = sorted(sellers, key=lambda each: (order.get(each.pk, len(order)), each.name))
        for seller in self.people:
            self.fields[f"weight_{seller.pk}"] = forms.IntegerField(
                label=seller.name, required=False, min_value=0, max_value=100, initial=weights.get(seller.pk)
            )

    @property
    def own(self) -> list[forms.BoundField]:
        return [self[name] for name in self.OWN]

    @property
    def conditions(self) -> list[forms.BoundField]:
        return [self[name] for name in (*self.CONDITIONS, *self.custom_names)]

    @property
    def weights(self) -> list[forms.BoundField]:
        return [self[f"weight_{each.pk}"] for each in self.people]

    @property
    def values(self) -> dict[str, Any]:
        """For the service, of a valid form."""
        said = self.cleaned_data
        filters: dict[str, Any] = {name: _several(said[name]) for name in (*LISTS, *self.custom_names)}
        filters |= {"interest": said["interest"], "pipeline": said["pipeline"]}
        filters |= {name: str(said[name]) if said[name] is not None else "" for name in ("value_min", "value_max")}
        sellers: dict[UUID, int] = {
            each.pk: said[f"weight_{each.pk}"] for each in self.people if said.get(f"weight_{each.pk}")
        }
        return {**{name: said[name] for name in self.OWN}, "filters": filters, "sellers": sellers}

    def add_errors(self, fields: Mapping[str, object]) -> bool:
        """What the service refused beside its field; False when something has no field here."""
        placed = True
        for name, words in fields.items():
            field = name.removeprefix("filters.")
            placed &= field in self.fields
            self.add_error(field if field in self.fields else None, str(words))
        return placed and bool(fields)


def _several(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _shown(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Stored conditions as the fields show them. A channel is a source by another name."""
    shown: dict[str, Any] = {name: _joined(filters[name]) for name in LISTS if name in filters}
    if "channel" in filters:
        shown["source"] = ", ".join(filter(None, (shown.get("source"), _joined(filters["channel"]))))
    interest, pipeline = filters.get("interest"), filters.get("pipeline")
    shown["interest"] = interest if isinstance(interest, list) else [interest] if interest else []
    shown["pipeline"] = pipeline[0] if isinstance(pipeline, list) and pipeline else pipeline or ""
    return shown | {name: filters[name] for name in ("value_min", "value_max") if name in filters}
