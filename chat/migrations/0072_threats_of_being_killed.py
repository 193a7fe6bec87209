"""« il dit qu'il va me tuer » is a threat. A phrase of the first list took it for words of suicide too, which are about
what somebody tells the person to do: « il me dit de me tuer ». « il a dit qu'il allait me tuer » had that mark alone.
"""

from django.db import migrations

BEFORE, NOW = "dit/disent/dire/dis … me tuer", "dit/disent/dire/dis … de me tuer"
THREAT = "allait/allaient/vienne/viendra/viendrait/peut/pourrait me/nous tuer/buter/planter/egorger/violer"


def narrow(apps, schema_editor):
    """A phrase that an administrator has changed or removed meanwhile stays as it is. The way back leaves it narrow."""
    rows = apps.get_model("chat", "DangerPhrase").objects
    if not rows.filter(phrase=NOW).exists():
        rows.filter(phrase=BEFORE).update(phrase=NOW)
    rows.get_or_create(phrase=THREAT, defaults={"kind": "danger"})


class Migration(migrations.Migration):
    dependencies = [("chat", "0071_debrief_seen_and_withdrawn")]

    operations = [migrations.RunPython(narrow, migrations.RunPython.noop)]
