"""The company's way into Google Calendar: its client, how it fares, and whose calendar is whose."""

import json
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Invalid, ProviderError
from config.lib.texts import storable
from crm.calendars.base import ACCESS_LOST, CalendarProvider
from crm.calendars.google import SECONDS, GoogleCalendar
from crm.calendars.google_wire import Consent, Secrets, ServiceAccount
from crm.models import CalendarConnection, ExternalCalendar, Seller
from tenants.domain.actor import Actor
from tenants.services.audit import record
from tenants.services.vault import open_row, own_rows

CONSENT, ACCOUNT = ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"), "SERVICE_ACCOUNT_JSON"
READ = "crm.tasks.read_calendars"
OFTEN = timedelta(minutes=1)  # how exact `last_ok_at` is
LONGEST_ID = 300
NOT_CONNECTED = "not_connected"
Way, State, Match = CalendarConnection.Way, CalendarConnection.State, ExternalCalendar.Match


# --- the client ------------------------------------------------------------------------------------------------
def client(*, seconds: float = SECONDS) -> CalendarProvider:
    """Made inside the company's transaction, used outside of it; `seconds` for each call. One statement.

    The vault decides, so that keys put there by other ways (the API) work as well. Raises ProviderError of kind `auth`
    when there are no keys, or one does not open.
    """
    keys = secrets()
    if keys is None:
        message = _("Google Calendar no está conectado.")
        raise ProviderError(message, kind="auth", code=NOT_CONNECTED)
    return client_with(keys, seconds=seconds)


def client_with(secrets: Secrets, *, seconds: float = SECONDS) -> CalendarProvider:
    """Addresses come from the settings only, never from a company or from a file of Google's."""
    return GoogleCalendar(
        endpoint=settings.GOOGLE_CALENDAR_ENDPOINT,
        token_uri=settings.GOOGLE_TOKEN_URI,
        secrets=secrets,
        seconds=seconds,
    )


def secrets() -> Secrets | None:
    """The company's own keys, of both ways the one stored last; None when a way is not complete.

    Never the platform's: whoever may use an account that others share their calendars with could read theirs.
    """
    rows = own_rows("google", (*CONSENT, ACCOUNT))
    try:
        account, token = rows.get(ACCOUNT), rows.get(CONSENT[-1]) if set(CONSENT) <= set(rows) else None
        if account and (token is None or account.updated_at > token.updated_at):
            return ServiceAccount(json.loads(open_row(account)))
        return Consent(*(open_row(rows[name]) for name in CONSENT)) if token else None
    except AppError as error:
        raise ProviderError(str(error.message), kind="auth", code=error.code) from error


# --- how it fares ----------------------------------------------------------------------------------------------
def current() -> CalendarConnection | None:
    return CalendarConnection.objects.first()


def worked() -> None:
    """A call went well. No write when one did a minute ago."""
    row, now = current(), timezone.now()
    recent = row is not None and row.last_ok_at is not None and row.last_ok_at > now - OFTEN
    if row is not None and recent and row.state == State.CONNECTED:
        return
    _note(row, state=State.CONNECTED, error="", last_ok_at=now)


def failed(error: ProviderError) -> None:
    """What an unsuccessful call says of the whole account; a problem of one calendar stays with that calendar."""
    if error.code in ACCESS_LOST or (error.code == NOT_CONNECTED and current()):
        _note(current(), state=State.REVOKED, error=str(error.message)[:300])
    elif error.kind in ("retry", "unknown"):
        row = current()
        if row is not None and row.state == State.CONNECTED:
            _note(row, state=State.FAILING, error=str(error.message)[:300])


def _note(row: CalendarConnection | None, **fields: object) -> None:
    """Without a row there are keys that came in by another way: from now on it is known that they are used."""
    way = Way.SERVICE if row is None and isinstance(secrets(), ServiceAccount) else Way.OAUTH
    CalendarConnection.objects.update_or_create(id=1, defaults=fields, create_defaults={"way": way, **fields})


# --- whose calendar is whose -----------------------------------------------------------------------------------
def assign_by_hand(*, seller: Seller, calendar_id: str, by: Actor) -> None:
    """This calendar gets the seller's appointments from now on; an empty id takes all of theirs off.

    An unknown id is kept: it can be read as soon as it is shared with the connected account. Raises Invalid.
    """
    if not calendar_id.strip():
        for calendar in ExternalCalendar.objects.filter(seller=seller):
            assign(calendar=calendar, seller=None, by=by)
        return
    calendar_id = checked_id(calendar_id)
    calendar, _new = ExternalCalendar.objects.get_or_create(
        calendar_id=calendar_id, defaults={"name": calendar_id[:254]}
    )
    assign(calendar=calendar, seller=seller, by=by)
    make_main(calendar=calendar, by=by)


def checked_id(calendar_id: str) -> str:
    """The address of a calendar as it is kept. Raises Invalid."""
    calendar_id = calendar_id.strip()
    if not calendar_id or len(calendar_id) > LONGEST_ID or not storable(calendar_id) or not calendar_id.isprintable():
        message = _("Esa dirección de calendario no es válida.")
        raise Invalid(message, fields={"calendar": message})
    return calendar_id


def assign(*, calendar: ExternalCalendar, seller: Seller | None, by: Actor, matched: str = Match.HAND) -> None:
    """Whose times the calendar takes; nobody's with None. What was read of it for somebody else is forgotten.

    The first one that can be written gets the seller's appointments.
    """
    calendar = _held(calendar, seller)
    if calendar.seller_id == (seller.pk if seller else None):
        if calendar.matched != matched:
            calendar.matched = matched
            calendar.save(update_fields=["matched"])
        return
    calendar.blocks.all().delete()
    calendar.seller, calendar.matched = seller, matched
    calendar.is_main = (
        seller is not None
        and calendar.can_write
        and not ExternalCalendar.objects.filter(seller=seller, is_main=True).exists()
    )
    calendar.state, calendar.error, calendar.fails = ExternalCalendar.State.NEW, "", 0
    calendar.sync_token, calendar.synced_at, calendar.sync_after = "", None, timezone.now()
    calendar.save()
    record(action="calendar.assigned", resource=calendar, by=by, diff={"seller": str(seller.pk) if seller else None})
    if seller is not None:
        commit.queue(READ, queue="sync", calendar_id=str(calendar.pk))


def make_main(*, calendar: ExternalCalendar, by: Actor, on: bool = True) -> None:
    """From now on new appointments of its seller are written here, or (`on` false) no longer.

    Raises Invalid when it cannot be written.
    """
    calendar = _held(calendar, None)
    if calendar.seller_id is None or calendar.is_main == on:
        return
    if on and not calendar.can_write:
        raise Invalid(_("La cuenta no puede escribir en ese calendario."), code="read_only")
    ExternalCalendar.objects.filter(seller=calendar.seller_id, is_main=True).update(is_main=False)
    calendar.is_main = on
    calendar.save(update_fields=["is_main"])
    diff = {"seller": str(calendar.seller_id), "main": on}
    record(action="calendar.main_chosen", resource=calendar, by=by, diff=diff)


def _held(calendar: ExternalCalendar, seller: Seller | None) -> ExternalCalendar:
    """The sellers concerned, then the calendar, locked until the transaction ends."""
    owners = [pk for pk in (calendar.seller_id, seller.pk if seller else None) if pk is not None]
    list(Seller.objects.select_for_update(no_key=True).filter(pk__in=owners).order_by("pk"))
    return ExternalCalendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
