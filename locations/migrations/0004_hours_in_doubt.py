"""The national number 116 006 says its days, not its hours, which the sources contradict. What somebody wrote stays."""

from django.db import migrations

BEFORE, AFTER = "tous les jours, de 9 h à 19 h", "tous les jours"


def leave_out(apps, schema_editor):
    rows = apps.get_model("locations", "Partner").objects
    rows.filter(kind="national", telephone="116 006", telephone_hours=BEFORE).update(telephone_hours=AFTER)


class Migration(migrations.Migration):
    dependencies = [("locations", "0003_municipality_largest")]

    operations = [migrations.RunPython(leave_out, migrations.RunPython.noop)]
