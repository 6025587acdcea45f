"""A phrase before it is read: no case, accents, prices or phones; numbers as digits; names of days spelt right."""

import re
import unicodedata
from collections.abc import Mapping

SIGNS = str.maketrans({"–": "-", "—": "-", "’": "", "'": "", "´": "", "`": "", "\n": " . ", "\t": " ", "|": " , "})
OWN = re.compile(r"['’]s\b")
HALF_OF_DAY = re.compile(r"(?<=\d) ?([ap])\.? ?m(?:\.|\b)|(?<= )([ap])\.m\b\.?")
DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./](?:\d{4}|\d{2})"
FULL_DATE = re.compile(rf"(?<![\d-])({DATE})(?![\d-])")
PHONE = re.compile(r"\+?\d(?:[ -]{0,2}\d){7,}")
PRICE = re.compile(
    r"(?:\$|usd|eur) ?\d[\d.,]{0,12}|(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?!\d)|(?<![\d.,])\d[\d.,]{0,12} ?(?:%|eur\b|\$)"
)
SHORT = re.compile(
    r"\b(jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec|ene|abr|ago|dic|mon|tues?|wed|thurs?|thu|fri|lun|mie|jue|vie|sab|dom)\."
)
STOP = re.compile(r"(?<!\d)[.,]|[.,](?!\d)|[;!?()\[\]{}\"*_~…]+")
WEEK = re.compile(r"\b((?:mon|lun)[a-z]{0,5})-((?:fri|vie)[a-z]{0,5})\b")
GLUED = re.compile(r"(?<=[a-z][a-z][a-z][a-z])(?=\d)")  # martes24
HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")
DASH = re.compile(r"(?<!\d)-|-(?!\d)")
SPACES = re.compile(r"\s+")
WORD = re.compile(r"[a-z]+")
LONGEST = 10_000  # letters; what a mail quotes behind them is not read
FEWEST, MOST = 4, 11  # letters of a misspelt name


def plain(text: str) -> str:
    """Lower-case ASCII with single spaces; every stop stands alone."""
    folded = unicodedata.normalize(
        "NFKD", OWN.sub("", text[:LONGEST].casefold()).replace("€", " eur ").translate(SIGNS)
    )
    plain = "".join(each if each.isascii() else " , " for each in folded if not unicodedata.combining(each))
    plain = HALF_OF_DAY.sub(r"\1\2m ", SPACES.sub(" ", plain))
    plain = FULL_DATE.sub(lambda found: whole_date(found[1]), plain)
    plain = SHORT.sub(r"\1 ", PRICE.sub(" # ", PHONE.sub(" # ", plain)))
    plain = STOP.sub(lambda found: f" {'.' if found[0][0] in '.;!?' else ','} ", plain)
    plain = GLUED.sub(" ", WEEK.sub(r"\1 - \2", plain))
    plain = HYPHEN.sub(" ", plain)
    return SPACES.sub(" ", DASH.sub(" - ", plain)).strip()


def whole_date(said: str) -> str:
    """A date with its year as one word that nothing else reads: d05/03/2027, y2026/12/05."""
    parts = re.split(r"[-./]", said)
    return f"{'y' if len(parts[0]) == 4 else 'd'}{'/'.join(parts)}"


SPANISH = (
    "el la los las un una de del al y o que en con por para lunes martes miercoles jueves viernes sabado domingo hoy "
    "manana pasado tarde noche mediodia semana mes ano dia dias hora horas proximo proxima viene este esta cualquier "
    "las entre despues antes hasta desde si pero menos puedo puede podria quiero tenes tienes hay dale bueno gracias "
    "hola te se enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre "
    "dentro fin finde primer ultimo siesta temprano tipo eso ayer primera ultima media cuarto mejor lo mi hs su sale "
    "somos tengo precio bien aprox"
)
ENGLISH = (
    "the on at in to of and or for from by this next coming monday tuesday wednesday thursday friday saturday sunday "
    "mon tue tues wed thu thur thurs fri sat sun today tomorrow tonight morning afternoon evening night noon midday week "
    "weekend month day days hour hours after before between until around about past quarter half january february march "
    "april may june july august september october november december jan feb mar apr jun jul aug sept oct nov dec first "
    "last end early late any can could i you we is it works please thanks thank yes hi hello free available except not "
    "dont cant oclock midnight as soon possible would want what how anytime yesterday weekday weekdays earliest asap fortnight"
)
ES_WORDS, EN_WORDS = frozenset(SPANISH.split()), frozenset(ENGLISH.split())


def is_english(english: str, spanish: str) -> bool:
    """By the words that only one of the languages has, each spelt right in its own. Spanish when nothing tells."""
    return told(english, EN_WORDS) > told(spanish, ES_WORDS)


def told(plain: str, words: frozenset[str]) -> int:
    return sum(each in words or each.removesuffix("s") in words for each in WORD.findall(plain))


class Spelling:
    """Names with one letter wrong, put right. `known` are words that only look like names; `slips` are common ones."""

    def __init__(self, names: frozenset[str], known: str, slips: Mapping[str, str]) -> None:
        self.names, self.slips = sorted(names), slips
        self.known = names | frozenset(known.split())
        self.first = frozenset(each[0] for each in names)

    def __call__(self, plain: str) -> str:
        return WORD.sub(lambda found: self.right(found[0]), plain)

    def right(self, word: str) -> str:
        if word in self.slips:
            return self.slips[word]
        if not FEWEST <= len(word) <= MOST or word[0] not in self.first or word in self.known:
            return word
        return next((each for each in self.names if near(word, each)), word)


def near(word: str, name: str) -> bool:
    """One letter more, less, other, or two neighbours swapped. The first letter is never the wrong one."""
    if word[0] != name[0] or abs(len(word) - len(name)) > 1:
        return False
    same = next((n for n, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), min(len(word), len(name)))
    rest, wanted = word[same:], name[same:]
    if len(rest) > len(wanted):
        return rest[1:] == wanted
    if len(rest) < len(wanted):
        return rest == wanted[1:]
    return rest[1:] == wanted[1:] or (rest[:2] == wanted[1::-1] and rest[2:] == wanted[2:])
