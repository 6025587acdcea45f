"""A company of a million leads, made by the database itself, for the benchmarks of lists and of the day.

60 % of the leads are closed, half of the open ones have no next step and all of these moved within 20 days, sellers' shares
are skewed (Sol has 30 %, one lead in twenty has nobody), one contact a lead with accented names, a task for each planned step,
and chats of which some wait.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.harness import services

if TYPE_CHECKING:
    from tests.support.cast import Cast

logger = logging.getLogger(__name__)
LEADS = 1_000_000
CHATS = 50_000
YEARS = 3
SELLERS = 12
TABLES = ("crm_contact", "crm_lead", "crm_task", "messaging_conversation")
# A shop's trade and its name, as written and as searched for.
TRADES = (("Ferretería", "ferreteria"), ("Panadería", "panaderia"), ("Óptica", "optica"), ("Taller", "taller"),
          ("Clínica", "clinica"), ("Jardín", "jardin"), ("Almacén", "almacen"))  # fmt: skip
NAMES = (("Ñandú", "nandu"), ("Güemes", "guemes"), ("Perú", "peru"), ("del Río", "del rio"), ("La Unión", "la union"),
         ("Córdoba", "cordoba"), ("El Sol", "el sol"), ("San Martín", "san martin"), ("Iguazú", "iguazu"),
         ("Tucumán", "tucuman"), ("Neuquén", "neuquen"))  # fmt: skip
CITIES = ("Rosario", "Córdoba", "Mendoza", "Salta", "Neuquén", "La Plata", "Tandil", "Azul")
SOURCES = ("instagram", "feria", "referido", "web", "whatsapp", "anuncio")

CONTACTS = """
    insert into crm_contact (id, name, city, phone, email, social_links, custom, tags, notes, blocked_reason, search_text,
        created_at, updated_at)
    select uuidv7(), trade.name || ' ' || named.name || ' ' || n, (%(cities)s::text[])[1 + n %% 8],
        '+549341' || lpad(n::text, 7, '0'), 'c' || n || '@example.test', '{}', '{}', '{}', '', '',
        trade.plain || ' ' || named.plain || ' ' || n || ' +549341' || lpad(n::text, 7, '0') || ' '
            || right('549341' || lpad(n::text, 7, '0'), 8) || ' c' || n || '@example.test',
        born, born
    from generate_series(1, %(leads)s) n
    cross join lateral (select now() - (n::double precision / %(leads)s) * %(years)s * interval '365 days' as born) b
    join unnest(%(trades)s::text[], %(trades_plain)s::text[]) with ordinality trade (name, plain, i) on trade.i = 1 + n %% 7
    join unnest(%(names)s::text[], %(names_plain)s::text[]) with ordinality named (name, plain, i)
        on named.i = 1 + (n / 7) %% 11
"""
# `luck` and `fate` are independent numbers of 0 to 1 for each contact.
LEADS_OF = """
    insert into crm_lead (id, contact_id, stage_id, owner_id, score, score_reasons, score_adjustment,
        score_adjustment_reason, interest, budget, timeline, needs, source, last_source, value, currency, social_links,
        tags, custom, lost_reason, closed_at, stage_since, assigned_at, first_response_at, last_activity_at,
        next_step_at, no_step_reason, created_at, updated_at)
    select uuidv7(), c.id, s.id, o.id, (luck * 100)::int, '[]', 0, '',
        case when luck > 0.9 then 'high' when luck > 0.6 then 'medium' when luck > 0.3 then 'low' else '' end,
        '', '', '', (%(sources)s::text[])[1 + (fate * 1e6)::int %% 6], '', round((luck * 900000)::numeric, 2), 'ARS', '{}',
        case when fate > 0.9 then array['feria'] else '{}' end, '{}',
        case when s.kind = 'lost' then 'Precio' else '' end,
        case when s.kind <> 'open' then c.created_at + fate * (now() - c.created_at) end,
        c.created_at, c.created_at, case when luck < 0.95 then c.created_at + fate * interval '2 days' end,
        case when s.kind = 'open' then greatest(c.created_at, now() - fate * fate * interval '20 days')
            else c.created_at + fate * (now() - c.created_at) end,
        case when s.kind = 'open' and luck < 0.5 then now() + (fate * 30 - 5) * interval '1 day' end, '',
        c.created_at, c.created_at
    from (select id, created_at, random() as luck, random() as fate, random() as share, random() as place
          from crm_contact) c
    join crm_stage s on s.code = case when place < 0.2 then 'ganado' when place < 0.6 then 'perdido'
        when place < 0.75 then 'nuevo' when place < 0.85 then 'contactado' when place < 0.92 then 'calificado'
        when place < 0.97 then 'reunion' else 'negociacion' end
    left join unnest(%(owners)s::uuid[]) with ordinality o (id, i) on o.i = case when share < 0.3 then 1
        when share < 0.45 then 2 when share < 0.5 then 0 else 3 + floor((share - 0.5) * 2 * (%(sellers)s - 2)) end
"""
TASKS = """
    insert into crm_task (id, title, kind, detail, due_at, done_by, outcome, actor_kind, actor_id, actor_label,
        created_at, updated_at, assignee_id, contact_id, lead_id)
    select uuidv7(), 'Llamar', 'call', '', l.next_step_at, '', '', 'system', '', '', l.created_at, l.created_at,
        o.user_id, l.contact_id, l.id
    from crm_lead l left join crm_seller o on o.id = l.owner_id where l.next_step_at is not null
"""
CHATS_OF = """
    insert into messaging_conversation (id, contact_id, channel_id, channel_source, provider, address_kind, address,
        external_chatwoot_id, external_account_id, status, mode, mode_reason, assignee_id, last_message_preview,
        last_message_author, last_message_at, waiting_since, unread_count, sequence, reply_sequence, turn_upto,
        turn_failures, created_at)
    select uuidv7(), c.id, h.id, h.channel_source, h.provider, '', '', '', '', 'open',
        case when n %% 10 < 6 then 'ai' else 'human' end, '', o.user_id, 'Hola', 'contact',
        now() - n * interval '1 minute', case when n %% 20 = 7 then now() - n * interval '1 minute' end, 0, 1, 0, 0, 0, now()
    from (select id, row_number() over (order by created_at desc) as n from crm_contact
          order by created_at desc limit %(chats)s) c
    cross join (select * from messaging_channel limit 1) h
    join crm_lead l on l.contact_id = c.id left join crm_seller o on o.id = l.owner_id
"""


@dataclass(frozen=True)
class World:
    """`cast` with the million in acme; sol is a closer with 30 % of the leads, ana the CEO with 15 %."""

    cast: "Cast"
    leads: int


@contextmanager
def world(leads: int = LEADS) -> Iterator[World]:
    """Services of its own (bench.harness.services), the company, and its rows."""
    with services():
        yield fill(leads)


def fill(leads: int = LEADS) -> World:
    """Commit acme with so many leads. The services run and Django is set up."""
    from tenants.context import tenant_context
    from tests.factories.crm import make_seller
    from tests.factories.messaging import make_channel
    from tests.support.cast import make_cast

    cast = make_cast(suffix="-million")
    with tenant_context(cast.acme):
        known = [make_seller(name=name.title(), user=cast[name].user) for name in ("sol", "ana", "teo")]
        more = [make_seller(name=f"Vendedor {n}") for n in range(SELLERS - len(known))]
        make_channel()
    values = {
        "leads": leads,
        "chats": min(CHATS, leads),
        "years": YEARS,
        "sellers": SELLERS,
        "owners": [seller.pk for seller in (*known, *more)],
        "cities": list(CITIES),
        "sources": list(SOURCES),
        "trades": [name for name, _plain in TRADES],
        "trades_plain": [plain for _name, plain in TRADES],
        "names": [name for name, _plain in NAMES],
        "names_plain": [plain for _name, plain in NAMES],
    }
    _insert(cast.acme.schema_name, values)
    return World(cast, leads)


def _insert(schema: str, values: dict[str, Any]) -> None:
    """With the indexes taken away meanwhile: built at once they take a third of the time."""
    from tenants.services.provisioning import owner_connection

    owner = owner_connection()
    with owner.cursor() as cursor:
        cursor.execute(f'set search_path to "{schema}", public')
        cursor.execute("set maintenance_work_mem to '512MB'; select setseed(0.5)")
        cursor.execute(
            "select indexname, indexdef from pg_indexes where schemaname = %s and tablename = any(%s)"
            " and indexdef not like 'CREATE UNIQUE%%'",
            [schema, list(TABLES)],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f'drop index "{schema}"."{name}"')
        for statement in (CONTACTS, LEADS_OF, TASKS, CHATS_OF):
            _timed(cursor, statement, values)
        for _name, definition in indexes:
            _timed(cursor, definition)
        for table in TABLES:
            cursor.execute(f"vacuum analyze {table}")
        cursor.execute("set search_path to public")


def _timed(cursor: Any, statement: str, values: dict[str, Any] | None = None) -> None:
    began = time.perf_counter()
    cursor.execute(statement, values)
    logger.info("%.1f s %s", time.perf_counter() - began, " ".join(statement.split())[:80])
