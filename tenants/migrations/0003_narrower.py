"""A company changes its own name and settings, not its slug, schema or state; memberships and the vault lose writers they do not need."""

from django.db import migrations, models

import tenants.models.tenant

SQL = """
revoke update on tenants_tenant from crm_member;
grant update (name, timezone, locale, currency, settings) on tenants_tenant to crm_member;
revoke insert, update, delete on tenants_membership from crm_member;
revoke all on tenants_credential, tenants_datakey from crm_platform;
drop policy crm_platform_all on tenants_credential;
drop policy crm_platform_all on tenants_datakey;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_row_security")]

    operations = [
        migrations.AddField("refreshtoken", "password_mark", models.CharField(default="", max_length=16)),
        migrations.AlterField(
            "tenant",
            "timezone",
            models.CharField(
                default="America/Argentina/Buenos_Aires",
                max_length=64,
                validators=[tenants.models.tenant.known_timezone],
                verbose_name="zona horaria",
            ),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
