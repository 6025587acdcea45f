"""Forms of trying an agent out and of its test cases."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.domain.booking_gate import CLINIC
from agents.models import Agent, TestCase
from agents.services import playground
from agents.services.checks import labels
from agents.services.judging import ANSWERED, HANDED_OFF
from agents.services.rehearsal import CLIENT, FREE, FULL, LEAD, NO_LEAD, UNREADABLE
from agents.services.test_sets import EXPECTED, LONGEST_TEXT, MOST_TURNS
from config.lib.errors import AppError
from crm.phones import as_e164
from messaging.models import Source
from tenants.context import current_tenant

LEADS = [
    (NO_LEAD, gettext_lazy("Nadie conocido")),
    (LEAD, gettext_lazy("Lead abierto")),
    (CLIENT, gettext_lazy("Ya es cliente")),
]
INTEREST = [
    ("", gettext_lazy("Sin calificar")),
    ("high", gettext_lazy("Alto")),
    ("medium", gettext_lazy("Medio")),
    ("low", gettext_lazy("Bajo")),
    ("none", gettext_lazy("Ninguno")),
]
CALENDARS = [
    (FREE, gettext_lazy("Con lugar")),
    (FULL, gettext_lazy("Completa")),
    (UNREADABLE, gettext_lazy("No se puede leer")),
]
ENDS = [
    ("", gettext_lazy("De cualquier manera")),
    (ANSWERED, gettext_lazy("Contesta la IA")),
    (HANDED_OFF, gettext_lazy("Pasa a una persona")),
]
_HOURS = re.compile(r"^\s*(\d{1,2}:\d{2})\s*(?:-|a|to|–)\s*(\d{1,2}:\d{2})\s*$")
CHOICES: dict[str, dict[str, Any]] = {
    "visitor_lead": dict(LEADS),
    "visitor_interest": dict(INTEREST),
    "channel": dict(Source.choices),
    "calendar": dict(CALENDARS),
}
OF_CLINICS = frozenset({"document", "insurance"})
VISITOR = ("name", "phone", "email", "document", "insurance", "lead", "interest")


class SettingForm(forms.Form):
    """The invented customer and the invented agenda of a trial. Fields of the customer begin with `visitor_`."""

    visitor_name = forms.CharField(label=gettext_lazy("Nombre"), max_length=120, required=False)
    visitor_phone = forms.CharField(
        label=gettext_lazy("Teléfono"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Inventado, por ejemplo +54 9 11 5550-1000."),
    )
    visitor_email = forms.EmailField(label=gettext_lazy("Correo"), required=False)
    visitor_document = forms.CharField(label=gettext_lazy("Documento"), max_length=40, required=False)
    visitor_insurance = forms.CharField(label=gettext_lazy("Obra social o seguro"), max_length=120, required=False)
    visitor_lead = forms.ChoiceField(label=gettext_lazy("Quién es para la empresa"), choices=LEADS, required=False)
    visitor_interest = forms.ChoiceField(label=gettext_lazy("Interés"), choices=INTEREST, required=False)
    channel = forms.ChoiceField(label=gettext_lazy("Canal"), choices=Source.choices, required=False)
    calendar = forms.ChoiceField(label=gettext_lazy("Agenda"), choices=CALENDARS, required=False)
    sellers = forms.CharField(
        label=gettext_lazy("Horarios libres"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Una línea por persona: Sol: 09:00-13:00, 15:00-18:00. Vacío: el equipo, en su horario."
        ),
    )

    def clean_visitor_phone(self) -> str:
        """As written; one that cannot be a phone is told beside its field."""
        written = str(self.cleaned_data["visitor_phone"])
        try:
            if written:
                as_e164(written, currency=current_tenant().currency)
        except AppError as error:
            raise forms.ValidationError(str(error.message)) from None
        return written

    def clean_sellers(self) -> list[dict[str, Any]]:
        found = []
        for line in str(self.cleaned_data["sellers"]).splitlines():
            if not line.strip():
                continue
            name, _colon, hours = line.partition(":")
            ranges = [_HOURS.match(each) for each in hours.split(",")]
            if not name.strip() or not all(ranges):
                raise forms.ValidationError(
                    _("No se entiende «%(line)s». Va como Sol: 09:00-13:00.") % {"line": line.strip()}
                )
            spans = [[each[1].zfill(5), each[2].zfill(5)] for each in ranges if each]
            found.append({"name": name.strip()[:120], "hours": spans})
        return found

    def scene(self) -> dict[str, Any]:
        """What was chosen, in the shape of agents.services.test_sets.tidy_scene."""
        clean = self.cleaned_data
        contact = {name: clean.get(f"visitor_{name}") or "" for name in VISITOR}
        return {
            "contact": {name: value for name, value in contact.items() if value},
            "channel": clean.get("channel") or Source.WEB.value,
            "calendar": {"state": clean.get("calendar") or FREE, "sellers": clean.get("sellers") or []},
        }

    @property
    def parts(self) -> list[tuple[str, list[Any]]]:
        """Its fields as the page shows them."""
        clinic = current_tenant().trade == CLINIC
        shown = [name for name in VISITOR if clinic or name not in OF_CLINICS or self.initial.get(f"visitor_{name}")]
        customer = [self[f"visitor_{name}"] for name in shown]
        return [
            (_("Cliente simulado"), [*customer, self["channel"]]),
            (_("Agenda simulada"), [self["calendar"], self["sellers"]]),
        ]

    @property
    def told(self) -> list[tuple[str, str]]:
        """(label, value in words) of what its initial values say."""
        found = []
        for name, field in self.fields.items():
            value = str(self.initial.get(name) or "")
            words = str(CHOICES[name].get(value, value)) if name in CHOICES else value
            if value and not isinstance(field, forms.MultipleChoiceField):
                found.append((str(field.label), words))
        return found


def initial_of(scene: dict[str, Any]) -> dict[str, Any]:
    """A kept scene as the form's values."""
    calendar = scene.get("calendar") or {}
    lines = [
        f"{each['name']}: {', '.join(f'{first}-{last}' for first, last in each['hours'])}"
        for each in calendar.get("sellers") or []
    ]
    visitor = {f"visitor_{name}": value for name, value in (scene.get("contact") or {}).items()}
    return {
        **visitor,
        "channel": scene.get("channel") or Source.WEB.value,
        "calendar": calendar.get("state") or FREE,
        "sellers": "\n".join(lines),
    }


class SayForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Mensaje del cliente"),
        max_length=playground.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
    )


class CaseForm(SettingForm):
    """A test case. `turns`: messages parted by an empty line."""

    name = forms.CharField(label=gettext_lazy("Nombre"), max_length=160)
    turns = forms.CharField(
        label=gettext_lazy("Lo que escribe el cliente"),
        max_length=MOST_TURNS * (LONGEST_TEXT + 2),
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("Un mensaje por párrafo, separados por una línea vacía: la IA contesta cada uno."),
    )
    calls = forms.MultipleChoiceField(
        label=gettext_lazy("Tiene que usar"), required=False, widget=forms.CheckboxSelectMultiple
    )
    avoids = forms.MultipleChoiceField(
        label=gettext_lazy("No puede usar"), required=False, widget=forms.CheckboxSelectMultiple
    )
    says = forms.CharField(
        label=gettext_lazy("Tiene que decir"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Un texto por línea. No importan mayúsculas ni acentos."),
    )
    never_says = forms.CharField(
        label=gettext_lazy("No puede decir"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    ends = forms.ChoiceField(label=gettext_lazy("Cómo termina"), choices=ENDS, required=False)
    is_active = forms.BooleanField(
        label=gettext_lazy("Cuenta para publicar"),
        required=False,
        help_text=gettext_lazy("Si la versión publicada lo pasa y la nueva no, la nueva no se publica."),
    )

    def __init__(self, *args: Any, agent: Agent, **more: Any) -> None:
        super().__init__(*args, **more)
        known = labels()
        names = list(
            dict.fromkeys(
                [*agent.enabled_tools, *(self.initial.get("calls") or []), *(self.initial.get("avoids") or [])]
            )
        )
        for field in ("calls", "avoids"):
            self.fields[field].choices = [(name, known.get(name, name)) for name in names]  # type: ignore[attr-defined]  # a choice field

    @classmethod
    def of(cls, agent: Agent, case: TestCase | None = None, data: Any = None) -> "CaseForm":
        if case is None:
            return cls(data, agent=agent, initial={"is_active": True, **initial_of({})})
        expects = case.expects
        lines = {name: "\n".join(expects.get(name) or []) for name in ("says", "never_says")}
        tools = {name: expects.get(name) or [] for name in ("calls", "avoids")}
        initial = {
            **initial_of(case.scene), **lines, **tools, "ends": expects.get("ends", ""), "name": case.name,
            "is_active": case.is_active, "turns": "\n\n".join(_one(each["text"]) for each in case.turns),
        }  # fmt: skip
        return cls(data, agent=agent, initial=initial)

    def values(self) -> dict[str, Any]:
        """As agents.services.test_sets takes them."""
        clean = self.cleaned_data
        expects: dict[str, Any] = {name: clean[name] for name in ("calls", "avoids")}
        expects |= {name: [line.strip() for line in clean[name].splitlines()] for name in ("says", "never_says")}
        texts = [each.strip() for each in re.split(r"\n\s*\n", clean["turns"].replace("\r\n", "\n"))]
        return {
            "name": clean["name"],
            "turns": [{"text": each} for each in texts if each],
            "expects": {**{name: expects[name] for name in EXPECTED}, "ends": clean["ends"]},
            "scene": self.scene(),
            "is_active": clean["is_active"],
        }

    @property
    def groups(self) -> list[tuple[str, list[Any]]]:
        chat = [self["name"], self["turns"], self["is_active"]]
        wanted = [self[name] for name in ("ends", "calls", "avoids", "says", "never_says")]
        return [(_("El chat"), chat), (_("Qué tiene que pasar"), wanted), *self.parts]


def _one(text: str) -> str:
    """A message without empty lines, which part messages in the form."""
    return re.sub(r"\n\s*\n", "\n", text)
