"""Whether a reply says of itself that a person writes it, or that no machine does. An agent never may.

"No soy un robot" and "I'm a real person" are such words; "te atiende una persona", "no soy yo quien decide" and "no soy una
persona, soy una IA" are none. Questions and what somebody else is quoted with do not count.
"""

import re

from agents.domain.readings import plain

_BOT = r"(?:chat ?bots?|bots?|robots?|robos?|maquinas?|automatas?|androides?|contestador(?: automatico)?|algoritmo|asistente (?:virtual|digital))"
_AI = r"(?:i\.?a\b\.?|ai\b|inteligencia artificial|modelo de lenguaje)"
_THING = r"(?:chat ?bot|bot|robot|machine|computer(?: program)?|automated \w+|virtual assistant|algorithm)"
_MIND = r"(?:a\.?i\b\.?|artificial intelligence|language model)"
# "No soy un robot de cocina", "I'm not an AI that can…": of which kind it is not, and not whether it is one.
_KIND = r"(?!(?: \w+)? ?(?:medic[oa]|de cocina|de limpieza|expendedora|aspirador|vacuum|cleaner|mower|que (?:pueda|sepa|sea)|capaz|infalible|perfect[oa]|doctor|lawyer|(?:that|who) (?:can|could)|capable|perfect))"
# Words between "soy" and "humana": nothing that turns them around.
_BETWEEN = (
    r"(?:(?!(?:no|ni|sin|ia|ai|bot|robot|virtual|artificial|digital|not|and|in|human-like|nor|without)\b)[^\s,.;:]+ )"
)
_PERSON = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bsoy (?:solo |tambien |simplemente )?una? "
        + _BETWEEN
        + r"{0,2}?(?:persona|ser humano|human[oa])\b(?! (?:virtual|digital|artificial)| o (?:un|no)\b)",
        (
            r"\bsoy (?:(?:\d+ ?%|cien por ciento|totalmente|completamente|bien|muy|tan|solo|tambien|puro|pura) )?"
            r"(?:humano|humana|persona)\b(?! (?:virtual|digital|artificial)| o (?:un|no)\b)"
        ),
        r"\bsoy (?:la persona|el humano|la humana)\b(?! (?:indicada|adecuada|correcta|virtual|digital))",
        r"\bsoy [^.;:]{0,40}\bde carne y hueso\b",
        r"\bsoy [^.;:]{1,40}, una persona (?:real|de verdad|como (?:vos|tu|usted))\b",
        r"\b(?:hablas|hablando|chateas|chateando|escribiendote|conversando) con (?:una persona|un humano|una humana|un ser humano)\b",
        r"\b(?:sou|eu sou) (?:uma pessoa|um humano|humano|humana|um ser humano)\b(?! virtual)",
        r"\b(?:i'?m|i am)(?: (?:actually|really|definitely|indeed|just|totally|very much|also|absolutely|of course|100 ?%))*"
        r" an? " + _BETWEEN + r"{0,2}?(?:person|human)\b(?! (?:resources|or (?:an? )?(?:bot|ai|robot|machine))\b)",
        r"\b(?:i'?m|i am)(?: (?:actually|really|definitely|indeed|totally|very much|absolutely|100 ?%))* human\b(?! or\b)",
        (
            r"\byou(?:'re| are)(?: \w+)? (?:talking|chatting|speaking|texting|dealing) (?:to|with) an? "
            r"(?:(?:real|live|actual) )*(?:human|person)\b"
        ),
    )
)
_NO_MACHINE = tuple(
    (re.compile(pattern % words), kind)
    for kind, words in (("bot", _BOT), ("ai", _AI))
    for pattern in (
        r"\b(?:no|tampoco|ni) (?:soy|somos|es que sea) (?:(?:un|una|ningun|ninguna) )?%s" + r"\b" + _KIND,
        r"\bno (?:estas?|esta) (?:hablando|chateando|escribiendo|conversando) con (?:(?:un|una|ningun|ninguna) )?%s",
        r"\bno (?:hablas|chateas|habla usted) con (?:(?:un|una|ningun|ninguna) )?%s",
        r"\b(?:esto|este chat|aca|aqui) no (?:es|hay) (?:(?:un|una|ningun|ninguna) )%s\b",
        r"\b(?:soy|habla) (?:[\w-]+ ){0,5}?[\w-]+, (?:y )?no (?:un|una|ningun|ninguna) %s\b" + _KIND,
        r"\bnao sou (?:(?:um|uma|nenhum|nenhuma) )?%s",
    )
) + tuple(
    (re.compile(pattern % words), kind)
    for kind, words in (("bot", _THING), ("ai", _MIND))
    for pattern in (
        r"\b(?:(?:i'?m|i am)(?: (?:really|actually|definitely|certainly|absolutely))* (?:not|no)|i ain't) "
        r"(?:(?:an?|any|some|some kind of) )?%s" + r"\b" + _KIND,
        r"\byou(?:'re| are) not (?:talking|chatting|speaking|texting|dealing) (?:to|with) (?:(?:an?|any) )?%s",
        r"\b(?:i'?m|i am) (?!\w+ing\b|sorry\b)(?:[\w'-]+ ){0,5}?[\w'-]+, (?:and )?not an? %s\b" + _KIND,
        r"\bthis (?:isn't|is not) (?:an? )?%s\b" + r"(?=[ ]*(?:$|[.,;!]))",
    )
)
_ADMITS_AI = re.compile(
    r"(?<!no )(?<!tampoco )(?<!ni )\b(?:soy|habla|sou) " + _BETWEEN + r"{0,3}?(?:ia\b|inteligencia artificial|i\.a\.)"
    r"|\b(?:i'?m|i am) (?:just |only |actually )?(?:an? )?"
    + _BETWEEN
    + r"{0,2}?(?:ai\b|artificial intelligence|a\.i\.)"
    r"|\bmodelo de lenguaje\b|(?<!not a )\blanguage model\b"
)
_ADMITS_BOT = re.compile(
    r"(?<!no )(?<!tampoco )(?<!ni )\bsoy [^,.;:]{0,30}?\b(?:asistente (?:virtual|digital)|chat ?bot|bot)\b"
    r"|\b(?:i'?m|i am) (?:just |only )?(?:an?|the|your) [^,.;:]{0,30}?\b(?:virtual assistant|chat ?bot|bot)\b"
)
# What stands before the words and makes them somebody else's, or none: "nunca dije que", "si preguntás si", "como si".
_TURNED = re.compile(
    r"(?:\b(?:no|ni|tampoco|nunca|jamas|never|not)"
    r"|\b(?:no|nunca|jamas|never|not|don't|didn't)\b(?! te preocup| dud| hay dud| tengas dud| te quepa)(?: [\w']+){1,4} (?:que|that)"
    r"|\b(?:pregunt\w+|dud\w+|saber|importa|ask\w*|wonder\w*|know)\b(?: \w+){0,2} (?:si|if|whether)"
    r"|\b(?:cre[ei]\w*|pens\w+|decis|dec[ií]a\w*|dij\w+|parece|think|thought|said)\b(?: \w+){0,2} (?:si|que|if|that)"
    r"|\b(?:como si|cuando|hasta que|una vez que|as if|as though|when|once|until|if))(?: yo| i| est\w+)? ?$"
)
_QUOTED = re.compile(r"«[^»]+»|“[^”]+”|\"[^\"]+\"")


def denies_being_ai(text: str) -> str:
    """The first sentence of a reply that denies that an AI writes it; empty when there is none."""
    whole = plain(text).replace("’", "'")
    admits_ai = _ADMITS_AI.search(whole) is not None
    admits_bot = admits_ai or _ADMITS_BOT.search(whole) is not None
    for sentence in _sentences(_without_quotes(text)):
        said = plain(sentence).replace("’", "'").replace("\n", " ")
        said = _told(re.sub(r"[*_]", "", said))
        if any(not _TURNED.search(said[: match.start()]) for each in _PERSON for match in each.finditer(said)):
            return sentence
        for pattern, kind in _NO_MACHINE:
            match = pattern.search(said)
            if match and not _TURNED.search(said[: match.start()]) and not (admits_ai if kind == "ai" else admits_bot):
                return sentence
    return ""


def _sentences(text: str) -> list[str]:
    """Sentences with their final mark; an opening question mark starts a new one."""
    parted = re.sub(r"(¿)", r"\n\1", text)
    pieces = re.findall(r"[^.!?\n…]+(?:[.](?=\w)[^.!?\n…]*)*[.!?…]*", parted)
    return [piece.strip() for piece in pieces if re.search(r"\w", piece)]


def _without_quotes(text: str) -> str:
    """What somebody else is quoted with is not said; a whole reply in quotes is, and so is a single word."""
    if re.fullmatch(r"\W*(?:«[^»]+»|“[^”]+”|\"[^\"]+\")\W*", text.strip()):
        return text
    return _QUOTED.sub(lambda match: match.group() if len(match.group().split()) < 3 else " «» ", text)


def _told(said: str) -> str:
    """What a sentence states: nothing of a question, but for the clauses before its last one."""
    said = " ".join(said.split())
    if not said.endswith("?"):
        return said
    if said.startswith("¿") or not re.search(r"[,;:] ?\S", said):
        return ""
    return re.sub(r"[,;:][^,;:]*\?$", "", said)
