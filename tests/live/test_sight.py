"""What one member's live line carries: own, team, all; at once when it changes; and nothing of what one may not open."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError

from crm.agenda import events
from crm.models import Lead, Notification
from crm.services import assignment
from crm.services.leads import update_lead
from crm.services.notifications import notify
from messaging.services.conversations import assign
from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.live import access_topics, admission, hub, sight
from tenants.live.threads import in_thread
from tenants.models import Membership, PlatformAccess
from tenants.services import platform, registry, teams, visits
from tests.factories.agenda import make_event
from tests.factories.crm import make_lead, make_seller
from tests.factories.messaging import make_conversation
from tests.live.conftest import Socket, bearer, connect, happen, root
from tests.support.cast import Cast

__all__ = ["connect", "root"]  # fixtures
Connect = Callable[..., Socket]


def leads_of(cast: Cast) -> dict[str, Any]:
    """A lead of sol's, of teo's, and of nobody's."""
    with tenant_context(cast.acme):
        sellers = {name: make_seller(user=cast[name].user) for name in ("sol", "teo")}
        return {name: make_lead(owner=sellers.get(name)) for name in ("sol", "teo", "nobody")} | {"sellers": sellers}


def touch(cast: Cast, lead: Lead, note: str = "x") -> None:
    with tenant_context(cast.acme):
        update_lead(lead=lead, by=cast["ana"].actor, source=note)


async def heard(socket: Socket) -> list[tuple[str, str]]:
    """(type, id of the row) of every frame that comes within a moment."""
    frames = []
    while not await socket.receive_nothing(timeout=0.3):
        frame = await socket.frame()
        frames.append((frame["type"], str(frame.get("data", {}).get("id", ""))))
    return frames


async def opened(connect: Connect, cast: Cast, name: str, query: str = "", **more: str) -> Socket:
    socket = connect(f"/ws/events/{query}", authorization=bearer(cast[name]), **more)
    assert await socket.open()
    return socket


async def test_a_line_carries_ones_own_and_nobodys(connect: Connect, live_tenants: Cast) -> None:
    leads = await in_thread(leads_of, live_tenants)
    sol, ana = await opened(connect, live_tenants, "sol"), await opened(connect, live_tenants, "ana")
    for name in ("teo", "sol", "nobody"):
        await in_thread(touch, live_tenants, leads[name])
    assert [pk for _type, pk in await heard(sol)] == [str(leads["sol"].pk), str(leads["nobody"].pk)]
    assert [pk for _type, pk in await heard(ana)] == [str(leads[name].pk) for name in ("teo", "sol", "nobody")]


async def test_replay_is_judged_like_what_is_live(connect: Connect, live_tenants: Cast) -> None:
    leads = await in_thread(leads_of, live_tenants)
    for name in ("teo", "sol", "nobody"):
        await in_thread(touch, live_tenants, leads[name])
    sol = await opened(connect, live_tenants, "sol", "?after=0")
    found = await heard(sol)
    assert [pk for _type, pk in found] == [str(leads["sol"].pk), str(leads["nobody"].pk)]


async def test_who_loses_a_lead_is_told_to_look_again_and_not_which(connect: Connect, live_tenants: Cast) -> None:
    leads = await in_thread(leads_of, live_tenants)
    sol, paz = await opened(connect, live_tenants, "sol"), await opened(connect, live_tenants, "paz")

    def give_away() -> None:
        with tenant_context(live_tenants.acme):
            assignment.assign(lead=leads["sol"], owner=leads["sellers"]["teo"], by=live_tenants["ana"].actor)

    await in_thread(give_away)
    assert await heard(sol) == [("RESYNC", "")]
    assert await heard(paz) == [("LEAD_UPDATED", str(leads["sol"].pk))]


async def test_chats_follow_whom_they_are_assigned_to(connect: Connect, live_tenants: Cast) -> None:
    def make() -> Any:
        with tenant_context(live_tenants.acme):
            return make_conversation(assignee=live_tenants["teo"].user)

    chat = await in_thread(make)
    sol, teo = await opened(connect, live_tenants, "sol"), await opened(connect, live_tenants, "teo")

    def to(name: str) -> None:
        with tenant_context(live_tenants.acme):
            assign(conversation=chat, user=live_tenants[name].user, by=live_tenants["ana"].actor)

    await in_thread(to, "sol")
    assert await heard(sol) == [("CONVERSATION_UPDATED", str(chat.pk))]
    assert await heard(teo) == [("RESYNC", "")]


async def test_a_wider_scope_takes_effect_on_the_open_line(connect: Connect, live_tenants: Cast) -> None:
    leads = await in_thread(leads_of, live_tenants)
    sol = await opened(connect, live_tenants, "sol")
    await in_thread(touch, live_tenants, leads["teo"])
    assert await heard(sol) == []

    def widen() -> None:
        with tenant_context(live_tenants.acme):
            member = Membership.objects.get(pk=live_tenants["sol"].member.pk)
            teams.set_scope(member=member, scope="all", team=None, by=live_tenants["ana"].actor)

    await in_thread(widen)
    assert (await sol.frame())["type"] == "RESYNC"
    await in_thread(touch, live_tenants, leads["teo"], "y")
    assert await heard(sol) == [("LEAD_UPDATED", str(leads["teo"].pk))]


async def test_a_role_without_channels_hears_nothing_of_them(connect: Connect, live_tenants: Cast) -> None:
    paz, rita = await opened(connect, live_tenants, "paz"), await opened(connect, live_tenants, "rita")
    await happen(live_tenants.acme, "1", type="CHANNEL_UPDATED")
    assert await heard(paz) == []
    assert await heard(rita) == [("CHANNEL_UPDATED", "1")]


async def test_a_visit_hears_of_no_customer_and_is_closed_when_it_ends(connect: Connect, live_tenants: Cast) -> None:
    leads = await in_thread(leads_of, live_tenants)
    staff = live_tenants["root"]

    def begin() -> PlatformAccess:
        with platform_scope("test"):
            return visits.begin(
                staff=staff.user, tenant=live_tenants.acme, reason="Mirar los canales", minutes=15, by=staff.actor
            )

    visit = await in_thread(begin)
    socket = await opened(connect, live_tenants, "root", x_tenant=live_tenants.acme.slug)
    await in_thread(touch, live_tenants, leads["nobody"])
    assert await heard(socket) == []

    def end() -> None:
        with tenant_context(live_tenants.acme):
            visits.end(visit=visit, by=live_tenants["ana"].actor)

    await in_thread(end)
    assert await socket.closed() == 4401


async def test_a_suspended_companys_lines_close_at_once(connect: Connect, live_tenants: Cast) -> None:
    ana = await opened(connect, live_tenants, "ana")

    def suspend() -> None:
        with platform_scope("test"):
            platform.set_active(
                tenant=live_tenants.acme, active=False, reason="Falta de pago", by=live_tenants["root"].actor
            )

    await in_thread(suspend)
    assert await ana.closed() == 4401
    await in_thread(registry.changed)


async def test_an_end_nobody_announced_is_found_when_the_line_is_asked_again(
    connect: Connect, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LOOK_SECONDS", 0.05)
    sol = await opened(connect, live_tenants, "sol")

    def narrow() -> None:
        with auth_scope():
            Membership.objects.filter(pk=live_tenants["sol"].member.pk).update(scope="all")

    await in_thread(narrow)
    assert (await sol.frame())["type"] == "RESYNC"


async def test_the_order_of_a_narrow_line_is_the_order_of_the_commits(connect: Connect, live_tenants: Cast) -> None:
    leads = await in_thread(leads_of, live_tenants)
    sol = await opened(connect, live_tenants, "sol")
    for number in range(30):
        await in_thread(touch, live_tenants, leads["sol" if number % 2 else "teo"], str(number))
    numbers = []
    while not await sol.receive_nothing(timeout=0.3):
        numbers.append((await sol.frame())["id"])
    assert len(numbers) == 15
    assert numbers == sorted(numbers)


async def test_a_line_that_cannot_be_judged_is_told_to_look_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_given: Any) -> Any:
        raise DatabaseError("away")

    monkeypatch.setattr(sight, "frames", away)
    line = hub.Line(lambda code: None, sight=sight.Sight(frozenset(), frozenset()))
    room = hub.Room(1, 0)
    room.add(line)
    room.hear(1, "{}", {"id": 1})
    assert json.loads((await line.next())[1]) == {"id": 1, "type": "RESYNC"}


def test_whoever_sees_all_costs_no_statement(cast: Cast, statements: Any) -> None:
    events = [({"id": 1, "type": "LEAD_UPDATED", "data": {"object": "lead", "id": "x"}}, "frame")]
    allowed = sight.Sight(frozenset({"LEAD_UPDATED"}))
    with statements() as seen:
        told = sight.frames(cast.acme.pk, events, [allowed, sight.WHOLE])
    assert seen.count == 0
    assert told == {allowed: [(1, "frame")], sight.WHOLE: [(1, "frame")]}


def test_a_batch_costs_the_same_however_many_listen(cast: Cast, statements: Any) -> None:
    leads = leads_of(cast)
    events = [
        ({"id": n, "type": "LEAD_UPDATED", "data": {"object": "lead", "id": str(leads["sol"].pk)}}, str(n))
        for n in range(50)
    ]
    few = [sight.Sight(frozenset({"LEAD_UPDATED"}), frozenset({str(n)})) for n in range(2)]
    many = [sight.Sight(frozenset({"LEAD_UPDATED"}), frozenset({str(n)})) for n in range(200)]
    counts = []
    for listeners in (few, many):
        with statements() as seen:
            sight.frames(cast.acme.pk, events, listeners)
        counts.append(seen.count)
    assert counts[0] == counts[1] <= 4


def test_access_is_asked_for_by_one_name() -> None:
    assert admission.changed is access_topics.changed


async def test_what_is_for_one_person_reaches_nobody_else_however_much_they_see(
    connect: Connect, live_tenants: Cast
) -> None:
    def tell(name: str, key: str) -> str:
        with tenant_context(live_tenants.acme):
            notify(user_id=live_tenants[name].user.pk, kind=Notification.Kind.DONE, key=key)
            return str(Notification.objects.get(key=key).pk)

    ana, paz, sol = [await opened(connect, live_tenants, name) for name in ("ana", "paz", "sol")]
    for_sol, for_paz = [await in_thread(tell, name, name) for name in ("sol", "paz")]

    assert await heard(sol) == [("NOTIFICATION", for_sol)]
    assert await heard(paz) == [("NOTIFICATION", for_paz)]
    assert await heard(ana) == []
    for name, expected in (("ana", []), ("paz", [("NOTIFICATION", for_paz)]), ("sol", [("NOTIFICATION", for_sol)])):
        replayed = await opened(connect, live_tenants, name, "?after=0")
        assert [each for each in await heard(replayed) if each[0] == "NOTIFICATION"] == expected


async def test_an_appointment_is_heard_by_its_seller_and_whoever_has_its_lead(
    connect: Connect, live_tenants: Cast
) -> None:
    def made() -> dict[str, Any]:
        with tenant_context(live_tenants.acme):
            sellers = {name: make_seller(user=live_tenants[name].user) for name in ("sol", "teo")}
            lead = make_lead(owner=sellers["sol"])
            return {
                "own": make_event(seller=sellers["sol"]),
                "of the lead": make_event(seller=sellers["teo"], lead=lead, contact=lead.contact),
                "of others": make_event(seller=sellers["teo"]),
            }

    rows = await in_thread(made)
    sol, ana = await opened(connect, live_tenants, "sol"), await opened(connect, live_tenants, "ana")

    def confirm() -> None:
        for event in rows.values():
            with tenant_context(live_tenants.acme):
                events.confirm(event=event, by=live_tenants["ana"].actor)

    await in_thread(confirm)
    assert [pk for kind, pk in await heard(sol) if kind == "APPOINTMENT_UPDATED"] == [
        str(rows["own"].pk),
        str(rows["of the lead"].pk),
    ]
    assert len([pk for kind, pk in await heard(ana) if kind == "APPOINTMENT_UPDATED"]) == 3
