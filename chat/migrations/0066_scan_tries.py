from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep how often a scanner was asked about an original, and when it may be asked again (docs/adr/0082)."""

    dependencies = [
        ("chat", "0065_agent_sign"),
    ]

    operations = [
        migrations.AddField(
            model_name="capture",
            name="scan_tries",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="capture",
            name="scan_after",
            field=models.DateTimeField(null=True),
        ),
    ]
