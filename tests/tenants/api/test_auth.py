"""Signing in for integrations, through the addresses they call."""

from collections.abc import Callable

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.test import APIClient

from config.lib import redis as redis_client
from tenants.context import auth_scope, tenant_context
from tenants.models import Membership, RefreshToken, SystemEvent, Tenant
from tenants.services import limits, sign_in, tokens
from tests.support.cast import PASSWORD, Person
from tests.support.clients import HOST, integration

Api = Callable[..., APIClient]


def signed_in(person: Person, **options: object) -> APIClient:
    client = APIClient(SERVER_NAME=HOST, **options)
    answer = client.post("/api/v1/auth/login", {"email": person.user.email, "password": PASSWORD})
    assert answer.status_code == 200
    return client


def pair_of(person: Person) -> dict[str, str]:
    return (
        APIClient(SERVER_NAME=HOST)
        .post("/api/v1/auth/token", {"email": person.user.email, "password": PASSWORD})
        .json()
    )


def bearer(token: str) -> APIClient:
    client = APIClient(SERVER_NAME=HOST)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_login_answers_with_the_person_their_companies_and_cookies_no_script_can_read(api_as: Api, ana: Person) -> None:
    answer = api_as(None).post("/api/v1/auth/login/", {"email": ana.user.email.upper(), "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["user"]["email"] == ana.user.email
    assert [(each["tenant"]["slug"], each["role"]) for each in answer.json()["memberships"]] == [("acme", "ceo")]
    for name in ("access_token", "refresh_token"):
        cookie = answer.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
    assert "access" not in answer.json()


def test_cookies_are_enough_for_reading_and_need_the_csrf_token_for_writing(ana: Person) -> None:
    client = signed_in(ana, enforce_csrf_checks=True)
    assert client.get("/api/v1/auth/me/").json()["tenant"] == "acme"
    assert client.get("/api/v1/stages/").status_code == 200
    refused = client.post("/api/v1/contacts/", {"name": "Ada"})
    assert refused.status_code == 403
    token = client.cookies["csrftoken"].value
    assert client.post("/api/v1/contacts/", {"name": "Ada"}, HTTP_X_CSRFTOKEN=token).status_code == 201


def test_cookies_are_marked_secure_where_sessions_are(ana: Person, settings: object) -> None:
    settings.SESSION_COOKIE_SECURE = True
    answer = APIClient(SERVER_NAME=HOST).post("/api/v1/auth/login/", {"email": ana.user.email, "password": PASSWORD})
    assert answer.cookies["access_token"]["secure"]
    assert answer.cookies["refresh_token"]["secure"]


def test_a_pair_of_tokens_works_without_cookies(ana: Person) -> None:
    pair = pair_of(ana)
    assert set(pair) == {"access", "refresh"}
    assert bearer(pair["access"]).get("/api/v1/leads/").status_code == 200


@pytest.mark.parametrize("body", [{"email": "nobody@acme.test", "password": PASSWORD}, {"password": "no"}])
def test_a_wrong_sign_in_says_the_same_whether_the_account_exists(ana: Person, body: dict[str, str]) -> None:
    body = {"email": ana.user.email, **body}
    answer = APIClient(SERVER_NAME=HOST).post("/api/v1/auth/login/", body)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "bad_credentials"
    assert answer.json()["error"]["message"] == "El correo o la contraseña no coinciden."
    assert "access_token" not in answer.cookies


def test_the_sixth_attempt_in_a_minute_is_refused_however_it_is_made(ana: Person) -> None:
    client = APIClient(SERVER_NAME=HOST)
    wrong = {"email": ana.user.email, "password": "no"}
    ways = ["/api/v1/auth/login/", "/api/v1/auth/token", "/login/"]
    for turn in range(5):
        way = ways[turn % 3]
        answer = client.post(way, wrong, format="multipart" if way == "/login/" else "json")
        assert answer.status_code == 401
    for way in ways[:2]:
        refused = client.post(way, {**wrong, "password": PASSWORD})
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "rate_limited"
        assert 0 < int(refused["Retry-After"]) <= 60


def test_without_redis_attempts_are_still_counted(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    away = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(sign_in, "client", lambda: away)
    monkeypatch.setattr(limits, "local", limits.LocalCounts())
    client = APIClient(SERVER_NAME=HOST)
    wrong = {"email": ana.user.email, "password": "no"}
    codes = [client.post("/api/v1/auth/login/", wrong).status_code for _turn in range(6)]
    assert codes == [401] * 5 + [429]


def test_sign_ins_and_refusals_are_in_the_companys_audit(acme: Tenant, ana: Person) -> None:
    client = signed_in(ana)
    client.post("/api/v1/auth/login/", {"email": ana.user.email, "password": "no"})
    client.post("/api/v1/auth/logout/")
    with tenant_context(acme):
        rows = SystemEvent.objects.filter(tenant_id=acme.pk, resource_id=str(ana.user.pk)).order_by("id")
        assert [(row.action, row.outcome) for row in rows] == [
            ("login", "ok"),
            ("login.refused", "refused"),
            ("logout", "ok"),
        ]


def test_a_refresh_token_works_once_and_using_it_again_ends_the_sign_in(ana: Person) -> None:
    first = pair_of(ana)
    client = APIClient(SERVER_NAME=HOST)
    second = client.post("/api/v1/auth/refresh/", {"refresh": first["refresh"]}).json()
    assert bearer(second["access"]).get("/api/v1/stages/").status_code == 200
    with auth_scope():  # long after, when no retry of the client can explain it
        RefreshToken.objects.filter(used_at__isnull=False).update(used_at="2020-01-01T00:00:00Z")
    assert client.post("/api/v1/auth/refresh/", {"refresh": first["refresh"]}).status_code == 401
    assert client.post("/api/v1/auth/refresh/", {"refresh": second["refresh"]}).status_code == 401
    assert bearer(second["access"]).get("/api/v1/stages/").status_code == 401


def test_a_quick_second_use_hears_the_same_answer_again(ana: Person) -> None:
    first = pair_of(ana)
    client = APIClient(SERVER_NAME=HOST)
    second = client.post("/api/v1/auth/refresh/", {"refresh": first["refresh"]}).json()
    assert client.post("/api/v1/auth/refresh/", {"refresh": first["refresh"]}).json() == second
    assert client.post("/api/v1/auth/refresh/", {"refresh": second["refresh"]}).status_code == 200


def test_the_cookie_is_renewed_too(ana: Person) -> None:
    client = signed_in(ana)
    before = client.cookies["refresh_token"].value
    assert client.post("/api/v1/auth/refresh/").status_code == 200
    assert client.cookies["refresh_token"].value != before


def test_signing_out_ends_both_tokens_at_once(ana: Person) -> None:
    client = signed_in(ana)
    access, refresh = (client.cookies[name].value for name in ("access_token", "refresh_token"))
    answer = client.post("/api/v1/auth/logout/")
    assert answer.status_code == 204
    assert answer.cookies["access_token"].value == ""
    assert answer.cookies["refresh_token"].value == ""
    assert bearer(access).get("/api/v1/stages/").status_code == 401
    assert APIClient(SERVER_NAME=HOST).post("/api/v1/auth/refresh/", {"refresh": refresh}).status_code == 401


def test_an_integration_signs_out_with_its_access_token_alone(ana: Person) -> None:
    pair = pair_of(ana)
    assert bearer(pair["access"]).post("/api/v1/auth/logout/").status_code == 204
    assert bearer(pair["access"]).get("/api/v1/stages/").status_code == 401
    assert APIClient(SERVER_NAME=HOST).post("/api/v1/auth/refresh/", {"refresh": pair["refresh"]}).status_code == 401


def test_signing_out_of_the_pages_ends_the_tokens_of_the_same_browser(ana: Person) -> None:
    client = signed_in(ana)
    access = client.cookies["access_token"].value
    assert client.post("/logout/").status_code == 302
    assert bearer(access).get("/api/v1/stages/").status_code == 401


def test_a_sign_out_holds_while_redis_is_away(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = pair_of(ana)
    APIClient(SERVER_NAME=HOST).post("/api/v1/auth/logout/", {"refresh": pair["refresh"]})
    away = redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(tokens, "client", lambda: away)
    assert bearer(pair["access"]).get("/api/v1/stages/").status_code == 401


def test_another_site_may_not_sign_somebody_in_or_out(ana: Person) -> None:
    client = signed_in(ana)
    answer = client.post("/api/v1/auth/logout/", HTTP_ORIGIN="https://evil.example")
    assert answer.status_code == 403
    assert client.get("/api/v1/auth/me/").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_a_token_of_nobody_is_a_stranger(db: None, token: str) -> None:
    answer = bearer(token).get("/api/v1/leads/")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_changed_password_ends_every_token(ana: Person) -> None:
    pair = pair_of(ana)
    with auth_scope():
        ana.user.set_password("another-Password-2")
        ana.user.save()
    assert bearer(pair["access"]).get("/api/v1/stages/").status_code == 401


def test_waiting_and_suspended_members_sign_in_but_reach_nothing(api_as: Api, pia: Person) -> None:
    assert signed_in(pia).get("/api/v1/auth/me/").json()["tenant"] is None
    for name, code in (("pia", "pending"), ("iris", "suspended")):
        answer = api_as(name).get("/api/v1/leads/")
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == code


def test_naming_a_company_one_does_not_belong_to_is_refused(api_as: Api) -> None:
    for slug in ("globex", "nowhere"):
        answer = api_as("ana").get("/api/v1/leads/", HTTP_X_TENANT=slug)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "not_a_member"


def test_somebody_with_two_companies_names_the_one_that_is_meant(acme: Tenant, globex: Tenant, ana: Person) -> None:
    with auth_scope():
        Membership.objects.create(user=ana.user, tenant=globex, role="setter", status="active")
        ana.user.tenant_ids = [acme.pk, globex.pk]
        ana.user.save()
    client = integration(ana)
    assert client.get("/api/v1/auth/me/").json()["tenant"] == "acme"
    assert client.get("/api/v1/auth/me/", HTTP_X_TENANT="globex").json()["tenant"] == "globex"
    assert client.get("/api/v1/audit/logs/").status_code == 200
    assert client.get("/api/v1/audit/logs/", HTTP_X_TENANT="globex").status_code == 403
    assert client.get("/api/v1/leads/", HTTP_X_TENANT="globex").status_code == 200


def test_me_is_for_the_signed_in(api_as: Api) -> None:
    assert api_as(None).get("/api/v1/auth/me/").status_code == 401


def test_the_platforms_staff_belongs_to_no_company(api_as: Api) -> None:
    assert api_as("root").get("/api/v1/auth/me/").json()["memberships"] == []
    assert api_as("root").get("/api/v1/leads/").status_code in (401, 403)


def test_counting_uses_the_clients_address_too(ana: Person) -> None:
    APIClient(SERVER_NAME=HOST).post("/api/v1/auth/login/", {"email": ana.user.email, "password": "no"})
    assert redis_client.client().get("login:address:127.0.0.1") == "1"
