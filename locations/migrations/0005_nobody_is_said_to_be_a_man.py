"""The presentation of the 3114 takes no reader for a man. What somebody wrote stays."""

from django.db import migrations

BEFORE = "Si vous pensez au suicide, ou si vous êtes inquiet pour quelqu'un. Gratuit."
AFTER = "Si vous pensez au suicide, ou si vous avez peur pour quelqu'un. Gratuit."


def write_anew(apps, schema_editor):
    rows = apps.get_model("locations", "Partner").objects
    rows.filter(kind="national", telephone="3114", presentation=BEFORE).update(presentation=AFTER)


class Migration(migrations.Migration):
    dependencies = [("locations", "0004_hours_in_doubt")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop)]
