"""The truth gate: claims found and left alone over the corpus, and the decision by receipts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.truth_gate import claims_in, judge
from tests.agents.corpus import load

ROWS = load("claims")


def test_the_corpus_holds_enough_of_both_sides():
    assert sum(bool(row["claim"]) for row in ROWS) >= 80
    assert sum(not row["claim"] for row in ROWS) >= 80


def test_claims_are_recognised_with_their_kind():
    claims = [row for row in ROWS if row["claim"]]
    missed = [row["text"] for row in claims if row["claim"] not in {claim.kind for claim in claims_in(row["text"])}]
    assert len(missed) <= 0.03 * len(claims), missed


def test_offers_questions_promises_and_refusals_are_no_claims():
    others = [row for row in ROWS if not row["claim"]]
    wrong = [row["text"] for row in others if claims_in(row["text"])]
    assert len(wrong) <= 0.02 * len(others), wrong


def test_a_claim_with_its_receipt_passes_and_without_it_is_tried_once_more():
    text = "Listo, te agendé para el martes a las 10."
    assert judge(text, receipts={"booking"}).action == "pass"
    first = judge(text, receipts={"record"})
    assert (first.action, first.unproven[0].kind) == ("retry", "booking")
    assert judge(text, receipts=set(), attempt=2).action == "replace"


@pytest.mark.parametrize(
    ("text", "proved_by", "not_by"),
    [
        (
            "Te agendé para el martes a las 15.",
            {"booking", "booking_move"},
            {"appointments", "booking_cancel", "record"},
        ),
        ("I've booked you for Tuesday at 3 pm.", {"booking", "booking_move"}, {"appointments", "booking_cancel"}),
        (
            "Tenés turno el martes 24 a las 15.",
            {"booking", "booking_move", "appointments"},
            {"booking_cancel", "record"},
        ),
        ("Your appointment is on Tuesday at 3 pm.", {"booking", "appointments"}, {"booking_cancel", "handoff"}),
        ("Te pasé el turno para el viernes.", {"booking_move", "booking"}, {"booking_cancel", "appointments"}),
        ("Cancelé tu turno del jueves.", {"booking_cancel"}, {"booking", "booking_move", "appointments"}),
        ("Your visit has been cancelled.", {"booking_cancel"}, {"booking", "appointments"}),
    ],
)
def test_each_claim_about_an_appointment_wants_the_act_itself(text, proved_by, not_by):
    for kind in proved_by:
        assert judge(text, receipts={kind}).action == "pass", kind
    for kind in not_by:
        assert judge(text, receipts={kind}).action == "retry", kind


@pytest.mark.parametrize(
    "text",
    [
        "Sí, tenemos remeras en stock.",
        "Hay stock en talle M.",
        "Yes, we have T-shirts in stock.",
        "It's available in M.",
    ],
)
def test_a_fact_is_a_claim_only_where_it_was_looked_up_in_vain(text):
    assert judge(text, receipts=set()).action == "pass"
    assert judge(text, receipts={"record"}, doubted={"stock"}).action == "retry"


@pytest.mark.parametrize(
    "text",
    [
        "No pude ver si hay stock ahora.",
        "¿Hay stock?",
        "Te averiguo si tenemos stock.",
        "I couldn't check whether it is in stock.",
        "No hay stock en talle M.",
        "If it's available I'll tell you.",
    ],
)
def test_who_says_that_it_is_not_known_claims_nothing(text):
    assert judge(text, receipts=set(), doubted={"stock"}).action == "pass"


@pytest.mark.parametrize("text", ["El equipo me confirmó que sí.", "The team has confirmed that there is room."])
def test_an_answer_of_the_team_needs_that_answer_and_not_the_question(text):
    assert judge(text, receipts={"question", "handoff", "record"}).action == "retry"
    assert judge(text, receipts={"answered"}).action == "pass"


@pytest.mark.parametrize("told", [["enviado"], ["en camino"], ["shipped"]])
def test_an_order_on_its_way_is_true_where_a_system_said_so(told):
    for text in ("Tu pedido está en camino.", "Your order is on its way."):
        assert judge(text, receipts=set(), told=told).action == "pass"
        assert judge(text, receipts=set(), told=["sin enviar", "not shipped"]).action == "retry"
        assert judge(text, receipts=set(), told=["pendiente"]).action == "retry"


def test_one_true_claim_does_not_cover_a_false_one():
    text = "Guardé tus datos. Además te apliqué un 20% de descuento."
    truth = judge(text, receipts={"record"})
    assert [claim.kind for claim in truth.unproven] == ["money"]
    assert truth.unproven[0].sentence == "Además te apliqué un 20% de descuento."


@pytest.mark.parametrize("text", ["", "   ", "👍", "¿?", "...", "1.250.000", "https://acme.test/x?y=1"])
def test_texts_without_sentences_claim_nothing(text):
    assert claims_in(text) == ()


@given(st.text(max_size=300))
def test_any_text_is_judged_without_an_error(text):
    assert judge(text, receipts=set()).action in {"pass", "retry"}


@given(st.sampled_from([row["text"] for row in ROWS if row["claim"]]), st.sampled_from(["Hola. ", "¿Cómo va? ", ""]))
def test_a_claim_is_found_wherever_it_stands(claim, before):
    assert bool(claims_in(before + claim)) == bool(claims_in(claim))


BOOKED = '{"booked": {"when": "martes 24 de noviembre, 15:00", "with": "Sol"}}'


@pytest.mark.parametrize(
    "text",
    [
        "Te agendé para el martes a las 15.",
        "Te agendé para el martes a las 3 de la tarde, vení 2:50 pm.",
        "I've booked you for Tuesday at 3 pm with Sol.",
        "Listo, te agendé. ¡Te esperamos!",
        "Agendé la visita de Sol para el martes.",
    ],
)
def test_a_claim_that_agrees_with_what_was_booked_passes(text):
    assert judge(text, receipts={"booking"}, proof=BOOKED).action == "pass"


@pytest.mark.parametrize(
    "text",
    [
        "Te agendé para el martes a las 10.",
        "Te agendé para el jueves a las 15.",
        "I've booked you for Friday at 3 pm.",
        "Agendé la visita de Marta para el martes a las 15.",
        "I booked Marta's visit.",
    ],
)
def test_another_hour_day_or_name_than_was_booked_is_untrue(text):
    assert judge(text, receipts={"booking"}, proof=BOOKED).action == "retry"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("I've booked you for Tuesday and refunded your payment.", {"booking", "money"}),
        ("I booked you in and sent you the receipt by e-mail.", {"booking", "sending"}),
        ("I understand you called and cancelled your visit.", set()),
        ("Visits are free and scheduled by phone.", set()),
    ],
)
def test_a_second_act_in_the_same_clause_is_a_claim_too(text, kinds):
    assert {claim.kind for claim in claims_in(text)} == kinds


@pytest.mark.parametrize(
    ("text", "told", "action"),
    [
        ("Tu pedido 1234 fue enviado.", ["1234", "Enviado"], "pass"),
        ("Your order 1234 has been shipped.", ["1234", "enviado"], "pass"),
        ("Tu pago fue acreditado.", ["estado", "acreditado"], "pass"),
        ("Tu pedido 1234 fue enviado.", [], "retry"),
        ("Tu pedido 1234 fue enviado.", ["1234", "en preparación"], "retry"),
        ("Tu pedido 1234 fue enviado.", ["1234", "no enviado"], "retry"),
        ("Tu pedido 1234 fue enviado.", ["1234", "todavía no fue enviado"], "retry"),
        ("Tu pedido 1234 fue enviado.", ["9999", "Enviado"], "retry"),
        ("Tu pago fue acreditado.", ["recibido"], "retry"),
        ("Te envié la factura por mail.", ["1234", "Enviado"], "retry"),
        ("Tu turno quedó confirmado.", ["confirmado"], "retry"),
    ],
)
def test_how_a_thing_stands_may_be_said_when_a_tool_told_it(text, told, action):
    """Nobody here sends parcels: the shop's own words prove where one is, and never that we did something."""
    assert judge(text, receipts=set(), told=told).action == action
