"""Phrases of suicide and of immediate danger that mark a message for its agent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0023_handles")]

    operations = [
        migrations.CreateModel(
            name="DangerPhrase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "phrase",
                    models.CharField(
                        help_text="Des mots à la suite, sans accents ni majuscules. « veux/voudrais » : l'un ou l'autre. "
                        "« suicid* » : tout ce qui commence ainsi. « envie … mourir » : jusqu'à deux autres mots entre "
                        "les deux.",
                        max_length=200,
                        unique=True,
                        verbose_name="expression",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("suicide", "Mots de suicide"),
                            ("danger", "Danger immédiat"),
                            ("nothing", "Sans danger : enlève la marque"),
                        ],
                        max_length=20,
                        verbose_name="ce que l'agent lit",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="cherchée")),
            ],
            options={
                "verbose_name": "expression de danger",
                "verbose_name_plural": "expressions de danger",
                "ordering": ["kind", "phrase"],
            },
        ),
    ]
