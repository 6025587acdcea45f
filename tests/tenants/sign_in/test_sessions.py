"""Page sessions: their keys change when they should, their person sees them, and ending one ends it everywhere at once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.context import auth_scope, tenant_context
from tenants.db.current import connection
from tenants.models import SignIn, SystemEvent, User
from tenants.services import sign_in, sign_ins, tokens
from tenants.sessions import CACHED_SECONDS, SessionStore
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST
from tests.tenants.sign_in.factor import code, enrolled

ClientAs = Callable[..., Client]
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def signed_in(person: Person, agent: str = FIREFOX, **options: object) -> Client:
    client = Client(SERVER_NAME=HOST, HTTP_USER_AGENT=agent, **options)
    assert client.post("/login/", {"email": person.user.email, "password": PASSWORD}).status_code == 302
    return client


def key_of(client: Client) -> str:
    return client.cookies["session"].value


def with_key(key: str) -> Client:
    client = Client(SERVER_NAME=HOST)
    client.cookies["session"] = key
    return client


def inside(client: Client) -> bool:
    return client.get("/sesion/").status_code == 200


def rows(person: Person) -> list[SignIn]:
    with auth_scope():
        return list(SignIn.objects.filter(user=person.user).order_by("created_at"))


# --- fixation -----------------------------------------------------------------------------------------------
def test_the_key_changes_at_sign_in_and_the_old_one_opens_nothing(ana: Person, db: None) -> None:
    planted = SessionStore()
    planted["seen"] = "before"
    planted.save()
    client = with_key(str(planted.session_key))
    client.post("/login/", {"email": ana.user.email, "password": PASSWORD})
    assert key_of(client) != planted.session_key
    assert inside(client)
    assert not inside(with_key(str(planted.session_key)))


def test_the_key_changes_at_the_password_and_again_at_the_code(ana: Person) -> None:
    secret = enrolled(ana)
    client = Client(SERVER_NAME=HOST)
    client.get("/login/")
    client.post("/login/", {"email": ana.user.email, "password": PASSWORD})
    half = key_of(client)
    client.post("/login/codigo/", {"code": code(secret)})
    assert key_of(client) != half
    assert inside(client)
    thief = with_key(half)
    assert not inside(thief)
    assert thief.get("/login/codigo/")["Location"] == "/login/"


def test_the_key_changes_with_the_password_and_every_other_session_ends(ana: Person) -> None:
    here, elsewhere = signed_in(ana), signed_in(ana)
    before = key_of(here)
    request = HttpRequest()
    request.COOKIES["session"] = before

    def change(given: HttpRequest) -> HttpResponse:
        assert given.session.get("tenant_id")  # read by then, to find out who asks
        with auth_scope():
            user = User.objects.get(pk=ana.user.pk)
            user.set_password("another one altogether")
            user.save()
            sign_ins.end_all(user)
            sign_in.renew(request=given, user=user)
        return HttpResponse()

    answer = SessionMiddleware(change)(request)
    renewed = answer.cookies["session"].value
    assert renewed != before
    assert inside(with_key(renewed))
    assert not inside(with_key(before))
    assert not inside(elsewhere)
    with auth_scope():
        assert [place.current for place in sign_ins.overview(User.objects.get(pk=ana.user.pk), renewed).places] == [
            True
        ]


def test_signing_in_as_somebody_else_keeps_nothing_of_the_first(cast: Cast) -> None:
    client = signed_in(cast["ana"])
    key = key_of(client)
    client.post("/login/", {"email": cast["gus"].user.email, "password": PASSWORD})
    assert cast["gus"].user.email in client.get("/sesion/").content.decode()
    assert not inside(with_key(key))


# --- the list ----------------------------------------------------------------------------------------------
def test_each_sign_in_is_noted_with_where_it_came_from(ana: Person) -> None:
    signed_in(ana, CHROME, REMOTE_ADDR="203.0.113.7")
    APIClient(SERVER_NAME=HOST).post("/api/v1/auth/token", {"email": ana.user.email, "password": PASSWORD})
    browser, token = rows(ana)
    assert (browser.kind, browser.ip, browser.agent) == ("session", "203.0.113.7", CHROME)
    assert token.kind == "token"


def test_the_page_names_each_place_in_words_and_marks_this_one(ana: Person) -> None:
    signed_in(ana, CHROME)
    page = signed_in(ana).get("/seguridad/").content.decode()
    assert "Chrome en Android" in page
    assert "Firefox en Linux" in page
    assert page.count("Esta sesión") == 1
    assert page.index("Firefox en Linux") < page.index("Chrome en Android")


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (CHROME, "Chrome", "Android"),
        (FIREFOX, "Firefox", "Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537.36 Edg/130.0", "Edge", "Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1", "Safari", "iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/17 Safari/605", "Safari", "Mac"),
        ("python-requests/2.32", "Python", ""),
        ("<script>alert(1)</script>", "", ""),
        ("", "", ""),
    ],
)
def test_an_agent_is_told_in_two_words(ana: Person, agent: str, browser: str, system: str) -> None:
    client = signed_in(ana, agent)
    with auth_scope():
        (place,) = sign_ins.overview(ana.user).places
    assert (place.browser, place.system) == (browser, system)
    assert "<script>alert" not in client.get("/seguridad/").content.decode()


def test_nobody_sees_or_ends_another_persons_sign_ins(cast: Cast) -> None:
    gus, ana = signed_in(cast["gus"], CHROME), signed_in(cast["ana"])
    (theirs,) = rows(cast["gus"])
    assert "Chrome en Android" not in ana.get("/seguridad/").content.decode()
    assert ana.post(f"/seguridad/sesiones/{theirs.pk}/terminar/").status_code == 404
    api = APIClient(SERVER_NAME=HOST)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access_token(cast['ana'].user)}")
    assert api.delete(f"/api/v1/auth/sessions/{theirs.pk}").status_code == 404
    assert inside(gus)


def test_a_dead_session_is_not_shown_whatever_ended_it(ana: Person) -> None:
    client = signed_in(ana)
    other = signed_in(ana, CHROME)
    SessionStore(key_of(other)).delete()
    assert "Chrome" not in client.get("/seguridad/").content.decode()


# --- ending --------------------------------------------------------------------------------------------------
def test_ending_one_ends_it_at_once_and_the_others_go_on(ana: Person) -> None:
    here, lost = signed_in(ana), signed_in(ana, CHROME)
    assert inside(lost)
    row = next(each for each in rows(ana) if each.agent == CHROME)
    assert here.post(f"/seguridad/sesiones/{row.pk}/terminar/")["Location"] == "/seguridad/"
    assert not inside(lost)
    assert inside(here)
    assert here.post(f"/seguridad/sesiones/{row.pk}/terminar/").status_code == 404


def test_ending_all_others_leaves_only_this_one(ana: Person) -> None:
    here, others = signed_in(ana), [signed_in(ana) for _each in range(3)]
    pair = APIClient(SERVER_NAME=HOST).post(
        "/api/v1/auth/token", {"email": ana.user.email, "password": PASSWORD}
    ).json()  # fmt: skip
    here.post("/seguridad/sesiones/terminar-las-demas/")
    assert inside(here)
    assert not any(inside(each) for each in others)
    api = APIClient(SERVER_NAME=HOST)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert api.get("/api/v1/stages/").status_code == 401
    assert api.post("/api/v1/auth/refresh", {"refresh": pair["refresh"]}).status_code == 401


def test_ending_the_present_one_is_a_sign_out(ana: Person) -> None:
    client = signed_in(ana)
    (row,) = rows(ana)
    assert client.post(f"/seguridad/sesiones/{row.pk}/terminar/")["Location"] == "/login/"
    assert not inside(client)


def test_ending_is_in_the_trail(ana: Person) -> None:
    here = signed_in(ana)
    signed_in(ana)
    here.post("/seguridad/sesiones/terminar-las-demas/")
    with tenant_context(ana.tenant):
        connection.run_before_commit()
        assert SystemEvent.objects.get(action="session.ended").diff == {"ended": 1}


def test_a_copy_put_back_by_a_request_in_between_does_not_bring_an_ended_session_back(ana: Person) -> None:
    """A request that read the row just before it went writes its copy into Redis just after."""
    client = signed_in(ana)
    key = key_of(client)
    late = SessionStore(key)
    data = dict(late.load())
    SessionStore(key).delete()
    late._cache.set(late.cache_key, data, CACHED_SECONDS)
    assert not inside(with_key(key))


def test_without_the_mark_of_ended_sessions_that_copy_would_live(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted twin of the one above."""
    from tenants import sessions

    monkeypatch.setattr(sessions._Spare, "get", lambda spare, key: spare._try(lambda: spare._cache.get(key)))
    client = signed_in(ana)
    late = SessionStore(key_of(client))
    data = dict(late.load())
    SessionStore(key_of(client)).delete()
    late._cache.set(late.cache_key, data, CACHED_SECONDS)
    assert inside(with_key(key_of(client)))


# --- last seen ------------------------------------------------------------------------------------------------
def test_last_seen_is_renewed_at_most_every_five_minutes(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(ana)
    (row,) = rows(ana)
    old = timezone.now() - timedelta(minutes=9)
    with auth_scope():
        SignIn.objects.filter(pk=row.pk).update(seen_at=old)
    client.get("/sesion/")
    assert rows(ana)[0].seen_at == old  # the session itself says it began a moment ago
    monkeypatch.setattr(sign_ins, "SEEN_SECONDS", -1)
    client.get("/sesion/")
    renewed = rows(ana)[0].seen_at
    assert renewed > old
    monkeypatch.setattr(sign_ins, "SEEN_SECONDS", 300)
    client.get("/sesion/")
    assert rows(ana)[0].seen_at == renewed


def test_looking_at_pages_costs_no_statement_for_last_seen(ana: Person, statements: Callable[..., object]) -> None:
    client = signed_in(ana)
    client.get("/sesion/")
    with statements() as seen:  # type: ignore[attr-defined]
        client.get("/sesion/")
    assert not [sql for sql in seen.sql if "signin" in sql.lower()]


def test_the_page_of_many_sign_ins_costs_as_few_statements_as_of_one(
    ana: Person, statements: Callable[..., object]
) -> None:
    client, counts = signed_in(ana), []
    for _turn in range(2):
        with statements() as seen:  # type: ignore[attr-defined]
            assert client.get("/seguridad/").status_code == 200
        counts.append(seen.count)
        for _each in range(5):
            signed_in(ana)
    assert counts[0] == counts[1] <= 8


# --- over the API ------------------------------------------------------------------------------------------------
def test_the_api_lists_and_ends_them(ana: Person) -> None:
    api = APIClient(SERVER_NAME=HOST)
    pair = api.post("/api/v1/auth/token", {"email": ana.user.email, "password": PASSWORD}).json()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    browser = signed_in(ana, CHROME)
    listed = api.get("/api/v1/auth/sessions/").json()["results"]
    assert [(each["kind"], each["browser"], each["current"]) for each in listed] == [
        ("token", "", True),
        ("session", "Chrome", False),
    ]
    assert api.delete(f"/api/v1/auth/sessions/{listed[1]['id']}/").status_code == 204
    assert not inside(browser)
    signed_in(ana)
    assert api.delete("/api/v1/auth/sessions/").json() == {"ended": 1}
    assert api.delete(f"/api/v1/auth/sessions/{listed[0]['id']}/").status_code == 204
    assert api.get("/api/v1/auth/sessions/").status_code == 401


@pytest.mark.parametrize("pk", ["-" * 36, "0" * 36, "00000000-0000-0000-0000-000000000000"])
def test_an_id_that_is_none_leads_nowhere(api_as: Callable[..., APIClient], pk: str) -> None:
    assert api_as("ana").delete(f"/api/v1/auth/sessions/{pk}").status_code == 404


def test_strangers_see_no_sessions(api_as: Callable[..., APIClient], client_as: ClientAs) -> None:
    assert api_as(None).get("/api/v1/auth/sessions/").status_code == 401
    assert client_as(None).get("/seguridad/")["Location"].startswith("/login/")


@pytest.mark.parametrize("name", ["pia", "iris", "root"])
def test_who_waits_rests_or_is_staff_sees_their_own(client_as: ClientAs, name: str) -> None:
    assert client_as(name).get("/seguridad/").status_code == 200


# --- after the right password --------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "words"), [("pia", "Falta que lo apruebe"), ("iris", "está suspendido")])
def test_who_waits_or_rests_is_told_what_to_do_after_the_right_password_only(cast: Cast, name: str, words: str) -> None:
    client = Client(SERVER_NAME=HOST)
    wrong = client.post("/login/", {"email": cast[name].user.email, "password": "no"}).content.decode()
    assert words not in wrong
    assert "no coinciden" in wrong
    answer = client.post("/login/", {"email": cast[name].user.email, "password": PASSWORD}, follow=True)
    assert words in answer.content.decode()
