"""What the words of an address mean: each filter finds its rows and no other, and what is not understood is said."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from config.lib import counts
from config.lib.errors import Invalid
from crm.models import CustomField, Lead, Stage
from crm.services import lead_search, list_choices
from crm.services.lead_filters import LeadQuery
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_pipeline, make_seller, make_stage
from tests.support.cast import Person

pytestmark = pytest.mark.usefixtures("in_acme")
ZONE = ZoneInfo("America/Argentina/Buenos_Aires")


def query(person: Person, *, known: bool = True, **words: str) -> LeadQuery:
    assert person.member
    said = {word.replace("__", "."): text for word, text in words.items()}
    choices = list_choices.of(person.member, words=said.get("q", "")) if known else None
    return LeadQuery.of(said, person.member, choices=choices)


def found(person: Person, **words: str) -> set[Lead]:
    """The same rows with what is known beforehand and without."""
    rows = set(query(person, **words).rows())
    assert rows == set(query(person, known=False, **words).rows())
    return rows


def dressed(**over: object) -> Lead:
    return make_lead(contact=make_contact(**over))


def test_each_word_finds_its_rows(ana: Person) -> None:
    seller = make_seller()
    lost, won = Stage.objects.get(code="perdido"), Stage.objects.get(code="ganado")
    long_ago = timezone.now() - timedelta(days=60)
    by_word = {
        ("owner", str(seller.pk)): make_lead(owner=seller),
        ("stage", "contactado"): make_lead(stage=Stage.objects.get(code="contactado")),
        ("status", "won"): make_lead(stage=won, closed_at=timezone.now()),
        ("lost_reason", "Precio"): make_lead(stage=lost, closed_at=timezone.now(), lost_reason="Precio"),
        ("source", "feria"): make_lead(source="feria"),
        ("tag", "vip"): make_lead(tags=["vip", "otra"]),
        ("city", "Rosario"): dressed(city="Rosario"),
        ("interest", "high"): make_lead(interest="high"),
        ("value_min", "1.000"): make_lead(value=Decimal(1500), currency="ARS"),
        ("step", "late"): make_lead(next_step_at=timezone.now() - timedelta(days=1)),
        ("step", "planned"): make_lead(next_step_at=timezone.now() + timedelta(days=1)),
        ("cold", "1"): make_lead(last_activity_at=long_ago),
        ("q", "núñez"): dressed(name="Ana Nuñez"),
    }
    for (word, text), lead in by_word.items():
        assert found(ana, **{word: text}) == {lead}, word
    assert found(ana, value_max="2000") == {by_word["value_min", "1.000"]}
    assert by_word["step", "late"] not in found(ana, step="none")
    assert by_word["status", "won"] not in found(ana, step="none")
    assert found(ana, owner="none") == set(by_word.values()) - {by_word["owner", str(seller.pk)]}
    assert found(ana, status="lost") == {by_word["lost_reason", "Precio"]}


def test_me_is_whoever_asks(sol: Person, ana: Person) -> None:
    mine = make_lead(owner=make_seller(user_id=sol.user.pk))
    make_lead()

    assert found(sol, owner="me") == {mine}
    assert found(ana, owner="me") == set()


def test_days_are_those_of_the_company_and_both_ends_count(ana: Person) -> None:
    late, early = make_lead(), make_lead()
    Lead.objects.filter(pk=late.pk).update(created_at=datetime(2026, 11, 20, 23, 30, tzinfo=ZONE))
    Lead.objects.filter(pk=early.pk).update(created_at=datetime(2026, 11, 21, 0, 30, tzinfo=ZONE))

    assert found(ana, created_from="2026-11-20", created_to="2026-11-20") == {late}
    assert found(ana, created_from="2026-11-21", created_to="2026-11-21") == {early}
    assert found(ana, created_from="2026-11-20", created_to="2026-11-21") == {late, early}


def test_a_pipeline_holds_its_stages_leads(ana: Person) -> None:
    pipeline = make_pipeline()
    inside = make_lead(stage=make_stage(pipeline=pipeline))
    make_lead()

    assert found(ana, pipeline=str(pipeline.pk)) == {inside}


def test_words_together_narrow(ana: Person) -> None:
    both = make_lead(source="feria", tags=["vip"])
    make_lead(source="feria")
    make_lead(tags=["vip"])

    assert found(ana, source="feria", tag="vip") == {both}


@pytest.mark.parametrize(
    ("kind", "stored", "asked", "other"),
    [
        ("text", "rojo", "rojo", "azul"),
        ("number", 12, "12", "13"),
        ("number", 12, "10..15", "20..30"),
        ("yes_no", True, "true", "false"),
        ("choice", "Norte", "Norte", "Sur"),
        ("date", "2026-11-20", "2026-11-01..2026-11-30", "2026-12-01..2026-12-31"),
        ("money", "1500.00", "1000..2000", "5..6"),
    ],
)
def test_a_field_of_the_company_filters(ana: Person, kind: str, stored: object, asked: str, other: str) -> None:
    CustomField.objects.create(on="lead", key="dato", label="Dato", kind=kind, options=["Norte", "Sur"])
    lead = make_lead(custom={"dato": stored})
    make_lead()

    assert found(ana, custom__dato=asked) == {lead}
    assert found(ana, custom__dato=other) == set()


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("owner", "zzz"),
        ("stage", "no-existe-esa"),
        ("pipeline", "1"),
        ("created_from", "ayer"),
        ("value_min", "mucho"),
        ("step", "nunca"),
        ("status", "abierto"),
        ("interest", "9"),
        ("cold", "sí"),
        ("sort", "azar"),
        ("custom.nada", "1"),
        ("q", "a" * 201),
    ],
)
def test_what_is_not_understood_is_said_and_filters_nothing(ana: Person, word: str, text: str) -> None:
    lead = make_lead()
    assert ana.member

    asked = LeadQuery.of({word: text}, ana.member, choices=list_choices.of(ana.member))

    assert list(asked.problems) == [word]
    assert set(asked.rows()) == {lead}
    with pytest.raises(Invalid):
        asked.insist()


def test_a_filter_is_said_in_words_and_can_be_left_out(ana: Person) -> None:
    seller = make_seller(name="Marta")
    asked = query(ana, owner=str(seller.pk), stage="nuevo", source="none", step="late", created_from="2026-01-02")

    assert {chip.word: chip.shown for chip in asked.words()} == {
        "owner": "Marta",
        "stage": "Nuevo",
        "source": "Sin origen",
        "step": "Atrasado",
        "created_from": "2026-01-02",
    }
    assert "owner" not in asked.encoded(without="owner")
    assert "stage=nuevo" in asked.encoded(without="owner")


def test_orders_go_the_right_way_round(ana: Person) -> None:
    cheap = make_lead(value=Decimal(1), currency="ARS", score=90, expected_close=date(2027, 1, 1))
    dear = make_lead(value=Decimal(9), currency="ARS", score=10, expected_close=date(2027, 2, 1))
    none = make_lead(last_activity_at=timezone.now() + timedelta(days=1))

    def order(sort: str) -> list[Lead]:
        return list(query(ana, sort=sort).rows())

    assert order("value") == [dear, cheap, none]
    assert order("score") == [cheap, dear, none]
    assert order("close") == [cheap, dear, none]
    assert order("active")[0] == none
    assert order("created") == [none, dear, cheap]


def test_an_order_without_an_index_is_refused_for_a_long_list(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST", 2)
    for _each in range(3):
        make_lead(value=Decimal(1), currency="ARS")
    asked = query(ana, sort="value")

    assert asked.order(asked.count()).column == "created_at"
    assert "acotar" in asked.problems["sort"]


@pytest.mark.parametrize("most", [1, 100])
def test_few_and_many_hits_find_the_same_leads(ana: Person, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """The two ways of searching differ in cost alone."""
    monkeypatch.setattr(lead_search, "MOST_HITS", most)
    monkeypatch.setattr("crm.services.lead_filters.MOST_HITS", most)
    hit = [dressed(name="María Ñandú"), dressed(name="Ñanduty S.A.", email="x@example.test")]
    phone = dressed(name="Otra", phone="+5491155667788")
    dressed(name="Luis")

    assert set(query(ana, q="NANDU").rows()) == set(hit)
    assert set(query(ana, q="maria nan").rows()) == {hit[0]}
    assert set(query(ana, q="11 5566-7788").rows()) == {phone}
    assert set(query(ana, q="+54 9 11 5566").rows()) == {phone}
    assert set(query(ana, q="!!!").rows()) == set()
    assert set(query(ana, q="100%").rows()) == set()


def test_scope_comes_first(sol: Person, client_as: Callable, acme: Tenant) -> None:
    dressed(name="Ajena Uno")
    hidden = make_lead(owner=make_seller(), tags=["vip"])

    assert hidden not in found(sol, tag="vip")
    assert found(sol, owner=str(hidden.owner_id)) == set()
