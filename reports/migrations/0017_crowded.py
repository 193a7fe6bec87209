"""Reports of a network from which more came than people send say so, and keep their urgency."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0016_on_call")]

    operations = [
        migrations.AddField("report", "is_crowded", models.BooleanField(db_default=False, default=False)),
    ]
