"""What code sees when it runs as acme. Every check returns its complaints, so that planted faults can be judged too."""

from collections.abc import Iterator

from django.db import DatabaseError, connection, models, transaction

from tenants.context import tenant_context
from tenants.models import Credential, DataKey, Domain, Membership, SystemEvent, Tenant, User
from tests.isolation.models import shared_models, tenant_models
from tests.isolation.world import make_rows_of

# How to tell whose a row of a shared table is.
SHARED_OWNER = {
    Tenant: "id",
    Domain: "tenant_id",
    Membership: "tenant_id",
    Credential: "tenant_id",
    DataKey: "tenant_id",
}
FAR = 987_654_321  # a number that no event of a company has yet
OPEN_SHARED = {"contenttypes.ContentType", "auth.Permission"}


def foreign_rows(acme: Tenant, other: Tenant) -> Iterator[str]:
    """Rows that the other company makes and acme finds through the ORM, by number or by key."""
    before = _counted(acme)
    theirs = make_rows_of(other)
    after = _counted(acme)
    for label, count in after.items():
        if count is None or count != before[label]:
            yield f"{label}: {before[label]} rows before, {count} after the other company made one"
    with tenant_context(acme):
        for model in tenant_models():
            if model._meta.pk.get_internal_type() == "UUIDField":  # numbers begin at 1 in every company
                key = theirs[model._meta.label]
                if before[model._meta.label] is not None and model._base_manager.filter(pk=key).exists():
                    yield f"{model._meta.label} {key} is visible"


def _counted(tenant: Tenant) -> dict[str, int | None]:
    """Model label → number of rows as this company sees it, None where it may not look."""
    found: dict[str, int | None] = {}
    with tenant_context(tenant):
        for model in tenant_models():
            try:
                with transaction.atomic():
                    found[model._meta.label] = model._base_manager.count()
            except DatabaseError:
                found[model._meta.label] = None
    return found


def foreign_shared_rows(acme: Tenant) -> Iterator[str]:
    """Rows of shared tables that acme sees and that are not acme's."""
    with tenant_context(acme):
        for model in shared_models():
            owner = _owner_column(model)
            if owner is None:
                continue
            try:
                with transaction.atomic():
                    foreign = model._base_manager.exclude(**{owner: acme.pk}).exists()
            except DatabaseError:
                continue  # not for companies at all: better still
            if foreign:
                yield f"{model._meta.label}: rows of another company"
        if User.objects.exclude(tenant_ids__contains=[acme.pk]).exists():
            yield "tenants.User: people of another company"
        if SystemEvent.objects.exclude(tenant_id=acme.pk).exists():
            yield "tenants.SystemEvent: rows of another company"


def _owner_column(model: type[models.Model]) -> str | None:
    if model in SHARED_OWNER:
        return SHARED_OWNER[model]
    return "tenant_id" if any(field.name == "tenant" for field in model._meta.fields) else None


def readable_without_company() -> Iterator[str]:
    """Tables that answer although nobody has entered a company."""
    for model in [*shared_models(), *tenant_models()]:
        try:
            with transaction.atomic():
                model._base_manager.exists()
        except DatabaseError:
            continue
        if model._meta.label not in OPEN_SHARED:
            yield f"{model._meta.label} is readable"


def raw_reach(acme: Tenant, other: Tenant) -> Iterator[str]:
    """Statements of acme that name the other company and are not refused."""
    schema, stolen = f'"{other.schema_name}"', f"'{other.schema_name}'"
    attempts = [
        f"select count(*) from {schema}.crm_contact",
        f"select count(*) from {schema}.messaging_message",
        f"insert into {schema}.crm_contact (id, name) values (gen_random_uuid(), 'x')",
        f"update {schema}.crm_contact set name = 'x'",
        f"delete from {schema}.crm_contact",
        f"truncate {schema}.crm_contact cascade",
        f"lock table {schema}.crm_contact",
        f"copy {schema}.crm_contact to stdout",
        f"create table {schema}.mine (id bigint)",
        f"drop schema {schema} cascade",
        f"grant usage on schema {schema} to tenant_{acme.pk}",
        f"select nextval({stolen} || '.rag_chunk_id_seq')",
        f"select pg_relation_filepath({stolen} || '.crm_contact'), count(*) from {schema}.crm_lead",
        f"set local search_path = {schema}, public; select count(*) from crm_contact",
        f"select set_config('search_path', {stolen}, true); select count(*) from crm_contact",
        f"set local role crm_owner; select count(*) from {schema}.crm_contact",
        "select count(*) from tenant_template.crm_contact",
        "select count(*) from django_session",
        "select count(*) from tenants_refreshtoken",
        (
            f"insert into tenants_membership (id, role, status, created_at, tenant_id, user_id) select gen_random_uuid(),"
            f" 'ceo', 'active', now(), {other.pk}, user_id from tenants_membership limit 1"
        ),
        f"update tenants_membership set tenant_id = {other.pk}",
        f"update tenants_credential set tenant_id = {other.pk}",
        (
            f"insert into tenants_systemevent (tenant_id, at, actor_kind, actor_id, actor_label, action, resource_type,"
            f" resource_id, outcome, diff, agent, position, digest, hash) values ({other.pk}, now(), 'user', '', '', 'x',"
            f" '', '', 'ok', '{{}}', '', {FAR}, '', '')"
        ),
        "update tenants_systemevent set action = 'nothing'",
        "delete from tenants_systemevent",
        "update tenants_user set is_platform_staff = true",
        "create table public.mine (id bigint)",
        "create role mine",
        "alter table tenants_membership disable row level security",
        "set local row_security = off; select count(*) from tenants_membership",
        "select pg_read_file('/etc/passwd')",
        "copy (select 1) to program 'true'",
    ]
    for attempt in attempts:
        try:
            with tenant_context(acme), connection.cursor() as cursor:
                for statement in attempt.split("; "):
                    cursor.execute(statement)
                transaction.set_rollback(True)
        except DatabaseError:
            continue
        yield f"not refused: {attempt}"


def silent_reach(acme: Tenant, other: Tenant) -> Iterator[str]:
    """Statements that PostgreSQL may answer with nothing rather than refuse: they must find and change no row."""
    attempts = [
        f"select 1 from tenants_tenant where id = {other.pk}",
        f"select 1 from tenants_credential where tenant_id = {other.pk}",
        f"select 1 from tenants_membership where tenant_id = {other.pk}",
        f"select 1 from tenants_systemevent where tenant_id = {other.pk}",
        f"select 1 from ingest_inboundevent where tenant_id = {other.pk}",
        f"select 1 from ingest_channelroute where tenant_id = {other.pk}",
        f"select 1 from tenants_user where {other.pk} = any(tenant_ids) and not {acme.pk} = any(tenant_ids)",
        f"update tenants_tenant set name = 'x' where id = {other.pk} returning 1",
        f"delete from tenants_membership where tenant_id = {other.pk} returning 1",
        f"delete from tenants_credential where tenant_id = {other.pk} returning 1",
        f"update ingest_inboundevent set state = 'done' where tenant_id = {other.pk} returning 1",
        (
            "select 1 from pg_stat_activity where query not like '%%insufficient privilege%%' and query <> ''"
            " and pid <> pg_backend_pid() and usename = 'crm_app'"
        ),
        f"select 1 from pg_stats where schemaname = '{other.schema_name}'",
    ]
    for attempt in attempts:
        try:
            with tenant_context(acme), connection.cursor() as cursor:
                cursor.execute(attempt)
                if cursor.fetchall():
                    yield f"found something: {attempt}"
                transaction.set_rollback(True)
        except DatabaseError:
            continue  # refused altogether: better still


def after_a_transaction(acme: Tenant) -> Iterator[str]:
    """The connection after a company was left, by the door or through the window."""
    for way in ("commit", "exception", "error"):
        try:
            with tenant_context(acme), connection.cursor() as cursor:
                cursor.execute("select 1")
                if way == "exception":
                    raise RuntimeError
                if way == "error":
                    cursor.execute("select 1 / 0")
        except (RuntimeError, DatabaseError):
            pass
        with connection.cursor() as cursor:
            cursor.execute("select current_user, current_schemas(false)")
            role, path = cursor.fetchone()
        if role != "crm_app" or acme.schema_name in path:
            yield f"after {way}: {role}, {path}"


def complaints(acme: Tenant, other: Tenant) -> list[str]:
    """Everything above, on real connections; makes its own rows in `other`."""
    return [
        *foreign_rows(acme, other),
        *foreign_shared_rows(acme),
        *readable_without_company(),
        *raw_reach(acme, other),
        *silent_reach(acme, other),
        *after_a_transaction(acme),
    ]
