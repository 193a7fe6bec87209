"""What conversations of crowded networks take of the agents is bounded, and counted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0015_message_of_agent")]

    operations = [
        migrations.AddField("conversation", "is_crowded", models.BooleanField(db_default=False, default=False)),
        migrations.AddIndex(
            "conversation",
            models.Index(
                condition=models.Q(("is_crowded", True)), fields=["status", "assigned_at"], name="conversation_crowded"
            ),
        ),
    ]
