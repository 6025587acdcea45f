"""What counts as a customer's yes, and what counts as having asked for it."""

import pytest

from agents.domain.consent import answer_of, asks_for


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("¿Confirmás el pedido del A1?", True),
        ("Entonces anoto el A1, ¿dale? ¿El A1?", True),
        ("Shall I go ahead?", True),
        ("Do you confirm the order?", True),
        ("¿Algo más?", False),
        ("Anoto el pedido del A1.", False),
        ("Anoto el pedido. ¿Querés saber los horarios?", False),
    ],
)
def test_a_question_is_about_the_act_or_is_none(question: str, asks: bool) -> None:
    assert asks_for(question, "Anotar pedido", ["A1"]) is asks


@pytest.mark.parametrize(
    ("question", "label", "values", "asks"),
    [
        ("¿Preferís mover la cita en vez de cancelarla?", "Cancelar una cita", ["jueves 10"], False),
        ("¿Cancelo la cita del jueves o la movemos?", "Cancelar una cita", ["jueves 10"], False),
        ("¿Confirmás tu cita del jueves 10?", "Cancelar una cita", ["jueves 10"], False),
        ("Te espero. ¿Confirmás?", "Cancelar una cita", ["jueves 10"], False),
        ("¿Confirmás que cancelo la cita del jueves 10?", "Cancelar una cita", ["jueves 10"], True),
        ("Shall I cancel your appointment?", "Cancelar una cita", [], True),
        ("Should I keep your appointment?", "Cancelar una cita", [], False),
        ("¿Querés cancelar la cita?", "Cancelar una cita", [], True),
        ("Cancelo la cita del jueves 10, ¿confirmás, sí o no?", "Cancelar una cita", ["jueves 10"], True),
        ("¿Tenés seguro médico?", "Anotar pedido", ["A1"], False),
        ("¿Me confirmás tu correo?", "Anotar pedido", ["A1"], False),
        ("¿Confirmás el pedido del A1? ¿Te lo envuelvo?", "Anotar pedido", ["A1"], False),
        ("¿Te llegó el pedido del A1?", "Anotar pedido", ["A1"], False),
        ("¿Anoto el pedido por $ 1.500?", "Anotar pedido", ["1500"], True),
        ("¿Confirmás ana@correo.test?", "Guardar el correo", ["ana@correo.test"], True),
        ("¿Confirmás el pedido de la remera negro o blanco?", "Anotar pedido", ["remera negro o blanco"], True),
        ("¿Guardo tus datos como Ana Ruiz?", "Guardar datos del contacto", ["Ana Ruiz"], True),
    ],
)
def test_only_a_question_about_this_act_and_no_other_asks_for_it(
    question: str, label: str, values: list[str], asks: bool
) -> None:
    assert asks_for(question, label, values) is asks


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        *((text, "yes") for text in (
            "sí", "Si", "dale", "ok", "Okey perfecto", "Sí, por favor", "confirmo", "👍", "Dale, gracias", "sii",
            "bueno dale", "claro que sí", "sí quiero", "Dale\nGracias!", "sí, hacelo por favor", "de acuerdo",
            "Sí, muchas gracias, muy amable", "yes", "Yes please", "sure, go ahead", "ok do it", "sim", "Sí ❤️", "perfecto, confirmado",
        )),
        *((text, "no") for text in (
            "no", "No, gracias", "mejor no", "no quiero", "cancelalo", "todavía no", "👎", "Esperá", "no thanks",
            "don't do it", "No, mejor no", "ahora no",
        )),
        *((text, "unclear") for text in (
            "sí pero a las 5", "no sé", "puede ser", "mmm", "sí, pero cambiá la dirección", "creo que sí", "sí\nno",
            "¿cuánto sale?", "si me decís el precio", "si es gratis dale", "yes but later", "maybe", "👍👎", "",
            "Sí, el jueves", "dale, a la tarde", "sí\nel azul", "Sí, soy Ana", "ok, Thursday", "El A2. Dale",
        )),
        *((text, "other") for text in (
            "¿Tienen estacionamiento?", "Quiero saber de los termos", "me llamo Ana", "Necesito otra dirección para el envío",
        )),
    ],
)  # fmt: skip
def test_a_yes_is_only_what_says_yes(words: str, answer: str) -> None:
    assert answer_of(words) == answer
