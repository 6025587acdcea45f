"""The chain of the audit trail, in SQL: PostgreSQL makes the very words that are hashed, when writing and when checking.

`digest` covers what may name a person, with a salt; `hash` covers the rest, the digest and the hash before.
"""

PERSONAL = "jsonb_build_array(encode({salt}, 'hex'), {actor_label}, {diff})"
DIGEST = f"sha256(convert_to({PERSONAL}::text, 'UTF8'))"
FACTS = (
    "jsonb_build_array({chain}, {position}, (extract(epoch from {at}) * 1000000)::bigint, {actor_kind}, {actor_id},"
    " {action}, {resource_type}, {resource_id}, {outcome}, coalesce(host({ip}), ''), {agent}, encode({digest}, 'hex'))"
)


def linked(previous: str, **names: str) -> str:
    """SQL of a row's hash: `previous` and `names` are SQL for the hash before and for each fact of `FACTS`."""
    return f"sha256({previous} || convert_to({FACTS.format(**names)}::text, 'UTF8'))"


_GIVEN = {
    "chain": "%(chain)s::bigint",
    "at": "%(at)s::timestamptz",
    "actor_kind": "%(actor_kind)s::text",
    "actor_id": "%(actor_id)s::text",
    "action": "%(action)s::text",
    "resource_type": "%(resource_type)s::text",
    "resource_id": "%(resource_id)s::text",
    "outcome": "%(outcome)s::text",
    "ip": "%(ip)s::inet",
    "agent": "%(agent)s::text",
    "digest": DIGEST.format(salt="%(salt)s::bytea", actor_label="%(actor_label)s::text", diff="%(diff)s::jsonb"),
}
# One statement: take the end of the chain, link to it, add the row. The first row of a chain links to nothing.
APPEND = f"""
with head as (
  insert into tenants_audithead (chain, position, hash)
  values (%(chain)s, 1, {linked("''::bytea", position="1::bigint", **_GIVEN)})
  on conflict (chain) do update set
    position = tenants_audithead.position + 1,
    hash = {linked("tenants_audithead.hash", position="(tenants_audithead.position + 1)", **_GIVEN)}
  returning position, hash
)
insert into tenants_systemevent (tenant_id, at, actor_kind, actor_id, actor_label, action, resource_type, resource_id,
  outcome, diff, ip, agent, position, salt, digest, hash)
select %(tenant_id)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(action)s, %(resource_type)s, %(resource_id)s,
  %(outcome)s, %(diff)s::jsonb, %(ip)s, %(agent)s, head.position, %(salt)s, {_GIVEN["digest"]}, head.hash
from head
"""  # noqa: S608 (our own words; every value is a parameter)
