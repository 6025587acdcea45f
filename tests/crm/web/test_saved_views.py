"""Saved views: kept, shared, put in order, deleted and brought back; each reader sees their own rows through them."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.models import SavedView
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.factories.crm import make_contact, make_lead, make_seller

ClientAs = Callable[..., Client]


def save(client: Client, name: str = "Feria", query: str = "source=feria", **over: str) -> object:
    return client.post("/vistas/nueva/", {"list": "leads", "name": name, "query": query, **over})


def view(acme: Tenant, **fits: object) -> SavedView:
    with tenant_context(acme):
        return SavedView.objects.get(**fits)


def names(client: Client) -> list[str]:
    return [tab.label for tab in client.get("/leads/").context["views"]]


def test_the_filters_of_a_list_get_a_name_and_a_tab(client_as: ClientAs, acme: Tenant) -> None:
    ana = client_as("ana")

    answer = save(ana, query="source=feria&cursor=abc&ver=1")

    assert (answer.status_code, answer["Location"]) == (302, "/leads/?source=feria")
    page = ana.get("/leads/?source=feria")
    assert [(tab.label, tab.current) for tab in page.context["views"]][-1] == ("Feria", True)
    assert view(acme).query == "source=feria"
    with tenant_context(acme):
        assert SystemEvent.objects.filter(action="view.created", tenant_id=acme.pk).exists()


def test_ones_own_views_are_nobody_elses(client_as: ClientAs) -> None:
    save(client_as("ana"))

    assert "Feria" not in names(client_as("sol"))
    assert "Feria" not in names(client_as("gus"))


def test_a_shared_view_shows_each_reader_their_own_rows(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        make_lead(contact=make_contact(name="Ajena"), source="feria", owner=make_seller())
        make_lead(contact=make_contact(name="Libre"), source="feria")
    save(client_as("ana"), is_shared="on")
    sol = client_as("sol")

    assert "Feria" in names(sol)
    page = sol.get("/leads/?source=feria").content.decode()
    assert "Libre" in page
    assert "Ajena" not in page


def test_only_whoever_may_share_shares(client_as: ClientAs, acme: Tenant) -> None:
    answer = save(client_as("sol"), is_shared="on")

    assert answer.status_code == 403
    with tenant_context(acme):
        assert not SavedView.objects.exists()


def test_a_shared_view_is_changed_by_its_owner_and_whoever_may_share(client_as: ClientAs, acme: Tenant) -> None:
    save(client_as("ana"), is_shared="on")
    key = view(acme).pk

    assert client_as("sol").post(f"/vistas/{key}/", {"name": "Otra"}).status_code == 403
    assert client_as("sol").post(f"/vistas/{key}/borrar/").status_code == 403
    assert client_as("gus").post(f"/vistas/{key}/borrar/").status_code == 404
    assert view(acme).name == "Feria"


def test_a_name_in_use_or_empty_is_said_and_what_was_typed_stays(client_as: ClientAs, acme: Tenant) -> None:
    ana = client_as("ana")
    save(ana)

    again = save(ana, query="tag=vip")

    assert again.status_code == 422
    assert "Ya hay una vista con ese nombre." in again.content.decode()
    assert "tag=vip" in again.content.decode()
    assert save(ana, name=" ").status_code == 422


def test_a_view_is_renamed_and_moved(client_as: ClientAs, acme: Tenant) -> None:
    ana = client_as("ana")
    save(ana, "Uno")
    save(ana, "Dos", "tag=vip")

    ana.post(f"/vistas/{view(acme, name='Dos').pk}/", {"move": "up"})
    ana.post(f"/vistas/{view(acme, name='Uno').pk}/", {"name": "Primera"})

    assert names(ana)[-2:] == ["Dos", "Primera"]
    refused = ana.post(f"/vistas/{view(acme, name='Dos').pk}/", {"name": "Primera"})
    assert refused.status_code == 422
    assert names(ana)[-2:] == ["Dos", "Primera"]


def test_a_deleted_view_comes_back(client_as: ClientAs, acme: Tenant) -> None:
    ana = client_as("ana")
    save(ana, is_shared="on")

    page = ana.post(f"/vistas/{view(acme).pk}/borrar/")
    assert "Feria" not in names(ana)
    text = page.content.decode()
    assert 'value="source=feria"' in text
    assert "Deshacer" in text
    save(ana, is_shared="on")

    assert "Feria" in names(ana)


@pytest.mark.parametrize("rows", [2, 40])
def test_the_page_of_views_costs_the_same_for_few_and_many(
    client_as: ClientAs, acme: Tenant, statements: Callable, rows: int
) -> None:
    ana = client_as("ana")
    for n in range(rows):
        save(ana, f"Vista {n}")

    with statements() as seen:
        assert ana.get("/vistas/").status_code == 200

    assert seen.count <= 8, str(seen)
