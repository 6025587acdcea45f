"""The demo model through its port: it asks for tools, and says only what they gave."""

import json

import pytest

from agents.domain.truth_gate import claims_in
from agents.llm.base import ChatMessage, ChatRequest, ToolSpec
from agents.llm.demo import DemoLLM
from agents.llm.demo_quote import quote
from agents.llm.demo_words import WORDS

TOOLS = tuple(ToolSpec(name, "", {}) for name in ("rag_search", "create_customer", "qualify_lead", "handoff_to_human"))
PRICES = {
    "title": "Precios",
    "text": "## Precios\n- TS-200 (200 litros): $ 850.000.\n- TS-300 (300 litros): $ 1.150.000.",
}
SYSTEM = ChatMessage("system", "Sos Sol.\n\n# Datos\n- Empresa: Acme Solar")


def turn(text, results=None, tools=TOOLS, before=()):
    """Calls asked for and the final answer, with `results` as what the tools give."""
    model, calls = DemoLLM(), []
    messages = [SYSTEM, *before, ChatMessage("user", text)]
    answer = model.complete(ChatRequest("demo", tuple(messages), tools))
    if answer.tool_calls:
        messages.append(ChatMessage("assistant", raw=answer.raw_assistant))
        for call in answer.tool_calls:
            calls.append((call.name, json.loads(call.arguments_text)))
            result = (results or {}).get(call.name, {"ok": True})
            messages.append(ChatMessage("tool", json.dumps(result), tool_call_id=call.id))
        answer = model.complete(ChatRequest("demo", tuple(messages), tools))
    return calls, answer.text


def test_it_greets_as_an_automatic_assistant_of_the_company():
    assert turn("Hola, buenas tardes!") == ([], "¡Hola! Soy el asistente automático de Acme Solar. ¿Qué querés saber?")


def test_it_answers_from_the_passage_that_fits_the_question():
    calls, text = turn("¿Cuánto sale el de 300 litros?", {"rag_search": {"ok": True, "passages": [PRICES]}})
    assert calls == [("rag_search", {"query": "¿Cuánto sale el de 300 litros?"})]
    assert text == "Precios. TS-300 (300 litros): $ 1.150.000."


def test_each_question_of_a_burst_is_looked_up_and_answered_by_itself():
    calls, text = turn(
        "Hola, soy Ana Ruiz\n¿Cuánto sale el de 200 litros?\n¿y el de 300 litros?",
        {"rag_search": {"ok": True, "passages": [PRICES]}},
    )
    assert [arguments["query"] for name, arguments in calls if name == "rag_search"] == [
        "¿Cuánto sale el de 200 litros?",
        "¿y el de 300 litros?",
    ]
    assert "$ 850.000" in text
    assert "$ 1.150.000" in text


@pytest.mark.parametrize("passages", [[], [{"title": "x", "text": "Nada que ver con eso."}]])
def test_it_says_honestly_that_it_does_not_know(passages):
    _, text = turn("¿Tienen sucursal en Marte?", {"rag_search": {"ok": True, "passages": passages}})
    assert text.startswith("Ese dato no lo tengo cargado")


def test_it_saves_what_the_customer_tells_and_claims_it_only_when_saved():
    said = "Me interesa, soy Juana Pérez, 11 5555 1234"
    calls, text = turn(said)
    assert [name for name, _ in calls] == ["create_customer", "qualify_lead"]
    assert calls[0][1] == {"name": "Juana Pérez", "phone": "11 5555 1234"}
    assert {claim.kind for claim in claims_in(text)} == {"record"}
    _, refused = turn(said, {"create_customer": {"ok": False}})
    assert claims_in(refused) == ()


@pytest.mark.parametrize(("who", "words"), [("team", "waits_team"), ("customer", "waits_customer")])
def test_it_does_not_call_done_what_somebody_still_has_to_allow(who, words):
    _calls, said = turn("Soy Marta Gómez, marta@example.test", {"create_customer": {"ok": True, "waiting_for": who}})
    assert said == WORDS["es"][words]
    assert claims_in(said) == ()


def test_a_request_for_a_person_comes_before_everything_else():
    calls, text = turn("Soy Ana Ruiz y quiero hablar con una persona")
    assert [name for name, _ in calls] == ["handoff_to_human"]
    assert {claim.kind for claim in claims_in(text)} == {"handoff"}
    _, failed = turn("Quiero hablar con una persona", {"handoff_to_human": {"ok": False}})
    assert claims_in(failed) == ()


def test_it_asks_only_for_tools_that_it_was_given():
    calls, text = turn("¿Cuánto sale? Soy Ana Ruiz", tools=())
    assert calls == []
    assert text


def test_it_never_passes_for_a_person_or_a_language_model():
    assert "no una persona" in turn("¿Sos una persona o un bot?")[1]
    assert "not a person" in turn("Are you a robot?")[1]


def test_it_answers_english_in_english():
    _, text = turn("How much is the 300 liter tank?", {"rag_search": {"ok": True, "passages": []}})
    assert text.startswith("I do not have that information")


def test_the_same_dialogue_gives_the_same_answer():
    assert turn("¿Hacen envíos?") == turn("¿Hacen envíos?")


@pytest.mark.parametrize("text", ["", " ", "👍", "?", "a" * 5000, "{{x}}", "\x00"])
def test_odd_input_gets_some_answer(text):
    assert turn(text)[1]


WRAPPED = {
    "title": "Preguntas",
    "text": "## ¿Funciona con el cielo nublado?\n\nSí. Con el cielo cubierto rinde cerca\nde la mitad.\n\n## Envíos\n\nA Córdoba, 48 horas.",
}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("¿Funciona si está nublado?", "Sí. Con el cielo cubierto rinde cerca de la mitad."),
        ("¿hacen envios a cordoba?", "Envíos. A Córdoba, 48 horas."),
        ("¿Quién es el presidente?", ""),
        ("", ""),
    ],
)
def test_a_quotation_is_the_whole_paragraph_that_answers(question, wanted):
    assert quote(question, [WRAPPED]) == wanted


def test_a_very_long_paragraph_is_quoted_by_its_best_sentences():
    filler = "Esta oración habla de otra cosa muy distinta y larga. " * 30
    text = f"{filler}El envío a Córdoba cuesta poco. {filler}"
    said = quote("¿envío a Córdoba?", [{"text": text}])
    assert "El envío a Córdoba cuesta poco." in said
    assert len(said) <= 420


AGENDA = tuple(
    ToolSpec(name, "", {})
    for name in (
        *("check_seller_availability", "book_appointment", "reschedule_appointment", "cancel_appointment"),
        *("my_appointments", "qualify_lead", "create_customer", "rag_search"),
    )
)
TUESDAY = {"number": 1, "when": "martes 24 de noviembre a las 15:00", "with": "Sol"}


def listed(*options, key="options"):
    lines = "\n".join(f"{each['number']}) {each['when']} con {each['with']}" for each in options)
    return ChatMessage("assistant", WORDS["es"][key].format(lines))


@pytest.mark.parametrize(
    ("said", "before", "wanted"),
    [
        ("Quiero un turno el martes", (), ["qualify_lead", "check_seller_availability"]),
        ("la 1", (listed(TUESDAY),), ["qualify_lead", "book_appointment"]),
        ("la 1", (listed(TUESDAY, key="options_move"),), ["reschedule_appointment"]),
        ("¿cuánto sale la instalación?", (listed(TUESDAY),), ["rag_search"]),
        ("quiero cambiar mi turno al jueves", (), ["check_seller_availability"]),
        ("cancelá mi turno", (), ["cancel_appointment"]),
        ("¿cuándo es mi turno?", (), ["my_appointments"]),
        ("la del viernes", (ChatMessage("user", "cancelá mi turno"), listed(TUESDAY, key="which_appointment")), ["cancel_appointment"]),
    ],
)  # fmt: skip
def test_of_appointments_it_asks_for_the_tool_that_the_words_want(said, before, wanted):
    assert [name for name, _ in turn(said, tools=AGENDA, before=before)[0]] == wanted


@pytest.mark.parametrize(
    ("said", "tool", "result", "kind"),
    [
        ("la 1", "book_appointment", {"ok": True, "booked": TUESDAY}, "booking"),
        ("la 1", "book_appointment", {"ok": True, "already": True, "appointment": TUESDAY}, "booking"),
        ("la 1", "book_appointment", {"ok": False, "why": "slot_taken", "options": [TUESDAY]}, None),
        ("la 1", "book_appointment", {"ok": False, "why": "agenda_unknown"}, None),
        ("la 1", "book_appointment", {"ok": False, "why": "missing", "missing": ["name", "document"]}, None),
        ("la 1", "book_appointment", {"ok": True, "simulated": True}, None),
        ("cancelá mi turno", "cancel_appointment", {"ok": True, "cancelled": TUESDAY}, "booking_change"),
        ("cancelá mi turno", "cancel_appointment", {"ok": False, "why": "none"}, None),
    ],
)
def test_of_appointments_it_claims_only_what_a_tool_confirmed(said, tool, result, kind):
    _, text = turn(said, {tool: result}, tools=AGENDA, before=(listed(TUESDAY),))
    assert {claim.kind for claim in claims_in(text)} == ({kind} if kind else set())


def test_a_choice_in_figures_is_answered_in_the_language_of_the_words_before():
    before = (
        ChatMessage("user", "I need an appointment on Tuesday"),
        ChatMessage("assistant", WORDS["en"]["options"].format("1) …")),
    )
    _, text = turn("1", {"book_appointment": {"ok": True, "booked": TUESDAY}}, tools=AGENDA, before=before)
    assert text.startswith("Done, I booked")
