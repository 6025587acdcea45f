"""Refresh tokens: one successor, the same answer for a while, the end of the family afterwards."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.context import auth_scope, tenant_context
from tenants.db.current import connection
from tenants.models import RefreshToken, SignIn, SystemEvent, User
from tenants.services import sign_in, sign_ins, tokens
from tests.support.cast import PASSWORD, Cast, Person
from tests.support.clients import HOST
from tests.support.together import at_once

REFRESH = "/api/v1/auth/refresh"


def begun(person: Person) -> tokens.Pair:
    with auth_scope():
        return sign_in.begin_tokens(user=User.objects.get(pk=person.user.pk), code="")


def renew(refresh: str) -> tuple[int, dict[str, str]]:
    answer = APIClient(SERVER_NAME=HOST).post(REFRESH, {"refresh": refresh})
    return answer.status_code, answer.json()


def later(refresh: str, seconds: float = 31) -> None:
    """As if that much time had passed since the token was used."""
    with auth_scope():
        RefreshToken.objects.filter(token_hash=tokens._digest(refresh)).update(
            used_at=timezone.now() - timedelta(seconds=seconds)
        )


def opens(access: str) -> bool:
    client = APIClient(SERVER_NAME=HOST)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client.get("/api/v1/stages/").status_code == 200


def test_a_token_is_swapped_for_a_new_pair_that_works(ana: Person) -> None:
    pair = begun(ana)
    status, renewed = renew(pair.refresh)
    assert status == 200
    assert renewed["refresh"] != pair.refresh
    assert opens(renewed["access"])
    assert renew(renewed["refresh"])[0] == 200


def test_a_client_that_did_not_hear_the_answer_hears_the_very_same_again(ana: Person) -> None:
    pair = begun(ana)
    first = renew(pair.refresh)
    assert [renew(pair.refresh) for _each in range(3)] == [first] * 3
    with auth_scope():
        assert RefreshToken.objects.filter(user=ana.user).count() == 2


def test_twenty_renewals_at_once_get_one_and_the_same_successor(live_tenants: Cast) -> None:
    pair = begun(live_tenants["ana"])
    answers = at_once([lambda: tokens.rotate(pair.refresh)] * 20, auth_scope)
    pairs = {answer[1] for answer in answers}  # type: ignore[index]
    assert len(pairs) == 1
    with auth_scope():
        rows = RefreshToken.objects.filter(user=live_tenants["ana"].user)
        assert (rows.count(), rows.filter(used_at=None, revoked_at=None).count()) == (2, 1)


def test_twenty_renewals_over_http_at_once_are_answered_alike(live_tenants: Cast) -> None:
    pair = begun(live_tenants["ana"])
    answers = at_once([lambda: renew(pair.refresh)] * 20, nullcontext)
    assert {status for status, _body in answers} == {200}  # type: ignore[misc]
    assert len({(body["access"], body["refresh"]) for _status, body in answers}) == 1  # type: ignore[misc]


def test_a_second_use_after_the_grace_ends_the_whole_sign_in(ana: Person) -> None:
    pair = begun(ana)
    _status, second = renew(pair.refresh)
    _status, third = renew(second["refresh"])
    later(pair.refresh)
    assert renew(pair.refresh)[0] == 401
    assert renew(second["refresh"])[0] == 401
    assert renew(third["refresh"])[0] == 401
    assert not opens(third["access"])


def test_just_within_the_grace_is_no_reuse(ana: Person) -> None:
    pair = begun(ana)
    first = renew(pair.refresh)
    later(pair.refresh, 25)
    assert renew(pair.refresh) == first


def test_reuse_is_in_the_trail_and_told_to_the_person(ana: Person) -> None:
    pair = begun(ana)
    renew(pair.refresh)
    later(pair.refresh)
    renew(pair.refresh)
    with tenant_context(ana.tenant):
        connection.run_before_commit()
        event = SystemEvent.objects.get(action="token.reused")
        assert (event.outcome, event.resource_id) == ("refused", str(ana.user.pk))
    with auth_scope():
        found = sign_ins.overview(ana.user)
        assert [place.row.kind for place in found.reused] == ["token"]
        assert found.places == []


def test_a_sign_out_is_not_shown_as_a_copied_token(ana: Person) -> None:
    pair = begun(ana)
    renewed = renew(pair.refresh)[1]
    APIClient(SERVER_NAME=HOST).post("/api/v1/auth/logout", {"refresh": renewed["refresh"]})
    with auth_scope():
        assert sign_ins.overview(ana.user).reused == []


def test_reuse_ends_that_sign_in_and_no_other(ana: Person) -> None:
    one, other = begun(ana), begun(ana)
    renew(one.refresh)
    later(one.refresh)
    renew(one.refresh)
    assert opens(other.access)
    assert renew(other.refresh)[0] == 200


def test_the_row_alone_opens_no_successor(ana: Person) -> None:
    pair = begun(ana)
    renewed = renew(pair.refresh)[1]
    with auth_scope():
        row = RefreshToken.objects.get(token_hash=tokens._digest(pair.refresh))
        sealed = bytes(row.successor or b"")
        assert sealed
        for word in (renewed["access"], renewed["refresh"], pair.refresh):
            assert word.encode() not in sealed
        for key in (row.token_hash, str(row.pk), str(row.family), renewed["refresh"]):
            assert tokens._opened(row, key) is None
        row.pk = RefreshToken.objects.exclude(pk=row.pk).filter(user=ana.user).get().pk
        assert tokens._opened(row, pair.refresh) is None  # moved to another row


def test_no_token_stands_in_any_column(ana: Person) -> None:
    pair = begun(ana)
    renewed = renew(pair.refresh)[1]
    with auth_scope():
        rows = str(list(RefreshToken.objects.values())) + str(list(SignIn.objects.values()))
    for word in (pair.refresh, pair.access, renewed["refresh"], renewed["access"]):
        assert word not in rows


@pytest.mark.parametrize("what", ["deactivated", "new password", "expired", "revoked"])
def test_a_token_that_is_over_renews_nothing_not_even_within_the_grace(ana: Person, what: str) -> None:
    for used_before in (False, True):
        pair = begun(ana)
        if used_before:
            renew(pair.refresh)
        with auth_scope():
            rows = RefreshToken.objects.filter(token_hash=tokens._digest(pair.refresh))
            user = User.objects.get(pk=ana.user.pk)
            if what == "deactivated":
                User.objects.filter(pk=user.pk).update(is_active=False)
            elif what == "new password":
                user.set_password("another one altogether")
                user.save()
            elif what == "expired":
                rows.update(expires_at=timezone.now() - timedelta(seconds=1))
            else:
                tokens.revoke(pair.refresh)
        assert renew(pair.refresh)[0] == 401
        with auth_scope():
            User.objects.filter(pk=user.pk).update(is_active=True)


@pytest.mark.parametrize("token", ["", "x", "a" * 64, "null", "' or 1=1 --", "\x00", "ñ" * 20])
def test_what_was_never_a_token_renews_nothing(db: None, token: str) -> None:
    assert renew(token)[0] in (400, 401)


def test_signing_out_ends_every_token_of_the_family_and_only_of_it(ana: Person) -> None:
    one, other = begun(ana), begun(ana)
    renewed = renew(one.refresh)[1]
    APIClient(SERVER_NAME=HOST).post("/api/v1/auth/logout", {"refresh": one.refresh})
    assert renew(renewed["refresh"])[0] == 401
    assert not opens(one.access)
    assert not opens(renewed["access"])
    assert opens(other.access)


def test_the_cookies_hold_what_the_browser_cannot_read_and_only_where_it_is_needed(ana: Person) -> None:
    answer = APIClient(SERVER_NAME=HOST).post("/api/v1/auth/login", {"email": ana.user.email, "password": PASSWORD})
    refresh, access = answer.cookies["refresh_token"], answer.cookies["access_token"]
    assert refresh["path"] == "/api/v1/auth/"
    assert (refresh["httponly"], refresh["samesite"], access["httponly"], access["samesite"]) == (
        True,
        "Lax",
        True,
        "Lax",
    )


def test_old_rows_are_forgotten_and_living_ones_stay(ana: Person) -> None:
    old, pair = begun(ana), begun(ana)
    with auth_scope():
        RefreshToken.objects.filter(token_hash=tokens._digest(old.refresh)).update(
            expires_at=timezone.now() - timedelta(days=1)
        )
        assert sign_ins.forget_old(timezone.now()) >= 1
    assert renew(old.refresh)[0] == 401
    assert renew(pair.refresh)[0] == 200
