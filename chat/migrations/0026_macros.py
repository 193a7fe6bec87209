"""Several acts in one press, prepared by an administrator."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0025_first_danger_phrases")]

    operations = [
        migrations.CreateModel(
            name="Macro",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "title",
                    models.CharField(help_text="Ce que l'agent lit et choisit.", max_length=60, verbose_name="titre"),
                ),
                (
                    "situation",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("danger", "Danger maintenant, ou faits en train de se commettre"),
                            ("suicide", "Idées suicidaires"),
                            ("child", "Enfant en danger chez lui"),
                        ],
                        max_length=20,
                        verbose_name="ouvrir la procédure d'urgence",
                    ),
                ),
                ("proposes_complaint", models.BooleanField(default=False, verbose_name="proposer de porter plainte")),
                (
                    "minutes",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Vide : aucune promesse.",
                        null=True,
                        verbose_name="promettre de revenir dans (minutes)",
                    ),
                ),
                ("order", models.PositiveSmallIntegerField(default=100, verbose_name="ordre")),
                ("is_active", models.BooleanField(default=True, verbose_name="proposé")),
                (
                    "reply",
                    models.ForeignKey(
                        blank=True,
                        help_text="L'agent la relit et l'envoie lui-même.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="chat.cannedreply",
                        verbose_name="mettre cette réponse dans le texte",
                    ),
                ),
            ],
            options={
                "verbose_name": "geste groupé",
                "verbose_name_plural": "gestes groupés",
                "ordering": ["order", "title", "pk"],
            },
        ),
    ]
