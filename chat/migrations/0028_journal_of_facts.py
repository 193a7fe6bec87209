"""The journal of facts that a person keeps."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0027_removal_requests")]

    operations = [
        migrations.CreateModel(
            name="JournalFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed_words", models.BinaryField()),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("number", models.PositiveIntegerField()),
                ("noted_at", models.DateTimeField()),
                ("shown_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="facts", to="chat.conversation"
                    ),
                ),
            ],
            options={
                "verbose_name": "fait noté",
                "verbose_name_plural": "faits notés",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("conversation", "public_id"), name="journalfact_once"),
                    models.UniqueConstraint(fields=("conversation", "number"), name="journalfact_number_once"),
                    models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="journalfact_number_from_one"),
                    models.CheckConstraint(
                        condition=models.Q(("read_at__isnull", True), ("shown_at__isnull", False), _connector="OR"),
                        name="journalfact_read_was_shown",
                    ),
                ],
            },
        ),
    ]
