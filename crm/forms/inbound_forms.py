"""Forms of the doors: the one that visitors fill in, and those with which a company makes its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Invalid
from crm.domain import form_fields as shapes
from crm.forms.custom import form_field
from crm.models import Consent, CustomField, InboundForm, Pipeline, Seller
from crm.services.finding import checked_email, number_of
from crm.services.inbound_forms import LABELS

TRAP = "website"
USES = [("", _("No pedir")), ("optional", _("Opcional")), ("required", _("Obligatorio"))]
BUILT_IN: dict[str, Any] = {
    "name": lambda: forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})),
    "phone": lambda: forms.CharField(
        max_length=40, widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"})
    ),
    "email": lambda: forms.CharField(
        max_length=254, widget=forms.TextInput(attrs={"type": "email", "autocomplete": "email"})
    ),
    "city": lambda: forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})),
    "message": lambda: forms.CharField(
        max_length=shapes.LONGEST_MESSAGE, widget=forms.Textarea(attrs={"rows": 4, "maxlength": "4000"})
    ),
}


def own_fields(names: Sequence[str]) -> dict[str, CustomField]:
    """Active fields of the company's own, by the names forms use: "lead.zona". No statement when there is none."""
    if not any(shapes.own_field(name) for name in names):
        return {}
    return {f"{row.on}.{row.key}": row for row in CustomField.objects.filter(is_active=True)}


class PublicForm(forms.Form):
    """What a visitor fills in: the chosen fields, a yes to the company's text, and two that people do not see."""

    started = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    referrer = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
    # Programs fill in whatever there is; people never see this one.
    website = forms.CharField(
        required=False, max_length=300, widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"})
    )

    def __init__(self, data: Any = None, *, door: InboundForm, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.asked: list[str] = []
        own = own_fields([each["name"] for each in door.fields])
        for each in door.fields:
            field = self._field(each, own, door)
            if field is not None:
                self.fields[each["name"]] = field
                self.asked.append(each["name"])

    def _field(self, each: Mapping[str, Any], own: Mapping[str, CustomField], door: InboundForm) -> forms.Field | None:
        name, required = each["name"], bool(each.get("required"))
        if name == shapes.CONSENT:
            return forms.BooleanField(label=door.consent_text, required=required)
        if name in own:
            return form_field(own[name], None, required=required)
        if name not in BUILT_IN:
            return None
        field: forms.Field = BUILT_IN[name]()
        field.label, field.required = LABELS[name], required
        return field

    def visible(self) -> list[forms.BoundField]:
        """In the order the company chose."""
        return [self[name] for name in self.asked]

    def clean_phone(self) -> str:
        """E.164."""
        return _read(number_of, self.cleaned_data.get("phone") or "")

    def clean_email(self) -> str:
        return _read(checked_email, self.cleaned_data.get("email") or "")

    def clean(self) -> dict[str, Any]:
        """Somebody who can be written to."""
        said = self.cleaned_data
        reachable = {"phone", "email"} & set(self.asked)
        if not any(said.get(name) or name in self.errors for name in reachable):
            self.add_error("phone" if "phone" in reachable else "email", _("Falta el teléfono o el correo."))
        return said

    def values(self) -> dict[str, Any]:
        """What was said, by our names."""
        return {name: self.cleaned_data.get(name) for name in self.asked}


def _read(read: Any, raw: str) -> str:
    try:
        return str(read(raw))
    except Invalid as error:
        raise forms.ValidationError(str(next(iter(error.fields.values()), error.message))) from error


class NewDoorForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Qué se necesita"),
        choices=[
            (InboundForm.Kind.FORM, _("Un formulario para una página o un enlace")),
            (InboundForm.Kind.WEBHOOK, _("Una entrada para otro sistema")),
        ],
        widget=forms.RadioSelect,
        initial=InboundForm.Kind.FORM,
    )
    name = forms.CharField(
        label=_("Nombre"), max_length=120, help_text=_("Cómo se reconoce adentro, por ejemplo: Web, página de precios.")
    )


class DoorForm(forms.Form):
    """How a door behaves. What it asks for follows in a table: `use:<name>`, and `path:<name>` for another system's."""

    name = forms.CharField(label=_("Nombre"), max_length=120)
    slug = forms.SlugField(
        label=_("Dirección"), max_length=60, help_text=_("Cambiarla deja sin efecto los enlaces ya publicados.")
    )
    title = forms.CharField(label=_("Título"), max_length=160, required=False)
    intro = forms.CharField(
        label=_("Texto de arriba"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    thanks = forms.CharField(
        label=_("Texto al terminar"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    consent_text = forms.CharField(
        label=_("Texto del consentimiento"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    consent_purpose = forms.ChoiceField(label=_("El consentimiento es para"), choices=Consent.Purpose.choices)
    allowed_domains = forms.CharField(
        label=_("Sitios donde se muestra"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "www.empresa.com"}),
        help_text=_("Uno por línea. Solo estos sitios pueden mostrarlo dentro de una página."),
    )
    source = forms.CharField(
        label=_("Origen de los leads"), max_length=60, required=False, help_text=_("Vacío, se usa el nombre.")
    )
    tags = forms.CharField(label=_("Etiquetas"), max_length=600, required=False, help_text=_("Separadas por comas."))
    pipeline = forms.ModelChoiceField(
        Pipeline.objects.none(), label=_("Embudo"), required=False, empty_label=_("El principal")
    )
    owner = forms.ModelChoiceField(
        Seller.objects.none(), label=_("Vendedor"), required=False, empty_label=_("Según las reglas de asignación")
    )

    ONLY_FORM = ("title", "intro", "thanks", "consent_text", "consent_purpose", "allowed_domains")

    def __init__(self, *args: Any, door: InboundForm, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.door = door
        self.fields["pipeline"].queryset = Pipeline.objects.filter(is_active=True)  # type: ignore[attr-defined]  # a ModelChoiceField
        self.fields["owner"].queryset = Seller.objects.filter(is_active=True)  # type: ignore[attr-defined]  # a ModelChoiceField
        if door.kind == InboundForm.Kind.WEBHOOK:
            for name in self.ONLY_FORM:
                del self.fields[name]
        chosen = {each["name"]: each for each in door.fields}
        self.rows = [
            self._row(name, label, chosen.get(name, {}))
            for name, label in _offered(door.kind, CustomField.objects.filter(is_active=True))
        ]

    def _row(self, name: str, label: Any, chosen: Mapping[str, Any]) -> str:
        now = "required" if chosen.get("required") else "optional" if chosen else ""
        uses = [(value, words) for value, words in USES if value or self.door.kind == InboundForm.Kind.FORM]
        if self.door.kind == InboundForm.Kind.WEBHOOK:
            now = now or "optional"
            self.fields[f"path:{name}"] = forms.CharField(
                label=_("Dónde está «%(label)s» en el mensaje") % {"label": label},
                required=False,
                max_length=200,
                initial=chosen.get("path", ""),
                widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
            )
        self.fields[f"use:{name}"] = forms.ChoiceField(label=label, choices=uses, required=False, initial=now)
        return name

    def asked(self) -> list[tuple[forms.BoundField, forms.BoundField | None]]:
        """The rows of the table: how a field is used, and where another system puts it."""
        paths = self.door.kind == InboundForm.Kind.WEBHOOK
        return [(self[f"use:{name}"], self[f"path:{name}"] if paths else None) for name in self.rows]

    def plain(self) -> list[forms.BoundField]:
        """The other fields."""
        return [self[name] for name in self.base_fields if name in self.fields]

    def changes(self) -> dict[str, Any]:
        """For the service."""
        said = self.cleaned_data
        changes = {name: said[name] for name in ("name", "slug", "source", "pipeline", "owner")}
        changes["tags"] = said["tags"].split(",")
        if self.door.kind == InboundForm.Kind.FORM:
            changes |= {name: said[name] for name in ("title", "intro", "thanks", "consent_text")}
            changes["allowed_domains"] = said["allowed_domains"].splitlines()
        changes["fields"] = [
            {
                "name": name,
                "required": said[f"use:{name}"] == "required",
                "path": said.get(f"path:{name}", ""),
                "purpose": said.get("consent_purpose", ""),
            }
            for name in self.rows
            if self._is_kept(name)
        ]
        return changes

    def _is_kept(self, name: str) -> bool:
        said = self.cleaned_data
        if self.door.kind == InboundForm.Kind.FORM:
            return bool(said[f"use:{name}"])
        return said[f"use:{name}"] == "required" or bool(said[f"path:{name}"]) or shapes.own_field(name) is not None

    @classmethod
    def of(cls, door: InboundForm, data: Any = None) -> "DoorForm":
        """Filled with what is stored."""
        consent: Mapping[str, Any] = next((each for each in door.fields if each["name"] == shapes.CONSENT), {})
        known = {name: getattr(door, name) for name in ("name", "slug", *cls.ONLY_FORM[:4], "source")}
        more = {
            "consent_purpose": consent.get("purpose", Consent.Purpose.FOLLOW_UP),
            "allowed_domains": "\n".join(door.allowed_domains),
            "tags": ", ".join(door.tags),
            "pipeline": door.pipeline_id,
            "owner": door.owner_id,
        }
        return cls(data, door=door, initial={**known, **more})


def _offered(kind: str, own: Any) -> list[tuple[str, Any]]:
    """Everything a door may ask for, in the order of the page."""
    last = shapes.CONSENT if kind == InboundForm.Kind.FORM else shapes.EXTERNAL_ID
    names: list[tuple[str, Any]] = [(name, LABELS[name]) for name in shapes.BUILT_IN]
    names += [(f"{row.on}.{row.key}", row.label) for row in own]
    return [*names, (last, LABELS[last])]
