import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep what an agent is writing until it is sent (docs/adr/0112)."""

    dependencies = [
        ("chat", "0048_kept_readings"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReplyDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed_body", models.BinaryField()),
                ("kept_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="chat.agent",
                    ),
                ),
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="chat.conversation"
                    ),
                ),
            ],
        ),
    ]
