"""Which column gives which field: what may be chosen, what is guessed, what a row says of each field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.domain import columns
from crm.models import CustomField
from crm.services import custom_fields

CONTACT, LEAD = "custom.", "lead."  # what codes of the company's own fields begin with


@dataclass(frozen=True)
class Choices:
    """The fields that a column may give: code → words. `own` are the company's own by their codes."""

    labels: dict[str, str]
    own: dict[str, CustomField]


def choices() -> Choices:
    """Ours and the company's own; one statement."""
    labels = {
        "name": _("Nombre"),
        "last_name": _("Apellido"),
        "phone": _("Teléfono"),
        "email": _("Correo"),
        "city": _("Ciudad"),
        "tags": _("Etiquetas"),
        "notes": _("Notas"),
        "source": _("Origen"),
        "value": _("Valor"),
        "currency": _("Moneda"),
        "interest": _("Interés"),
        f"{CONTACT}document": _("Documento"),
        "id": _("Id de contacto"),
    }
    own: dict[str, CustomField] = {}
    for field in CustomField.objects.filter(is_active=True).order_by("on", "position", "label"):
        code = f"{CONTACT if field.on == CustomField.On.CONTACT else LEAD}{field.key}"
        own[code] = field
        labels[code] = (
            field.label if field.label not in labels.values() else f"{field.label} ({field.get_on_display()})"
        )
    return Choices(labels, own)


def guessed(headings: Sequence[str], known: Choices) -> dict[str, str]:
    """Heading → field, of the columns that are understood."""
    own = {label: code for code, label in known.labels.items() if code in known.own}
    documents = dict.fromkeys(("Documento", "DNI", "Nº de documento", "document"), f"{CONTACT}document")
    return columns.guess(headings, {**documents, **own, **{code: code for code in known.own}})


def checked(mapping: Mapping[str, str], headings: Sequence[str], known: Choices) -> dict[str, str]:
    """The columns that are used. Raises Invalid for an unknown field, one given twice, or when nothing says who it is."""
    chosen = {heading: mapping[heading] for heading in headings if mapping.get(heading)}
    if set(chosen.values()) - set(known.labels) - set(custom_fields.BUILT_IN):
        raise _wrong(_("Uno de los campos elegidos no existe."))
    problem = columns.problem(chosen)
    if problem == "nobody":
        raise _wrong(_("Falta decir qué columna lleva el nombre, el teléfono o el correo."))
    if problem == "twice":
        raise _wrong(_("Dos columnas no pueden ir al mismo campo."))
    return chosen


def _wrong(message: str) -> Invalid:
    return Invalid(message, code="mapping", fields={"mapping": message})


def of_row(cells: Sequence[str], headings: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Field → what the row says of it."""
    said = {mapping[heading]: cell for heading, cell in zip(headings, cells, strict=False) if heading in mapping}
    last = said.pop("last_name", "")
    if last:
        said["name"] = f"{said.get('name', '')} {last}".strip()
    return said
