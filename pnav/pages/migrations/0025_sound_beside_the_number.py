"""The card of 114 on « Les numéros utiles » says itself that the sound of the phone comes off first: its answer rings.

It is where somebody whom nobody must hear takes the number from, and the section that says so is below all cards. The
change is made as those of 0022 are, where its sentence still stands. A process of the version before shows the row like
any other.
"""

from importlib import import_module

from django.db import migrations

NUMBER = "114"
AUDIENCE = {
    ("fr", "audience"): (": SMS, tchat ou vidéo", ": SMS, tchat ou vidéo. Coupez d'abord le son du téléphone."),
    ("fr", "audience_tu"): (": SMS, tchat ou vidéo", ": SMS, tchat ou vidéo. Coupe d'abord le son du téléphone."),
    ("en", "audience"): (": text, chat or video", ": text, chat or video. First turn off the sound of the phone."),
}  # fmt: skip


def say(apps, schema_editor):
    """Bounded by one number: some queries."""
    change = import_module("pnav.pages.migrations.0022_words_that_hold").change
    for number in apps.get_model("pages", "HelpNumber").objects.filter(number=NUMBER):
        if number.audience.endswith(AUDIENCE["fr", "audience"][0]):
            change(number, "audience", AUDIENCE)


class Migration(migrations.Migration):
    dependencies = [("pages", "0024_prosecutor_for_minors")]

    operations = [migrations.RunPython(say, migrations.RunPython.noop)]
