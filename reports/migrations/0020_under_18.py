"""« Moins de 18 ans », all that the door of the home page asks. Nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    safe_because = {
        "new-value report.age_band": "A console of the version before cannot draw the exchange of such a minor: its web "
        "processes are stopped when the new ones take over (ADR 0065, CHANGELOG).",
    }

    dependencies = [
        ("reports", "0019_register_digest"),
    ]

    operations = [
        migrations.AlterField(
            model_name="report",
            name="age_band",
            field=models.CharField(
                choices=[
                    ("under_15", "Moins de 15 ans"),
                    ("15_17", "15 à 17 ans"),
                    ("under_18", "Moins de 18 ans"),
                    ("adult", "18 ans ou plus"),
                    ("unknown", "Non précisé"),
                ],
                default="unknown",
                max_length=20,
            ),
        ),
    ]
