"""Where the words of one person lie, and who they are while they are looked for. The shapes that every app declares in.

A person here is a contact of a company: somebody who wrote to it. The people who work with the product are none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

# What erasing does with a declared column.
DELETED = "deleted"  # the row goes
BLANKED = "blanked"  # the row stays as a number without a name, the words go
COPY = ""  # `noun` of what the export shows elsewhere, word for word


class Busy(Exception):
    """Something about the person is being written at this moment; the step is tried again in some seconds."""


@dataclass(frozen=True)
class Columns:
    """One table. Every column that can hold words stands here: as the person's, or under the reason why it is not.

    `personal`: names of columns, separated by spaces. `fate`: DELETED or BLANKED. `noun`: the file of the export that
    shows them, or COPY with the place of the original in `note`. `plain`: reason → names of columns.
    """

    personal: str = ""
    fate: str = ""
    noun: str = COPY
    note: str = ""
    plain: Mapping[str, str] = field(default_factory=dict)

    @property
    def owned(self) -> frozenset[str]:
        return frozenset(self.personal.split())

    @property
    def declared(self) -> frozenset[str]:
        return self.owned.union(*(names.split() for names in self.plain.values()))


Declaration = Mapping[str, Columns]


@dataclass
class Subject:
    """Everything by which the person can be found. Lives on the request while it is worked off, and ends with it."""

    contact_id: str
    leads: list[str] = field(default_factory=list)
    conversations: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)  # ids of other rows that the audit trail may name
    addresses: list[list[str]] = field(default_factory=list)  # [channel id, kind, id at the provider]
    phones: list[str] = field(default_factory=list)  # digits only, every spelling
    emails: list[str] = field(default_factory=list)

    def add(self, name: str, found: Iterable[Any]) -> None:
        """Add what is not known yet."""
        known = getattr(self, name)
        for each in found:
            if each and each not in known:
                known.append(each)

    @property
    def ids(self) -> list[str]:
        """Keys of rows, as the audit trail and answers of the API write them."""
        return [self.contact_id, *self.leads, *self.conversations, *self.rows]

    @property
    def externals(self) -> frozenset[str]:
        """How providers call the person: ids and phone numbers, without a plus."""
        return frozenset({external for _channel, _kind, external in self.addresses} | set(self.phones))

    @property
    def needles(self) -> list[str]:
        """Words that stand for nobody else, for looking through texts of no known shape."""
        found = {*self.phones, *self.emails, *(external for _c, kind, external in self.addresses if len(external) > 7)}
        return sorted(each for each in found if len(each) > 6)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Subject":
        return cls(**{each.name: stored[each.name] for each in fields(cls) if each.name in stored})


def words_of(row: Any, columns: Columns, *facts: str) -> dict[str, Any]:
    """One row as the export shows it: `facts` (moments, states) first, then every column that is the person's."""
    names = [*facts, *(each for each in columns.personal.split() if each not in facts)]
    return {name: getattr(row, name) for name in names}
