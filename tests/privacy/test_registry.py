"""No column of words is forgotten: each is declared as the person's, or as nobody's with a reason."""

from collections.abc import Mapping
from dataclasses import replace

from django.apps import apps
from django.db import models

from agents.privacy import export, registry
from tenants.domain.privacy import BLANKED, COPY, DELETED, Columns, Subject

# Kinds of columns that hold no words: keys, numbers, moments, yes or no. Every other kind must be declared.
WORDLESS = {
    "UUIDField", "AutoField", "BigAutoField", "SmallIntegerField", "IntegerField", "BigIntegerField", "BooleanField",
    "PositiveSmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField", "DecimalField", "FloatField",
    "DateField", "DateTimeField", "TimeField", "DurationField",
}  # fmt: skip


def columns_of_words(model: type[models.Model]) -> set[str]:
    return {
        field.name
        for field in model._meta.concrete_fields
        if not field.is_relation and field.get_internal_type() not in WORDLESS
    }


def undeclared(declared: Mapping[str, Columns]) -> list[str]:
    """Columns that nobody declared, and declared ones that no table has."""
    wrong = []
    every = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
    for label, model in every.items():
        known = declared[label].declared if label in declared else frozenset()
        wrong += [f"{label}.{name}" for name in sorted(columns_of_words(model) - known)]
        wrong += [f"{label}.{name} does not exist" for name in sorted(known - columns_of_words(model))]
    return wrong + [f"{label} does not exist" for label in sorted(declared.keys() - every.keys())]


def test_every_column_of_words_is_declared() -> None:
    assert undeclared(registry.declared()) == []


def test_a_column_left_out_would_be_seen() -> None:
    declared = registry.declared()
    contact = declared["crm.Contact"]
    without = replace(contact, personal=contact.personal.replace("notes ", ""))
    assert undeclared({**declared, "crm.Contact": without}) == ["crm.Contact.notes"]
    del declared["messaging.PendingStatus"]
    assert "messaging.PendingStatus.error" in undeclared(declared)


def test_no_column_is_both_somebodys_and_nobodys_and_every_reason_is_given() -> None:
    for label, columns in registry.declared().items():
        plain = [name for names in columns.plain.values() for name in names.split()]
        assert not columns.owned & set(plain), label
        assert len(plain) == len(set(plain)), label
        assert all(len(reason) > 10 for reason in columns.plain), label


def test_whatever_is_the_persons_has_a_fate_and_a_place_in_the_export_or_a_reason() -> None:
    shown = set(export.nouns(None, Subject("")))  # type: ignore[arg-type]  # nothing is read before a noun is asked for
    assert shown == set(export.TITLES)
    for label, columns in registry.declared().items():
        if columns.personal:
            assert columns.fate in (DELETED, BLANKED), label
            assert columns.noun in shown or (columns.noun == COPY and columns.note), label
