"""The shared reply that gives 116 006 says its days, not its hours, which the sources contradict.

A reply that somebody changed is left as it is, and so is a translation that somebody changed.
"""

from django.db import migrations

# part or language: before, after
FRENCH = (" : 7 j/7, de 9 h à 19 h, gratuit.", " : 7 j/7, gratuit.")
ENGLISH = (": 7 days a week, from 9 am to 7 pm, free of charge.", ": 7 days a week, free of charge.")


def leave_out(apps, schema_editor):
    """Some rows: the shared replies that name this number."""
    for reply in apps.get_model("chat", "CannedReply").objects.filter(vous__contains="116 006" + FRENCH[0]):
        before, reply.vous = reply.vous, reply.vous.replace(*FRENCH)
        reply.save(update_fields=["vous"])
        for row in reply.text_rows.filter(part="vous"):
            if row.language == "en" and ENGLISH[0] in row.text:
                row.text, row.source_text = row.text.replace(*ENGLISH), reply.vous.replace("\r\n", "\n")
            elif row.source_text is None:  # it translates what stood there before: to be read again
                row.source_text = before.replace("\r\n", "\n")
            row.save(update_fields=["text", "source_text"])


class Migration(migrations.Migration):
    dependencies = [("chat", "0041_handouts")]

    operations = [migrations.RunPython(leave_out, migrations.RunPython.noop)]
