"""Whoever writes to 114 so that nobody hears is told to turn the phone's sound off first: its answer makes it ring.

The result « Je suis en danger maintenant » said so, and these pages only that 114 is discreet. A minor who is afraid at
home read the 17 alone. Each change is made as those of 0022 are, where its sentence still stands. A process of the version
before shows these rows like any other.
"""

from importlib import import_module

from django.db import migrations

FRENCH, TU, ENGLISH = ("fr", "body"), ("fr", "body_tu"), ("en", "body")
BEFORE = "aussi quand il faut rester discret."
SECTIONS = [
    ("numeros-sans-parler", {
        FRENCH: (BEFORE, "aussi quand il faut rester discret : coupez d'abord le son du téléphone."),
        TU: (BEFORE, "aussi quand il faut rester discret : coupe d'abord le son du téléphone."),
        ENGLISH: (
            "also when one must stay unnoticed.",
            "also when one must stay unnoticed: first turn off the sound of the phone.",
        ),
    }),
    ("mineurs-test", {
        FRENCH: (
            "En danger maintenant : [17](tel:17).",
            "En danger maintenant : [17](tel:17). Tu ne peux pas parler : coupe le son, puis [114](sms:114) par SMS.",
        ),
        ENGLISH: (
            "In danger now: [17](tel:17).",
            "In danger now: [17](tel:17). You cannot speak: turn off the sound, then [114](sms:114) by text message.",
        ),
    }),
    ("simple-appeler", {
        FRENCH: ("Tu ne peux pas parler ? Écris au", "Tu ne peux pas parler ? Coupe le son. Puis écris au"),
        ENGLISH: ("You cannot speak? Write to", "You cannot speak? Turn off the sound. Then write to"),
    }),
]  # fmt: skip


def say(apps, schema_editor):
    """Bounded by the changes above: some queries for each."""
    change = import_module("pnav.pages.migrations.0022_words_that_hold").change
    for slug, words in SECTIONS:
        for block in apps.get_model("pages", "ContentBlock").objects.filter(slug=slug):
            change(block, "body", words)


class Migration(migrations.Migration):
    dependencies = [("pages", "0022_words_that_hold")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
