import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """The data key of an exchange, in its report, and those that wait to be erased (docs/adr/0081)."""

    dependencies = [("reports", "0026_captures")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="data_key",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="data_key_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="KeyErasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("data_key", models.UUIDField(unique=True)),
                ("noted_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
    ]
