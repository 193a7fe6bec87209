import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# Table, column, and the index that Django made for its foreign key, or for searches by the beginning of a text, which
# nobody makes. A unique constraint, or an index, of the same table begins with that column and answers for it.
INDEXES = (
    ("reports_openingstep", "request_id", "reports_openingstep_request_id_85a2eec5"),
    ("reports_sealedvalue", "report_id", "reports_sealedvalue_report_id_46877d3e"),
    ("reports_accessrecord", "subject varchar_pattern_ops", "reports_accessrecord_subject_c2162812_like"),
    ("reports_accessrecord", "previous varchar_pattern_ops", "reports_accessrecord_previous_5b1f308c_like"),
    ("reports_accessrecord", "digest varchar_pattern_ops", "reports_accessrecord_digest_be78748b_like"),
    ("reports_erased", "digest varchar_pattern_ops", "reports_erased_digest_e4d9ca91_like"),
    ("reports_erasurerequest", "code_digest varchar_pattern_ops", "reports_erasurerequest_code_digest_a703a968_like"),
    (
        "reports_report",
        "municipality_id varchar_pattern_ops",
        "reports_report_municipality_id_5c90fd36_like",
    ),
)


class Migration(migrations.Migration):
    """Drop indexes that another one makes useless, while people write; find reports by their age."""

    atomic = False
    safe_because = {
        "sql drop index concurrently": "It waits for whoever uses the table, and nobody waits for it; the version before "
        "finds the same rows by the other index of the same first column, and names none of these.",
    }

    dependencies = [
        ("reports", "0030_backup_status"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="report",
            index=models.Index(fields=["filed_at"], name="report_filed"),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                    f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({column})",
                )
                for table, column, name in INDEXES
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="openingstep",
                    name="request",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="reports.openingrequest",
                    ),
                ),
                migrations.AlterField(
                    model_name="sealedvalue",
                    name="report",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sealed_values",
                        to="reports.report",
                    ),
                ),
            ],
        ),
    ]
