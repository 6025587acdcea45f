"""Writing a template: its parts, its buttons, and what fills it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import AppError
from config.lib.ids import key_of
from messaging.domain import template_parts
from messaging.domain.template_parts import BUTTONS_MOST, Button, Written
from messaging.models import Channel, MessageTemplate
from messaging.services import templates

HEADERS = [
    ("", gettext_lazy("Ninguno")),
    ("text", gettext_lazy("Texto")),
    ("image", gettext_lazy("Imagen")),
    ("document", gettext_lazy("Documento")),
    ("video", gettext_lazy("Video")),
]
CATEGORIES = [
    (each.value, each.label) for each in (MessageTemplate.Category.UTILITY, MessageTemplate.Category.MARKETING)
]
KINDS = [
    ("", gettext_lazy("Sin botón")),
    (template_parts.QUICK_REPLY, gettext_lazy("Respuesta rápida")),
    (template_parts.URL, gettext_lazy("Abrir un enlace")),
    (template_parts.PHONE, gettext_lazy("Llamar")),
]
PLAIN = {"autocomplete": "off", "spellcheck": "false"}
FIRST_BUTTONS = 3  # the others are folded away


class WritingForm(forms.Form):
    """One template as a person writes it. The limits are the domain's; what it refuses comes back beside the fields."""

    channel = forms.ChoiceField(label=gettext_lazy("Canal"))
    name = forms.CharField(
        label=gettext_lazy("Nombre"),
        max_length=template_parts.NAME_MOST,
        help_text=gettext_lazy("En minúsculas, con guion bajo: recordatorio_visita. El cliente no lo ve."),
        widget=forms.TextInput(attrs={**PLAIN, "autocapitalize": "none"}),
    )
    language = forms.CharField(
        label=gettext_lazy("Idioma"),
        max_length=15,
        help_text=gettext_lazy("Un código como es, es_AR o en_US."),
        widget=forms.TextInput(attrs=PLAIN),
    )
    category = forms.ChoiceField(
        label=gettext_lazy("Categoría"),
        choices=CATEGORIES,
        help_text=gettext_lazy("Servicio: avisos de algo que la persona pidió. Promoción: ofertas y novedades."),
    )
    header = forms.ChoiceField(label=gettext_lazy("Encabezado"), required=False, choices=HEADERS)
    header_text = forms.CharField(
        label=gettext_lazy("Texto o enlace del encabezado"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("Hasta 60 letras y una variable; con archivo, la dirección https de un ejemplo."),
    )
    header_sample = forms.CharField(label=gettext_lazy("Ejemplo del encabezado"), required=False, max_length=200)
    body = forms.CharField(
        label=gettext_lazy("Texto"),
        strip=True,
        help_text=gettext_lazy(
            "Hasta 1024 letras. Las variables son {{1}}, {{2}}… o nombres como {{nombre}}; ninguna al principio ni al final."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    samples = forms.CharField(
        label=gettext_lazy("Ejemplos de las variables"),
        required=False,
        max_length=5000,
        help_text=gettext_lazy("Uno por línea, en el orden en que aparecen. Los ve quien revisa en WhatsApp."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    footer = forms.CharField(
        label=gettext_lazy("Pie"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Hasta 60 letras, sin variables."),
    )

    def __init__(
        self, *args: Any, channels: list[Channel], template: MessageTemplate | None = None, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.fields["channel"].choices = [(str(each.pk), each.name) for each in channels]  # type: ignore[attr-defined]  # a ChoiceField
        for number in range(BUTTONS_MOST):
            self._add_button(number)
        if template is not None:  # its name, language and channel are what it is
            for name in ("channel", "name", "language"):
                del self.fields[name]

    def _add_button(self, number: int) -> None:
        prefix = f"b{number}_"
        kind = forms.ChoiceField(label=_("Botón %(n)d") % {"n": number + 1}, required=False, choices=KINDS)
        self.fields[f"{prefix}kind"] = kind
        for name, label in (("text", _("Dice")), ("value", _("Enlace o teléfono")), ("sample", _("Ejemplo"))):
            self.fields[f"{prefix}{name}"] = forms.CharField(label=label, required=False, max_length=2000)

    def parts(self) -> list[BoundField]:
        """The fields before the buttons."""
        return [field for field in self if not self._is_button(field.name)]

    def buttons(self) -> list[tuple[bool, list[BoundField]]]:
        """(folded away, its four fields) of each button."""
        rows = [
            [self[f"b{number}_{name}"] for name in ("kind", "text", "value", "sample")]
            for number in range(BUTTONS_MOST)
        ]
        filled = [any(field.value() for field in row) for row in rows]
        return [(number >= FIRST_BUTTONS and not filled[number], row) for number, row in enumerate(rows)]

    @staticmethod
    def _is_button(name: str) -> bool:
        return name[:1] == "b" and name[1:2].isdecimal()

    def written(self) -> Written:
        given = self.cleaned_data
        buttons = [
            Button(*(given.get(f"b{number}_{name}", "") for name in ("kind", "text", "value", "sample")))
            for number in range(BUTTONS_MOST)
            if given.get(f"b{number}_kind")
        ]
        return Written(
            body=_one_newline(given["body"]),
            header=given["header"],
            header_text=given["header_text"] if given["header"] else "",
            header_sample=given["header_sample"],
            footer=given["footer"],
            buttons=tuple(buttons),
            samples=tuple(line.strip() for line in given["samples"].splitlines() if line.strip()),
        )

    def refuse(self, error: AppError) -> None:
        """What the domain refuses, beside the field it names."""
        for name, words in error.fields.items():
            if name in self.fields:
                self.add_error(name, str(words))
            else:
                self.add_error(None, f"{_('Botones')}: {words}" if name == "buttons" else str(words))
        if not error.fields:
            self.add_error(None, str(error.message))

    @staticmethod
    def initial_of(template: MessageTemplate) -> dict[str, Any]:
        """What stands in the fields of a template that exists."""
        written = template_parts.written(template.components)
        given: dict[str, Any] = {
            name: getattr(written, name) for name in ("header", "header_text", "header_sample", "body", "footer")
        }
        given |= {"samples": "\n".join(written.samples), "category": template.category}
        for number, button in enumerate(written.buttons):
            given |= {f"b{number}_{name}": getattr(button, name) for name in ("kind", "text", "value", "sample")}
        return given


def _one_newline(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class ValuesForm(forms.Form):
    """One field for each slot of a template: words, or `{{nombre}}` and the like."""

    slots: tuple[template_parts.Slot, ...] = ()

    @classmethod
    def of(cls, template: MessageTemplate, data: Mapping[str, Any] | None = None) -> "ValuesForm":
        slots = template_parts.slots(template.components)
        usual = templates.fitting(template.components, template.values)
        form = cls(data, initial={f"v{number}": value for number, value in enumerate(usual)})
        form.slots = slots
        for number, slot in enumerate(slots):
            form.fields[f"v{number}"] = forms.CharField(
                label=_label(slot),
                max_length=1000,
                required=False,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )
        return form

    def typed(self) -> list[str]:
        """The words of every field, as they stand."""
        return [str(self[f"v{number}"].value() or "").strip() for number in range(len(self.slots))]

    def refuse(self, message: str) -> None:
        self.full_clean()
        self.add_error(None, message)


def _label(slot: template_parts.Slot) -> str:
    if slot.kind != "text":
        return _("Enlace del archivo del encabezado")
    if slot.part == "header":
        return _("Encabezado: %(name)s") % {"name": "{{" + slot.name + "}}"}
    if slot.part == "button":
        return _("Enlace del botón «%(name)s»") % {"name": slot.name}
    return "{{" + slot.name + "}}"


class TemplateFilter(forms.Form):
    q = forms.CharField(
        label=gettext_lazy("Plantilla"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    canal = forms.ChoiceField(label=gettext_lazy("Canal"), required=False)
    estado = forms.ChoiceField(
        label=gettext_lazy("Estado"),
        required=False,
        choices=[("", gettext_lazy("Todos")), *MessageTemplate.Status.choices],
    )

    def __init__(self, *args: Any, channels: list[Channel], **more: Any) -> None:
        super().__init__(*args, **more)
        options = [("", _("Todos")), *((str(each.pk), each.name) for each in channels)]
        self.fields["canal"].choices = options  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def _asked(self) -> dict[str, str]:
        """What was asked and can be answered; a wrong choice asks for nothing."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value} if self.is_bound else {}

    @property
    def filtered(self) -> bool:
        return bool(self._asked)

    def narrow(self, rows: QuerySet[MessageTemplate]) -> QuerySet[MessageTemplate]:
        asked = self._asked
        if "q" in asked:
            words = asked["q"]
            rows = rows.filter(Q(name__icontains=words.replace(" ", "_")) | Q(components__icontains=words))
        if "canal" in asked:
            rows = rows.filter(channel_id=key_of(asked["canal"]))
        return rows.filter(status=asked["estado"]) if "estado" in asked else rows
