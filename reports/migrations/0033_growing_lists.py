from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# That of the month alone: « tombstone_in_order » begins with it.
MONTH = "reports_tombstone_month_431da060"


class Migration(migrations.Migration):
    """Indexes that page through what grows with the years, made while people write."""

    atomic = False
    safe_because = {
        "sql drop index concurrently": "It waits for whoever uses the table, and nobody waits for it; the version before "
        "finds the same rows by the other index of the same first column, and names none of these.",
    }

    dependencies = [
        ("reports", "0032_proof_marks"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="accessrecord",
            index=models.Index(
                condition=models.Q(
                    models.Q(("kind", "reading"), _negated=True), models.Q(("kind", "paper"), _negated=True)
                ),
                fields=["kind", "number"],
                name="access_of_a_kind",
            ),
        ),
        AddIndexConcurrently(
            model_name="openingrequest",
            index=models.Index(fields=["-asked_at", "-id"], name="opening_in_order"),
        ),
        AddIndexConcurrently(
            model_name="openingrequest",
            index=models.Index(
                condition=models.Q(("is_urgent", True), ("reviewed_at__isnull", True)),
                fields=["id"],
                name="opening_review_owed",
            ),
        ),
        AddIndexConcurrently(
            model_name="tombstone",
            index=models.Index(fields=["-month", "id"], name="tombstone_in_order"),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {MONTH}",
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {MONTH} ON reports_tombstone (month)",
                )
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="tombstone",
                    name="month",
                    field=models.DateField(verbose_name="mois"),
                ),
            ],
        ),
    ]
