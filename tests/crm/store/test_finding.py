"""What a search of the catalogue finds, and in which order."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm.models import StoreProduct
from crm.store import finding, reading, shapes
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.fakes.tiendanube import product, variant
from tests.support.statements import Statements

CATALOGUE = [
    product(1, "Remera de algodón", variant(1, "2500.00", 3, "S", "Azul"), variant(2, "2500.00", 0, "M", "Rojo")),
    product(2, "Remera Canción Animal", variant(3, "3500.00", 2, "M", "Negro"), tags="rock, Soda"),
    product(3, "Pantalón cargo", variant(4, "9000.00", 1, "42", sku="PC-42"), categories=[{"name": {"es": "Ropa"}}]),
    product(4, "Luz de escritorio LED", variant(5, None, None), brand="Lumière"),
    product(5, "Remera sin stock", variant(6, "1000.00", 0)),
    product(6, "Oculta", variant(7, "1.00", 1), published=False, tags="remera"),
    product(7, "Bolso", variant(8, "700.00", 5), description={"es": "Va con la remera"}),
]


@pytest.fixture
def shelf(acme: Tenant) -> Iterator[Tenant]:
    with tenant_context(acme):
        found = [each for raw in CATALOGUE if (each := shapes.product_of(raw, ["es"]))]
        reading.keep(found, timezone.now())
        yield acme


def found(text: str, **more: Any) -> list[int]:
    return [each.product_id for each in finding.search(text, **more).products]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("cancion animal", 2),
        ("CANCIÓN", 2),
        ("algodon", 1),
        ("remera azul", 1),
        ("remeras negras", 2),
        ("remera talle S", 1),
        ("pantalones", 3),
        ("PC-42", 3),
        ("ropa", 3),
        ("¿tenés luces?", 4),
        ("lumiere", 4),
        ("soda", 2),
        ("remera sin stock", 5),
    ],
)
def test_words_find_however_they_are_spelled(shelf: Tenant, text: str, first: int) -> None:
    assert found(text)[:1] == [first]


def test_what_can_be_had_comes_before_what_cannot_and_hidden_ones_never(shelf: Tenant) -> None:
    assert found("remera")[-1] == 5
    assert 6 not in found("remera")
    assert 7 not in found("remera")  # a word in a description is no product of that name


def test_a_price_limit_leaves_out_what_has_none(shelf: Tenant) -> None:
    assert found("", max_price=Decimal(3000)) == [7, 1, 5]
    assert found("remera", max_price=Decimal(3000)) == [1, 5]
    assert found("luz", max_price=Decimal(10**6)) == []


def test_when_nothing_has_every_word_some_are_shown_as_such(shelf: Tenant) -> None:
    some = finding.search("remera dinosaurio")
    assert some.partly
    assert some.products
    assert finding.search("dinosaurio").products == []
    assert found("' OR xx=xx --:*&|!()") == []
    assert found("\x00") == []


def test_a_search_costs_one_statement_or_two_and_uses_the_index(
    shelf: Tenant, statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    for text, most in (("remera azul", 1), ("remera dinosaurio", 2)):
        with statements() as seen:
            finding.search(text)
        assert len(seen.of('select "crm_')) == most
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
    plan = finding._ranked(StoreProduct.objects.sold(), [["remera"]], "remera", every=True).explain()
    assert "storeproduct_search" in plan


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("", [1, 2]), ("azul", [1]), ("talle M", [2]), ("M rojo", [2]), ("S rojo", []), ("verde", []), ("azules", [1])],
)
def test_words_choose_variants_and_words_of_none_choose_nothing(shelf: Tenant, text: str, numbers: list[int]) -> None:
    variants = finding.variants_of(StoreProduct.objects.get(product_id=1))
    assert [each.number for each in finding.fitting(variants, text)] == numbers


def test_a_name_said_in_full_is_clear_among_similar_ones(shelf: Tenant) -> None:
    assert [each.product_id for each in finding.named("remera sin stock")] == [5]
    assert len(finding.named("remera")) == 3
