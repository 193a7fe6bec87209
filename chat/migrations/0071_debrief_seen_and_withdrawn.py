"""Whether an agent has read the psychologist's answer, and whether they withdrew an answered request.

A process of the version before neither reads nor writes these columns: it shows a withdrawn request as one that stands,
to its agent and to the psychologist, and either may delete it there.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0070_codes_of_a_copy_end")]

    operations = [
        migrations.AddField("debrief", "answer_seen_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("debrief", "withdrawn_at", models.DateTimeField(blank=True, null=True)),
    ]
