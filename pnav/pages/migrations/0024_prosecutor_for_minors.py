"""Minors read too that anonymity may be lifted with a prosecutor's authorisation, and not in great danger alone.

Every other page says both. Each change is made as those of 0022 are, where its sentence still stands. A process of the
version before shows these rows like any other.
"""

from importlib import import_module

from django.db import migrations

FRENCH, ENGLISH = ("fr", "body"), ("en", "body")
SECTIONS = [
    ("mineurs-droits", {
        FRENCH: (
            "on peut chercher qui tu es, pour te protéger.",
            "on peut chercher qui tu es, pour te protéger. Un procureur peut aussi l'autoriser, pour les faits les plus "
            "graves.",
        ),
        ENGLISH: (
            "we may look for who you are, to protect you.",
            "we may look for who you are, to protect you. A prosecutor may authorise it too, for the most serious offences.",
        ),
    }),
    ("simple-tes-droits", {
        FRENCH: (
            "on peut chercher qui tu es, pour t'aider.",
            "on peut chercher qui tu es, pour t'aider. Pour des faits très graves, la justice peut aussi dire oui.",
        ),
        ENGLISH: (
            "we may look for who you are, to help you.",
            "we may look for who you are, to help you. For very serious acts, the courts may say yes to it too.",
        ),
    }),
]  # fmt: skip


def say(apps, schema_editor):
    """Bounded by the changes above: some queries for each."""
    change = import_module("pnav.pages.migrations.0022_words_that_hold").change
    for slug, words in SECTIONS:
        for block in apps.get_model("pages", "ContentBlock").objects.filter(slug=slug):
            change(block, "body", words)


class Migration(migrations.Migration):
    dependencies = [("pages", "0023_sound_of_an_answer")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
