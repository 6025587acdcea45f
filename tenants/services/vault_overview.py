"""What the credentials page shows of each provider: names, states and gaps; nothing is opened for it."""

from dataclasses import dataclass, field

from config.lib.errors import Text
from tenants.context import current_tenant
from tenants.models import Credential, Health
from tenants.providers_check.base import Field, Group, Kind
from tenants.providers_check.registry import KINDS
from tenants.services import vault, vault_health


@dataclass
class Slot:
    """One name: the company's own row, or lent by the platform, or nothing."""

    field: Field
    row: Credential | None = None
    lent: bool = False


@dataclass
class Set:
    """The names of one group for the company, or for one channel: stored, tested and lent together."""

    title: Text
    channel: str = ""
    slots: list[Slot] = field(default_factory=list)
    missing: list[Field] = field(default_factory=list)
    testable: bool = False
    testing: bool = False

    @property
    def rows(self) -> list[Credential]:
        return [slot.row for slot in self.slots if slot.row is not None]

    @property
    def lent(self) -> bool:
        return any(slot.lent for slot in self.slots)

    @property
    def first(self) -> Credential:
        """The row whose test is the set's."""
        return self.rows[0]

    @property
    def health(self) -> str:
        states = {row.health for row in self.rows}
        if Health.FAILING in states:
            return str(Health.FAILING)
        return str(Health.OK) if states == {Health.OK} else str(Health.UNKNOWN)

    @property
    def latest(self) -> Credential | None:
        """The row that was tested last; its words are the set's."""
        tested = [row for row in self.rows if row.checked_at is not None]
        return max(tested, key=lambda row: row.checked_at.timestamp() if row.checked_at else 0.0, default=None)

    @property
    def ending(self) -> list[Credential]:
        """Rows that end within the days of a warning, or have ended."""
        return [row for row in self.rows if vault_health.ends_soon(row)]


@dataclass
class Card:
    kind: Kind
    sets: list[Set] = field(default_factory=list)
    others: list[Credential] = field(default_factory=list)  # names that no kind has: of an earlier version

    @property
    def used(self) -> bool:
        return bool(self.others) or any(each.rows or each.lent for each in self.sets)

    @property
    def testing(self) -> bool:
        return any(each.testing for each in self.sets)


def cards(category: str = "") -> list[Card]:
    """Every provider's card, or one; two statements whatever there is."""
    rows = Credential.objects.filter(tenant_id=current_tenant().pk).defer("sealed").order_by("category", "name")
    if category:
        rows = rows.filter(category=category)
    stored = list(rows)
    lent = {(row.category, row.name) for row in vault.lent_rows()}
    testing = vault_health.being_tested([row for row in stored if vault_health.testable(row)])
    kinds = [KINDS[category]] if category else list(KINDS.values())
    return [_card(kind, [row for row in stored if row.category == kind.category], lent, testing) for kind in kinds]


def _card(kind: Kind, rows: list[Credential], lent: set[tuple[str, str]], testing: set[str]) -> Card:
    by_channel: dict[str, dict[str, Credential]] = {"": {}}
    for row in rows:
        name, _at, channel = row.name.partition("@")
        by_channel.setdefault(channel, {})[name] = row
    card = Card(kind, others=[row for row in rows if kind.field_of(row.name.partition("@")[0]) is None])
    for channel, named in by_channel.items():
        for group in kind.groups:
            own = {name: named[name] for name in group.names if name in named}
            if channel and not own:
                continue
            card.sets.append(_set(kind, group, channel, own, lent, testing))
    return card


def _set(
    kind: Kind, group: Group, channel: str, own: dict[str, Credential], lent: set[tuple[str, str]], testing: set[str]
) -> Set:
    borrowed = set() if own or channel else {name for name in group.names if (kind.category, name) in lent}
    shown = [each for each in group.fields if not channel or each.name in own]
    slots = [Slot(each, own.get(each.name), each.name in borrowed) for each in shown]
    made = Set(group.title, channel, slots)
    if not channel and not borrowed:
        made.missing = group.missing(own)
    if own:
        first = next(iter(own.values()))
        made.testable = group.ask is not None
        made.testing = vault_health.set_key(first) in testing
    return made
