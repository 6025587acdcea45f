"""Reading the whole store, page by page, and single products. Rows say how far it came: a lost worker costs one page."""

import logging
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import ProviderError
from crm.domain.search import searchable
from crm.models import Store, StoreProduct
from crm.store import connection, notices, shapes
from crm.store.shapes import Product
from crm.store.wire import Page, Tiendanube, languages
from tenants.context import current_tenant, tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)

READ, QUEUE = "crm.tasks.read_store", "sync"
PAGES_AT_ONCE = 10  # then another worker goes on: a big store does not keep the small ones waiting
MOST_PAGES = 400  # 20,000 products
MOST_DOUBTFUL = 200
LEASE = timedelta(minutes=3)  # longer than a page can take
UNTOLD = timedelta(hours=3)  # between readings of a store that does not tell its changes
NIGHT = time(3)


def is_due(now: datetime) -> bool:
    """Whether the entered company's store wants to be read."""
    return Store.objects.exclude(state=Store.State.UNINSTALLED).filter(sync_after__lte=now).exists()


def read_due(*, tenant: Tenant) -> int:
    """Read on, at most so many pages; returns how many. Opens its own short transactions."""
    with tenant_context(tenant):
        row = _taken()
        if row is None:
            return 0
        try:
            client = connection.client()
        except ProviderError as error:
            connection.failed(error)
            return 0
    count = 0
    try:
        if row.page <= 1:
            _begin(tenant, client)
        page, began = max(1, row.page), row.sync_began_at
        while page and count < PAGES_AT_ONCE:
            asked_at = timezone.now()
            found = client.products(page)
            with tenant_context(tenant):
                page = _kept(found, page, asked_at, began)
            count += 1
            if found.pause:
                break
    except ProviderError as error:
        with tenant_context(tenant):
            connection.failed(error)
        return count
    if page:
        _go_on(tenant, found.pause)
    return count


def _taken() -> Store | None:
    """The store, when it is due and nobody else reads it; a reading that has ended begins anew."""
    rows = Store.objects.select_for_update(skip_locked=True, no_key=True).exclude(state=Store.State.UNINSTALLED)
    now = timezone.now()
    row = rows.filter(sync_after__lte=now).first()
    if row is None:
        return None
    if row.sync_began_at is None:
        row.sync_began_at, row.page, row.is_cut = now, 1, False
    row.sync_after = now + LEASE
    row.save(update_fields=["sync_began_at", "page", "is_cut", "sync_after"])
    return row


def _begin(tenant: Tenant, client: Tiendanube) -> None:
    """What the store is called and counts in; and its notices, where it can be told an address."""
    try:
        shop = client.shop()
    except ProviderError as error:
        if error.code != "not_found":
            raise
        words = _("Tienda Nube no conoce esa tienda. Revisar el número y conectar de nuevo.")
        raise ProviderError(words, kind="auth", code="unknown_store") from error
    main = str(shop.get("main_language") or "")[:12]
    wanted = languages(tenant.locale, main)
    currency = str(shop.get("main_currency") or "")
    with tenant_context(tenant):
        row = connection.current()
        if row is None:
            return
        Store.objects.update(
            name=shapes.told(shop.get("name"), wanted)[:200],
            language=main,
            currency=currency if len(currency) == 3 and currency.isalpha() else tenant.currency,
        )
        connection.worked()
        address = notices.address(row) if notices.possible() else ""
    told = bool(address) and notices.ask_for(client, address)
    with tenant_context(tenant):
        Store.objects.update(told=told)


def _go_on(tenant: Tenant, pause: float) -> None:
    with tenant_context(tenant):
        Store.objects.filter(sync_began_at__isnull=False).update(sync_after=timezone.now() + timedelta(seconds=pause))
        commit.queue(READ, queue=QUEUE, countdown=pause or None)


def _kept(found: Page, page: int, asked_at: datetime, began: datetime | None) -> int:
    """Keep a page; the number of the next one, 0 when that was all or the reading is no longer this one."""
    row = Store.objects.select_for_update(no_key=True).filter(sync_began_at=began, page=page).first()
    if row is None:
        return 0
    wanted = languages(current_tenant().locale, row.language)
    keep([each for raw in found.rows if (each := shapes.product_of(raw, wanted))], asked_at)
    connection.worked()
    row.is_cut = bool(found.following) and page >= MOST_PAGES
    row.page = 0 if row.is_cut else found.following
    row.sync_after = timezone.now() + LEASE
    if not row.page:
        _ended(row, found, page)
    row.save(update_fields=["is_cut", "page", "sync_after", "synced_at", "sync_began_at"])
    return row.page


def _ended(row: Store, found: Page, page: int) -> None:
    """Everything was read once. What was in no page is asked for by its number, and goes when the store lacks it.

    Pages may shift while they are read, so that being in none proves little; of very many it has to do.
    """
    unseen = StoreProduct.objects.filter(read_at__lt=row.sync_began_at)
    numbers = (
        [] if row.is_cut else list(unseen.order_by("pk").values_list("product_id", flat=True)[: MOST_DOUBTFUL + 1])
    )
    seen = StoreProduct.objects.filter(read_at__gte=row.sync_began_at).count()
    nothing_left = found.total is None and page == 1
    if nothing_left or (len(numbers) > MOST_DOUBTFUL and found.total is not None and seen >= found.total):
        unseen.delete()
    else:
        for number in numbers[:MOST_DOUBTFUL]:
            notices.note("product", number)
    row.synced_at, row.sync_began_at = timezone.now(), None
    row.sync_after = next_reading(row.synced_at, told=row.told)


def next_reading(now: datetime, *, told: bool) -> datetime:
    """By night where the store tells its changes itself, spread over two hours; else every few hours."""
    if not told:
        return now + UNTOLD
    tenant = current_tenant()
    local = now.astimezone(ZoneInfo(tenant.timezone))
    tonight = datetime.combine(local.date(), NIGHT, tzinfo=local.tzinfo) + timedelta(minutes=tenant.pk % 120)
    return tonight if tonight > local + timedelta(hours=1) else tonight + timedelta(days=1)


# --- products ----------------------------------------------------------------------------------------------------
def keep(products: Sequence[Product], asked_at: datetime) -> None:
    """Write what the store told at `asked_at`, unless something newer is known. Two statements."""
    newer = StoreProduct.objects.filter(product_id__in=[each.number for each in products], read_at__gt=asked_at)
    known = set(newer.values_list("product_id", flat=True))
    rows = {each.number: row_of(each, asked_at) for each in products if each.number not in known}
    if rows:
        fields = list(next(iter(rows.values())).as_fields())
        StoreProduct.objects.bulk_create(
            rows.values(), update_conflicts=True, unique_fields=["product_id"], update_fields=fields
        )


def row_of(product: Product, asked_at: datetime) -> StoreProduct:
    values = [value for variant in product.variants for value in variant.values]
    numbers = [variant.sku for variant in product.variants]
    named = [*product.categories, *product.tags, *product.attributes]
    others = [product.brand, *named, *dict.fromkeys(values), *numbers]
    return StoreProduct(
        product_id=product.number,
        name=product.name,
        about=product.about,
        brand=product.brand,
        categories=list(product.categories),
        tags=list(product.tags),
        attributes=list(product.attributes),
        variants=[each.as_json() for each in product.variants],
        price=product.price,
        has_stock=product.has_stock,
        is_published=product.is_published,
        free_shipping=product.free_shipping,
        link=product.link,
        image=product.image,
        name_text=searchable(product.name),
        search_text=searchable(" ".join((product.name, *others))),
        read_at=asked_at,
    )


def read_product(*, tenant: Tenant, number: int, seconds: float) -> StoreProduct | None:
    """One product as the store has it now; None when it sells it no more. Raises ProviderError: then the row stays.

    Opens its own short transactions.
    """
    with tenant_context(tenant):
        row, client = connection.current(), connection.client(seconds=seconds)
        wanted = languages(tenant.locale, row.language if row else "")
    asked_at = timezone.now()
    try:
        found = shapes.product_of(client.product(number), wanted)
    except ProviderError as error:
        with tenant_context(tenant):
            if error.code != "not_found":
                if error.kind == "auth":
                    connection.failed(error)
                raise
            StoreProduct.objects.filter(product_id=number).delete()
        return None
    with tenant_context(tenant):
        connection.worked()
        if found is None or found.number != number:
            return StoreProduct.objects.filter(product_id=number).first()
        keep([found], asked_at)
        return StoreProduct.objects.filter(product_id=number).first()
