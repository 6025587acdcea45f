"""Connecting Google Calendar and letting go of it: a person's permission or a service account, and the list of calendars."""

import base64
import hashlib
import json
import logging
from collections.abc import Iterable
from functools import partial
from urllib.parse import urlencode
from uuid import UUID

import redis
from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, Invalid, NotFound, ProviderError
from config.lib.redis import client as redis_client
from crm.agenda import connection
from crm.agenda.sync import watching
from crm.calendars import google_wire, look
from crm.calendars.base import CalendarProvider, Channel, RemoteCalendar
from crm.calendars.google_errors import NOT_SHARED
from crm.domain.calendar_names import matches
from crm.models import CalendarConnection, ExternalCalendar, Seller
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import limits
from tenants.services.audit import record
from tenants.services.vault import open_row, own_rows, put_credential, remove_credential

logger = logging.getLogger(__name__)

TASK, QUEUE = "crm.tasks.refresh_calendars", "sync"
BY = Actor.system("Google Calendar")
STATE_SECONDS = 600
EXCHANGE_SECONDS = 10.0
ASKED_SECONDS = 60  # how long the page says "testing" when no answer comes
KEPT_SECRETS = ("REFRESH_TOKEN", "SERVICE_ACCOUNT_JSON")
Way, State = CalendarConnection.Way, CalendarConnection.State
Known, Match = ExternalCalendar.State, ExternalCalendar.Match


# --- a person's permission -------------------------------------------------------------------------------------
def client_keys() -> tuple[str, str] | None:
    """The company's app at Google Cloud: id and secret; None when they are still to be stored."""
    names = connection.CONSENT[:2]
    rows = own_rows("google", names)
    return (open_row(rows[names[0]]), open_row(rows[names[1]])) if set(names) <= set(rows) else None


def consent_url(*, redirect: str, person: object, sign_in: str) -> str:
    """Where Google asks the person. The state is good for ten minutes, this company, this person and this sign-in.

    Raises Invalid while the app's id and secret are missing.
    """
    keys = client_keys()
    if keys is None:
        raise Invalid(_("Primero hay que guardar el id y el secreto de cliente."), code="no_client")
    number = get_random_string(32)
    state = signing.dumps([current_tenant().pk, str(person), _mark(sign_in), number], salt="google-calendar")
    challenge = hashlib.sha256(_verifier(number).encode()).digest()
    asked = {
        "client_id": keys[0],
        "redirect_uri": redirect,
        "response_type": "code",
        "scope": " ".join(google_wire.SCOPES),
        "access_type": "offline",
        "prompt": "consent",  # else no refresh token comes the second time
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{settings.GOOGLE_CONSENT_URL}?{urlencode(asked)}"


def finish_consent(*, state: str, code: str, redirect: str, person: object, sign_in: str, by: Actor) -> None:
    """Take the code that Google sent back; it is exchanged once this transaction is over. Raises Invalid."""
    wrong = Invalid(_("Ese permiso ya venció o no se pidió desde aquí. Conectar de nuevo."), code="bad_state")
    try:
        company, who, mark, number = signing.loads(state, salt="google-calendar", max_age=STATE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        raise wrong from None
    same = (company, who) == (current_tenant().pk, str(person)) and constant_time_compare(mark, _mark(sign_in))
    keys = client_keys()
    if not same or not code or keys is None:
        raise wrong
    commit.after(
        partial(_exchange, current_tenant(), keys=keys, code=code, verifier=_verifier(number), redirect=redirect, by=by)
    )


def _exchange(tenant: Tenant, *, keys: tuple[str, str], code: str, verifier: str, redirect: str, by: Actor) -> None:
    try:
        token = google_wire.exchange(
            token_uri=settings.GOOGLE_TOKEN_URI,
            keys=keys,
            code=code,
            verifier=verifier,
            redirect=redirect,
            seconds=EXCHANGE_SECONDS,
        )
    except ProviderError as error:
        with tenant_context(tenant):
            _not_connected(Way.OAUTH, error)
        return
    with tenant_context(tenant):
        put_credential(category="google", name="REFRESH_TOKEN", value=token, by=by)
        _connected(Way.OAUTH, "", by)


def _verifier(number: str) -> str:
    """RFC 7636. Not kept anywhere: only this installation can make it again from the number in the state."""
    made = salted_hmac("google-calendar-verifier", number, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def _mark(sign_in: str) -> str:
    return hashlib.sha256(sign_in.encode()).hexdigest()[:32]


# --- a service account -----------------------------------------------------------------------------------------
def connect_service_account(*, text: str, by: Actor) -> None:
    """Store the file of a service account and use it from now on. Raises Invalid, which never quotes it."""
    put_credential(category="google", name="SERVICE_ACCOUNT_JSON", value=text, by=by)
    _connected(Way.SERVICE, str(json.loads(text)["client_email"]), by)


def store_client_keys(*, client_id: str, client_secret: str, by: Actor) -> None:
    """The id and secret of the company's app at Google Cloud. Raises Invalid."""
    put_credential(category="google", name="CLIENT_ID", value=client_id, by=by)
    put_credential(category="google", name="CLIENT_SECRET", value=client_secret, by=by)


def _connected(way: str, account: str, by: Actor) -> None:
    now = timezone.now()
    fields: dict[str, object] = {
        "way": way,
        "account": account[:254],
        "state": State.CONNECTED,
        "error": "",
        "last_ok_at": None,
    }
    fields |= {"connected_by": by.label[:160], "connected_at": now}
    row, _new = CalendarConnection.objects.update_or_create(id=1, defaults=fields)
    record(action="calendar.connected", resource=row, by=by, diff={"way": way})
    look.forget(ExternalCalendar.objects.values_list("calendar_id", flat=True))
    ask_refresh()


def _not_connected(way: str, error: ProviderError) -> None:
    """What was connected before goes on; the page says why nothing new is."""
    words = {"error": str(error.message)[:300]}
    new = {"way": way, "state": State.REVOKED, **words}
    CalendarConnection.objects.update_or_create(id=1, defaults=words, create_defaults=new)


def disconnect(*, by: Actor) -> None:
    """Forget the permission, the calendars and what was read of them. Appointments stay, here and in Google."""
    row = connection.current()
    rows = list(ExternalCalendar.objects.exclude(channel_id=""))
    channels = [watching.channel_of(each) for each in rows]
    try:
        client = connection.client(seconds=EXCHANGE_SECONDS)
    except ProviderError:
        client = None
    if client and channels:
        commit.after(partial(_stop, client, channels))
    list(Seller.objects.select_for_update(no_key=True).filter(calendars__isnull=False).order_by("pk"))
    ExternalCalendar.objects.all().delete()
    for name in KEPT_SECRETS:
        try:
            remove_credential(category="google", name=name, by=by)
        except AppError as error:
            if error.status != 404:
                raise
    if row is not None:
        record(action="calendar.disconnected", resource=row, by=by)
        row.delete()


def _stop(client: CalendarProvider, channels: list[Channel]) -> None:
    watching.stop(port=client, channels=channels)


# --- the list of calendars -------------------------------------------------------------------------------------
def ask_refresh(*, count: bool = False) -> None:
    """Have a worker try the connection and read the list. `count`: a person asked. Raises RateLimited."""
    if count:
        limits.check("provider-test", current_tenant().pk)
    try:
        redis_client().set(_asked_key(), 1, ex=ASKED_SECONDS)
    except redis.RedisError:
        logger.info("no Redis: a test is not shown as running")
    commit.queue(TASK, queue=QUEUE)


def is_refreshing() -> bool:
    try:
        return bool(redis_client().exists(_asked_key()))
    except redis.RedisError:
        return False


def refresh(*, tenant: Tenant) -> None:
    """Read the account's calendars, outside of any transaction, and match them; how it went stands on the connection."""
    try:
        with tenant_context(tenant):
            client = connection.client()
            known = list(ExternalCalendar.objects.values_list("calendar_id", flat=True))
            row = connection.current()
        found = client.list_calendars()
        if row is not None and row.way == Way.SERVICE:
            found += _joined(client, set(known) - {each.calendar_id for each in found})
    except ProviderError as error:
        with tenant_context(tenant):
            connection.failed(error)
    else:
        with tenant_context(tenant):
            connection.worked()
            _keep(found)
    with tenant_context(tenant):
        _answered()


def _joined(client: CalendarProvider, calendar_ids: Iterable[str]) -> list[RemoteCalendar]:
    """What is shared with a service account is in its list only once it was put there."""
    found = []
    for each in sorted(calendar_ids):
        try:
            found.append(client.add_calendar(each))
        except ProviderError as error:
            if error.code != "not_found":
                raise
    return found


def add_calendar(*, calendar_id: str, by: Actor) -> ExternalCalendar:
    """Look for a calendar by its address, one that a service account was given but does not list. Raises Invalid."""
    row, new = ExternalCalendar.objects.get_or_create(
        calendar_id=connection.checked_id(calendar_id), defaults={"name": calendar_id.strip()[:254]}
    )
    if new:
        record(action="calendar.added", resource=row, by=by)
    ask_refresh(count=True)
    return row


def remove_calendar(*, calendar: ExternalCalendar, by: Actor) -> None:
    """Forget a calendar that is not found any more; its seller goes on without it."""
    connection.assign(calendar=calendar, seller=None, by=by)
    record(action="calendar.removed", resource=calendar, by=by)
    calendar.delete()


def _keep(found: list[RemoteCalendar]) -> None:
    known = {row.calendar_id: row for row in ExternalCalendar.objects.all()}
    for each in found:
        words = {"name": each.name[:254], "timezone": each.timezone[:64], "can_write": each.can_write}
        row = known.pop(each.calendar_id, None)
        if row is None:
            ExternalCalendar.objects.get_or_create(calendar_id=each.calendar_id[:300], defaults=words)
        else:
            back = {"state": Known.NEW, "error": ""} if row.state == Known.GONE else {}
            ExternalCalendar.objects.filter(pk=row.pk).update(**words, **back)
    primary = next((each for each in found if each.is_primary), None)
    if primary is not None:
        CalendarConnection.objects.filter(way=Way.OAUTH).update(account=primary.calendar_id[:254])
    # One that a seller has is left alone: reading it says more than a list that may lack it.
    lost = ExternalCalendar.objects.filter(seller=None, pk__in=[row.pk for row in known.values()])
    if CalendarConnection.objects.filter(way=Way.SERVICE).exists():
        lost.update(state=Known.GONE, error=str(NOT_SHARED))
    else:
        lost.delete()
    match_by_name()


def match_by_name() -> int:
    """Give calendars that nobody decided about to the sellers whose name they have; returns how many."""
    free = {row.pk: row for row in ExternalCalendar.objects.filter(seller=None, matched=Match.NONE)}
    if not free:
        return 0
    sellers = {row.pk: row for row in Seller.objects.filter(is_active=True)}
    taken = set(ExternalCalendar.objects.exclude(seller=None).values_list("seller_id", flat=True))
    mails = {row.email.casefold(): row for row in sellers.values() if row.email}
    pairs = {
        pk: mails[row.calendar_id.casefold()].pk for pk, row in free.items() if row.calendar_id.casefold() in mails
    }
    names = {pk: row.name for pk, row in free.items() if pk not in pairs}
    people = {pk: row.name for pk, row in sellers.items() if pk not in taken and pk not in pairs.values()}
    pairs |= matches(names, people)
    for calendar, seller in pairs.items():
        connection.assign(calendar=free[calendar], seller=sellers[seller], by=BY, matched=Match.NAME)
    return len(pairs)


def _answered() -> None:
    try:
        redis_client().delete(_asked_key())
    except redis.RedisError:
        logger.info("no Redis: a finished test stays shown as running for a while")


def _asked_key() -> str:
    return f"calendars:asked:t{current_tenant().pk}"


# --- one calendar ----------------------------------------------------------------------------------------------
def calendar_for(pk: UUID) -> ExternalCalendar:
    """Raises NotFound."""
    row = ExternalCalendar.objects.select_related("seller").filter(pk=pk).first()
    if row is None:
        raise NotFound(_("Ese calendario ya no está en la lista."))
    return row


def decide(*, calendar: ExternalCalendar, seller: Seller | None, is_main: bool, by: Actor) -> None:
    """What a person said about a calendar: whose it is, and whether their new appointments are written into it."""
    connection.assign(calendar=calendar, seller=seller, by=by)
    if seller is not None:
        calendar.refresh_from_db()
        connection.make_main(calendar=calendar, by=by, on=is_main)
