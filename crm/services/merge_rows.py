"""Rows that move from one parent to another, each noted, so that the move can be taken back to the same bytes.

Knows no table by name: whatever points at the parent moves, also what an app above this one adds.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.db.models import ForeignKey

ORIGIN = "merged_from"  # a column of this name says itself where its row came from
Row = dict[str, Any]


@dataclass
class Trail:
    """What was done, in order. The shape of `ContactMerge.rows`.

    `moves`: [{"model", "column", "from", "to", "ids"}]. `removed`: [{"model", "row"}]. `made`: [{"model", "ids"}].
    `changes`: column of the kept row → [before, after].
    """

    moves: list[Row] = field(default_factory=list)
    removed: list[Row] = field(default_factory=list)
    made: list[Row] = field(default_factory=list)
    changes: dict[str, list[Any]] = field(default_factory=dict)


def pointing_at(model: type[models.Model]) -> list[ForeignKey]:
    """Every foreign key of every app that points at `model`, those without a way back included."""
    relations = (
        each for each in model._meta.get_fields(include_hidden=True) if each.auto_created and not each.concrete
    )
    keys = [getattr(each, "field", None) for each in relations if each.one_to_many or each.one_to_one]
    found = [key for key in keys if isinstance(key, ForeignKey)]
    return sorted(found, key=lambda key: (key.model._meta.label, key.name))


def repoint(key: ForeignKey, *, old: Any, new: Any, trail: Trail) -> None:
    """Let the rows that point at `old` point at `new`. Where the new one has such a row already, that one stays."""
    rows = key.model._base_manager
    rules = _single(key)
    for row in rows.filter(**{key.attname: old}) if rules else ():
        twin = _twin(key, row, new, rules)
        if twin is not None:
            for other in pointing_at(key.model):
                repoint(other, old=row.pk, new=twin.pk, trail=trail)
            remove(row, trail=trail)
    moving = rows.filter(**{key.attname: old})
    ids = [str(pk) for pk in moving.order_by("pk").values_list("pk", flat=True)]
    if not ids:
        return
    if any(each.name == ORIGIN for each in key.model._meta.concrete_fields):
        new_here = rows.filter(**{key.attname: old, ORIGIN: None})
        said = [str(pk) for pk in new_here.order_by("pk").values_list("pk", flat=True)]
        new_here.update(**{ORIGIN: old})
        trail.moves.append(_move(key.model, ORIGIN, None, old, said))
    moving.update(**{key.attname: new})
    trail.moves.append(_move(key.model, key.attname, old, new, ids))


def remove(row: models.Model, *, trail: Trail) -> None:
    """Take the row away, keeping all of it. Nothing may point at it any more: the database would refuse at the commit."""
    table = connection.ops.quote_name(row._meta.db_table)
    trail.removed.append({"model": row._meta.label, "row": snapshot(type(row), row.pk)})
    with connection.cursor() as cursor:
        cursor.execute(f"delete from {table} where id = %s", [row.pk])  # noqa: S608 (our own table)


def made(row: models.Model, *, trail: Trail) -> None:
    trail.made.append({"model": row._meta.label, "ids": [str(row.pk)]})


def snapshot(model: type[models.Model], pk: Any) -> Row:
    """The row as JSON, as PostgreSQL itself writes it."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"select to_jsonb(t) #>> '{{}}' from {table} t where id = %s", [pk])  # noqa: S608 (our own table)
        found = cursor.fetchone()
    return json.loads(found[0]) if found else {}


def put_back(model: type[models.Model], row: Row) -> bool:
    """Insert a row kept by `remove`; columns added since get their default. False when what it needs is gone."""
    whole = {**_defaults(model), **row}
    for each in model._meta.concrete_fields:
        if not isinstance(each, ForeignKey) or whole.get(each.column) is None:
            continue
        if not each.related_model._base_manager.filter(pk=whole[each.column]).exists():
            if not each.null:
                return False
            whole[each.column] = None
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} select * from jsonb_populate_record(null::{table}, %s::jsonb)",  # noqa: S608 (our own table)
            [json.dumps(whole, cls=DjangoJSONEncoder)],
        )
    return True


def write(model: type[models.Model], pk: Any, columns: Row) -> None:
    """Set columns to values as `snapshot` gave them; nothing else of the row changes."""
    if not columns:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} set ({names}) = (select {names} from jsonb_populate_record(null::{table}, %s::jsonb))"  # noqa: S608 (our own columns)
            " where id = %s",
            [json.dumps(columns), pk],
        )


def move_back(moves: Iterable[Row]) -> None:
    """Those rows that are still where they were moved to."""
    for move in reversed(list(moves)):
        model = model_of(move["model"])
        rows = model._base_manager.filter(pk__in=move["ids"], **{move["column"]: move["to"]})
        rows.update(**{move["column"]: move["from"]})


def unmake(rows: Iterable[Row]) -> None:
    for each in rows:
        model_of(each["model"])._base_manager.filter(pk__in=each["ids"]).delete()


def model_of(label: str) -> type[models.Model]:
    return apps.get_model(label)


def _move(model: type[models.Model], column: str, old: Any, new: Any, ids: list[str]) -> Row:
    return {"model": model._meta.label, "column": column, "from": old and str(old), "to": str(new), "ids": ids}


def _single(key: ForeignKey) -> list[models.UniqueConstraint]:
    """The rules by which one parent has a row only once. A column that tells where a row came from tells it apart."""
    if key.unique:
        return [models.UniqueConstraint(fields=[key.name], name="one")]
    rules = (each for each in key.model._meta.constraints if isinstance(each, models.UniqueConstraint))
    return [rule for rule in rules if key.name in rule.fields and ORIGIN not in rule.fields]


def _twin(
    key: ForeignKey, row: models.Model, new: Any, rules: Iterable[models.UniqueConstraint]
) -> models.Model | None:
    """The row of the new parent beside which this one cannot stand."""
    rows = key.model._base_manager
    for rule in rules:
        rest = {name: getattr(row, name) for name in rule.fields if name != key.name}
        if None in rest.values():
            continue
        alike, mine = rows.filter(**rest, **{key.attname: new}), rows.filter(pk=row.pk)
        if rule.condition is not None:
            alike, mine = alike.filter(rule.condition), mine.filter(rule.condition)
        if (twin := alike.first()) is not None and mine.exists():
            return twin
    return None


def _defaults(model: type[models.Model]) -> Row:
    return {str(each.column): each.get_default() for each in model._meta.concrete_fields if each.has_default()}
