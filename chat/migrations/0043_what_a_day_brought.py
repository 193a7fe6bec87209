import django.db.models.functions.comparison
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Find what one day brought, and the codes that end, without reading all that there is."""

    atomic = False

    dependencies = [
        ("chat", "0042_hours_in_doubt"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="capture",
            index=models.Index(fields=["received_at"], name="capture_received"),
        ),
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("resume_until__isnull", False)),
                fields=["resume_until"],
                name="conversation_code_ends",
            ),
        ),
        AddIndexConcurrently(
            model_name="journalfact",
            index=models.Index(
                django.db.models.functions.comparison.Coalesce("changed_at", "noted_at"), name="journalfact_moved"
            ),
        ),
    ]
