"""The outbound filter: what must never leave, checked on the words about to be said.

It is fixed code over the text, so it holds also when the model obeys an attacker. Whether a phone or an e-mail
belongs to somebody else is asked of the database by the caller; here they are only found.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from agents.domain.readings import decoded, plain

# Shapes of keys, from the providers' own documentation of their prefixes.
_KEYS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("openai_key", re.compile(r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{16,}")),
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
# Version 7 is what our own rows are named by; it says nothing to a customer.
_OUR_ID = re.compile(
    r"(?<![\w/=-])[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b", re.IGNORECASE
)
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"(?<![\w$.,/])(?:\+\d{1,3}[ .-]?)?(?:\(?\d{1,5}\)?[ .-]?){1,5}\d{3,5}(?!\w)")
_WORD = re.compile(r"\w+")

RUN_OF_OURS = 9
RUN_OF_PROMPT = 18


@dataclass(frozen=True, slots=True)
class Output:
    """`reasons` empty = nothing forbidden found. `phones` and `emails` are those that no source of the turn held."""

    reasons: tuple[str, ...]
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


def inspect(
    text: str,
    *,
    secrets: Collection[str] = (),
    internal_words: Collection[str] = (),
    our_words: str = "",
    prompt: str = "",
    sources: Collection[str] = (),
) -> Output:
    """Look for forbidden content.

    secrets: literal values that may not appear. internal_words: names of tools and internal ids. our_words: the
    platform's own rules in the prompt (nine words of them in a row are a leak). prompt: the company's instructions
    (eighteen in a row; what they put between quotes is meant to be said). sources: texts whose phones and e-mails
    may be repeated (the prompt, the chat, tool results).
    """
    reasons = [name for name, pattern in _KEYS if pattern.search(text)]
    views = (text, *decoded(text))
    if any(len(secret) >= 6 and any(secret.lower() in view.lower() for view in views) for secret in secrets):
        reasons.append("secret")
    reading = plain(text)
    if any(re.search(rf"(?<![\w/.-]){re.escape(word.lower())}(?![\w-])", reading) for word in internal_words if word):
        reasons.append("internal_name")
    if _INTERNAL.search(text):
        reasons.append("internal_word")
    if longest_run(text, our_words) >= RUN_OF_OURS or longest_run(text, _unquoted(prompt)) >= RUN_OF_PROMPT:
        reasons.append("prompt_leak")
    known = "\n".join(sources)
    if any(found.group().lower() not in known.lower() for found in _OUR_ID.finditer(text)):
        reasons.append("internal_id")
    return Output(
        tuple(reasons),
        phones=tuple(phone for phone in phones_in(text) if not _known_phone(phone, known)),
        emails=tuple(email for email in emails_in(text) if email not in known.lower()),
    )


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
