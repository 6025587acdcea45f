"""Labels: the company's catalogue, and their names on leads and contacts."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Func, OuterRef, QuerySet, Value, When
from django.db.models.functions import Cast, Lower
from django.http import QueryDict
from django.utils.translation import gettext as _

from config.lib.counts import Counted
from config.lib.errors import Conflict, Invalid, NotFound
from config.lib.ids import key_of
from config.lib.texts import stored
from crm.domain.colors import color_or_default
from crm.models import AssignmentRule, Contact, InboundForm, Lead, SavedView, Tag
from tenants.domain.actor import Actor
from tenants.services.audit import record

LONGEST = 40
MOST_ON_ONE = 30  # labels of one lead or contact
NAMES = ArrayField(models.CharField(max_length=LONGEST))


def clean(names: Iterable[str]) -> list[str]:
    """The labels as they are kept: trimmed, each once, as the catalogue spells them; new ones are added to it.

    Raises Invalid for one that is too long, or too many.
    """
    wanted: dict[str, str] = {}
    for each in names:
        name = " ".join(stored(str(each)).split())
        if name:
            wanted.setdefault(name.lower(), name)
    if any(len(name) > LONGEST for name in wanted.values()):
        message = _("Una etiqueta lleva hasta %(n)d letras.") % {"n": LONGEST}
        raise Invalid(message, fields={"tags": message})
    if len(wanted) > MOST_ON_ONE:
        message = _("Hasta %(n)d etiquetas.") % {"n": MOST_ON_ONE}
        raise Invalid(message, fields={"tags": message})
    if not wanted:
        return []
    known = {name.lower(): name for name in _spelled(wanted).values_list("name", flat=True)}
    new = {folded: name for folded, name in wanted.items() if folded not in known}
    if new:
        Tag.objects.bulk_create([Tag(name=name) for name in new.values()], ignore_conflicts=True)
    return [known.get(folded, name) for folded, name in wanted.items()]


def _spelled(folded: Iterable[str]) -> QuerySet[Tag]:
    return Tag.objects.alias(folded=Lower("name")).filter(folded__in=list(folded))


def tag_for(pk: object) -> Tag:
    tag = Tag.objects.filter(pk=key_of(pk)).first()
    if tag is None:
        raise NotFound(_("Esa etiqueta no existe."))
    return tag


def counted() -> QuerySet[Tag]:
    """The catalogue with `on_leads` and `on_contacts`: how many rows have each, counted as far as config.lib.counts does."""
    named = Func(OuterRef("name"), template="array[%(expressions)s]::varchar[]", output_field=NAMES)
    return Tag.objects.annotate(
        on_leads=Counted(Lead.objects.filter(tags__contains=named)),
        on_contacts=Counted(Contact.objects.filter(tags__contains=named)),
    )


def colors() -> dict[str, str]:
    """Name → colour, of the labels that have one."""
    return dict(Tag.objects.exclude(color="").values_list("name", "color"))


def create_tag(*, name: str, by: Actor, color: str = "", description: str = "") -> Tag:
    """Raises Conflict when a label is called so already, however it is spelled."""
    tag = Tag(name=_name(name), color=color_or_default(color), description=stored(description).strip()[:200])
    if _spelled([tag.name.lower()]).exists():
        raise _taken()
    tag.save(force_insert=True)
    record(action="tag.created", resource=tag, by=by, diff={"name": tag.name})
    return tag


def update_tag(
    *, tag: Tag, by: Actor, name: str | None = None, color: str | None = None, description: str | None = None
) -> Tag:
    """Change what is given. A new name is put wherever the old one stands."""
    before = tag.name
    if name is not None:
        tag.name = _name(name)
        if _spelled([tag.name.lower()]).exclude(pk=tag.pk).exists():
            raise _taken()
    if color is not None:
        tag.color = color_or_default(color)
    if description is not None:
        tag.description = stored(description).strip()[:200]
    tag.save(update_fields=["name", "color", "description"])
    changed = _replace(before, tag.name) if tag.name != before else 0
    record(action="tag.updated", resource=tag, by=by, diff={"name": [before, tag.name], "rows": changed})
    return tag


def unite(*, tag: Tag, into: Tag, by: Actor) -> int:
    """Whoever had `tag` has `into` from now on, once; `tag` is gone. Says on how many rows it stood."""
    if tag.pk == into.pk:
        message = _("Elegir otra etiqueta.")
        raise Invalid(message, fields={"into": message})
    changed = _replace(tag.name, into.name)
    record(action="tag.united", resource=into, by=by, diff={"from": tag.name, "rows": changed})
    tag.delete()
    return changed


def remove_tag(*, tag: Tag, by: Actor) -> int:
    """Take the label out of the catalogue and off every lead and contact. Says on how many rows it stood."""
    changed = _on_every_row(tag.name, _without(tag.name))
    record(action="tag.removed", resource=tag, by=by, diff={"name": tag.name, "rows": changed})
    tag.delete()
    return changed


def forget_unused(names: Iterable[str]) -> None:
    """Take labels out of the catalogue that nobody has any more and that nobody described."""
    bare = Tag.objects.filter(name__in=list(names), color="", description="")
    for name in bare.values_list("name", flat=True):
        if not any(rows.filter(tags__contains=[name]).exists() for rows in _holders()):
            Tag.objects.filter(name=name).delete()


def _replace(old: str, new: str) -> int:
    _rename_in_filters(old, new)
    swapped = Func(F("tags"), _word(old), _word(new), function="array_replace", output_field=NAMES)
    return _on_every_row(old, Case(When(tags__contains=[new], then=_without(old)), default=swapped))


def _rename_in_filters(old: str, new: str) -> None:
    """Rules and saved views that ask for the label by its name."""
    for rule in AssignmentRule.objects.filter(filters__has_key="tag").select_for_update(no_key=True):
        wanted = rule.filters["tag"]
        named = [new if each == old else each for each in (wanted if isinstance(wanted, list) else [wanted])]
        rule.filters = {**rule.filters, "tag": named if isinstance(wanted, list) else named[0]}
        rule.save(update_fields=["filters"])
    for view in SavedView.objects.filter(query__contains="tag=").select_for_update(no_key=True):
        query = QueryDict(view.query, mutable=True)
        if old in query.getlist("tag"):
            query.setlist("tag", [new if each == old else each for each in query.getlist("tag")])
            view.query = query.urlencode()[:2000]
            view.save(update_fields=["query"])


def _without(name: str) -> Func:
    return Func(F("tags"), _word(name), function="array_remove", output_field=NAMES)


def _word(name: str) -> Cast:
    return Cast(Value(name), models.CharField())  # of the array's own type, else the function is not found


def _on_every_row(name: str, change: Func | Case) -> int:
    """In one statement a table, however many rows there are. Says how many leads and contacts changed."""
    leads, people, _doors = (rows.filter(tags__contains=[name]).update(tags=change) for rows in _holders())
    return leads + people


def _holders() -> tuple[QuerySet[Any], ...]:
    return Lead.objects.all(), Contact.objects.all(), InboundForm.objects.all()


def _name(name: str) -> str:
    found = " ".join(stored(name).split())
    if not found:
        raise Invalid(_("Falta el nombre."), fields={"name": _("Falta el nombre.")})
    if len(found) > LONGEST:
        message = _("Una etiqueta lleva hasta %(n)d letras.") % {"n": LONGEST}
        raise Invalid(message, fields={"name": message})
    return found


def _taken() -> Conflict:
    message = _("Ya hay una etiqueta con ese nombre.")
    return Conflict(message, code="duplicate_tag", fields={"name": message})
