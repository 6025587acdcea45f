"""Search words: how a text and a question are brought to the same terms, whatever the accents, endings or spelling.

Spanish as it is typed in a chat: accents missing, b for v, s for c or z, silent h dropped, voseo. A word becomes its
sound, then loses its ending. English words pass through the same rules; both sides change alike, so they still meet.
"""

import re
import unicodedata
from functools import lru_cache

MAX_TERM = 64  # a longer "word" is a token, a key or noise: its beginning identifies it well enough

_PIECES = re.compile(r"[a-z0-9]+(?:[-_./:][a-z0-9]+)*")
_RUNS = re.compile(r"[a-z]+|[0-9]+")

_STOP_WORDS = """
    a al algo alguien algun alguna algunas alguno algunos ante antes aqui aca ahi asi aun aunque bajo bien cada como con
    contra cosa cosas cual cuales cualquier cuando cuanta cuantas cuanto cuantos de del desde donde dos durante e el
    ella ellas ello ellos en entre era eran eres es esa esas ese eso esos esta estaba estan estar estas este esto estos
    estoy fue fueron ha habia hace haces hacen hacer han has hasta hay haya he hemos hice hizo ir la las le les lo los
    mas me mi mis mucho mucha muchos muchas muy nada ni no nos nosotros nuestra nuestro o os otra otras otro otros para
    pero poco por porque pues que quien quienes se sea sean ser si sido sin sino sobre solo son soy su sus tal tambien
    tampoco tan tanto te ti toda todas todo todos tu tus u un una unas uno unos usted ustedes va vamos van vos voy vas y
    ya yo
    hola buenas buenos buen dia dias tardes noches gracias favor porfa disculpa disculpe perdon consulta pregunta duda
    queria quisiera quiero queres querer quieren necesito necesita saber se sabe saben sabes decir dice decime decis
    digan contame tengo tenes tiene tienen tener tenia puedo podes puede pueden poder podria podrian podemos hago haceme
    haga dame dan dar den das ver mira che xq q k tipo vez gustaria interesa seria ayuda ayudan ayudar ayudame vende
    vendes venden trabajan info informacion jaja jajaja dale genial ok mejor estamos
    estas llego pasa sirve sirven tiempo
    the an and are as at be but by can could did do does for from had has have how i if in into is it its just me my not
    of on or our please she he so some that their them there they this to was we were what when where which who will
    with would you your hi hello thanks want know get
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_SOUNDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ch", "1"),
        (r"ph", "f"),
        (r"h", ""),
        (r"qu(?=[ei])|q|ck", "k"),
        (r"c(?=[ei])|z|x", "s"),
        (r"c", "k"),
        (r"v", "b"),
        (r"ll", "y"),
        (r"y$", "i"),
        (r"g(?=[ei])", "j"),
        (r"gu(?=[ei])", "g"),
        (r"n(?=[bp])", "m"),
        (r"ks|^ps", "s"),
        (r"([a-z])\1+", r"\1"),
        (r"ie", "e"),  # cierran / cerrar
        (r"ue", "o"),  # cuesta / costo
        (r"1", "ch"),
    )
)

_ENDINGS = """
    amiento imiento amientos imientos aciones acion iciones icion uciones ucion ciones cion siones sion mente idades idad
    adores ador adoras adora edores edor edora ables able ibles ible
    andonos andome andolo andola arnos arlos arlas arles arlo arla arme arte arse arle ernos erlos erlas erlo erla erme
    erse irnos irlos irlas irlo irla irme irse ame eme ime
    abamos aban abas aba ando iendo yendo ados adas ado ada idos idas ido ida aron ieron aste iste amos emos imos
    arian aria erian eria irian iria aran ara aras are eran era eras ere iran ira iras ire
    ian ias ia yas ya ar er ir an en as es os ing ed is a e o s i
"""


def fold(text: str) -> str:
    """Lower case without accents or ligatures: `Día` and `DIA` are both `dia`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def sound(word: str) -> str:
    """How a folded word sounds in Latin American Spanish, as a spelling: `hacer`, `aser` and `haser` are one."""
    for pattern, spelling in _SOUNDS:
        word = pattern.sub(spelling, word)
    return word


# Endings are compared after the sound rules, so they are written in the same spelling; the longest is tried first.
_SOUND_ENDINGS = tuple(sorted({sound(e) for e in _ENDINGS.split()}, key=lambda e: (-len(e), e)))
_MIN_STEM = 3


@lru_cache(maxsize=50_000)
def term(word: str) -> str:
    """The search term of one folded alphabetic word: its sound without its ending (at least three letters stay)."""
    spoken = sound(word)
    for ending in _SOUND_ENDINGS:
        if spoken.endswith(ending) and len(spoken) - len(ending) >= _MIN_STEM:
            return spoken[: -len(ending)][:MAX_TERM]
    return (spoken or word)[:MAX_TERM]


def pieces(text: str) -> list[str]:
    """Folded words, codes and numbers in order, stop words included: `TS-150` stays one piece."""
    return _PIECES.findall(fold(text))


def terms_of(piece: str) -> list[str]:
    """Terms of one piece. A code gives itself joined and its parts, so `TS-150`, `ts150` and `ts 150` meet."""
    if piece.isalpha():
        return [] if piece in STOP_WORDS else [term(piece)]
    runs = _RUNS.findall(piece)
    if len(runs) == 1:
        return [runs[0][:MAX_TERM]]
    joined = "".join(runs)[:MAX_TERM]
    parts = [_part(run) for run in runs]
    return [joined, *(part for part in parts if part)] if any(c.isdigit() for c in joined) else [p for p in parts if p]


def _part(run: str) -> str:
    if run.isdigit():
        return run[:MAX_TERM] if len(run) > 1 and run.strip("0") else ""
    return "" if run in STOP_WORDS or len(run) < 2 else term(run)


def terms(text: str) -> list[str]:
    """Every search term of a text in order, repetitions kept: `Las garantías` gives `["garant"]`."""
    return [found for piece in pieces(text) for found in terms_of(piece)]


def is_near(one: str, other: str) -> bool:
    """Whether two terms differ by so little that one is probably the other mistyped (swap, slip, lost letter).

    A term that begins with another of six letters or more is near it too: a slip in the ending keeps it from being cut.
    """
    if min(len(one), len(other)) < 4 or not (one.isalpha() and other.isalpha()):
        return False
    short, long = sorted((one, other), key=len)
    if len(short) >= 6 and long.startswith(short):
        return True
    allowed = 1 if min(len(one), len(other)) < 8 else 2
    return abs(len(one) - len(other)) <= allowed and _distance(one, other, allowed) <= allowed


def _distance(one: str, other: str, limit: int) -> int:
    """Edits between two words, a swap of neighbours counted as one; stops at limit + 1."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        two_before, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
