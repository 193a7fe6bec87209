from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0037_proof_of_date"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="copy_by_code",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
