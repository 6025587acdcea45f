"""The words and settings of an agent, as a person edits them."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.forms.agent_hours import HoursPart
from agents.llm.families import family_of
from agents.models import Agent
from agents.services import tools
from agents.services.agent_config import LIMITS, LONGEST_TONE, MOST_RULES, MOST_WORDS
from agents.services.agents import LONGEST_PROMPT
from agents.templates import TEMPLATES
from messaging.models import Source

PROVIDERS = [
    ("demo", gettext_lazy("Demostración (sin clave)")),
    ("openai", "OpenAI"),
    ("google", "Google Gemini"),
    ("custom", gettext_lazy("Otro, compatible con OpenAI")),
]
#: fields of the form that live in the agent's `config` under the same name
CONFIG = (
    *("specialty", "tone", "rules", "dictionary", "register", "register_en", "disclosure"),
    *("fallback_model", "side_model", "base_url", "vision", *LIMITS),
)
_HOURS = ("hours_mode", "rests_on_holidays", "away", *(f"day_{number}" for number in range(7)))


def _limit(name: str, label: Any, help_text: Any) -> forms.IntegerField:
    least, most = LIMITS[name]
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=least,
        max_value=most,
        help_text=format_lazy(help_text, most=most),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class AgentForm(HoursPart):
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
    specialty = forms.ChoiceField(
        label=gettext_lazy("Especialidad"),
        required=False,
        choices=[
            ("", gettext_lazy("Ninguna: responde lo que le toque por prioridad")),
            ("reception", gettext_lazy("Recepción: lo que no es de otro")),
            ("sales", gettext_lazy("Ventas")),
            ("support", gettext_lazy("Soporte y reclamos")),
            ("booking", gettext_lazy("Turnos")),
            ("billing", gettext_lazy("Facturas y pagos")),
            ("urgency", gettext_lazy("Urgencias y síntomas")),
        ],
        help_text=gettext_lazy("Si varios atienden el mismo canal, el tema del mensaje decide cuál responde."),
    )
    system_prompt_template = forms.CharField(
        label=gettext_lazy("Instrucciones"),
        required=False,
        max_length=LONGEST_PROMPT,
        help_text=gettext_lazy(
            "Quién es, cómo trabaja y qué hacer en cada caso. Las variables se llenan en cada mensaje."
        ),
        widget=forms.Textarea(attrs={"rows": 14, "data-variables": ""}),
    )
    register = forms.ChoiceField(
        label=gettext_lazy("Cómo trata al cliente"),
        required=False,
        choices=[
            ("", gettext_lazy("Como se usa en el país de la empresa")),
            ("voseo", gettext_lazy("De vos: tenés, podés")),
            ("tuteo", gettext_lazy("De tú: tienes, puedes")),
            ("usted", gettext_lazy("De usted: tiene, puede")),
        ],
        help_text=gettext_lazy("También vale para las frases de la plataforma, como al pasar el chat a una persona."),
    )
    register_en = forms.ChoiceField(
        label=gettext_lazy("En inglés"),
        required=False,
        choices=[
            ("", gettext_lazy("Según el trato en español")),
            ("casual", gettext_lazy("Cercano")),
            ("formal", gettext_lazy("Formal")),
        ],
    )
    disclosure = forms.ChoiceField(
        label=gettext_lazy("Decir que es una IA"),
        required=False,
        choices=[
            ("", gettext_lazy("Cuando lo preguntan")),
            ("first", gettext_lazy("En el primer mensaje y cuando lo preguntan")),
        ],
        help_text=gettext_lazy("Si lo preguntan, nunca lo niega."),
    )
    tone = forms.CharField(
        label=gettext_lazy("Tono"),
        required=False,
        max_length=LONGEST_TONE,
        widget=forms.TextInput(attrs={"data-variables": ""}),
    )
    rules = forms.CharField(
        label=gettext_lazy("Reglas"),
        required=False,
        max_length=LONGEST_PROMPT,
        help_text=format_lazy(gettext_lazy("Una por línea, hasta {most}."), most=MOST_RULES),
        widget=forms.Textarea(attrs={"rows": 6, "data-variables": ""}),
    )
    dictionary = forms.CharField(
        label=gettext_lazy("Diccionario"),
        required=False,
        max_length=LONGEST_PROMPT,
        help_text=format_lazy(
            gettext_lazy("Una palabra por línea y lo que quiere decir, hasta {most}: termo: termotanque, calefón"),
            most=MOST_WORDS,
        ),
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
    fallback_model = forms.CharField(
        label=gettext_lazy("Modelo de reserva"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Responde cuando el primero falla. Es del mismo proveedor."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    side_model = forms.CharField(
        label=gettext_lazy("Modelo para tareas cortas"),
        required=False,
        max_length=80,
        help_text=gettext_lazy(
            "Para tareas cortas: repartir, resumir y ayudar a escribir; vacío, el mismo modelo. Es del mismo proveedor."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
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

    max_steps = _limit(
        "max_steps",
        gettext_lazy("Consultas al modelo"),
        gettext_lazy("Por respuesta. Cada uso de una herramienta lleva una consulta más. Vacío: {most}."),
    )
    max_seconds = _limit(
        "max_seconds",
        gettext_lazy("Segundos"),
        gettext_lazy("Cuánto puede tardar en responder. Vacío: {most}."),
    )
    max_tokens = _limit(
        "max_tokens",
        gettext_lazy("Tokens"),
        gettext_lazy("Por respuesta, leídos y escritos; mil tokens son unas 750 palabras. Vacío: {most}."),
    )

    #: how the page groups the fields: (title, names)
    GROUPS = (
        (gettext_lazy("Quién es"), ("name", "role", "channels", "priority", "specialty", "is_active")),
        (gettext_lazy("Cuándo responde"), ("hours_mode", "away")),
        (
            gettext_lazy("Qué dice"),
            ("system_prompt_template", "register", "register_en", "disclosure", "tone", "rules", "dictionary"),
        ),
        (gettext_lazy("Qué puede hacer"), ("enabled_tools",)),
        (
            gettext_lazy("Modelo"),
            ("model_provider", "model_version", "temperature", "fallback_model", "side_model", "vision", "base_url"),
        ),
        (gettext_lazy("Límites de cada respuesta"), tuple(LIMITS)),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["enabled_tools"].choices = tools.choices()  # type: ignore[attr-defined]  # a ChoiceField
        model = str(self["model_version"].value() or "").strip()
        if model and not family_of(model).sends_temperature:
            self.fields["temperature"].help_text = _(
                "De 0 (siempre igual) a 2 (muy suelto). El modelo %(model)s no lo tiene en cuenta, como los que razonan antes"
                " de responder."
            ) % {"model": model}

    @classmethod
    def of(cls, agent: Agent, data: Any = None) -> "AgentForm":
        initial = {name: getattr(agent, name) for name in cls.base_fields if name not in (*CONFIG, *_HOURS)}
        config = agent.config if isinstance(agent.config, dict) else {}
        initial |= {name: config.get(name, "") for name in CONFIG} | cls.initial_hours(config)
        initial["rules"] = _as_lines(config.get("rules"))
        initial["dictionary"] = _as_dictionary_lines(config.get("dictionary"))
        return cls(data, initial=initial)

    def groups(self) -> list[tuple[str, list[Any]]]:
        """(title, fields) of each part of the page. The week stands beside its rule: see `days`."""
        return [(str(title), [self[name] for name in names]) for title, names in self.GROUPS]

    def clean_system_prompt_template(self) -> str:
        """A browser ends lines with two characters, which would show as a change of every line."""
        return str(self.cleaned_data["system_prompt_template"]).replace("\r\n", "\n")

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
            known = words.setdefault(word.strip(), [])
            known += [each.strip() for each in others.split(",") if each.strip() and each.strip() not in known]
        return words

    def clean_rules(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["rules"].splitlines() if line.strip()]

    def values(self, agent: Agent) -> dict[str, Any]:
        """What the service takes; settings this form does not know stay as they are."""
        plain = {name: value for name, value in self.cleaned_data.items() if name not in (*CONFIG, *_HOURS)}
        for name in ("enabled_tools", "channels"):
            plain[name] = _in_order(getattr(agent, name), plain[name])
        config = dict(agent.config) if isinstance(agent.config, dict) else {}
        said = {name: self.cleaned_data[name] for name in CONFIG} | {"hours": self.hours_settings()}
        for name, value in said.items():
            config.pop(name, None)
            if value:
                config[name] = value
        return {**plain, "config": config}


def _in_order(before: list[str], chosen: list[str]) -> list[str]:
    """What was chosen in the order it had: a page lists its marks in another, which is no change."""
    return [each for each in before if each in chosen] + [each for each in chosen if each not in before]


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
            (name, f"{template['label']}. {template['says']}") for name, template in TEMPLATES.items()
        ]
        self.fields["template_type"].initial = next(iter(TEMPLATES))
