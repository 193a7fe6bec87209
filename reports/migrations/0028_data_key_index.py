from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Reports by their data key, made while people file."""

    atomic = False

    dependencies = [("reports", "0027_data_key")]

    operations = [
        AddIndexConcurrently(
            model_name="report",
            index=models.Index(fields=["data_key"], name="report_data_key"),
        ),
    ]
