"""Hours that the sources contradict leave the pages, and the English of two sections says what the pages say.

116 006 answers until 7 pm by one source and until 8 pm by another: pages say the days, which no source contradicts; the
hours are a doubt that administrators read. Hours, doubts and translations that somebody changed are left as they are,
and no translation is taken for current that was to be looked at before.

The pages in English say « conversation » and « first steps »: these words alone are replaced, in a text that somebody
changed too. What it translates stays what it was.
"""

from django.db import migrations

NUMBER, BEFORE, AFTER = "116 006", "7j/7, de 9h à 19h", "7j/7"
ENGLISH_BEFORE, ENGLISH_AFTER = "7 days a week, 9 am to 7 pm", "7 days a week"
DOUBT_BEFORE = "Jusqu'à 20h selon France Victimes ; adresse électronique : deux versions. À vérifier."
DOUBT = (
    "Heures : de 9h à 19h selon la gendarmerie, de 9h à 20h selon France Victimes. À vérifier avant de les écrire. "
    "Adresse électronique : deux versions, à vérifier."
)
# slug, part, before and after
WORDS = (
    ("service", "body", "An exchange lasts", "A conversation lasts"),
    ("premiers-gestes", "title", "First gestures", "First steps"),
)


def leave_out(apps, schema_editor):
    HelpNumber, ContentText = apps.get_model("pages", "HelpNumber"), apps.get_model("pages", "ContentText")
    for number in HelpNumber.objects.filter(number=NUMBER, hours=BEFORE):
        number.hours = AFTER
        if number.doubt in ("", DOUBT_BEFORE):
            number.doubt = DOUBT
        number.save(update_fields=["hours", "doubt"])
        for row in number.text_rows.filter(part="hours"):
            translates_it = row.source_text in (None, BEFORE)  # what stood there until now
            if row.language == "en" and row.text == ENGLISH_BEFORE:
                row.text = ENGLISH_AFTER
                if translates_it:
                    row.source_text = AFTER
            elif translates_it:  # to be looked at again
                row.source_text = BEFORE
            row.save(update_fields=["text", "source_text"])
    for slug, part, before, after in WORDS:
        for row in ContentText.objects.filter(owner__slug=slug, language="en", part=part, text__contains=before):
            row.text = row.text.replace(before, after)
            row.save(update_fields=["text"])


class Migration(migrations.Migration):
    dependencies = [("pages", "0014_announcements")]

    operations = [migrations.RunPython(leave_out, migrations.RunPython.noop)]
