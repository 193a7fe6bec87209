"""Phrases that the first list lacks: threats as they are told, and a death that is wished upon somebody.

« me retrouver » alone is not one: « j'ai peur de me retrouver seule ». It counts after what somebody is about to do.
"""

from django.db import migrations

PHRASES = {
    "danger": (
        "me/m/nous/la/le/les/lui casser/peter/briser/exploser/fracasser … jambe/jambes/bras/gueule/dents/machoire",
        "va/vont/veut/veulent/peut/peuvent/pourrait/allait/allaient me retrouver",
        "va/vont/veut/veulent venir me retrouver",
    ),
    "suicide": (
        "devrais … mourir/mourrir/crever/disparaitre",
        "devrait … mourir/mourrir/crever",
    ),
    "nothing": ("disparaitre d/de/du/des/l … instagram/insta/tiktok/snap/snapchat/facebook/internet/reseau/reseaux",),
}


def add_phrases(apps, schema_editor):
    """One that an administrator has written meanwhile stays as it is. The way back leaves all of them, because nothing
    tells which are theirs."""
    rows = apps.get_model("chat", "DangerPhrase").objects
    for kind, phrases in PHRASES.items():
        for phrase in phrases:
            rows.get_or_create(phrase=phrase, defaults={"kind": kind})


class Migration(migrations.Migration):
    dependencies = [("chat", "0049_reply_drafts")]

    operations = [migrations.RunPython(add_phrases, migrations.RunPython.noop)]
