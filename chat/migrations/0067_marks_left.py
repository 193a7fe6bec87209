from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep when a person left with a mark of danger that nobody has dealt with (docs/adr/0116).

    Processes of the version before leave it empty, and show no such mark.
    """

    dependencies = [
        ("chat", "0066_scan_tries"),
    ]

    operations = [
        migrations.AddField(
            model_name="dangermark",
            name="left_at",
            field=models.DateTimeField(null=True),
        ),
    ]
