"""The 3114 is presented without a person, for minors read it too; the 3919 has its hours, which are settled.

Source of the hours: Libération, 03/02/2026; France Inter, 2021. A presentation or hours that somebody wrote stay.
"""

from django.db import migrations

BEFORE = "Si vous pensez au suicide, ou si vous avez peur pour quelqu'un. Gratuit."
AFTER = "Pour qui pense au suicide, ou a peur pour quelqu'un. Gratuit."
HOURS = "jour et nuit, tous les jours"


def write_anew(apps, schema_editor):
    """Two statements, of a row or so each."""
    national = apps.get_model("locations", "Partner").objects.filter(kind="national")
    national.filter(telephone="3114", presentation=BEFORE).update(presentation=AFTER)
    national.filter(telephone="3919", telephone_hours="").update(telephone_hours=HOURS)


class Migration(migrations.Migration):
    dependencies = [("locations", "0005_nobody_is_said_to_be_a_man")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop)]
