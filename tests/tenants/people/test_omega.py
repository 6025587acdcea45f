"""Protocol Omega: with no e-mail at all, and even with no CEO, people get in; and the log holds no secret."""

import logging
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tenants.context import auth_scope, tenant_context
from tenants.models import Membership, SystemEvent, Tenant
from tenants.services import links
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.tenants.people.conftest import PASSWORD, actions, open_links, path_of, state_of

ClientAs = Callable[..., Client]
NORA = "nora@example.test"

pytestmark = pytest.mark.usefixtures("no_mail")


def command(**options: Any) -> list[list[str]]:
    """The printed lines, each as company, kind, e-mail, role, link."""
    out = StringIO()
    call_command("pending_links", stdout=out, **options)
    return [line.split("\t") for line in out.getvalue().splitlines()]


def test_from_registration_to_work_without_any_email(client_as: ClientAs, acme: Tenant, queued: Queue) -> None:
    nora, ana = client_as(None), client_as("ana")
    nora.post("/registro/", {"tenant": acme.slug, "name": "Nora", "email": NORA, "password": PASSWORD})
    queued.drain()
    with auth_scope():
        member = Membership.objects.get(user__email=NORA)
    assert NORA in ana.get("/equipo/").content.decode()
    ana.post(f"/equipo/{member.pk}/cambiar/", {"act": "activate", "role": "closer"})
    nora.post("/login/", {"email": NORA, "password": PASSWORD})
    assert nora.get("/mi-dia/").status_code == 200


def test_the_command_prints_a_link_for_everybody_who_waits(
    client_as: ClientAs, cast: Cast, queued: Queue, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    client_as("ana").post("/equipo/invitaciones/nueva/", {"email": NORA, "role": "secretary"})
    lines = command(company=cast.acme.slug)
    assert {(line[1], line[2], line[3]) for line in lines} == {
        ("invitation", NORA, "secretary"),
        ("activation", cast["pia"].user.email, "closer"),
    }
    by_kind = {line[1]: path_of(line[4]) for line in lines}
    client_as(None).post(by_kind["invitation"], {"name": "Nora", "password": PASSWORD})
    client_as(None).post(by_kind["activation"])
    assert state_of(cast.acme, NORA) == ("secretary", "active")
    assert state_of(cast.acme, cast["pia"].user.email) == ("closer", "active")
    assert command(company=cast.acme.slug) == [["Nobody waits."]]
    assert actions(cast.acme).count("link.emergency") == 2
    assert "an emergency link was made" in caplog.text
    for path in by_kind.values():
        assert path.split("/")[2] not in caplog.text + _trail(cast.acme)


def _trail(tenant: Tenant) -> str:
    with tenant_context(tenant):
        return str(list(SystemEvent.objects.values()))


def test_a_company_without_any_ceo_gets_one(client_as: ClientAs, cast: Cast) -> None:
    with auth_scope():
        Membership.objects.filter(tenant=cast.acme, role="ceo").update(status="suspended")
    [line] = command(company=cast.acme.slug, ceo=NORA)
    assert (line[1], line[3]) == ("invitation", "ceo")
    browser = client_as(None)
    browser.post(path_of(line[4]), {"name": "Nora", "password": PASSWORD})
    assert state_of(cast.acme, NORA) == ("ceo", "active")
    assert browser.get("/equipo/").status_code == 200
    [waiting] = command(company=cast.acme.slug, ceo=cast["pia"].user.email)
    assert (waiting[1], waiting[3]) == ("activation", "ceo")


def test_a_suspended_person_is_not_made_ceo_by_the_command(cast: Cast) -> None:
    with pytest.raises(CommandError):
        command(company=cast.acme.slug, ceo=cast["iris"].user.email)


def test_somebody_who_forgot_the_password_is_helped(client_as: ClientAs, sol: Person) -> None:
    [line] = command(reset=sol.user.email)
    client_as(None).post(path_of(line[4]), {"password": PASSWORD})
    assert client_as(None).post("/login/", {"email": sol.user.email, "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("options", [{"company": "nope"}, {"ceo": NORA}, {"reset": "nadie@example.test"}])
def test_what_cannot_be_is_said(options: dict[str, str], db: None) -> None:
    with pytest.raises(CommandError):
        command(**options)


def test_one_companys_links_only(cast: Cast) -> None:
    assert command(company=cast.globex.slug) == [["Nobody waits."]]
    assert {line[0] for line in command()} >= {cast.acme.slug}


def test_the_newest_link_wins_and_no_row_holds_it(cast: Cast, client_as: ClientAs) -> None:
    first = path_of(command(company=cast.acme.slug)[0][4])
    second = path_of(command(company=cast.acme.slug)[0][4])
    assert client_as(None).get(first).status_code == 410
    assert client_as(None).get(second).status_code == 200
    rows = str([row.__dict__ for row in open_links()])
    assert second.split("/")[2] not in rows
    assert links.digest(second.split("/")[2]) in rows


# --- what the seed systems got wrong (seed-systems.md §1.1 and §1.5) ------------------------------------------------
def test_an_invited_person_has_no_account_before_accepting(client_as: ClientAs, acme: Tenant) -> None:
    """There: "CEO creates seller" made an active account with a password that nobody had."""
    client_as("ana").post("/equipo/invitaciones/nueva/", {"email": NORA, "role": "closer"})
    assert state_of(acme, NORA) is None
    assert client_as(None).post("/login/", {"email": NORA, "password": ""}).status_code == 422


def test_every_way_in_ends_with_the_status_that_signing_in_asks_for(client_as: ClientAs, cast: Cast) -> None:
    """There: the wizard stored "approved" while signing in demanded "active"."""
    ana, browsers = client_as("ana"), {}
    ana.post("/equipo/invitaciones/nueva/", {"email": NORA, "role": "closer"})
    for line in command(company=cast.acme.slug):
        browsers[line[2]] = client_as(None)
        browsers[line[2]].post(path_of(line[4]), {"name": "Nora", "password": PASSWORD})
    assert client_as("pia").get("/mi-dia/").status_code == 200
    assert browsers[NORA].get("/mi-dia/").status_code == 200
    with auth_scope():
        assert set(Membership.objects.values_list("status", flat=True)) <= set(Membership.Status.values)


def test_the_activation_link_has_an_address_that_consumes_it(client_as: ClientAs, cast: Cast) -> None:
    """There: the link was written to the log, stored nowhere, never ended, and no address took it."""
    [line] = command(company=cast.acme.slug)
    [row] = open_links(kind="activation")
    assert row.token_hash
    assert row.expires_at > timezone.now()
    assert client_as(None).post(path_of(line[4])).status_code == 302
    [row] = open_links(kind="activation")
    assert row.used_at
    assert client_as(None).post(path_of(line[4])).status_code == 410


def test_a_ceo_is_ceo_of_one_company_only(client_as: ClientAs, api_as: Any, cast: Cast) -> None:
    """There: the role was the account's, so a CEO was one everywhere."""
    member = cast["gus"].member
    assert member is not None
    assert client_as("ana").post(f"/equipo/{member.pk}/cambiar/", {"act": "suspend"}).status_code == 404
    assert api_as("ana").post(f"/api/v1/members/{member.pk}/suspend").status_code == 404
    assert client_as("ana").get("/equipo/", HTTP_HOST=f"{cast.globex.slug}.localhost").status_code in (302, 403)
    assert state_of(cast.globex, cast["gus"].user.email) == ("ceo", "active")


def test_a_first_ceo_is_nobody_by_accident(client_as: ClientAs, cast: Cast) -> None:
    """There: the first to register as CEO was let in, and a start of the server let all of them in."""
    with auth_scope():
        Membership.objects.filter(tenant=cast.acme, role="ceo").update(status="suspended")
    answer = client_as(None).post(
        "/registro/", {"tenant": cast.acme.slug, "name": "Nora", "email": NORA, "password": PASSWORD, "role": "ceo"}
    )
    assert answer.status_code == 200
    assert state_of(cast.acme, NORA) == ("setter", "pending")
