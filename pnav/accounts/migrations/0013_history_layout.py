import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep with an account which parts of « Historique » it sees, in which order and how wide (docs/adr/0138)."""

    dependencies = [("accounts", "0012_analyst")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="history_layout",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=20),
                blank=True,
                db_default=[],
                default=list,
                editable=False,
                size=None,
            ),
        ),
    ]
