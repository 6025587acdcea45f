"""Pages of tasks and of a lead's next step, as somebody without scripts uses them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Lead, Notification, Task
from crm.services import steps
from crm.services import tasks as services
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_task
from tests.factories.messaging import make_conversation
from tests.support.cast import Person

ClientAs = Callable[..., Client]


def task_of(tenant: Tenant, who: Person, *, hours: float = 3, **over: object) -> Task:
    with tenant_context(tenant):
        return make_task(assignee=who.user, due_at=timezone.now() + timedelta(hours=hours), **over)


def again(tenant: Tenant, row: Any) -> Any:
    with tenant_context(tenant):
        row.refresh_from_db()
        return row


def titles(client: Client, query: str = "") -> list[str]:
    return [task.title for task, _when in client.get(f"/tareas/{query}").context["rows"]]


def test_the_list_begins_with_what_is_due_first_and_is_ones_own(
    client_as: ClientAs, acme: Tenant, ana: Person, sol: Person
) -> None:
    for title, hours in (("Después", 900), ("Antes", -3), ("Ahora", 2)):
        task_of(acme, ana, hours=hours, title=title)
    task_of(acme, sol, title="De Sol")

    assert titles(client_as("ana")) == ["Antes", "Ahora", "Después"]
    assert sorted(titles(client_as("ana"), "?whose=all")) == ["Ahora", "Antes", "De Sol", "Después"]
    assert titles(client_as("sol")) == ["De Sol"]


@pytest.mark.parametrize(("when", "found"), [("late", ["Tarde"]), ("later", ["Lejos"]), ("done", ["Lista"])])
def test_the_tabs_part_them_by_date(
    client_as: ClientAs, acme: Tenant, ana: Person, when: str, found: list[str]
) -> None:
    task_of(acme, ana, hours=-1, title="Tarde")
    task_of(acme, ana, hours=24 * 20, title="Lejos")
    task_of(acme, ana, title="Lista", done_at=timezone.now())

    assert titles(client_as("ana"), f"?when={when}") == found


def test_every_open_task_is_in_exactly_one_tab(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    for hours in (-30, -1, 0.01, 5, 14, 26, 60, 100, 150, 200, 400):
        task_of(acme, ana, hours=hours, title=str(hours))
    browser = client_as("ana")

    parted = [title for when in ("late", "today", "week", "later") for title in titles(browser, f"?when={when}")]

    assert parted == titles(browser)


@pytest.mark.parametrize("said", ["presup", "nandu"])
def test_a_search_finds_by_title_and_by_person_without_accents(
    client_as: ClientAs, acme: Tenant, ana: Person, said: str
) -> None:
    with tenant_context(acme):
        contact = make_contact(name="Jardín Ñandú")
    task_of(acme, ana, title="Pasar el presupuesto", contact=contact)
    task_of(acme, ana, title="Otra")

    assert titles(client_as("ana"), f"?q={said}") == ["Pasar el presupuesto"]


def test_a_quick_date_is_enough(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        lead = make_lead()

    answer = client_as("ana").post(
        "/tareas/nueva/", {"title": "Llamar", "kind": "call", "lead": lead.pk, "quick": "tomorrow"}
    )

    assert answer.status_code == 302
    with tenant_context(acme):
        task = Task.objects.get()
        assert (task.title, task.kind, task.lead_id, task.contact_id) == ("Llamar", "call", lead.pk, lead.contact_id)
        assert task.due_at.astimezone(timezone.get_fixed_timezone(-180)).strftime("%H:%M") == "09:00"


def test_a_form_without_a_date_keeps_its_words(client_as: ClientAs) -> None:
    answer = client_as("ana").post("/tareas/nueva/", {"title": "Llamar a la tarde", "kind": "call"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Llamar a la tarde" in page
    assert "Falta para cuándo" in page


def test_a_reminder_is_kept_as_time_ahead(client_as: ClientAs, acme: Tenant) -> None:
    ana = client_as("ana")
    ana.post("/tareas/nueva/", {"title": "Reunión", "kind": "meeting", "quick": "tomorrow", "remind": "60"})
    with tenant_context(acme):
        task = Task.objects.get()
        assert task.remind_at == task.due_at - timedelta(hours=1)

    form = ana.get(f"/tareas/{task.pk}/editar/").context["form"]
    ana.post(f"/tareas/{task.pk}/editar/", {"title": "Reunión", "kind": "meeting", "quick": "monday", "remind": "60"})

    assert form.initial["remind"] == "60"
    task = again(acme, task)
    assert task.remind_at == task.due_at - timedelta(hours=1)


def test_a_task_given_to_another_tells_them(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    client_as("ana").post(
        "/tareas/nueva/", {"title": "Llamar", "kind": "call", "quick": "today", "assignee": str(sol.user.pk)}
    )

    with tenant_context(acme):
        assert Notification.objects.get().user_id == sol.user.pk
    assert titles(client_as("sol")) == ["Llamar"]


def test_finishing_with_a_result_and_the_next_one(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        lead = make_lead()
    task = task_of(acme, ana, lead=lead)

    client_as("ana").post(
        f"/tareas/{task.pk}/hecha/", {"outcome": "Pide descuento", "title": "Mandar oferta", "quick": "three_days"}
    )

    assert again(acme, task).outcome == "Pide descuento"
    with tenant_context(acme):
        following = Task.objects.open().get()
        assert (following.title, following.lead_id) == ("Mandar oferta", lead.pk)
        assert Lead.objects.get(pk=lead.pk).next_step_at == following.due_at


def test_the_last_one_of_an_open_lead_asks_what_comes_next(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        lead = make_lead()
    task = task_of(acme, ana, lead=lead)
    browser = client_as("ana")

    answer = browser.post(f"/tareas/{task.pk}/hecha/", {"next": "/tareas/"}, follow=True)

    assert answer.request["PATH_INFO"] == f"/leads/{lead.pk}/paso/"
    assert "¿Qué sigue?" in answer.content.decode()
    until = timezone.now().date() + timedelta(days=30)
    browser.post(f"/leads/{lead.pk}/paso/", {"act": "explain", "reason": "Viaja", "until": until.isoformat()})
    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).no_step_reason == "Viaja"
        assert not steps.lacking(Lead.objects.visible_to(ana.member)).exists()


def test_one_of_two_asks_nothing(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        lead = make_lead()
        for _each in range(2):
            services.create_task(
                title="Paso", due_at=timezone.now(), lead=lead, by=Actor.system("x"), assignee=ana.user
            )
        task = Task.objects.first()

    answer = client_as("ana").post(f"/tareas/{task.pk}/hecha/", {"next": "/tareas/"})

    assert answer["Location"] == "/tareas/"


def test_a_reason_without_a_day_is_asked_for_again(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lead = make_lead()

    answer = client_as("ana").post(f"/leads/{lead.pk}/paso/", {"act": "explain", "reason": "Viaja a Perú"})

    assert answer.status_code == 422
    assert "Viaja a Perú" in answer.content.decode()


def test_a_deleted_task_can_be_taken_back(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    task = task_of(acme, ana, title="Llamar")
    browser = client_as("ana")

    page = browser.post(f"/tareas/{task.pk}/quitar/").content.decode()
    assert titles(browser) == []
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept is not None
    browser.post("/tareas/recuperar/", {"kept": kept[1]})

    assert titles(browser) == ["Llamar"]


@pytest.mark.parametrize("name", ["gus", "sol"])
def test_a_way_back_is_for_whoever_got_it(client_as: ClientAs, acme: Tenant, ana: Person, name: str) -> None:
    task = task_of(acme, ana)
    page = client_as("ana").post(f"/tareas/{task.pk}/quitar/").content.decode()
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept is not None

    assert client_as(name).post("/tareas/recuperar/", {"kept": kept[1]}).status_code == 400


def test_putting_off_moves_the_reminder_along(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    now = timezone.now()
    task = task_of(acme, ana, hours=2, remind_at=now + timedelta(hours=1))

    client_as("ana").post(f"/tareas/{task.pk}/posponer/")

    with tenant_context(acme):
        moved = Task.objects.get()
    assert moved.due_at - moved.remind_at == task.due_at - task.remind_at
    assert moved.due_at > now + timedelta(hours=23)


@pytest.mark.parametrize("where", ["https://example.com/", "//example.com/", "javascript:alert(1)"])
def test_the_way_back_stays_on_this_site(client_as: ClientAs, acme: Tenant, ana: Person, where: str) -> None:
    task = task_of(acme, ana)

    assert client_as("ana").post(f"/tareas/{task.pk}/posponer/", {"next": where})["Location"] == f"/tareas/{task.pk}/"


def test_others_tasks_do_not_exist(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    with tenant_context(acme):
        lead = make_lead(owner=make_seller())
    task = task_of(acme, ana, lead=lead)

    for name in ("sol", "gus"):
        assert client_as(name).get(f"/tareas/{task.pk}/").status_code == 404
        assert client_as(name).post(f"/tareas/{task.pk}/hecha/").status_code == 404
        assert client_as(name).post(f"/leads/{lead.pk}/paso/", {"quick": "today"}).status_code == 404


def test_taking_a_lead_that_nobody_has(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        seller, lead, taken = make_seller(user=sol.user), make_lead(), make_lead(owner=make_seller())

    assert client_as("sol").post(f"/leads/{lead.pk}/tomar/").status_code == 302
    assert client_as("sol").post(f"/leads/{taken.pk}/tomar/").status_code == 404
    assert client_as("ana").post(f"/leads/{lead.pk}/tomar/").status_code == 302  # no seller herself

    assert again(acme, lead).owner_id == seller.pk


@pytest.mark.parametrize("path", ["/tareas/?whose=all", "/tareas/?when=done&q=llamar"])
def test_the_list_costs_the_same_with_many(
    client_as: ClientAs, acme: Tenant, sol: Person, statements: Callable, path: str
) -> None:
    browser, counted = client_as("sol"), []
    for _round in range(2):
        for _each in range(12):
            task_of(acme, sol)
        with statements() as seen:
            browser.get(path)
        counted.append(seen.count)

    assert counted[0] == counted[1] <= 8


def test_a_step_is_planned_beside_the_chat(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        lead = make_lead(owner=make_seller(user=sol.user))
        chat = make_conversation(contact=lead.contact, mode="human")
    browser, card = client_as("sol"), f"/bandeja/{chat.pk}/ficha/"
    assert "Sin próximo paso" in browser.get(card).content.decode()

    answer = browser.post(f"/leads/{lead.pk}/paso/", {"quick": "tomorrow", "next": card})

    assert answer["Location"] == card
    page = browser.get(card).content.decode()
    assert "Sin próximo paso" not in page
    assert "mañana 09:00" in page
