"""What a customer says about themselves, read by rules. Used by the demo model; every reading carries its quote."""

import re
from dataclasses import dataclass

from agents.domain.output_filter import emails_in, phones_in
from agents.domain.readings import plain

_NAME = re.compile(
    r"(?:\b[Mm]e llamo|\b[Mm]i nombre es|\b[Ss]oy|\b[Mm]y name is|\bI am|\bI'm|\b[Tt]his is|\b[Aa] nombre de)\s+"
    r"((?:[A-ZÁÉÍÓÚÑÜ][a-záéíóúñü'’-]+)(?:\s+(?:de |del |la |von |da )?[A-ZÁÉÍÓÚÑÜ][a-záéíóúñü'’-]+){0,3})"
)
_BARE_NAME = re.compile(r"^[A-ZÁÉÍÓÚÑÜ][a-záéíóúñü'’-]+(?:\s+[A-ZÁÉÍÓÚÑÜ][a-záéíóúñü'’-]+){0,3}[.!]?$")
_ASKED_NAME = re.compile(r"como te llamas|tu nombre|your name|a nombre de quien")
_NOT_NAMES = frozenset({"Hola", "Buenas", "Gracias", "Dale", "Si", "Sí", "No", "Ok", "Perfecto", "Argentina", "Buenos", "Hi", "Hello", "Thanks", "Yes"})  # fmt: skip

# Order matters: the first that matches decides. A refusal is read before the wish that it contains.
_INTEREST: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (level, re.compile(pattern))
    for level, pattern in (
        ("none", r"\b(?:no (?:me |nos )?(?:interesa|intereso|quiero (?:comprar|nada)|voy a comprar|lo quiero)|ya (?:no (?:lo |la )?(?:quiero|necesito)|compre|contrate|consegui)|not interested|no longer (?:need|want|interested)|do ?n'?t want (?:it|to buy))\b"),
        ("low", r"\b(?:(?:estoy|estamos|ando|solo) (?:averiguando|viendo|mirando|comparando|consultando)|por ahora (?:no|solo)|mas adelante|sin apuro|just (?:looking|browsing)|maybe later)\b"),
        ("high", r"\b(?:(?:lo|la|los|las) (?:quiero|compro|llevo|contrato)|quiero (?:comprar|contratar|encargar|pedir|reservar|uno|una|el de|la de|avanzar|instalar)|me (?:lo|la) (?:llevo|quedo)|como (?:pago|compro|hago para comprar)|donde (?:pago|compro|transfiero)|(?:muy|re) interesad[oa]|me interesa mucho|i(?:'ll| will)? (?:take|buy)|i want to (?:buy|order|hire|purchase)|how do i pay|very interested)\b"),
        ("medium", r"\b(?:me interesa|estoy interesad[oa]|quisiera|necesito|busco|estoy buscando|quiero|me gustaria|interested in|i need|looking for|i would like|i'd like)\b"),
    )
)  # fmt: skip
_MONEY = (
    r"(?:\$|u\$s|usd|ars|us\$)?\s?\d[\d.,]*\s?(?:mil(?:lon(?:es)?)?|k|m|lucas|palos?|pesos|dolares|usd|ars|dollars)?"
)
_BUDGET = re.compile(
    rf"(?:\bpresupuesto\b(?: (?:es|de|que tengo es|maximo|aproximado|ronda|anda en|hasta))*|\b(?:tengo|puedo (?:gastar|pagar|invertir)|gastaria|invertir|cuento con|dispongo de)(?: hasta| unos| unas| cerca de| como)?|\bmy budget is|\bbudget(?: of| is)?|\bi can (?:spend|pay)(?: up to)?|\bup to)\s*({_MONEY})"
)
_TIMELINE = re.compile(
    r"\b((?:lo antes posible|cuanto antes|urgente|ya mismo|para ya|hoy mismo|esta semana|este mes|(?:la semana|el mes|el ano) que viene|(?:la )?proxima semana|(?:el )?proximo mes|"
    r"(?:antes de|para|a) (?:fin(?:es)? de (?:mes|ano)|(?:las )?(?:navidad|fiestas|vacaciones)|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|el (?:lunes|martes|miercoles|jueves|viernes|sabado|verano|invierno|mes que viene))|"
    r"en (?:\d+|un|una|dos|tres|pocos|unos) (?:dias?|semanas?|mes(?:es)?)|sin apuro|no tengo apuro|"
    r"as soon as possible|asap|this (?:week|month)|next (?:week|month|year)|right away|in (?:\d+|a|two|three|a few) (?:days?|weeks?|months?)|by (?:the end of (?:the )?(?:month|year)|january|february|march|april|may|june|july|august|september|october|november|december)))\b"
)
_NEEDS = re.compile(
    r"\b((?:necesito|necesitamos|busco|buscamos|estoy buscando|somos|quiero|queremos|i need|we need|looking for|we are) (?!saber|hablar|consultar|preguntar|que me|un precio|precio|info|to know|to talk|to speak|una persona|un humano|turno)[^.!?\n,;]{3,80})"
)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """Empty strings where nothing was said."""

    name: str = ""
    phone: str = ""
    email: str = ""
    interest: str = ""
    budget: str = ""
    timeline: str = ""
    needs: str = ""

    @property
    def identity(self) -> dict[str, str]:
        """What identifies the person, without the blanks."""
        return {key: value for key in ("name", "phone", "email") if (value := getattr(self, key))}

    @property
    def qualification(self) -> dict[str, str]:
        """What qualifies the lead, without the blanks."""
        return {key: value for key in ("interest", "budget", "timeline", "needs") if (value := getattr(self, key))}


def facts_in(text: str, *, asked: str = "") -> CustomerFacts:
    """Read one burst of a customer. `asked` is what we said before it: a bare name answers "your name?"."""
    reading = plain(text)
    budget, timeline = _BUDGET.search(reading), _TIMELINE.search(reading)
    needs = next((found for found in _NEEDS.finditer(reading) if not _TIMELINE.search(found.group())), None)
    interest = _interest(reading)
    return CustomerFacts(
        name=_name(text, asked),
        phone=_phone(text),
        email=next(iter(emails_in(text)), ""),
        interest=interest,
        budget=budget.group(1).strip(" .,") if budget else "",
        timeline=timeline.group(1) if timeline else "",
        needs=needs.group(1).strip() if needs and interest != "none" else "",
    )


def _interest(reading: str) -> str:
    # "Quiero hablar con…" wants somebody, "quiero saber…" wants an answer: neither is about the purchase.
    wishes = re.sub(
        r"\b(?:quiero|quisiera|necesito|me gustaria|i'd like to|i would like to|i need to) (?:hablar|saber|consultar|preguntar|cancelar|reclamar|una persona|un humano|que me|talk|speak|know|ask|cancel)\b",
        " ",
        reading,
    )
    return next((level for level, pattern in _INTEREST if pattern.search(wishes)), "")


def _name(text: str, asked: str) -> str:
    match = _NAME.search(text)
    if match and match.group(1).split()[0] not in _NOT_NAMES:
        return match.group(1)
    bare = text.strip().splitlines()[-1].strip() if text.strip() else ""
    if _ASKED_NAME.search(plain(asked)) and _BARE_NAME.match(bare) and bare.split()[0].strip(".!") not in _NOT_NAMES:
        return bare.rstrip(".!")
    return ""


def _phone(text: str) -> str:
    for digits in phones_in(text):
        written = re.search(r"\+?" + r"[ ().-]*".join(digits), text)
        if written and 8 <= len(digits) <= 15:
            return written.group().strip()
    return ""
