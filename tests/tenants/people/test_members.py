"""Who decides about the team: an active CEO of that company, never about himself, and one always stays."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from config.lib.errors import AppError, Conflict, Forbidden
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.live import admission
from tenants.models import Membership, SignIn, SystemEvent, Team, Tenant, User
from tenants.services import people, registry, waiting
from tests.fakes.smtp import Mailbox
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.support.together import at_once
from tests.tenants.people.conftest import actions, shown_link, state_of

ClientAs = Callable[..., Client]


def decide(client: Client, person: Person, act: str, **fields: object) -> Any:
    return client.post(f"/equipo/{_member(person)}/cambiar/", {"act": act, **fields})


def _member(person: Person) -> UUID:
    assert person.member is not None
    return person.member.pk


def state(person: Person) -> tuple[str, str] | None:
    assert person.tenant is not None
    return state_of(person.tenant, person.user.email)


def test_the_team_page_shows_who_waits_first(client_as: ClientAs, cast: Cast) -> None:
    page = client_as("ana").get("/equipo/").content.decode()
    assert page.index("Esperan la aprobación") < page.index("Pia") < page.index("En el equipo") < page.index("Sol")
    assert "Gus" not in page
    assert "Dar acceso" in page
    assert "Suspendida" in page


def test_those_who_only_read_see_no_buttons(client_as: ClientAs, pia: Person) -> None:
    rita = client_as("rita")
    assert "Dar acceso" not in rita.get("/equipo/").content.decode()
    assert "Dar acceso" not in rita.get(f"/equipo/{_member(pia)}/").content.decode()
    assert client_as("sol").get("/equipo/").status_code == 403


def test_search_finds_by_name_and_address(client_as: ClientAs, cast: Cast) -> None:
    page = client_as("ana").get("/equipo/?q=sol@").content.decode()
    assert "Sol" in page
    assert "Teo" not in page
    assert "Nadie con ese nombre" in client_as("ana").get("/equipo/?q=zzz").content.decode()


def test_giving_access_takes_effect_and_is_told(
    client_as: ClientAs, pia: Person, acme: Tenant, mailbox: Mailbox, queued: Queue
) -> None:
    waiting_browser = client_as("pia")
    assert waiting_browser.get("/mi-dia/").status_code == 403
    assert decide(client_as("ana"), pia, "activate", role="setter").status_code == 302
    assert state(pia) == ("setter", "active")
    assert waiting_browser.get("/mi-dia/").status_code == 200
    queued.drain()
    assert mailbox.to(pia.user.email)[0]["Subject"] == "Acceso a Acme"
    with tenant_context(acme):
        event = SystemEvent.objects.get(action="member.activated")
    assert event.diff == {"role": ["closer", "setter"], "status": ["pending", "active"]}
    assert event.actor_label == "Ana"


def test_suspending_shuts_out_at_once_and_access_can_come_back(client_as: ClientAs, sol: Person) -> None:
    browser, ana = client_as("sol"), client_as("ana")
    assert browser.get("/mi-dia/").status_code == 200
    decide(ana, sol, "suspend")
    refused = browser.get("/mi-dia/")
    assert refused.status_code == 403
    assert "suspendido" in refused.content.decode()
    decide(ana, sol, "activate", role="closer")
    assert browser.get("/mi-dia/").status_code == 200


def test_open_live_lines_are_asked_again(client_as: ClientAs, sol: Person, acme: Tenant, monkeypatch: Any) -> None:
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(admission, "changed", lambda *tenants, **rest: asked.append(tenants))
    for act, fields in (("role", {"role": "setter"}), ("suspend", {})):
        asked.clear()
        decide(client_as("ana"), sol, act, **fields)
        assert (acme.pk,) in asked, act


def test_a_changed_role_counts_at_the_next_request(client_as: ClientAs, sol: Person) -> None:
    browser = client_as("sol")
    assert browser.get("/equipo/").status_code == 403
    decide(client_as("ana"), sol, "role", role="secretary")
    assert browser.get("/equipo/").status_code == 200


def test_turning_down_removes_the_request_and_they_may_ask_again(
    client_as: ClientAs, pia: Person, acme: Tenant
) -> None:
    ana = client_as("ana")
    decide(ana, pia, "reject")
    assert state(pia) is None
    with auth_scope():
        assert User.objects.get(pk=pia.user.pk).tenant_ids == []
    assert "member.rejected" in actions(acme)
    assert client_as("pia").post("/registro/", {"tenant": acme.slug}).status_code == 200
    assert state(pia) == ("setter", "pending")


def test_a_member_who_does_not_wait_cannot_be_turned_down(client_as: ClientAs, sol: Person) -> None:
    assert decide(client_as("ana"), sol, "reject").status_code == 409
    assert state(sol) == ("closer", "active")


def test_scope_and_team_are_set(client_as: ClientAs, sol: Person, acme: Tenant) -> None:
    with tenant_context(acme):
        team = Team.objects.create(tenant=acme, name="Norte")
    assert decide(client_as("ana"), sol, "scope", scope="team", team=team.pk).status_code == 302
    with auth_scope():
        row = Membership.objects.get(pk=_member(sol))
    assert (row.scope, row.team_id) == ("team", team.pk)
    assert (
        decide(client_as("ana"), sol, "scope", scope="team", team="0190a0b0-0000-7000-8000-000000000000").status_code
        == 422
    )


@pytest.mark.parametrize(
    ("act", "fields"), [("suspend", {}), ("role", {"role": "setter"}), ("scope", {"scope": "own"})]
)
def test_a_ceo_does_not_change_himself(
    act: str, fields: dict[str, str], client_as: ClientAs, cast: Cast, ana: Person
) -> None:
    with auth_scope():  # although there is another CEO
        people.set_membership(user=cast["sol"].user, tenant=cast.acme, role="ceo", status="active", by=ana.actor)
    answer = decide(client_as("ana"), ana, act, **fields)
    assert answer.status_code in (409, 422)
    assert state(ana) == ("ceo", "active")


def test_the_last_ceo_stays_whoever_asks(cast: Cast) -> None:
    """Not even a command of ours takes the last one."""
    system = Actor.system("test")
    whom: dict[str, Any] = {"tenant": cast.acme, "member_id": _member(cast["ana"]), "by": system}
    with pytest.raises(Conflict), auth_scope():
        people.suspend(**whom)
    with pytest.raises(Conflict), auth_scope():
        people.change_role(**whom, role="closer")
    with auth_scope():
        people.set_membership(user=cast["sol"].user, tenant=cast.acme, role="ceo", status="active", by=system)
        people.suspend(**whom)
    assert state(cast["ana"]) == ("ceo", "suspended")


def test_a_suspended_or_locked_ceo_is_no_other_ceo(cast: Cast) -> None:
    """iris is CEO but suspended; one whose account is closed does not count either."""
    with auth_scope():
        people.set_membership(
            user=cast["sol"].user, tenant=cast.acme, role="ceo", status="active", by=cast["ana"].actor
        )
        User.objects.filter(pk=cast["sol"].user.pk).update(is_active=False)
    with pytest.raises(Conflict), auth_scope():
        people.suspend(tenant=cast.acme, member_id=_member(cast["ana"]), by=Actor.system("test"))


@pytest.mark.parametrize("name", ["sol", "teo", "rita", "paz", "pia", "iris", "gus", "root"])
def test_nobody_but_an_active_ceo_of_the_company_decides(name: str, cast: Cast) -> None:
    """Asked of the service itself, past every gate of the faces."""
    whom: dict[str, Any] = {"tenant": cast.acme, "member_id": _member(cast["teo"]), "by": cast[name].actor}
    for verb in (
        people.suspend,
        partial(people.activate, role="ceo"),
        partial(people.change_role, role="ceo"),
        people.reject,
    ):
        with pytest.raises(Forbidden), auth_scope():
            verb(**whom)
    with pytest.raises(Forbidden), auth_scope():
        people.set_scope(**whom, scope="all")
    assert state(cast["teo"]) == ("setter", "active")


def test_in_a_suspended_company_nothing_is_decided(cast: Cast) -> None:
    with platform_scope("test"):
        Tenant.objects.filter(pk=cast.acme.pk).update(status="suspended")
    registry.changed()
    acme = registry.by_id(cast.acme.pk)
    assert acme is not None
    with pytest.raises(Forbidden), auth_scope():
        people.suspend(tenant=acme, member_id=_member(cast["teo"]), by=cast["ana"].actor)


def test_two_ceos_who_demote_each_other_leave_one(live_tenants: Cast) -> None:
    for _round in range(3):
        ana, sol = live_tenants["ana"], live_tenants["sol"]
        with auth_scope():
            for each in (ana, sol):
                people.set_membership(
                    user=each.user, tenant=live_tenants.acme, role="ceo", status="active", by=Actor.system("test")
                )
        answers = at_once(
            [
                partial(
                    people.change_role, tenant=live_tenants.acme, member_id=_member(sol), role="setter", by=ana.actor
                ),
                partial(
                    people.change_role, tenant=live_tenants.acme, member_id=_member(ana), role="setter", by=sol.actor
                ),
            ],
            auth_scope,
        )
        refused = [each for each in answers if isinstance(each, AppError)]
        assert len(refused) == 1, answers
        assert isinstance(refused[0], Forbidden)
        assert sorted([str(state(ana)), str(state(sol))]) == ["('ceo', 'active')", "('setter', 'active')"]


def test_without_the_lock_both_would_fall(live_tenants: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: looking at who leads without waiting for whoever is changing it."""
    ana, sol = live_tenants["ana"], live_tenants["sol"]
    both = threading.Barrier(2)

    def careless(tenant: Tenant, member_id: object, by: Actor) -> Membership:
        people.must_lead(tenant, by)
        member = people.one(tenant, member_id)
        both.wait(20)
        return member

    monkeypatch.setattr(people, "_locked", careless)
    fell = []
    for _race in range(5):  # now and then the database stops one of the two for a reason of its own
        with auth_scope():
            for each in (ana, sol):
                people.set_membership(
                    user=each.user, tenant=live_tenants.acme, role="ceo", status="active", by=Actor.system("test")
                )
        pairs = ((sol, ana), (ana, sol))
        acts = [
            partial(people.change_role, tenant=live_tenants.acme, member_id=_member(who), role="setter", by=by.actor)
            for who, by in pairs
        ]
        at_once(acts, auth_scope)
        fell.append((state(ana), state(sol)))
        if fell[-1] == (("setter", "active"), ("setter", "active")):
            return
    pytest.fail(str(fell))


# --- the link for a waiting person ------------------------------------------------------------------------------
def test_a_waiting_person_is_let_in_by_a_copied_link(
    client_as: ClientAs, pia: Person, acme: Tenant, no_mail: None
) -> None:
    shown = decide(client_as("ana"), pia, "link", role="professional")
    assert "no-store" in shown["Cache-Control"]
    path, stranger = shown_link(shown.content.decode()), client_as(None)
    assert "Para la cuenta" in stranger.get(path).content.decode()
    assert state(pia) == ("closer", "pending")  # looking is not doing
    assert stranger.post(path)["Location"].startswith("/login/")
    assert state(pia) == ("professional", "active")
    assert client_as("pia").get("/mi-dia/").status_code == 200
    assert stranger.post(path).status_code == 410
    assert "activation.accepted" in actions(acme)


def test_a_decision_ends_the_link_that_was_copied_before_it(client_as: ClientAs, pia: Person, no_mail: None) -> None:
    ana = client_as("ana")
    path = shown_link(decide(ana, pia, "link", role="closer").content.decode())
    decide(ana, pia, "reject")
    assert client_as(None).post(path).status_code == 410
    assert state(pia) is None


def test_a_suspended_person_does_not_return_by_an_old_link(client_as: ClientAs, pia: Person, no_mail: None) -> None:
    ana = client_as("ana")
    path = shown_link(decide(ana, pia, "link", role="closer").content.decode())
    decide(ana, pia, "suspend")
    assert client_as(None).post(path).status_code == 410
    assert state(pia) == ("closer", "suspended")


def test_a_member_who_is_in_needs_no_link(client_as: ClientAs, sol: Person) -> None:
    assert decide(client_as("ana"), sol, "link", role="closer").status_code == 409


# --- faces --------------------------------------------------------------------------------------------------------
def test_the_api_decides_like_the_page(api_as: Any, cast: Cast) -> None:
    api, pia = api_as("ana"), cast["pia"]
    at = f"/api/v1/members/{_member(pia)}"
    assert api.post(f"{at}/activate", {"role": "setter"}).json()["status"] == "active"
    assert api.post(f"{at}/role", {"role": "secretary"}).json()["role"] == "secretary"
    assert api.post(f"{at}/scope", {"scope": "own"}).json()["scope"] == "own"
    assert api.post(f"{at}/suspend").json()["status"] == "suspended"
    assert api.post(f"{at}/activate", {"role": "boss"}).status_code == 400
    assert api.post(f"/api/v1/members/{_member(cast['ana'])}/suspend").json()["error"]["code"] == "own_access"
    assert api_as("gus").post(f"{at}/activate", {"role": "ceo"}).status_code == 404
    assert api_as("rita").post(f"{at}/activate", {"role": "ceo"}).status_code == 403


def test_a_ceo_with_a_narrow_view_does_not_exist(api_as: Any, sol: Person) -> None:
    api, at = api_as("ana"), f"/api/v1/members/{_member(sol)}"
    api.post(f"{at}/scope", {"scope": "own"})
    made = api.post(f"{at}/role", {"role": "ceo"}).json()
    assert (made["role"], made["scope"]) == ("ceo", "")


@pytest.mark.parametrize("body", [{}, {"act": "explode"}, {"act": "role", "role": "boss"}, {"act": "role"}])
def test_what_makes_no_sense_is_refused(body: dict[str, str], client_as: ClientAs, sol: Person) -> None:
    answer = client_as("ana").post(f"/equipo/{_member(sol)}/cambiar/", body)
    assert answer.status_code == 422
    assert state(sol) == ("closer", "active")


def test_the_navigation_counts_who_waits(client_as: ClientAs, cast: Cast, acme: Tenant) -> None:
    waiting.count_all()
    mark = 'title="Esperan aprobación">1<'
    assert mark in client_as("ana").get("/mi-dia/").content.decode()
    assert "Esperan aprobación" not in client_as("rita").get("/mi-dia/").content.decode()
    assert "Esperan aprobación" not in client_as("gus").get("/mi-dia/").content.decode()
    decide(client_as("ana"), cast["pia"], "reject")
    assert waiting.known(acme.pk) == 0
    assert "Esperan aprobación" not in client_as("ana").get("/mi-dia/").content.decode()


def test_the_last_use_of_somebody_with_two_companies_is_not_shown(cast: Cast) -> None:
    """It would tell one company when they worked for the other."""
    with auth_scope():
        for name in ("sol", "teo"):
            SignIn.objects.create(user=cast[name].user, kind="session", key=f"key-{name}")
        people.set_membership(
            user=cast["teo"].user, tenant=cast.globex, role="setter", status="active", by=cast["gus"].actor
        )
        rows = {row.user.name: row for row in people.of_company(cast.acme)}
    assert rows["Sol"].seen_at is not None  # type: ignore[attr-defined]  # annotated
    assert rows["Teo"].seen_at is None  # type: ignore[attr-defined]  # annotated
    assert "Gus" not in rows
