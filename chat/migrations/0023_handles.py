"""The number, colour and word by which an agent knows each of their conversations."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0022_arrival_group")]

    operations = [
        migrations.CreateModel(
            name="ConversationHandle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("colour", models.CharField(max_length=20)),
                ("word", models.CharField(max_length=20)),
                ("given_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="handles", to="chat.agent"
                    ),
                ),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="handles", to="chat.conversation"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["agent", "given_at"], name="handle_given")],
                "constraints": [
                    models.UniqueConstraint(fields=("conversation", "agent"), name="handle_once_for_an_agent")
                ],
            },
        ),
    ]
