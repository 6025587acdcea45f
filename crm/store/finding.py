"""Finding products in what was read of the store: by name, variant, SKU, brand, category and tag, however accented."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from crm.domain.search import searchable
from crm.models import StoreProduct
from crm.store import words
from crm.store.shapes import Variant

MOST = 6
OLD = timedelta(days=2)  # a price read before is said with its age
# As the index `storeproduct_search`, so that it is used.
_ALL = SearchVector("search_text", config="simple")
_NAME = SearchVector("name_text", config="simple", weight="A") + SearchVector(
    "search_text", config="simple", weight="C"
)


@dataclass(frozen=True, slots=True)
class Found:
    """`partly`: nothing has every word, these have some."""

    products: list[StoreProduct]
    partly: bool = False


def search(text: str, *, max_price: Decimal | None = None, most: int = MOST) -> Found:
    """The products that fit best; without words any. Those that can be had come first among equals.

    With `max_price` only what has a price, and one that is not above. One statement, or two.
    """
    rows = StoreProduct.objects.sold()
    if max_price is not None:
        rows = rows.filter(price__lte=max_price)
    wanted = words.terms(text)
    if not wanted:
        return Found(list(rows.order_by("-has_stock", "name", "pk")[:most])) if not text.strip() else Found([])
    for every in (True, False):
        found = list(_ranked(rows, wanted, text, every=every)[:most])
        if found or len(wanted) == 1:
            return Found(found, partly=not every)
    return Found([])


def _ranked(rows: QuerySet[StoreProduct], wanted: list[list[str]], text: str, *, every: bool) -> QuerySet[StoreProduct]:
    query = SearchQuery(words.query(wanted, every=every), search_type="raw", config="simple")
    exact = Case(When(Q(name_text=searchable(text)), then=Value(1)), default=Value(0), output_field=IntegerField())
    hits = rows.annotate(all_words=_ALL).filter(all_words=query)
    return hits.annotate(exact=exact, rank=SearchRank(_NAME, query)).order_by(
        "-exact", F("rank").desc(), "-has_stock", "name", "pk"
    )


def named(text: str) -> list[StoreProduct]:
    """What somebody means by a product's name: one when it is clear, else those it may be."""
    found = search(text)
    if found.partly:
        return found.products[:3]
    spelled = searchable(text)
    same = [each for each in found.products if each.name_text == spelled]
    return same if len(same) == 1 else found.products


def variants_of(product: StoreProduct) -> list[Variant]:
    return [Variant.of_json(each) for each in product.variants]


def fitting(variants: Sequence[Variant], text: str) -> list[Variant]:
    """The variants that the words name: all words of "azul M" are in one; all of them without words.

    A word that no variant has ("talle", "color") narrows nothing.
    """
    if not text.strip():
        return list(variants)
    spelled = {each.number: set(searchable(" ".join((*each.values, each.sku))).split()) for each in variants}
    known = {word for found in spelled.values() for word in found}
    telling = [spellings for spellings in words.terms(text) if not known.isdisjoint(spellings)]
    return [each for each in variants if telling and all(not spelled[each.number].isdisjoint(one) for one in telling)]


def is_old(product: StoreProduct, now: datetime) -> bool:
    return product.read_at < now - OLD
