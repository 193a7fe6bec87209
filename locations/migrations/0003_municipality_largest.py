"""The largest communes come out of an index. Made while people search: nothing is held up."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("locations", "0002_opening_hours_help")]

    operations = [
        AddIndexConcurrently(
            "municipality",
            models.Index(F("population").desc(nulls_last=True), name="municipality_largest"),
        ),
    ]
