"""What the pages of results ask for, a correction, and the words for codes of agents.domain.assessment."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.domain import assessment as rules
from agents.forms.costs import ALL, Named, PeriodForm
from agents.models import Assessment
from agents.services import briefs
from agents.services.results import CORRECTED, NOBODY
from crm.domain.periods import Period

REASONS = {
    rules.TAKEN: gettext_lazy("Una persona tomó el chat"),
    rules.THANKED: gettext_lazy("El contacto agradeció"),
    rules.AFFIRMED: gettext_lazy("El contacto dijo que quedó bien"),
    rules.BOOKED: gettext_lazy("Se agendó una cita que sigue en pie"),
    rules.CONVERTED: gettext_lazy("Se convirtió en cliente"),
    rules.ORDER: gettext_lazy("Se informó el estado de un pedido"),
    rules.COMPLAINT: gettext_lazy("El contacto se quejó"),
    rules.REPEATED: gettext_lazy("Preguntó dos veces lo mismo"),
    rules.UNANSWERED: gettext_lazy("Quedó sin respuesta"),
    rules.FAILED: gettext_lazy("El último turno falló"),
    rules.BLOCKED: gettext_lazy("El último turno se frenó por seguridad"),
    rules.ASKED_AGAIN: gettext_lazy("Volvió en el día con la misma pregunta"),
    rules.SILENCE: gettext_lazy("No escribió más después de la respuesta"),
    rules.CLOSED: gettext_lazy("Se cerró la conversación"),
    CORRECTED: gettext_lazy("Lo dijo una persona al corregir"),
    briefs.PERSON: gettext_lazy("El contacto pidió una persona"),
    briefs.EMERGENCY: gettext_lazy("Emergencia"),
    briefs.NO_AGENT: gettext_lazy("Ningún agente atendía en ese momento"),
    briefs.BUDGET: gettext_lazy("Se llegó al tope de gasto"),
    briefs.INPUT: gettext_lazy("Mensaje sospechoso"),
    briefs.WITHHELD: gettext_lazy("La respuesta se frenó antes de salir"),
    briefs.FAILURE: gettext_lazy("El modelo o la conexión fallaron"),
    briefs.LIMITS: gettext_lazy("La IA no llegó a una respuesta"),
    briefs.HOPS: gettext_lazy("Cambió de tema varias veces"),
    briefs.AGENT: gettext_lazy("El agente decidió pasarlo"),
    briefs.UNJUDGED: gettext_lazy("No se pudo saber si era urgente"),
}
NO_REASON = gettext_lazy("Sin motivo anotado")
MOST_NOTE = 300


def reason_words(code: str) -> str:
    """A code in words; of a hand-over among the facts, why it was."""
    kind, _sign, why = code.partition(":")
    if kind == "handed" and why:
        return _("Derivado: %(reason)s") % {"reason": reason_words(why).lower()}
    return str(REASONS.get(code, code or NO_REASON))


class ResultsFilter(PeriodForm):
    """Which days, and of which agent."""

    agent = forms.ChoiceField(label=gettext_lazy("Agente"), required=False)

    def __init__(self, *, period: Period, agents: Named, **given: Any) -> None:
        super().__init__(period=period, **given)
        named = [(str(pk), name) for pk, name in agents]
        self.fields["agent"].choices = [ALL, (NOBODY, gettext_lazy("Sin agente")), *named]  # type: ignore[attr-defined]  # a ChoiceField


class StretchFilter(ResultsFilter):
    """Which results of those days."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Resultado"), required=False, choices=[ALL, *Assessment.Outcome.choices]
    )

    def __init__(self, *, period: Period, agents: Named, **given: Any) -> None:
        super().__init__(period=period, agents=agents, **given)
        self.initial["period"] = "custom"


class CorrectionForm(forms.Form):
    """What really happened, said by a person. `seen`: the correction that was on the screen."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Qué pasó"), choices=Assessment.Outcome.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=gettext_lazy("Por qué"), max_length=MOST_NOTE, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
