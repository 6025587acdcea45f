"""Acts on many leads from the list: chosen, shown before, done, found again, taken back."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from crm.domain import bulk as rules
from crm.models import BulkAction, Lead, Stage
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.tasks import Queue

ClientAs = Callable[..., Client]
NEW = "/leads/lotes/nuevo/"


@pytest.fixture
def leads(acme: Tenant) -> list[Lead]:
    with tenant_context(acme):
        return [make_lead(contact=make_contact(name=f"Lead {n}"), source="feria") for n in range(3)]


def tags(acme: Tenant) -> dict[UUID, list[str]]:
    with tenant_context(acme):
        return dict(Lead.objects.values_list("pk", "tags"))


def given(leads: list[Lead], **more: str) -> dict[str, object]:
    return {"ids": [str(lead.pk) for lead in leads], "kind": "tag", **more}


def test_first_it_is_shown_what_will_happen(client_as: ClientAs, acme: Tenant, leads: list[Lead]) -> None:
    page = client_as("ana").post(NEW, given(leads[:2], query="source=feria"))

    assert page.status_code == 200
    assert page.context["count"] == 2
    assert 'name="tag"' in page.content.decode()
    assert set(map(tuple, tags(acme).values())) == {()}


def test_then_it_is_done_and_told_and_taken_back(client_as: ClientAs, acme: Tenant, leads: list[Lead]) -> None:
    ana = client_as("ana")

    answer = ana.post(NEW, given(leads[:2], go="1", tag="vip"))

    assert answer.status_code == 302
    assert [tags(acme)[lead.pk] for lead in leads] == [["vip"], ["vip"], []]
    page = ana.get(answer["Location"]).content.decode()
    assert "2 de 2 leads" in page
    assert "Deshacer" in page
    assert answer["Location"] in ana.get("/leads/lotes/").content.decode()
    ana.post(f"{answer['Location']}deshacer/")
    assert set(map(tuple, tags(acme).values())) == {()}
    assert "Deshacer" not in ana.get(answer["Location"]).content.decode()
    with tenant_context(acme):
        assert SystemEvent.objects.filter(tenant_id=acme.pk, action="bulk.undone").exists()
        assert SystemEvent.objects.filter(tenant_id=acme.pk, action="lead.updated").count() == 4


def test_all_that_match_and_not_only_the_ticked(client_as: ClientAs, acme: Tenant, leads: list[Lead]) -> None:
    with tenant_context(acme):
        other = make_lead(source="web")

    client_as("ana").post(NEW, {"kind": "tag", "all": "1", "query": "source=feria", "go": "1", "tag": "vip"})

    assert {key for key, held in tags(acme).items() if held} == {lead.pk for lead in leads}
    assert tags(acme)[other.pk] == []


def test_what_is_missing_is_said_beside_the_field(client_as: ClientAs, leads: list[Lead]) -> None:
    page = client_as("ana").post(NEW, given(leads, go="1", kind="task", title="Llamar"))

    assert page.status_code == 422
    text = page.content.decode()
    assert 'value="Llamar"' in text
    assert str(leads[2].pk) in text


def test_nothing_chosen_goes_back_with_a_word(client_as: ClientAs) -> None:
    page = client_as("ana").post(NEW, {"kind": "tag", "query": "source=feria"}, follow=True)

    assert page.redirect_chain[0][0] == "/leads/?source=feria"
    assert "No hay ningún lead elegido." in page.content.decode()


def test_others_neither_see_nor_undo_it(client_as: ClientAs, leads: list[Lead], acme: Tenant) -> None:
    where = client_as("ana").post(NEW, given(leads, go="1", tag="vip"))["Location"]

    for name in ("sol", "gus"):
        assert client_as(name).get(where).status_code == 404
        assert client_as(name).post(f"{where}deshacer/").status_code == 404
    assert set(map(tuple, tags(acme).values())) == {("vip",)}


def test_a_closer_reaches_only_what_she_sees(client_as: ClientAs, acme: Tenant, leads: list[Lead]) -> None:
    with tenant_context(acme):
        Lead.objects.filter(pk=leads[0].pk).update(owner=make_seller())

    client_as("sol").post(NEW, given(leads, go="1", tag="vip"))

    assert tags(acme)[leads[0].pk] == []
    assert tags(acme)[leads[1].pk] == ["vip"]


def test_a_long_one_shows_how_far_it_is_and_stops(
    client_as: ClientAs, acme: Tenant, leads: list[Lead], queued: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "AT_ONCE", 1)
    ana = client_as("ana")
    where = ana.post(NEW, given(leads, go="1", tag="vip"))["Location"]

    page = ana.get(where).content.decode()
    assert "<progress" in page
    assert 'hx-trigger="every 2s"' in page
    ana.post(f"{where}detener/")
    queued.drain()

    assert set(map(tuple, tags(acme).values())) == {()}
    with tenant_context(acme):
        assert BulkAction.objects.get().status == "stopped"


@pytest.mark.parametrize("rows", [3, 60])
def test_its_page_costs_the_same_for_few_and_many(
    client_as: ClientAs, acme: Tenant, statements: Callable, rows: int
) -> None:
    with tenant_context(acme):
        won = [make_lead(stage_id=_won()) for _each in range(rows)]
    ana = client_as("ana")
    where = ana.post(NEW, {"ids": [str(each.pk) for each in won], "kind": "stage", "go": "1", "stage": _first(acme)})

    with statements() as seen:
        page = ana.get(where["Location"])

    assert len(page.context["left"]) == rows  # each refused
    assert seen.count <= 8, str(seen)


def _won() -> UUID:
    return Stage.objects.get(code="ganado").pk


def _first(acme: Tenant) -> str:
    with tenant_context(acme):
        return str(Stage.objects.get(code="nuevo").pk)
