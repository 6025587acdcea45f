"""How often somebody may try: by account and by address, whatever the headers say, exactly."""

import itertools
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.lib.errors import RateLimited
from config.lib.redis import client as redis_client
from tenants.services import reauth, sign_in
from tenants.services.client_address import client_ip
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST
from tests.support.thorough import times
from tests.support.together import at_once

ATTEMPTS = times(1_000, thorough=10_000)
DOORS = ("/login/", "/api/v1/auth/login", "/api/v1/auth/token")


def forwarded(number: int) -> dict[str, str]:
    """A header that claims another address each time; a different one in turn."""
    address = f"{10 + number % 200}.{number // 200 % 256}.{number // 51_200 % 256}.{number % 250 + 1}"
    ways = (
        {"HTTP_X_FORWARDED_FOR": address},
        {"HTTP_FORWARDED": f"for={address};proto=https"},
        {"HTTP_X_REAL_IP": address},
        {"HTTP_CF_CONNECTING_IP": address, "HTTP_TRUE_CLIENT_IP": address},
        {"HTTP_X_FORWARDED_FOR": f"{address}, 127.0.0.1", "HTTP_X_REAL_IP": address},
    )
    return ways[number % len(ways)]


def attempt(client: Client, number: int, email: str, password: str = "wrong") -> int:
    body = {"email": email, "password": password}
    door = DOORS[number % 3]
    if door == "/login/":
        return client.post(door, body, **forwarded(number)).status_code
    return client.post(door, body, content_type="application/json", **forwarded(number)).status_code


@pytest.mark.slow
def test_of_thousands_of_tries_with_changing_headers_only_the_limit_is_looked_at(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All within one minute by the count's own clock, so that the machine's speed makes no difference."""
    monkeypatch.setattr(sign_in, "WINDOW_SECONDS", 3600)
    client = Client(SERVER_NAME=HOST, REMOTE_ADDR="198.51.100.4")
    answers = [attempt(client, number, ana.user.email) for number in range(ATTEMPTS)]
    assert answers.count(401) == sign_in.TRIES_PER_ACCOUNT
    assert answers.count(429) == ATTEMPTS - sign_in.TRIES_PER_ACCOUNT
    assert attempt(client, 1, ana.user.email, PASSWORD) == 429


def test_a_new_account_each_time_is_stopped_at_the_addresss_limit(ana: Person) -> None:
    client = Client(SERVER_NAME=HOST, REMOTE_ADDR="198.51.100.4")
    answers = [attempt(client, number, f"x{number}@acme.test") for number in range(150)]
    assert (answers.count(401), answers.count(429)) == (sign_in.TRIES_PER_ADDRESS, 150 - sign_in.TRIES_PER_ADDRESS)
    elsewhere = Client(SERVER_NAME=HOST, REMOTE_ADDR="198.51.100.5")
    assert attempt(elsewhere, 0, ana.user.email) == 401


def test_a_header_that_is_believed_would_be_noticed(ana: Person, settings: object) -> None:
    """Planted: every peer is a proxy, so the limit of an address is nobody's."""
    settings.TRUSTED_PROXIES = ["0.0.0.0/0"]  # type: ignore[attr-defined]
    client = Client(SERVER_NAME=HOST, REMOTE_ADDR="198.51.100.4")
    tries = range(0, 5 * 90, 5)  # those with X-Forwarded-For
    assert [attempt(client, number, f"x{number}@acme.test") for number in tries].count(429) == 0


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("203.0.113.50", "1.2.3.4", "203.0.113.50"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_forwarded_headers_count_from_configured_proxies_only_and_from_their_end(
    settings: object, peer: str, header: str, expected: str
) -> None:
    from django.test import RequestFactory

    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]  # type: ignore[attr-defined]
    others = {"HTTP_FORWARDED": "for=6.6.6.6", "HTTP_X_REAL_IP": "6.6.6.6", "HTTP_X_CLIENT_IP": "6.6.6.6"}
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=header, **others)
    assert client_ip(request) == expected


def tried(email: str, password: str, address: str | None = None) -> str:
    try:
        sign_in.check(email=email, password=password, address=address)
    except RateLimited:
        return "later"
    except sign_in.BadCredentials:
        return "wrong"
    return "in"


def test_sixty_four_at_once_on_one_account_are_counted_exactly(live_tenants: Cast) -> None:
    email = live_tenants["ana"].user.email
    works = [lambda: tried(email, "wrong")] * 64
    answers = at_once(works, nullcontext)
    assert (answers.count("wrong"), answers.count("later")) == (5, 59)


def test_sixty_four_at_once_through_all_three_doors_are_counted_exactly(live_tenants: Cast) -> None:
    email = live_tenants["ana"].user.email

    def one(number: int) -> Callable[[], object]:
        return lambda: attempt(Client(SERVER_NAME=HOST), number, email)

    answers = at_once([one(number) for number in range(64)], nullcontext)
    assert (answers.count(401), answers.count(429)) == (5, 59)


def test_a_hundred_accounts_at_once_from_one_address_are_counted_exactly(live_tenants: Cast) -> None:
    def one(number: int) -> Callable[[], object]:
        return lambda: tried(f"x{number}@acme.test", "wrong", "198.51.100.9")

    answers = [
        *itertools.chain(*(at_once([one(turn * 50 + each) for each in range(50)], nullcontext) for turn in (0, 1)))
    ]
    assert (answers.count("wrong"), answers.count("later")) == (60, 40)


def test_a_count_that_reads_before_it_adds_would_be_noticed(
    live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: the usual get, compare, set."""

    def careless(key: str, most: int) -> None:
        count = int(redis_client().get(key) or 0)
        if count >= most:
            raise RateLimited("later", retry_after=1)
        redis_client().set(key, count + 1, ex=60)

    monkeypatch.setattr(sign_in, "_count", careless)
    email = live_tenants["ana"].user.email
    wrong = max(at_once([lambda: tried(email, "wrong")] * 64, nullcontext).count("wrong") for _turn in range(3))
    assert wrong > 5


# --- what the right password forgives ---------------------------------------------------------------------------
def test_the_right_password_of_ones_own_account_clears_no_other_count(cast: Cast) -> None:
    ana, gus = cast["ana"].user.email, cast["gus"].user.email
    for _turn in range(5):
        assert tried(ana, "wrong", "198.51.100.7") == "wrong"
        assert tried(gus, PASSWORD, "198.51.100.7") == "in"
    assert tried(ana, "wrong", "198.51.100.7") == "later"
    assert int(redis_client().get("login:address:198.51.100.7") or 0) == 10


def test_an_address_is_not_forgiven_by_signing_in_in_between(cast: Cast) -> None:
    answers = []
    for number in range(60):
        who = (cast["gus"].user.email, PASSWORD) if number % 2 else (f"x{number}@acme.test", "wrong")
        answers.append(tried(*who, "198.51.100.8"))
    assert "later" not in answers
    assert tried(cast["gus"].user.email, PASSWORD, "198.51.100.8") == "later"


def test_capitals_and_spaces_are_the_same_account(ana: Person) -> None:
    email = ana.user.email
    ways = [email, email.upper(), f" {email} ", email.title(), f"{email}\t"]
    assert [tried(each, "wrong") for each in ways] == ["wrong"] * 5
    assert tried(email, PASSWORD) == "later"


def test_the_limit_says_when_to_come_back(ana: Person) -> None:
    client = APIClient(SERVER_NAME=HOST)
    for _turn in range(5):
        client.post("/api/v1/auth/login", {"email": ana.user.email, "password": "no"})
    answer = client.post("/api/v1/auth/login", {"email": ana.user.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60
    assert answer["Retry-After"] in answer.json()["error"]["message"]


# --- the password once more ------------------------------------------------------------------------------------
def test_the_right_password_is_confirmed_and_a_wrong_one_is_403_with_its_field(ana: Person) -> None:
    reauth.confirm(user=ana.user, password=PASSWORD, address=None)
    with pytest.raises(reauth.ReauthenticationFailed) as refused:
        reauth.confirm(user=ana.user, password="no", address="198.51.100.4")
    assert (refused.value.status, refused.value.code) == (403, "reauthentication_failed")
    assert set(refused.value.fields) == {"password"}


def test_trying_passwords_that_way_is_limited_for_each_account(cast: Cast) -> None:
    for _turn in range(5):
        with pytest.raises(reauth.ReauthenticationFailed):
            reauth.confirm(user=cast["ana"].user, password="no", address=None)
    with pytest.raises(RateLimited):
        reauth.confirm(user=cast["ana"].user, password=PASSWORD, address=None)
    reauth.confirm(user=cast["gus"].user, password=PASSWORD, address=None)


def test_nobody_without_a_password_is_confirmed(ana: Person) -> None:
    from tenants.context import auth_scope
    from tenants.models import Password

    with auth_scope():
        Password.objects.filter(user=ana.user).delete()
    for password in ("", PASSWORD, "!"):
        with pytest.raises(reauth.ReauthenticationFailed):
            reauth.confirm(user=ana.user, password=password, address=None)
