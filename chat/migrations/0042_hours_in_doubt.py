"""The shared reply that gives 116 006 says its days, not its hours, which the sources contradict.

Only the hours go, out of a reply that somebody changed too: whatever else it says stays. A translation that still gives
the hours loses them as well; any other stays as it is. None is taken for current that was to be looked at before.
"""

from django.db import migrations

# before, after
FRENCH = ("116 006 : 7 j/7, de 9 h à 19 h, gratuit.", "116 006 : 7 j/7, gratuit.")
ENGLISH = ("116 006: 7 days a week, from 9 am to 7 pm, free of charge.", "116 006: 7 days a week, free of charge.")


def leave_out(apps, schema_editor):
    """Some rows: the shared replies that name this number."""
    for reply in apps.get_model("chat", "CannedReply").objects.filter(vous__contains=FRENCH[0]):
        before, reply.vous = reply.vous.replace("\r\n", "\n"), reply.vous.replace(*FRENCH)
        reply.save(update_fields=["vous"])
        for row in reply.text_rows.filter(part="vous"):
            translates_it = row.source_text in (None, before)  # what stood there until now
            if row.language == "en" and ENGLISH[0] in row.text:
                row.text = row.text.replace(*ENGLISH)
                if translates_it:
                    row.source_text = reply.vous.replace("\r\n", "\n")
            elif translates_it:  # to be looked at again
                row.source_text = before
            row.save(update_fields=["text", "source_text"])


class Migration(migrations.Migration):
    dependencies = [("chat", "0041_handouts")]

    operations = [migrations.RunPython(leave_out, migrations.RunPython.noop)]
