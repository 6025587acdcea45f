"""The door may read routes and add events; a company works on its own; the platform sweeps."""

from django.db import migrations

from tenants import rls

SQL = "\n".join(
    [
        rls.own_rows("ingest_channelroute"),
        rls.everything("ingest_channelroute", "crm_ingest", "select"),
        rls.own_rows("ingest_inboundevent"),
        rls.everything("ingest_inboundevent", "crm_ingest", "select, insert"),
    ]
)


class Migration(migrations.Migration):
    dependencies = [("ingest", "0001_initial"), ("tenants", "0002_row_security")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
