from django.db import migrations, models


class Migration(migrations.Migration):
    """A request for erasure knows when its words were asked for, so that of two presses the later one's words stay.

    A process of the version before leaves the column as it is: its words are then replaced by whichever press ends
    later, as they were before.
    """

    dependencies = [
        ("reports", "0042_former_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="erasurerequest",
            name="code_asked_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
