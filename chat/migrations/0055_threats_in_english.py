"""Threats in English as they are told: « he will come to my house and kill me », « he'll kill me »."""

from django.db import migrations

PHRASES = {
    "danger": (
        "and kill/stab/shoot/rape me/us/her/him/them",
        "he/she/they/someone/somebody ll … kill/hurt/stab/shoot/rape me/us/her/him/them",
    ),
}


def add_phrases(apps, schema_editor):
    """One that an administrator has written meanwhile stays as it is. The way back leaves all of them, because nothing
    tells which are theirs."""
    rows = apps.get_model("chat", "DangerPhrase").objects
    for kind, phrases in PHRASES.items():
        for phrase in phrases:
            rows.get_or_create(phrase=phrase, defaults={"kind": kind})


class Migration(migrations.Migration):
    dependencies = [("chat", "0054_board_layout")]

    operations = [migrations.RunPython(add_phrases, migrations.RunPython.noop)]
