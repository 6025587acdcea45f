"""Mi día: what waits for a person, in order, each with its act."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Lead, Seller, Task
from crm.services import day, steps, tasks
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_stage_request, make_task
from tests.factories.messaging import make_conversation, make_message
from tests.support.cast import Cast, Person

ClientAs = Callable[..., Client]


def waiting(tenant: Tenant, name: str, minutes: int, **over: object) -> None:
    with tenant_context(tenant):
        since = timezone.now() - timedelta(minutes=minutes)
        fields = {"mode": "human", "waiting_since": since, **over}
        make_conversation(contact=make_contact(name=name), **fields)


def names(client: Client) -> list[str]:
    return [row.who for row in client.get("/mi-dia/").context["rows"]]


def test_the_longest_wait_comes_first(client_as: ClientAs, acme: Tenant) -> None:
    waiting(acme, "Hace poco", 3)
    waiting(acme, "Hace mucho", 300)

    assert names(client_as("ana")) == ["Hace mucho", "Hace poco"]


def test_what_the_ai_answers_does_not_wait_for_a_person(client_as: ClientAs, acme: Tenant) -> None:
    waiting(acme, "Con IA", 3, mode="ai")
    waiting(acme, "Ya respondida", 3, waiting_since=None)
    waiting(acme, "Cerrada", 3, status="closed")

    assert names(client_as("ana")) == []


def test_another_persons_conversation_is_hers(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    waiting(acme, "De Sol", 3, assignee_id=sol.user.pk)

    assert names(client_as("ana")) == []
    assert names(client_as("sol")) == ["De Sol"]


def test_failed_messages_and_leads_without_seller_follow(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        failed = make_conversation(contact=make_contact(name="No le llegó"))
        make_message(conversation=failed, direction="out", status="failed", error="El número no tiene WhatsApp")
        make_lead(contact=make_contact(name="Nueva"))
        make_lead(contact=make_contact(name="Con vendedor"), owner=make_seller())
    waiting(acme, "Espera", 3)

    page = client_as("ana").get("/mi-dia/").content.decode()

    assert names(client_as("ana")) == ["Espera", "No le llegó", "Nueva"]
    assert "El número no tiene WhatsApp" in page


def test_an_empty_day_says_so(client_as: ClientAs) -> None:
    assert "Nada espera por una persona" in client_as("ana").get("/mi-dia/").content.decode()


def test_an_outsider_sees_nothing_of_it(client_as: ClientAs, acme: Tenant) -> None:
    waiting(acme, "De Acme", 3)

    assert names(client_as("gus")) == []


def promise(tenant: Tenant, who: Person, name: str, *, hours: float, **over: object) -> Task:
    with tenant_context(tenant):
        due = timezone.now() + timedelta(hours=hours)
        return make_task(assignee=who.user, due_at=due, contact=make_contact(name=name), **over)


def lead(tenant: Tenant, name: str, owner: object = None, **over: object) -> Lead:
    with tenant_context(tenant):
        return make_lead(contact=make_contact(name=name), owner=owner, **over)


def seller_of(tenant: Tenant, who: Person) -> Seller:
    with tenant_context(tenant):
        return make_seller(name=who.name.title(), user=who.user)


def resting(tenant: Tenant, row: Lead, **fields: object) -> None:
    with tenant_context(tenant):
        Lead.objects.filter(pk=row.pk).update(**fields)


def kinds(client: Client, query: str = "") -> dict[str, list[str]]:
    sections = client.get(f"/mi-dia/{query}").context["sections"]
    return {section.kind: [row.who for row in section.rows] for section in sections}


def marks(client: Client, who: str) -> list[str]:
    row = next(row for row in client.get("/mi-dia/").context["rows"] if row.who == who)
    return [row.mark, *row.marks]


def test_everything_comes_in_the_order_of_its_urgency(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    mine, long_ago = seller_of(acme, sol), timezone.now() - timedelta(days=40)
    lead(acme, "Nadie", no_step_reason="Pronto")
    resting(acme, lead(acme, "Fría", mine, no_step_reason="Viaja"), last_activity_at=long_ago)
    resting(acme, lead(acme, "Sin paso", mine), first_response_at=timezone.now())
    lead(acme, "Caliente", mine, interest="high", no_step_reason="Ya")
    promise(acme, sol, "Para hoy", hours=0.005)
    promise(acme, sol, "Atrasada", hours=-1)
    promise(acme, sol, "Otro día", hours=50)
    with tenant_context(acme):
        failed = make_conversation(contact=make_contact(name="No le llegó"))
        make_message(conversation=failed, direction="out", status="failed", error="Sin WhatsApp")
    waiting(acme, "Espera", 3)

    assert kinds(client_as("sol")) == {
        "waiting": ["Espera"],
        "lost": ["No le llegó"],
        "late": ["Atrasada"],
        "today": ["Para hoy"],
        "hot": ["Caliente"],
        "lacking": ["Sin paso"],
        "cold": ["Fría"],
        "unowned": ["Nadie"],
    }


def test_nobody_stands_in_two_places(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    mine = seller_of(acme, sol)
    row = lead(acme, "Una sola", mine, interest="high")
    resting(acme, row, last_activity_at=timezone.now() - timedelta(days=40))
    with tenant_context(acme):
        since = timezone.now() - timedelta(minutes=5)
        make_conversation(contact=row.contact, mode="human", waiting_since=since)

    assert names(client_as("sol")) == ["Una sola"]
    assert marks(client_as("sol"), "Una sola") == [
        "Espera respuesta",
        "Mucho interés",
        "Sin próximo paso",
        "Se enfría",
    ]


def test_thirty_leads_without_a_step_are_worked_down_to_none(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    mine, browser = seller_of(acme, sol), client_as("sol")
    for number in range(30):
        lead(acme, f"Cliente {number}", mine)
    assert len(kinds(browser)["lacking"]) == 30

    for number, row in enumerate(browser.get("/mi-dia/").context["rows"]):
        path = f"/leads/{row.plan.pk}/paso/"
        said = (
            {"quick": "three_days", "next": "/mi-dia/"}
            if number % 2
            else {"act": "explain", "reason": "Viaja", "until": timezone.localdate() + timedelta(days=9)}
        )
        assert browser.post(path, said).status_code == 302

    assert kinds(browser) == {}
    assert "Nada espera por una persona" in browser.get("/mi-dia/").content.decode()
    with tenant_context(acme):
        assert not steps.lacking(Lead.objects.visible_to(sol.member)).exists()


def test_a_lead_whom_an_agent_attends_is_left_in_peace(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    row = lead(acme, "Con la IA", seller_of(acme, sol), interest="high")
    with tenant_context(acme):
        make_conversation(contact=row.contact, mode="ai", last_message_at=timezone.now())

    assert kinds(client_as("sol")) == {}


def test_a_task_is_done_in_place_and_then_asks_for_the_next_step(
    client_as: ClientAs, acme: Tenant, sol: Person
) -> None:
    row = lead(acme, "Cliente", seller_of(acme, sol))
    with tenant_context(acme):
        by = sol.actor
        task = tasks.create_task(title="Llamar", due_at=timezone.now(), lead=row, by=by)
    browser = client_as("sol")
    acts = {act.label: act for act in browser.get("/mi-dia/").context["rows"][0].acts}

    answer = browser.post(acts["Hecha"].post, {"next": "/mi-dia/"}, headers={"HX-Request": "true"}, follow=True)

    assert answer.request["PATH_INFO"] == "/mi-dia/"
    assert answer.context["rows"][0].opened
    assert "<html" not in answer.content.decode()
    with tenant_context(acme):
        task.refresh_from_db()
        assert task.done_at is not None


def test_a_promise_put_off_is_gone_until_tomorrow(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    promise(acme, sol, "Atrasada", hours=-1, lead=None)
    browser = client_as("sol")
    acts = {act.label: act for act in browser.get("/mi-dia/").context["rows"][0].acts}

    browser.post(acts["+1 día"].post, {"next": "/mi-dia/"})

    assert kinds(browser) == {}


def test_a_lead_that_nobody_has_is_taken_in_place(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    mine, row = seller_of(acme, sol), lead(acme, "De nadie")
    browser = client_as("sol")
    acts = {act.label: act for act in browser.get("/mi-dia/").context["rows"][0].acts}

    browser.post(acts["Tomar"].post, {"next": "/mi-dia/"})

    with tenant_context(acme):
        row.refresh_from_db()
    assert row.owner_id == mine.pk
    assert "unowned" not in kinds(browser)


def test_no_row_has_more_than_three_acts_and_none_has_no_act(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    lead(acme, "De nadie")
    lead(acme, "Caliente", seller_of(acme, sol), interest="high")
    promise(acme, sol, "Promesa", hours=-1, kind="call")
    waiting(acme, "Espera", 3)

    for row in client_as("sol").get("/mi-dia/").context["rows"]:
        assert 1 <= len(row.acts) + bool(row.plan) <= 3, row


def test_whoever_directs_may_look_at_everybodys_day(
    client_as: ClientAs, acme: Tenant, sol: Person, ana: Person
) -> None:
    lead(acme, "De Sol", seller_of(acme, sol))
    promise(acme, sol, "Promesa de Sol", hours=-1, lead=None)
    waiting(acme, "Chat de Sol", 3, assignee_id=sol.user.pk)

    assert kinds(client_as("ana")) == {}
    assert kinds(client_as("ana"), "?de=todos") == {
        "waiting": ["Chat de Sol"],
        "late": ["Promesa de Sol"],
        "lacking": ["De Sol"],
    }


def test_a_seller_has_no_other_day_than_their_own(client_as: ClientAs, acme: Tenant, ana: Person) -> None:
    lead(acme, "De Ana", seller_of(acme, ana))

    assert kinds(client_as("sol"), "?de=todos") == {}
    assert client_as("sol").get("/mi-dia/?de=todos").context["switch"] == []


def test_a_step_that_waits_for_approval_is_for_whoever_decides(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        row = make_lead(contact=make_contact(name="Negocio"), no_step_reason="Espera")
        asked = make_stage_request(lead=row)

    found = client_as("ana").get("/mi-dia/").context["rows"][0]

    assert (found.who, found.kind) == ("Negocio", "approval")
    assert found.acts[0].post == f"/aprobaciones/{asked.pk}/aprobar/"
    assert list(kinds(client_as("sol"))) == ["unowned"]


@pytest.mark.parametrize("query", ["", "?de=todos"])
def test_see_all_opens_exactly_those_rows(client_as: ClientAs, acme: Tenant, ana: Person, query: str) -> None:
    mine, long_ago = seller_of(acme, ana), timezone.now() - timedelta(days=40)
    lead(acme, "Sin paso", mine)
    resting(acme, lead(acme, "Fría", mine, no_step_reason="x"), last_activity_at=long_ago)
    lead(acme, "De nadie", no_step_reason="x")
    resting(acme, lead(acme, "Cerrada", mine), closed_at=timezone.now())
    promise(acme, ana, "Promesa", hours=-1, lead=None)
    browser = client_as("ana")
    sections = {section.kind: section for section in browser.get(f"/mi-dia/{query}").context["sections"]}

    for kind in ("lacking", "cold", "unowned"):
        page = browser.get(sections[kind].href).context["page"]
        assert {str(row.contact) for row in page.rows} == {row.who for row in sections[kind].rows}, kind
    late = browser.get(sections["late"].href).context["rows"]
    assert [str(task.contact) for task, _when in late] == [row.who for row in sections["late"].rows]


def test_more_than_anybody_works_through_is_said_and_not_shown(
    client_as: ClientAs, acme: Tenant, sol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day, "MOST", 3)
    mine = seller_of(acme, sol)
    for number in range(5):
        lead(acme, f"Cliente {number}", mine)

    section = client_as("sol").get("/mi-dia/").context["sections"][0]

    assert (section.count, len(section.rows)) == ("3+", 3)


@pytest.mark.parametrize("name", ["ana", "sol"])
@pytest.mark.parametrize("rows", [3, 30])
def test_it_costs_eight_statements_however_much_waits(
    client_as: ClientAs, acme: Tenant, statements: Callable, cast: Cast, name: str, rows: int
) -> None:
    mine, browser = seller_of(acme, cast[name]), client_as(name)
    for number in range(rows):
        waiting(acme, f"Contacto {number}", number)
        promise(acme, cast[name], f"Promesa {number}", hours=-number)
        lead(acme, f"Mía {number}", mine)
        lead(acme, f"De nadie {number}")

    with statements() as seen:
        browser.get("/mi-dia/")

    assert seen.count <= 8, str(seen)
