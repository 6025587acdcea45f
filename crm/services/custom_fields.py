"""Fields of the company's own: defined, filled in, searched by, put into texts. Values lie in `custom` of leads and contacts."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, DecimalField, F, Func, JSONField, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import AppError, Conflict, Invalid, NotFound
from config.lib.ids import key_of as as_key
from crm.domain import custom_fields as rules
from crm.models import Contact, CustomField, Lead
from crm.phones import as_e164
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.services.audit import record

# What agents noted before a company had fields of its own; always accepted, as text.
BUILT_IN = frozenset({"document", "insurance", "other_phone"})
LONGEST_BUILT_IN = 120
MOST_FIELDS = 60  # on leads, and as many on contacts
MOST_OPTIONS = 100
MOST_ERRORS = 20
EDITABLE = frozenset(
    {"label", "kind", "options", "help_text", "is_required", "in_filters", "agents_may_write", "position", "is_active"}
)
CHOOSING = frozenset({"choice", "choices"})
RANGED = frozenset({"number", "money", "date"})
REASONS: Mapping[str, Promise] = {
    "text": gettext_lazy("Tiene que ser un texto."),
    "long_text": gettext_lazy("Tiene que ser un texto."),
    "number": gettext_lazy("Escribir un número, por ejemplo 12,5."),
    "money": gettext_lazy("Escribir un importe, por ejemplo 1.500,50."),
    "date": gettext_lazy("Escribir una fecha, por ejemplo 2026-11-21."),
    "yes_no": gettext_lazy("Elegir sí o no."),
    "choice": gettext_lazy("Elegir una de las opciones."),
    "choices": gettext_lazy("Elegir entre las opciones."),
    "email": gettext_lazy("El correo no se entiende."),
    "phone": gettext_lazy("El teléfono no se entiende. Escribir con código de país, por ejemplo +54 9 11 5555 1111."),
    "url": gettext_lazy("Escribir un enlace que empiece con https://."),
    "long": gettext_lazy("Es demasiado largo."),
    "letters": gettext_lazy("Hay letras que no se pueden guardar."),
}


def fields_on(on: str) -> list[CustomField]:
    """The active fields of leads or contacts in their order; one statement."""
    return list(CustomField.objects.filter(on=on, is_active=True).order_by("position", "label"))


def field_for(pk: object) -> CustomField:
    field = CustomField.objects.filter(pk=as_key(pk)).first()
    if field is None:
        raise NotFound(_("Ese campo no existe."))
    return field


# --- values ------------------------------------------------------------------------------------------------


def fit(field: CustomField, raw: object) -> rules.Value:
    """One value as it is stored, None for an empty one. Raises Invalid in words."""
    try:
        return rules.fit(field.kind, raw, options=field.options, as_phone=_as_phone)
    except rules.Unfit as unfit:
        raise Invalid(REASONS[str(unfit)]) from unfit


def clean(
    on: str, values: Mapping[str, Any], *, current: Mapping[str, Any], fields: Sequence[CustomField] | None = None
) -> dict[str, Any]:
    """`current` with the given values put in; an empty value takes its key out, what is not named stays.

    Raises Invalid with `fields` {"custom.<key>": words}. A key that no active field has is only accepted as it lies there.
    """
    if not isinstance(values, Mapping):  # whatever JSON somebody wrote by hand
        message = _("Tienen que ser claves con sus valores.")
        raise Invalid(message, fields={"custom": message})
    if not values:
        return dict(current)
    known = {field.key: field for field in (fields_on(on) if fields is None else fields)}
    result, wrong = dict(current), {}
    for key, raw in values.items():
        try:
            value = _fitting(known.get(key), key, raw, current)
        except Invalid as error:
            wrong[f"custom.{str(key)[:40]}"] = error.message
            continue
        if value is None:
            result.pop(key, None)
        else:
            result[key] = value
    if wrong:
        first = dict(list(wrong.items())[:MOST_ERRORS])
        names = ", ".join(each.removeprefix("custom.") for each in first)
        raise Invalid(_("No se guardó. Revisar los campos: %(names)s.") % {"names": names}, fields=first)
    return result


def _fitting(field: CustomField | None, key: str, raw: object, current: Mapping[str, Any]) -> Any:
    if key in current and current[key] == raw:
        return raw  # left as it is, also when its field is gone or its options changed
    if field is not None:
        return fit(field, raw)
    if raw is None and key in current:
        return None
    if key in BUILT_IN:
        try:
            text = rules.fit("text", raw)
        except rules.Unfit as unfit:
            raise Invalid(REASONS[str(unfit)]) from unfit
        return text[:LONGEST_BUILT_IN] if isinstance(text, str) else text
    raise Invalid(_("No hay ningún campo activo con esa clave."))


def _as_phone(text: str) -> str:
    try:
        return as_e164(text, currency=current_tenant().currency)
    except AppError as error:
        raise rules.Unfit("phone") from error


def filter_q(field: CustomField, raw: str) -> Q:
    """Rows whose value is `raw`; for numbers, amounts and dates also "from..to", either end open. Raises Invalid.

    Everything but a range is found through the index of `custom`.
    """
    if field.kind in RANGED and ".." in raw:
        low, high = (fit(field, end) for end in raw.split("..", 1))
        return _between(field, low, high)
    value = fit(field, raw.replace("|", ",") if field.kind == "choices" else raw)
    if value is None:
        raise Invalid(_("Falta el valor del filtro."))
    return Q(custom__contains={field.key: value})


def _between(field: CustomField, low: rules.Value, high: rules.Value) -> Q:
    if low is None and high is None:
        raise Invalid(_("Falta el valor del filtro."))
    if field.kind != "money":
        ends = {f"custom__{field.key}__gte": low, f"custom__{field.key}__lte": high}
        return Q(**{name: end for name, end in ends.items() if end is not None})
    # Amounts are kept as text; what is no amount (from before the field) is no match, and never breaks the cast.
    column = DecimalField(max_digits=14, decimal_places=2)
    amount = Case(
        When(
            **{f"custom__{field.key}__regex": r'^"?-?\d{1,12}(\.\d{1,2})?"?$'},
            then=Cast(KeyTextTransform(field.key, "custom"), column),
        ),
        default=None,
        output_field=column,
    )
    found = Q()
    if low is not None:
        found &= Q(GreaterThanOrEqual(amount, Decimal(str(low))))
    if high is not None:
        found &= Q(LessThanOrEqual(amount, Decimal(str(high))))
    return found


def shown(field: CustomField, value: object) -> str:
    """A stored value in the reader's words; "" for none."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return _("Sí") if value else _("No")
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)


def variables_of(contact: Contact | None, lead: Lead | None = None) -> dict[str, str]:
    """What texts may name: {{nombre}}, {{telefono}}, {{correo}}, {{ciudad}}, {{empresa}}, {{vendedor}}, {{etapa}} and
    {{campo.<key>}} for every active field; "" where nothing is known. A lead's field wins over the contact's of that key."""
    words = {"empresa": current_tenant().name}
    if contact is not None:
        words |= {"nombre": contact.name, "telefono": contact.phone or "", "correo": contact.email}
        words |= {"ciudad": contact.city}
    if lead is not None:
        words |= {"vendedor": lead.owner.name if lead.owner else "", "etapa": lead.stage.name}
    for field in CustomField.objects.filter(is_active=True).order_by("on"):  # contact, then lead
        holder = lead if field.on == CustomField.On.LEAD else contact
        if holder is not None:
            value = shown(field, holder.custom.get(field.key))
            words[f"campo.{field.key}"] = value or words.get(f"campo.{field.key}", "")
    return words


def told(contact: Contact) -> dict[str, tuple[str, str]]:
    """Key → (label, value in words) of what is known of a person and of their open lead; for what agents read.

    One statement where the company has no fields of its own, else two.
    """
    fields = list(CustomField.objects.filter(is_active=True).order_by("on", "position"))
    if not fields:
        return {}
    lead = Lead.objects.open().filter(contact=contact).order_by("-created_at").first()
    held = {CustomField.On.CONTACT.value: contact.custom, CustomField.On.LEAD.value: lead.custom if lead else {}}
    found = {row.key: (row.label, shown(row, held[row.on].get(row.key))) for row in fields}
    return {key: said for key, said in found.items() if said[1]}


# --- definitions ---------------------------------------------------------------------------------------------


def create_field(*, on: str, label: str, kind: str, by: Actor, key: str = "", **more: Any) -> CustomField:
    """`key` is made from the label unless given; it never changes. Raises Invalid, or Conflict when the key is taken."""
    if on not in CustomField.On.values:
        raise Invalid(_("Elegir dónde está el campo."), fields={"on": _("Valor desconocido.")})
    taken = list(CustomField.objects.filter(on=on).values_list("key", flat=True))
    if len(taken) >= MOST_FIELDS:
        raise Conflict(_("Ya hay %(n)d campos; primero hay que quitar alguno.") % {"n": MOST_FIELDS}, code="too_many")
    key = key or rules.key_of(label, [*taken, *BUILT_IN])
    if key != rules.key_of(key):
        message = _("La clave lleva minúsculas sin acentos, números y guion bajo.")
        raise Invalid(message, fields={"key": message})
    if key in taken or key in BUILT_IN:
        message = _("Ya hay un campo con esa clave.")
        raise Conflict(message, code="duplicate_field", fields={"key": message})
    field = CustomField(on=on, key=key, position=len(taken))
    _assign(field, {"label": label, "kind": kind, **more})
    field.save(force_insert=True)
    record(action="custom_field.created", resource=field, by=by, diff={"on": on, "key": key, "kind": field.kind})
    return field


def update_field(*, field: CustomField, by: Actor, **changes: Any) -> CustomField:
    """Change the named parts. The kind of a field with values changes only into one that can hold them."""
    before = {name: getattr(field, name) for name in changes if name in EDITABLE}
    kind = changes.get("kind", field.kind)
    if kind != field.kind and kind not in rules.CONVERTIBLE.get(field.kind, ()) and is_used(field):
        message = _("El campo ya tiene valores: su tipo no puede cambiar.")
        raise Conflict(message, code="field_in_use", fields={"kind": message})
    was_choice = field.kind == "choice" and kind == "choices"
    _assign(field, changes)
    changed = sorted(name for name, old in before.items() if getattr(field, name) != old)
    if changed:
        field.save(update_fields=changed)
        record(action="custom_field.updated", resource=field, by=by, diff={"fields": changed})
    if was_choice:
        _rewrap(field)
    return field


def remove_field(*, field: CustomField, by: Actor, clear: bool) -> int:
    """Remove the definition; the values stay where they are unless `clear`. Says how many rows were cleared."""
    cleared = _clear(field) if clear else 0
    record(action="custom_field.removed", resource=field, by=by, diff={"key": field.key, "cleared": cleared})
    field.delete()
    return cleared


def reorder(*, on: str, ids: Iterable[object], by: Actor) -> None:
    """Put the named fields first, in this order; the others keep theirs."""
    rows = {row.pk: row for row in CustomField.objects.filter(on=on).order_by("position", "label")}
    first = [rows.pop(key) for each in ids if (key := as_key(each)) in rows]
    ordered = [*first, *rows.values()]
    moved = [row for position, row in enumerate(ordered) if row.position != position]
    for position, row in enumerate(ordered):
        row.position = position
    if moved:
        CustomField.objects.bulk_update(moved, ["position"])
        record(action="custom_field.reordered", resource=moved[0], by=by, diff={"on": on})


def is_used(field: CustomField) -> bool:
    """Whether any row has a value."""
    return _holders(field).filter(custom__has_key=field.key).exists()


def _holders(field: CustomField) -> QuerySet[Lead] | QuerySet[Contact]:
    return Lead.objects.all() if field.on == CustomField.On.LEAD else Contact.objects.all()


def _clear(field: CustomField) -> int:
    """In one statement; nothing is read into memory, however many rows there are."""
    key = Cast(Value(field.key), TextField())
    without = Func(F("custom"), key, template="(%(expressions)s)", arg_joiner=" - ", output_field=JSONField())
    return _holders(field).filter(custom__has_key=field.key).update(custom=without)


def _rewrap(field: CustomField) -> None:
    """One option becomes a list of one."""
    key = Cast(Value(field.key), TextField())
    listed = Func(KeyTransform(field.key, "custom"), function="jsonb_build_array", output_field=JSONField())
    path = Func(key, template="array[%(expressions)s]", output_field=ArrayField(TextField()))
    changed = Func(F("custom"), path, listed, function="jsonb_set", output_field=JSONField())
    _holders(field).filter(custom__has_key=field.key).update(custom=changed)


def _assign(field: CustomField, changes: Mapping[str, Any]) -> None:
    unknown = set(changes) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in changes.items():
        setattr(field, name, value.strip() if isinstance(value, str) else value)
    wrong: dict[str, str] = {}
    if not field.label:
        wrong["label"] = _("Falta el nombre.")
    if field.kind not in CustomField.Kind.values:
        wrong["kind"] = _("Ese tipo no existe.")
    field.options = list(dict.fromkeys(each.strip() for each in field.options if each.strip()))
    if field.kind not in CHOOSING:
        field.options = []
    elif not 1 <= len(field.options) <= MOST_OPTIONS:
        wrong["options"] = _("Escribir entre 1 y %(n)d opciones, una por línea.") % {"n": MOST_OPTIONS}
    elif any(len(each) > 80 or "," in each or "|" in each for each in field.options):
        wrong["options"] = _("Cada opción lleva hasta 80 letras, sin comas ni barras.")
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)
