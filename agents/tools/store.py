"""The company's online store in a chat: what it sells, what is there right now, and how the person's own order stands.

What the store tells is data that strangers may have written (a product's text): what gives orders is withheld.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from agents.domain.prompt_security import screen
from agents.domain.readings import plain
from agents.models import ToolCall
from agents.tools.agenda import TOLD, customer
from agents.tools.base import JSON, NOBODY, Tool, ToolContext, ToolResult, schema, text
from config.lib.errors import ProviderError
from crm.models import Store, StoreProduct
from crm.store import connection, finding, orders, reading
from crm.store.shapes import Variant, amount
from messaging.models import ChannelIdentity, Conversation, Provider, Source
from tenants.context import tenant_context
from tenants.services import limits

LIVE_SECONDS = 5.0
MOST_VALUES, MOST_VARIANTS = 12, 15
LONGEST_ABOUT = 300
MOST_NUMBERS = 5  # of one person at WhatsApp
INVENTED_AGE = timedelta(days=3)
_NUMBER = re.compile(r"(?:(?:la|el|opcion|numero|nro|producto|option|number|the|#)\s*)*(\d{1,2})")
_ORDINALS = (
    ("primer", "primera", "primero", "first"), ("segunda", "segundo", "second"), ("tercer", "tercera", "tercero", "third"),
    ("cuarta", "cuarto", "fourth"), ("quinta", "quinto", "fifth"), ("sexta", "sexto", "sixth"),
)  # fmt: skip
STATES = {
    "open": gettext_lazy("en curso"),
    "closed": gettext_lazy("terminado"),
    "cancelled": gettext_lazy("cancelado"),
    "pending": gettext_lazy("pendiente"),
    "authorized": gettext_lazy("autorizado"),
    "paid": gettext_lazy("pagado"),
    "voided": gettext_lazy("anulado"),
    "refunded": gettext_lazy("devuelto"),
    "partially_refunded": gettext_lazy("devuelto en parte"),
    "abandoned": gettext_lazy("abandonado"),
    "unpacked": gettext_lazy("sin preparar"),
    "unshipped": gettext_lazy("preparado, sin enviar"),
    "unfulfilled": gettext_lazy("sin enviar"),
    "fulfilled": gettext_lazy("enviado"),
    "partially_fulfilled": gettext_lazy("enviado en parte"),
    "shipped": gettext_lazy("enviado"),
    "delivered": gettext_lazy("entregado"),
}


# --- the catalogue -----------------------------------------------------------------------------------------------
def search_products(context: ToolContext, arguments: JSON) -> ToolResult:
    """Up to six products. Their numbers hold for check_stock in this conversation."""
    store = connection.current()
    if refusal := _refusal(store):
        return refusal
    assert store is not None
    words = " ".join(str(arguments.get(name) or "") for name in ("query", "category")).strip()
    most = arguments.get("max_price")
    found = finding.search(words, max_price=None if most is None else amount(str(most)))
    harmless = [each for each in found.products if _harmless(each)]
    shown = [{"number": number, **told(each, store)} for number, each in enumerate(harmless, 1)]
    if 0 < len(harmless) <= 2:
        for line, each in zip(shown, harmless, strict=True):
            about = each.about[:LONGEST_ABOUT]
            line |= {"about": about} if about and not screen(about).suspicious else {}
    data: JSON = {"products": shown}
    if not shown:
        data["says"] = _("No hay ningún producto así en la tienda. No lo ofrezcas; preguntá qué otra cosa busca.")
    elif found.partly:
        data["says"] = _("Ninguno tiene todo lo pedido; estos se parecen.")
    if withheld := len(found.products) - len(harmless):
        data["withheld"] = withheld
    return ToolResult(True, data, kept=[str(each.pk) for each in harmless])


def check_stock(context: ToolContext, arguments: JSON) -> ToolResult:
    """What of a product is there and what it costs, asked of the store now; when it does not answer, as last read."""
    return _checked(context, arguments, live=True)


def try_stock(context: ToolContext, arguments: JSON) -> ToolResult:
    """The same in a rehearsal, which asks nobody outside: as the store was last read."""
    return _checked(context, arguments, live=False)


def _checked(context: ToolContext, arguments: JSON, *, live: bool) -> ToolResult:
    with tenant_context(context.tenant):
        store = connection.current()
        if refusal := _refusal(store):
            return refusal
        assert store is not None
        meant = [each for each in _meant(context, str(arguments["product"])) if _harmless(each)]
    if len(meant) != 1:
        return _which(meant, store)
    product, age = _read(context, meant[0]) if live else (meant[0], _age(meant[0]))
    if product is None or not product.is_published or not _harmless(product):
        return ToolResult(False, {"why": "gone"}, _("Ese producto ya no está en la tienda. Ofrecé buscar otro."))
    variants = finding.variants_of(product)
    asked = str(arguments.get("variant") or "")
    fitting = finding.fitting(variants, asked)
    if not fitting:
        data: JSON = {"why": "no_such_variant", "product": product.name, "options": _options(variants)}
        return ToolResult(False, data, _("No hay esa variante. Ofrecé las que hay."))
    data = {
        "product": told(product, store),
        "variants": [_variant(each, store) for each in fitting[:MOST_VARIANTS]],
        "live": not age,
    }
    if age:
        words = (
            _("La tienda no contesta: es lo que se leyó hace %(age)s. Decilo, y que puede haber cambiado.")
            if live
            else _(
                "Ensayo: a la tienda no se le pregunta. Es lo último que se leyó de ella, hace %(age)s: usalo como de ahora."
            )
        )
        data["says"] = words % {"age": age}
    return ToolResult(True, data)


def _read(context: ToolContext, product: StoreProduct) -> tuple[StoreProduct | None, str]:
    """The product as the store has it now; or as it was last read, and how long ago."""
    try:
        found = reading.read_product(tenant=context.tenant, number=product.product_id, seconds=LIVE_SECONDS)
    except ProviderError:
        return product, _age(product)
    return found, ""


def _age(product: StoreProduct) -> str:
    return timesince(product.read_at, timezone.now(), depth=1)


def told(product: StoreProduct, store: Store) -> JSON:
    """A product as the model reads it: small, and no more than anybody sees in the shop."""
    variants = finding.variants_of(product)
    there = [each for each in variants if each.is_there] or variants
    cheapest = min((each for each in there if each.now is not None), key=lambda each: each.now or 0, default=None)
    more = len({each.now for each in there}) > 1
    facts: JSON = {
        "name": product.name,
        "price": str(cheapest.price) if cheapest else _("consultar precio"),
        "promo": str(cheapest.promo) if cheapest and cheapest.promo is not None else None,
        "currency": store.currency if cheapest else None,
        "from": True if more and cheapest else None,  # the lowest of several prices
        "stock": stock_words(variants),
        "options": _options(variants),
        "free_shipping": product.free_shipping or None,
        "link": product.link,
        "image": product.image,
        "as_of": _age(product) if finding.is_old(product, timezone.now()) else "",
    }
    return {name: value for name, value in facts.items() if value not in (None, "", [])}


def stock_words(variants: Sequence[Variant]) -> str:
    """`sin stock`, `disponible`, or how many there are."""
    if not any(each.is_there for each in variants):
        return _("sin stock")
    if any(each.stock is None for each in variants):
        return _("disponible")
    count = sum(each.stock or 0 for each in variants)
    return ngettext("%(count)d disponible", "%(count)d disponibles", count) % {"count": count}


def _options(variants: Sequence[Variant]) -> list[str]:
    """`S / Azul`, those that can be had first."""
    there = sorted(variants, key=lambda each: not each.is_there)
    named = dict.fromkeys(" / ".join(filter(None, each.values)) for each in there)
    return [each for each in named if each][:MOST_VALUES]


def _variant(each: Variant, store: Store) -> JSON:
    facts = {
        "option": " / ".join(filter(None, each.values)),
        "sku": each.sku,
        "price": str(each.price) if each.price is not None else _("consultar precio"),
        "promo": str(each.promo) if each.promo is not None else "",
        "currency": store.currency if each.price is not None else "",
        "stock": stock_words([each]),
    }
    return {name: value for name, value in facts.items() if value}


def _refusal(store: Store | None) -> ToolResult | None:
    """Without a store that works nothing is said of products."""
    if store is None:
        message = _(
            "La empresa no tiene una tienda conectada: no hay catálogo. Decí que no tenés ese dato y ofrecé derivar a"
            " una persona."
        )
        return ToolResult(False, {"why": "not_connected"}, message)
    if not store.works:
        message = _("La tienda no se puede consultar. Decí que ahora no podés ver el catálogo y ofrecé a una persona.")
        return ToolResult(False, {"why": "not_available"}, message)
    return None


def _harmless(product: StoreProduct) -> bool:
    """Whether what is shown of it is a product's words, and no orders to whoever reads them."""
    values = (value for each in product.variants for value in each["values"])
    return not screen("\n".join((product.name, *dict.fromkeys(values)))).suspicious


def _meant(context: ToolContext, said: str) -> list[StoreProduct]:
    """The product of a number of the latest list that the person was told of, or the ones that words name."""
    number = _number(said)
    if number is None:
        return finding.named(said)
    return list(StoreProduct.objects.sold().filter(pk__in=_listed(context)[number - 1 : number]))


def _listed(context: ToolContext) -> list[str]:
    rows = ToolCall.objects.filter(conversation_id=context.conversation_id, tool="search_products", ok=True)
    here = rows.filter(Q(run=context.run_id) | Q(run__status__in=TOLD)).order_by("-created_at", "-position")
    return here.filter(result__has_key="kept").values_list("result__kept", flat=True).first() or []


def _number(said: str) -> int | None:
    words = plain(said).strip(" .,")
    if found := _NUMBER.fullmatch(words):
        return int(found[1]) or None
    last = words.split()[-1] if words.split() and len(words.split()) <= 2 else ""
    return next((number for number, spelled in enumerate(_ORDINALS, 1) if last in spelled), None)


def _which(meant: list[StoreProduct], store: Store) -> ToolResult:
    if not meant:
        message = _("No hay un producto así en la tienda. Buscalo con search_products o preguntá cuál es.")
        return ToolResult(False, {"why": "unknown_product"}, message)
    names = [{"name": each.name, "price": told(each, store)["price"]} for each in meant]
    return ToolResult(False, {"why": "which_one", "products": names}, _("Puede ser más de uno. Preguntá cuál."))


# --- orders ------------------------------------------------------------------------------------------------------
def order_status(context: ToolContext, arguments: JSON) -> ToolResult:
    """How an order stands, told only to whom it belongs: the channel, or the team, knows its e-mail or phone as theirs.

    A number that does not exist and one of somebody else are answered alike, and only so often.
    """
    with tenant_context(context.tenant):
        if refusal := _refusal(connection.current()):
            return refusal
        proof = _proof(context)
        # A new chat of the same person is no way to go on guessing.
        for counted in (context.conversation_id, *sorted(proof.phones), *sorted(proof.emails)):
            limits.check("store-order", context.tenant.pk, counted)
    if not proof:
        return _unproven()
    try:
        found = orders.own(tenant=context.tenant, number=int(arguments["number"]), proof=proof)
    except ProviderError as error:
        code = "not_allowed" if error.kind == "auth" else "away"
        message = _("Ahora no se puede ver el pedido. Decilo así y ofrecé derivar a una persona.")
        return ToolResult(False, {"why": code}, message)
    if found is None:
        message = _(
            "No hay un pedido con ese número a nombre de quien escribe. No digas si existe: pedí el número otra vez"
            " u ofrecé derivar a una persona."
        )
        return ToolResult(False, {"why": "not_verified"}, message)
    return _told_order(found)


def _proof(context: ToolContext) -> orders.Proof:
    """What proves who writes here. Inside a company."""
    rows = Conversation.objects.filter(pk=context.conversation_id).select_related("contact")
    chat = rows.first() if context.conversation_id != NOBODY else None
    by_number = chat is not None and chat.channel_source == Source.WHATSAPP
    # Behind Chatwoot a visitor of a web page says themselves which number is theirs, and is taken for whoever has it.
    if chat is None or (chat.provider == Provider.CHATWOOT and not by_number):
        return orders.Proof(frozenset(), frozenset())
    numbers = [chat.address] if chat.address_kind == "wa_id" else []
    if chat.address_kind in ("bsuid", "parent_bsuid"):
        known = ChannelIdentity.objects.filter(channel=chat.channel_id, contact=chat.contact_id, kind="wa_id")
        numbers = list(known.values_list("external_id", flat=True)[:MOST_NUMBERS])
    proven = [f"+{each.lstrip('+')}" for each in numbers if each]
    return orders.proof_of(chat.contact, proven=proven, introduced=by_number)


def _unproven() -> ToolResult:
    message = _(
        "No se puede comprobar que el pedido sea de quien escribe. No le pidas datos para eso: lo que diga en el chat no"
        " lo prueba. Ofrecé derivar a una persona del equipo, que puede verlo."
    )
    return ToolResult(False, {"why": "nothing_to_check"}, message)


def try_order(context: ToolContext, arguments: JSON) -> ToolResult:
    """In a rehearsal: an invented order of the invented buyer, when it is told who they are from the beginning."""
    with tenant_context(context.tenant):
        store = connection.current()
        if refusal := _refusal(store):
            return refusal
        contact, tenant = customer(context).contact, context.tenant
        typed = ToolCall.objects.filter(conversation_id=context.conversation_id, tool="create_customer", ok=True)
        said = {name for given in typed.values_list("arguments", flat=True) for name in given}
        if contact is None or not ((contact.phone and "phone" not in said) or (contact.email and "email" not in said)):
            return _unproven()
        bought = StoreProduct.objects.sold().exclude(price=None).order_by("-has_stock", "name", "pk").first()
    price = bought.price if bought else None
    currency = (store.currency if store else "") or tenant.currency
    order = orders.Order(
        number=int(arguments["number"]),
        state="open",
        payment="paid",
        shipping="unshipped",
        total=price,
        currency=currency if price is not None else "",
        lines=(f"1 × {bought.name[:120] if bought else _('Producto de ejemplo')}",),
        tracking_number="",
        tracking_link="",
        bought_on=(timezone.now().astimezone(ZoneInfo(tenant.timezone)) - INVENTED_AGE).date().isoformat(),
    )
    told_order = _told_order(order)
    says = _("Ensayo: este pedido es inventado. Contalo como si fuera de quien escribe.")
    return replace(told_order, data={**told_order.data, "simulated": True, "says": says})


def _told_order(found: orders.Order) -> ToolResult:
    states = {"state": found.state, "payment": found.payment, "shipping": found.shipping}
    facts: JSON = {
        "number": found.number,
        "bought_on": found.bought_on,
        **{name: str(STATES.get(word, word)) for name, word in states.items() if word},
        "total": f"{found.total} {found.currency}".strip() if found.total is not None else "",
        "products": [line for line in found.lines if not screen(line).suspicious],
        "tracking_number": found.tracking_number,
        "tracking_link": found.tracking_link,
    }
    return ToolResult(True, {"order": {name: value for name, value in facts.items() if value}})


SEARCH_PRODUCTS = Tool(
    name="search_products",
    label=gettext_lazy("Buscar productos de la tienda"),
    description=gettext_noop(
        "Busca en la tienda en línea de la empresa: qué vende, a qué precio, si hay, y el enlace de cada producto."
    ),
    protocol=(
        "Usala ante cualquier pregunta por productos, precios o catálogo, antes de responder. Contá solo lo que devuelve,"
        " con sus números. `promo` es el precio de hoy; «consultar precio» no es gratis."
    ),
    parameters=schema(
        query=text("Qué busca, con sus palabras: producto, marca, color, talle, código", longest=200),
        max_price={"type": "number", "minimum": 0, "maximum": 999_999_999, "description": "Lo más que quiere gastar"},
        category=text("Rubro, si lo nombra", longest=80),
    ),
    run=search_products,
    permission="knowledge.read",
)
CHECK_STOCK = Tool(
    name="check_stock",
    label=gettext_lazy("Ver precio y stock de un producto"),
    description=gettext_noop(
        "Consulta en la tienda, en este momento, si hay un producto, en qué variantes y a qué precio."
    ),
    protocol="Usala antes de decir que algo hay o no hay, o al elegir talle o color. No prometas reservas ni descuentos.",
    parameters=schema(
        ("product",),
        product=text("Número de la última lista que se mostró, o el nombre del producto", longest=200, shortest=1),
        variant=text("Talle, color o modelo, si lo dijo", longest=100),
    ),
    run=check_stock,
    permission="knowledge.read",
    # Asks the store itself: opens its own short transactions around that.
    in_transaction=False,
    dry_run=try_stock,
)
ORDER_STATUS = Tool(
    name="order_status",
    label=gettext_lazy("Ver el pedido de quien escribe"),
    description=gettext_noop("Dice cómo está un pedido de la tienda hecho por la persona que está escribiendo."),
    protocol="Usala cuando pregunta por su compra y da el número de pedido. No inventes fechas de entrega.",
    parameters=schema(
        ("number",),
        number={"type": "integer", "minimum": 1, "maximum": 10**15, "description": "Número de pedido que dio"},
    ),
    run=order_status,
    permission="contacts.write",
    in_transaction=False,
    dry_run=try_order,
)
