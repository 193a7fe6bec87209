"""Words that agreed with a man are said without: nobody knows the gender of who reads (« Tu n'es pas sûr ? »).

The meaning stays, so a translation that was current stays current. A sentence that somebody wrote anew is left as it is.
A process of the version before shows these rows like any other.
"""

from django.db import migrations

# slug: (before, after) in the text of the section, or in the one with *tu* beside it
SECTIONS = {
    "premiers-gestes": [
        ("Vous n'avez pas à rester seul.", "Vous n'avez pas à porter cela sans aide."),
        ("Tu n'as pas à rester seul.", "Tu n'as pas à porter cela sans aide."),
    ],
    "formes": [
        ("Vous n'êtes pas sûr ? Parlez-en ici", "Vous hésitez ? Parlez-en ici"),
        ("Tu n'es pas sûr ? Parles-en ici", "Tu hésites ? Parles-en ici"),
    ],
    "retrait-sites": [
        ("Restez appuyé sur le contenu", "Appuyez longtemps sur le contenu"),
        ("Puis restez appuyé, ou clic droit", "Puis appuyez longtemps, ou clic droit"),
        ("Reste appuyé sur le contenu", "Appuie longtemps sur le contenu"),
        ("Puis reste appuyé, ou clic droit", "Puis appuie longtemps, ou clic droit"),
    ],
    "mineurs-jeux": [("ne t'enlève aucun droit à être aidé.", "ne t'enlève aucun droit à de l'aide.")],
    "mineurs-droits": [
        ("**porter plainte** : seul, avec tes parents", "**porter plainte** : même sans adulte, ou avec tes parents"),
    ],
    "mineurs-qui": [("et je n'y arrive plus tout seul. »", "et j'ai besoin d'aide. »")],
    "simple-appeler": [("Tu peux appeler tout seul.", "Tu peux appeler sans un adulte.")],
    "simple-tes-droits": [
        ("Tu as le droit d'être protégé.", "Tu as le droit qu'on te protège."),
        ("Tu es trop petit pour ce jeu ou ce réseau ?", "Tu n'as pas l'âge pour ce jeu ou ce réseau ?"),
    ],
}  # fmt: skip
NUMBERS = {
    "114": [
        ("ou si vous devez rester discret", "ou si personne ne doit vous entendre"),
        ("ou si tu dois rester discret", "ou si personne ne doit t'entendre"),
    ],
}


def said(text, pairs):
    for before, after in pairs:
        text = text.replace(before, after)
    return text


def _change(owner, part, pairs):
    old = getattr(owner, part).replace("\r\n", "\n")
    new = said(old, pairs)
    if new != old:
        setattr(owner, part, new)
        owner.save(update_fields=[part])
    for row in owner.text_rows.filter(part__in=[part, f"{part}_tu"]):
        text = said(row.text, pairs) if row.language == "fr" else row.text
        source = new if row.source_text == old else row.source_text
        if (text, source) != (row.text, row.source_text):
            row.text, row.source_text = text, source
            row.save(update_fields=["text", "source_text"])


def say_without(apps, schema_editor):
    """Bounded by the sections and numbers that stand above: some queries for each."""
    for slug, pairs in SECTIONS.items():
        for block in apps.get_model("pages", "ContentBlock").objects.filter(slug=slug):
            _change(block, "body", pairs)
    for digits, pairs in NUMBERS.items():
        for number in apps.get_model("pages", "HelpNumber").objects.filter(number=digits):
            _change(number, "audience", pairs)


class Migration(migrations.Migration):
    dependencies = [("pages", "0018_familiar_texts")]

    operations = [migrations.RunPython(say_without, migrations.RunPython.noop)]
