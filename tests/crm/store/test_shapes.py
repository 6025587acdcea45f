"""What a store tells, made small and safe."""

from decimal import Decimal
from typing import Any

import pytest

from crm.store import shapes, words
from crm.store.shapes import Variant, amount, plain, product_of, told
from tests.fakes.tiendanube import product, variant

ES = ["es", "pt"]


def of(raw: Any) -> shapes.Product:
    found = product_of(raw, ES)
    assert found is not None
    return found


def one(**more: Any) -> Variant:
    return of(product(1, "Remera", variant(10, **more))).variants[0]


@pytest.mark.parametrize(
    ("value", "wanted", "found"),
    [
        ({"es": "Remera", "pt": "Camiseta"}, ["es"], "Remera"),
        ({"es": "Remera", "pt": "Camiseta"}, ["en", "pt"], "Camiseta"),
        ({"es_AR": "Remera"}, ["es"], "Remera"),
        ({"es": "  ", "it": "Maglia"}, ["es", "pt"], "Maglia"),
        ("Remera\n simple", ["es"], "Remera simple"),
        ({"es": None}, ["es"], ""),
        (None, ["es"], ""),
        (["x"], ["es"], ""),
        ("a\x00b", [], "ab"),
    ],
)
def test_a_text_comes_in_the_first_language_that_has_one(value: Any, wanted: list[str], found: str) -> None:
    assert told(value, wanted) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2500.00", Decimal("2500.00")),
        ("1999.9", Decimal("1999.90")),
        (12, Decimal("12.00")),
        ("0.00", Decimal("0.00")),
        (None, None),
        (2500.1, None),  # money is never a float
        ("NaN", None),
        ("Infinity", None),
        ("-1", None),
        ("1e30", None),
        ("mil", None),
        (True, None),
    ],
)
def test_money_is_decimal_or_nothing(value: Any, found: Decimal | None) -> None:
    assert amount(value) == found
    assert found is None or isinstance(amount(value), Decimal)


def test_no_price_is_to_be_asked_for_and_a_promotion_of_nothing_is_none() -> None:
    assert (one(price=None).price, one(price=None).now) == (None, None)
    assert one(promotional_price="0.00").promo is None
    assert one(promotional_price="2500.00").promo is None  # no less than the price
    assert one(promotional_price="1999.00").now == Decimal("1999.00")


def test_no_stock_kept_means_as_many_as_wanted() -> None:
    assert one(stock=None).stock is None
    assert one(stock=0, stock_management=False).stock is None
    assert (one(stock=0).stock, one(stock=0).is_there) == (0, False)
    assert one(stock=-2).stock == 0
    levels = variant(10)
    del levels["stock"]
    levels |= {"stock_management": True, "inventory_levels": [{"stock": 2}, {"stock": 5}]}
    assert of(product(1, "R", levels)).variants[0].stock == 7
    levels["inventory_levels"].append({"stock": None})
    assert of(product(1, "R", levels)).variants[0].stock is None


def test_html_is_words_only() -> None:
    markup = "<p>Algod&oacute;n</p><script>alert('x')</script><style>p{}</style><ul><li>uno</li><li>dos</li></ul>"
    assert plain(markup) == "Algodón uno dos"
    assert plain("<img src=x onerror=alert(1)>2 < 3") == "2 < 3"


def test_the_lowest_price_is_of_what_can_be_had() -> None:
    found = of(product(1, "R", variant(1, "100.00", 0), variant(2, "300.00", 2), variant(3, "200.00", None)))
    assert (found.price, found.has_stock) == (Decimal("200.00"), True)
    assert of(product(1, "R", variant(1, "100.00", 0))).price == Decimal("100.00")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "ftp://x.example/a", "https://u:p@x.example/", "/a", "https://x y", 7]
)
def test_only_plain_web_addresses_are_kept(link: Any) -> None:
    assert of(product(1, "R", canonical_url=link)).link == ""


@pytest.mark.parametrize("raw", [None, [], "x", {}, {"id": "abc"}, {"id": True}])
def test_what_is_no_product_is_left_out(raw: Any) -> None:
    assert product_of(raw, ES) is None


def test_odd_parts_of_a_product_do_no_harm() -> None:
    raw = {
        "id": "5",
        "name": None,
        "variants": [None, {"id": 1, "values": "x", "price": {}}],
        "images": [3, {"src": 1}],
    }
    found = of({**raw, "categories": [{"name": {"es": "Ropa"}}, 4], "tags": None, "attributes": "x"})
    assert (found.name, found.categories, found.image, len(found.variants)) == ("5", ("Ropa",), "", 1)
    assert Variant.of_json(found.variants[0].as_json()) == found.variants[0]


def test_looking_for_many_finds_one_and_empty_words_are_no_condition() -> None:
    assert words.terms("¿Tenés remeras de algodón?") == [["remeras", "remera"], ["algodon"]]
    assert words.terms("luces") == [["luces", "luz", "luc", "luce"]]
    assert words.terms("de la") == [["de"], ["la"]]
    assert words.query(words.terms("remera azul"), every=True) == "(remera:*) & (azul:*)"
    assert words.query(words.terms("talle 4 M"), every=False) == "(talle:*) | (4) | (m)"
