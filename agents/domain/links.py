"""Links in a text that is about to leave, and which of them the company never gave.

A link may be said when its host and path stand in what the company wrote, loaded or was answered by its own systems,
and its query too: a query can carry what was read in the chat to a stranger.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

# Endings that a bare "name.ending" is taken for a site by chat apps. Those that are also everyday words or abbreviations
# of a file (es, me, no, la, de, it, is, zip, mov, md, py) count only with "www.", a scheme or a path behind them.
_PLAIN_TLDS = (
    "com|net|org|edu|gov|gob|info|biz|xyz|top|site|online|store|shop|app|dev|io|ai|cloud|link|click|live|page|web|tech|"
    "club|vip|icu|pro|mobi|name|tel|ly|gl|gg|tk|ml|ga|cf|gq|pw|cc|tv|ws|co|ar|br|cl|mx|uy|py|pe|ve|bo|ec|ru|cn|uk|us|eu|"
    "test|example|invalid|localhost|onion|bot|chat|help|support|services|finance|bank|money|review|win|loan|download"
)
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = rf"(?:{_LABEL}\.){{1,8}}(?:xn--[a-z0-9-]{{2,59}}|[^\W\d_]{{2,24}})"
_TAIL = r"(?::\d{1,5})?(?:[/?#][^\s<>\"'`]*)?"
_WITH_SCHEME = re.compile(
    r"\b(?:h(?:tt|xx)ps?|ftp|wss?|file|intent|whatsapp|tg|javascript|data|vbscript):(?://)?[^\s<>\"'`]{2,2000}", re.I
)
_WWW = re.compile(r"(?<![\w@./-])www\.[^\s<>\"'`]{2,500}", re.I)
_BARE = re.compile(rf"(?<![\w@./-])(?:[\w.+-]+@)?{_HOST}{_TAIL}", re.I)
_PLAIN = re.compile(rf"\.(?:{_PLAIN_TLDS}|xn--[a-z0-9-]+)$")
_NUMERIC = re.compile(r"(?<![\w@./-])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5}(?:/[^\s]*)?|/[^\s]*)")
_SPELLED = re.compile(r"\s?(?:[\[({]\s?(?:\.|dot|punto|ponto)\s?[\])}]|\b(?:dot|punto|ponto)\b)\s?", re.I)
_SLASH = re.compile(r"\s?[\[({]?\b(?:barra|slash)\b[\])}]?\s?", re.I)
_IMAGE = re.compile(r"!\[[^\]\n]{0,400}\]\s?[(\[]|<\s?(?:img|image|iframe|script|link|object|embed|svg)\b", re.I)
_END = ".,;:!?¡¿)]}>\"'»”’*_~…"
ACTIVE = frozenset({"javascript", "data", "vbscript", "file", "intent"})


@dataclass(frozen=True, slots=True)
class Link:
    """`host` in ASCII lower case without "www."; `path` without its last slash; `user` when something stands before an @."""

    host: str
    path: str
    query: str
    scheme: str = ""
    user: bool = False


def links_in(text: str) -> tuple[Link, ...]:
    """Every link of a text, written with or without its scheme, plainly or with "punto" and "[.]"."""
    shown = _shown(text)
    found: dict[Link, None] = {}
    for reading in dict.fromkeys((shown, _SLASH.sub("/", _SPELLED.sub(".", shown)))):
        rest = reading
        for pattern in (_WITH_SCHEME, _WWW, _NUMERIC):
            for match in pattern.finditer(rest):
                found.setdefault(_parsed(match.group()))
            rest = pattern.sub(" ", rest)
        for match in _BARE.finditer(rest):
            if _is_bare_link(match.group()):
                found.setdefault(_parsed(match.group()))
    return tuple(link for link in found if link.host or link.scheme in ACTIVE)


def has_image(text: str) -> bool:
    """Markdown or HTML that makes a screen fetch something without anybody pressing on it."""
    return bool(_IMAGE.search(_shown(text)))


def unknown_links(text: str, *, given: str, hosts: Collection[str] = ()) -> tuple[Link, ...]:
    """Those that the texts in `given` do not hold and that are not on one of the company's own `hosts`."""
    said = links_in(text)
    if not said:
        return ()
    known = links_in(given)
    own = {_ascii(host) for host in hosts}
    return tuple(link for link in said if not _is_known(link, known, own))


def _is_known(link: Link, known: Collection[Link], own: Collection[str]) -> bool:
    if link.user or link.scheme in ACTIVE:
        return False
    if link.host in own:
        return not link.query or any(link.query == each.query for each in known)
    same = [each for each in known if each.host == link.host and not each.user]
    if not link.query and not link.path:
        return bool(same)
    return any((each.path, each.query) == (link.path, link.query) or _shorter(link, each) for each in same)


def _shorter(link: Link, given: Link) -> bool:
    """The given link without its query says nothing new; a longer one could."""
    return not link.query and link.path == given.path


def _is_bare_link(shown: str) -> bool:
    """`name.ending` that a chat app would make a link of; e-mails and sentences that lack a space are none."""
    host = re.split(r"[:/?#]", shown, maxsplit=1)[0]
    if "@" in host:
        return "/" in shown  # userinfo in front of a host; an e-mail address has no path
    if "/" in shown[len(host) : len(host) + 1]:
        return True
    last = host.rsplit(".", 1)[-1]
    # "mañana.Com" is the beginning of a sentence; a host is written in one case.
    one_case = last == last.lower() or host == host.upper()
    return one_case and bool(_PLAIN.search(_ascii(host)))


def _parsed(shown: str) -> Link:
    whole = unquote(shown.rstrip(_END)) if shown.isascii() else shown.rstrip(_END)
    whole = re.sub(r"^hxxp", "http", whole, flags=re.I)
    named = re.match(r"([a-z]{2,12}):(?!\d)", whole, re.I)
    scheme = named.group(1).lower() if named else ""
    body = re.sub(r"^[a-z]{2,12}:(?://)?", "", whole, flags=re.I) if scheme else whole
    try:
        parts = urlsplit(f"//{body}".replace("\\", "/"))
        host = _ascii(parts.hostname or "")
    except ValueError:
        return Link(body[:200], "", "", scheme, user=True)
    query = parts.query + (f"#{parts.fragment}" if parts.fragment else "")
    return Link(host, parts.path.rstrip("/"), query, scheme, user="@" in (parts.netloc or ""))


def _ascii(host: str) -> str:
    """A lookalike host stays different from the one that it imitates: its letters become punycode."""
    bare = host.casefold().strip(".").removeprefix("www.")
    try:
        return bare.encode("idna").decode()
    except UnicodeError:
        return bare


def _shown(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text)
    return "".join(ch for ch in folded if unicodedata.category(ch) not in {"Cf", "Co", "Cn"})
