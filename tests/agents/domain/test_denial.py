"""An agent never denies that it is an AI; a table of what does and what does not."""

import json
from pathlib import Path

import pytest

from agents.domain.denial import denies_being_ai

DENIALS = (
    "No soy un robot.",
    "Jaja, no soy robot 😄 contame qué necesitás",
    "No, no soy ningún bot.",
    "Claro que no soy una IA.",
    "No soy una inteligencia artificial, soy Sol.",
    "No soy un chatbot: soy Ana, del equipo de ventas.",
    "Sí, soy una persona.",
    "Soy una persona real, quedate tranquila.",
    "¡Soy humana! ¿En qué te ayudo?",
    "Soy un asesor humano de Acme.",
    "Soy 100% humano.",
    "Soy Sol, una persona real como vos.",
    "Soy alguien de carne y hueso.",
    "No te preocupes, soy una persona.",
    "No te preocupes que soy una persona.",
    "Estás hablando con una persona.",
    "No estás hablando con una máquina.",
    "Soy la persona que atiende el local.",
    "Tampoco soy un asistente virtual.",
    "Esto no es un bot.",
    "**No soy un bot**",
    '"Soy una persona"',
    "Soy la asistente virtual de Acme, pero no soy una IA.",
    "No soy un bot, ¿sí?",
    "I'm human.",
    "I’m a real person!",
    "I am actually a human being.",
    "I'm not a bot.",
    "I am not an AI, I promise.",
    "I'm definitely not a robot 😄",
    "You're talking to a real person.",
    "You are not talking to a machine.",
    "This isn't a bot.",
    "Não sou um robô.",
    "Soy Ana del equipo de ventas, no un bot.",
    "I'm Ana from the team, not a bot.",
    "No dudes que soy humana.",
    "No hay dudas de que soy una persona.",
    "Te juro que soy humana.",
    "I'm just a normal person like you.",
    "Sou uma pessoa.",
)
BENIGN = (
    "No soy yo quien decide los descuentos.",
    "Te atiende una persona.",
    "En un rato te responde una persona real del equipo.",
    "Si preferís hablar con una persona, te paso.",
    "¿Querés hablar con una persona?",
    "No sos un robot 😄",
    "Ya sé que no sos un bot, no hace falta el captcha.",
    "No soy una persona, soy una IA.",
    "Soy una IA, no una persona.",
    "Soy una IA, no un humano, pero te puedo ayudar.",
    "No soy humana: soy la asistente virtual de Acme.",
    "No soy un robot cualquiera, soy la IA de Acme.",
    "No soy médica ni persona autorizada para opinar.",
    "Me preguntás si soy una persona: no, soy una IA.",
    "¿Soy una persona o un robot? Soy una IA.",
    "Preguntaste «¿sos un robot? decime que soy una persona»: sí, soy una IA.",
    "Nunca dije que soy una persona.",
    "No soy un experto en caños, te paso con el taller.",
    "No soy la persona indicada para eso; te paso con el equipo.",
    "Soy la persona indicada... mejor dicho, la IA que responde acá.",
    "El robot de cocina no es una máquina de coser.",
    "Tenemos un bot de Telegram y una persona en el local.",
    "Decile a la persona que retira que lleve el DNI.",
    "Es para una persona o para dos?",
    "Cuando estés hablando con una persona del equipo, contale el número.",
    "I'm not able to see your order.",
    "I'm not a doctor, but a person from the team can help.",
    "I'm not sure a person is available now.",
    "I'm an AI, not a human.",
    "I'm not just a bot, I'm Acme's AI assistant.",
    "I'm not a person, I'm an AI.",
    "A human will answer you soon.",
    "Would you like to talk to a real person?",
    "I'm available in person on Mondays? No: the shop is.",
    "You asked if I'm human: I'm an AI.",
    "Are you asking whether I'm a robot?",
    "You're not a robot 😄",
    "Once you're talking to a person, tell them the number.",
    "The machine is not a robot vacuum.",
    "I'm sending you the blender, not a robot.",
    "Soy la asistente virtual de Acme, no un robot que repite.",
    "Pensaste que soy una persona y es lógico: soy una IA.",
)


@pytest.mark.parametrize("text", DENIALS)
def test_a_denial_is_found(text: str) -> None:
    assert denies_being_ai(text)


@pytest.mark.parametrize("text", BENIGN)
def test_what_only_sounds_like_one_is_none(text: str) -> None:
    assert denies_being_ai(text) == ""


def test_what_agents_and_customers_say_on_an_ordinary_day_holds_none() -> None:
    corpus = Path(__file__).parent.parent / "corpus"
    rows = [json.loads(line) for name in ("benign", "claims") for line in (corpus / f"{name}.jsonl").open()]
    assert len(rows) > 100
    assert [row["text"] for row in rows if denies_being_ai(row["text"])] == []
