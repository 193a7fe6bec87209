"""Two of the first replies speak to who suffers the facts: « Vous pouvez porter plainte », « verrouiller vos comptes ».

A reply that somebody changed, in either voice, stays offered to everybody until an administrator says otherwise.
"""

from importlib import import_module

from django.db import migrations

TITLES = ("Parler de la plainte", "Premiers gestes")


def say_to_whom(apps, schema_editor):
    first = import_module("chat.migrations.0006_replies")
    rows = apps.get_model("chat", "CannedReply").objects
    for title, vous, tu in first.REPLIES:
        if title in TITLES:
            rows.filter(title=title, vous=vous, tu=tu, audience="").update(audience="victim")


class Migration(migrations.Migration):
    dependencies = [("chat", "0044_audience_of_replies")]

    operations = [migrations.RunPython(say_to_whom, migrations.RunPython.noop)]
