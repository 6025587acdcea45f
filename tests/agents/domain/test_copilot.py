"""Small rules of the help with writing: what to look at twice, and what is done where no model is."""

import pytest

from agents.domain import copilot
from agents.domain.copilot_rules import draft, rewritten


@pytest.mark.parametrize(
    ("text", "sources", "found"),
    [
        ("Sale 1.500,00 pesos", ["cuesta $ 1500"], ()),
        ("Sale $ 15.000", ["cuesta $ 1.500"], ("15.000",)),
        ("A las 17:30 del 24/11", ["turno 1730"], ("24/11",)),
        ("Tengo 2 o 3 opciones", [], ()),
        ("12, 12 y 12", [], ("12",)),
    ],
)
def test_numbers_that_no_source_holds(text: str, sources: list[str], found: tuple[str, ...]) -> None:
    assert copilot.new_numbers(text, sources) == found


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("«Hola, ¿qué tal?»", "Hola, ¿qué tal?"),
        ('"Hola"', "Hola"),
        ('"Hola" y "chau"', '"Hola" y "chau"'),
        ("```text\nHola\n```", "Hola"),
        ("  Hola\nMarta ", "Hola\nMarta"),
    ],
)
def test_what_wraps_a_text_is_taken_off(text: str, clean: str) -> None:
    assert copilot.tidied(text) == clean


def test_a_summary_is_five_bounded_lines() -> None:
    lines = copilot.five_lines("\n\n- Uno  dos\n* Tres\n" + "x" * 900 + "\n4\n5\n6").splitlines()
    assert lines[:2] == ["Uno dos", "Tres"]
    assert len(lines) == copilot.SUMMARY_LINES
    assert len(lines[2]) == copilot.LONGEST_LINE


def test_a_source_is_named_only_where_something_was_taken_from_it() -> None:
    passage = "Los envíos a Rosario salen los martes y cuestan 4.500 pesos."
    assert copilot.rests_on("Cuesta 4500", passage)
    assert copilot.rests_on("El envío a Rosario sale los martes", passage)
    assert not copilot.rests_on("Te averiguo el precio", passage)
    assert not copilot.rests_on("", passage)


@pytest.mark.parametrize(
    ("kind", "text", "made"),
    [
        ("spelling", "hola ,te  paso la informacion x mail", "Hola, te paso la información por mail"),
        (
            "spelling",
            "mirá https://acme.test/q?x=dia y escribí a q@acme.test",
            "Mirá https://acme.test/q?x=dia y escribí a q@acme.test",
        ),
        ("spelling", "podes venir el sabado?", "¿Podes venir el sábado?"),
        ("spelling", "can you come?", "Can you come?"),
        ("spelling", "Ya está bien escrito.", None),
        ("shorter", "Te cuento que abrimos a las 9. Quedo a disposición.", "Abrimos a las 9."),
        ("friendlier", "Abrimos a las 9.", "¡Hola, Marta! Abrimos a las 9. ¡Gracias por escribirnos!"),
        ("friendlier", "Hola, gracias por avisar.", None),
        ("formal", "¡Hola! Cuando querés pasá, te espero 😀", "Buen día. Cuando quiere pasá, le espero"),
        ("translate", "Hola", None),
    ],
)
def test_rules_change_little_and_say_when_they_change_nothing(kind: str, text: str, made: str | None) -> None:
    assert rewritten(text, kind, language="es", name="Marta") == made


def test_a_draft_of_rules_speaks_the_customers_language_and_register() -> None:
    assert draft([], language="es", register="usted", name="Marta").startswith(
        "¡Hola, Marta!\nGracias por su consulta."
    )
    assert draft(["We open at 9."], language="en", register="voseo", name="") == "Hello!\nWe open at 9."
    assert "find out" in draft([], language="en", register="tuteo", name="Ann")


def test_every_order_to_a_model_exists_in_both_languages() -> None:
    for language in ("es", "en"):
        for kind in copilot.REWRITES:
            text = copilot.rewrite_orders(language, kind, company="Acme {x}", manner="De vos.", sample="[m: {y}]")
            assert "Acme {x}" in text
            assert ("[m: {y}]" in text) == (kind == copilot.TRANSLATE)
            assert ("De vos." in text) == (kind not in (copilot.FORMAL, copilot.TRANSLATE))
        assert copilot.draft_orders(language, "[notas: {z}]").endswith("[notas: {z}]")
        assert copilot.summary_orders(language)
