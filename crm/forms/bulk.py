"""What an act on many leads still has to be told; the rules are in crm.services.bulk_acts."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import BulkAction, StageKind
from crm.services.list_choices import Choice, Choices

WHEN = {"type": "datetime-local"}


class BulkForm(forms.Form):
    """`ids`, `all` and `query` say which leads; the fields of the kind are added."""

    kind = forms.ChoiceField(choices=BulkAction.Kind.choices, widget=forms.HiddenInput)
    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    all = forms.CharField(required=False, max_length=1, widget=forms.HiddenInput)

    def __init__(self, kind: str, choices: Choices, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind_name = kind
        if kind == BulkAction.Kind.ASSIGN:
            people = [("", _("Sin asignar")), *_pairs(choices.sellers)]
            self.fields["owner"] = forms.ChoiceField(label=_("Vendedor"), required=False, choices=people)
        elif kind == BulkAction.Kind.STAGE:
            self._stage(choices)
        elif kind in (BulkAction.Kind.TAG, BulkAction.Kind.UNTAG):
            self.fields["tag"] = forms.CharField(
                label=_("Etiqueta"),
                max_length=40,
                widget=forms.TextInput(attrs={"list": "known-tags", "autocomplete": "off"}),
            )
        elif kind == BulkAction.Kind.TASK:
            self.fields["title"] = forms.CharField(label=_("Qué hay que hacer"), max_length=200)
            self.fields["due_at"] = forms.DateTimeField(label=_("Para cuándo"), widget=forms.DateTimeInput(attrs=WHEN))

    def _stage(self, choices: Choices) -> None:
        """Every stage that can be reached by hand, with its pipeline's name where there are several."""
        names = {each.key: each.label for each in choices.pipelines} if len(choices.pipelines) > 1 else {}
        reachable = [each for each in choices.stages if each.more["kind"] != StageKind.WON]
        options = [(each.key, _label(each, names)) for each in reachable]
        self.fields["stage"] = forms.ChoiceField(label=_("Etapa"), choices=options)
        self.fields["lost_reason"] = forms.CharField(
            label=_("Motivo de la pérdida"),
            required=False,
            max_length=300,
            help_text=_("Solo si la etapa es de pérdida."),
            widget=forms.TextInput(attrs={"list": "lost-reasons", "autocomplete": "off"}),
        )
        self.fields["comment"] = forms.CharField(label=_("Comentario"), required=False, max_length=300)

    @property
    def asked(self) -> list[forms.BoundField]:
        """What is shown; the rest is hidden."""
        return [self[name] for name in self.fields if name not in ("kind", "query", "all")]

    def arguments(self) -> dict[str, Any]:
        return {field.name: self.cleaned_data[field.name] for field in self.asked}


def _pairs(choices: Iterable[Choice]) -> list[tuple[str, str]]:
    return [(each.key, each.label) for each in choices]


def _label(stage: Choice, pipelines: dict[str, str]) -> str:
    name = pipelines.get(str(stage.more["pipeline"]))
    return f"{name}: {stage.label}" if name else stage.label
