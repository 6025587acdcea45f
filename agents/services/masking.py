"""Making a real chat nobody's: what identifies a person is replaced by something invented, the same each time.

What is known of the person (names, numbers, addresses) goes wherever it stands, whatever its case and accents; what only looks
like a person's (a phone, an e-mail, a document, a street with its number, a name behind "soy") goes too. Prices, times and
coming dates stay: without them the chat would say nothing. It rather takes too much than too little, and a person reads the
case before it counts.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

FIRST = (
    "Lara", "Bruno", "Alma", "Dante", "Emilia", "Tadeo", "Olivia", "Ciro", "Nina", "Gael", "Renata", "Lisandro",
    "Zoe", "Facundo", "Abril", "Ulises",
)  # fmt: skip
LAST = (
    "Quinteros", "Bermúdez", "Otero", "Villalba", "Peralta", "Lucero", "Arce", "Maidana", "Robledo", "Sandoval",
    "Barrios", "Escudero",
)  # fmt: skip
_TITLES = "de del la las los el y e da das do dos di van von der den san santa dr dra sr sra srta don doña ing lic"
PARTICLES = frozenset(_TITLES.split())  # small words of a name, and titles: of nobody
_FIRST_WORDS = (
    "hola buenas gracias dale si no ok perfecto argentina buenos hi hello thanks yes nuevo nueva cliente paciente"
    " vecino vecina interested new here looking from not sure available allergic yo el la un una de del muy mas tu su"
    " otro otra alergico alergica diabetico diabetica celiaco celiaca hipertenso hipertensa embarazada vegetariano"
    " vegetariana vegano vegana medico medica doctor doctora abogado abogada contador contadora docente maestra"
    " estudiante jubilado jubilada empleado empleada monotributista responsable inscripto particular consumidor"
    " mayor menor socio socia afiliado afiliada titular dueno duena argentino argentina mujer hombre madre"
    " padre mama papa hijo hija usuario usuaria bueno buena buen dia dias tarde tardes noche noches muchas mil genial"
    " listo claro bien chau saludos cordiales porfa please good morning afternoon evening nombre ninguno ninguna"
)
NOT_NAMES = frozenset(_FIRST_WORDS.split())  # they stand behind "soy" or "I'm", or alone, and are none
_GO_ON = (
    "y e pero que quiero queria quisiera necesito mi tengo tenia tuve vivo estoy estuve busco vengo ando trabajo puedo"
    " podria podes hay para por con en un una el and but i my from with gracias hola soy te le les me se lo a al ya no"
    " si tambien consulto consulta escribo llamo hablo cuanto como cuando donde desde hace ayer hoy manana ahora aca"
    " aqui mas muy buenas buen saludos dni documento telefono celular tel cel mail correo"
)
GO_ON = frozenset(_GO_ON.split())  # where a name in small letters ends
WITHIN = frozenset({"de", "del", "la", "las", "los", "da", "do", "dos", "di", "van", "von"})  # a name goes on behind
_CAPITAL = r"[A-ZÁÉÍÓÚÑÜ][\w'’-]+"
_NAME = rf"{_CAPITAL}(?:\s+(?:(?:de|del|la|las|los|da|van|von)\s+){{0,2}}{_CAPITAL}){{0,3}}"
_KIN = (
    "hij[oa]|herman[oa]|mam[aá]|pap[aá]|madre|padre|espos[oa]|marido|mujer|pareja|novi[oa]|abuel[oa]|ti[oa]|sobrin[oa]|niet[oa]"
    "|soci[oa]|jef[ea]|amig[oa]|vecin[oa]|suegr[oa]|cuñad[oa]|prim[oa]|son|daughter|wife|husband|mother|father|brother|sister|partner|friend|boss"
)
_INTRODUCED = re.compile(
    rf"\b(?:(?i:me llamo|mi nombre es|mi nombre|soy|habla|a nombre de|de parte de|te escribe|firma|saludos,?|atte\.?,?|my name is|i am|i'm|this is|on behalf of|regards,?)"
    rf"|(?i:(?:mi|tu|su|my|her|his)\s+(?:{_KIN}))(?i:,?\s+(?:se llama|is called))?,?|(?i:(?:{_KIN})\s+de))\s+(?P<name>{_NAME})"
)
_LETTERS = r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*"
_SMALL_NAME = rf"{_LETTERS}(?:[^\S\n]+{_LETTERS}){{0,4}}"
_INTRODUCED_SMALL = re.compile(
    rf"\b(?:me llamo|mi nombre es|mi nombre|nombre(?: y apellido)?:|my name is|i'm|i am|a nombre de|de parte de|soy|habla"
    rf"|[tl]e escribe)\s+(?P<name>{_SMALL_NAME})",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(
    r"\b(?:nombre|apellido|name|c[oó]mo te llam\w+|c[oó]mo se llam\w+|con qui[eé]n|qui[eé]n (?:sos|es|eres|habla|escribe))\b",
    re.IGNORECASE,
)
_ANSWERED_NAME = re.compile(rf"^[\W_]*(?P<name>{_SMALL_NAME})", re.IGNORECASE)
_ONLY_A_NAME = re.compile(
    rf"^\s*(?P<name>{_CAPITAL}(?:\s+(?:(?:de|del|la|las|los|da|van|von)\s+){{0,2}}{_CAPITAL}){{1,3}})[\s.!]*$"
)
_MEMBER = re.compile(
    r"\b(?:soci[oa]|afiliad[oa]|asociad[oa]|abonad[oa]|credencial|legajo|matr[ií]cula|historia cl[ií]nica|p[oó]liza|expediente"
    r"|dni|documento|member(?:ship)?|policy)\b(?:[\s:#.,-]|n[°º]|\b(?:nro|no|num|n[uú]mero|number|id|es|el|la|is|de|tengo)\b){0,12}"
    r"(?P<number>\d(?:[ .\-/]?\d){2,})",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[\w.+%-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w@.])@[\w.]{2,}")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_CODE = re.compile(r"\b(?=[A-Za-z0-9-]*\d)(?=[A-Za-z0-9-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b")
_DIGITS = re.compile(r"\+?\(?\d(?:[\s().\-/–]{0,3}\d)*")
_DATE = re.compile(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?:\s?(?:a|-|hasta|to)\s?\d{1,2}:\d{2})?(?!\d)")
_MONEY_BEFORE = re.compile(r"(?:\$|u\$s|us\$|usd|ars|eur|€)\s?$", re.IGNORECASE)
_MONEY_AFTER = re.compile(
    r"^\s?(?:pesos|d[oó]lares|usd|ars|euros?|mil\b|millones|lucas|palos|cuotas|%|km\b|unidades|m2)", re.IGNORECASE
)
_STREET = re.compile(
    rf"\b(?i:calle|av(?:da|enida)?\.?|pasaje|pje\.?|bv\.?|bulevar|boulevard|diagonal|diag\.?|ruta|camino|barrio|manzana|mza\.?)\s+"
    rf"(?:[\w'’.-]+\s+){{0,5}}?(?:(?i:n[°º]|nro\.?|n[uú]mero)\s*)?\d{{1,5}}\b|\b(?:{_CAPITAL}\s+){{1,4}}(?:(?i:n[°º]|nro\.?|n[uú]mero)\s*)?\d{{3,5}}"
    rf"(?=\s*,?\s*(?i:piso|depto|dpto|departamento|timbre|entre|esquina|esq\.?|pb\b|casa|lote|block))"
    rf"|\b\d{{1,5}}\s+(?:{_CAPITAL}\s+){{1,3}}(?i:street|st\.?|avenue|ave\.?|road|rd\.?|lane|drive|dr\.?)(?!\w)"
)
_AT_HOME = re.compile(
    r"\b(?i:vivo en|estoy en|mi direcci[oó]n es|direcci[oó]n:?|domicilio:?|mi casa es(?: en)?"
    r"|(?:env[ií]|mand|llev|dej|entr[eé]g|desp[aá]ch|alc[aá]n[zc])[^\W\d_]{0,8}(?:\s+(?:lo|la|los|las|el|mi)\s+[^\W\d_]+)?\s+(?:a|en|hasta)(?=\s+(?!las?\s+\d)\D)"
    r"|i live (?:at|in)|my address is|deliver (?:it )?to|ship (?:it )?to)\s+(?P<place>[^.,;\n!?]{3,80}?\d{1,5})\b"
)
_DOOR = re.compile(
    r"\b(?i:piso|depto\.?|dpto\.?|departamento|timbre|lote|block|torre)\s+[\w°º]{1,5}\b(?:\s+[A-Za-z]\b)?"
)
_BARE_STREET = re.compile(r"^\s*(?:[A-ZÁÉÍÓÚÑÜ][a-záéíóúñü'’]+\s+){1,4}\d{2,5}\b(?![.,]?\d)")
_MEASURE = re.compile(
    r"(?:usd|ars)?\d+(?:km|hs|kg|g|m2|m|mts|cm|mm|ml|lts?|l|w|mah|gb|mb|tb|k|usd|ars)?", re.IGNORECASE
)
SHORTEST_NUMBER = 6


def folded(text: str) -> str:
    """Lower case without accents, letter for letter: as long as what it was made of, so that places stay places."""
    return "".join(_fold(char) for char in text)


def _fold(char: str) -> str:
    bare = unicodedata.normalize("NFD", char)[:1].casefold()
    return bare if len(bare) == 1 else char


@dataclass
class Mask:
    """One chat's. `names`, `numbers`, `texts` (e-mails, addresses, anything else) are known to be the person's; `keep` are
    words of the company that look like names (its sellers, its agent). Whatever is replaced once is replaced so again."""

    names: Iterable[str] = ()
    numbers: Iterable[str] = ()
    texts: Iterable[str] = ()
    keep: Iterable[str] = ()
    today: date = field(default_factory=date.today)
    _given: dict[tuple[str, str], str] = field(default_factory=dict, init=False)
    _counts: dict[str, int] = field(default_factory=dict, init=False)
    _places: dict[str, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._keep = {folded(word) for each in self.keep for word in each.split()}
        self._own_words: set[str] = set()
        for name in self.names:
            self.learn(name)
        self._texts = sorted({each.strip() for each in self.texts if len(each.strip()) > 2}, key=len, reverse=True)
        self._numbers = {_digits(each) for each in self.numbers if len(_digits(each)) >= 3}

    def learn(self, name: str) -> None:
        """From now on the words of this name are a person's."""
        words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name))
        place = 0
        for word in map(folded, words):
            if word not in PARTICLES and word not in self._keep and not word.isdigit() and len(word) > 1:
                self._own_words.add(word)
                self._places.setdefault(word, place)
                place += 1

    def listen(self, text: str, *, asked: str = "") -> None:
        """Note the names by which people introduce themselves and others, and numbers of members. Call it for every line
        before masking any. `asked`: what we had said before it; a bare name is an answer to a question for one."""
        text = unicodedata.normalize("NFC", text)
        patterns = [_INTRODUCED, _INTRODUCED_SMALL, *([_ANSWERED_NAME] if _ASKS_NAME.search(asked) else [])]
        for pattern in patterns:
            for found in pattern.finditer(text):
                self.learn(" ".join(self._name_in(found["name"].split(), small=pattern is not _INTRODUCED)))
        alone = _ONLY_A_NAME.match(text)
        if alone and not {*NOT_NAMES, *(GO_ON - WITHIN)} & set(map(folded, alone["name"].split())) - WITHIN:
            self.learn(alone["name"])
        self._numbers |= {_digits(found["number"]) for found in _MEMBER.finditer(text)}

    def _name_in(self, words: Iterable[str], *, small: bool) -> list[str]:
        """The words up to where the name ends; one in small letters ends where the sentence goes on."""
        taken: list[str] = []
        for word in words:
            plain = folded(word)
            if taken and plain in WITHIN:
                continue
            if plain in NOT_NAMES or plain in self._keep or (small and plain in GO_ON):
                break
            taken.append(word)
        return taken

    def text(self, text: str) -> str:
        """The text without anybody in it. Invented words are never masked again."""
        parts = [_Part(unicodedata.normalize("NFC", text), open=True)]
        for find in (
            self._known_texts, self._links, self._emails, self._uuids, self._handles, self._streets, self._dates,
            self._codes, self._figures, self._names_in,
        ):  # fmt: skip
            parts = [piece for part in parts for piece in (find(part.text) if part.open else [part])]
        return "".join(part.text for part in parts)

    def name(self, real: str) -> str:
        """The invented name of a person whose whole name this is."""
        words = [word for word in re.findall(r"[^\W_]+", real) if folded(word) not in PARTICLES]
        return " ".join(self._word(word) for word in words[:3])

    # --- what is found ----------------------------------------------------------------------------------------
    def _known_texts(self, text: str) -> "list[_Part]":
        if not self._texts:
            return [_Part(text, open=True)]
        known = "|".join(re.escape(folded(each)) for each in self._texts)
        pattern = re.compile(rf"(?<![^\W_])(?:{known})(?![^\W_])")  # "ana" is not in "mañana"
        return _cut(text, pattern, lambda found: self._invent("text", found, _invented_text), reading=folded(text))

    def _links(self, text: str) -> "list[_Part]":
        return _cut(text, _LINK, lambda found: self._invent("link", found, lambda _f, n: f"https://ejemplo.com/{n}"))

    def _emails(self, text: str) -> "list[_Part]":
        return _cut(text, _EMAIL, lambda found: self._invent("email", found, lambda _f, n: f"persona{n}@ejemplo.com"))

    def _uuids(self, text: str) -> "list[_Part]":
        made = "00000000-0000-4000-8000-{:012d}"
        return _cut(text, _UUID, lambda found: self._invent("uuid", found, lambda _f, n: made.format(n)))

    def _handles(self, text: str) -> "list[_Part]":
        return _cut(text, _HANDLE, lambda found: self._invent("handle", found, lambda _f, n: f"@persona{n}"))

    def _streets(self, text: str) -> "list[_Part]":
        def street(found: str) -> str:
            return self._invent("street", found, lambda _f, n: f"Calle Inventada {100 + n}")

        parts = _cut(text, _AT_HOME, street, group="place")
        for pattern in (_STREET, _BARE_STREET):
            parts = [piece for part in parts for piece in (_cut(part.text, pattern, street) if part.open else [part])]

        def door(found: str) -> str:
            return self._invent("door", found, lambda _f, n: f"timbre {n}")

        return [piece for part in parts for piece in (_cut(part.text, _DOOR, door) if part.open else [part])]

    def _dates(self, text: str) -> "list[_Part]":
        """Clock times and days about now stay; another day may be somebody's birthday."""
        parts = _cut(text, _DATE, self._day)
        return [piece for part in parts for piece in (_cut(part.text, _CLOCK, str) if part.open else [part])]

    def _day(self, found: str) -> str:
        match = _DATE.fullmatch(found)
        assert match is not None
        year = int(match[3] or match[4])
        year += (2000 if year < 70 else 1900) if year < 100 else 0
        if abs(year - self.today.year) <= 1:
            return found
        return self._invent("day", found, lambda _f, n: f"{1 + n % 28:02d}/01/1990")

    def _figures(self, text: str) -> "list[_Part]":
        def figure(found: str, before: str, after: str) -> str | None:
            digits = _digits(found)
            own = any(digits == each or (len(digits) >= 6 and each.endswith(digits[-8:])) for each in self._numbers)
            if own:
                return self._number(found)
            if len(digits) < SHORTEST_NUMBER or _MONEY_BEFORE.search(before) or _MONEY_AFTER.search(after):
                return None
            return self._number(found)

        return _cut_with_sides(text, _DIGITS, figure)

    def _codes(self, text: str) -> "list[_Part]":
        """Order numbers, policies, plates: letters and figures mixed, with at least four figures."""

        def code(found: str, _before: str, _after: str) -> str | None:
            if (len(_digits(found)) < 4 or _MEASURE.fullmatch(found)) and folded(found) not in self._own_words:
                return None
            return self._invent("code", folded(found), lambda _f, n: f"X{1000 + n}")

        return _cut_with_sides(text, _CODE, code)

    def _names_in(self, text: str) -> "list[_Part]":
        if not self._own_words:
            return [_Part(text, open=True)]
        words = "|".join(re.escape(word) for word in sorted(self._own_words, key=len, reverse=True))
        pattern = re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])")
        return _cut(text, pattern, self._word, reading=folded(text))

    # --- what is invented ---------------------------------------------------------------------------------------
    def _word(self, real: str) -> str:
        """A word of a name: the first word of a name gets a first name, further ones a surname."""
        key = ("name", folded(real))
        if key not in self._given:
            kind, names = ("last", LAST) if self._places.get(key[1]) else ("first", FIRST)
            self._given[key] = self._next(
                kind, lambda n: names[n % len(names)] + ("" if n < len(names) else "o" * (n // len(names)))
            )
        made = self._given[key]
        return made.upper() if real.isupper() and len(real) > 1 else made

    def _next(self, kind: str, make: Callable[[int], str]) -> str:
        """The next invented thing that is nothing real of this chat."""
        while True:
            number = self._counts.get(kind, 0)
            self._counts[kind] = number + 1
            made = make(number)
            if not any(folded(word) in self._own_words for word in re.findall(r"[^\W_]+", made)):
                return made

    def _invent(self, kind: str, real: str, make: Callable[[str, int], str]) -> str:
        key = (kind, " ".join(folded(real).split()))
        if key not in self._given:
            self._given[key] = self._next(kind, lambda n: make(real, n + 1))
        return self._given[key]

    def _number(self, real: str) -> str:
        """As many figures between the same signs. Known by its last eight, so that a number with and without prefix is one."""
        digits = _digits(real)
        key = ("number", digits[-8:])
        if key not in self._given:
            self._given[key] = self._next_number(digits[-8:])
        tail = self._given[key][-len(digits) :] if len(digits) < 8 else self._given[key]
        head = (
            ("54911" if len(digits) <= 13 else "0" * len(digits))[-(len(digits) - len(tail)) :]
            if len(digits) > len(tail)
            else ""
        )
        made = iter((head + tail).rjust(len(digits), "0"))
        return "".join(next(made) if char.isdigit() else char for char in real)

    def _next_number(self, real: str) -> str:
        while True:
            number = self._counts.get("number", 0)
            self._counts["number"] = number + 1
            made = f"{55_501_000 + number * 7:08d}"
            # No six figures of a real one may be left in it, not even by chance.
            if not any(
                each[at : at + 6] in made
                for each in {real, *self._numbers}
                for at in range(max(len(each) - 5, 1))
                if len(each) >= 6
            ) and not made.endswith(real):
                return made


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a text; not `open`: already decided, later patterns pass over it."""

    text: str
    open: bool


def _cut(
    text: str, pattern: re.Pattern[str], make: Callable[[str], str], *, group: str = "", reading: str = ""
) -> list[_Part]:
    """What matches becomes decided parts. `reading`: another form of the text, of the same length, to search in."""
    return _cut_with_sides(text, pattern, lambda found, _b, _a: make(found), group=group, reading=reading)


def _cut_with_sides(
    text: str,
    pattern: re.Pattern[str],
    make: Callable[[str, str, str], str | None],
    *,
    group: str = "",
    reading: str = "",
) -> list[_Part]:
    """`make` gets what was found and what stands before and behind it; None leaves it as it is, for later patterns."""
    parts, last = [], 0
    for match in pattern.finditer(reading or text):
        start, end = match.span(group or 0)
        if start == end or start < last:
            continue
        found = text[start:end]
        made = make(found, text[max(start - 6, 0) : start], text[end : end + 12])
        if made is None:
            continue
        parts += [_Part(text[last:start], open=True), _Part(made, open=False)]
        last = end
    return [*parts, _Part(text[last:], open=True)]


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _invented_text(real: str, number: int) -> str:
    if "@" in real:
        return f"persona{number + 40}@ejemplo.com"
    return f"dato inventado {number}"
