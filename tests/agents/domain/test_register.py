"""The register changes the platform's own sentences; every text has its three forms."""

import pytest

from agents.domain.prompt_texts import _SPANISH, words_of
from agents.domain.register import SPANISH, english_of, handed_over, in_register, spanish_of


@pytest.mark.parametrize(
    ("config", "language", "said"),
    [
        ({}, "es", "Te paso con una persona del equipo. Te responde por este mismo chat."),
        ({"register": "tuteo"}, "es", "Te paso con una persona del equipo. Te responde por este mismo chat."),
        (
            {"register": "usted"},
            "es",
            "Una persona del equipo sigue con su consulta y le responde por este mismo chat.",
        ),
        ({}, "en", "I'm passing you to a person of the team. They will answer in this same chat."),
        ({"register": "usted"}, "en", "I am passing you to a member of our team, who will answer in this same chat."),
        (
            {"register": "usted", "register_en": "casual"},
            "en",
            "I'm passing you to a person of the team. They will answer in this same chat.",
        ),
        ({"register": "gritos", "register_en": 7}, "es", handed_over("es", {}, "es")),
    ],
)
def test_a_hand_over_is_said_in_the_register_of_the_company(config, language, said):
    assert handed_over(language, config, "es-AR") == said


@pytest.mark.parametrize(
    ("locale", "register"),
    [("es", "voseo"), ("es_AR", "voseo"), ("es-UY", "voseo"), ("es-ES", "tuteo"), ("es-MX", "tuteo")],
)
def test_without_a_choice_the_country_decides(locale, register):
    assert spanish_of("", locale) == spanish_of(None, locale) == register
    assert english_of("") == "casual"


def test_every_form_is_there():
    assert [in_register("[Sos|Eres|Es] X", register) for register in SPANISH] == ["Sos X", "Eres X", "Es X"]
    for register in SPANISH:
        rules = words_of("es", register)["platform_rules"]
        assert len(rules) == len(_SPANISH["platform_rules"])
        assert not any("|" in rule or "[" in rule for rule in rules)


def test_usted_never_falls_back_into_vos_or_tu():
    said = " ".join(words_of("es", "usted")["platform_rules"]).lower()
    for familiar in (
        "contestá",
        "contesta ",
        "decí ",
        "podés",
        "puedes",
        "sabés",
        "sabes",
        "hables",
        "pedí ",
        "sos ",
        "eres ",
    ):
        assert familiar not in said
