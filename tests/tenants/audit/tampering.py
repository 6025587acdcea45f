"""Hands of whoever owns the tables: every way of changing a trail afterwards, each inside a transaction that is undone."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

from tenants.services import chain, verifying

OWNER = "owner"
# Rows from the given position on, and the chain's end, as if they had been written like this.
REWRITE = f"""
do $$
declare event record; before bytea; covered bytea;
begin
  select coalesce((select hash from tenants_systemevent where tenant_id = {{company}} and position < {{first}}
    order by position desc limit 1), ''::bytea) into before;
  for event in select * from tenants_systemevent where tenant_id = {{company}} and position >= {{first}} order by position loop
    covered := case when event.redacted_at is null
      then {
    chain.DIGEST.format(salt="event.salt", actor_label="event.actor_label", diff="event.diff")
} else event.digest end;
    before := {
    chain.linked(
        "before",
        digest="covered",
        chain="event.tenant_id",
        **{
            name: f"event.{name}"
            for name in (
                "position",
                "at",
                "actor_kind",
                "actor_id",
                "action",
                "resource_type",
                "resource_id",
                "outcome",
                "ip",
                "agent",
            )
        },
    )
};
    update tenants_systemevent set digest = covered, hash = before where id = event.id;
  end loop;
  update tenants_audithead set hash = before,
    position = (select max(position) from tenants_systemevent where tenant_id = {{company}}) where chain = {{company}};
end $$
"""
COLUMNS = {
    "tenant_id": "tenant_id + 1",
    "at": "at + interval '1 microsecond'",
    "actor_kind": "'system'",
    "actor_id": "actor_id || 'x'",
    "actor_label": "'Somebody else'",
    "action": "action || '.not'",
    "resource_type": "resource_type || 's'",
    "resource_id": "resource_id || '0'",
    "outcome": "case outcome when 'ok' then 'refused' else 'ok' end",
    "diff": "diff || '{\"x\": 1}'",
    "ip": "case when ip is null then '10.0.0.9'::inet else null end",
    "agent": "agent || '.'",
    "position": "position + 100000",
    "salt": "sha256(coalesce(salt, ''::bytea))",
    "digest": "sha256(digest)",
    "hash": "sha256(hash)",
    "redacted_at": "case when redacted_at is null then now() else null end",
}


@dataclass
class Hand:
    """`length`: how many rows the company's trail has; `emptied`: positions that were rightly emptied."""

    company: int
    length: int
    emptied: frozenset[int]
    chance: random.Random

    def do(self, statement: str, *values: int) -> None:
        with connections[OWNER].cursor() as cursor:
            cursor.execute(statement, list(values))

    def any_row(self, *, whole: bool = False) -> int:
        """A position; with `whole` of a row whose words are all there."""
        return self.chance.choice([n for n in range(1, self.length + 1) if not whole or n not in self.emptied])

    def at(self, position: int, what: str) -> None:
        self.do(f"update tenants_systemevent set {what} where tenant_id = %s and position = %s", self.company, position)

    def rewrite(self, first: int) -> None:
        self.do(REWRITE.format(company=self.company, first=first))

    def copy(self, position: int, to: int) -> None:
        """A row more, made of one that is there."""
        self.do(
            "insert into tenants_systemevent (tenant_id, at, actor_kind, actor_id, actor_label, action, resource_type,"
            " resource_id, outcome, diff, ip, agent, position, salt, digest, hash, redacted_at) select tenant_id, at,"
            " actor_kind, actor_id, actor_label, action, resource_type, resource_id, outcome, diff, ip, agent, %s, salt,"
            " digest, hash, redacted_at from tenants_systemevent where tenant_id = %s and position = %s",
            to,
            self.company,
            position,
        )

    def shift(self, first: int, by: int) -> None:
        """Positions from `first` on; by way of negative ones, since no two rows may share one."""
        self.do(
            "update tenants_systemevent set position = -position where tenant_id = %s and position >= %s",
            self.company,
            first,
        )
        self.do(
            "update tenants_systemevent set position = -position + %s where tenant_id = %s and position < 0",
            by,
            self.company,
        )


def edit(hand: Hand) -> None:
    column = hand.chance.choice(list(COLUMNS))
    hand.at(hand.any_row(), f"{column} = {COLUMNS[column]}")


def edit_and_mend(hand: Hand) -> None:
    """The row's own digest and hash are made to fit again; the next row's, or the chain's end, are not."""
    position = hand.any_row(whole=True)
    hand.at(position, f"actor_label = 'Somebody else', resource_id = '{hand.chance.random()}'")
    hand.do(
        "create temporary table kept on commit drop as select * from tenants_audithead where chain = %s", hand.company
    )
    hand.do(
        "create temporary table after on commit drop as select id, hash, digest from tenants_systemevent"
        " where tenant_id = %s and position > %s",
        hand.company,
        position,
    )
    hand.rewrite(position)
    hand.do(
        "update tenants_systemevent e set hash = after.hash, digest = after.digest from after where after.id = e.id"
    )
    hand.do("update tenants_audithead e set hash = kept.hash from kept where kept.chain = e.chain")
    hand.do("drop table kept, after")


def delete(hand: Hand) -> None:
    hand.do("delete from tenants_systemevent where tenant_id = %s and position = %s", hand.company, hand.any_row())


def delete_and_close_the_gap(hand: Hand) -> None:
    position = hand.any_row()
    hand.do("delete from tenants_systemevent where tenant_id = %s and position = %s", hand.company, position)
    hand.shift(position + 1, -1)


def swap(hand: Hand) -> None:
    one, other = hand.chance.sample(range(1, hand.length + 1), 2)
    hand.at(one, "position = -1")
    hand.at(other, f"position = {one}")
    hand.at(-1, f"position = {other}")


def insert(hand: Hand) -> None:
    """In between or at the end, with the hash of another row, or one that links to the row before."""
    position = hand.chance.randint(2, hand.length + 1)
    hand.shift(position, 1)
    hand.copy(hand.any_row(whole=True), position)
    if hand.chance.random() < 0.5:
        before = (
            "(select hash from tenants_systemevent p where p.tenant_id = e.tenant_id and p.position = e.position - 1)"
        )
        names = {
            name: f"e.{name}"
            for name in (
                "position",
                "at",
                "actor_kind",
                "actor_id",
                "action",
                "resource_type",
                "resource_id",
                "outcome",
                "ip",
                "agent",
                "digest",
            )
        }
        hashed = chain.linked(before, chain="e.tenant_id", **names)
        hand.do(
            f"update tenants_systemevent e set hash = {hashed} where tenant_id = %s and position = %s",
            hand.company,
            position,
        )


def truncate(hand: Hand) -> None:
    last = hand.chance.randint(1, hand.length - 1)
    hand.do("delete from tenants_systemevent where tenant_id = %s and position > %s", hand.company, last)


def edit_the_end(hand: Hand) -> None:
    what = hand.chance.choice(["position = position + 1", "position = position - 1", "hash = sha256(hash)"])
    hand.do(f"update tenants_audithead set {what} where chain = %s", hand.company)


def remove_the_end(hand: Hand) -> None:
    hand.do("delete from tenants_audithead where chain = %s", hand.company)


def empty(hand: Hand) -> None:
    """As if a person had been erased, of whom no event tells."""
    hand.at(hand.any_row(whole=True), "redacted_at = now(), salt = null, actor_label = '', diff = '{}'")


def refill(hand: Hand) -> None:
    """Words put into a row that was emptied."""
    hand.at(hand.chance.choice(sorted(hand.emptied)), 'diff = \'{"made": "up"}\'')


def truncate_with_its_end(hand: Hand) -> None:
    truncate(hand)
    mend_the_end(hand)


def mend_the_end(hand: Hand) -> None:
    hand.do(
        "update tenants_audithead h set (position, hash) = (select e.position, e.hash from tenants_systemevent e"
        " where e.tenant_id = h.chain order by e.position desc limit 1) where chain = %s",
        hand.company,
    )


def rewrite_all(hand: Hand) -> None:
    """Something is changed, taken out or put in, and every hash from there on computed anew, the end's too."""
    way = hand.chance.choice(["edit", "delete", "insert"])
    position = hand.any_row(whole=True)
    if way == "edit":
        hand.at(position, f"diff = '{{\"made\": {hand.chance.random()}}}'")
    elif way == "delete":
        hand.do("delete from tenants_systemevent where tenant_id = %s and position = %s", hand.company, position)
        hand.shift(position + 1, -1)
    else:
        hand.shift(position, 1)
        hand.copy(position + 1, position)
    hand.rewrite(position)


def remove_everything(hand: Hand) -> None:
    hand.do("delete from tenants_systemevent where tenant_id = %s", hand.company)
    remove_the_end(hand)


SEEN_BY_THE_CHAIN: list[Callable[[Hand], None]] = [
    edit,
    edit_and_mend,
    delete,
    delete_and_close_the_gap,
    swap,
    insert,
    truncate,
    edit_the_end,
    remove_the_end,
    empty,
    refill,
]
SEEN_BY_ANCHORS: list[Callable[[Hand], None]] = [truncate_with_its_end, rewrite_all, remove_everything]


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back; row security of the owner is put aside meanwhile."""
    with transaction.atomic(using=OWNER):
        with connections[OWNER].cursor() as cursor:
            cursor.execute("alter table tenants_systemevent no force row level security")
            cursor.execute("alter table tenants_audithead no force row level security")
        yield
        transaction.set_rollback(True, using=OWNER)


def found(company: int, anchors: Any = ()) -> list[verifying.Problem]:
    """What verifying says inside `undone`."""
    return verifying.verify(only=[company], anchors=anchors, using=OWNER).problems
