import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_carry_over")]

    operations = [
        migrations.AlterField(
            "lead",
            "last_activity_at",
            models.DateTimeField(default=django.utils.timezone.now, verbose_name="última actividad"),
        ),
        migrations.AlterField(
            "lead",
            "stage_since",
            models.DateTimeField(default=django.utils.timezone.now, verbose_name="en esta etapa desde"),
        ),
        migrations.AlterField(
            "stage",
            "pipeline",
            models.ForeignKey(
                on_delete=models.PROTECT, related_name="stages", to="crm.pipeline", verbose_name="embudo"
            ),
        ),
    ]
