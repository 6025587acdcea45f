"""Every column that is sealed by its field (tenants.sealed), in whatever model, put under the current key."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F, Func

from tenants.context import auth_scope, tenant_context
from tenants.keyring import Unreadable
from tenants.models import Tenant
from tenants.ring import ring
from tenants.sealed import SealedText

AT_ONCE = 200
Scope = Callable[[], AbstractContextManager[object]]


@dataclass
class Found:
    moved: int = 0
    unreadable: list[str] = field(default_factory=list)


def columns() -> Iterator[tuple[type[models.Model], str]]:
    """Model and field name of every sealed column there is."""
    for model in apps.get_models():
        for each in model._meta.concrete_fields:
            if isinstance(each, SealedText):
                yield model, each.name


def rotate(companies: Sequence[Tenant]) -> Found:
    """Seal anew what is not under the current key, some rows at a time; what does not open is named and left alone."""
    found = Found()
    for model, name in columns():
        if model._meta.app_config.name in settings.TENANT_APPS:
            scopes: list[Scope] = [partial(tenant_context, tenant) for tenant in companies]
        else:
            scopes = [auth_scope]  # what is shared and sealed is about signing in
        for scope in scopes:
            _rotate_column(model, name, scope, found)
    return found


def _rotate_column(model: type[models.Model], name: str, scope: Scope, found: Found) -> None:
    after: object = None
    while True:
        with scope():
            batch = _batch(model, name, after)
            for key in batch:
                _seal_anew(model, name, key, found)
        if not batch:
            return
        after = batch[-1]


def _batch(model: type[models.Model], name: str, after: object) -> list[object]:
    """Keys of rows whose beginning is not the current key's id; read without opening anything."""
    current = next(iter(ring())).encode() + b"\x00"
    begins = Func(F(name), 1, len(current), function="substr", output_field=models.BinaryField())
    rows = model._base_manager.filter(**{f"{name}__isnull": False}).annotate(begins=begins).exclude(begins=current)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def _seal_anew(model: type[models.Model], name: str, key: object, found: Found) -> None:
    try:
        row = model._base_manager.select_for_update(no_key=True).only(name).filter(pk=key).first()
    except Unreadable:
        found.unreadable.append(f"{model._meta.db_table}/{key}")
        return
    if row is not None:
        row.save(update_fields=[name])
        found.moved += 1
