"""Since when an agent was not seen, and when they came back: said to them until they have read it."""

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the index is made while people are answered

    dependencies = [("chat", "0017_bounds_of_an_exchange"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField("agent", "absent_from", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("agent", "absent_until", models.DateTimeField(blank=True, editable=False, null=True)),
        AddIndexConcurrently(
            "conversationevent",
            models.Index(condition=models.Q(("kind", "assigned")), fields=["by", "at"], name="event_given"),
        ),
    ]
