"""116 006 answers every day in the daytime: its sources disagree on 7 or 8 pm, and agree that it is closed at night.

Hours that somebody wrote stay. A process of the version before shows these rows like any other.
"""

from django.db import migrations

NUMBER, BEFORE, AFTER = "116 006", "tous les jours", "tous les jours, en journée"


def write_anew(apps, schema_editor):
    """One statement, of a row or so."""
    national = apps.get_model("locations", "Partner").objects.filter(kind="national")
    national.filter(telephone=NUMBER, telephone_hours=BEFORE).update(telephone_hours=AFTER)


class Migration(migrations.Migration):
    dependencies = [("locations", "0006_national_numbers")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop)]
