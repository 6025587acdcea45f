"""The outbound filter: what must never leave, checked on the words about to be said.

It is fixed code over the text, so it holds also when the model obeys an attacker. Whether a phone or an e-mail
belongs to somebody else is asked of the database by the caller; here they are only found, also in disguise.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from agents.domain.disguise import squeezed, unleeted, views
from agents.domain.links import has_image, unknown_links
from agents.domain.readings import plain

# Shapes of keys, from the providers' own documentation of their prefixes.
_KEYS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("openai_key", re.compile(r"\bsk-(?:[\w-]{0,80}-)?(?=[A-Za-z_]{0,200}\d)\w{16,}")),
    ("google_key", re.compile(r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{10,}")),
    ("meta_token", re.compile(r"\bEAA[A-Za-z0-9]{40,}|\bIGQ[A-Za-z0-9_-]{40,}")),
    (
        "other_key",
        re.compile(
            r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[A-Z0-9]{16}|whsec_\w{16,}|glpat-[\w-]{16,})"
        ),
    ),
    ("signed_token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+")),
    ("private_key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("connection_string", re.compile(r"\b(?:postgres(?:ql)?|mysql|redis|rediss|amqp|mongodb(?:\+srv)?)://\S+:\S+@")),
    ("bearer", re.compile(r"\bBearer [A-Za-z0-9._~+/-]{20,}")),
)
_INTERNAL = re.compile(
    r"\b(?:system prompt|prompt del sistema|tool_calls?|function_call|thought_signature|tool_call_id|finish_reason|search_path|tenant_\d+)\b"
    r"|<\|?(?:im_start|im_end|endoftext)\|?>|\[/?INST\]|^\s*\{\s*\"(?:name|tool|function|arguments)\"\s*:",
    re.IGNORECASE | re.MULTILINE,
)
# Version 7 is what our own rows are named by; it says nothing to a customer. It begins with the time, in milliseconds,
# which is 018… to 01f… from 2023 to 2039; digits alone are a list of hours or amounts.
_OUR_ID = re.compile(r"(?=(01[89a-f][0-9a-f]{9}7[0-9a-f]{3}[89ab][0-9a-f]{15}))(?=\d*[a-f])")  # in a squeezed text
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"(?<![\w$.,/])(?:\+\d{1,3}[ .-]?)?(?:\(?\d{1,5}\)?[ .-]?){1,5}\d{3,5}(?!\w)")
_DIGITS_APART = re.compile(r"\d(?:\D{0,3}\d){7,}")
_GAP = " | | "
# Hours, dates and amounts, which stand beside each other in ordinary answers.
_NO_PHONE = re.compile(
    r"(?<![\d:])(?:[01]?\d|2[0-3]):[0-5]\d(?![\d:])|\$ ?\d[\d.,]*|(?<![\d.])\d{1,3}\.\d{3}(?:,\d\d?)?(?![\d.])|"
    r"(?<![\d/])\d{1,2}/\d{1,2}(?:/\d{2,4})?(?![\d/])|\b20\d\d-\d\d-\d\d\b"
)
_WORD = re.compile(r"\w+")

RUN_OF_OURS = 9
RUN_OF_PROMPT = 18
# The same two in letters, for a text whose words were pulled apart, turned round or coded.
LETTERS_OF_OURS, LETTERS_OF_PROMPT = 48, 100
SHORTEST_SECRET = 6
MOST_HIDDEN = 400  # phones and e-mails in disguise that the database is asked about, each
TAIL = 400  # characters of what was said before, with which a secret in pieces is put together


@dataclass(frozen=True, slots=True)
class Output:
    """`reasons` empty = nothing forbidden found. `phones` and `emails` are those that no source of the turn held;
    `hidden_phones` (last eight digits) and `hidden_emails` are guesses at what a disguise holds, for a look-up."""

    reasons: tuple[str, ...]
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    hidden_phones: tuple[str, ...] = ()
    hidden_emails: tuple[str, ...] = ()


def inspect(
    text: str,
    *,
    secrets: Collection[str] = (),
    internal_words: Collection[str] = (),
    our_words: str = "",
    prompt: str = "",
    sources: Collection[str] = (),
    given: Collection[str] = (),
    hosts: Collection[str] = (),
    before: str = "",
) -> Output:
    """Look for forbidden content.

    secrets: literal values that may not appear. internal_words: names of tools and internal ids. our_words: the
    platform's own rules in the prompt (nine words of them in a row are a leak). prompt: the company's instructions
    (eighteen in a row; what they put between quotes is meant to be said). sources: texts whose phones and e-mails
    may be repeated (the prompt, the chat, tool results). given: texts whose links may be said; what the customer
    wrote is not among them. hosts: the company's own. before: what we said last, for what leaves in pieces.
    """
    seen = views(text)
    joined = f"{before[-TAIL:]}{text}"
    tight = tuple(dict.fromkeys(squeezed(view) for view in (*seen, joined)))
    known = "\n".join(sources)
    reasons = [name for name, pattern in _KEYS if any(pattern.search(view) for view in seen)]
    if _holds_secret(tight, secrets):
        reasons.append("secret")
    readings = [plain(view) for view in seen]
    if any(_names(reading, internal_words) for reading in readings):
        reasons.append("internal_name")
    if any(_INTERNAL.search(view) for view in seen):
        reasons.append("internal_word")
    theirs = _unquoted(prompt)
    if (
        longest_run(text, our_words) >= RUN_OF_OURS
        or longest_run(text, theirs) >= RUN_OF_PROMPT
        or _repeats(tight, ((our_words, LETTERS_OF_OURS), (theirs, LETTERS_OF_PROMPT)))
    ):
        reasons.append("prompt_leak")
    ids_known = squeezed(known)
    if any(found not in ids_known for view in tight for found in _OUR_ID.findall(view)):
        reasons.append("internal_id")
    if unknown_links(text, given="\n".join(given), hosts=hosts):
        reasons.append("unknown_link")
    if has_image(text):
        reasons.append("image")
    return Output(
        tuple(reasons),
        phones=tuple(phone for phone in phones_in(text) if not _known_phone(phone, known)),
        emails=tuple(email for email in emails_in(text) if email not in known.lower()),
        hidden_phones=_hidden_phones((text, joined), known),
        hidden_emails=_hidden_emails(seen, known),
    )


def _holds_secret(tight: Collection[str], secrets: Collection[str]) -> bool:
    """Whether a secret stands in a squeezed reading."""
    wanted = {squeezed(secret) for secret in secrets if len(secret) >= SHORTEST_SECRET}
    wanted = {each for each in wanted if len(each) >= SHORTEST_SECRET}
    if not wanted:
        return False
    if any(each in view for each in wanted for view in tight):
        return True
    loose = {unleeted(each) for each in wanted if len(each) >= 8}
    return any(each in unleeted(view) for each in loose for view in tight)


def _names(reading: str, words: Collection[str]) -> bool:
    return any(re.search(rf"(?<![\w/.-]){re.escape(word.lower())}(?![\w-])", reading) for word in words if word)


def _repeats(tight: Collection[str], texts: Collection[tuple[str, int]]) -> bool:
    """Whether a squeezed reading repeats as many letters in a row of one of the texts as stand beside it."""
    for source, letters in texts:
        whole = squeezed(source)
        windows = {whole[at : at + letters] for at in range(len(whole) - letters + 1)}
        if any(view[at : at + letters] in windows for view in tight for at in range(len(view) - letters + 1)):
            return True
    return False


def _hidden_phones(texts: Collection[str], known: str) -> tuple[str, ...]:
    """The last eight digits of every run as long as a phone that no source held. In a run at most three signs stand
    between one digit and the next; hours, dates and amounts are none of it. Any eight digits in a row would be too many:
    among thousands of contacts somebody's phone ends like an ordinary list of hours."""
    digits_known = re.sub(r"\D", "", known)
    found: dict[str, None] = {}
    # Taken out before anything is turned round or decoded, and once more of what that gave.
    readings = dict.fromkeys(view for each in texts for view in views(_NO_PHONE.sub(_GAP, each)))
    for view in readings:
        for match in _DIGITS_APART.finditer(_NO_PHONE.sub(_GAP, view)):
            whole = [re.sub(r"\D", "", match.group()), *re.findall(r"\d{8,15}", match.group())]
            for digits in whole:
                if 8 <= len(digits) <= 15 and digits[-8:] not in digits_known:
                    found.setdefault(digits[-8:])
    return tuple(found)[:MOST_HIDDEN]


def _hidden_emails(seen: Collection[str], known: str) -> tuple[str, ...]:
    """Addresses of the readings, whole and without their first letters, to which other words may have stuck."""
    found: dict[str, None] = {}
    for view in seen:
        for reading in (view, re.sub(r"[\s*|,;:()\[\]{}<>]+", "", view)):
            for email in emails_in(reading[-1000:] if reading is not view else reading):
                local, _at, domain = email.partition("@")
                for cut in range(max(1, min(len(local) - 2, 24))):
                    shorter = f"{local[cut:]}@{domain}"
                    if shorter not in known.lower():
                        found.setdefault(shorter)
    return tuple(found)[:MOST_HIDDEN]


def phones_in(text: str) -> tuple[str, ...]:
    """Digit strings of at least eight digits that read as phones (prices, dates and long order numbers do not)."""
    found = []
    for match in _PHONE.finditer(text):
        shown = match.group()
        digits = re.sub(r"\D", "", shown)
        if not 8 <= len(digits) <= 15 or re.fullmatch(r"(?:19|20)\d\d[ .-]?\d\d[ .-]?\d\d.*", shown):
            continue
        # 1.250.000 and 12.345.678 are an amount and a document number.
        if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", shown):
            continue
        found.append(digits)
    return tuple(dict.fromkeys(found))


def emails_in(text: str) -> tuple[str, ...]:
    """E-mail addresses in lower case, each once."""
    return tuple(dict.fromkeys(match.group().lower().rstrip(".") for match in _EMAIL.finditer(text)))


def _known_phone(digits: str, known: str) -> bool:
    """Known when its last seven digits stand in a source, however they were spaced."""
    return digits[-7:] in re.sub(r"[ ().\-+]", "", known)


def _unquoted(prompt: str) -> str:
    """The prompt without what it quotes: greetings and phrases written to be said."""
    return re.sub(r"[\"“«'](?:[^\"”»'\n]{0,400})[\"”»']", " | ", prompt)


def longest_run(text: str, source: str) -> int:
    """How many words in a row of `source` appear in `text`. Linear in memory, quadratic only over shared words."""
    said, written = _WORD.findall(plain(text)), _WORD.findall(plain(source))
    places: dict[str, list[int]] = {}
    for place, word in enumerate(written):
        places.setdefault(word, []).append(place)
    best = 0
    runs: dict[int, int] = {}
    for word in said[:4000]:
        runs = {place: runs.get(place - 1, 0) + 1 for place in places.get(word, ())}
        best = max(best, *runs.values()) if runs else best
    return best
