"""Assignment rules: who may get which leads."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from config.lib.errors import Invalid, NotFound
from config.lib.ids import as_uuid, key_of
from config.lib.texts import storable
from crm.domain import assignment as domain
from crm.models import AssignmentRule, CustomField, Interest, Pipeline, RuleSeller, Seller, Strategy
from tenants.domain.actor import Actor
from tenants.services.audit import record

EDITABLE = frozenset({"name", "strategy", "filters", "priority", "within_hours", "is_active"})
MOST_SELLERS, MOST_WEIGHT, MOST_VALUES, LONGEST_VALUE = 200, 100, 50, 120

PLACES = Prefetch("members", RuleSeller.objects.select_related("seller"))


def rule_for(pk: object) -> AssignmentRule:
    """Raises NotFound."""
    rule = AssignmentRule.objects.prefetch_related(PLACES).filter(pk=key_of(pk)).first()
    if rule is None:
        raise NotFound(_("Esa regla no existe."))
    return rule


def create_rule(*, by: Actor, sellers: Mapping[UUID, int] | Sequence[UUID] = (), **fields: Any) -> AssignmentRule:
    """`sellers`: ids in their order, or id → weight. Raises Invalid with fields."""
    rule = AssignmentRule()
    _assign(rule, fields)
    members = _members(sellers)
    rule.save(force_insert=True)
    _seat(rule, members)
    record(action="rule.created", resource=rule, by=by, diff={"name": rule.name})
    return rule


def update_rule(
    *, rule: AssignmentRule, by: Actor, sellers: Mapping[UUID, int] | Sequence[UUID] | None = None, **fields: Any
) -> AssignmentRule:
    """Change the named fields only; with `sellers` also who is in it, without anybody losing their place in the turns."""
    rule = _held(rule)
    _assign(rule, fields)
    members = _members(sellers) if sellers is not None else None
    rule.save()
    if members is not None:
        _seat(rule, members)
    changed = [*sorted(fields), *(["sellers"] if sellers is not None else [])]
    record(action="rule.updated", resource=rule, by=by, diff={"fields": changed})
    return rule


def remove_rule(*, rule: AssignmentRule, by: Actor) -> None:
    """What it gave stays given; the history keeps why."""
    rule = _held(rule)
    record(action="rule.removed", resource=rule, by=by, diff={"name": rule.name})
    rule.delete()


def _held(rule: AssignmentRule) -> AssignmentRule:
    found = AssignmentRule.objects.select_for_update(no_key=True).filter(pk=rule.pk).first()
    if found is None:
        raise NotFound(_("Esa regla no existe."))
    return found


def _assign(rule: AssignmentRule, fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(rule, name, value.strip() if isinstance(value, str) else value)
    wrong: dict[str, str] = {}
    if not rule.name or len(rule.name) > 120:
        wrong["name"] = _("Falta el nombre, o pasa de 120 letras.")
    if rule.strategy not in Strategy.values:
        wrong["strategy"] = _("Ese reparto no existe.")
    if not 0 <= rule.priority <= 32_767:
        wrong["priority"] = _("Debe estar entre 0 y 32.767.")
    if "filters" in fields:
        rule.filters = _conditions(rule.filters, wrong)
    if wrong:
        raise Invalid(_("Revisar la regla."), fields=wrong)


def _conditions(filters: object, wrong: dict[str, str]) -> dict[str, Any]:
    """The conditions without empty ones; what is wrong with the others goes into `wrong`."""
    if not isinstance(filters, Mapping):
        wrong["filters"] = _("Las condiciones son un conjunto de nombre y valor.")
        return {}
    kept = {str(name): value for name, value in filters.items() if value not in ("", None, [])}
    if domain.unknown(kept):
        names = ", ".join(domain.unknown(kept))
        wrong["filters"] = _("Condiciones que no existen: %(names)s.") % {"names": names[:200]}
        return {}
    for name, value in kept.items():
        if problem := _wrong_value(name, value):
            wrong[f"filters.{name}"] = problem
    keys = {name.removeprefix(domain.CUSTOM) for name in kept if name.startswith(domain.CUSTOM)}
    known = set(CustomField.objects.filter(key__in=keys).values_list("key", flat=True)) if keys else set()
    for key in sorted(keys - known):
        wrong[f"filters.{domain.CUSTOM}{key}"] = _("Ese campo no existe.")
    return kept


def _wrong_value(name: str, value: Any) -> str:
    if name in ("value_min", "value_max"):
        return "" if domain.amount(value) is not None else _("Escribir un importe.")
    several = value if isinstance(value, list) else [value]
    if len(several) > MOST_VALUES or not all(isinstance(each, str | int | bool) for each in several):
        return _("Cada condición lleva un texto, o una lista de textos.")
    if any(len(str(each)) > LONGEST_VALUE or not storable(str(each)) for each in several):
        return _("Pasa de 120 letras.")
    if name == "interest" and not set(several) <= set(Interest.values):
        return _("Ese nivel de interés no existe.")
    if name == "pipeline":
        ids = {key for each in several if (key := as_uuid(each)) is not None}
        if not ids or len(ids) < len(set(several)) or Pipeline.objects.filter(pk__in=ids).count() != len(ids):
            return _("Ese embudo no existe.")
    return ""


def _members(sellers: Mapping[UUID, int] | Sequence[UUID]) -> dict[UUID, int]:
    """Id → weight, in their order."""
    asked = dict(sellers) if isinstance(sellers, Mapping) else dict.fromkeys(sellers, 1)
    if len(asked) > MOST_SELLERS or any(not 1 <= weight <= MOST_WEIGHT for weight in asked.values()):
        raise Invalid(
            _("Revisar la regla."), fields={"sellers": _("El peso va de 1 a 100, y los vendedores hasta 200.")}
        )
    if Seller.objects.filter(pk__in=asked).count() != len(asked):
        raise Invalid(_("Revisar la regla."), fields={"sellers": _("Hay un vendedor que no existe.")})
    return asked


def _seat(rule: AssignmentRule, members: Mapping[UUID, int]) -> None:
    """Make the rule's turns these. The caller holds the rule; whoever joins counts as having received their share."""
    seated = {each.seller_id: each for each in RuleSeller.objects.filter(rule=rule)}
    RuleSeller.objects.filter(pk__in=[each.pk for key, each in seated.items() if key not in members]).delete()
    staying = [
        domain.Turn(key, each.position, each.weight, each.given) for key, each in seated.items() if key in members
    ]
    for position, (key, weight) in enumerate(members.items()):
        place = seated.get(key)
        if place is None:
            given = domain.joining(staying, weight)
            RuleSeller.objects.create(rule=rule, seller_id=key, position=position, weight=weight, given=given)
        elif (place.position, place.weight) != (position, weight):
            # With another weight the same share, so that nobody gets everything until they caught up.
            given = place.given * weight // place.weight
            RuleSeller.objects.filter(pk=place.pk).update(position=position, weight=weight, given=given)
