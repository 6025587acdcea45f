"""The list of leads: who sees what, what the address filters, what it costs."""

from collections.abc import Callable

import pytest
from django.test import Client

from crm.models import Lead, Stage
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Person

ClientAs = Callable[..., Client]


def lead_named(tenant: Tenant, name: str, **over: object) -> Lead:
    with tenant_context(tenant):
        return make_lead(contact=make_contact(name=name), **over)


def test_the_list_shows_the_companys_leads(client_as: ClientAs, acme: Tenant) -> None:
    lead_named(acme, "Marta Giménez")

    assert "Marta Giménez" in client_as("ana").get("/leads/").content.decode()


def test_an_outsider_never_sees_them(client_as: ClientAs, acme: Tenant) -> None:
    lead = lead_named(acme, "Marta Giménez")
    gus = client_as("gus")

    assert "Marta" not in gus.get("/leads/").content.decode()
    assert gus.get(f"/leads/{lead.pk}/").status_code == 404


def test_a_stranger_is_sent_to_sign_in(client_as: ClientAs) -> None:
    answer = client_as(None).get("/leads/")

    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/leads/"


def test_a_closer_sees_her_own_and_those_nobody_has(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        mine, other = make_seller(user_id=sol.user.pk), make_seller()
    lead_named(acme, "Propia", owner=mine)
    lead_named(acme, "Libre")
    lead_named(acme, "Ajena", owner=other)

    page = client_as("sol").get("/leads/").content.decode()

    assert "Propia" in page
    assert "Libre" in page
    assert "Ajena" not in page


def test_search_ignores_case_and_accents(client_as: ClientAs, acme: Tenant) -> None:
    lead_named(acme, "Marta Giménez")
    lead_named(acme, "Luis Ferreyra")

    page = client_as("ana").get("/leads/?q=GIMENEZ").content.decode()

    assert "Marta" in page
    assert "Luis" not in page


def test_filters_come_from_the_address(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        lost = Stage.objects.get(code="perdido")
        seller = make_seller(name="Vendedora")
    lead_named(acme, "Uno", source="feria", owner=seller)
    lead_named(acme, "Dos", stage=lost)
    ana = client_as("ana")

    assert "Dos" not in ana.get("/leads/?source=feria").content.decode()
    assert "Uno" not in ana.get("/leads/?stage=perdido").content.decode()
    assert "Dos" not in ana.get(f"/leads/?owner={seller.pk}").content.decode()
    assert "Uno" not in ana.get("/leads/?owner=none").content.decode()


def test_an_unknown_filter_value_is_not_applied(client_as: ClientAs, acme: Tenant) -> None:
    lead_named(acme, "Marta")

    assert "Marta" in client_as("ana").get("/leads/?owner=zzz").content.decode()


def test_a_filter_that_is_not_understood_is_said(client_as: ClientAs, acme: Tenant) -> None:
    lead_named(acme, "Marta")

    assert "«zzz» no se entiende" in client_as("ana").get("/leads/?owner=zzz").content.decode()


def test_what_a_reports_link_asks_for_stays_when_a_filter_changes(client_as: ClientAs, acme: Tenant) -> None:
    page = client_as("ana").get("/leads/?reached=contactado&source=web").content.decode()

    assert '<input type="hidden" name="reached" value="contactado">' in page
    assert '<input type="hidden" name="source"' not in page


def test_each_applied_filter_can_be_taken_away(client_as: ClientAs, acme: Tenant) -> None:
    page = client_as("ana").get("/leads/?source=feria&tag=vip")

    assert {chip.href for chip in page.context["chips"]} == {"/leads/?tag=vip", "/leads/?source=feria"}


def test_the_number_of_leads_found_is_counted_no_further_than_anybody_reads(
    client_as: ClientAs, acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.lib.counts.MOST", 2)
    for name in ("Uno", "Dos", "Tres"):
        lead_named(acme, name)

    assert client_as("ana").get("/leads/").context["found"] == "2+"


def test_of_many_hits_a_seller_reads_how_many_there_are_at_least(
    client_as: ClientAs, acme: Tenant, sol: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.services.lead_filters.MOST_HITS", 1)
    for number in range(3):
        lead_named(acme, f"Marta {number}")
    lead_named(acme, "Marta ajena", owner=None)
    with tenant_context(acme):
        Lead.objects.filter(contact__name="Marta ajena").update(owner=make_seller())
    page = client_as("sol").get("/leads/", {"q": "marta"}).content.decode()
    assert '<span class="mark">3+</span>' in page
    assert "Marta ajena" not in page


def test_nothing_found_offers_to_clear_the_filters(client_as: ClientAs) -> None:
    assert "Quitar filtros" in client_as("ana").get("/leads/?q=zzzz").content.decode()


def test_a_broken_link_to_a_page_of_the_list_is_explained(client_as: ClientAs) -> None:
    answer = client_as("ana").get("/leads/?cursor=zzz")

    assert answer.status_code == 400
    assert "no es válido" in answer.content.decode()


def test_pages_follow_one_another_without_repeating(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        for number in range(60):
            make_lead(contact=make_contact(name=f"Lead-{number:02}"))
    ana = client_as("ana")
    first = ana.get("/leads/")
    second = ana.get(f"/leads/?cursor={first.context['page'].next}")
    back = ana.get(f"/leads/?cursor={second.context['page'].previous}")

    seen = [row.pk for answer in (first, second) for row in answer.context["page"].rows]
    assert len(seen) == len(set(seen)) == 60
    assert [row.pk for row in back.context["page"].rows] == seen[:50]
    assert "Siguientes" in first.content.decode()


def test_names_with_markup_are_shown_as_text(client_as: ClientAs, acme: Tenant) -> None:
    lead_named(acme, "<script>alert(1)</script>")

    page = client_as("ana").get("/leads/").content.decode()

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_fragment_is_the_list_alone(client_as: ClientAs, acme: Tenant) -> None:
    page = client_as("ana").get("/leads/", headers={"HX-Request": "true"}).content.decode()

    assert page.lstrip().startswith("<section")
    assert "<html" not in page


@pytest.mark.parametrize("rows", [3, 30])
def test_the_list_costs_eight_statements_however_many_rows(
    client_as: ClientAs, acme: Tenant, statements: Callable, rows: int
) -> None:
    with tenant_context(acme):
        seller = make_seller()
        for _ in range(rows):
            make_lead(source="web", owner=seller)
    ana = client_as("ana")

    with statements() as seen:
        ana.get("/leads/")

    assert seen.count <= 8, str(seen)
