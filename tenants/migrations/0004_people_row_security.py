"""Row security and grants of the tables of 0003: who may do what, and nobody more."""

from django.db import migrations

from tenants import rls

AUDIT_HEAD = f"""
{rls.closed("tenants_audithead")}
create policy own_rows on tenants_audithead to crm_member using (chain = {rls.TENANT}) with check (chain = {rls.TENANT});
create policy crm_auth_all on tenants_audithead to crm_auth using (true) with check (true);
create policy crm_platform_all on tenants_audithead to crm_platform using (true) with check (true);
grant select, insert, update on tenants_audithead to crm_member, crm_auth, crm_platform;
"""
LENT = f"""
{rls.closed("tenants_platformcredential")}
create policy own_rows on tenants_platformcredential for select to crm_member
  using (everyone or {rls.TENANT} = any(tenant_ids));
grant select on tenants_platformcredential to crm_member;
{rls.everything("tenants_platformcredential", "crm_platform")}
"""
# Erasing a person empties what named them in the trail; only the owner of the tables may, and the chain shows where.
REDACT = """
create policy redaction on tenants_systemevent to crm_owner using (true) with check (true);
create policy redaction on tenants_audithead for select to crm_owner using (true);
"""
ONLY_SIGN_IN = ("password", "signin", "secondfactor", "recoverycode")
SQL = "\n".join(
    [
        "alter table tenants_user force row level security;",
        "alter table tenants_systemevent force row level security;",
        *(f"{rls.closed(f'tenants_{name}')}{rls.everything(f'tenants_{name}', 'crm_auth')}" for name in ONLY_SIGN_IN),
        rls.own_rows("tenants_team"),
        rls.everything("tenants_team", "crm_auth", "select"),
        rls.own_rows("tenants_apikey", verbs="select, insert, update", platform=False),
        rls.everything("tenants_apikey", "crm_auth", "select, update"),
        rls.own_rows("tenants_onetimelink", verbs="select"),
        rls.everything("tenants_onetimelink", "crm_auth"),
        rls.own_rows("tenants_email", verbs="select, insert"),
        rls.everything("tenants_email", "crm_auth"),
        rls.closed("tenants_companyrequest"),
        rls.everything("tenants_companyrequest", "crm_auth"),
        rls.everything("tenants_companyrequest", "crm_platform", "select"),
        rls.own_rows("tenants_onboarding"),
        rls.everything("tenants_onboarding", "crm_auth", "select"),
        rls.own_rows("tenants_platformaccess", verbs="select, update"),
        rls.everything("tenants_platformaccess", "crm_auth", "select"),
        rls.own_rows("tenants_credentialversion", platform=False),
        AUDIT_HEAD,
        LENT,
        REDACT,
        "grant update (trade) on tenants_tenant to crm_member;",
    ]
)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_people")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
