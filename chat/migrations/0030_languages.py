"""In which language a person seems to write, and translations of shared replies."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0029_listed_transmissions")]

    operations = [
        migrations.AddField(
            "conversation",
            "guessed_language",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=10),
        ),
        migrations.AddField(
            "conversation", "guess_reads", models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)
        ),
        migrations.AddField(
            "conversation", "guess_seq", models.PositiveIntegerField(db_default=0, default=0, editable=False)
        ),
        migrations.CreateModel(
            "CannedReplyText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(max_length=20, verbose_name="langue")),
                ("part", models.CharField(max_length=20, verbose_name="partie")),
                ("text", models.TextField(verbose_name="texte")),
                ("source_text", models.TextField(editable=False, null=True, verbose_name="texte traduit")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="text_rows",
                        to="chat.cannedreply",
                    ),
                ),
            ],
            options={
                "ordering": ["language", "part"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "language", "part"), name="chat_one_text_of_a_reply")
                ],
            },
        ),
    ]
