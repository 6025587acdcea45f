"""SQL for migrations of shared tables: FORCE row security, read from the role's name.

The policy looks at the role because the role is what was entered; settings do not travel to other nodes of a cluster.
"""

TENANT = "nullif(substring(current_user::text from '^tenant_([0-9]+)$'), '')::bigint"


def own_rows(
    table: str, *, column: str = "tenant_id", verbs: str = "select, insert, update, delete", platform: bool = True
) -> str:
    """Members of a company reach its own rows; the platform reaches all, unless they are none of its business."""
    return f"""
alter table {table} enable row level security;
alter table {table} force row level security;
drop policy if exists own_rows on {table};
create policy own_rows on {table} to crm_member using ({column} = {TENANT}) with check ({column} = {TENANT});
grant {verbs} on {table} to crm_member;
{everything(table, "crm_platform") if platform else ""}
"""


def everything(table: str, role: str, verbs: str = "select, insert, update, delete") -> str:
    """A role without a company that works on all rows of one table."""
    return f"""
drop policy if exists {role}_all on {table};
create policy {role}_all on {table} to {role} using (true) with check (true);
grant {verbs} on {table} to {role};
"""


def closed(table: str) -> str:
    """Row security without a policy for companies: nothing of it is theirs."""
    return f"alter table {table} enable row level security; alter table {table} force row level security;"
