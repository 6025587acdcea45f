"""Each number of the dashboard and the reports, against rows made for it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.domain.periods import Period
from crm.models import Seller, Stage, StageChange
from crm.reports import ahead, answers, dashboard, people, sales
from crm.reports.base import Report, Scope
from crm.services.goals import set_goal
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.crm.reports.conftest import NOVEMBER, at, lead
from tests.factories.crm import make_contact, make_pipeline, make_seller, make_stage
from tests.factories.crm_more import make_assignment, make_response
from tests.support.cast import Person

Look = Callable[..., Scope]
ARS = "ARS"


def table(report: Report) -> dict[str, dict[str, Any]]:
    """First cell → key of the column → value."""
    return {
        str(row[0].value): {each.key: cell.value for each, cell in zip(report.columns, row, strict=True)}
        for row in report.rows
    }


@pytest.fixture(autouse=True)
def _inside(acme: Tenant) -> Any:
    with tenant_context(acme):
        yield


def test_the_funnel_counts_who_ever_reached_a_stage_and_who_is_there_now(looked_at: Look) -> None:
    lead(came=at(2))
    lead(stage="calificado", came=at(3))
    won = lead(stage="ganado", came=at(4), closed=at(20), value=100)
    StageChange.objects.create(lead=won, target=Stage.objects.get(code="calificado"), actor_kind="system")
    StageChange.objects.create(lead=won, target=Stage.objects.get(code="calificado"), actor_kind="system")  # twice
    lead(came=at(2, month=10))  # another month
    rows = table(sales.funnel(looked_at()))
    assert (rows["Nuevo"]["reached"], rows["Nuevo"]["now"]) == (3, 1)
    assert (rows["Calificado"]["reached"], rows["Calificado"]["now"]) == (2, 1)
    assert rows["Calificado"]["share"] == 66.7
    assert (rows["Ganado"]["reached"], rows["Ganado"]["now"]) == (1, 1)
    assert rows["Reunión"]["reached"] == 0


def test_the_funnel_of_one_pipeline_leaves_the_others_out(looked_at: Look) -> None:
    other = make_pipeline(name="Postventa")
    make_stage(pipeline=other, name="Recibido", code="recibido", is_initial=True)
    lead()
    rows = table(sales.funnel(looked_at(pipeline=other.pk)))
    assert list(rows) == ["Recibido"]
    assert rows["Recibido"]["reached"] == 0
    assert rows["Recibido"]["share"] is None  # nobody entered: no data, not zero


def test_sources_count_what_came_and_what_became_of_it(looked_at: Look) -> None:
    lead(source="feria", stage="ganado", closed=at(12), value=100)
    lead(source="feria", stage="ganado", closed=at(12), value=50, currency="USD")
    lead(source="feria", stage="perdido", closed=at(12), lost_reason="Precio")
    lead(source="feria")
    lead(source="", stage="nuevo")
    lead(source="vieja", came=at(1, month=9))
    rows = table(sales.sources(looked_at()))
    assert rows["feria"] == {
        "source": "feria",
        "leads": 4,
        "won": 2,
        "lost": 1,
        "rate": 66.7,
        "value": [(ARS, Decimal("100.00")), ("USD", Decimal("50.00"))],
    }
    assert rows["Sin origen"]["leads"] == 1
    assert rows["Sin origen"]["rate"] is None
    assert rows["Sin origen"]["value"] is None
    assert "vieja" not in rows


def test_losses_are_told_by_reason_and_by_when_they_were_lost(looked_at: Look) -> None:
    lead(stage="perdido", closed=at(3), lost_reason="Precio", value=10, came=at(1, month=8))
    lead(stage="perdido", closed=at(4), lost_reason="Precio")
    lead(stage="perdido", closed=at(5), lost_reason="Eligió a otro", value=5)
    lead(stage="perdido", closed=at(5, month=10), lost_reason="Precio")
    lead(stage="ganado", closed=at(5))
    rows = table(sales.losses(looked_at()))
    assert rows["Precio"] == {"reason": "Precio", "leads": 2, "share": 66.7, "value": [(ARS, Decimal("10.00"))]}
    assert rows["Eligió a otro"]["leads"] == 1
    assert len(rows) == 2


def test_the_forecast_weighs_open_leads_by_their_chances(looked_at: Look) -> None:
    november, december = date(2026, 11, 30), date(2026, 12, 15)
    lead(stage="negociacion", expected_close=november, value=1000)  # 75 %
    lead(stage="negociacion", expected_close=november, value=100, probability=50)
    lead(expected_close=december, value=200)  # 10 %
    lead(expected_close=date(2026, 10, 1), value=7)
    lead(expected_close=date(2028, 1, 1), value=9)
    lead(value=None)
    lead(stage="ganado", closed=at(5), expected_close=november, value=5000)
    rows = table(ahead.forecast(looked_at(), date(2026, 11, 21)))
    assert rows["noviembre 2026"]["leads"] == 2
    assert rows["noviembre 2026"]["value"] == [(ARS, Decimal("1100.00"))]
    assert rows["noviembre 2026"]["weighted"] == [(ARS, Decimal("800.00"))]
    assert rows["diciembre 2026"]["weighted"] == [(ARS, Decimal("20.00"))]
    assert rows["Atrasados"]["leads"] == 1
    assert rows["Más adelante"]["leads"] == 1
    assert rows["Sin fecha"] == {"month": "Sin fecha", "leads": 1, "value": None, "weighted": None}
    assert rows["enero 2027"] == {"month": "enero 2027", "leads": 0, "value": None, "weighted": None}


def test_goals_stand_beside_what_was_reached(looked_at: Look, vera: Seller, ana: Person) -> None:
    other = make_seller(name="Otro")
    set_goal(month=date(2026, 11, 9), measure="won_count", target=Decimal(4), seller=vera, by=ana.actor)
    set_goal(month=date(2026, 11, 1), measure="won_value", target=Decimal(1000), by=ana.actor)
    set_goal(month=date(2026, 10, 1), measure="won_count", target=Decimal(9), seller=vera, by=ana.actor)
    lead(owner=vera, stage="ganado", closed=at(3), value=300)
    lead(owner=other, stage="ganado", closed=at(4), value=200)
    lead(owner=other, stage="ganado", closed=at(4), value=999, currency="USD")
    lead(owner=vera, stage="ganado", closed=at(3, month=10), value=50)
    rows = table(ahead.goals(looked_at(), date(2026, 11, 1)))
    assert (rows["Sol vende"]["reached"], rows["Sol vende"]["share"]) == (1, 25.0)
    company = rows["Toda la empresa"]
    assert company["reached"] == [(ARS, Decimal("500.00"))]
    assert company["share"] == 50.0


def test_a_goal_set_again_is_changed_and_nonsense_is_refused(vera: Seller, ana: Person) -> None:
    from config.lib.errors import Invalid
    from crm.models import Goal

    for target in (4, 6):
        set_goal(month=date(2026, 11, 1), measure="won_count", target=Decimal(target), seller=vera, by=ana.actor)
    assert Goal.objects.get().target == 6
    for wrong in (Decimal(0), Decimal("1.5"), Decimal(10) ** 12):
        with pytest.raises(Invalid):
            set_goal(month=date(2026, 11, 1), measure="won_count", target=wrong, by=ana.actor)


def test_answers_of_people_are_timed_and_those_of_the_ai_only_counted(looked_at: Look) -> None:
    for seconds in (60, 120, 600):
        make_response(answered_at=at(3), asked_at=at(3) - timedelta(minutes=20), business_seconds=seconds)
    make_response(answered_at=at(3), asked_at=at(3) - timedelta(minutes=20), business_seconds=1, by_ai=True)
    make_response(answered_at=at(4), asked_at=at(4) - timedelta(minutes=20), business_seconds=9, by_ai=True)
    make_response(answered_at=at(3, month=10), asked_at=at(3, month=10) - timedelta(minutes=20), business_seconds=1)
    rows = table(answers.responses(looked_at()))
    assert rows["3 nov"] == {
        "when": "3 nov",
        "answers": 4,
        "by_ai": 25.0,
        "by_people": 3,
        "median": 120,
        "ninety": 600,
    }
    assert rows["4 nov"]["median"] is None
    assert rows["4 nov"]["by_ai"] == 100.0


def cards(scope: Scope) -> dict[str, dashboard.Card]:
    return {card.key: card for card in dashboard.cards(scope)}


def test_the_cards_count_the_period_beside_the_one_before(looked_at: Look) -> None:
    lead(came=at(2))
    lead(came=at(3), stage="ganado", closed=at(9), value=100)
    lead(came=at(3, month=8), stage="ganado", closed=at(9), value=40, currency="USD")
    lead(came=at(4), stage="perdido", closed=at(9), lost_reason="Precio", value=999)
    lead(came=at(5, month=10), stage="ganado", closed=at(6, month=10), value=70)
    lead(came=at(6, month=10), stage="negociacion", value=200)
    make_response(answered_at=at(3), asked_at=at(3) - timedelta(minutes=9), business_seconds=300)
    make_response(answered_at=at(4), asked_at=at(4) - timedelta(minutes=9), business_seconds=5, by_ai=True)
    before = at(20, month=10)
    make_response(answered_at=before, asked_at=before - timedelta(minutes=20), business_seconds=600)
    shown = cards(looked_at())
    assert (shown["leads"].value, shown["leads"].before, shown["leads"].change) == (3, 2, 50.0)
    assert (shown["won"].value, shown["won"].before) == (2, 1)
    assert shown["won_value"].value == [(ARS, Decimal("100.00")), ("USD", Decimal("40.00"))]
    assert shown["won_value"].before == [(ARS, Decimal("70.00"))]
    assert shown["rate"].value == 66.7
    assert (shown["lost"].value, shown["lost"].before) == (1, 0)
    assert shown["open"].value == 2
    assert shown["open_value"].value == [(ARS, Decimal("200.00"))]
    assert shown["weighted"].value == [(ARS, Decimal("150.00"))]
    assert (shown["first_response"].value, shown["first_response"].before) == (300, 600)
    assert shown["first_response"].change == -50.0
    assert shown["by_ai"].value == 50.0


def test_a_company_without_anything_shows_no_data_where_there_is_none(looked_at: Look) -> None:
    shown = cards(looked_at())
    assert shown["leads"].value == 0  # counted, and none: a true zero
    for key in ("won_value", "rate", "open_value", "weighted", "first_response", "by_ai"):
        assert shown[key].value is None, key
    assert shown["leads"].change is None


def test_days_without_leads_are_drawn_as_zero_and_sources_are_the_most_frequent(looked_at: Look) -> None:
    for number in range(3):
        lead(came=at(2), source="feria" if number else "web")
    lead(came=at(2, hour=1))  # still the first of November in Buenos Aires
    week = Period(date(2026, 11, 1), date(2026, 11, 7))
    arrivals, sources = dashboard.arrivals_and_sources(looked_at(period=week))
    assert [row[1].value for row in arrivals.rows] == [1, 3, 0, 0, 0, 0, 0]
    assert [(row[0].value, row[1].value) for row in sources.rows] == [("feria", 2), ("Sin origen", 1), ("web", 1)]


def test_a_long_period_is_told_by_week_and_its_weeks_add_up(looked_at: Look) -> None:
    for day in (1, 9, 20, 30):
        lead(came=at(day))
    arrivals, _sources = dashboard.arrivals_and_sources(looked_at(period=Period(date(2026, 10, 1), NOVEMBER.last)))
    assert sum(row[1].value for row in arrivals.rows) == 4
    assert len(arrivals.rows) == 10


def test_whoever_sees_only_their_own_counts_only_that(looked_at: Look, vera: Seller, sol: Person) -> None:
    """What nobody has may be taken by anybody, so it counts as it is listed."""
    lead(owner=vera)
    lead(owner=make_seller())
    lead(owner=None)
    assert cards(looked_at(sol))["leads"].value == 2
    assert cards(looked_at())["leads"].value == 3


def test_answers_to_people_one_may_not_see_are_not_counted(looked_at: Look, vera: Seller, sol: Person) -> None:
    hidden = make_contact()
    lead(owner=make_seller(), contact=hidden)
    make_response(contact=hidden, answered_at=at(3), asked_at=at(3) - timedelta(minutes=9))
    assert table(answers.responses(looked_at(sol))) == {}
    assert len(table(answers.responses(looked_at()))) == 1


def test_sellers_are_counted_by_what_they_did(looked_at: Look, vera: Seller, sol: Person) -> None:
    idle = make_seller(name="Otra")
    mine = lead(owner=vera, stage="ganado", closed=at(9), value=100)
    lead(owner=vera, stage="ganado", closed=at(10), value=40, currency="USD")
    lead(owner=vera, stage="perdido", closed=at(9), lost_reason="Precio")
    lead(owner=vera)
    for when in (at(4), at(5)):  # twice the same lead: received once
        row = make_assignment(lead=mine, seller=vera)
        type(row).objects.filter(pk=row.pk).update(at=when)
    row = make_assignment(lead=mine, seller=idle)
    type(row).objects.filter(pk=row.pk).update(at=at(4, month=10))
    answered = {"seller": vera, "user": sol.user, "answered_at": at(3), "is_first": True}
    make_response(**answered, asked_at=at(3) - timedelta(minutes=9), business_seconds=120)
    make_response(**answered, asked_at=at(3) - timedelta(minutes=8), business_seconds=60)
    make_response(seller=vera, by_ai=True, answered_at=at(3), asked_at=at(3) - timedelta(minutes=1), business_seconds=1)
    rows = table(people.sellers(looked_at()))
    did = rows["Sol vende"]
    assert (did["received"], did["open"], did["won"], did["lost"], did["rate"]) == (1, 1, 2, 1, 66.7)
    assert did["value"] == [(ARS, Decimal("100.00")), ("USD", Decimal("40.00"))]
    assert (did["median"], did["ninety"], did["attended"]) == (60, 120, 2)
    nothing = rows["Otra"]
    assert (nothing["received"], nothing["won"]) == (0, 0)
    assert [nothing[key] for key in ("rate", "value", "median", "ninety", "on_time")] == [None] * 5


def test_a_closer_sees_only_her_own_numbers(looked_at: Look, vera: Seller, sol: Person) -> None:
    make_seller(name="Otra")
    assert list(table(people.sellers(looked_at(sol)))) == ["Sol vende"]
