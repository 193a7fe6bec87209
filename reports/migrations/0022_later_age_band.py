"""An age that processes of the version before cannot read is kept beside the nearest one that they can."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0021_group_closed")]

    operations = [
        migrations.AddField(
            "report",
            "later_age_band",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=20),
        ),
    ]
