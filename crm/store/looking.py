"""What the store's notices speak of is read again, one product after the other."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from config.lib import commit
from config.lib.errors import ProviderError
from crm.models import StoreNotice
from crm.store import connection, notices, reading
from crm.store.wire import Tiendanube
from tenants.context import tenant_context
from tenants.models import Tenant

logger = logging.getLogger(__name__)

AT_ONCE = 30  # calls, below what the store's bucket holds
MOST_FAILS = 6  # then the nightly reading has to do
SECONDS = 10.0
HOLD = timedelta(minutes=2)  # nobody else takes the row meanwhile
MOST_OF_AN_ORDER = 20


def is_due(now: datetime) -> bool:
    return StoreNotice.objects.filter(due_at__lte=now).exists()


def look(*, tenant: Tenant) -> int:
    """Read what is due, as much as the store's bucket holds; returns how many. Opens its own short transactions."""
    count = 0
    while count < AT_ONCE:
        with tenant_context(tenant):
            notice = _taken()
        if notice is None:
            return count
        count += 1
        try:
            _follow(tenant, notice)
        except ProviderError as error:
            with tenant_context(tenant):
                _put_off(notice, error)
            if error.kind in ("auth", "retry"):
                return count
    with tenant_context(tenant):
        commit.queue(notices.LOOK, queue=notices.QUEUE, countdown=AT_ONCE / 2)
    return count


def _taken() -> StoreNotice | None:
    """The one that waits longest; `due_at` is its lease from here on."""
    now = timezone.now()
    rows = StoreNotice.objects.select_for_update(skip_locked=True, no_key=True).filter(due_at__lte=now)
    found = rows.order_by("due_at").first()
    if found is not None:
        found.due_at = now + HOLD
        found.save(update_fields=["due_at"])
    return found


def _follow(tenant: Tenant, notice: StoreNotice) -> None:
    """A notice that came meanwhile has another `due_at`, and stays."""
    if notice.topic == notices.APP:
        _try_app(tenant)
    elif notice.topic == "order":
        with tenant_context(tenant):
            client = connection.client(seconds=SECONDS)
        numbers = _products_of(notice, client)
        with tenant_context(tenant):
            for number in numbers[:MOST_OF_AN_ORDER]:
                notices.note("product", number)
    else:
        reading.read_product(tenant=tenant, number=notice.number, seconds=SECONDS)
    with tenant_context(tenant):
        StoreNotice.objects.filter(pk=notice.pk, due_at=notice.due_at).delete()


def _try_app(tenant: Tenant) -> None:
    """Whether the app is gone: only the store's own refusal of the token says so. Raises ProviderError for other trouble."""
    with tenant_context(tenant):
        asked = connection.keys()
        client = connection.client(seconds=SECONDS)
    try:
        client.shop()
    except ProviderError as error:
        if error.code != "unauthorized" or asked is None:
            raise
        with tenant_context(tenant):
            notices.uninstalled(asked)


def _products_of(notice: StoreNotice, client: Tiendanube) -> list[int]:
    try:
        return client.products_of_order(notice.number)
    except ProviderError as error:
        if error.code == "not_found":
            return []
        raise


def _put_off(notice: StoreNotice, error: ProviderError) -> None:
    """Of what cannot be looked at now, the nightly reading finds the last word."""
    if error.kind not in ("auth", "retry", "unknown") or notice.fails + 1 >= MOST_FAILS:
        StoreNotice.objects.filter(pk=notice.pk, due_at=notice.due_at).delete()
        return
    if error.kind == "auth":
        connection.failed(error)
    wait = timedelta(seconds=error.retry_after or 60 * 2**notice.fails)
    rows = StoreNotice.objects.filter(pk=notice.pk, due_at=notice.due_at)
    rows.update(due_at=timezone.now() + wait, fails=notice.fails + 1)
