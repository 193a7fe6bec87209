"""An opinion keeps its day and no hour: with an hour, the end of an exchange a minute before would say whose it is.

Nothing of the schema changes. A process of the version before reads these rows as before, and writes rows with their
hour until it ends; `pnav.pages.deletion.forget` takes the hour from those.
"""

from django.db import migrations, models
from django.db.models import F, Func, Value

import pnav.pages.models

BATCH = 5_000  # rows that are written in one transaction, and locked meanwhile
DAY = Func(
    Value("day"), F("created_at"), Value("Europe/Paris"), function="date_trunc", output_field=models.DateTimeField()
)


def keep_the_day(apps, schema_editor):
    """Two statements for BATCH opinions. Nobody waits for these rows: visitors add others, administrators read."""
    rows, last = apps.get_model("pages", "Feedback").objects, 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        rows.filter(pk__gt=last, pk__lte=keys[-1]).exclude(created_at=DAY).update(created_at=DAY)
        last = keys[-1]


class Migration(migrations.Migration):
    atomic = False  # each batch is a transaction of its own
    dependencies = [("pages", "0019_nobody_is_said_to_be_a_man")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="feedback",
                    name="created_at",
                    field=models.DateTimeField(
                        db_index=True, default=pnav.pages.models.beginning_of_today, verbose_name="reçu le"
                    ),
                ),
            ],
        ),
        migrations.RunPython(keep_the_day, migrations.RunPython.noop),
    ]
