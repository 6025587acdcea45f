"""Access tokens: only those made here, for this use, within their time, by somebody who is still signed in."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tenants.context import auth_scope
from tenants.models import Membership, User
from tenants.services import tokens
from tests.support.cast import Cast, Person


def claims_of(person: Person, **over: Any) -> dict[str, Any]:
    """Those of a good token; None takes one away."""
    now = int(timezone.now().timestamp())
    good = {
        "sub": str(person.user.pk),
        "pw": tokens.password_mark(person.user),
        "typ": "access",
        "aud": tokens.AUDIENCE,
        "iss": tokens.ISSUER,
        "iat": now,
        "exp": now + 900,
        **over,
    }
    return {name: value for name, value in good.items() if value is not None}


def made(claims: dict[str, Any], *, key: bytes | None = None, algorithm: str = "HS256", **header: Any) -> str:
    """Signed by hand, so that nothing is too strange to be written."""
    body = _joined({"alg": algorithm, "typ": "JWT", **header}, claims)
    hashed = f"sha{algorithm.removeprefix('HS')}"
    return f"{body}.{_text(hmac.digest(tokens._key() if key is None else key, body.encode(), hashed))}"


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    return f"{_joined(header, claims)}.{signature}"


def _joined(*parts: dict[str, Any]) -> str:
    return ".".join(_text(json.dumps(part).encode()) for part in parts)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def status(token: str) -> int:
    return (
        Client(raise_request_exception=False).get("/api/v1/stages/", HTTP_AUTHORIZATION=f"Bearer {token}").status_code
    )


def test_a_token_made_the_right_way_opens_the_api(ana: Person) -> None:
    """Else every refusal below would prove nothing."""
    assert status(made(claims_of(ana))) == 200


@pytest.mark.parametrize("spelling", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_without_a_signature_is_nobodys(ana: Person, spelling: str) -> None:
    for signature in ("", "AAAA"):
        assert status(by_hand({"alg": spelling, "typ": "JWT"}, claims_of(ana), signature)) == 401


def test_a_good_signature_under_a_header_that_says_none_is_refused(ana: Person) -> None:
    signature = made(claims_of(ana)).rpartition(".")[2]
    assert status(by_hand({"alg": "none", "typ": "JWT"}, claims_of(ana), signature)) == 401


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_hash_of_the_same_family_is_refused(ana: Person, algorithm: str) -> None:
    assert status(made(claims_of(ana), algorithm=algorithm)) == 401


def test_a_private_key_of_somebody_is_not_ours(ana: Person) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert status(jwt.encode(claims_of(ana), private, algorithm="RS256")) == 401


def test_a_public_key_used_as_the_secret_of_hs256_is_refused(ana: Person) -> None:
    """The confusion of RS256 and HS256: what verifies the one would sign the other."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        public = private.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert status(made(claims_of(ana), key=public)) == 401
    assert status(by_hand({"alg": "RS256"}, claims_of(ana), made(claims_of(ana)).rpartition(".")[2])) == 401


@pytest.mark.parametrize("name", ["kid", "jku", "jwk", "x5u", "x5c", "crit", "cty", "b64"])
@pytest.mark.parametrize("value", ["../../dev/null", "' union select 'x", ["exp"]])
def test_a_header_that_names_a_key_or_a_place_to_fetch_one_is_refused(ana: Person, name: str, value: Any) -> None:
    assert status(made(claims_of(ana), **{name: value})) == 401


@pytest.mark.parametrize("secret", ["", "secret", "x" * 32, "SECRET_KEY", "development"])
def test_a_foreign_secret_signs_nothing_here(ana: Person, secret: str) -> None:
    key = settings.SECRET_KEY.encode() if secret == "SECRET_KEY" else secret.encode()
    assert status(made(claims_of(ana), key=key)) == 401


@pytest.mark.parametrize(
    "over",
    [
        {"aud": None}, {"aud": "another-api"}, {"aud": ["sovereign-api", "another"]}, {"aud": ["another"]}, {"aud": ""},
        {"iss": None}, {"iss": "somebody"}, {"iss": ""}, {"iss": ["sovereign-crm"]},
        {"typ": None}, {"typ": "refresh"}, {"typ": "Access"}, {"typ": ["access"]},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_for_another_use_or_from_another_maker_is_refused(ana: Person, over: dict[str, Any]) -> None:
    assert status(made(claims_of(ana, **over))) == 401


# Moments are counted from when the test runs: the whole suite takes longer than a token lasts.
OUT_OF_TIME: dict[str, Callable[[int], dict[str, Any]]] = {
    "no end": lambda now: {"exp": None},
    "over": lambda now: {"exp": now - 60},
    "over since 1970": lambda now: {"exp": 0},
    "a negative end": lambda now: {"exp": -1},
    "an end in words": lambda now: {"exp": "soon"},
    "too long": lambda now: {"exp": now + 10**6},
    "an endless end": lambda now: {"exp": 1e400},
    "an end as text": lambda now: {"exp": str(now + 800)},
    "no beginning": lambda now: {"iat": None},
    "from tomorrow": lambda now: {"iat": now + 600, "exp": now + 1200},
    "a beginning in words": lambda now: {"iat": "now"},
    "too old": lambda now: {"iat": now - 10**6},
    "several beginnings": lambda now: {"iat": [now]},
    "not yet": lambda now: {"nbf": now + 600},
    "later in words": lambda now: {"nbf": "later"},
}


@pytest.mark.parametrize("case", OUT_OF_TIME)
def test_a_token_out_of_its_time_or_without_one_is_refused(ana: Person, case: str) -> None:
    over = OUT_OF_TIME[case](int(timezone.now().timestamp()))
    assert status(made(claims_of(ana, **over))) == 401


def test_a_clock_that_is_a_little_off_does_no_harm_and_more_than_that_does(ana: Person) -> None:
    now = int(timezone.now().timestamp())
    assert status(made(claims_of(ana, iat=now - 890, exp=now - 2))) == 200
    assert status(made(claims_of(ana, iat=now - 890, exp=now - 8))) == 401


@pytest.mark.parametrize("subject", ["", "x", "1", None, "00000000-0000-0000-0000-000000000000", ["x"], {"a": 1}, 7])
def test_a_token_of_nobody_is_a_strangers(ana: Person, subject: Any) -> None:
    assert status(made({**claims_of(ana), "sub": subject})) == 401


def test_a_token_naming_another_person_with_ones_own_mark_is_refused(cast: Cast) -> None:
    assert status(made(claims_of(cast["ana"], sub=str(cast["gus"].user.pk)))) == 401


def test_a_changed_letter_anywhere_spoils_the_token(ana: Person) -> None:
    token = made(claims_of(ana))
    for place in range(0, len(token) - 1, 7):
        letter = "A" if token[place] != "A" else "B"
        assert tokens.read_access(token[:place] + letter + token[place + 1 :]) is None, place


@pytest.mark.parametrize("shape", ["", " ", ".", "..", "a.b", "a.b.c.d", "ñ.ñ.ñ", "Bearer", "\x7f"])
def test_what_is_no_token_at_all_is_a_strangers(db: None, shape: str) -> None:
    assert tokens.read_access(shape) is None


def test_a_token_larger_than_any_of_ours_is_not_even_opened(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    big = made(claims_of(ana, padding="x" * 2000))
    monkeypatch.setattr(jwt, "decode", lambda *given, **named: pytest.fail("opened"))
    assert tokens.read_access(big) is None
    assert len(tokens.access_token(ana.user)) < tokens.LONGEST / 2


def test_a_role_or_company_written_into_the_token_counts_for_nothing(cast: Cast) -> None:
    token = made(claims_of(cast["sol"], role="ceo", tenant=cast.globex.pk, is_staff=True, scope="*"))
    assert Client().get("/api/v1/settings/", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 403
    elsewhere = made(claims_of(cast["sol"], tid=cast.globex.pk))
    assert status(elsewhere) == 403


def test_a_refresh_token_is_no_access_token(ana: Person) -> None:
    with auth_scope():
        pair = tokens.issue(ana.user)
    assert status(pair.refresh) == 401
    assert status(pair.access) == 200


def test_an_access_token_renews_nothing(ana: Person) -> None:
    answer = Client().post(
        "/api/v1/auth/refresh", {"refresh": tokens.access_token(ana.user)[:200]}, content_type="application/json"
    )
    assert answer.status_code == 401
    long = Client().post(
        "/api/v1/auth/refresh", {"refresh": tokens.access_token(ana.user)}, content_type="application/json"
    )
    assert long.status_code in (400, 401)


# --- what ends a token before its time ------------------------------------------------------------------------
def lose(person: Person, what: str) -> None:
    with auth_scope():
        if what == "suspended":
            Membership.objects.filter(pk=person.member.pk).update(status="suspended")
        elif what == "removed":
            Membership.objects.filter(pk=person.member.pk).delete()
        elif what == "deactivated":
            User.objects.filter(pk=person.user.pk).update(is_active=False)
        elif what == "new password":
            user = User.objects.get(pk=person.user.pk)
            user.set_password("another one altogether")
            user.save()


@pytest.mark.parametrize(
    ("what", "refusal"), [("suspended", 403), ("removed", 403), ("deactivated", 401), ("new password", 401)]
)
@pytest.mark.parametrize("way", ["bearer", "cookie", "session"])
def test_whoever_loses_access_is_refused_at_the_very_next_request(
    ana: Person, client_as: Callable[..., Client], what: str, refusal: int, way: str
) -> None:
    client = client_as("ana" if way == "session" else None)
    token = tokens.access_token(ana.user)
    if way == "cookie":
        client.cookies["access_token"] = token
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if way == "bearer" else {}
    assert client.get("/api/v1/stages/", **headers).status_code == 200
    lose(ana, what)
    assert client.get("/api/v1/stages/", **headers).status_code == refusal


def test_a_changed_role_counts_at_the_very_next_request(ana: Person) -> None:
    token = {"HTTP_AUTHORIZATION": f"Bearer {tokens.access_token(ana.user)}"}
    assert Client().get("/api/v1/settings/", **token).status_code == 200
    with auth_scope():
        Membership.objects.filter(pk=ana.member.pk).update(role="setter")
    assert Client().get("/api/v1/settings/", **token).status_code == 403
    assert Client().get("/api/v1/stages/", **token).status_code == 200


def test_a_session_of_one_company_opens_nothing_at_anothers_address(
    cast: Cast, client_as: Callable[..., Client]
) -> None:
    elsewhere = f"{cast.globex.slug}.localhost"
    client = client_as("ana", host=elsewhere)
    for path in ("/leads/", "/mi-dia/", "/bandeja/", "/api/v1/leads/", "/admin/"):
        assert client.get(path).status_code in (302, 401, 403, 404), path
    token = {"HTTP_AUTHORIZATION": f"Bearer {tokens.access_token(cast['ana'].user)}"}
    assert Client(SERVER_NAME=elsewhere).get("/api/v1/leads/", **token).status_code == 403
