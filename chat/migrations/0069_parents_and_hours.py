"""Shared replies: parents may file a complaint for a minor too, and 116 006 answers in the daytime.

The reply to who helps left out the parents, whom the law allows (service-public.gouv.fr, F1567). Sources disagree on
whether 116 006 answers until 7 or 8 pm, and agree that it is closed at night: « 7 j/7 » alone read as day and night.
Each sentence is changed where it still stands; a translation that says it otherwise then shows as outdated. A process of
the version before shows these rows like any other.
"""

from django.db import migrations

# by language, before and after: of *vous* and *tu* alike
CHANGES = [
    {
        "fr": (
            "seul, avec ses parents ou avec un adulte de son choix.",
            "seul, avec ses parents ou avec un adulte de son choix, et ses parents peuvent aussi porter plainte.",
        ),
        "en": (
            "alone, with parents, or with an adult of their choice.",
            "alone, with parents, or with an adult of their choice, and the parents may file one too.",
        ),
    },
    {
        "fr": ("116 006 : 7 j/7, gratuit.", "116 006 : 7 j/7, en journée, gratuit."),
        "en": ("116 006: 7 days a week, free of charge.", "116 006: 7 days a week, in the daytime, free of charge."),
    },
]


def say(apps, schema_editor):
    """Some rows: the shared replies that say one of these sentences, and their translations."""
    replies = apps.get_model("chat", "CannedReply").objects
    for words in CHANGES:
        for part in ("vous", "tu"):
            for reply in replies.filter(**{f"{part}__contains": words["fr"][0]}):
                former = getattr(reply, part).replace("\r\n", "\n")
                setattr(reply, part, getattr(reply, part).replace(*words["fr"]))
                reply.save(update_fields=[part])
                present = getattr(reply, part).replace("\r\n", "\n")
                for row in reply.text_rows.filter(part=part):
                    before, after = words.get(row.language, ("", ""))
                    if before and before in row.text:
                        row.text = row.text.replace(before, after)
                        row.source_text = present if row.source_text in (None, former) else row.source_text
                    elif row.source_text is None:
                        row.source_text = former
                    row.save(update_fields=["text", "source_text"])


class Migration(migrations.Migration):
    dependencies = [("chat", "0068_no_capture_of_a_minor")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
