"""Help with writing where no model is: rules that change little and invent nothing. Pure.

They answer None where a rule cannot do it, so that nobody takes an unchanged text for an improved one.
"""

import re
from collections.abc import Mapping, Sequence

from agents.domain.copilot import FORMAL, FRIENDLIER, SHORTER, SPELLING

_SHORT_FORMS = {
    "q": "que",
    "xq": "porque",
    "pq": "porque",
    "tb": "también",
    "tmb": "también",
    "dsp": "después",
    "x": "por",
    "bn": "bien",
    "msj": "mensaje",
    "tambien": "también",
    "despues": "después",
    "dia": "día",
    "dias": "días",
    "aca": "acá",
    "ahi": "ahí",
    "asi": "así",
    "telefono": "teléfono",
    "numero": "número",
    "direccion": "dirección",
    "informacion": "información",
    "atencion": "atención",
    "envio": "envío",
    "envios": "envíos",
    "miercoles": "miércoles",
    "sabado": "sábado",
    "pls": "please",
    "thx": "thanks",
    "dont": "don't",
    "cant": "can't",
}
_FILLERS = re.compile(
    r"(?:^|(?<=[.!?]\s)|(?<=,\s))(?:te cuento que|le cuento que|te comento que|le comento que|quer[ií]a (?:comentarte|contarte|decirte) que|"
    r"la verdad es que|como te dec[ií]a,?|b[aá]sicamente,?|i just wanted to (?:say|let you know) that|to be honest,?|as i said,?|basically,?)\s+",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:espero que (?:est[eé]s|est[eé]) (?:muy )?bien|no dud(?:es|e) en (?:consultar|escribir|preguntar)\w*|qued(?:o|amos) a (?:tu |su )?disposici[oó]n|"
    r"cualquier (?:cosa|duda|consulta)[^.!?]{0,40}|i hope you are (?:doing )?well|do not hesitate to [^.!?]{0,30}|feel free to [^.!?]{0,30})[.!]?",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^[¡\s]*(?:hola|buen[oa]s?\b(?: (?:d[ií]as?|tardes|noches))?|hi|hello|dear|good (?:morning|afternoon|evening))\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:gracias|thank)", re.IGNORECASE)
_PICTURE = re.compile("[\U0001f300-\U0001faff☀-➿️]+")
_USTED = {
    "vos": "usted", "tú": "usted", "contigo": "con usted", "te": "le", "tu": "su", "tus": "sus",
    "tenés": "tiene", "tienes": "tiene", "podés": "puede", "puedes": "puede", "querés": "quiere", "quieres": "quiere",
    "necesitás": "necesita", "necesitas": "necesita", "sabés": "sabe", "sabes": "sabe", "preferís": "prefiere",
    "prefieres": "prefiere", "sos": "es", "eres": "es", "estás": "está", "vas": "va", "avisame": "avíseme",
    "avísame": "avíseme", "decime": "dígame", "dime": "dígame", "escribime": "escríbame", "escríbeme": "escríbame",
    "contame": "cuénteme", "cuéntame": "cuénteme", "pasame": "páseme", "pásame": "páseme", "mirá": "mire", "mira": "mire",
    "hola": "buen día", "chau": "saludos", "dale": "de acuerdo", "ok": "de acuerdo",
}  # fmt: skip
_FULL = {"can't": "cannot", "don't": "do not", "won't": "will not", "i'm": "I am", "it's": "it is", "we're": "we are",
    "you're": "you are", "we'll": "we will", "i'll": "I will", "hi": "Good day", "hey": "Good day", "thanks": "thank you"}  # fmt: skip
WARM = {"es": ("¡Hola{}!", "¡Gracias por escribirnos!"), "en": ("Hello{}!", "Thank you for writing!")}
HOLDING = {
    "es": {
        "voseo": "Gracias por tu consulta. Lo averiguo y te respondo por acá.",
        "tuteo": "Gracias por tu consulta. Lo averiguo y te respondo por aquí.",
        "usted": "Gracias por su consulta. Lo averiguo y le respondo por este medio.",
    },
    "en": {"": "Thank you for your question. I will find out and answer you here."},
}


def rewritten(text: str, kind: str, *, language: str, name: str = "") -> str | None:
    """The text as one of REWRITES wants it, as far as rules go; None where nothing of it could be done."""
    clean = corrected(text)
    done = {
        SPELLING: lambda: clean,
        SHORTER: lambda: _shorter(clean),
        FRIENDLIER: lambda: _warmer(clean, language, name),
        FORMAL: lambda: _formal(clean, language),
    }.get(kind)
    found = done().strip() if done else ""
    return found if found and found != text.strip() else None


def draft(found: Sequence[str], *, language: str, register: str, name: str) -> str:
    """A reply of what the knowledge says; without anything found, that it is being looked into."""
    greeting = WARM[language][0].format(f", {name}" if language == "es" and name else f" {name}" if name else "")
    holding = HOLDING[language].get(register) or next(iter(HOLDING[language].values()))
    return "\n".join([greeting, *(found or [holding])])


def corrected(text: str) -> str:
    """Spaces, usual short forms, missing accents, opening question marks and capitals."""
    lines = [_words(re.sub(r"[ \t]+", " ", line).strip(), _SHORT_FORMS) for line in text.strip().splitlines()]
    lines = [re.sub(r"\s+([,.;:!?])", r"\1", line) for line in lines]
    return "\n".join(_sentences(re.sub(r"([,;])(?=[^\W\d_])", r"\1 ", line)) for line in lines)


def _words(line: str, table: Mapping[str, str]) -> str:
    """Whole words by the table, capitals kept; never inside a link, an address or a code."""

    def swap(match: re.Match[str]) -> str:
        word = match.group()
        other = table.get(word.lower())
        if other is None:
            return word
        return other[0].upper() + other[1:] if word[0].isupper() else other

    parts = re.split(r"(\S*(?:://|@|www\.|\d)\S*)", line)
    return "".join(part if place % 2 else re.sub(r"[\w'’]+", swap, part) for place, part in enumerate(parts))


def _sentences(line: str) -> str:
    parts = re.split(r"(?<=[.!?])\s+", line)
    return " ".join(_sentence(part) for part in parts if part)


def _sentence(text: str) -> str:
    if (
        text.endswith("?")
        and "¿" not in text
        and re.search(r"[áéíóúñ]|\b(?:que|como|cuando|donde|quer|pod|ten)\w*", text.lower())
    ):
        text = f"¿{text}"
    if re.match(r"\S*(?:://|@|www\.)", text):
        return text
    return re.sub(r"^([¿¡\"«(]*)(\w)", lambda match: match.group(1) + match.group(2).upper(), text)


def _shorter(text: str) -> str:
    lines = [_COURTESY.sub("", _FILLERS.sub("", line)) for line in text.splitlines()]
    lines = [_sentences(re.sub(r"\s{2,}", " ", line).strip(" ,")) for line in lines]
    return "\n".join(line for line in lines if line)


def _warmer(text: str, language: str, name: str) -> str:
    greeting, thanks = WARM[language]
    calling = f", {name}" if language == "es" and name else f" {name}" if name else ""
    opened = text if _GREETING.match(text) else f"{greeting.format(calling)} {text}"
    return opened if _THANKS.search(opened) else f"{opened.rstrip()} {thanks}"


def _formal(text: str, language: str) -> str:
    bare = _PICTURE.sub("", text).replace("¡", "")
    bare = re.sub(r"!+", ".", bare)
    bare = re.sub(r"\.{2,}", ".", bare)
    lines = [_words(line, _USTED if language == "es" else _FULL) for line in bare.splitlines()]
    return "\n".join(_sentences(re.sub(r"\s{2,}", " ", line).strip()) for line in lines)
