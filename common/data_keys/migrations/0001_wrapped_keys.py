import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    """The keys of exchanges, wrapped: where DATA_KEYS_DATABASE_URL is set, the only table of that database."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="WrappedKey",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("wrapped", models.BinaryField()),
                ("made_on", models.DateField()),
            ],
        ),
    ]
