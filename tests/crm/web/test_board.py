"""The board: what its columns say, who moves what, and how a refused move is told."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Lead, Stage, StageChange, StageRequest, StageTransition
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_pipeline, make_seller, make_stage
from tests.support.cast import Person

ClientAs = Callable[..., Client]
JSON = {"HTTP_ACCEPT": "application/json"}


def stage(tenant: Tenant, code: str) -> Stage:
    with tenant_context(tenant):
        return Stage.objects.get(code=code)


def lead_in(tenant: Tenant, name: str = "Marta", code: str = "nuevo", **over: object) -> Lead:
    with tenant_context(tenant):
        return make_lead(contact=make_contact(name=name), stage=Stage.objects.get(code=code), **over)


def now_in(tenant: Tenant, lead: Lead) -> str:
    with tenant_context(tenant):
        return Lead.objects.select_related("stage").get(pk=lead.pk).stage.code


def move(client: Client, lead: Lead, to: Stage, **over: object) -> object:
    return client.post(
        f"/embudo/leads/{lead.pk}/mover/", {"stage": str(to.pk), "seen": str(lead.stage_id), **over}, **JSON
    )


def column(page: object, code: str) -> object:
    board = page.context["board"]  # type: ignore[attr-defined]
    return next(each for each in [*board.columns, *board.closed] if each.stage.code == code)


def test_a_column_says_how_many_and_how_much_in_each_currency(client_as: ClientAs, acme: Tenant) -> None:
    lead_in(acme, value=Decimal("1500.50"), currency="ARS")
    lead_in(acme, value=Decimal("500"), currency="ARS")
    lead_in(acme, value=Decimal("20"), currency="USD")
    lead_in(acme)

    page = client_as("ana").get("/embudo/")

    found = column(page, "nuevo")
    assert found.count == "4"
    assert [(each.currency, each.amount, each.partly) for each in found.sums] == [
        ("ARS", Decimal("2000.50"), False),
        ("USD", Decimal(20), False),
    ]
    assert column(page, "contactado").count == "0"
    assert column(page, "contactado").sums == []
    assert "$\N{NO-BREAK SPACE}2.000,50" in page.content.decode()


def test_beyond_the_first_cards_the_list_goes_on(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        contact = make_contact()
        for _each in range(23):
            make_lead(contact=contact)

    page = client_as("ana").get("/embudo/")

    found = column(page, "nuevo")
    assert (len(found.cards), found.count, found.more) == (20, "23", True)
    assert 'href="/leads/?stage=nuevo"' in page.content.decode()


def test_won_and_lost_are_folded_with_their_counts(client_as: ClientAs, acme: Tenant) -> None:
    lead_in(acme, "Ganada Pérez", "ganado")

    page = client_as("ana").get("/embudo/")

    assert column(page, "ganado").count == "1"
    assert "Ganada Pérez" not in page.content.decode()


def test_a_closer_sees_her_own_and_nobodys_cards_and_counts(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        mine, other = make_seller(user_id=sol.user.pk), make_seller()
    lead_in(acme, "Propia", owner=mine)
    lead_in(acme, "Libre")
    lead_in(acme, "Ajena", owner=other, value=Decimal(9), currency="ARS")

    page = client_as("sol").get("/embudo/")

    assert column(page, "nuevo").count == "2"
    assert column(page, "nuevo").sums == []
    assert "Ajena" not in page.content.decode()


def test_an_outsider_neither_sees_nor_moves_it(client_as: ClientAs, acme: Tenant) -> None:
    lead = lead_in(acme, "Marta Giménez")
    gus = client_as("gus")

    assert "Marta" not in gus.get("/embudo/").content.decode()
    assert "Marta" not in gus.get(f"/embudo/?ver={lead.pk}").content.decode()
    assert gus.post(f"/embudo/leads/{lead.pk}/mover/", {"stage": str(lead.stage_id)}).status_code == 404
    assert now_in(acme, lead) == "nuevo"


def test_filters_are_those_of_the_list(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        seller = make_seller()
        contact = make_contact(name="Una", city="Rosario")
        make_lead(contact=contact, owner=seller, tags=["vip"], source="feria")
    lead_in(acme, "Otra")
    ana = client_as("ana")

    for query in ("city=Rosario", "tag=vip", "source=feria", f"owner={seller.pk}", "q=una"):
        page = ana.get(f"/embudo/?{query}")
        assert column(page, "nuevo").count == "1", query
        assert "Otra" not in page.content.decode(), query


def test_words_in_which_nothing_can_be_searched_leave_an_empty_board(client_as: ClientAs, acme: Tenant) -> None:
    lead_in(acme)

    page = client_as("ana").get("/embudo/?q=!!!")

    assert (page.status_code, column(page, "nuevo").count) == (200, "0")


def test_another_pipeline_has_its_own_columns(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        pipeline = make_pipeline(name="Alquileres")
        other = make_stage(pipeline=pipeline, name="Visita pedida")
        make_lead(stage=other, contact=make_contact(name="Inquilina"))
    ana = client_as("ana")

    assert "Inquilina" not in ana.get("/embudo/").content.decode()
    assert "Inquilina" in ana.get(f"/embudo/?pipeline={pipeline.pk}").content.decode()


def test_only_the_first_thirty_stages_are_drawn_and_that_is_said(client_as: ClientAs, acme: Tenant) -> None:
    with tenant_context(acme):
        for _each in range(40):
            make_stage()

    page = client_as("ana").get("/embudo/")

    assert len(page.context["board"].columns) == 30
    assert "se muestran las primeras 30" in page.content.decode()
    assert column(page, "ganado")


def test_a_card_says_what_comes_next_and_that_it_goes_cold(client_as: ClientAs, acme: Tenant) -> None:
    old = timezone.now() - timedelta(days=9)
    lead = lead_in(acme, stage_since=old, last_activity_at=old)

    page = client_as("ana").get("/embudo/")

    card = column(page, "nuevo").cards[0]
    assert (card.lead.pk, card.days, card.is_cold) == (lead.pk, 9, True)
    text = page.content.decode()
    assert "Sin próximo paso" in text
    assert "Se enfría" in text
    assert "9 días" in text


def test_a_permitted_step_moves_the_card_and_leaves_its_history(client_as: ClientAs, acme: Tenant) -> None:
    lead = lead_in(acme)

    answer = move(client_as("ana"), lead, stage(acme, "contactado"))

    assert (answer.status_code, answer.json()["moved"]) == (200, True)
    assert now_in(acme, lead) == "contactado"
    with tenant_context(acme):
        assert StageChange.objects.filter(lead=lead, target__code="contactado").count() == 1


def test_a_plain_form_moves_it_and_comes_back_to_the_same_filters(client_as: ClientAs, acme: Tenant) -> None:
    lead = lead_in(acme)
    target = stage(acme, "contactado")

    answer = client_as("ana").post(
        f"/embudo/leads/{lead.pk}/mover/", {"stage": str(target.pk), "seen": str(lead.stage_id), "back": "owner=none"}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/embudo/?owner=none")
    assert now_in(acme, lead) == "contactado"


def test_a_step_that_the_pipeline_does_not_have_is_refused_with_the_ones_it_has(
    client_as: ClientAs, acme: Tenant
) -> None:
    lead = lead_in(acme)

    answer = move(client_as("ana"), lead, stage(acme, "negociacion"))

    assert (answer.status_code, answer.json()["moved"]) == (422, False)
    assert "Contactado" in answer.json()["text"]
    assert now_in(acme, lead) == "nuevo"


def test_a_loss_asks_for_its_reason_and_takes_it(client_as: ClientAs, acme: Tenant) -> None:
    lead, lost, ana = lead_in(acme), stage(acme, "perdido"), client_as("ana")

    asked = move(ana, lead, lost)
    empty = move(ana, lead, lost, asked="1")
    done = move(ana, lead, lost, asked="1", lost_reason="Precio")

    assert asked.status_code == empty.status_code == 422
    assert 'name="lost_reason"' in asked.json()["ask"]
    assert "field-error" not in asked.json()["ask"]
    assert "field-error" in empty.json()["ask"]
    assert done.status_code == 200
    with tenant_context(acme):
        assert Lead.objects.get(pk=lead.pk).lost_reason == "Precio"


def test_without_scripts_the_reason_is_asked_on_a_page(client_as: ClientAs, acme: Tenant) -> None:
    lead, lost = lead_in(acme), stage(acme, "perdido")

    answer = client_as("ana").post(f"/embudo/leads/{lead.pk}/mover/", {"stage": str(lost.pk)})

    assert answer.status_code == 422
    assert "Motivo de la pérdida" in answer.content.decode()
    assert "<html" in answer.content.decode()


def test_a_win_is_reached_by_converting(client_as: ClientAs, acme: Tenant) -> None:
    lead = lead_in(acme, code="negociacion")

    answer = move(client_as("ana"), lead, stage(acme, "ganado"))

    assert (answer.status_code, answer.json()["href"]) == (422, f"/leads/{lead.pk}/")
    assert now_in(acme, lead) == "negociacion"


def test_somebody_who_was_quicker_is_told(client_as: ClientAs, acme: Tenant) -> None:
    lead, ana = lead_in(acme), client_as("ana")
    move(ana, lead, stage(acme, "contactado"))

    answer = move(ana, lead, stage(acme, "calificado"))  # `seen` is still the first stage

    assert (answer.status_code, answer.json()["code"]) == (409, "moved")
    assert "Contactado" in answer.json()["text"]
    assert now_in(acme, lead) == "contactado"


def test_a_step_that_needs_approval_waits_for_it(client_as: ClientAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        seller = make_seller(user_id=sol.user.pk)
        StageTransition.objects.filter(source__code="nuevo", target__code="contactado").update(approver_role="ceo")
    lead = lead_in(acme, owner=seller)

    answer = move(client_as("sol"), lead, stage(acme, "contactado"))

    assert (answer.status_code, answer.json()["moved"]) == (202, False)
    assert now_in(acme, lead) == "nuevo"
    with tenant_context(acme):
        assert StageRequest.objects.filter(lead=lead, status="pending").count() == 1


def test_a_card_opens_the_chat_beside_the_board(client_as: ClientAs, acme: Tenant) -> None:
    lead = lead_in(acme, "Marta Giménez")
    ana = client_as("ana")

    whole = ana.get(f"/embudo/?ver={lead.pk}").content.decode()
    part = ana.get(f"/embudo/?ver={lead.pk}", HTTP_HX_REQUEST="true", HTTP_HX_TARGET="board-panel").content.decode()

    for text in (whole, part):
        assert f'hx-get="/bandeja/?contact={lead.contact_id}"' in text
    assert part.strip().startswith("<aside")
    assert "board-column" not in part


@pytest.mark.parametrize("rows", [10, 200])
def test_the_board_costs_eight_statements_however_many_leads(
    client_as: ClientAs, acme: Tenant, statements: Callable, rows: int
) -> None:
    with tenant_context(acme):
        seller, places = make_seller(), list(Stage.objects.all())
        for n in range(rows):
            make_lead(owner=seller, stage=places[n % len(places)], tags=["vip"])
    ana = client_as("ana")

    with statements() as seen:
        ana.get("/embudo/?tag=vip")

    assert seen.count <= 8, str(seen)
