"""What a kind of credential consists of, and the words in which its provider's answer is told. No database in here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from config.lib import http
from config.lib.errors import ProviderError, Text
from tenants.providers_check import formats

SECONDS = 10.0  # for one question, everything together
MAX_BYTES = 5 * 1024 * 1024  # some list hundreds of models
WORKS, REFUSED, AWAY = "works", "refused", "away"
_OURS = frozenset({"address_refused", "bad_request", "too_many_redirects"})  # no later attempt will do better


@dataclass(frozen=True)
class Answer:
    """`state`: works, refused (the key or address is wrong), away (nobody can tell now). `detail` in plain words, never
    the provider's own: some quote the key. `expires_at` when the provider named a day."""

    state: str
    detail: str
    expires_at: datetime | None = None


class Refused(Exception):
    """The provider answered, and will not take these values."""


class Away(Exception):
    """No answer, or one that says nothing about the values."""


class Secrets(dict[str, str]):
    """NAME → value of the set that is asked about, and category/NAME of what its group wants besides."""

    def __repr__(self) -> str:
        return f"Secrets({sorted(self)})"

    __str__ = __repr__


@dataclass(frozen=True)
class Field:
    """One name. `clean` gives the value as it is kept or raises Invalid; `shown`: typing it in the open is harmless."""

    name: str
    label: Text
    help: Text = ""
    clean: Callable[[str], str] = formats.one_line
    optional: bool = False
    shown: bool = False
    long: bool = False  # several lines
    lendable: bool = True


@dataclass(frozen=True)
class Group:
    """Names that work together. A set is wholly a company's own or wholly lent: a lent key must never go to an address
    that the company chose. `ask` is the provider's cheapest question; without one there is nothing to try.
    """

    title: Text
    fields: tuple[Field, ...]
    ask: Callable[[Secrets], Answer] | None = None
    also: tuple[str, ...] = ()  # category/NAME that makes the answer better

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.fields)

    def missing(self, stored: Mapping[str, object]) -> list[Field]:
        """What is still needed of a set that was begun, or of one that was not."""
        return [each for each in self.fields if not each.optional and each.name not in stored]


@dataclass(frozen=True)
class Kind:
    """A provider: what it is for, in one sentence, and its groups."""

    category: str
    label: str
    lead: Text
    groups: tuple[Group, ...] = field(default_factory=tuple)

    def group_of(self, name: str) -> Group | None:
        return next((each for each in self.groups if name in each.names), None)

    def field_of(self, name: str) -> Field | None:
        return next((each for group in self.groups for each in group.fields if each.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for group in self.groups for name in group.names)


def run(group: Group, secrets: Secrets) -> Answer:
    """Ask the provider now. Opens no transaction; takes `SECONDS` or a little more."""
    assert group.ask is not None
    lacking = group.missing(secrets)
    if lacking:
        names = ", ".join(each.name for each in lacking)
        return Answer(REFUSED, _("Para probar falta cargar %(names)s.") % {"names": names})
    try:
        return group.ask(secrets)
    except Refused as error:
        return Answer(REFUSED, str(error))
    except Away as error:
        return Answer(AWAY, str(error))


# --- questions over HTTP -----------------------------------------------------------------------------------
def call(method: str, url: str, *, provider: str, **options: Any) -> http.Response:
    """An answer that says something about the values, of whatever status below 500. Raises Refused or Away."""
    try:
        answer = http.request(method, url, timeout=SECONDS, max_bytes=MAX_BYTES, **options)
    except ProviderError as error:
        raise (Refused if error.code in _OURS else Away)(error.message) from None
    if answer.status in (408, 425, 429) or answer.status >= 500:
        words = _("%(provider)s no pudo responder ahora (%(status)s). Probar más tarde.")
        raise Away(words % {"provider": provider, "status": answer.status})
    return answer


def accepted(answer: http.Response, *, provider: str) -> http.Response:
    """The same answer when it is a yes. Raises Refused."""
    values = {"provider": provider, "status": answer.status}
    if answer.status in (404, 405, 410) or 300 <= answer.status < 400:
        raise Refused(_("En esa dirección no responde %(provider)s (%(status)s). Revisar los datos.") % values)
    if not 200 <= answer.status < 300:
        raise Refused(_("%(provider)s no aceptó la credencial (%(status)s).") % values)
    return answer


def get(url: str, *, provider: str, **options: Any) -> dict[str, Any]:
    """The JSON object behind a GET. Raises Refused or Away."""
    return object_of(accepted(call("GET", url, provider=provider, **options), provider=provider), provider=provider)


def object_of(answer: http.Response, *, provider: str) -> dict[str, Any]:
    try:
        found = answer.json()
    except ProviderError:
        found = None
    if not isinstance(found, dict):
        raise Refused(_("En esa dirección responde otra cosa, no %(provider)s.") % {"provider": provider})
    return found


def works(known_as: object = "") -> Answer:
    """`known_as`: how the provider calls the account; shown, so nothing secret."""
    name = " ".join(str(known_as or "").split())[:80]
    return Answer(WORKS, _("Conectado como %(name)s.") % {"name": name} if name else _("El proveedor la aceptó."))


def moment(seconds: object) -> datetime | None:
    """A provider's Unix seconds; None for 0 (never) and for what is no moment."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 32_503_680_000:
        return None
    return datetime.fromtimestamp(seconds, UTC)
