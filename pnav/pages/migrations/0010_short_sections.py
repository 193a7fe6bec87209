"""Sections of the home page that said what no path keeps, or what the facts have corrected since.

« ou parlez-en directement » led nowhere; the postal code does more than tell police from gendarmerie; one interlocutor is
the rule, and a relay is told; how many people answer differs from source to source; some images must not be captured.
A section that somebody changed is left as it is: contents belong to the administrators from the first ones on (0002).
"""

from importlib import import_module

from django.db import migrations

# slug: (before, after) in French, the same in English; each is a part of the text
CHANGES = {
    "service": (
        [
            ("- **Un seul interlocuteur** pour tout l'échange : vous n'avez pas à tout répéter.",
             "- **Un seul interlocuteur**, sauf relais que l'on vous dit : vous n'avez pas à tout répéter."),
            ("Une cinquantaine de policiers et de gendarmes répondent. Un échange", "Un échange"),
            ("On vous demande seulement un code postal. Il sert à savoir si votre secteur dépend de la police ou de la "
             "gendarmerie. Personne ne vérifie que c'est bien le vôtre.",
             "On vous demande seulement une ville ou un code postal. Il dit si votre secteur dépend de la police ou de la "
             "gendarmerie, qui répond d'abord. Personne ne vérifie que c'est bien le vôtre."),
        ],
        [
            ("- **One person answers you** for the whole exchange: you need not repeat everything.",
             "- **One person answers you**, unless you are told of a relay: you need not repeat everything."),
            ("About fifty police officers and gendarmes answer. An exchange", "An exchange"),
            ("You are asked for a postal code only. It tells whether your area depends on the police or on the "
             "gendarmerie. Nobody checks that it is really yours.",
             "You are asked for a town or a postal code only. It tells whether your area depends on the police or on the "
             "gendarmerie, who answers first. Nobody checks that it is really yours."),
        ],
    ),
    "premiers-gestes": (
        [("4. **Renforcez** vos paramètres",
          "4. **N'enregistrez pas et n'envoyez pas** une image intime d'un mineur : notez l'adresse, le compte, la date.\n"
          "5. **Renforcez** vos paramètres"),
         ("5. **Parlez-en**", "6. **Parlez-en**")],
        [("4. **Tighten** your privacy",
          "4. **Do not save and do not send** an intimate image of a minor: note the address, the account, the date.\n"
          "5. **Tighten** your privacy"),
         ("5. **Talk**", "6. **Talk**")],
    ),
    "formes": (
        [("Vous n'êtes pas sûr ? [Répondez à quelques questions](/orientation/), ou parlez-en directement.",
          "Vous n'êtes pas sûr ? Parlez-en ici : on vous dira qui peut aider.")],
        [("Not sure? [Answer a few questions](/orientation/), or just talk about it.",
          "Not sure? Talk about it here: you will be told who can help.")],
    ),
}  # fmt: skip
# To verify by a lawyer, before the sentence is taken for certain: shown to administrators alone.
LAWYER = "Ne pas capturer l'image intime d'un mineur (code pénal, art. 227-23) : à vérifier par un avocat."


def _changed(text, pairs):
    for before, after in pairs:
        text = text.replace(before, after)
    return text


def correct(apps, schema_editor):
    first = import_module("pnav.pages.migrations.0002_first_contents")
    ContentBlock, ContentText = apps.get_model("pages", "ContentBlock"), apps.get_model("pages", "ContentText")
    for slug, french, english, _source, _doubt in first.BLOCKS:
        if slug not in CHANGES:
            continue
        for_french, for_english = CHANGES[slug]
        block = ContentBlock.objects.filter(slug=slug, body=french[1].strip()).first()
        if block is None:
            continue
        block.body = _changed(block.body, for_french)
        if slug == "premiers-gestes" and not block.doubt:
            block.doubt = LAWYER
        block.save(update_fields=["body", "doubt"])
        ContentText.objects.filter(owner=block, language="en", part="body", text=english[1].strip()).update(
            text=_changed(english[1].strip(), for_english)
        )
    # Settled since: 1 year and 15,000 € is the base, and online counts as one aggravating circumstance.
    ContentBlock.objects.filter(slug="loi", doubt__startswith="Peine de base 2 ans").update(doubt="")


class Migration(migrations.Migration):
    dependencies = [("pages", "0009_source_texts")]

    operations = [migrations.RunPython(correct, migrations.RunPython.noop)]
