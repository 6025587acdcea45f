"""Which agent takes a turn, by rules alone; the corpus is tests/agents/corpus/triage.jsonl."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain.triage import (
    HOPS,
    SPECIALTIES,
    SUBJECTS,
    SURE,
    Case,
    Reading,
    Routed,
    Seat,
    again,
    decide,
    needs_router,
    read,
    seats,
    specialised,
    stored,
)
from agents.domain.urgency import LEVELS, Urgency
from agents.services.router import understood

ROWS = [json.loads(line) for line in (Path(__file__).parents[1] / "corpus/triage.jsonl").read_text().splitlines()]
CALM = Urgency()
TEAM = (Seat("r", "reception", front=True), Seat("s", "sales"), Seat("b", "booking"))


def case(text: str = "", *, current: str = "", hops: int = 0, router: Routed | None = None, team=TEAM) -> Case:
    return Case(team, current, hops, read([text]) if text else Reading("", False, (), CALM), router)


class TestTheCorpus:
    def test_it_is_large_enough_and_of_both_languages(self) -> None:
        assert len({row["text"] for row in ROWS}) == len(ROWS) >= 250
        assert min(sum(row["lang"] == lang for row in ROWS) for lang in ("es", "en")) >= 75

    def test_where_rules_are_sure_they_are_right_in_at_least_95_of_100(self) -> None:
        sure = [(row, read([row["text"]])) for row in ROWS]
        sure = [(row, found) for row, found in sure if found.sure]
        wrong = [(row["text"], row["intent"], found.subject) for row, found in sure if found.subject != row["intent"]]
        assert len(wrong) <= 0.05 * len(sure), wrong
        assert len(sure) >= 0.75 * sum(row["intent"] != "other" for row in ROWS), (
            "rules that are never sure are no rules"
        )

    @pytest.mark.parametrize("subject", ["person", "emergency"])
    def test_nobody_who_asks_for_a_person_or_is_in_danger_is_missed_and_nobody_else_taken_for_one(
        self, subject
    ) -> None:
        found = {row["text"] for row in ROWS if read([row["text"]]).subject == subject}
        meant = {row["text"] for row in ROWS if row["intent"] == subject}
        assert found == meant


class TestWhatWinsOverWhat:
    @pytest.mark.parametrize(
        "text",
        [
            "Quiero un turno para una consulta, pero prefiero hablar con una persona",
            "Consulta por turno: quiero hablar con un humano",
            "Tengo que pagar la factura, pasame con alguien de administración",
            "Se me rompió el termotanque, hay olor a gas y quiero hablar con una persona",
        ],
    )
    def test_a_person_that_is_asked_for_wins_over_every_other_word(self, text: str) -> None:
        assert decide(case(text)).why == "person"

    def test_an_emergency_wins_over_an_appointment_and_a_bill(self) -> None:
        decision = decide(case("Quiero un turno y la factura. No puedo respirar"))
        assert (decision.person, decision.subject) == (True, "emergency")

    def test_a_consultation_about_a_price_is_no_complaint_and_no_appointment(self) -> None:
        assert read(["Consulta de precio"]).subject == "sales"
        assert read(["No tengo ningún reclamo, solo quiero el precio"]).subject == "sales"

    def test_what_is_denied_is_not_asked_for(self) -> None:
        assert "booking" not in read(["ya no quiero el turno"]).hits

    @given(
        st.text(max_size=120), st.text(max_size=120), st.sampled_from(["", "s", "b", "r", "gone"]), st.integers(0, 9)
    )
    def test_a_person_wins_whatever_stands_around_it(self, before, after, current, hops) -> None:
        texts = [before, "Quiero hablar con una persona", after]
        decision = decide(Case(TEAM, current, hops, read(texts), Routed("sales", "low", 1.0, "es")))
        assert (decision.person, decision.subject) == (True, "person")


class TestWhoTakesIt:
    def test_the_subject_goes_to_its_specialist_and_what_has_none_to_the_front_door(self) -> None:
        assert decide(case("Quiero un turno")).agent == "b"
        assert decide(case("¿Cuánto sale?")).agent == "s"
        assert decide(case("Necesito la factura", current="s")).agent == "r"

    def test_a_specialist_keeps_the_chat_until_the_subject_clearly_changes(self) -> None:
        for text in ("gracias", "el martes", "¿y a qué hora cierran?", "sí, dale"):
            assert decide(case(text, current="b")).agent == "b", text
        assert decide(case("¿Cuánto sale el tratamiento?", current="b")).agent == "s"

    def test_who_has_it_no_longer_on_the_channel_does_not_keep_it(self) -> None:
        assert decide(case("hola", current="gone")).agent == "r"

    def test_one_agent_and_agents_without_specialty_are_no_team(self) -> None:
        assert not specialised(seats([("a", "sales")]))
        assert seats([("a", ""), ("z", "")]) == (Seat("a", "", front=True),)
        assert seats([("a", ""), ("z", "reception")]) == (Seat("a", "", front=True),)
        assert not needs_router(case("mmm", team=seats([("a", "")])))

    def test_the_front_door_is_reception_else_the_first(self) -> None:
        assert [seat.agent for seat in seats([("a", "sales"), ("z", "reception")]) if seat.front] == ["z"]
        assert [seat.agent for seat in seats([("a", "sales"), ("b", "booking")]) if seat.front] == ["a"]
        assert [seat.agent for seat in seats([("a", ""), ("b", "booking"), ("c", "")])] == ["a", "b"]

    def test_after_too_many_changes_people_get_it_with_the_reason(self) -> None:
        decision = decide(case("Quiero un turno", current="s", hops=HOPS))
        assert (decision.person, decision.why) == (True, "hops")
        assert not decide(case("Quiero un turno", current="b", hops=HOPS)).person, "no change, no hop"


class TestAThingThatIsOnlyNamed:
    def test_it_decides_where_a_chat_begins_and_takes_it_from_nobody(self) -> None:
        assert read(["precio?"]).weak
        assert not read(["¿Cuánto sale?"]).weak
        assert decide(case("precio?")).agent == "s"
        assert not needs_router(case("precio?"))
        kept = case("precio?", current="b")
        assert (decide(kept).agent, decide(kept).why, needs_router(kept)) == ("b", "unsure", True)
        assert decide(replace(kept, router=Routed("sales", "low", 0.9, "es"))).agent == "s"
        assert not needs_router(case("precio?", current="s")), "whose subject it is asks nobody"

    def test_a_decision_from_before_it_was_kept_is_made_again(self) -> None:
        given_case = case("precio?")
        told = stored(given_case, decide(given_case))
        del told["rules"]["weak"]
        assert again(told) == decide(given_case)


class TestTheRoutersWord:
    def test_it_counts_only_where_rules_are_unsure(self) -> None:
        wrong = Routed("booking", "low", 1.0, "es")
        assert decide(case("¿Cuánto sale?", router=wrong)).agent == "s"
        assert decide(case("quiero saber eso que te dije", router=wrong)).agent == "b"

    def test_a_doubtful_one_changes_nothing(self) -> None:
        doubt = Routed("booking", "low", SURE - 0.01, "es")
        assert decide(case("mmm", current="s", router=doubt)) == replace(
            decide(case("mmm", current="s")), why="doubtful"
        )

    def test_danger_is_believed_at_any_confidence(self) -> None:
        assert decide(case("mmm", router=Routed("other", "emergency", 0.1, "es"))).person

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "booking",
            "{",
            "[]",
            '{"intent": "booking"}',
            '{"intent": "refund_all", "urgency": "low", "confidence": 1, "language": "es"}',
            '{"intent": "booking", "urgency": "none", "confidence": 1, "language": "es"}',
            '{"intent": "booking", "urgency": "low", "confidence": 7, "language": "es"}',
            '{"intent": "booking", "urgency": "low", "confidence": NaN, "language": "es"}',
            '{"intent": "booking", "urgency": "low", "confidence": true, "language": "es"}',
            '{"intent": "booking", "urgency": "low", "confidence": 1, "language": "es", "tool": "x"}',
            '{"intent": ["booking"], "urgency": "low", "confidence": 1, "language": "es"}',
            "[" * 5000,
        ],
    )
    def test_what_does_not_fit_the_schema_is_no_answer(self, text: str) -> None:
        assert understood(text) is None

    def test_an_object_in_a_fence_is_read(self) -> None:
        text = '```json\n{"intent": "sales", "urgency": "low", "confidence": 0.9, "language": "en"}\n```'
        assert understood(text) == Routed("sales", "low", 0.9, "en")


readings = st.builds(
    Reading,
    subject=st.sampled_from(["", *SUBJECTS]),
    sure=st.booleans(),
    hits=st.tuples(),
    urgency=st.builds(Urgency, level=st.sampled_from(["", *LEVELS])),
    weak=st.booleans(),
)
teams = st.lists(st.sampled_from(["", *SPECIALTIES, "odd"]), max_size=5).map(
    lambda each: seats([(f"a{number}", specialty) for number, specialty in enumerate(each)])
)
routers = st.none() | st.builds(
    Routed,
    intent=st.sampled_from(list(SUBJECTS)),
    urgency=st.sampled_from(LEVELS),
    confidence=st.floats(0, 1),
    language=st.just("es"),
)
cases = st.builds(Case, teams, st.sampled_from(["", "a0", "a1", "a2", "gone"]), st.integers(0, 7), readings, routers)


class TestAlways:
    @given(cases)
    def test_somebody_of_the_team_or_people_get_the_turn_and_hops_end(self, given_case: Case) -> None:
        decision = decide(given_case)
        assert decision.person or not given_case.team or decision.agent in {seat.agent for seat in given_case.team}
        assert decision.hops <= max(given_case.hops, HOPS)

    @given(cases)
    def test_a_stored_decision_is_made_again_from_what_was_stored(self, given_case: Case) -> None:
        decision = decide(given_case)
        assert again(json.loads(json.dumps(stored(given_case, decision)))) == decision

    @given(st.lists(st.sampled_from(["Quiero un turno", "¿Cuánto sale?", "Necesito la factura", "hola"]), max_size=40))
    def test_a_chat_changes_hands_at_most_so_often(self, texts: list[str]) -> None:
        current, hops, changes = "", 0, 0
        for text in texts:
            decision = decide(case(text, current=current, hops=hops))
            if decision.person:
                break
            changes += bool(current) and decision.agent != current
            current, hops = decision.agent, decision.hops
        assert changes <= HOPS
