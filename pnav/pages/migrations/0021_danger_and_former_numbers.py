"""Two sentences of the pages of information: who may be looked for in danger, and numbers that answer no more.

The section « Bon à savoir » said one half alone: the prosecutor's authorisation, and not that a person whose life is in
danger is looked for. The page of numbers printed former numbers, which a hurried reader calls. A sentence that somebody
wrote anew is left as it is, and a translation of it then shows as outdated. A process of the version before shows these
rows like any other.
"""

from django.db import migrations

# slug: by language and part, the sentence before and after
SECTIONS = {
    "bon-a-savoir": {
        ("fr", "body"): (
            "après autorisation du procureur de la République, pour les faits les plus graves.",
            "après autorisation du procureur de la République, pour les faits les plus graves. Si une vie est en danger, "
            "on peut aussi chercher qui vous êtes, pour aider.",
        ),
        ("fr", "body_tu"): (
            "après autorisation du procureur de la République, pour les faits les plus graves.",
            "après autorisation du procureur de la République, pour les faits les plus graves. Si une vie est en danger, "
            "on peut aussi chercher qui tu es, pour aider.",
        ),
        ("en", "body"): (
            "(procureur de la République), for the most serious facts.",
            "(procureur de la République), for the most serious facts. If a life is in danger, we may also look for who "
            "you are, to help.",
        ),
    },
    "numeros-mefiance": {
        ("fr", "body"): (
            "D'anciens numéros se lisent encore : le 3020 et « Net Écoute » sont devenus le **3018**.",
            "D'anciens numéros se lisent encore ailleurs. Pour les violences en ligne envers les jeunes, un seul est le "
            "bon : le **3018**.",
        ),
        ("en", "body"): (
            'Former numbers can still be read: 3020 and "Net Écoute" became **3018**.',
            "Former numbers can still be read elsewhere. For violence online against young people only one is right: "
            "**3018**.",
        ),
    },
}
SECTIONS["numeros-mefiance"]["fr", "body_tu"] = SECTIONS["numeros-mefiance"]["fr", "body"]


def say(apps, schema_editor):
    """Bounded by the two sections: some queries for each."""
    for slug, sentences in SECTIONS.items():
        for block in apps.get_model("pages", "ContentBlock").objects.filter(slug=slug):
            old, (before, after) = block.body, sentences["fr", "body"]
            if before not in old or after in old:
                continue
            block.body = old.replace(before, after)
            block.save(update_fields=["body"])
            former, present = old.replace("\r\n", "\n"), block.body.replace("\r\n", "\n")
            for row in block.text_rows.filter(part__in=["body", "body_tu"]):
                before, after = sentences.get((row.language, row.part), ("", ""))
                if before and before in row.text:
                    row.text = row.text.replace(before, after)
                    row.source_text = present if row.source_text in (None, former) else row.source_text
                elif row.source_text is None:
                    row.source_text = former
                row.save(update_fields=["text", "source_text"])


class Migration(migrations.Migration):
    dependencies = [("pages", "0020_day_of_an_opinion")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
