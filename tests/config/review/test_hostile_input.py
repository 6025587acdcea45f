"""Odd bytes in every door: an answer a person can read, never a crash."""

import json
import urllib.parse
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from config.lib.errors import AppError
from config.lib.keyset import page
from config.lib.refusals import refusal_of
from config.lib.texts import storable, stored
from crm.domain.search import as_prefix_query
from crm.models import Contact, Lead
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant
from tenants.services.audit import record
from tests.factories.crm import make_contact
from tests.factories.every_model import FACTORIES
from tests.isolation.urltable import Address, addresses
from tests.support.cast import Cast
from tests.support.clients import browser, integration
from tests.support.services import Services
from tests.support.thorough import dealt

NAMES = [
    "next",
    "category",
    "q",
    "owner",
    "source",
    "stage",
    "cursor",
    "contact",
    "sel",
    "antes",
    "desde",
    "coleccion",
    "search",
    "limit",
    "conversation",
    "agent",
    "status",
    "mode",
    "channel",
    "action",
    "resource",
    "outcome",
    "since",
    "until",
    "collection",
    "name",
    "phone",
    "email",
    "interest",
    "budget",
    "timeline",
    "needs",
    "value",
    "lost_reason",
    "text",
    "hours",
    "reason",
    "to",
    "provider",
    "channel_source",
    "config",
    "phone_number_id",
    "waba_id",
    "allowed_domains",
    "title",
    "password",
    "tenant",
    "language",
    "theme",
    "role",
    "system_prompt_template",
    "temperature",
    "tags",
    "custom",
    "notes",
    "user",
    "working_hours",
    "timezone",
    "template_type",
    "conversation_id",
    "idempotency_key",
    "template",
    "media",
    "buffer_seconds",
]
HOSTILE = {
    "NUL": b"a\x00b",
    "long": b"x" * 3000,
    "not UTF-8": b"\xff\xfe",
    "half a letter": b"\xed\xa0\x80",
    "a huge number": b"9" * 400,
    "signs": b"'\"%\\;)(:*&|!<script>",
}
PLACES = [each for each in addresses() if not each.is_admin and each.route not in ("readyz", "logout/")]


@pytest.fixture
def keys(cast: Cast) -> dict[str, object]:
    with tenant_context(cast.acme):
        return {label: factory().pk for label, factory in FACTORIES.items()}


def paths(verb: str, keys: dict[str, object], place: int) -> Iterator[tuple[Address, str]]:
    """Of the addresses that take this verb, those whose turn it is at this place."""
    for address in dealt([each for each in PLACES if verb in each.verbs], place, share=3):
        yield address, address.paths(keys)[0]


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_query_string_breaks_a_page(cast: Cast, keys: dict[str, object], kind: str) -> None:
    value = urllib.parse.quote(HOSTILE[kind])
    query = "&".join(f"{name}={value}" for name in NAMES)
    client = browser(cast["ana"], raise_request_exception=False)
    broken = [
        path
        for _address, path in paths("GET", keys, [*HOSTILE].index(kind))
        if client.get(f"{path}?{query}").status_code >= 500
    ]
    assert broken == []


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_form_breaks_a_page(cast: Cast, keys: dict[str, object], kind: str) -> None:
    body = "&".join(f"{name}={urllib.parse.quote(HOSTILE[kind])}" for name in NAMES)
    broken = []
    for _address, path in paths("POST", keys, [*HOSTILE].index(kind)):
        client = browser(cast["ana"], raise_request_exception=False)
        answer = client.post(path, body, content_type="application/x-www-form-urlencoded")
        if answer.status_code >= 500:
            broken.append(path)
    assert broken == []


BODIES = {
    "NUL": dict.fromkeys(NAMES, "a\x00b"),
    "half a letter": dict.fromkeys(NAMES, "\ud83d"),
    "other shapes": {name: [{"\x00": 1}] for name in NAMES},
    "numbers": dict.fromkeys(NAMES, 10**400),
    "long": dict.fromkeys(NAMES, "x" * 30_000),
    "nothing": dict.fromkeys(NAMES),
    "a list": [1],
    "a word": "x",
}


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("verb", ["POST", "PATCH", "PUT"])
def test_no_json_breaks_the_api(cast: Cast, keys: dict[str, object], verb: str, kind: str) -> None:
    body, client, broken = json.dumps(BODIES[kind]), integration(cast["ana"], raise_request_exception=False), []
    for address, path in paths(verb, keys, [*BODIES].index(kind)):
        if address.is_api:
            answer = client.generic(verb, path, body, content_type="application/json")
            if answer.status_code >= 500:
                broken.append(path)
    assert broken == []


@pytest.mark.parametrize(
    "name", ["session", "access_token", "refresh_token", "csrftoken", "theme", "panel", "messages", "lang"]
)
@pytest.mark.parametrize("value", ["\x00" * 10, "ñ" * 5000, "'\"%", "a.b.c", "[[" * 500])
def test_no_cookie_breaks_a_page(db: None, name: str, value: str) -> None:
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    client.cookies[name] = value
    for path in ("/login/", "/leads/", "/api/v1/leads/"):
        assert client.get(path).status_code < 500


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "ñ.ñ.ñ", "\x00.\x00.\x00", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "x" * 100_000]
)
def test_no_bearer_token_breaks_the_api(db: None, token: str) -> None:
    answer = Client(raise_request_exception=False).get("/api/v1/leads/", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost@evil.test", "a b", "localhost:x", "ñ.localhost", "[::1", "localhost\x00"]
)
def test_no_hostname_breaks_a_page(db: None, host: str, settings: object) -> None:
    settings.ALLOWED_HOSTS = ["localhost", ".localhost"]  # type: ignore[attr-defined]
    assert Client(raise_request_exception=False).get("/login/", HTTP_HOST=host).status_code in (400, 404)


@given(st.text(max_size=300))
def test_any_words_make_a_search_that_postgresql_understands(words: str) -> None:
    query = as_prefix_query(words)
    assert all(len(each) <= 203 for each in query.split(" & "))
    assert storable(query)


@pytest.mark.parametrize(
    "words", ["x" * 5000, "ﷺ" * 900, "á" * 3000, "' | !(", "\\:*", "ß", "²³", "１２", "a\x00b", "\ud83d"]
)
def test_odd_words_are_searched_without_a_refusal(acme: Tenant, words: str) -> None:
    with tenant_context(acme):
        make_contact(name="Ana")
        assert list(Contact.objects.search(words)) == []


CURSORS = [
    "x",
    "ñ",
    "=" * 9,
    "W10",
    "e30",
    "bnVsbA",
    "WzAsMSwyXQ",
    "WzAsIjAwMDEtMDEtMDFUMDA6MDA6MDArMjM6NTkiLCJ4Il0",
    "A" * 9999,
]


@pytest.mark.parametrize("cursor", CURSORS)
def test_a_tampered_cursor_is_refused_in_words(acme: Tenant, cursor: str) -> None:
    with tenant_context(acme), pytest.raises(AppError) as refusal:
        page(Lead.objects.all(), by="created_at", cursor=cursor)
    assert refusal.value.code == "bad_cursor"


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_what_is_called_storable_can_be_encoded_and_holds_no_nul(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    fits = "\\u0000" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        fits = False
    assert storable(value) == fits


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_what_is_taken_out_leaves_the_rest(text: str) -> None:
    assert storable(stored(text))
    assert stored(text) == text or not storable(text)


def test_an_act_whose_words_no_column_holds_leaves_a_trail_all_the_same(acme: Tenant) -> None:
    odd = "a\x00b\ud83dc"
    with tenant_context(acme):
        record(action="odd", by=Actor("user", odd, odd), resource=odd, diff={odd: [odd, {"x": odd}]})
    with tenant_context(acme):
        event = SystemEvent.objects.get(action="odd")
    assert (event.actor_label, event.resource_id, event.diff) == ("abc", "abc", {"abc": ["abc", {"x": "abc"}]})


STATEMENTS: list[tuple[str, int]] = [
    ("select 'x'::uuid", 400),
    ("select 99999999999::int", 400),
    ("select repeat('x', 3000)::tsquery", 400),
]


@pytest.mark.parametrize(("statement", "status"), STATEMENTS)
def test_a_databases_refusal_is_told_by_its_state(live_tenants: Cast, statement: str, status: int) -> None:
    with pytest.raises(DatabaseError) as caught, tenant_context(live_tenants.acme), connection.cursor() as cursor:
        cursor.execute(statement)
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert refusal.status == status


def test_a_connection_that_was_cut_off_is_told_as_away(live_tenants: Cast, test_services: Services) -> None:
    with pytest.raises(DatabaseError) as caught, tenant_context(live_tenants.acme), connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        with test_services.inside() as inside:
            inside.execute("select pg_terminate_backend(%s, 5000)", [cursor.fetchone()[0]])
        cursor.execute("select 1")
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert refusal.status == 503


def test_a_twin_is_a_conflict(acme: Tenant) -> None:
    with pytest.raises(IntegrityError) as caught, tenant_context(acme):
        Contact.objects.create(name="twin", phone=make_contact().phone)
    refusal = refusal_of(caught.value)
    assert refusal is not None
    assert (refusal.status, refusal.code) == (409, "duplicate")


@pytest.mark.parametrize("statement", ["select nothing", "select 1 / 0 from", "select * from django_session"])
def test_a_fault_of_the_code_stays_a_fault(acme: Tenant, statement: str) -> None:
    with pytest.raises(DatabaseError) as caught, tenant_context(acme), connection.cursor() as cursor:
        cursor.execute(statement)
    assert refusal_of(caught.value) is None


@pytest.mark.parametrize(("error", "status"), [(DataError(), 400), (OperationalError(), 503), (InterfaceError(), 503)])
def test_an_error_that_never_reached_the_server_is_told_by_its_kind(error: DatabaseError, status: int) -> None:
    refusal = refusal_of(error)
    assert refusal is not None
    assert refusal.status == status


@pytest.mark.parametrize(
    "error",
    [ValueError(), KeyError("x"), DatabaseError(), UnicodeEncodeError("ascii", "ñ", 0, 1, "ordinal not in range")],
)
def test_other_errors_are_none_of_its_business(error: Exception) -> None:
    assert refusal_of(error) is None
