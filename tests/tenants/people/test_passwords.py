"""A forgotten password and a changed one: no account is told of, and every sign-in ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tenants.context import auth_scope, tenant_context
from tenants.models import Email, OneTimeLink, SignIn, Tenant, User
from tenants.services import mail, passwords, tokens, vault
from tests.fakes.smtp import Mailbox, smtp_server, text_of
from tests.support.cast import PASSWORD as OLD
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.tenants.people.conftest import PASSWORD, actions, emails, link_in, open_links

ClientAs = Callable[..., Client]


def ask(client: Client, email: str) -> Any:
    return client.post("/recuperar/", {"email": email})


def sign_in(client: Client, email: str, password: str) -> int:
    return client.post("/login/", {"email": email, "password": password}).status_code


def test_a_forgotten_password_is_replaced(
    client_as: ClientAs, ana: Person, acme: Tenant, mailbox: Mailbox, queued: Queue
) -> None:
    elsewhere, stranger = client_as("ana"), client_as(None)
    assert ask(stranger, ana.user.email.upper()).status_code == 200
    queued.drain()
    path = link_in(mailbox, ana.user.email)
    assert stranger.get(path).status_code == 200
    answer = stranger.post(path, {"password": PASSWORD})
    assert answer["Location"] == "/login/"
    assert elsewhere.get("/mi-dia/").status_code == 302  # signed out everywhere
    assert "session" not in stranger.cookies or stranger.get("/mi-dia/").status_code == 302  # nor in here
    assert sign_in(client_as(None), ana.user.email, OLD) == 401
    assert sign_in(client_as(None), ana.user.email, PASSWORD) == 302
    assert "password.reset" in actions(acme)
    queued.drain()
    assert mailbox.to(ana.user.email)[-1]["Subject"] == "La contraseña cambió"


def test_the_answer_and_its_work_are_the_same_without_an_account(
    client_as: ClientAs, ana: Person, statements: Callable[..., Any]
) -> None:
    answers, work = [], []
    for email in (ana.user.email, "nadie@example.test"):
        browser = client_as(None)
        with statements() as seen:
            answers.append(ask(browser, email))
        work.append([sql.split("(")[0] for sql in seen.sql])
    assert work[0] == work[1]
    assert [each.status_code for each in answers] == [200, 200]
    assert "Si ese correo tiene una cuenta" in answers[0].content.decode()


def test_looking_for_the_account_at_once_would_be_seen(
    client_as: ClientAs, ana: Person, statements: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: with the look-up in the request, an account costs more statements."""
    whole = passwords.ask_reset

    def careless(*, email: str, address: str | None, locale: str = "es") -> None:
        user = User.objects.filter(email=email).first()
        if user is not None:
            passwords.reset_link(user)
        whole(email=email, address=address, locale=locale)

    monkeypatch.setattr(passwords, "ask_reset", careless)
    counts = []
    for email in (ana.user.email, "nadie@example.test"):
        with statements() as seen:
            ask(client_as(None), email)
        counts.append(seen.count)
    assert counts[0] != counts[1]


def test_a_strangers_address_stays_nowhere(client_as: ClientAs, mailbox: Mailbox, queued: Queue) -> None:
    ask(client_as(None), "nadie@example.test")
    queued.drain()
    assert (mailbox.arrived, emails(), open_links()) == ([], [], [])


def test_every_token_and_sign_in_ends(
    client_as: ClientAs, api_as: Any, sol: Person, mailbox: Mailbox, queued: Queue
) -> None:
    with auth_scope():
        pair = tokens.issue(sol.user)
    api = api_as(None)
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    assert api.get("/api/v1/leads/").status_code == 200
    ask(client_as(None), sol.user.email)
    queued.drain()
    client_as(None).post(link_in(mailbox, sol.user.email), {"password": PASSWORD})
    assert api.get("/api/v1/leads/").status_code == 401
    assert api_as(None).post("/api/v1/auth/refresh", {"refresh": pair.refresh}).status_code == 401
    with auth_scope():
        assert not SignIn.objects.filter(user=sol.user, ended_at=None).exists()


def test_an_hour_later_the_link_is_dead(client_as: ClientAs, ana: Person, mailbox: Mailbox, queued: Queue) -> None:
    ask(client_as(None), ana.user.email)
    queued.drain()
    path = link_in(mailbox, ana.user.email)
    [link] = open_links(kind="reset")
    assert timedelta(minutes=59) < link.expires_at - timezone.now() <= timedelta(hours=1)
    with auth_scope():
        OneTimeLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    assert client_as(None).post(path, {"password": PASSWORD}).status_code == 410


def test_a_newer_link_and_a_new_password_end_the_older_ones(
    client_as: ClientAs, ana: Person, mailbox: Mailbox, queued: Queue
) -> None:
    paths = []
    for _each in range(3):
        ask(client_as(None), ana.user.email)
        queued.drain()
        paths.append(link_in(mailbox, ana.user.email))
    assert [client_as(None).get(path).status_code for path in paths] == [410, 410, 200]
    change(client_as("ana"), OLD, PASSWORD)
    assert client_as(None).get(paths[2]).status_code == 410


def test_a_weak_password_is_refused_and_the_link_kept(
    client_as: ClientAs, ana: Person, mailbox: Mailbox, queued: Queue
) -> None:
    ask(client_as(None), ana.user.email)
    queued.drain()
    path = link_in(mailbox, ana.user.email)
    for weak in ("corta", ana.user.email, "password1234"):
        assert client_as(None).post(path, {"password": weak}).status_code == 422
    assert client_as(None).post(path, {"password": PASSWORD}).status_code == 302


def test_asking_is_limited_for_each_account_and_address(client_as: ClientAs, ana: Person) -> None:
    browser = client_as(None)
    assert [ask(browser, ana.user.email).status_code for _each in range(6)] == [200] * 5 + [429]
    known = browser.post("/recuperar/", {"email": ana.user.email}, REMOTE_ADDR="203.0.113.7")
    unknown_count = [
        browser.post("/recuperar/", {"email": "x@example.test"}, REMOTE_ADDR=f"203.0.113.{10 + n}").status_code
        for n in range(6)
    ]
    assert known.status_code == 429
    assert unknown_count == [200] * 5 + [429]  # nobody learns from the limit who has an account


def test_a_closed_account_gets_nothing(client_as: ClientAs, ana: Person, mailbox: Mailbox, queued: Queue) -> None:
    with auth_scope():
        User.objects.filter(pk=ana.user.pk).update(is_active=False)
    ask(client_as(None), ana.user.email)
    queued.drain()
    assert mailbox.arrived == []


def test_without_a_platform_server_the_persons_only_company_sends(
    client_as: ClientAs, cast: Cast, settings: Any, queued: Queue
) -> None:
    settings.EMAIL_URL = ""
    with smtp_server() as box:
        _company_sends_through(cast, box)
        for name in ("sol", "gus", "root"):
            ask(client_as(None), cast[name].user.email)
        queued.drain()
    assert [str(each["To"]) for each in box.arrived] == [cast["sol"].user.email]


def test_somebody_of_two_companies_is_not_written_to_through_one_of_them(
    client_as: ClientAs, cast: Cast, settings: Any, queued: Queue
) -> None:
    """Whoever runs acme's mail server would read the link, and with it enter globex."""
    settings.EMAIL_URL = ""
    with smtp_server() as box:
        _company_sends_through(cast, box)
        with auth_scope():
            User.objects.filter(pk=cast["sol"].user.pk).update(tenant_ids=[cast.acme.pk, cast.globex.pk])
        ask(client_as(None), cast["sol"].user.email)
        queued.drain()
    assert box.arrived == []
    assert [row.error for row in emails(kind="reset")] == [mail.NO_SERVER]


def _company_sends_through(cast: Cast, box: Mailbox) -> None:
    with tenant_context(cast.acme):
        for name, value in {"HOST": "127.0.0.1", "PORT": str(box.port), "FROM": "v@acme.test"}.items():
            vault.put_credential(category="smtp", name=name, value=value, by=cast["ana"].actor)


# --- one's own password at the profile page ------------------------------------------------------------------------
def change(client: Client, old: str, new: str) -> Any:
    return client.post("/perfil/", {"act": "password", "password": old, "new_password": new})


def test_a_changed_password_ends_the_other_sessions_only(
    client_as: ClientAs, ana: Person, acme: Tenant, mailbox: Mailbox, queued: Queue
) -> None:
    here, elsewhere = client_as("ana"), client_as("ana")
    before = here.cookies["session"].value
    assert change(here, OLD, PASSWORD).status_code == 302
    assert here.get("/mi-dia/").status_code == 200
    assert here.cookies["session"].value != before
    assert elsewhere.get("/mi-dia/").status_code == 302
    assert sign_in(client_as(None), ana.user.email, PASSWORD) == 302
    assert "password.changed" in actions(acme)
    queued.drain()
    assert "se cerraron todas las sesiones" in text_of(mailbox.to(ana.user.email)[-1])


@pytest.mark.parametrize(("old", "new"), [("otra-cosa-1", PASSWORD), (OLD, "corta"), (OLD, ""), ("", PASSWORD)])
def test_a_change_needs_the_old_one_and_a_good_new_one(old: str, new: str, client_as: ClientAs, ana: Person) -> None:
    browser = client_as("ana")
    refused = change(browser, old, new)
    assert refused.status_code in (403, 422)
    assert browser.get("/mi-dia/").status_code == 200
    assert sign_in(client_as(None), ana.user.email, OLD) == 302
    assert f'value="{new or old}"' not in refused.content.decode()


def test_no_password_stands_in_any_row(client_as: ClientAs, ana: Person, acme: Tenant, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    change(client_as("ana"), OLD, PASSWORD)
    with auth_scope():
        rows = str(list(Email.objects.values())) + str(list(User.objects.values()))
    assert PASSWORD not in rows + caplog.text
