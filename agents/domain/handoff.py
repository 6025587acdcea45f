"""When a customer asks for a person. That request wins over everything else, so it is decided here and not by a model."""

import re
from collections.abc import Iterator

from agents.domain.readings import plain

_PERSON = (
    r"(?:(?:un[ao]? |otra |la |el |l[oa]s |algun[ao]? |mi |su |tu |una? )?"
    r"(?:persona(?:s)?(?: real| de verdad| humana| de carne y hueso)?|human[oa]s?|alguien(?: real| de verdad| del? \w+)?|asesora?|asesores|vendedora?|agente|operadora?|"
    r"representante|ejecutiv[oa]|encargad[oa]|responsable|duen[oa]|gerente|supervisora?|empleado|recepcionista|secretari[oa]|administracion|ventas|soporte|atencion al cliente|"
    r"doctora?|dra?|odontolog[oa]|contadora?|profesional|tecnico))\b"
)
_PERSON_EN = (
    r"(?:(?:a|an|the|another|some|your|any) )?(?:(?:real|actual|live|human) )?"
    r"(?:person|human(?: being)?|someone|somebody|agent|representative|rep|operator|manager|salesperson|sales ?(?:rep|person|team)|supervisor|advisor|staff|owner|doctor)\b"
)
# Places of a business, which are asked for like persons; only after "talk to", never after "get".
_PLACE_EN = (
    r"(?:(?:a|an|the|your|somebody in|someone in|somebody from|someone from) )?(?:technician|accountant|accounting|administration|billing|reception|receptionist|"
    r"support|sales|customer service|nurse|dentist|lawyer|specialist|front desk)\b"
)
_WANT = r"(?:quiero|quisiera|querria|necesito|prefiero|preferiria|me gustaria|deseo|puedo|podria|podre|podemos|se puede|hay forma de|como hago para|exijo|dejame|dejenme)"
_ASKS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_WANT}\b(?: \w+){{0,3}} (?:hablar|charlar|conversar|comunicarme|contactarme|chatear|que me atienda|que me llame|que me conteste|tratar)(?: \w+){{0,2}} {_PERSON}",
        rf"\b{_WANT} (?:a )?(?:una? )?(?:persona(?: real| de verdad| humana)?|human[oa]|asesora?|operadora?|representante|vendedora?)$",
        rf"\b(?:pasame|pasarme|pasenme|me pasas|me pasan|me podes pasar|me podrias pasar|comunicame|comunicarme|me comunicas|comuniqueme|derivame|derivarme|me derivas|me derivan|transferime|transfierame|transfiereme|conectame|poneme|ponganme|paseme|pongame|derivenme|me transferis|me transfiere)(?: \w+)? (?:con|a) {_PERSON}",
        r"\b(?:hablar|charlar|chatear|hablo) con (?:un |una |alguna |otra )?(?:persona|humano|humana|alguien|asesor|asesora|vendedor|vendedora|agente|operador|operadora|representante|ejecutivo|ejecutiva|persona real)\b",
        r"\b(?:que me (?:atienda|conteste|responda|llame|escriba|hable)|me (?:puede|podria|pueden|podrian) (?:atender|contestar|llamar|escribir|ayudar)|me (?:atiende|llama|contesta|responde))(?: \w+)? (?:una persona|un humano|alguien|un asesor|una asesora|un vendedor|una vendedora|una persona real|un operador|un representante)\b",
        r"\bno (?:quiero|pienso|me gusta|voy a) (?:seguir )?(?:hablar|hablando|hablarle|chatear|chateando|tratar) (?:mas )?(?:con|a) (?:un|una|el|la|este|esta) (?:bot|robot|maquina|contestador|ia|inteligencia artificial|programa|computadora|asistente virtual)\b",
        r"\b(?:basta de|estoy harta? de(?:l)?|odio (?:a )?(?:l?os|el)|saquenme (?:el|este)) (?:bots?|robots?|maquinas?|contestador(?:es)?|ia)\b",
        r"^(?:quiero |necesito |por favor |hola )*(?:un )?(?:humano|humana|persona real|asesor humano|atencion humana|agente humano|operador|operadora|representante|asesor|asesora)(?: por favor| porfa| ya)?$",
        rf"\b(?:i(?:'d| would)? (?:want|need|like|prefer|wanna|gotta)|i'd rather|can i|could i|may i|please|let me|how (?:can|do) i|is it possible to|i demand)\b(?: \w+){{0,4}} (?:speak|talk|chat|to talk|get|be connected|connect|be transferred|deal)(?: directly)?(?: (?:to|with|through to|hold of))? {_PERSON_EN}",
        rf"\b(?:transfer|connect|put|pass|forward|escalate)(?: me| this)?(?: over| through)? (?:to|with) {_PERSON_EN}",
        rf"\b(?:speak|talk|chat|put me through|put me|connect me|transfer me|pass me)(?: directly)? (?:to|with|through to) {_PLACE_EN}",
        rf"\b{_WANT} que (?:alguien|una persona|un humano|un asesor|una asesora|un vendedor|una vendedora|un tecnico) me (?:responda|atienda|conteste|llame|escriba|ayude|hable|explique)\b",
        rf"\bme (?:podes|podrias|puedes|puede|podria|pueden|podrian) (?:comunicar|pasar|derivar|conectar|transferir)(?: \w+)? (?:con|a) {_PERSON}",
        rf"^(?:please )?(?:speak|talk|chat)(?:ing)? (?:to|with) {_PERSON_EN}",
        r"\b(?:don'?t|do not) want to (?:talk|speak|chat|deal) (?:to|with) (?:a|an|this|the) (?:bot|robot|machine|ai|computer)\b",
        r"\b(?:can|could) (?:someone|a person|somebody|a human) (?:please )?(?:call|help|contact|answer|reply|text|talk to|speak to|assist)\b",
        r"^(?:a )?(?:human|real person|live agent|human agent|agent|representative|operator)(?: please| now)?$",
        r"\bi (?:need|want) (?:a|an) (?:human|real person|live agent|human agent|agent|representative|operator)\b",
        r"\b(?:me (?:pueden|podes|podrian|podrias|puede|podria) llamar|(?:pueden|podes|podrian|podrias|puede|podria) llamarme|llamenme|que me llamen)\b",
        r"\bme (?:dejas|dejan|podes dejar|das|dan|podes dar) con (?:alguien|una persona|un asesor|una asesora|un vendedor|una vendedora)\b",
        r"\bno (?:entiendo|soporto|aguanto) (?:a(?:l)? )?(?:(?:el|este|esta|ese|un) )?(?:bot|robot|maquina|contestador)\b",
        r"\b(?:need|want|would like|have) (?:someone|somebody|a person|a human) (?:to |who can )?(?:call|help|contact|assist|talk|speak)\b",
        r"\b(?:please |can you |could you )?(?:call|phone|ring) me (?:back|please|now|today|tomorrow|at|on)\b",
        r"\b(?:quero|preciso|gostaria de) falar com (?:um |uma |o |a )?(?:pessoa|humano|atendente|alguem|vendedor|vendedora)\b",
    )
)
_REFUSES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:no (?:quiero|necesito|hace falta|hay necesidad de)|sin (?:necesidad de)?|prefiero no|tampoco quiero|no me (?:pases|pasen|derives|deriven|comuniques))\b(?! (?:seguir )?(?:habl|chat|trat)\w* (?:mas )?(?:con|a) (?:un|una|el|la|este|esta) (?:bot|robot|maquina|contestador|ia|inteligencia|programa|computadora|asistente virtual))",
        r"\b(?:ya|recien|ayer|anoche|antes|la semana pasada)\b(?: \w+){0,3} (?:hable|habia hablado|estuve hablando|me atendio|charle)\b",
        r"\b(?:don'?t|do not) (?:need|want|have) to (?:talk|speak|chat) (?:to|with) (?!(?:a|an|this|the) (?:bot|robot|machine|ai|computer))",
        r"\bi (?:already|just) (?:spoke|talked)\b",
        r"\b(?:don'?t|do not|never|without) (?:please )?(?:transfer|connect|put|pass|forward|escalate|call|phone|ring)\b",
    )
)
# An ask that begins with these stands under what is said before it ("no hace falta hablar con…"); any other is of its own.
_GOVERNED = re.compile(r"(?:hablar|charlar|chatear|hablo|que me|llamenme|speak|talk|chat|need|want|would like|have)\b")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘´`ʼ", "'"))


def wants_person(text: str) -> bool:
    """True when a sentence of the text asks for a person (Spanish, English, light Portuguese); a refusal of one does not count."""
    told = plain(text.translate(_APOSTROPHES))  # before: an acute accent alone would be taken off
    sentences = re.split(r"[.!?¿¡;\n,]+|\b(?:pero|but|mas bien)\b", told)
    return any(_asks(sentence.strip()) for sentence in sentences if sentence.strip()) or _asks(
        re.sub(r"[.!?¿¡;\n,]+", " ", told).strip() if len(text) < 60 else ""
    )


def _asks(sentence: str) -> bool:
    """Whether one of its asks is not taken back: "no quiero más vueltas" takes back nothing that begins after it."""
    refusals = [match.span() for pattern in _REFUSES for match in pattern.finditer(sentence)]
    asks = (match for pattern in _ASKS for match in _everywhere(pattern, sentence))
    return any(not _refused(ask, refusals) for ask in asks)


def _everywhere(pattern: re.Pattern[str], sentence: str) -> Iterator[re.Match[str]]:
    """Also those that begin within another one: "no quiero vueltas quiero hablar con…" holds two that end alike."""
    found = pattern.search(sentence)
    while found is not None:
        yield found
        found = pattern.search(sentence, found.start() + 1)


def _refused(ask: re.Match[str], refusals: list[tuple[int, int]]) -> bool:
    if _GOVERNED.match(ask.group()):
        return bool(refusals)
    return any(start < ask.end() and ask.start() < end for start, end in refusals)
