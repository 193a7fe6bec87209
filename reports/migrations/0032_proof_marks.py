from django.db import migrations, models


class Migration(migrations.Migration):
    """How far the tree of a day looked, for that of the next. A worker of the version before leaves none, and asks all."""

    dependencies = [
        ("reports", "0031_redundant_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="proofday",
            name="marks",
            field=models.JSONField(editable=False, null=True),
        ),
    ]
