"""Around the door: where it leads, whom it counts, what cookies may do, which company is meant."""

import threading
from collections.abc import Callable

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.lib.errors import RateLimited
from crm.models import Contact
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.models import Membership, Tenant, User
from tenants.services import registry, sign_in, tokens
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import browser

ClientAs = Callable[..., Client]
ELSEWHERE = [
    "https://evil.test/", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "javascript:alert(1)", "http:evil.test",
    "https:/evil.test", "/\t/evil.test", "//evil.test\\@localhost", "leads/", "999", "logout", "?x=1", "data:text/html,x",
    "//localhost@evil.test/", "https://localhost.evil.test/", " //evil.test",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_door_leads_off_the_site(client_as: ClientAs, ana: Person, target: str) -> None:
    signed_in = client_as(None).post("/login/", {"email": ana.user.email, "password": PASSWORD, "next": target})
    chosen = client_as("ana").post("/empresas/", {"tenant": ana.tenant.pk, "next": target})  # type: ignore[union-attr]
    preferred = client_as("ana").post("/preferencias/", {"theme": "dark", "next": target})
    assert [answer["Location"] for answer in (signed_in, chosen, preferred)] == ["/mi-dia/", "/mi-dia/", "/"]


@pytest.mark.parametrize("target", ["/leads/?stage=nuevo&q=%C3%B1", "/bandeja/#x", "/"])
def test_a_path_of_this_site_is_gone_to(client_as: ClientAs, ana: Person, target: str) -> None:
    answer = client_as(None).post("/login/", {"email": ana.user.email, "password": PASSWORD, "next": target})
    assert answer["Location"] == target


def test_a_key_planted_before_signing_in_is_worth_nothing_afterwards(ana: Person) -> None:
    planted = browser(None)
    planted.cookies["session"] = "a" * 32
    planted.post("/login/", {"email": ana.user.email, "password": PASSWORD})
    assert planted.cookies["session"].value != "a" * 32
    thief = browser(None)
    thief.cookies["session"] = "a" * 32
    assert thief.get("/sesion/").status_code == 302


def test_after_signing_out_the_old_key_opens_nothing(ana: Person) -> None:
    client = browser(ana)
    key = client.cookies["session"].value
    client.post("/logout/")
    thief = browser(None)
    thief.cookies["session"] = key
    assert thief.get("/sesion/").status_code == 302


def test_exactly_five_of_many_tries_at_once_are_looked_at(live_tenants: Cast) -> None:
    answers: list[str] = []

    def attempt() -> None:
        try:
            sign_in.check(email=live_tenants["ana"].user.email.upper(), password="wrong", address=None)
        except RateLimited:
            answers.append("later")
        except sign_in.BadCredentials:
            answers.append("wrong")
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, daemon=True) for _each in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (answers.count("wrong"), answers.count("later")) == (5, 7)


UNSAFE = ["post", "put", "patch", "delete"]


@pytest.mark.parametrize("verb", UNSAFE)
@pytest.mark.parametrize("way", ["session", "cookie"])
def test_cookies_alone_change_nothing(cast: Cast, verb: str, way: str) -> None:
    client = browser(cast["ana"] if way == "session" else None, csrf=True)
    if way == "cookie":
        client.cookies["access_token"] = tokens.access_token(cast["ana"].user)
    for path in ("/api/v1/contacts/", "/api/v1/settings/", "/leads/nuevo/", "/preferencias/", "/logout/"):
        answer = getattr(client, verb)(path, "{}", content_type="application/json")
        assert answer.status_code in (403, 404, 405), (path, answer.status_code)


def test_a_refused_csrf_is_told_in_words(client_as: ClientAs) -> None:
    answer = client_as("ana", csrf=True).post("/preferencias/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "nada se guardó" in answer.content.decode()


def forged(user: User, key: object, algorithm: str, **over: object) -> str:
    now = timezone.now()
    claims = {
        "sub": str(user.pk), "pw": tokens.password_mark(user), "typ": "access", "aud": tokens.AUDIENCE, "iss": tokens.ISSUER,
        "iat": now, "exp": now + tokens.ACCESS_LIFE, **over,
    }  # fmt: skip
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm=algorithm)  # type: ignore[arg-type]


def test_the_forge_itself_works(ana: Person) -> None:
    assert tokens.read_access(forged(ana.user, tokens._key(), "HS256")) is not None


@pytest.mark.parametrize(
    ("key", "algorithm", "over"),
    [
        (None, "none", {}),
        ("own", "HS384", {}),
        ("own", "HS512", {}),
        ("x" * 32, "HS256", {}),
        ("secret", "HS256", {}),
        ("own", "HS256", {"aud": "another"}),
        ("own", "HS256", {"aud": None}),
        ("own", "HS256", {"exp": None}),
        ("own", "HS256", {"exp": 1}),
        ("own", "HS256", {"typ": "refresh"}),
        ("own", "HS256", {"typ": None}),
        ("own", "HS256", {"sub": "x"}),
        ("own", "HS256", {"nbf": 99_999_999_999}),
    ],
)
def test_no_other_token_is_believed(ana: Person, key: str | None, algorithm: str, over: dict[str, object]) -> None:
    real = {"own": tokens._key(), "secret": settings.SECRET_KEY.encode()}.get(key or "", key)
    assert tokens.read_access(forged(ana.user, real, algorithm, **over)) is None


@pytest.mark.parametrize("mark", ["", "0" * 16, "x", None])
def test_a_token_of_another_password_opens_nothing(ana: Person, mark: str | None) -> None:
    token = forged(ana.user, tokens._key(), "HS256", pw=mark)
    answer = Client().get("/api/v1/leads/", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 401


@pytest.mark.parametrize("name", ["pia", "iris"])
def test_who_waits_or_is_suspended_writes_nothing_whatever_they_name(cast: Cast, name: str) -> None:
    token = tokens.access_token(cast[name].user)
    for header in ("", cast.acme.slug, cast.globex.slug, "ACME", "'; --"):
        answer = Client(raise_request_exception=False).post(
            "/api/v1/contacts/", '{"name": "x"}', content_type="application/json",
            headers={"authorization": f"Bearer {token}", "x-tenant": header},
        )  # fmt: skip
        assert answer.status_code in (401, 403, 404), (header, answer.status_code)
    for tenant in (cast.acme, cast.globex):
        with tenant_context(tenant):
            assert not Contact.objects.filter(name="x").exists()


def test_a_suspended_company_does_not_lock_its_people_out_of_another_one(cast: Cast) -> None:
    ana = cast["ana"]
    with auth_scope():
        Membership.objects.create(user=ana.user, tenant=cast.globex, role="ceo", status="active")
        User.objects.filter(pk=ana.user.pk).update(tenant_ids=[cast.acme.pk, cast.globex.pk])
        user = User.objects.get(pk=ana.user.pk)
    with platform_scope("test"):
        Tenant.objects.filter(pk=cast.acme.pk).update(status=Tenant.Status.SUSPENDED)
    registry.changed()
    answer = Client().get("/api/v1/settings/", headers={"authorization": f"Bearer {tokens.access_token(user)}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("verb", ["head", "options", "trace"])
def test_unusual_verbs_leave_no_company_behind(cast: Cast, verb: str) -> None:
    client = browser(cast["ana"], raise_request_exception=False)
    for path in ("/leads/", "/api/v1/leads/", "/nowhere/", "/login/"):
        assert getattr(client, verb)(path).status_code < 500
        assert connection.tenant is None  # type: ignore[attr-defined]


def test_the_head_of_a_page_can_be_asked_for(client_as: ClientAs) -> None:
    assert client_as("ana").head("/sesion/").status_code == 200
    assert client_as(None).head("/login/").status_code == 200
    assert client_as(None).head("/").status_code == 200
