"""Which column of a spreadsheet is which field of ours, guessed from its heading."""

from collections.abc import Mapping, Sequence

from crm.domain.search import searchable

# Field → headings as people and other products write them, in the order of preference.
HEADINGS: dict[str, tuple[str, ...]] = {
    "id": ("id de contacto", "contact id", "id contacto"),
    "name": (
        "nombre", "name", "nombre completo", "nombre y apellido", "apellido y nombre", "full name", "first name",
        "nombres", "contacto", "contact", "cliente", "customer", "lead", "persona", "given name", "display name", "nome",
    ),
    "last_name": ("apellido", "apellidos", "last name", "surname", "family name", "sobrenome"),
    "phone": (
        "telefono", "phone", "celular", "whatsapp", "movil", "tel", "cel", "phone number", "numero de telefono",
        "mobile", "mobile phone", "telefono movil", "telefono celular", "numero", "nro de telefono", "telefone",
        "phone 1 value", "whatsapp number", "contact number",
    ),
    "email": (
        "correo", "email", "e mail", "mail", "correo electronico", "email address", "direccion de correo",
        "e mail 1 value",
    ),
    "city": ("ciudad", "city", "localidad", "cidade"),
    "tags": ("etiquetas", "tags", "labels", "etiqueta", "tag"),
    "notes": ("notas", "notes", "nota", "observaciones", "comentarios", "comments", "observacion", "comentario"),
    "source": ("origen", "source", "fuente", "lead source", "canal", "procedencia", "campana", "origem"),
    "value": ("valor", "value", "importe", "monto", "amount", "valor estimado", "deal value"),
    "currency": ("moneda", "currency", "moeda"),
    "interest": ("interes", "interest"),
}  # fmt: skip
FIELDS = tuple(HEADINGS)
OF_LEADS = frozenset({"source", "value", "currency", "interest"})
IDENTITY = frozenset({"id", "name", "phone", "email"})


def guess(headings: Sequence[str], own: Mapping[str, str]) -> dict[str, str]:
    """Heading → field, of those understood. `own` maps headings of the company's own fields to their codes."""
    by_words = {searchable(heading): heading for heading in reversed(headings)}
    found: dict[str, str] = {}
    for label, code in own.items():
        heading = by_words.get(searchable(label))
        if heading and heading not in found:
            found[heading] = code
    for field, names in HEADINGS.items():
        heading = next((by_words[name] for name in names if by_words.get(name, "") not in {"", *found}), None)
        if heading is not None:
            found[heading] = field
    return found


def problem(mapping: Mapping[str, str]) -> str:
    """What is wrong with a choice: `nobody` when no column says who it is, `twice` when two give the same field."""
    chosen = [field for field in mapping.values() if field]
    if not IDENTITY & set(chosen):
        return "nobody"
    return "twice" if len(chosen) != len(set(chosen)) else ""
