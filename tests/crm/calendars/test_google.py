"""The adapter against a server that speaks Google's protocol."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from config.lib.errors import ProviderError
from crm.calendars import google_wire
from crm.calendars.base import EventDraft, RemoteEvent, SyncLost
from crm.calendars.google import GoogleCalendar
from crm.calendars.google_wire import Consent, ServiceAccount
from crm.domain.slots import Span
from tests.fakes import google_tokens
from tests.fakes.google_calendar import Fault, GoogleFake

ANA = "ana@acme.test"
NINE = datetime(2026, 11, 24, 12, tzinfo=UTC)  # nine in Buenos Aires
HOUR = timedelta(hours=1)
CONSENT = Consent(google_tokens.CLIENT_ID, google_tokens.CLIENT_SECRET, google_tokens.REFRESH_TOKEN)


@pytest.fixture(autouse=True)
def _no_tokens() -> None:
    google_wire._tokens.clear()


@pytest.fixture
def calendar(google: GoogleFake) -> GoogleCalendar:
    google.add_calendar(ANA, "Ana", primary=True)
    return adapter(google)


def adapter(google: GoogleFake, secrets: Any = CONSENT, *, seconds: float = 5) -> GoogleCalendar:
    return GoogleCalendar(endpoint=google.endpoint, token_uri=google.token_uri, secrets=secrets, seconds=seconds)


def draft(**over: Any) -> EventDraft:
    given: dict[str, Any] = {"title": "Visita", "starts_at": NINE, "ends_at": NINE + HOUR, "crm_id": "cita-1"}
    return EventDraft(**{**given, "timezone": "America/Argentina/Buenos_Aires", **over})


def failure(call: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        call()
    return caught.value


def everything(calendar: GoogleCalendar, token: str = "", **options: Any) -> tuple[list[RemoteEvent], str]:
    events, page = [], ""
    while True:
        changes = calendar.changes(ANA, token, page=page, **options)
        events += changes.events
        page = changes.page
        if not page:
            return events, changes.sync_token


# --- calendars -------------------------------------------------------------------------------------------------
def test_every_calendar_of_the_list_is_found_page_by_page(google: GoogleFake, calendar: GoogleCalendar) -> None:
    google.add_calendar("otra", "Dra. Paz", role="reader", zone="Europe/Madrid")
    for number in range(300):
        google.add_calendar(f"sala-{number}")
    found = calendar.list_calendars()
    assert len(found) == 302
    assert (found[0].calendar_id, found[0].is_primary, found[0].can_write) == (ANA, True, True)
    assert (found[1].name, found[1].timezone, found[1].can_write) == ("Dra. Paz", "Europe/Madrid", False)


def test_a_calendar_shared_with_a_service_account_is_put_into_its_list(google: GoogleFake) -> None:
    google.add_calendar("sala", "Sala", listed=False)
    own = adapter(google, ServiceAccount(google.tokens.service_account()))
    assert own.list_calendars() == []
    assert own.add_calendar("sala").name == "Sala"
    assert [each.calendar_id for each in own.list_calendars()] == ["sala"]
    assert failure(lambda: own.add_calendar("ajena")).code == "not_found"


def test_busy_is_what_takes_time(google: GoogleFake, calendar: GoogleCalendar) -> None:
    google.add_event(ANA, NINE, NINE + HOUR, eventType="outOfOffice")
    google.add_event(ANA, NINE + 2 * HOUR, NINE + 3 * HOUR, transparency="transparent")
    google.add_event(ANA, NINE + 4 * HOUR, NINE + 5 * HOUR, eventType="workingLocation")
    declined = [{"email": ANA, "self": True, "responseStatus": "declined"}]
    google.add_event(ANA, NINE + 6 * HOUR, NINE + 7 * HOUR, attendees=declined)
    assert calendar.busy([ANA], NINE, NINE + 24 * HOUR) == {ANA: [Span(NINE, NINE + HOUR)]}
    events, _token = everything(calendar)
    assert [each.busy for each in events] == [True, False, False, False]


def test_a_calendar_with_an_error_or_without_an_answer_is_unknown_and_never_free(
    google: GoogleFake, calendar: GoogleCalendar
) -> None:
    google.add_calendar("rota", error="internalError")
    found = calendar.busy([ANA, "rota", "ajena"], NINE, NINE + HOUR)
    assert found == {ANA: [], "rota": None, "ajena": None}


def test_more_than_fifty_calendars_and_months_are_asked_in_parts(google: GoogleFake, calendar: GoogleCalendar) -> None:
    ids = [f"sala-{number}" for number in range(51)]
    for each in ids:
        google.add_calendar(each)
    google.add_event(ids[50], NINE + timedelta(days=70), NINE + timedelta(days=70, hours=1))
    found = calendar.busy(ids, NINE, NINE + timedelta(days=80))
    assert len(found) == 51
    assert len(google.calls("freebusy")) == 4
    assert found[ids[50]] == [Span(NINE + timedelta(days=70), NINE + timedelta(days=70, hours=1))]


# --- reading changes -------------------------------------------------------------------------------------------
def test_changes_go_on_from_a_token_through_pages_that_may_be_empty(
    google: GoogleFake, calendar: GoogleCalendar
) -> None:
    google.books.page_size, google.books.empty_page = 2, True
    kept = [google.add_event(ANA, NINE + step * HOUR, NINE + (step + 1) * HOUR, f"n{step}") for step in range(5)]
    events, token = everything(calendar)
    assert [each.title for each in events] == ["n0", "n1", "n2", "n3", "n4"]
    google.remove(ANA, kept[0]["id"])
    google.edit(ANA, kept[1]["id"], summary="otro")
    events, token = everything(calendar, token)
    assert [(each.event_id, each.cancelled, each.title) for each in events] == [
        (kept[0]["id"], True, ""),
        (kept[1]["id"], False, "otro"),
    ]
    assert events[0].span is None
    assert not events[0].busy
    assert everything(calendar, token)[0] == []


def test_a_lost_token_says_so(google: GoogleFake, calendar: GoogleCalendar) -> None:
    _events, token = everything(calendar)
    google.expire_sync_tokens(ANA)
    with pytest.raises(SyncLost):
        calendar.changes(ANA, token)


def test_the_first_list_may_leave_out_the_past_and_still_goes_on(google: GoogleFake, calendar: GoogleCalendar) -> None:
    google.add_event(ANA, NINE - timedelta(days=90), NINE - timedelta(days=90) + HOUR, "viejo")
    google.add_event(ANA, NINE, NINE + HOUR, "hoy")
    events, token = everything(calendar, since=NINE)
    assert [each.title for each in events] == ["hoy"]
    assert everything(calendar, token)[0] == []


def test_a_whole_day_is_the_calendars_own_day(google: GoogleFake, calendar: GoogleCalendar) -> None:
    made = google.add_event(ANA, date(2026, 11, 24), date(2026, 11, 26), "Vacaciones")
    event = everything(calendar)[0][0]
    assert event.is_all_day
    assert event.span == Span(NINE - 9 * HOUR, NINE + 39 * HOUR)
    again = calendar.get(ANA, made["id"], timezone="America/Argentina/Buenos_Aires")
    assert again == event


def test_a_series_comes_as_single_events(google: GoogleFake, calendar: GoogleCalendar) -> None:
    google.add_series(ANA, NINE, NINE + HOUR, "Reunión", days=7, count=3)
    starts = [each.starts_at for each in everything(calendar)[0]]
    assert starts == [NINE, NINE + timedelta(days=7), NINE + timedelta(days=14)]


def test_a_list_cut_short_is_no_list(google: GoogleFake, calendar: GoogleCalendar) -> None:
    google.add_event(ANA, NINE, NINE + HOUR)
    for do in ("partial", "garbage"):
        google.script(Fault(do, "list"))
        assert failure(lambda: calendar.changes(ANA)).kind == "retry"


# --- writing ---------------------------------------------------------------------------------------------------
def test_an_event_is_written_changed_and_deleted(google: GoogleFake, calendar: GoogleCalendar) -> None:
    made = calendar.insert(ANA, draft(place="Oficina"), "crm0001")
    assert (made.event_id, made.crm_id, made.title, made.place) == ("crm0001", "cita-1", "Visita", "Oficina")
    assert google.event(ANA, "crm0001")["start"] == {
        "dateTime": "2026-11-24T09:00:00-03:00",
        "timeZone": "America/Argentina/Buenos_Aires",
    }
    google.edit(ANA, "crm0001", description="Lo que anotó una persona")
    moved = calendar.patch(ANA, "crm0001", draft(starts_at=NINE + HOUR, ends_at=NINE + 2 * HOUR))
    assert moved.starts_at == NINE + HOUR
    assert moved.etag != made.etag
    assert google.event(ANA, "crm0001")["description"] == "Lo que anotó una persona"
    calendar.delete(ANA, "crm0001")
    assert google.events(ANA) == []
    calendar.delete(ANA, "crm0001")  # 410
    calendar.delete(ANA, "crm9999")  # 404
    found = calendar.get(ANA, "crm0001")
    assert found is not None
    assert found.cancelled
    assert calendar.get(ANA, "crm9999") is None


def test_an_id_works_once_even_after_deleting(google: GoogleFake, calendar: GoogleCalendar) -> None:
    calendar.insert(ANA, draft(), "crm0001")
    assert failure(lambda: calendar.insert(ANA, draft(), "crm0001")).code == "duplicate"
    calendar.delete(ANA, "crm0001")
    assert failure(lambda: calendar.insert(ANA, draft(), "crm0001")).code == "duplicate"


def test_a_duplicate_that_google_missed_is_found_by_its_mark(google: GoogleFake, calendar: GoogleCalendar) -> None:
    first = calendar.insert(ANA, draft(), "crm0001")
    google.script(Fault("twin", "insert"))
    twin = calendar.insert(ANA, draft(), "crm0001")
    calendar.insert(ANA, draft(crm_id="cita-2"), "crm0002")
    assert twin.event_id != first.event_id
    assert {each.event_id for each in calendar.find(ANA, "cita-1")} == {first.event_id, twin.event_id}


def test_a_version_that_is_no_longer_the_last_is_refused(google: GoogleFake, calendar: GoogleCalendar) -> None:
    made = calendar.insert(ANA, draft(), "crm0001")
    google.edit(ANA, "crm0001", summary="Cambiada en Google")
    assert failure(lambda: calendar.patch(ANA, "crm0001", draft(), etag=made.etag)).code == "changed"
    assert failure(lambda: calendar.delete(ANA, "crm0001", etag=made.etag)).code == "changed"
    assert google.event(ANA, "crm0001")["summary"] == "Cambiada en Google"


@pytest.mark.parametrize("do", ["late_error", "late_drop", "garbage", "partial"])
def test_an_insert_without_a_proper_answer_may_have_happened(
    google: GoogleFake, calendar: GoogleCalendar, do: str
) -> None:
    google.script(Fault(do, "insert"))
    assert failure(lambda: calendar.insert(ANA, draft(), "crm0001")).kind == "unknown"
    assert [each["id"] for each in google.events(ANA)] == ["crm0001"]


def test_a_channel_is_opened_and_closed(google: GoogleFake, calendar: GoogleCalendar) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    options = {"address": "https://crm.example/webhooks/google-calendar/", "token": "t1.secret", "until": until}
    channel = calendar.watch(ANA, channel_id="canal-1", **options)  # type: ignore[arg-type]
    assert (channel.channel_id, channel.until) == ("canal-1", until)
    google.add_event(ANA, NINE, NINE + HOUR)
    assert [push.headers["X-Goog-Resource-State"] for push in google.outbox] == ["sync", "exists"]
    calendar.stop(channel_id="canal-1", resource=channel.resource)
    calendar.stop(channel_id="canal-1", resource=channel.resource)
    google.add_event(ANA, NINE, NINE + HOUR)
    assert len(google.outbox) == 2
    options["address"] = "http://crm.example/"
    assert failure(lambda: calendar.watch(ANA, channel_id="canal-2", **options)).kind == "permanent"  # type: ignore[arg-type]


# --- failures --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "reason", "kind", "code"),
    [
        (400, "timeRangeEmpty", "permanent", "timeRangeEmpty"),
        (403, "rateLimitExceeded", "retry", "rate_limited"),
        (403, "userRateLimitExceeded", "retry", "rate_limited"),
        (429, "rateLimitExceeded", "retry", "rate_limited"),
        (403, "quotaExceeded", "retry", "quota"),
        (403, "insufficientPermissions", "auth", "insufficient_permissions"),
        (403, "accessNotConfigured", "auth", "api_disabled"),
        (403, "forbidden", "auth", "forbidden"),
        (404, "notFound", "permanent", "not_found"),
        (500, "backendError", "retry", "away"),
        (503, "backendError", "retry", "away"),
    ],
)
def test_an_error_is_told_by_what_can_be_done_about_it(
    google: GoogleFake, calendar: GoogleCalendar, status: int, reason: str, kind: str, code: str
) -> None:
    google.fail(status, reason, call="freebusy")
    error = failure(lambda: calendar.busy([ANA], NINE, NINE + HOUR))
    assert (error.kind, error.code) == (kind, code)
    assert len(google.calls("freebusy")) == 1  # nothing is tried again by itself


def test_how_long_to_wait_is_passed_on(google: GoogleFake, calendar: GoogleCalendar) -> None:
    google.fail(429, "rateLimitExceeded", call="list", retry_after="7")
    assert failure(lambda: calendar.changes(ANA)).retry_after == 7
    google.fail(403, "quotaExceeded", call="list")
    assert failure(lambda: calendar.changes(ANA)).retry_after == 3600


def test_a_write_that_failed_inside_google_may_have_happened(google: GoogleFake, calendar: GoogleCalendar) -> None:
    google.fail(503, call="insert")
    assert failure(lambda: calendar.insert(ANA, draft(), "crm0001")).kind == "unknown"
    assert google.events(ANA) == []


def test_no_answer_in_time_ends_the_call(google: GoogleFake) -> None:
    google.add_calendar(ANA)
    google.script(Fault("slow", "freebusy"))
    quick = adapter(google, seconds=0.3)
    error = failure(lambda: quick.busy([ANA], NINE, NINE + HOUR))
    assert (error.kind, error.code) == ("retry", "timeout")


def test_nobody_there_is_worth_another_try(google: GoogleFake) -> None:
    away = GoogleCalendar(
        endpoint="http://127.0.0.1:9/calendar/v3/", token_uri="http://127.0.0.1:9/token", secrets=CONSENT
    )
    assert failure(lambda: away.insert(ANA, draft(), "crm0001")).kind == "retry"


# --- tokens ----------------------------------------------------------------------------------------------------
def test_a_token_serves_many_calls_and_is_renewed_when_refused(google: GoogleFake, calendar: GoogleCalendar) -> None:
    calendar.list_calendars()
    adapter(google).list_calendars()
    assert len(google.calls("token")) == 1
    google.tokens.expire_access()
    calendar.list_calendars()
    assert len(google.calls("token")) == 2


def test_a_permission_taken_back_is_told_apart_from_a_bad_moment(google: GoogleFake, calendar: GoogleCalendar) -> None:
    calendar.list_calendars()
    google.revoke()
    assert (failure(calendar.list_calendars).kind, failure(calendar.list_calendars).code) == ("auth", "invalid_grant")
    google.tokens.revoked = False
    google_wire._tokens.clear()
    google.fail(503, call="token")
    assert failure(calendar.list_calendars).kind == "retry"
    wrong = adapter(google, Consent("client-id", "otro secreto", "refresh-token"))
    assert failure(wrong.list_calendars).code == "invalid_client"


def test_a_service_accounts_own_token_address_is_not_believed(google: GoogleFake, calendar: GoogleCalendar) -> None:
    account = google.tokens.service_account(token_uri="http://127.0.0.1:9/steal")
    assert [each.name for each in adapter(google, ServiceAccount(account)).list_calendars()] == ["Ana"]


def test_no_error_and_no_name_holds_a_secret(
    google: GoogleFake, calendar: GoogleCalendar, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    google.fail(400, google_tokens.REFRESH_TOKEN, call="token")
    seen = [repr(failure(calendar.list_calendars)), repr(calendar), repr(CONSENT)]
    account = ServiceAccount(google.tokens.service_account())
    seen += [repr(account), caplog.text]
    for secret in (google_tokens.REFRESH_TOKEN, google_tokens.CLIENT_SECRET, "PRIVATE KEY"):
        assert not any(secret in text for text in seen)


def test_a_token_is_shown_to_the_configured_address_only(google: GoogleFake, calendar: GoogleCalendar) -> None:
    """The library would show a service account's to a third one, in the background, before each call."""
    account = ServiceAccount(google.tokens.service_account())
    adapter(google, account).list_calendars()
    adapter(google, account).list_calendars()
    assert [each.call for each in google.asked] == ["token", "calendars", "calendars"]
    wire = google_wire.Wire(account, endpoint=google.endpoint, token_uri=google.token_uri, seconds=5)
    for address in ("https://iamcredentials.googleapis.com/v1/", f"{google.url}/elsewhere"):
        assert failure(lambda address=address: wire.request(address)).code == "address_refused"  # type: ignore[misc]


def test_a_key_that_is_none_is_a_lost_permission(google: GoogleFake) -> None:
    account = {**google.tokens.service_account(), "private_key": "no es una clave"}
    assert failure(adapter(google, ServiceAccount(account)).list_calendars).kind == "auth"
