"""How a chat ended, by rules: a doubt is never a success, silence says nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.domain import assessment as rules
from agents.domain import assessment_words as words
from agents.domain.assessment import (
    AGENT,
    CONTACT,
    HANDED_OVER,
    OUTCOMES,
    PERSON,
    QUIET,
    RESOLVED,
    UNKNOWN,
    UNRESOLVED,
    Line,
    Marks,
    judge,
)

NOON = datetime(2026, 11, 10, 15, tzinfo=UTC)


def chat(*said: str, answers: bool = True) -> list[Line]:
    """ "c: hola" is the customer, "a:" the agent, "p:" a person; a minute apart."""
    who = {"c": CONTACT, "a": AGENT, "p": PERSON}
    return [
        Line(place, NOON + timedelta(minutes=place), who[line[0]], line[2:].strip(), answers)
        for place, line in enumerate(said, start=1)
    ]


ASKED = ("c: Hola, cuánto sale el envío a Rosario?", "a: El envío a Rosario sale $ 5.000.")

THANKS = [
    "gracias",
    "Muchas gracias!!",
    "Mil gracias, me re sirvió",
    "genial, gracias Sol",
    "Buenísimo, te agradezco",
    "joya, gracias",
    "no, nada más, gracias",
    "No, eso es todo",
    "No, eso era todo. Gracias!",
    "gracias por la info 🙌",
    "listo, muchas gracias por todo",
    "sos un crack, gracias",
    "Perfecto",
    "ya pude entrar",
    "excelente",
    "quedó claro",
    "ahora sí funciona, gracias",
    "thanks!",
    "Thank you so much",
    "great, thx",
    "that worked",
    "that's all, thanks",
    "No, that's it",
    "perfect",
]
NO_THANKS = [
    "no gracias",
    "No, gracias.",
    "no no gracias",
    "no, muchas gracias",
    "gracias igual",
    "gracias de todos modos",
    "Desde ya, muchas gracias",
    "gracias de antemano",
    "no thanks",
    "No, thank you",
    "thanks anyway",
    "thanks in advance",
    "ok",
    "dale",
    "👍",
    "bueno, lo pienso",
    "chau",
]
COMPLAINTS = [
    "gracias por nada",
    "Gracias por nada!!",
    "gracias pero no funciona",
    "gracias, pero sigue sin andar",
    "no me sirve",
    "no me sirvió para nada",
    "sigue igual",
    "todavía no me llega",
    "no es lo que te pregunté",
    "no te pregunté eso",
    "ya te lo dije",
    "pésimo servicio",
    "es una vergüenza",
    "quiero hacer un reclamo",
    "estoy harto",
    "son unos estafadores",
    "no entendés nada",
    "thanks for nothing",
    "thanks but it doesn't work",
    "it's still not working",
    "this is useless",
    "I already told you",
    "worst service ever",
]


@pytest.mark.parametrize("last", THANKS)
def test_a_customer_who_thanks_at_the_end_was_helped(last: str) -> None:
    found = judge(chat(*ASKED, f"c: {last}"))
    assert (found.outcome, found.reason) == (RESOLVED, found.reason), found
    assert found.reason in (rules.THANKED, rules.AFFIRMED)


@pytest.mark.parametrize("last", NO_THANKS)
def test_words_that_only_look_like_thanks_say_nothing(last: str) -> None:
    assert judge(chat(*ASKED, f"c: {last}")).outcome == UNKNOWN


@pytest.mark.parametrize("last", COMPLAINTS)
def test_a_complaint_at_the_end_is_unresolved(last: str) -> None:
    for after in ((), ("a: Lamento eso.",)):
        found = judge(chat(*ASKED, f"c: {last}", *after))
        assert (found.outcome, found.reason) == (UNRESOLVED, rules.COMPLAINT), after


@pytest.mark.parametrize(
    "last", ["gracias, y cuánto tarda?", "Gracias. Quiero dos", "perfecto, me pasás el alias", "thanks, how long?"]
)
def test_thanks_with_a_new_question_are_no_end(last: str) -> None:
    assert judge(chat(*ASKED, f"c: {last}")) == rules.Judgement(UNRESOLVED, rules.UNANSWERED, (rules.UNANSWERED,))
    assert judge(chat(*ASKED, f"c: {last}", "a: Tres días.")).outcome == UNKNOWN


def test_silence_after_an_answer_is_unknown_and_never_a_success() -> None:
    assert judge(chat(*ASKED)) == rules.Judgement(UNKNOWN, rules.SILENCE, ())
    assert judge(chat(*ASKED), Marks(order=True, closed=True)).outcome == UNKNOWN


def test_perfect_as_an_answer_to_a_question_is_no_verdict() -> None:
    offered = ("c: Quiero un turno", "a: Hay lugar el martes a las 10. ¿Le sirve?")
    assert judge(chat(*offered, "c: Perfecto", "a: Un momento.")).outcome == UNKNOWN
    assert judge(chat(*offered, "c: sí")).reason == rules.UNANSWERED, "a yes waits for what follows"
    assert judge(chat(*offered, "c: no, gracias")).outcome == UNKNOWN, "a no does not"


def test_thanks_before_any_answer_are_politeness() -> None:
    assert judge(chat("c: Hola, gracias por atender")).outcome == UNRESOLVED


def test_what_a_customer_came_with_is_no_complaint() -> None:
    assert judge(chat("c: No me funciona la clave", "a: Se cambia desde Ajustes.")).outcome == UNKNOWN
    assert judge(chat("c: No me funciona la clave", "a: Listo.", "c: sigue sin funcionar", "a: A ver.")) == (
        rules.Judgement(UNRESOLVED, rules.COMPLAINT, (rules.COMPLAINT,))
    )


@pytest.mark.parametrize(
    ("marks", "outcome", "reason"),
    [
        (Marks(booked=True), RESOLVED, rules.BOOKED),
        (Marks(converted=True), RESOLVED, rules.CONVERTED),
        (Marks(failed=True), UNRESOLVED, rules.FAILED),
        (Marks(blocked=True), UNRESOLVED, rules.BLOCKED),
        (Marks(booked=True, failed=True), UNRESOLVED, rules.FAILED),
        (Marks(handed="budget", handed_at=2), HANDED_OVER, "budget"),
        (Marks(booked=True, handed="agent", handed_at=2), HANDED_OVER, "agent"),
    ],
)
def test_facts_decide_where_words_do_not(marks: Marks, outcome: str, reason: str) -> None:
    found = judge(chat(*ASKED), marks)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_a_slot_that_does_not_suit_is_no_complaint() -> None:
    said = chat(
        "c: Quiero un turno", "a: ¿Martes?", "c: no me sirve el martes", "a: ¿Jueves?", "c: dale", "a: Agendado."
    )
    assert judge(said, Marks(booked=True)) == rules.Judgement(RESOLVED, rules.BOOKED, (rules.BOOKED,))


def test_a_person_who_took_the_chat_means_handed_over() -> None:
    assert judge(chat(*ASKED, "p: Hola, soy Ana", "c: gracias!")).reason == rules.TAKEN
    found = judge(chat(*ASKED, "p: Hola, soy Ana", "c: gracias, y el precio?"))
    assert found.outcome == HANDED_OVER
    assert rules.UNANSWERED in found.facts


def test_handed_over_and_nobody_came_is_left_alone() -> None:
    marks = Marks(handed="person", handed_at=2)
    assert rules.UNANSWERED in judge(chat(*ASKED), marks).facts
    assert rules.UNANSWERED not in judge(chat(*ASKED, "p: Hola"), marks).facts


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("cuánto sale el envío a Rosario?", "Cuanto sale el envio a rosario", True),
        ("hola, hacen envíos a Rosario?", "envíos a Rosario hacen?", True),
        ("mañana a las 10", "mañana a las 11", False),
        ("sí", "sí", False),
        ("cuánto sale el envío?", "cuánto tarda la entrega?", False),
        ("do you ship to Rosario today", "hello, do you ship to rosario today?", True),
    ],
)
def test_the_same_question_in_other_words(one: str, other: str, same: bool) -> None:
    assert words.same_question(one, other) is same


def test_a_repeated_question_is_unresolved_unless_they_thank() -> None:
    asked = "c: hacen envíos a Rosario centro?"
    said = chat(asked, "a: Tenemos zapatillas.", asked, "a: Tenemos botas.")
    assert judge(said).reason == rules.REPEATED
    assert judge([*said, Line(9, NOON + timedelta(minutes=9), CONTACT, "gracias")]).outcome == RESOLVED


def test_words_that_only_said_that_people_would_answer_are_no_answer() -> None:
    said = chat("c: cuánto sale?")
    said.append(Line(2, NOON + timedelta(minutes=2), AGENT, "Le respondemos en un rato.", answers=False))
    assert judge(said).reason == rules.UNANSWERED


def test_whoever_comes_back_within_a_day_with_the_same_question() -> None:
    before = chat(*ASKED)
    at = before[-1].at
    again = Line(9, at + timedelta(hours=3), CONTACT, "cuánto sale el envío a Rosario?")
    late = Line(9, at + QUIET + timedelta(minutes=1), CONTACT, again.text)
    other = Line(9, again.at, CONTACT, "tienen botas negras?")
    assert [rules.asked_again(before, [each]) for each in (again, late, other)] == [True, False, False]


def test_stretches_end_with_a_day_of_silence_and_with_a_closing() -> None:
    first, second = chat("c: hola", "a: buenas"), chat("c: otra vez")
    later = [Line(3, NOON + timedelta(days=2), CONTACT, second[0].text)]
    assert [len(part) for part in rules.stretches([*first, *later], ())] == [2, 1]
    soon = [Line(3, NOON + timedelta(minutes=5), CONTACT, "algo más")]
    assert len(rules.stretches([*first, *soon], ())) == 1
    assert len(rules.stretches([*first, *soon], [NOON + timedelta(minutes=4)])) == 2


LINES = st.lists(
    st.tuples(st.sampled_from([CONTACT, AGENT, PERSON]), st.sampled_from([*THANKS, *NO_THANKS, *COMPLAINTS, ""])),
    max_size=8,
).map(lambda said: [Line(n, NOON + timedelta(minutes=n), who, text) for n, (who, text) in enumerate(said, 1)])
MARKS = st.builds(
    Marks,
    handed=st.sampled_from(["", "person", "budget"]),
    booked=st.booleans(),
    converted=st.booleans(),
    order=st.booleans(),
    failed=st.booleans(),
    blocked=st.booleans(),
    closed=st.booleans(),
)


@given(LINES, MARKS)
def test_whatever_was_said_there_is_one_outcome_and_success_has_a_reason(lines: list[Line], marks: Marks) -> None:
    found = judge(lines, marks)
    assert found.outcome in OUTCOMES
    assert len(set(found.facts)) == len(found.facts)
    if found.outcome == RESOLVED:
        assert found.reason in {rules.THANKED, rules.AFFIRMED, rules.BOOKED, rules.CONVERTED}
        assert found.reason in found.facts
        assert not marks.handed
        assert all(line.author != PERSON for line in lines)
    if marks.handed:
        assert found.outcome == HANDED_OVER


@given(st.text(max_size=200))
def test_no_text_is_both_thanks_and_a_complaint(text: str) -> None:
    assert not (words.complains(text) and (words.thanks(text) or words.affirms(text)))


@given(st.lists(st.integers(0, 5000), max_size=12), st.lists(st.integers(0, 5000), max_size=4))
def test_stretches_lose_nothing_and_keep_the_order(minutes: list[int], closed: list[int]) -> None:
    lines = [Line(n, NOON + timedelta(minutes=m), CONTACT, "") for n, m in enumerate(sorted(minutes))]
    parts = rules.stretches(lines, [NOON + timedelta(minutes=m) for m in sorted(closed)])
    assert [line for part in parts for line in part] == lines
    assert all(parts)
