from django.db import migrations, models


class Migration(migrations.Migration):
    """The data key of an exchange, in its conversation: none in what is there already (docs/adr/0081)."""

    dependencies = [("chat", "0034_dormant_exchanges")]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="data_key",
            field=models.UUIDField(editable=False, null=True),
        ),
    ]
