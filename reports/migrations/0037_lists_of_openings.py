from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Find the requests of one account, and the last that moved, without reading all of them."""

    atomic = False

    dependencies = [
        ("reports", "0036_identity_sizes"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="openingrequest",
            index=models.Index(fields=["-moved_at", "-id"], name="opening_moved"),
        ),
        AddIndexConcurrently(
            model_name="openingrequest",
            index=models.Index(
                condition=models.Q(("passed_to__isnull", False)), fields=["passed_to"], name="opening_passed_to"
            ),
        ),
    ]
