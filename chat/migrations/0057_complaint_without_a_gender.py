"""The shared reply about a complaint agrees with nobody: « et être accompagné pour le faire » was said to a man.

The meaning stays, so a translation that was current stays current. A sentence that somebody wrote anew is left as it is.
"""

from django.db import migrations

BEFORE = "Vous pouvez porter plainte, et être accompagné pour le faire."
AFTER = "Vous pouvez porter plainte, et quelqu’un peut vous accompagner pour le faire."


def say_without(apps, schema_editor):
    """Some rows: the shared replies that say this sentence."""
    for reply in apps.get_model("chat", "CannedReply").objects.filter(vous__contains=BEFORE):
        old, reply.vous = reply.vous.replace("\r\n", "\n"), reply.vous.replace(BEFORE, AFTER)
        reply.save(update_fields=["vous"])
        reply.text_rows.filter(part="vous", source_text=old).update(source_text=reply.vous.replace("\r\n", "\n"))


class Migration(migrations.Migration):
    dependencies = [("chat", "0056_hold_spares_reply")]

    operations = [migrations.RunPython(say_without, migrations.RunPython.noop)]
