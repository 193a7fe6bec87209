from django.db import migrations

NAME = "chat_keptreading_name_ba9d83a3_like"


class Migration(migrations.Migration):
    """Drop the index for searches by the beginning of a name, which nobody makes: the primary key answers for it."""

    atomic = False
    safe_because = {
        "sql drop index concurrently": "It waits for whoever uses the table, and nobody waits for it; the version before "
        "finds the same rows by the primary key.",
    }

    dependencies = [
        ("chat", "0050_more_danger_phrases"),
    ]

    operations = [
        migrations.RunSQL(
            f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}",
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {NAME} ON chat_keptreading (name varchar_pattern_ops)",
        ),
    ]
