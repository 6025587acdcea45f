"""Row security and grants of the shared tables: who may do what, and nobody more. Roles are made by the set-up of the database (config.embedded.bootstrap)."""

from django.db import migrations

from tenants import rls

USERS_OF_A_COMPANY = f"""
alter table tenants_user enable row level security;
alter table tenants_user force row level security;
create policy own_rows on tenants_user for select to crm_member using ({rls.TENANT} = any(tenant_ids));
grant select on tenants_user to crm_member;
"""
OWN_COMPANY = f"""
alter table tenants_tenant enable row level security;
alter table tenants_tenant force row level security;
create policy own_rows on tenants_tenant to crm_member using (id = {rls.TENANT}) with check (id = {rls.TENANT});
grant select on tenants_tenant to crm_member;
grant update (name, timezone, locale, currency, settings) on tenants_tenant to crm_member;
"""
AUDIT = f"""
{rls.closed("tenants_systemevent")}
create policy own_rows on tenants_systemevent to crm_member using (tenant_id = {rls.TENANT})
  with check (tenant_id = {rls.TENANT});
create policy added on tenants_systemevent for insert to crm_auth with check (true);
create policy platform on tenants_systemevent to crm_platform using (true) with check (true);
grant select, insert on tenants_systemevent to crm_member, crm_platform;
grant insert on tenants_systemevent to crm_auth;
"""
SQL = "\n".join(
    [
        "grant usage on schema public to crm_member, crm_platform, crm_auth, crm_ingest, crm_app;",
        USERS_OF_A_COMPANY,
        rls.everything("tenants_user", "crm_auth"),
        rls.everything("tenants_user", "crm_platform"),
        OWN_COMPANY,
        rls.everything("tenants_tenant", "crm_auth", "select"),
        rls.everything("tenants_tenant", "crm_platform", "select, update"),
        rls.everything("tenants_tenant", "crm_owner"),
        rls.own_rows("tenants_domain", verbs="select"),
        rls.everything("tenants_domain", "crm_auth", "select"),
        rls.everything("tenants_domain", "crm_owner"),
        rls.own_rows("tenants_membership", verbs="select"),
        rls.everything("tenants_membership", "crm_auth"),
        rls.own_rows("tenants_credential", platform=False),
        rls.own_rows("tenants_datakey", platform=False),
        AUDIT,
        rls.closed("tenants_refreshtoken"),
        rls.everything("tenants_refreshtoken", "crm_auth"),
        rls.closed("django_session"),
        rls.everything("django_session", "crm_auth"),
        "grant select on django_migrations to crm_auth, crm_platform;",
        "grant select on django_content_type, auth_permission to crm_member, crm_platform, crm_auth;",
    ]
)


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
        ("sessions", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
