"""What a store tells, made small and safe: languages chosen, HTML taken out, money as Decimal, odd values left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from config.lib.texts import stored

JSON = dict[str, Any]
LONGEST_ABOUT, LONGEST_NAME, LONGEST_LINK = 2000, 300, 500
MOST_VARIANTS, MOST_LISTED = 200, 30
MOST = Decimal("999999999999.99")
_SILENT = frozenset({"script", "style", "template", "iframe", "noscript"})
_BREAKS = frozenset({"p", "br", "li", "div", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(frozen=True, slots=True)
class Variant:
    """`price` None = to be asked for, `promo` None = none, `stock` None = as many as wanted."""

    number: int
    sku: str
    values: tuple[str, ...]
    price: Decimal | None
    promo: Decimal | None
    stock: int | None

    @property
    def now(self) -> Decimal | None:
        """What is to be paid for it today."""
        return self.promo if self.promo is not None else self.price

    @property
    def is_there(self) -> bool:
        return self.stock is None or self.stock > 0

    def as_json(self) -> JSON:
        """As a row keeps it: money as text, since JSON knows no decimals."""
        money = {"price": self.price, "promo": self.promo}
        return {
            "number": self.number,
            "sku": self.sku,
            "values": list(self.values),
            "stock": self.stock,
            **{name: None if each is None else str(each) for name, each in money.items()},
        }

    @classmethod
    def of_json(cls, kept: JSON) -> "Variant":
        return cls(
            number=int(kept["number"]),
            sku=kept["sku"],
            values=tuple(kept["values"]),
            price=amount(kept["price"]),
            promo=amount(kept["promo"]),
            stock=kept["stock"],
        )


@dataclass(frozen=True, slots=True)
class Product:
    """`link` and `image` are http(s) addresses or empty."""

    number: int
    name: str
    about: str
    brand: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    attributes: tuple[str, ...]
    variants: tuple[Variant, ...]
    is_published: bool
    free_shipping: bool
    link: str
    image: str

    @property
    def has_stock(self) -> bool:
        return any(each.is_there for each in self.variants)

    @property
    def price(self) -> Decimal | None:
        """The lowest that is to be paid today for what can be had; of all its variants when there is none."""
        there = [each for each in self.variants if each.is_there] or self.variants
        return min((each.now for each in there if each.now is not None), default=None)


def product_of(raw: Any, languages: Sequence[str]) -> Product | None:
    """A product of the API; None for what is none. `languages` in the order they are wanted."""
    number = whole(raw.get("id")) if isinstance(raw, dict) else None
    if number is None:
        return None
    variants = [one for each in _listed(raw.get("variants")) if (one := _variant(each, languages))]
    named = [told(each.get("name"), languages) for each in _listed(raw.get("categories")) if isinstance(each, dict)]
    tags = raw.get("tags") if isinstance(raw.get("tags"), str) else ""
    return Product(
        number=number,
        name=told(raw.get("name"), languages)[:LONGEST_NAME] or str(number),
        about=plain(told(raw.get("description"), languages))[:LONGEST_ABOUT],
        brand=told(raw.get("brand"), languages)[:120],
        categories=_names(named, 120),
        tags=_names((tags or "").split(","), 60),
        attributes=_names((told(each, languages) for each in _listed(raw.get("attributes"))), 60),
        variants=tuple(variants[:MOST_VARIANTS]),
        is_published=raw.get("published") is not False,
        free_shipping=raw.get("free_shipping") is True,
        link=address(raw.get("canonical_url")),
        image=next((found for each in _pictures(raw) if (found := address(each.get("src")))), ""),
    )


def _variant(raw: Any, languages: Sequence[str]) -> Variant | None:
    number = whole(raw.get("id")) if isinstance(raw, dict) else None
    if number is None:
        return None
    price, promo = amount(raw.get("price")), amount(raw.get("promotional_price"))
    # "0.00" means that there is none, and one that is no less than the price would be no offer.
    if promo is not None and (promo == 0 or (price is not None and promo >= price)):
        promo = None
    return Variant(
        number=number,
        sku=told(raw.get("sku"), languages)[:80],
        values=tuple(told(each, languages)[:80] for each in _listed(raw.get("values"))[:3]),
        price=price,
        promo=promo,
        stock=_stock(raw),
    )


def _stock(raw: JSON) -> int | None:
    if raw.get("stock_management") is False:
        return None
    if "stock" not in raw and isinstance(raw.get("inventory_levels"), list) and raw["inventory_levels"]:
        levels = [each.get("stock") if isinstance(each, dict) else 0 for each in raw["inventory_levels"]]
        return None if None in levels else sum(max(0, whole(each) or 0) for each in levels)
    found = whole(raw.get("stock"))
    return None if found is None else max(0, found)


# --- single values -----------------------------------------------------------------------------------------------
def told(value: Any, languages: Sequence[str]) -> str:
    """A text that comes as `{language: text}`, or plain: in the first of the languages that has one, else in any."""
    if isinstance(value, dict):
        # "es_AR" stands for "es" as well.
        short = {str(name)[:2].lower(): each for name, each in reversed(value.items()) if isinstance(each, str)}
        wanted = [short.get(each[:2].lower(), "") for each in languages]
        value = next((each for each in (*wanted, *value.values()) if isinstance(each, str) and each.strip()), "")
    return " ".join(stored(value).split()) if isinstance(value, str) else ""


def amount(value: Any) -> Decimal | None:
    """Money as the API writes it, a text; None for none and for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found.quantize(Decimal("0.01")) if found.is_finite() and 0 <= found <= MOST else None


def whole(value: Any) -> int | None:
    """A whole number that a database keeps."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62 else None


def address(value: Any) -> str:
    """An http(s) address without a name and password in it; else nothing."""
    if not isinstance(value, str) or len(value) > LONGEST_LINK or any(each.isspace() for each in value):
        return ""
    try:
        parts = urlsplit(f"https:{value}" if value.startswith("//") else value)
    except ValueError:
        return ""
    safe = parts.scheme in ("http", "https") and bool(parts.netloc) and "@" not in parts.netloc
    return stored(parts.geturl()) if safe else ""


def plain(markup: str) -> str:
    """The words of an HTML text, without what a browser would not show."""
    reader = _Words()
    reader.feed(markup)
    reader.close()
    return " ".join("".join(reader.found).split())


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._silent += tag in _SILENT
        if tag in _BREAKS:
            self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._silent = max(0, self._silent - (tag in _SILENT))
        if tag in _BREAKS:
            self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _pictures(raw: JSON) -> list[JSON]:
    found = [each for each in _listed(raw.get("images")) if isinstance(each, dict)]
    return sorted(found, key=lambda each: whole(each.get("position")) or 0)


def _names(found: Iterable[str], longest: int) -> tuple[str, ...]:
    clean = (" ".join(stored(each).split())[:longest] for each in found)
    return tuple(dict.fromkeys(each for each in clean if each))[:MOST_LISTED]
