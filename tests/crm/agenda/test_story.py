"""Appointments in the story of a contact, and the next one beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.agenda import booking, events
from crm.domain.timeline import About, Group
from crm.models import AgendaEvent
from crm.services import portrait
from crm.services.timeline import story
from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.models import Membership, Tenant
from tests.factories.agenda import make_event
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Person

Browser = Callable[..., Client]


def member_of(person: Person) -> Membership:
    assert person.member is not None
    return Membership.objects.get(pk=person.member.pk)


def told(contact: Any, person: Person, **more: Any) -> list[str]:
    connection.run_before_commit()
    about = About(contact.pk, member_of(person), "America/Argentina/Buenos_Aires", **more)
    return [entry.text for entry in story(about, group=Group.AGENDA).entries]


@pytest.fixture
def event(in_acme: Tenant, ana: Person) -> AgendaEvent:
    start = (timezone.now() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    return booking.book_at(
        seller=make_seller(name="Uno"),
        contact=make_contact(),
        start=start,
        end=start + timedelta(hours=1),
        title="Visita",
        by=ana.actor,
        source=AgendaEvent.Source.PAGE,
    )


def test_it_is_told_when_it_was_booked_moved_confirmed_and_called_off(event: AgendaEvent, ana: Person) -> None:
    booking.reschedule(event=event, start=event.starts_at + timedelta(days=1), by=ana.actor)
    events.confirm(event=event, by=ana.actor)
    events.cancel(event=event, by=ana.actor, reason="Viaja")
    assert sorted(told(event.contact, ana)) == [
        *("La cita se canceló", "La cita se confirmó", "La cita se movió"),
        "Se agendó Visita con Uno",
    ]


def test_who_did_it_and_where_it_is_looked_at_are_on_the_line(event: AgendaEvent, ana: Person) -> None:
    booking.reschedule(event=event, start=event.starts_at + timedelta(days=1), by=ana.actor)
    connection.run_before_commit()
    entries = story(About(event.contact_id, member_of(ana), "UTC"), group=Group.AGENDA).entries  # type: ignore[arg-type]  # it has one
    assert {entry.name for entry in entries} == {ana.actor.label}
    assert {entry.href for entry in entries} == {f"/agenda/citas/{event.pk}/"}
    moved = next(entry for entry in entries if entry.text == "La cita se movió")
    assert " → " in moved.detail


@pytest.mark.parametrize(("came", "words"), [(True, "Vino a la cita"), (False, "No vino a la cita")])
def test_whether_they_came_is_told(in_acme: Tenant, ana: Person, came: bool, words: str) -> None:
    event = make_event(starts_at=timezone.now() - timedelta(hours=3))
    events.set_outcome(event=event, came=came, by=ana.actor)
    assert words in told(event.contact, ana)


def test_a_hold_or_a_busy_time_is_no_story(in_acme: Tenant, ana: Person) -> None:
    contact = make_contact()
    make_event(contact=contact, status="held", hold_until=timezone.now())
    make_event(contact=contact, kind="busy")
    assert told(contact, ana) == []


def test_a_lead_tells_only_its_own_and_those_of_nobodys_lead(in_acme: Tenant, ana: Person) -> None:
    contact = make_contact()
    one, other = make_lead(contact=contact), make_lead(contact=contact)
    make_event(contact=contact, lead=one, title="Suya")
    make_event(contact=contact, lead=other, title="Ajena")
    make_event(contact=contact, title="Suelta")
    lines = " ".join(told(contact, ana, lead_id=one.pk))
    assert "Suya" in lines
    assert "Suelta" in lines
    assert "Ajena" not in lines


def test_somebody_elses_appointment_is_not_told(in_acme: Tenant, sol: Person) -> None:
    mine = make_seller(user=sol.user)
    contact = make_lead(owner=mine).contact
    make_event(contact=contact, title="De un colega")
    make_event(contact=contact, title="Propia", seller=mine)
    assert told(contact, sol) == [f"Se agendó Propia con {mine.name}"]


def test_the_next_one_stands_beside_the_story(
    client_as: Browser, acme: Tenant, ana: Person, statements: Callable[..., Any]
) -> None:
    with tenant_context(acme):
        contact, seller = make_contact(), make_seller(name="Uno")
        now = timezone.now()
        make_event(contact=contact, starts_at=now - timedelta(days=2), title="Pasada")
        make_event(contact=contact, starts_at=now + timedelta(days=1), title="Cancelada", status="cancelled")
        soon = make_event(contact=contact, seller=seller, starts_at=now + timedelta(days=3), title="Próxima")
        make_event(contact=contact, starts_at=now + timedelta(days=9), title="Lejana")
        shown = portrait.of_contact(contact, member_of(ana)).appointment
    assert shown is not None
    assert (shown["id"], shown["title"], shown["seller"]) == (str(soon.pk), "Próxima", "Uno")
    browser = client_as("ana")
    with statements() as seen:
        body = browser.get(f"/contactos/{contact.pk}/").content.decode()
    assert f'href="/agenda/citas/{soon.pk}/"' in body
    assert f'href="/agenda/nueva/?contact={contact.pk}"' in body
    assert seen.count <= 8, str(seen)
