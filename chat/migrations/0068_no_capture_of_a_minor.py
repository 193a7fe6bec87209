"""The shared reply about evidence says what is not captured: the sexual image of a minor (code pénal, art. 227-23).

An adult may have an image of themself at 17. Each text is changed where it is still the first one; a text that somebody
wrote anew is left as it is, and its translation then shows as outdated. A process of the version before shows these rows
like any other.
"""

from importlib import import_module

from django.db import migrations

TITLE = "Garder les preuves"
# by language and part: what is said after the first text
MORE = {
    ("fr", "vous"): (
        " Si c’est une image sexuelle de quelqu’un qui a ou avait moins de 18 ans : notez l’adresse, le compte, la date. "
        "N’enregistrez pas et n’envoyez pas l’image."
    ),
    ("fr", "tu"): (
        " Si c’est une image intime : note l’adresse, le compte, la date. N’enregistre pas et n’envoie pas l’image."
    ),
    ("en", "vous"): (
        " If it is a sexual image of somebody who is or was under 18: write down the address, the account, the date. Do "
        "not save and do not send the image."
    ),
    ("en", "tu"): (
        " If it is an intimate image: write down the address, the account, the date. Do not save and do not send the "
        "image."
    ),
}


def say_what_is_not_captured(apps, schema_editor):
    """One row, and its translations."""
    rows = apps.get_model("chat", "CannedReply").objects
    first = {title: texts for title, *texts in import_module("chat.migrations.0006_replies").REPLIES}[TITLE]
    english = import_module("chat.migrations.0031_first_english_replies").ENGLISH[TITLE]
    for place, part in enumerate(("vous", "tu")):
        source = first[place]
        for reply in rows.filter(**{part: source}):
            present = source + MORE["fr", part]
            setattr(reply, part, present)
            reply.save(update_fields=[part])
            for row in reply.text_rows.filter(part=part):
                if row.language == "en" and row.text == english[place]:
                    row.text, row.source_text = english[place] + MORE["en", part], present
                elif row.source_text is None:
                    row.source_text = source
                row.save(update_fields=["text", "source_text"])


class Migration(migrations.Migration):
    dependencies = [("chat", "0067_marks_left")]

    operations = [migrations.RunPython(say_what_is_not_captured, migrations.RunPython.noop)]
