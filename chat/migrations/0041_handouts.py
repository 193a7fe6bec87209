import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0040_redundant_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="capture",
            name="sent_by",
            field=models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="chat.agent"
            ),
        ),
    ]
