"""The port to the templates that a provider keeps for a WhatsApp account. Plain values in, plain values out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from messaging.providers.base import Endpoints, Secret
from messaging.providers.clean import identifier, items, mapping, text

#: provider → dotted path of its book
BOOKS = {
    "meta_direct": "messaging.providers.meta_direct.templates.MetaBook",
    "ycloud": "messaging.providers.ycloud.templates.YCloudBook",
}
#: a provider's state → ours. Any other is shown as paused: it is not offered, and says what it is.
STATES = {
    "APPROVED": "approved",
    "FLAGGED": "approved",
    "REINSTATED": "approved",
    "UNPAUSED": "approved",
    "PENDING": "pending",
    "IN_APPEAL": "pending",
    "REJECTED": "rejected",
    "PAUSED": "paused",
    "LIMIT_EXCEEDED": "paused",
    "DISABLED": "disabled",
    "LOCKED": "disabled",
    "PENDING_DELETION": "gone",
    "DELETED": "gone",
    "ARCHIVED": "gone",
}
#: what a provider writes where there is nothing to say
EMPTY = ("NONE", "UNKNOWN", "")


@dataclass(frozen=True, slots=True)
class Found:
    """A template as the provider keeps it; `state` is ours, `reason` the provider's code or words."""

    name: str
    language: str
    category: str
    state: str
    components: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    quality: str = ""
    provider_id: str = ""


class Book(Protocol):
    """Every failure is a ProviderError; `unknown` and `retry` may be asked again, for a name and language exist once."""

    def listed(self) -> list[Found]:
        """All of the account's templates, in every language."""
        ...

    def submit(self, *, name: str, language: str, category: str, components: list[dict[str, Any]]) -> Found:
        """Hand a new one over for review. Raises ProviderError with code `exists` when there is one of that name."""
        ...

    def change(
        self, *, provider_id: str, name: str, language: str, category: str, components: list[dict[str, Any]]
    ) -> Found:
        """Hand over other words for one that the provider has already."""
        ...


def state_of(given: object) -> str:
    return STATES.get(str(given or "").upper(), "paused")


def quality_of(given: object) -> str:
    """GREEN, YELLOW, RED or "" where none was given yet."""
    score = text(mapping(given).get("score") if isinstance(given, Mapping) else given, 20).upper()
    return "" if score in EMPTY else score


def named_format(components: list[dict[str, Any]]) -> bool:
    """Whether the variables have names, which has to be said."""
    return any("_named_params" in key for part in components for key in mapping(part.get("example")))


def found_of(given: Mapping[str, Any]) -> Found | None:
    """One item of either provider: YCloud keeps Meta's words in camel case."""
    name, language = text(given.get("name"), 512), text(given.get("language"), 15)
    category = text(given.get("category"), 20).lower()
    if not name or not language:
        return None
    state = state_of(given.get("status"))
    reason = text(given.get("rejected_reason") or given.get("reason") or "", 300)
    if state == "paused" and str(given.get("status")).upper() not in STATES:
        reason = reason if reason.upper() not in EMPTY else text(given.get("status"), 300)
    return Found(
        name=name,
        language=language,
        category=category if category in ("marketing", "utility", "authentication") else "utility",
        state=state,
        components=[dict(each) for each in items(given.get("components")) if isinstance(each, Mapping)],
        reason="" if reason.upper() in EMPTY else reason,
        quality=quality_of(given.get("quality_score") or given.get("qualityRating")),
        provider_id=identifier(given.get("id") or given.get("officialTemplateId"))[:64],
    )


def book_of(provider: str, *, config: Mapping[str, Any], secret: Secret, endpoints: Endpoints) -> Book:
    """Raises LookupError for a provider that keeps no templates for us."""
    module, _, name = BOOKS[provider].rpartition(".")
    kind = getattr(import_module(module), name)
    book: Book = kind.connected(config=config, secret=secret, endpoints=endpoints)
    return book
