from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Find what was set aside without reading all captures: the board counts it."""

    atomic = False

    dependencies = [
        ("chat", "0045_replies_to_victims"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="capture",
            index=models.Index(
                condition=models.Q(("locked_at__isnull", False)), fields=["locked_at"], name="capture_set_aside"
            ),
        ),
    ]
