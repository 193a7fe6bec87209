import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep with an agent's account in which order they have the parts of a dossier (docs/adr/0127)."""

    dependencies = [
        ("chat", "0057_complaint_without_a_gender"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="dossier_layout",
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
