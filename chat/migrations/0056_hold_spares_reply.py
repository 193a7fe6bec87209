from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0055_threats_in_english")]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="spares_reply",
            field=models.BooleanField(default=False, db_default=False),
        ),
    ]
