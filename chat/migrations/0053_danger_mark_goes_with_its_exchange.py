from django.db import migrations

NAME = "chat_dangermark_conversation_id_f901d86e_fk_chat_conv"
CHANGED = f"""
ALTER TABLE chat_dangermark DROP CONSTRAINT {NAME},
ADD CONSTRAINT {NAME} FOREIGN KEY (conversation_id) REFERENCES chat_conversation (id)
"""


class Migration(migrations.Migration):
    """Delete a mark of danger with its exchange in the database too: the version before 0052 knows no marks, and could
    delete no exchange that has one, neither for an erasure nor for retention."""

    safe_because = {
        "sql alter table chat_dangermark": "It locks the exchanges for the milliseconds in which a key of a table of some "
        "rows is read; the version before deletes marks by itself, or does not know them.",
    }

    dependencies = [
        ("chat", "0052_danger_marks"),
    ]

    operations = [
        migrations.RunSQL(
            f"{CHANGED} ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            f"{CHANGED} DEFERRABLE INITIALLY DEFERRED",
        ),
    ]
