"""One-time links: exactly one use, however many at once; nothing to learn from a dead one; nothing in the log."""

import logging
import re
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.utils import timezone
from redis import Redis

from config.lib.link_tokens import LinkTokens, without_token
from tenants.context import auth_scope
from tenants.models import Membership, OneTimeLink, User
from tenants.services import emergency, invitations, links
from tests.fakes.smtp import Mailbox
from tests.support.cast import Cast, Person
from tests.support.clients import browser
from tests.support.live import drop_companies
from tests.support.services import Services
from tests.support.tasks import Queue
from tests.support.together import at_once
from tests.tenants.people.conftest import PASSWORD, link_in, path_of

ClientAs = Callable[..., Client]
AT_ONCE = 20
TOKENS = ["x", "m" + "A" * 43, "c" + "ñ" * 43, "'; drop table x --", "%00", "m" + "A" * 5000]


def make(cast: Cast, kind: str, **over: Any) -> OneTimeLink:
    """A link of this kind with everything it needs."""
    fields: dict[str, Any] = {"email": "nora@example.test", "tenant": cast.acme, "role": "closer"}
    if kind == "activation":
        fields |= {"user": cast["pia"].user, "email": cast["pia"].user.email}
    elif kind in ("reset", "email_change"):
        fields = {"user": cast["sol"].user, "email": cast["sol"].user.email}
    with auth_scope():
        return links.create(kind=kind, **{**fields, **over})


def minted(link: OneTimeLink, person: Person) -> str:
    with auth_scope():
        return links.mint(link, by=person.actor).removeprefix(configured.PUBLIC_URL)


def token(path: str) -> str:
    return path.split("/")[2]


@pytest.mark.parametrize("kind", list(links.LIFE))
def test_each_kind_lives_its_own_time(kind: str, cast: Cast) -> None:
    hours = {"invitation": 72, "activation": 72, "reset": 1, "email_change": 24}[kind]
    left = make(cast, kind).expires_at - timezone.now()
    assert timedelta(hours=hours) - timedelta(minutes=1) < left <= timedelta(hours=hours)


def test_a_token_has_256_bits_and_only_its_hash_is_kept(cast: Cast) -> None:
    link = make(cast, "invitation")
    seen = {token(minted(link, cast["ana"])) for _each in range(20)}
    assert len(seen) == 20
    assert all(len(each) == 44 for each in seen)
    with auth_scope():
        stored = OneTimeLink.objects.get(pk=link.pk)
    assert len(stored.token_hash or "") == 64
    assert not seen & {str(value) for value in stored.__dict__.values()}


@pytest.mark.parametrize("kind", list(links.LIFE))
def test_used_expired_revoked_and_invented_ones_answer_alike(kind: str, cast: Cast, client_as: ClientAs) -> None:
    dead = [f"/enlace/m{'A' * 43}/"]
    for change in ({"used_at": timezone.now()}, {"expires_at": timezone.now()}, {"revoked_at": timezone.now()}):
        link = make(cast, kind)
        dead.append(minted(link, cast["ana"]))
        with auth_scope():
            OneTimeLink.objects.filter(pk=link.pk).update(**change)
    looked = [client_as(None).get(path) for path in dead]
    pressed = [client_as(None).post(path, {"name": "Nora", "password": PASSWORD}) for path in dead]
    assert {each.status_code for each in looked + pressed} == {410}
    pages = {_without_codes(each.content.decode().replace(path, "")) for each, path in zip(looked, dead, strict=True)}
    assert len(pages) == 1
    assert "Este enlace ya no sirve" in pages.pop()


def _without_codes(page: str) -> str:
    return re.sub(r'(csrf-token" content|csrfmiddlewaretoken" value)="[^"]*"', "", page)


@pytest.mark.parametrize("token", TOKENS)
def test_odd_tokens_are_dead_links(token: str, client_as: ClientAs, db: None) -> None:
    assert client_as(None).get(f"/enlace/{token}/").status_code in (404, 410)


def test_dead_and_living_cost_the_same_look_up(cast: Cast, statements: Callable[..., Any]) -> None:
    path = minted(make(cast, "invitation"), cast["ana"])
    counts = []
    for each in (token(path), "m" + "A" * 43, "x"):
        with statements() as seen, auth_scope():
            links.peek(each)
        counts.append(seen.count)
    assert len(set(counts)) == 1


def test_trying_links_is_limited(client_as: ClientAs, db: None) -> None:
    guesser = client_as(None)
    answers = [guesser.get(f"/enlace/m{number:043d}/").status_code for number in range(12)]
    assert answers == [410] * 10 + [429] * 2


def test_a_changed_first_letter_is_another_token(cast: Cast, client_as: ClientAs) -> None:
    """The letter says that an e-mail carried it; nobody turns a copied link into one that proves an address."""
    path = minted(make(cast, "invitation"), cast["ana"])
    assert token(path)[0] == links.COPIED
    assert client_as(None).get(path.replace("/enlace/c", "/enlace/m")).status_code == 410


def test_of_twenty_at_once_one_wins(live_tenants: Cast) -> None:
    path = minted(make(live_tenants, "invitation"), live_tenants["ana"])
    answers = at_once([partial(links.redeem, token(path))] * AT_ONCE, auth_scope)
    assert len([each for each in answers if isinstance(each, OneTimeLink)]) == 1
    assert answers.count(None) == AT_ONCE - 1


def test_twenty_browsers_make_one_account(live_tenants: Cast, settings: Any, test_services: Services) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "link": "1000/m"}
    email = f"nora@{live_tenants.acme.slug}.test"
    path = minted(make(live_tenants, "invitation", email=email), live_tenants["ana"])

    def accept() -> int:
        try:
            return browser(None).post(path, {"name": "Nora", "password": PASSWORD}).status_code
        finally:
            connection.close()

    answers = at_once([accept] * AT_ONCE, nullcontext)
    # Who looks between the winner's commit and their own turn is told to sign in with the account that is there now.
    assert (answers.count(302), set(answers) <= {302, 401, 410}) == (1, True), answers
    with auth_scope():
        [nora] = User.objects.filter(email=email)
        assert Membership.objects.filter(user=nora, tenant=live_tenants.acme, status="active").count() == 1
    drop_companies([], test_services, people=[nora.pk])


def test_looking_before_using_would_let_several_in(live_tenants: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: a link that is looked at first and marked afterwards."""
    path = minted(make(live_tenants, "invitation"), live_tenants["ana"])
    together = threading.Barrier(2)

    def careless(given: str) -> OneTimeLink | None:
        link = links.peek(given)
        together.wait(20)
        if link is not None:
            OneTimeLink.objects.filter(pk=link.pk).update(used_at=timezone.now())
        return link

    answers = at_once([partial(careless, token(path))] * 2, auth_scope)
    assert len([each for each in answers if isinstance(each, OneTimeLink)]) == 2


def test_what_fails_does_not_use_the_link_up(cast: Cast, client_as: ClientAs) -> None:
    path = minted(make(cast, "invitation"), cast["ana"])
    for body in ({"name": "Nora", "password": "corta"}, {"name": "", "password": PASSWORD}, {}):
        assert client_as(None).post(path, body).status_code == 422
    assert client_as(None).post(path, {"name": "Nora", "password": PASSWORD}).status_code == 302


def test_forged_forms_are_refused(cast: Cast, client_as: ClientAs) -> None:
    path = minted(make(cast, "activation"), cast["ana"])
    assert client_as(None, csrf=True).post(path).status_code == 403
    with auth_scope():
        assert OneTimeLink.objects.get().used_at is None


def test_a_link_that_is_used_up_is_not_minted_again(cast: Cast) -> None:
    link = make(cast, "invitation")
    path = minted(link, cast["ana"])
    with auth_scope():
        links.redeem(token(path))
    with pytest.raises(invitations.Conflict):
        minted(link, cast["ana"])


# --- the log ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text", ["/enlace/mSECRET-_123456/", "/login/?next=/enlace/mSECRET-_123456/", "%2Fenlace%2FmSECRET-_123456%2F"]
)
def test_tokens_are_taken_out_of_addresses(text: str) -> None:
    assert "SECRET" not in without_token(text)
    assert "enlace" in without_token(text)
    record = logging.LogRecord("x", logging.INFO, "f", 1, '%s - "%s %s" %d', ("1.2.3.4", "GET", text, 200), None)
    assert LinkTokens().filter(record)
    assert "SECRET" not in record.getMessage()


def test_other_addresses_are_left_alone() -> None:
    for text in ("/leads/?q=enlace", "/enlaces/", "enlace/x", "100% de los enlaces"):
        assert without_token(text) == text


def test_every_logger_that_writes_addresses_takes_them_out() -> None:
    logging_settings: dict[str, Any] = configured.LOGGING
    named = logging_settings["loggers"]
    for name in ("django.request", "django.security.csrf", "uvicorn.access"):
        assert "link_tokens" in named[name]["filters"], name
    assert "link_tokens" in logging_settings["handlers"]["console"]["filters"]


def test_refusals_of_django_itself_do_not_write_a_token_down(cast: Cast, client_as: ClientAs, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    path = minted(make(cast, "activation"), cast["ana"])
    client_as(None, csrf=True).post(path)  # "Forbidden (CSRF cookie not set.): /enlace/…"
    client_as(None).put(path)  # "Method Not Allowed (PUT): /enlace/…"
    assert "/enlace/" in caplog.text
    assert token(path) not in caplog.text


def test_no_table_and_no_key_of_redis_holds_a_token(
    live_tenants: Cast, test_services: Services, client_as: ClientAs, queued: Queue, mailbox: Mailbox
) -> None:
    """The canary: one token sent, one copied, one printed; everything that is stored anywhere is searched for them."""
    email, ana = f"nora@{live_tenants.acme.slug}.test", client_as("ana")
    ana.post("/equipo/invitaciones/nueva/", {"email": email, "role": "closer"})
    waiting = str(list(queued))
    queued.drain()
    tokens = [token(link_in(mailbox, email))]
    ana.get("/equipo/invitaciones/")
    tokens.append(token(minted(make(live_tenants, "activation"), live_tenants["ana"])))
    tokens.append(token(path_of(emergency.pending(slug=live_tenants.acme.slug)[0].url)))
    stored = _everything(test_services) + waiting
    assert [each for each in tokens if each in stored] == []
    assert links.digest(tokens[-1]) in stored  # the search would have found them


def _everything(services: Services) -> str:
    found = []
    with services.inside() as judge:
        tables = judge.execute(
            "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for (table,) in tables:
            found += [row[0] for row in judge.execute(f"select t::text from {table} t").fetchall()]
    redis = Redis.from_url(configured.REDIS_URL)
    read = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda key: redis.lrange(key, 0, -1),
    }
    for key in redis.scan_iter():
        found += [str(key), str(read[redis.type(key)](key))]
    return "\n".join(found)
