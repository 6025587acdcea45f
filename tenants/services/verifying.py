"""Checking the audit trail: PostgreSQL computes every digest and hash anew, one pass over each company's rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from tenants.services import chain
from tenants.services.anchor import Anchored

MOST_TOLD = 20  # of one chain; the first one says where it begins
PLATFORM = 0
ERASED = "person.erased"  # its diff has {"redacted": [positions]}

_OF_A_ROW = {
    "chain": "coalesce(tenant_id, 0)",
    "position": "position",
    "at": "at",
    "actor_kind": "actor_kind",
    "actor_id": "actor_id",
    "action": "action",
    "resource_type": "resource_type",
    "resource_id": "resource_id",
    "outcome": "outcome",
    "ip": "ip",
    "agent": "agent",
    "digest": "digest",
}
_COVERED = chain.DIGEST.format(salt="salt", actor_label="actor_label", diff="diff")
_LINKED = chain.linked("coalesce(lag(hash) over w, ''::bytea)", **_OF_A_ROW)
# `id` is only what lists page by and no fact, so no hash covers it; it grows with the position all the same.
CHECK = f"""
with mine as (select * from tenants_systemevent where {{whose}}),
erased as materialized (
  select position, diff -> 'redacted' as which from mine
  where action = '{ERASED}' and outcome = 'ok' and redacted_at is null and jsonb_typeof(diff -> 'redacted') = 'array'
),
judged as (
  select position, redacted_at,
    position is distinct from row_number() over w as displaced,
    id <= lag(id) over w or masklen(ip) <> case family(ip) when 4 then 32 else 128 end as odd,
    hash is distinct from {_LINKED} as unlinked,
    redacted_at is null and digest is distinct from {_COVERED} as edited,
    redacted_at is not null and (salt is not null or actor_label <> '' or diff <> '{{{{}}}}'::jsonb) as half_erased
  from mine window w as (order by position)
)
select position, displaced, odd, unlinked, edited, half_erased,
  redacted_at is not null and not exists (
    select from erased where erased.position > judged.position and erased.which @> to_jsonb(judged.position)
  ) as unaccounted
from judged
where displaced or odd or unlinked or edited or half_erased or redacted_at is not null
order by position
"""  # noqa: S608 (our own words; the company is a parameter)
END = """
select count(*), max(position), (array_agg(hash order by position desc))[1],
  (select position from tenants_audithead where chain = %(chain)s),
  (select hash from tenants_audithead where chain = %(chain)s)
from tenants_systemevent where {whose}
"""
ANCHORED = """
select given.position from unnest(%(positions)s::bigint[], %(hashes)s::bytea[]) as given (position, hash)
left join tenants_systemevent on {whose} and tenants_systemevent.position = given.position
where tenants_systemevent.hash is distinct from given.hash order by given.position
"""
CHAINS = """
select chain from tenants_audithead union select coalesce(tenant_id, 0) from tenants_systemevent order by 1
"""
WORDS = {
    "displaced": "is not where the count puts it: a row is missing, was added or changed places before it",
    "odd": "has an id or an address of an impossible form",
    "unlinked": "does not follow from the row before it: it was changed, added or moved",
    "edited": "has other words than when it was written (who did it, or what changed)",
    "half_erased": "is marked as erased but still holds words",
    "unaccounted": "was emptied, and no event of erasing a person accounts for it",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong at a position of a chain; 0 when it is about the chain as a whole."""

    chain: int
    position: int
    what: str


@dataclass
class Verdict:
    """How many rows of how many chains were read, and what is wrong with them."""

    chains: int
    rows: int
    problems: list[Problem]


def verify(
    *, only: Iterable[int] | None = None, anchors: Iterable[Anchored] = (), using: str = DEFAULT_DB_ALIAS
) -> Verdict:
    """Check the chains named in `only` (all of them without), also against what was anchored of them.

    Call in the platform's scope, or on the owner's connection; rows may be added meanwhile.
    """
    ask = _Asking(using)
    kept: dict[int, list[Anchored]] = {}
    for each in anchors:
        kept.setdefault(each.chain, []).append(each)
    wanted = sorted(set(only)) if only is not None else sorted({*ask.chains(), *kept})
    verdict = Verdict(len(wanted), 0, [])
    for number in wanted:
        rows, problems = ask.about(number, kept.get(number, []))
        verdict.rows += rows
        verdict.problems += problems
    return verdict


@dataclass(frozen=True)
class _Asking:
    """The questions, on one connection."""

    using: str

    def chains(self) -> list[int]:
        return [row[0] for row in self._ask(CHAINS, PLATFORM, {})]

    def about(self, number: int, anchored: list[Anchored]) -> tuple[int, list[Problem]]:
        """How many rows the chain has, and what is wrong with it."""
        found = [Problem(number, position, what) for position, what in self._rows(number)]
        rows, wrong_end = self._end(number)
        found += [Problem(number, position, what) for position, what in wrong_end]
        found += [
            Problem(number, position, "is not what was anchored: the end was cut off or the trail written anew")
            for position in self._lost(number, anchored)
        ]
        if len(found) > MOST_TOLD:
            more = len(found) - MOST_TOLD
            found = [*found[:MOST_TOLD], Problem(number, 0, f"and {more} more problems")]
        return rows, found

    def _rows(self, number: int) -> Iterator[tuple[int, str]]:
        for position, *flags in self._ask(CHECK, number, {}):
            for name, flag in zip(WORDS, flags, strict=True):
                if flag:
                    yield position, WORDS[name]

    def _end(self, number: int) -> tuple[int, list[tuple[int, str]]]:
        ((rows, last, last_hash, head, head_hash),) = self._ask(END, number, {"chain": number})
        if not rows:
            return 0, [(head, "is the end of the chain, which has no rows")] if head else []
        if head is None:
            return rows, [(last, "is the last row, and the chain's end is not known any more")]
        if (head, bytes(head_hash)) != (last, bytes(last_hash)):
            return rows, [(last, f"is the last row, but the chain's end is {head}: rows are missing or were changed")]
        return rows, []

    def _lost(self, number: int, anchored: list[Anchored]) -> list[int]:
        if not anchored:
            return []
        given = {"positions": [each.position for each in anchored], "hashes": [each.hash for each in anchored]}
        return [row[0] for row in self._ask(ANCHORED, number, given)]

    def _ask(self, statement: str, number: int, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        """`{whose}` keeps the index of (company, position) usable; the platform's own rows have no company."""
        whose = "tenant_id is null" if number == PLATFORM else "tenant_id = %(company)s"
        with connections[self.using].cursor() as cursor:
            cursor.execute(statement.format(whose=f"tenants_systemevent.{whose}"), {**given, "company": number})
            return cursor.fetchall()
