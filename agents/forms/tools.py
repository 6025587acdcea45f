"""What a company changes about a tool, a service of its own step by step, and one try of it."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from agents.domain.argument_lines import Unreadable, lines_of, schema_of
from agents.domain.service_call import METHODS
from agents.models import Confirmation
from agents.models import Tool as Row
from agents.services.http_tools import OF_CONFIG
from agents.services.tools import LONGEST_TEXT
from tenants.forms_vault import SecretText

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


def _words(label: Any, help_text: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, help_text=help_text, max_length=LONGEST_TEXT, required=False, widget=area)


class TextsForm(forms.Form):
    """The two texts that every tool has, who allows it, and whether it is on."""

    prompt_injection = _words(
        gettext_lazy("Cuándo y cómo usarla"), gettext_lazy("Se suma a lo que la plataforma ya le dice al agente.")
    )
    response_guide = _words(
        gettext_lazy("Cómo contar el resultado"), gettext_lazy("El agente lo lee junto con cada resultado.")
    )
    confirmation = forms.ChoiceField(
        label=gettext_lazy("Antes de hacerlo"),
        choices=Confirmation.choices,
        initial=Confirmation.NONE,
        help_text=gettext_lazy("Si la aprueba el equipo, espera en el chat y se avisa."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("Activa"), required=False, initial=True)

    @classmethod
    def of(cls, row: Row | None, *, waits: bool, closes: bool, data: Any = None) -> "TextsForm":
        """`waits`: somebody may be asked first; `closes`: it may be switched off."""
        form = cls(data, initial={name: getattr(row, name) for name in cls.base_fields} if row else None)
        for name, kept in (("confirmation", waits), ("is_active", closes)):
            if not kept:
                del form.fields[name]
        return form


class ServiceForm(forms.Form):
    """A service of the company's own. A box of secrets is never filled again, not even after an error."""

    name = forms.CharField(
        label=gettext_lazy("Nombre para el agente"),
        max_length=64,
        help_text=gettext_lazy("Letras minúsculas, números y guión bajo: consultar_precio. Después no se cambia."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    label = forms.CharField(label=gettext_lazy("Título"), max_length=120)
    description = forms.CharField(
        label=gettext_lazy("Qué hace"),
        max_length=1000,
        help_text=gettext_lazy("El agente la elige por esto: «Dice el precio de un producto por su código»."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    parameters = forms.CharField(
        label=gettext_lazy("Datos que completa el agente"),
        required=False,
        max_length=8000,
        help_text=gettext_lazy(
            "Uno por línea: nombre; tipo; obligatorio u opcional; qué es. Tipos: texto, número, entero, sí/no, o las "
            "opciones: rojo|azul. Ejemplo: codigo; texto; obligatorio; Código del producto. También un JSON Schema."
        ),
        widget=forms.Textarea(attrs={"rows": 3, **_PLAIN}),
    )
    method = forms.ChoiceField(
        label=gettext_lazy("Método"),
        choices=[(name, name) for name in METHODS],
        help_text=gettext_lazy("GET solo consulta. Los demás cambian algo: se hacen una vez y dejan comprobante."),
    )
    service_url = forms.CharField(
        label=gettext_lazy("Dirección"),
        max_length=500,
        help_text=gettext_lazy(
            "https://servidor/precios/{codigo}: los datos van entre llaves, solo después del servidor. De quien "
            "escribe se sabe {{contacto.nombre}}, {{contacto.telefono}} y {{contacto.email}}."
        ),
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "url"}),
    )
    headers = forms.CharField(
        label=gettext_lazy("Cabeceras"),
        required=False,
        max_length=8000,
        help_text=gettext_lazy("Una por línea. Authorization: Bearer {{secreto.CLAVE}}"),
        widget=forms.Textarea(attrs={"rows": 2, **_PLAIN}),
    )
    body = forms.CharField(
        label=gettext_lazy("Cuerpo"),
        required=False,
        max_length=8000,
        help_text=gettext_lazy("En JSON, con los mismos huecos. Vacío: se mandan los datos que completó el agente."),
        widget=forms.Textarea(attrs={"rows": 3, **_PLAIN}),
    )
    secrets = forms.CharField(
        label=gettext_lazy("Claves"),
        required=False,
        max_length=20_000,
        strip=False,
        help_text=gettext_lazy(
            "Una por línea: CLAVE: valor. Se guardan cifradas, van solo a este servidor y no se vuelven a mostrar. "
            "Si cambia el servidor, se escriben de nuevo."
        ),
        widget=SecretText(attrs={"rows": 2, **_PLAIN}),
    )
    response_path = forms.CharField(
        label=gettext_lazy("Parte de la respuesta"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("datos.0.precio toma solo ese valor. Vacío: toda."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    timeout = forms.FloatField(label=gettext_lazy("Espera, en segundos"), min_value=1, max_value=20, initial=10)
    prompt_injection = TextsForm.base_fields["prompt_injection"]
    response_guide = TextsForm.base_fields["response_guide"]
    confirmation = TextsForm.base_fields["confirmation"]
    is_active = TextsForm.base_fields["is_active"]

    #: the steps: (title, names)
    STEPS = (
        (gettext_lazy("1. Qué hace"), ("name", "label", "description", "parameters")),
        (gettext_lazy("2. A dónde llama"), ("method", "service_url", "headers", "body", "secrets")),
        (gettext_lazy("3. Qué se cuenta"), ("response_path", "timeout", "prompt_injection", "response_guide")),
        (gettext_lazy("4. Quién la permite"), ("confirmation", "is_active")),
    )

    def steps(self) -> list[tuple[str, list[Any]]]:
        return [(str(title), [self[name] for name in names if name in self.fields]) for title, names in self.STEPS]

    @classmethod
    def of(cls, row: Row | None, data: Any = None) -> "ServiceForm":
        if row is None:
            return cls(data, initial={"method": "GET"})
        config = row.config
        initial = {name: getattr(row, name, "") for name in cls.base_fields if name not in OF_CONFIG}
        initial |= {"method": config.get("method"), "timeout": f"{config.get('timeout', 10):g}"}
        initial["response_path"] = config.get("response_path", "")
        initial["headers"] = "\n".join(f"{name}: {value}" for name, value in (config.get("headers") or {}).items())
        initial["body"] = _json(config["body"]) if config.get("body") is not None else ""
        lines = lines_of(row.parameters, language=(get_language() or "es")[:2])
        initial["parameters"] = lines if lines is not None else _json(row.parameters)
        form = cls(data, initial=initial)
        del form.fields["name"]
        return form

    def clean_parameters(self) -> Any:
        text = self.cleaned_data["parameters"]
        if text.lstrip().startswith("{"):
            return _parsed(text)
        try:
            return schema_of(text)
        except Unreadable as error:
            raise forms.ValidationError(_("No se entiende la línea «%(line)s».") % {"line": str(error)[:80]}) from None

    def clean_headers(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["headers"])

    def clean_secrets(self) -> dict[str, str]:
        return _pairs(self.cleaned_data["secrets"], secret=True)

    def clean_body(self) -> Any:
        text = self.cleaned_data["body"]
        return _parsed(text) if text.strip() else None


class TryForm(forms.Form):
    """One box for each argument of a tool."""

    def __init__(self, schema: Mapping[str, Any], data: Any = None) -> None:
        super().__init__(data, prefix="dato")
        self.kinds: dict[str, str] = {}
        for name, each in (schema.get("properties") or {}).items():
            kind = str(each.get("type") or "") if isinstance(each, dict) else ""
            self.kinds[name] = kind
            self.fields[name] = forms.CharField(
                label=name,
                required=name in (schema.get("required") or []),
                max_length=1000,
                help_text=str(each.get("description") or "") if isinstance(each, dict) else "",
                widget=forms.TextInput(attrs=_PLAIN),
            )

    def values(self) -> dict[str, Any]:
        """As the model would write them; what was left empty is left out."""
        given = {name: value for name, value in self.cleaned_data.items() if value != ""}
        return {name: _typed(value, self.kinds[name]) for name, value in given.items()}


def _typed(text: str, kind: str) -> Any:
    if kind in ("", "string"):
        return text
    if kind == "boolean" and text.lower() in ("sí", "si", "yes", "true", "no", "false"):
        return text.lower() not in ("no", "false")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text  # the schema says what is wrong with it


def _pairs(text: str, *, secret: bool = False) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not value.strip():
            shown = "" if secret else f" «{line[:60]}»"
            raise forms.ValidationError(_("Una línea%(line)s no tiene la forma nombre: valor.") % {"line": shown})
        pairs[name.strip()] = value.strip()
    return pairs


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise forms.ValidationError(_("No es JSON válido.")) from None


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
