"""A code that was made for the person's copy alone, which was switched off again, ends like a code de reprise.

Such codes had no end and opened nothing. A code without an end opens « Suites » now, so these would have opened it
again. A removal that was answered is deleted, so a code that was made for one cannot be told from them and ends too; it
opened nothing either. A process of the version before may still leave such a code behind while it is replaced.
"""

from datetime import timedelta

from django.db import migrations
from django.db.models import Exists, OuterRef
from django.utils import timezone

LIFE = timedelta(hours=72)  # the default of `common.service_settings.definitions.CODE_LIFE`


def give_an_end(apps, schema_editor):
    """One statement over the codes of « Suites », of which each conversation has one at most."""
    something = [
        Exists(apps.get_model("chat", name).objects.filter(conversation=OuterRef("conversation")))
        for name in ("Transmission", "RemovalRequest")
    ]
    rows = apps.get_model("chat", "FollowUp").objects.filter(until__isnull=True, conversation__copy_by_code=False)
    rows.exclude(something[0]).exclude(something[1]).update(until=timezone.now() + LIFE)


class Migration(migrations.Migration):
    dependencies = [("chat", "0069_parents_and_hours")]

    operations = [migrations.RunPython(give_an_end, migrations.RunPython.noop)]
