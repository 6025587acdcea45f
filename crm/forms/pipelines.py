"""Forms of the pipeline's settings: shape only; the rules are in the services."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.ids import as_uuid
from crm.domain.conversion import NAMES
from crm.domain.pipeline import approvers
from crm.forms.colors import COLOR_CHOICES
from crm.models import Stage, StageKind
from crm.services.conversion import WORDS
from crm.services.stages import Step
from tenants.permission_words import ROLE_CHOICES


class PipelineForm(forms.Form):
    """A pipeline and the words for what goes through it."""

    name = forms.CharField(label=_("Nombre"), max_length=80)
    noun = forms.CharField(
        label=_("Cómo se llama uno"), required=False, max_length=40, help_text=_("Por ejemplo: oportunidad, reserva.")
    )
    nouns = forms.CharField(label=_("Cómo se llaman varios"), required=False, max_length=40)


class StageForm(forms.Form):
    """One stage. The initial one is chosen here; its order, on the pipeline's page."""

    name = forms.CharField(label=_("Nombre"), max_length=80)
    kind = forms.ChoiceField(label=_("Tipo"), choices=StageKind.choices)
    color = forms.ChoiceField(
        label=_("Color"),
        required=False,
        choices=[("", _("Sin color")), *COLOR_CHOICES],
    )
    probability = forms.IntegerField(label=_("Probabilidad de ganar (%)"), min_value=0, max_value=100, initial=20)
    cold_after_days = forms.IntegerField(
        label=_("Se enfría a los (días)"), min_value=0, max_value=3650, initial=7, help_text=_("0: nunca.")
    )
    requires_comment = forms.BooleanField(label=_("Pedir un comentario al entrar"), required=False)
    is_initial = forms.BooleanField(label=_("Los leads nuevos empiezan aquí"), required=False)

    @classmethod
    def of(cls, stage: Stage, data: Any = None) -> "StageForm":
        return cls(data, initial={name: getattr(stage, name) for name in cls.base_fields})


class RemoveStageForm(forms.Form):
    """Where the leads of a stage that goes away are carried."""

    move_to = forms.ModelChoiceField(
        Stage.objects.none(), label=_("Pasar sus leads a"), required=False, empty_label=_("Elegir una etapa")
    )

    def __init__(self, *args: Any, stage: Stage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Stage.objects.filter(pipeline=stage.pipeline_id, kind=stage.kind, is_active=True).exclude(pk=stage.pk)
        self.fields["move_to"].queryset = others  # type: ignore[attr-defined]  # a ModelChoiceField


class ConversionForm(forms.Form):
    """What the company wants to know before a lead becomes a client."""

    conversion = forms.MultipleChoiceField(
        label=_("Datos necesarios"),
        required=False,
        choices=[(name, WORDS[name]) for name in NAMES],
        widget=forms.CheckboxSelectMultiple,
    )


class ReasonForm(forms.Form):
    """A reason for losing."""

    name = forms.CharField(label=_("Motivo"), max_length=120)


class DecisionForm(forms.Form):
    """The answer to somebody who asked for a step."""

    comment = forms.CharField(label=_("Comentario"), required=False, max_length=300)


def approver_choices() -> list[tuple[str, Any]]:
    names = dict(ROLE_CHOICES)
    return [("", _("Nadie")), *((role, names[role]) for role in approvers())]


def steps_of(posted: Any, stages: Sequence[Stage]) -> list[Step]:
    """The matrix as it was sent: `step` holds "source:target" for each ticked one, and its details stand beside it."""
    known = {each.pk for each in stages}
    found = []
    for pair in posted.getlist("step"):
        source, target = (as_uuid(each) for each in [*pair.split(":"), ""][:2])
        if source in known and target in known:
            found.append(_step(posted, pair, source, target))
    return found


def _step(posted: Any, pair: str, source: UUID, target: UUID) -> Step:
    return Step(
        source,
        target,
        label=posted.get(f"label:{pair}", ""),
        requires_comment=bool(posted.get(f"comment:{pair}")),
        approver_role=posted.get(f"approver:{pair}", ""),
    )
