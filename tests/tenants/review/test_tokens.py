"""Refresh tokens in a hurry: many at once, during a sign-out, after a new password."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from tenants.context import auth_scope
from tenants.models import RefreshToken, User
from tenants.services import tokens
from tests.support.cast import Cast, Person


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Run all of them at the same moment, each on its own connection; their answers in order."""
    gate, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            gate.wait(10)
            with auth_scope():
                answers[place] = work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def issued(person: Person) -> tokens.Pair:
    with auth_scope():
        return tokens.issue(User.objects.get(pk=person.user.pk))


def test_twenty_renewals_at_once_make_one_successor(live_tenants: Cast) -> None:
    pair = issued(live_tenants["ana"])
    answers = at_once([lambda: tokens.rotate(pair.refresh)] * 20)
    assert len({answer[1] for answer in answers}) == 1
    with auth_scope():
        assert RefreshToken.objects.filter(user=live_tenants["ana"].user, used_at=None, revoked_at=None).count() == 1


@pytest.mark.parametrize("turn", range(5))
def test_a_sign_out_during_a_renewal_ends_the_new_token_too(live_tenants: Cast, turn: int) -> None:
    pair = issued(live_tenants["ana"])
    at_once([lambda: tokens.rotate(pair.refresh), lambda: tokens.revoke(pair.refresh)])
    with auth_scope():
        assert not RefreshToken.objects.filter(user=live_tenants["ana"].user, revoked_at=None).exists()


def test_a_sign_out_waits_for_a_renewal_that_has_begun(live_tenants: Cast) -> None:
    pair, begun, waiting = issued(live_tenants["ana"]), threading.Event(), threading.Event()

    def sign_out() -> None:
        try:
            begun.wait(10)
            with auth_scope():
                tokens.revoke(pair.refresh)
        finally:
            connection.close()
            waiting.set()

    thread = threading.Thread(target=sign_out, daemon=True)
    thread.start()
    with auth_scope():
        assert tokens.rotate(pair.refresh) is not None
        begun.set()
        assert not waiting.wait(0.5)
    thread.join(10)
    with auth_scope():
        assert not RefreshToken.objects.filter(user=live_tenants["ana"].user, revoked_at=None).exists()


def test_a_new_password_ends_refresh_tokens(cast: Cast) -> None:
    pair = issued(cast["ana"])
    with auth_scope():
        user = User.objects.get(pk=cast["ana"].user.pk)
        user.set_password("another one altogether")
        user.save(update_fields=["access_mark"])
        assert tokens.rotate(pair.refresh) is None
        assert tokens.rotate(tokens.issue(user).refresh) is not None
