"""Whoever passed a person on before the last one is not given them back either."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0011_appointment_answers")]

    operations = [
        migrations.AddField(
            model_name="direction",
            name="avoided_before",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), db_default=[], default=list, size=None
            ),
        ),
    ]
