"""What a customer's last words say of the help they got: thanks, an affirmation, a complaint, a question (es, en). Pure.

"Gracias por nada", "no, gracias", "gracias, pero no funciona" and "desde ya, gracias" hold the word and are no thanks.
A doubt is never read as a success.
"""

import re

from agents.domain.readings import plain

_THANKS = re.compile(
    r"\b(?:gracias|grax|graxias|grcs|gcs|gracia|(?:te|le|les|se lo) agradezco|agradecid[oa]s?|sos (?:un |una )?(?:crack|genia|genio|idol[oa])|"
    r"thanks|thank you|thank u|thankyou|thx|tysm|much appreciated|i appreciate it|obrigad[oa])\b"
)
# Thanks that say something else: a refusal, politeness before any help, or after none.
_NO_THANKS = re.compile(
    r"\bno,? (?:no,? )?(?:muchas |muchisimas |te )?(?:gracias|agradezco)\b|\bno,? (?:thanks|thank you|thx)\b|"
    r"\bgracias (?:igual(?:mente)?|de todos modos|de todas (?:formas|maneras)|lo mismo|de antemano|por (?:tu |su |la )?(?:espera|paciencia))\b|"
    r"\b(?:igual(?:mente)?|de todos modos|de todas (?:formas|maneras)),? (?:muchas )?gracias\b|"
    r"\b(?:desde ya|de antemano),? (?:muchas |muchisimas )?gracias\b|\bgracias,? (?:desde ya)\b|"
    r"\bthank(?:s| you),? (?:anyway|all the same|in advance|for nothing)\b|\banyway,? thank"
)
_ENOUGH = re.compile(
    r"\b(?:eso (?:es|era|seria) todo|(?:con eso|asi) (?:estoy|esta|estamos) (?:bien|perfecto)|(?:no,? )?nada mas|por ahora nada mas|"
    r"that'?s (?:all|it)|that is all|that will be all|nothing else|i'?m all set|all set|we'?re good)\b"
)
_AFFIRMS = re.compile(
    r"\b(?:perfecto|buenisim[oa]|genial|excelente|barbaro|joya|de diez|de 10|espectacular|fantastico|impecable|"
    r"(?:me )?quedo (?:re |muy |todo )?claro|(?:me |re |nos )?sirvio|(?:ya )?(?:lo |la |me lo |se )?(?:solucione|solucionado|resuelto|resolvi|soluciono|resolvio)|"
    r"ya (?:pude|funciona|anda|quedo)|funciono|ahora si|ya lo (?:compre|pague|reserve|encontre)|"
    r"perfect|great|awesome|excellent|wonderful|solved|fixed now|it works|(?:that|it) worked|working now|that helps|that helped|very helpful)\b"
)
_DENIES = re.compile(r"\b(?:no|nunca|tampoco|ni|sin|not|never|isn'?t|doesn'?t|didn'?t|wasn'?t|nada)\b")
_TURNS = re.compile(
    r"\b(?:pero|aunque|sin embargo|lastima|igual (?:no|sigue|todavia)|but|although|however|though|unfortunately)\b"
)
_ASKS = re.compile(
    r"[?¿]|\b(?:quiero|quisiera|necesito|queria|(?:me|nos) (?:pasas|pasan|mandas|mandan|envias|envian|decis|dices|dicen|avisas|avisan|confirmas|podes|podrias|puede|pueden|puedes)|"
    r"podes|podrias|puedes|podrian|cuanto|cuanta|cuantos|cuantas|cuando|donde|cual|cuales|por que|como (?:hago|es|seria|puedo|se|hacemos|pago|compro)|"
    r"una consulta|otra (?:consulta|cosa|pregunta|duda)|avisame|avisenme|aviseme|espero|aguardo|quedo a la espera|mandame|pasame|decime|contame|"
    r"want|need|how|when|where|which|why|can you|could you|would you|can i|could i|let me know|waiting|one more (?:thing|question)|another question|please send|tell me)\b"
)
_SLOT = r"(?:ese|esa|esos|esas|el|la|los|las|a|al|por|para|manana|hoy|tan|ni|en|ningun|ninguna)\b"
_COMPLAINTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bgracias por nada\b|\bthank(?:s| you) for nothing\b",
        (
            r"\bno (?:me |nos |te |le |se )?(?:funciona|funciono|funcionan|anda|anduvo|andan|ayuda|ayudas|ayudo|ayudaste|ayudaron|soluciona|soluciono|solucionaron|"
            r"resolvio|resuelve|resolvieron|resolviste|resolves|respondes|respondiste|responden|respondieron|contestas|contestaste|contestan|contestaron|"
            r"entendes|entiendes|entendiste|lees|leiste)\b"
        ),
        rf"\bno (?:me |nos )?(?:sirve|sirven|sirvio|servis)\b(?! {_SLOT})",
        r"\b(?:sigue|siguen|sigo|seguimos) (?:sin|igual|mal|fallando|esperando|con (?:el|los) mism\w+)\b",
        r"\b(?:todavia|aun) (?:no|sigo|sigue|estoy esperando)\b(?! (?:se|lo se|me decid\w+|decid\w+)\b)",
        (
            r"\b(?:pesim[oa]|malisim[oa]|horrible|vergonzos[oa]|una? verguenza|desastre|inutil|inutiles|estafa|estafas|estafador\w*|ladrones|mierda|"
            r"poca seriedad|falta de respeto|impresentables?|lamentable|decepcion\w*|no (?:me |nos )?(?:sirven?|sirvio|servis) para nada)\b"
        ),
        r"\b(?:un|una|hacer|presentar|poner) (?:reclamo|queja|denuncia)\b|\b(?:reclamar|quejarme|denunciar(?:los|las)?)\b",
        r"\b(?:estoy|me tienen|ya me|re) (?:hart[oa]s?|cansad[oa]s? de|canse)\b",
        r"\b(?:eso )?no (?:es|era) lo que (?:te |les |le )?(?:pregunte|pedi|dije)\b|\bno (?:te |les |le )?(?:pregunte|pedi) eso\b|\bya (?:te|les|le|se) (?:lo |la )?(?:dije|pregunte|pedi|explique)\b",
        r"\b(?:doesn'?t|does not|didn'?t|did not|isn'?t|is not|still not|not|won'?t) (?:even )?(?:work|working|help|helping|helpful|answer|answering|solve|solved|fixed|what i asked)\b",
        r"\b(?:useless|terrible|awful|horrible|worst|ridiculous|scam|unacceptable|disappoint\w+|fed up|waste of (?:my )?time|a complaint|i already (?:told|asked|said))\b",
    )
)
_NOT_A_COMPLAINT = re.compile(
    r"\b(?:no es (?:un|una)|ningun|ninguna|sin ningun|sin|not a|no|isn'?t) (?:reclamo|queja|estafa|complaint|scam)\b"
)
# Said when nothing more is wanted; after a question of the agent a "sí" still waits for what follows.
_YES = "si|sip|sii|ok|oka|okey|okay|oki|dale|bueno|va|vale|claro|yes|yep|yeah|sure|alright|right|de|acuerdo|por|favor|please"
_SMALL = (
    "bien|listo|aja|ah|ahh|mmm|jaja|jajaja|jeje|lol|chau|chao|adios|nos|vemos|hasta|luego|manana|pronto|saludos|saludo|"
    "abrazo|buenas|buenos|buen|tardes|noches|dias|dia|finde|hola|igualmente|bye|goodbye|see|you|later|cool|good|night|day|hello|hi|lo|pienso|veo|charlo"
)
_YESSES = re.compile(rf"(?:(?:{_YES})\b\W*)+")
_ACKS = re.compile(rf"(?:(?:{_YES}|{_SMALL})\b\W*)+")
_DECLINES = re.compile(
    r"(?:no|nop|nope|nah)\b\W*(?:por ahora|no|gracias|muchas gracias|thanks|thank you|igual|todavia|asi esta bien|esta bien|tranqui)?\W*"
)
_LETTERS = re.compile(r"\w")
_SAYS_LITTLE = (
    "que con por para una uno unos unas los las del hola buenas buenos dias tardes noches como esta estas este estos muy mas favor "
    "gracias quiero quisiera necesito saber tienen tenes hay son the and for you your what have hello please want need know with are "
    "can could would does me mi es si no se le lo la el en de un al ya yo te su pero porque cuando donde podria podrias puedo"
)
_STOP = frozenset(_SAYS_LITTLE.split())
MOST_WORDS = 25  # longer last words are about something
SAME = 0.6  # of the words that mean something


def complains(text: str) -> bool:
    """Whether somebody says that the help was none."""
    said = _plain(text)
    found = any(pattern.search(said) for pattern in _COMPLAINTS)
    return found and not (_NOT_A_COMPLAINT.search(said) and not _TURNS.search(said))


def thanks(text: str) -> bool:
    """Thanks or "that is all", and nothing that takes it back or asks for more."""
    said = _plain(text)
    if _open(said):
        return False
    return bool(_ENOUGH.search(said) or (_THANKS.search(said) and not _NO_THANKS.search(said)))


def affirms(text: str) -> bool:
    """ "Perfecto", "ya pude", "it works": nothing denied in it, nothing asked."""
    said = _plain(text)
    return bool(_AFFIRMS.search(said)) and not _open(said) and not _DENIES.search(said) and not _NO_THANKS.search(said)


def closes(text: str) -> bool:
    """Words that want no answer, whatever they say of the help: thanks of any kind, a farewell, "no, gracias"."""
    said = _plain(text)
    if not _LETTERS.search(said):
        return bool(said)  # a thumb, a heart
    if _ASKS.search(said) or complains(text):
        return False
    polite = _THANKS.search(said) is not None and len(said.split()) <= MOST_WORDS and not _TURNS.search(said)
    return polite or bool(_ACKS.fullmatch(said) or _DECLINES.fullmatch(said) or _ENOUGH.search(said))


def agrees(text: str) -> bool:
    """ "Sí", "dale": after a question of the agent it is an answer, and waits for what follows."""
    return bool(_YESSES.fullmatch(_plain(text)))


def asks(text: str) -> bool:
    """Whether a message of the agent ends in a question."""
    return text.rstrip(" .!)\"'\n").endswith("?")


def same_question(one: str, other: str) -> bool:
    """Whether two messages ask the same in other words; short ones ("sí", "mañana a las 10") never do."""
    first, second = _meaning(one), _meaning(other)
    if min(len(first), len(second)) < 2:
        return False
    return len(first & second) / len(first | second) >= SAME


def _open(said: str) -> bool:
    return bool(_ASKS.search(said) or _TURNS.search(said)) or complains(said) or len(said.split()) > MOST_WORDS


def _plain(text: str) -> str:
    return " ".join(plain(text).replace("’", "'").split())


def _meaning(text: str) -> frozenset[str]:
    words = re.findall(r"\w+", _plain(text))
    return frozenset(word for word in words if (len(word) > 2 or word.isdigit()) and word not in _STOP)
