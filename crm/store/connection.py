"""The way into the company's store: its keys in the vault, the client made of them, and how it fares."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import AppError, ProviderError
from crm.models import Store
from crm.store.wire import SECONDS, Keys, Tiendanube
from tenants.services.vault import open_row, own_rows

CATEGORY, TOKEN, STORE_ID = "tiendanube", "ACCESS_TOKEN", "STORE_ID"
APP_ID, APP_SECRET = "APP_ID", "APP_SECRET"
NOT_CONNECTED = "not_connected"
OFTEN = timedelta(minutes=1)  # how exact `last_ok_at` is
SELDOM = timedelta(hours=6)  # between readings while a person has to do something
LONGEST_WAIT = timedelta(hours=1)
State = Store.State


def keys() -> Keys | None:
    """The store's number and token: connected is only who has both. The company's own, never lent ones."""
    rows = own_rows(CATEGORY, (STORE_ID, TOKEN))
    try:
        return Keys(open_row(rows[STORE_ID]), open_row(rows[TOKEN])) if len(rows) == 2 else None
    except AppError as error:
        raise ProviderError(str(error.message), kind="auth", code=error.code) from error


def app() -> tuple[str, str] | None:
    """Id and secret of the company's app at Tienda Nube; None while one is missing."""
    rows = own_rows(CATEGORY, (APP_ID, APP_SECRET))
    return (open_row(rows[APP_ID]), open_row(rows[APP_SECRET])) if len(rows) == 2 else None


def app_secret() -> str:
    """What signs the store's notices; empty without one: then none is believed."""
    rows = own_rows(CATEGORY, (APP_SECRET,))
    return open_row(rows[APP_SECRET]) if rows else ""


def current() -> Store | None:
    return Store.objects.first()


def client(*, seconds: float = SECONDS) -> Tiendanube:
    """Made inside the company's transaction, used outside of it. Raises ProviderError when there are no keys."""
    found = keys()
    if found is None:
        raise ProviderError(_("La tienda no está conectada."), kind="auth", code=NOT_CONNECTED)
    return Tiendanube(found, seconds=seconds)


def worked() -> None:
    """A call went well. No write when one did a minute ago."""
    row, now = current(), timezone.now()
    if row is None or row.state == State.UNINSTALLED:
        return
    if row.state == State.CONNECTED and row.last_ok_at is not None and row.last_ok_at > now - OFTEN:
        return
    Store.objects.update(state=State.CONNECTED, error="", fails=0, last_ok_at=now)


def failed(error: ProviderError) -> None:
    """What a call that failed says of the store, and when it is read again."""
    row = current()
    if row is None or row.state == State.UNINSTALLED:
        return
    state = State.FAILING if error.kind in ("retry", "unknown") else State.ATTENTION
    Store.objects.update(
        state=state,
        error=str(error.message)[:300],
        fails=min(row.fails + 1, 100),
        sync_after=_again(row, error, timezone.now()),
    )


def _again(row: Store, error: ProviderError, now: datetime) -> datetime:
    if error.kind in ("retry", "unknown"):
        wait = timedelta(minutes=2 ** min(row.fails, 6))
        named = timedelta(seconds=error.retry_after or 0)
        return now + (named if error.retry_after else min(wait, LONGEST_WAIT))
    return now + SELDOM
