"""The verdict of a fault run: what the rows, the spool and the provider's journal say about what was promised."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench.fault_storm import Ledger, Number, StormGraph

# Per company, in its schema. `waiting` must become 0 for the run to be over.
WAITING = {
    "events": "select count(*) from public.ingest_inboundevent where tenant_id = %(tenant)s and state = 'received'",
    "turns": "select count(*) from messaging_conversation where reply_due_at is not null",
    "bubbles": "select count(*) from messaging_message where status in ('queued', 'sending')",
    "files": "select count(*) from messaging_attachment where state = 'pending'",
}
COUNTS = {
    "messages stored": "select count(*) from messaging_message where direction = 'in'",
    "duplicate message rows": "select count(*) - count(distinct text) from messaging_message where direction = 'in'",
    "contacts": "select count(*) from crm_contact",
    "duplicate contacts": "select count(*) - count(distinct right(phone, 8)) from crm_contact",
    "conversations": "select count(*) from messaging_conversation",
    "contacts with two conversations": "select count(*) from (select contact_id from messaging_conversation"
    " group by contact_id, channel_id having count(*) > 1) as doubled",
    "contacts with two leads": "select count(*) from (select contact_id from crm_lead group by contact_id"
    " having count(*) > 1) as doubled",
    "contacts without a lead": "select count(*) from crm_contact c where not exists"
    " (select from crm_lead l where l.contact_id = c.id)",
    "agent turns answered": "select count(*) from agents_agentrun where status = 'done'",
    "duplicate agent turns": "select count(*) from (select conversation_id, upto_sequence from agents_agentrun"
    " where status = 'done' group by 1, 2 having count(*) > 1) as doubled",
    "runs never ended": "select count(*) from agents_agentrun where status = 'running'",
    "chats without an answer": "select count(*) from messaging_conversation c where mode = 'ai' and c.reply_sequence >"
    " coalesce((select max(upto_sequence) from agents_agentrun r where r.conversation_id = c.id and r.status = 'done'), 0)",
    "chats given to people": "select count(*) from messaging_conversation where mode <> 'ai'",
    "bubbles": "select count(*) from messaging_message where direction = 'out' and kind = 'text'",
    "bubbles confirmed": "select count(*) from messaging_message where direction = 'out' and status in ('sent', 'delivered', 'read')",
    "bubbles unknown": "select count(*) from messaging_message where status = 'unknown'",
    "bubbles stuck": "select count(*) from messaging_message where status in ('queued', 'sending')",
    "bubbles failed": "select count(*) from messaging_message where status = 'failed'",
    "events failed": "select count(*) from public.ingest_inboundevent where tenant_id = %(tenant)s and state = 'failed'",
    "notices nobody understood": "select count(*) from messaging_providernotice",
    "status notices not joined": "select count(*) from messaging_pendingstatus",
    "gaps in the numbering": "select coalesce(sum(last - many), 0) from (select max(sequence) as last, count(*) as many"
    " from messaging_message group by conversation_id) as numbered",
}
# What must be 0.
FORBIDDEN = (
    "acknowledged but missing",
    "webhooks abandoned",
    "duplicate message rows",
    "duplicate contacts",
    "contacts with two conversations",
    "contacts with two leads",
    "contacts without a lead",
    "duplicate agent turns",
    "runs never ended",
    "chats without an answer",
    "bubbles stuck",
    "bubbles failed",
    "bubbles sent twice",
    "bubbles sent out of order",
    "sends nobody knows",
    "events failed",
    "events left in the spool",
    "notices nobody understood",
    "status notices not joined",
    "gaps in the numbering",
)


@dataclass
class Judge:
    """Reads as a superuser; `address` names the database `crm`."""

    address: str
    numbers: list[Number]
    spool: Path

    def _each(self, statements: dict[str, str]) -> dict[str, int]:
        found = dict.fromkeys(statements, 0)
        with psycopg.connect(self.address, autocommit=True, connect_timeout=5) as connection:
            for number in self.numbers:
                self._enter(connection, number)
                for name, statement in statements.items():
                    row = connection.execute(statement, {"tenant": number.tenant_id}).fetchone()
                    found[name] += int(row[0]) if row else 0
        return found

    @staticmethod
    def _enter(connection: psycopg.Connection[Any], number: Number) -> None:
        row = connection.execute("select schema_name from tenants_tenant where id = %s", [number.tenant_id]).fetchone()
        assert row is not None
        connection.execute(sql.SQL("set search_path to {}, public").format(sql.Identifier(row[0])))

    def waiting(self) -> dict[str, int]:
        """What still has to happen; raises psycopg.OperationalError while the database is away."""
        return {**self._each(WAITING), "spooled": self.spooled()}

    def spooled(self) -> int:
        """Bytes of events in files that no process has drained, or could not."""
        return sum(path.stat().st_size for path in self.spool.glob("*") if path.is_file()) if self.spool.exists() else 0

    def age_sends(self) -> None:
        """Settle what dead senders left now instead of in a minute and a half: no provider call lasts this long here."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            for number in self.numbers:
                self._enter(connection, number)
                connection.execute(
                    "update messaging_message set sending_since = now() - interval '1 hour' where status = 'sending'"
                    " and sending_since < now() - interval '25 seconds'"
                )

    def verdict(self, ledger: Ledger, graph: StormGraph) -> dict[str, int]:
        """Every figure by name; those of FORBIDDEN must be 0."""
        figures = {
            "messages acknowledged": ledger.total,
            "acknowledged but missing": self._missing(ledger),
            "webhooks posted": ledger.posts,
            "webhooks sent again on purpose": ledger.duplicates,
            "answers other than 200": ledger.refusals,
            "no answer": ledger.unanswered,
            "webhooks abandoned": ledger.abandoned,
            "events left in the spool": self.spooled(),
        }
        figures |= self._each(COUNTS)
        figures |= self._sends(graph)
        return figures

    def _missing(self, ledger: Ledger) -> int:
        missing = 0
        with psycopg.connect(self.address, autocommit=True) as connection:
            for number in self.numbers:
                self._enter(connection, number)
                rows = connection.execute("select provider_message_id from messaging_message where direction = 'in'")
                missing += len(ledger.acknowledged.get(number.company, set()) - {row[0] for row in rows})
        return missing

    def _sends(self, graph: StormGraph) -> dict[str, int]:
        """The provider's journal against the rows: doubled, unknown to us, or overtaken by a later bubble."""
        known: dict[str, int] = {}
        with psycopg.connect(self.address, autocommit=True) as connection:
            for number in self.numbers:
                self._enter(connection, number)
                rows = connection.execute("select id::text, sequence from messaging_message where direction = 'out'")
                known |= dict(rows.fetchall())
        sends = graph.journal()["sends"]
        references = [entry["client_ref"] for entry in sends]
        last: dict[tuple[str, str], int] = {}
        inversions = 0
        for entry in sends:
            pair, at = (entry["phone_number_id"], entry["to"]), known.get(entry["client_ref"], 0)
            inversions += at < last.get(pair, 0)
            last[pair] = max(at, last.get(pair, 0))
        return {
            "sends in the journal": len(sends),
            "bubbles sent twice": len(references) - len(set(references)),
            "sends nobody knows": len(set(references) - known.keys()),
            "bubbles sent out of order": inversions,
        }
