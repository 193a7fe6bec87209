"""Whether the page of a person who waits said that it went out of sight, and that a sleeping page was passed over."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0018_absences")]

    operations = [
        migrations.AddField(
            "conversation", "reporter_is_hidden", models.BooleanField(db_default=False, default=False, editable=False)
        ),
    ]
