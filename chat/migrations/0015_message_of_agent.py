"""The last word of an agent is found in one look. Made while messages are written: nothing is held up."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("chat", "0014_on_call")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                condition=models.Q(("author", "agent")), fields=["conversation", "-seq"], name="message_of_agent"
            ),
        ),
    ]
