"""The online store of a company, and what was read of it."""

from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from crm.domain.search import searchable
from crm.models import Store, StoreNotice, StoreProduct

_numbers = count(1000)


def make_store(**over: Any) -> Store:
    given = {"store_id": "77", "name": "Acme Ropa", "language": "es", "currency": "ARS", "route_key": "t1." + "k" * 32}
    return Store.objects.update_or_create(id=1, defaults={**given, "synced_at": timezone.now(), **over})[0]


def make_product(**over: Any) -> StoreProduct:
    """One variant at 2,500, three of it there."""
    number = next(_numbers)
    one = {"number": number * 10, "sku": f"SKU-{number}", "values": [], "price": "2500.00", "promo": None, "stock": 3}
    given = {"product_id": number, "name": f"Producto {number}", "variants": [one], "price": Decimal("2500.00")}
    given |= {"has_stock": True, "read_at": timezone.now(), "link": f"https://acme.mitiendanube.com/p/{number}", **over}
    given |= {"name_text": searchable(str(given["name"])), "search_text": searchable(str(given["name"]))}
    return StoreProduct.objects.create(**given)


def make_store_notice(**over: Any) -> StoreNotice:
    return StoreNotice.objects.create(
        **{"topic": "product", "number": next(_numbers), "due_at": timezone.now(), **over}
    )
