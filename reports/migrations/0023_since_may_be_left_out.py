"""Since when, which nobody has to answer: PostgreSQL knows the empty value too, as of every column that may be left
out. Rows stay as they are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reports", "0022_later_age_band")]

    operations = [
        migrations.AlterField(
            "report",
            "since",
            models.CharField(
                blank=True,
                choices=[
                    ("today", "Aujourd'hui"),
                    ("week", "Quelques jours"),
                    ("month", "Quelques semaines"),
                    ("year", "Quelques mois"),
                    ("longer", "Plus d'un an"),
                ],
                db_default="",
                default="",
                max_length=20,
            ),
        ),
    ]
