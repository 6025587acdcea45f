"""A channel has one route in the whole installation: nobody may put a second one in front of another company's web chat.

Sequences tell how much the others have; identity columns need no right on them.
"""

from django.db import migrations, models

SQL = "revoke all on all sequences in schema public from crm_member;"


class Migration(migrations.Migration):
    dependencies = [("ingest", "0002_row_security"), ("tenants", "0003_narrower")]

    operations = [
        migrations.RemoveConstraint("channelroute", "route_channel"),
        migrations.AddConstraint("channelroute", models.UniqueConstraint(fields=("channel_id",), name="route_channel")),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
