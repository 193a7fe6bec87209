import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep with a supervisor's account how they arranged their board (docs/adr/0115)."""

    dependencies = [
        ("chat", "0053_danger_mark_goes_with_its_exchange"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="board_layout",
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
