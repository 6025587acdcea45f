"""Whether a customer's own words allow what was put to them: yes, no, neither clearly, or something else altogether.

Decided here and by no model. Only a sentence that says yes and nothing that takes it back counts; every doubt asks again.
"""

import re
from collections.abc import Collection
from typing import Literal

from agents.domain.readings import plain

Answer = Literal["yes", "no", "unclear", "other"]

_YES_SIGNS = "👍✅👌🆗☑✔💯🙌"
_NO_SIGNS = "👎❌🚫✖⛔"
_HEART = re.compile("[\U0001f300-\U0001faff☀-➿️‍❤]")
# May stand around a yes or a no without changing it.
_FILLER = re.compile(
    r"\b(?:por favor|porfa(?:vor)?|pls|please|gracias|muchas gracias|mil gracias|thanks|thank you|thx|genial|buenisimo|barbaro|"
    r"excelente|great|awesome|hola|buenas|hi|hello|che|amigo|amiga|entonces|nomas|nada mas|todo bien|obrigad[oa]|"
    r"(?:que|muy|sos muy) amable|te (?:lo )?agradezco|buen(?:os)? dias?|buenas (?:tardes|noches)|saludos|un abrazo|abrazo)\b"
)
_YES = re.compile(
    r"(?:s+i+p?|sis+i|sep|seh|yes+|yeah|yep|yup|ye|ya|sim|dale|dele|dalee+|ok(?:ay|ey|is|ie)?|oka|okk+|oki|k|va|vale|bueno|listo|claro|claro que si|"
    r"por supuesto|obvio|perfecto|de acuerdo|correcto|exacto|exactamente|asi es|eso(?: mismo)?|tal cual|afirmativo|"
    r"(?:lo |la |te lo |se lo |te la )?confirm(?:o|ado|ada|alo|ala|ame|emos|amos|ar)|confirmadisimo|adelante|vamos|hacelo|hazlo|hagalo|haganlo|"
    r"hacela|hagamoslo|mandale|metele|procede|proceda|avanza|avancemos|avanzemos|esta (?:bien|perfecto|ok)|me parece (?:bien|perfecto)|"
    r"(?:si|yes) (?:quiero|confirmo|dale|claro|obvio|por supuesto|de acuerdo|perfecto|ok|please|i do|go ahead|confirm|esta bien|hacelo|hazlo)|"
    r"(?:si )?estoy de acuerdo|i agree|agreed|confirm(?:ed)?|i confirm|sure|of course|correct|right|that'?s right|exactly|go ahead|do it|go for it|"
    r"please do|sounds good|fine|alright|all right|absolutely|definitely|perfect|quiero confirmar|acepto|aceptado|pode|pode ser|isso|confirmado)"
)
_YES_ONLY = re.compile(rf"{_YES.pattern}(?: {_YES.pattern}){{0,3}}")
_NO = re.compile(
    r"\b(?:no+|nop|nope|nah|nao|jamas|ni loc[oa]|para nada|negativo|de ninguna manera|never|not (?:now|yet|really)|don'?t|do not|"
    r"cancel(?:a|alo|ala|ar|ado|emos|e|en)?|anul(?:a|alo|ar)|deja(?:lo|la)?|dejemoslo|olvidalo|olvidate|forget it|stop|frena|espera|esperame|"
    r"wait|hold on|mejor no|todavia no|ahora no|aun no|tampoco|nunca)\b"
)
_HEDGE = re.compile(
    r"\b(?:no se|no estoy segur[oa]|ni idea|no entiendo|no entendi|puede ser|capaz|tal vez|quizas?|a lo mejor|supongo|creo|me parece que|"
    r"lo pienso|dejame (?:ver|pensar)|a ver|veo|depende|mm+|mmh|eh+|hm+|mas o menos|maybe|perhaps|i guess|i think|not sure|i don'?t know|idk|"
    r"let me (?:see|think|check)|it depends|what|como|cual|cuanto|que cosa|por que|why|how much|which)\b"
)
_CHANGES = re.compile(
    r"\b(?:pero|aunque|salvo|excepto|menos|solo si|siempre que|siempre y cuando|mejor|en vez|en lugar|otr[oa]s?|cambi\w+|distint[oa]|"
    r"mas tarde|mas temprano|antes|despues|y si|si es|si no|but|except|unless|only if|instead|rather|another|different|change|later|earlier|if)\b|\d"
)


def answer_of(text: str) -> Answer:
    """Read what was said after a question for confirmation, all its messages together."""
    said_yes, said_no = any(sign in text for sign in _YES_SIGNS), any(sign in text for sign in _NO_SIGNS)
    doubt = changes = rest = False
    for sentence in _sentences(text):
        if _YES_ONLY.fullmatch(sentence):
            said_yes = True
        elif _hedges(sentence):
            doubt = True
        elif _NO.search(sentence):
            said_no = True
            changes = changes or bool(_CHANGES.search(sentence))
        else:
            rest = True
            doubt = doubt or re.match(rf"{_YES.pattern}\b", sentence) is not None
    if said_yes and (said_no or doubt or rest):  # "yes, on Thursday": what was asked for is not what is wanted
        return "unclear"
    if said_yes:
        return "yes"
    if said_no:
        return "unclear" if doubt and not changes else "no"
    if doubt:
        return "unclear"
    return "other" if rest else "unclear"


def asks_for(text: str, label: str, values: Collection[str]) -> bool:
    """Whether a message puts this act to the customer, and nothing else: a yes to anything else must not make it.

    It asks whether to do it (to confirm, or in the words of its `label`) and names what it is about: one of the `values`
    that it would be made with, or the label's noun. Of two questions the yes could answer either, of a choice neither.
    """
    questions, told = _parted(text)
    verb, names = _named_by(label, values)
    said = [_without_values(each, values) for each in questions]
    if not questions or any(_CHOICE.search(each) for each in said):
        return False
    about = [_words(each) for each in questions]
    asking = []
    for each, words in zip(questions, about, strict=True):
        if _is_bare(each):
            rest = _words(told).union(*about)
            asking.append(not told.strip() or bool(rest & names and _says(verb, f"{told} {' '.join(questions)}")))
        elif (_CONFIRMS.search(each) or verb.search(each)) and words & names and _says(verb, each):
            asking.append(True)
        elif words - names:
            return False  # another question
    return bool(asking) and all(asking)


_CONFIRMS = re.compile(
    r"\b(?:confirm\w*|de acuerdo|lo hago|la hago|lo hacemos|avanz\w+|proced\w+|proceed|go ahead|shall i|should i|are you sure|do it)\b"
)
_BARE = re.compile(
    r"(?:(?:lo|la|los|las|me|te|y|si|no|o|yes|or|entonces|asi|esto|eso|ok|que|queres|quieres|todo|bien|this|it|that|please|"
    r"confirm\w*|dale|de acuerdo|estas segur[oa]|esta segur[oa]|hago|hacemos|haga|avanz\w+|proced\w+|proceed|go ahead|"
    r"shall i|should i|do you|do|are you sure|te parece|correcto|correct)(?: |$))+"
)
_ASKS_BARELY = re.compile(
    r"\b(?:confirm\w*|dale|de acuerdo|segur[oa]|hago|hacemos|haga|avanz\w+|proced\w+|proceed|go ahead|do it|sure|correcto|correct)\b"
)
_CHOICE = re.compile(r"\b(?:o|u|or|en vez|en lugar|prefer\w*|prefier\w*|instead|rather|cual|which|mejor)\b")
_YES_OR_NO = re.compile(r",? ?\b(?:si o no|por si o por no|yes or no)\b")
# Words of one act, by how they begin; a label's own verb always counts.
_FAMILIES = (
    ("guard", "registr", "anot", "carg", "save", "place"),
    ("agend", "reserv", "book", "schedul"),
    ("mov", "muev", "cambi", "reprogram", "reagend", "reschedul", "chang"),
    ("cancel", "anul"),
)
_NOUNS = (
    {"pedido", "compra", "order", "purchase"},
    {"cita", "turno", "visita", "reserva", "appointment", "booking", "visit"},
    {"datos", "ficha", "data", "details"},
)
# A yes to "do you confirm your appointment?" must not call it off: what undoes has to be named.
_UNDOES = ("cancel", "anul", "borr", "elimin", "dar", "quit")
_SMALL = re.compile(
    r"al|algo|con|de|del|el|en|la|las|lo|los|mas|para|por|que|se|si|su|sus|tu|tus|un|una|y|the|of|to|for|in|on|at|a|an|any|true|false"
)


def _parted(text: str) -> tuple[list[str], str]:
    """The questions of a text in plain reading, and the rest of it. A point inside a number or an address parts nothing."""
    marked = re.sub(r"[.!…]+(?=\s|$)|¿", "\n", text)
    pieces = [piece for piece in re.split(r"(?<=\?)|\n", marked) if piece.strip()]
    questions: list[str] = []
    rest: list[str] = []
    for piece in pieces:
        reading = re.sub(r"\s+", " ", _YES_OR_NO.sub("", plain(piece))).strip(" ?,;:")
        (questions if "?" in piece else rest).append(reading)
    return [each for each in questions if each], " ".join(rest)


def _named_by(label: str, values: Collection[str]) -> tuple[re.Pattern[str], set[str]]:
    """What the act's verb looks like, and the words that name what it is about."""
    verb, *nouns = plain(label).split() or [""]
    stem = re.sub(r"(?:ar|er|ir)$", "", verb)
    stems = next((family for family in _FAMILIES if stem in family), (stem,))
    names = _words(" ".join((*nouns, *(plain(value) for value in values))))
    alike = (nouns for nouns in _NOUNS if nouns & names)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, stems))})\w*"), names.union(*alike)


def _says(verb: re.Pattern[str], reading: str) -> bool:
    """Whether an act that undoes something is named as that; any other may be asked for by "confirm" alone."""
    undoes = any(re.match(rf"{verb.pattern}$", stem) for stem in _UNDOES)
    return not undoes or bool(verb.search(reading))


def _is_bare(question: str) -> bool:
    words = re.sub(r"[^\w ]+", " ", question)
    reading = re.sub(r"\s+", " ", words).strip()
    return bool(_BARE.fullmatch(reading) and _ASKS_BARELY.search(reading))


def _without_values(reading: str, values: Collection[str]) -> str:
    for value in sorted(map(plain, values), key=len, reverse=True):
        reading = reading.replace(value, " ") if value else reading
    return reading


def _words(reading: str) -> set[str]:
    return {
        word for word in re.findall(r"\w+", reading) if not _SMALL.fullmatch(word) and (len(word) > 1 or word.isdigit())
    }


def _hedges(sentence: str) -> bool:
    return bool(_HEDGE.search(sentence))


def _sentences(text: str) -> list[str]:
    """Plain pieces between marks, without signs and courtesies."""
    marked = re.sub(r"[.!?¿¡;:,\n…()\"«»*_~-]+", "\n", plain(text))
    pieces = []
    for piece in marked.splitlines():
        bare = _HEART.sub(" ", piece)
        kept = re.sub(r"\s+", " ", _FILLER.sub(" ", bare)).strip()
        if kept:
            pieces.append(kept)
    return pieces
