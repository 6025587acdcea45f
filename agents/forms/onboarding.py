"""Forms of the first steps."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tenants.forms_company import CompanyFactsForm

# What a company of each trade is asked first; shown as an example, never stored by itself.
EXAMPLES = {
    "sales": _("Precios: el modelo básico cuesta $ 90.000 y el grande $ 140.000.\nEnvíos: 48 horas dentro de la ciudad.\nPagos: transferencia, tarjeta y efectivo."),
    "services": _("Qué hacemos: liquidación de impuestos y sueldos.\nHonorarios: desde $ 60.000 por mes.\nLa primera consulta no se cobra."),
    "clinic": _("Horarios: lunes a viernes de 9 a 18.\nObras sociales: consultar por nombre.\nLa primera consulta cuesta $ 25.000."),
    "store": _("Envíos a todo el país en 3 a 6 días.\nCambios dentro de los 30 días con el ticket.\nPagos: tarjeta en 3 cuotas y transferencia."),
}  # fmt: skip


class CompanyStep(CompanyFactsForm):
    pass


class AgentStep(forms.Form):
    name = forms.CharField(label=_("Nombre del agente"), max_length=80, help_text=_("Así firma en el chat."))
    about = forms.CharField(
        label=_("Qué debe cuidar"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Una regla por línea: qué ofrecer, qué no prometer, cuándo pasar a una persona."),
    )
    tone = forms.CharField(label=_("Tono"), required=False, max_length=500)
    model = forms.ChoiceField(
        label=_("Modelo"),
        required=False,
        help_text=_("Sin clave contesta la demostración, que lo dice."),
    )
    openai_key = forms.CharField(
        label=_("Clave de OpenAI"),
        required=False,
        max_length=400,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Se guarda cifrada en la bóveda de la empresa y no se vuelve a mostrar."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = str(self.initial.get("model") or "")
        offered = {"": _("Demostración, sin clave"), **{model: f"OpenAI {model}" for model in settings.FIRST_MODELS}}
        offered.setdefault(chosen, chosen)  # another one, set in the agent's own editor, stays as it is
        self.fields["model"].choices = list(offered.items())  # type: ignore[attr-defined]  # a ChoiceField


class KnowledgeStep(forms.Form):
    text = forms.CharField(
        label=_("Precios, horarios y respuestas de siempre"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("La IA contesta con esto y con nada que no esté aquí. Después se suman archivos en Conocimiento."),
    )
