"""Mi día: today's appointments, and whether those that are over took place."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import AgendaEvent, Seller
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_event
from tests.factories.crm import make_contact, make_seller
from tests.factories.messaging import make_conversation
from tests.support.cast import Person

ClientAs = Callable[..., Client]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def mine(acme: Tenant, sol: Person) -> Seller:
    with tenant_context(acme):
        return make_seller(name="Sol", user=sol.user)


def meeting(tenant: Tenant, seller: Seller, name: str, starts: datetime, **over: object) -> AgendaEvent:
    """Of one minute, so that every hour of the day has room for the tests' ones."""
    with tenant_context(tenant):
        given = {"seller": seller, "contact": make_contact(name=name), "starts_at": starts, "ends_at": starts + MINUTE}
        return make_event(**{**given, **over})


def later_today(tenant: Tenant) -> datetime:
    """A moment of today that is still to come, were it the last minute of the day."""
    now = timezone.now().astimezone(ZoneInfo(tenant.timezone))
    return min(now + timedelta(hours=1), now.replace(hour=23, minute=59, second=59))


def sections(client: Client, query: str = "") -> dict[str, list[str]]:
    found = client.get(f"/mi-dia/{query}").context["sections"]
    return {section.kind: [row.who for row in section.rows] for section in found}


def acts(client: Client, who: str) -> list[str]:
    row = next(row for row in client.get("/mi-dia/").context["rows"] if row.who == who)
    return [act.label for act in row.acts]


def test_what_is_over_is_asked_about_first_and_todays_follow(client_as: ClientAs, acme: Tenant, mine: Seller) -> None:
    now = timezone.now()
    meeting(acme, mine, "De hoy", later_today(acme))
    meeting(acme, mine, "De ayer", now - timedelta(days=1))
    meeting(acme, mine, "De pasado", now + timedelta(days=2))
    with tenant_context(acme):
        make_conversation(contact=make_contact(name="Espera"), mode="human", waiting_since=now)
    found = sections(client_as("sol"))
    assert found == {"came": ["De ayer"], "meeting": ["De hoy"], "waiting": ["Espera"]}
    assert list(found) == ["came", "meeting", "waiting"]


def test_what_was_called_off_done_or_only_held_is_not_asked(client_as: ClientAs, acme: Tenant, mine: Seller) -> None:
    for days, over in enumerate(
        (
            {"status": "cancelled"},
            {"status": "done"},
            {"status": "no_show"},
            {"status": "held", "hold_until": timezone.now()},
            {"kind": "busy"},
        )
    ):
        meeting(acme, mine, "No", timezone.now() - timedelta(days=days + 1), **over)
    meeting(acme, mine, "Hace mucho", timezone.now() - timedelta(days=40))
    assert sections(client_as("sol")) == {}


@pytest.mark.parametrize(("said", "status"), [("yes", "done"), ("no", "no_show")])
def test_an_answer_clears_the_row_in_place(
    client_as: ClientAs, acme: Tenant, mine: Seller, said: str, status: str
) -> None:
    event = meeting(acme, mine, "De ayer", timezone.now() - timedelta(days=1))
    browser = client_as("sol")
    body = browser.get("/mi-dia/").content.decode()
    assert acts(browser, "De ayer") == ["Vino", "No vino", "Escribir"]
    assert f'<input type="hidden" name="came" value="{said}">' in body
    page = f"/agenda/citas/{event.pk}/resultado/"
    answer = browser.post(page, {"came": said, "next": "/mi-dia/"}, follow=True, headers={"HX-Request": "true"})
    assert "De ayer" not in answer.content.decode()
    with tenant_context(acme):
        event.refresh_from_db()
        assert event.status == status


def test_a_coming_one_is_confirmed_from_here(client_as: ClientAs, acme: Tenant, mine: Seller) -> None:
    event = meeting(acme, mine, "De hoy", later_today(acme))
    browser = client_as("sol")
    assert acts(browser, "De hoy") == ["Confirmar", "Escribir"]
    browser.post(f"/agenda/citas/{event.pk}/confirmar/", {"next": "/mi-dia/"})
    assert acts(browser, "De hoy") == ["Escribir"]
    row = browser.get("/mi-dia/").context["rows"][0]
    assert row.marks == ["Confirmada"]


def test_who_comes_today_and_waits_for_an_answer_has_both_rows(client_as: ClientAs, acme: Tenant, mine: Seller) -> None:
    event = meeting(acme, mine, "Marta", later_today(acme))
    with tenant_context(acme):
        make_conversation(contact=event.contact, mode="human", waiting_since=timezone.now())
    assert sections(client_as("sol")) == {"meeting": ["Marta"], "waiting": ["Marta"]}


def test_everybodys_are_in_everybodys_day(client_as: ClientAs, acme: Tenant, mine: Seller) -> None:
    meeting(acme, mine, "De Sol", later_today(acme))
    assert sections(client_as("ana")) == {}
    assert sections(client_as("ana"), "?de=todos") == {"meeting": ["De Sol"]}
    assert sections(client_as("gus"), "?de=todos") == {}


def test_more_than_a_screen_is_counted_as_such(client_as: ClientAs, acme: Tenant, mine: Seller) -> None:
    for number in range(32):
        meeting(acme, mine, f"De ayer {number}", timezone.now() - timedelta(days=1, minutes=5 * number))
    meeting(acme, mine, "De hoy", later_today(acme))
    page = client_as("sol").get("/mi-dia/")
    counts = {section.kind: section.count for section in page.context["sections"]}
    assert counts == {"came": "30+", "meeting": "1"}
