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
