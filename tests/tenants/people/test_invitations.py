"""Invitations: one link, one use, seventy-two hours, by e-mail or by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone

from tenants.context import auth_scope, tenant_context
from tenants.live.models import IdempotentRequest
from tenants.models import Membership, OneTimeLink, Tenant, User
from tenants.services import links
from tests.fakes.smtp import Mailbox
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.tenants.people.conftest import PASSWORD, actions, emails, link_in, open_links, path_of, shown_link, state_of

ClientAs = Callable[..., Client]
NORA = "nora@example.test"


def invite(client: Client, email: str = NORA, role: str = "closer") -> Any:
    return client.post("/equipo/invitaciones/nueva/", {"email": email, "role": role})


def the_invitation(email: str = NORA) -> OneTimeLink:
    return open_links(kind="invitation", email=email)[-1]


def act(client: Client, name: str, email: str = NORA) -> Any:
    return client.post(f"/equipo/invitaciones/{the_invitation(email).pk}/cambiar/", {"act": name})


def copied(client: Client, email: str = NORA) -> str:
    return shown_link(act(client, "link", email).content.decode())


def accept(client: Client, path: str, **over: str) -> Any:
    return client.post(path, {"name": "Nora", "password": PASSWORD, **over})


def expire(**fields: Any) -> None:
    with auth_scope():
        OneTimeLink.objects.filter(**fields).update(expires_at=timezone.now() - timedelta(seconds=1))


def listed(client: Client) -> str:
    return client.get("/equipo/invitaciones/").content.decode()


def test_an_invited_person_makes_an_account_and_is_in(
    client_as: ClientAs, acme: Tenant, mailbox: Mailbox, queued: Queue
) -> None:
    assert invite(client_as("ana")).status_code == 302
    queued.drain()
    path, browser = link_in(mailbox, NORA), client_as(None)
    shown = browser.get(path)
    assert shown.status_code == 200
    assert "Acceso a Acme como Closer" in shown.content.decode()
    assert accept(browser, path)["Location"] == "/mi-dia/"
    assert browser.get("/mi-dia/").status_code == 200
    assert state_of(acme, NORA) == ("closer", "active")
    assert {"invitation.created", "link.minted", "invitation.accepted", "member.added"} <= set(actions(acme))
    assert "Aceptada" in listed(client_as("ana"))
    with auth_scope():
        assert User.objects.get(email=NORA).email_confirmed_at is not None


def test_the_list_says_how_far_each_is(client_as: ClientAs, mailbox: Mailbox, queued: Queue) -> None:
    ana = client_as("ana")
    invite(ana)
    assert "Enviando" in listed(ana)
    queued.drain()
    assert "Enviada" in listed(ana)
    copied(ana)
    act(ana, "revoke")
    assert "Anulada" in listed(ana)
    invite(ana, "otra@example.test")
    expire(email="otra@example.test")
    assert "Vencida" in listed(ana)


def test_an_undeliverable_one_says_why_and_its_link_is_copied(
    client_as: ClientAs, acme: Tenant, mailbox: Mailbox, queued: Queue
) -> None:
    mailbox.refuse = {"RCPT": "550 nobody here"}
    ana = client_as("ana")
    invite(ana)
    queued.drain()
    page = listed(ana)
    assert "No se pudo entregar" in page
    assert "rechazó la dirección de destino" in page
    assert accept(client_as(None), copied(ana))["Location"] == "/mi-dia/"
    assert state_of(acme, NORA) == ("closer", "active")


def test_an_account_that_exists_signs_in_and_accepts(
    client_as: ClientAs, acme: Tenant, gus: Person, no_mail: None
) -> None:
    ana = client_as("ana")
    invite(ana, gus.user.email, "professional")
    path, stranger = copied(ana, gus.user.email), client_as(None)
    page = stranger.get(path).content.decode()
    assert "Ingresar y aceptar" in page
    assert stranger.post(path, {"name": "Eve", "password": PASSWORD}).status_code == 401
    browser = client_as("gus")
    assert "Aceptar y entrar" in browser.get(path).content.decode()
    assert browser.post(path)["Location"] == "/mi-dia/"
    assert state_of(acme, gus.user.email) == ("professional", "active")
    assert browser.session["tenant_id"] == acme.pk


def test_somebody_elses_open_session_does_not_accept_it(client_as: ClientAs, acme: Tenant, no_mail: None) -> None:
    ana = client_as("ana")
    invite(ana)
    path = copied(ana)
    assert "está abierta la cuenta" in ana.get(path).content.decode()
    assert accept(ana, path).status_code == 409
    assert state_of(acme, NORA) is None
    assert accept(client_as(None), path).status_code == 302  # and the link is as good as before


def test_a_weak_password_keeps_the_link_and_the_name(client_as: ClientAs, acme: Tenant, no_mail: None) -> None:
    ana = client_as("ana")
    invite(ana)
    path, browser = copied(ana), client_as(None)
    refused = accept(browser, path, password="corta")
    assert refused.status_code == 422
    assert 'value="Nora"' in refused.content.decode()
    assert state_of(acme, NORA) is None
    assert accept(browser, path).status_code == 302


def test_copying_ends_the_earlier_link(client_as: ClientAs, no_mail: None) -> None:
    ana = client_as("ana")
    invite(ana)
    first, second = copied(ana), copied(ana)
    assert client_as(None).get(first).status_code == 410
    assert client_as(None).get(second).status_code == 200


def test_copying_stops_the_email_that_would_end_it(client_as: ClientAs, mailbox: Mailbox, queued: Queue) -> None:
    ana = client_as("ana")
    invite(ana)
    path = copied(ana)
    queued.drain()
    assert mailbox.to(NORA) == []
    assert [row.state for row in emails(to=NORA)] == ["cancelled"]
    assert client_as(None).get(path).status_code == 200


def test_sending_again_ends_the_earlier_link_and_renews_the_time(
    client_as: ClientAs, mailbox: Mailbox, queued: Queue
) -> None:
    ana = client_as("ana")
    invite(ana)
    queued.drain()
    first = link_in(mailbox, NORA)
    expire(email=NORA)
    act(ana, "resend")
    queued.drain()
    second = link_in(mailbox, NORA)
    assert first != second
    assert client_as(None).get(first).status_code == 410
    assert client_as(None).get(second).status_code == 200
    assert the_invitation().expires_at > timezone.now() + timedelta(hours=71)


def test_a_revoked_one_opens_nothing_and_cannot_be_copied(client_as: ClientAs, no_mail: None) -> None:
    ana = client_as("ana")
    invite(ana)
    path = copied(ana)
    act(ana, "revoke")
    assert client_as(None).get(path).status_code == 410
    assert act(ana, "link").status_code == 409


def test_a_used_one_opens_nothing(client_as: ClientAs, acme: Tenant, no_mail: None) -> None:
    ana = client_as("ana")
    invite(ana)
    path = copied(ana)
    accept(client_as(None), path)
    assert accept(client_as(None), path, name="Eve").status_code == 410
    with auth_scope():
        assert Membership.objects.filter(tenant=acme, user__email=NORA).count() == 1


def test_an_invitation_does_not_bring_a_suspended_member_back(
    client_as: ClientAs, acme: Tenant, gus: Person, no_mail: None
) -> None:
    ana = client_as("ana")
    invite(ana, gus.user.email)
    path = copied(ana, gus.user.email)
    with auth_scope():
        Membership.objects.create(user=gus.user, tenant=acme, role="closer", status="suspended")
    assert client_as("gus").post(path).status_code == 410
    assert state_of(acme, gus.user.email) == ("closer", "suspended")


def test_members_and_open_invitations_are_not_invited_twice(client_as: ClientAs, sol: Person, no_mail: None) -> None:
    ana = client_as("ana")
    assert "ya está en el equipo" in invite(ana, sol.user.email.upper()).content.decode()
    invite(ana)
    again = invite(ana)
    assert again.status_code == 422
    assert "Ya hay una invitación abierta" in again.content.decode()


def test_an_address_with_an_account_elsewhere_is_invited_like_any_other(
    client_as: ClientAs, gus: Person, no_mail: None
) -> None:
    """The CEO does not learn whether somebody has an account with another company."""
    ana = client_as("ana")
    known, unknown = invite(ana, gus.user.email), invite(ana)
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_a_copied_link_does_not_prove_the_address(client_as: ClientAs, no_mail: None) -> None:
    ana = client_as("ana")
    invite(ana)
    accept(client_as(None), copied(ana))
    with auth_scope():
        assert User.objects.get(email=NORA).email_confirmed_at is None


@pytest.mark.parametrize("name", ["sol", "teo", "rita", "paz"])
def test_only_a_ceo_invites_and_copies(name: str, client_as: ClientAs, no_mail: None) -> None:
    invite(client_as("ana"))
    other = client_as(name)
    assert invite(other, "x@example.test").status_code == 403
    assert act(other, "link").status_code == 403


def test_another_companys_invitation_does_not_exist(client_as: ClientAs, api_as: Any, no_mail: None) -> None:
    invite(client_as("ana"))
    assert act(client_as("gus"), "link").status_code == 404
    assert api_as("gus").post(f"/api/v1/invitations/{the_invitation().pk}/link").status_code == 404
    assert api_as("gus").get("/api/v1/invitations/").json()["results"] == []


# --- through the API ------------------------------------------------------------------------------------------
def test_the_api_invites_lists_copies_and_takes_back(api_as: Any, client_as: ClientAs, no_mail: None) -> None:
    api = api_as("ana")
    made = api.post("/api/v1/invitations/", {"email": NORA, "role": "setter"})
    assert made.status_code == 201
    assert made.json()["state"] == "queued"
    number = made.json()["id"]
    link = api.post(f"/api/v1/invitations/{number}/link")
    assert link["Cache-Control"] == "no-store"
    path = path_of(link.json()["url"])
    assert client_as(None).get(path).status_code == 200
    [row] = api.get("/api/v1/invitations/").json()["results"]
    assert (row["email"], row["role"], row["state"]) == (NORA, "setter", "copied")
    assert "token" not in str(row)
    assert api.delete(f"/api/v1/invitations/{number}").status_code == 204
    assert client_as(None).get(path).status_code == 410
    assert api.post("/api/v1/invitations/", {"email": "no", "role": "boss"}).status_code == 400


def test_a_link_is_not_kept_for_a_repeated_request(api_as: Any, acme: Tenant, no_mail: None) -> None:
    api = api_as("ana")
    number = api.post("/api/v1/invitations/", {"email": NORA, "role": "setter"}).json()["id"]
    url = api.post(f"/api/v1/invitations/{number}/link", HTTP_IDEMPOTENCY_KEY="one").json()["url"]
    token = path_of(url).split("/")[2]
    with tenant_context(acme):
        assert token not in str(list(IdempotentRequest.objects.values()))


def test_a_link_is_stored_as_a_hash_only(client_as: ClientAs, acme: Tenant, no_mail: None, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    ana = client_as("ana")
    invite(ana)
    path = copied(ana)
    token = path.split("/")[2]
    client_as(None).post(path, {})  # a refused form, which Django notes with its address
    rows = (
        str([row.__dict__ for row in open_links()]) + str([row.__dict__ for row in emails()]) + "".join(actions(acme))
    )
    assert token not in rows + caplog.text
    assert links.digest(token) in rows
    assert client_as(None).get(path)["Referrer-Policy"] == "strict-origin"
    assert "no-store" in client_as(None).get(path)["Cache-Control"]


def test_looking_at_the_link_changes_nothing(client_as: ClientAs, acme: Tenant, no_mail: None) -> None:
    """Mail scanners and previews open every address."""
    ana = client_as("ana")
    invite(ana)
    path = copied(ana)
    for _each in range(3):
        assert client_as(None).get(path).status_code == 200
        assert client_as(None).head(path).status_code == 200
    assert the_invitation().used_at is None


def test_accepting_starts_a_session_of_its_own(client_as: ClientAs, cast: Cast, no_mail: None) -> None:
    ana = client_as("ana")
    invite(ana)
    browser = client_as(None)
    path = copied(ana)
    browser.get(path)
    accept(browser, path)
    with auth_scope():
        assert browser.session[SESSION_KEY] == str(User.objects.get(email=NORA).pk)
