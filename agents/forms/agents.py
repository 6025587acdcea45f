"""The words and settings of an agent, as a person edits them."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import Agent
from agents.services.agents import LONGEST_PROMPT
from agents.templates import TEMPLATES
from agents.tools import TOOLS, tool_named
from messaging.models import Source

PROVIDERS = [
    ("demo", gettext_lazy("Demostración (sin clave)")),
    ("openai", "OpenAI"),
    ("google", "Google Gemini"),
    ("custom", gettext_lazy("Otro, compatible con OpenAI")),
]
#: fields of the form that live in the agent's `config`
CONFIG = ("tone", "rules", "dictionary", "fallback_model", "base_url", "vision")


def _tools() -> list[tuple[str, str]]:
    return [(name, str(tool.label)) for name in TOOLS if (tool := tool_named(name)) is not None]


class AgentForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Nombre"), max_length=80, help_text=gettext_lazy("Así firma en el chat."))
    role = forms.CharField(label=gettext_lazy("Función"), max_length=200, required=False)
    is_active = forms.BooleanField(
        label=gettext_lazy("Activo"), required=False, help_text=gettext_lazy("Apagarlo tiene efecto en el momento.")
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Canales donde responde"),
        choices=Source.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    priority = forms.IntegerField(
        label=gettext_lazy("Prioridad"),
        min_value=0,
        max_value=32767,
        help_text=gettext_lazy("Si dos agentes atienden el mismo canal, responde el de número más bajo."),
    )
    system_prompt_template = forms.CharField(
        label=gettext_lazy("Instrucciones"),
        required=False,
        max_length=LONGEST_PROMPT,
        help_text=gettext_lazy("Con {{agent_name}} y {{company}} se ponen el nombre del agente y el de la empresa."),
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    tone = forms.CharField(label=gettext_lazy("Tono"), required=False, max_length=500)
    rules = forms.CharField(
        label=gettext_lazy("Reglas"),
        required=False,
        max_length=8000,
        help_text=gettext_lazy("Una por línea."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    dictionary = forms.CharField(
        label=gettext_lazy("Diccionario"),
        required=False,
        max_length=8000,
        help_text=gettext_lazy("Una palabra por línea y lo que quiere decir: termo: termotanque, calefón"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    enabled_tools = forms.MultipleChoiceField(
        label=gettext_lazy("Herramientas"), required=False, widget=forms.CheckboxSelectMultiple
    )
    model_provider = forms.ChoiceField(label=gettext_lazy("Proveedor del modelo"), choices=PROVIDERS)
    model_version = forms.CharField(
        label=gettext_lazy("Modelo"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    temperature = forms.DecimalField(
        label=gettext_lazy("Temperatura"),
        min_value=0,
        max_value=2,
        decimal_places=2,
        help_text=gettext_lazy("De 0 (siempre igual) a 2 (muy suelto)."),
    )
    fallback_model = forms.CharField(label=gettext_lazy("Modelo de reserva"), required=False, max_length=80)
    vision = forms.ChoiceField(
        label=gettext_lazy("Fotos de los clientes"),
        required=False,
        choices=[
            ("", gettext_lazy("Se muestran si el modelo ve imágenes")),
            ("yes", gettext_lazy("Se muestran siempre")),
            ("no", gettext_lazy("No se muestran")),
        ],
    )
    base_url = forms.URLField(
        label=gettext_lazy("Dirección del servidor"),
        required=False,
        assume_scheme="https",
        help_text=gettext_lazy("Solo para «Otro, compatible con OpenAI»."),
    )

    #: how the page groups the fields: (title, names)
    GROUPS = (
        (gettext_lazy("Quién es"), ("name", "role", "channels", "priority", "is_active")),
        (gettext_lazy("Qué dice"), ("system_prompt_template", "tone", "rules", "dictionary")),
        (gettext_lazy("Qué puede hacer"), ("enabled_tools",)),
        (
            gettext_lazy("Modelo"),
            ("model_provider", "model_version", "temperature", "fallback_model", "vision", "base_url"),
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enabled_tools"].choices = _tools()  # type: ignore[attr-defined]  # a ChoiceField

    @classmethod
    def of(cls, agent: Agent, data: Any = None) -> "AgentForm":
        initial = {name: getattr(agent, name) for name in cls.base_fields if name not in CONFIG}
        config = agent.config if isinstance(agent.config, dict) else {}
        initial |= {name: config.get(name, "") for name in CONFIG}
        initial["rules"] = _as_lines(config.get("rules"))
        initial["dictionary"] = _as_dictionary_lines(config.get("dictionary"))
        return cls(data, initial=initial)

    def groups(self) -> list[tuple[str, list[Any]]]:
        return [(str(title), [self[name] for name in names]) for title, names in self.GROUPS]

    def clean_dictionary(self) -> dict[str, list[str]]:
        words: dict[str, list[str]] = {}
        for line in self.cleaned_data["dictionary"].splitlines():
            word, colon, others = line.partition(":")
            if not line.strip():
                continue
            if not colon or not word.strip():
                raise forms.ValidationError(
                    _("La línea «%(line)s» no tiene la forma palabra: otra, otra.") % {"line": line[:60]}
                )
            words[word.strip()] = [each.strip() for each in others.split(",") if each.strip()]
        return words

    def clean_rules(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["rules"].splitlines() if line.strip()]

    def values(self, agent: Agent) -> dict[str, Any]:
        """What the service takes; settings this form does not know stay as they are."""
        plain = {name: value for name, value in self.cleaned_data.items() if name not in CONFIG}
        config = dict(agent.config) if isinstance(agent.config, dict) else {}
        for name in CONFIG:
            config.pop(name, None)
            if self.cleaned_data[name]:
                config[name] = self.cleaned_data[name]
        return {**plain, "config": config}


def _as_lines(value: object) -> str:
    return "\n".join(str(each) for each in value) if isinstance(value, list) else str(value or "")


def _as_dictionary_lines(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    return "\n".join(
        f"{word}: {', '.join(map(str, others if isinstance(others, list) else [others]))}"
        for word, others in value.items()
    )


class NewAgentForm(forms.Form):
    """A new agent starts from a template and is edited before anybody meets it."""

    name = forms.CharField(label=gettext_lazy("Nombre"), max_length=80, help_text=gettext_lazy("Así firma en el chat."))
    template_type = forms.ChoiceField(label=gettext_lazy("Punto de partida"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template_type"].choices = [  # type: ignore[attr-defined]  # a ChoiceField
            (name, template["label"]) for name, template in TEMPLATES.items()
        ]
        self.fields["template_type"].initial = next(iter(TEMPLATES))
