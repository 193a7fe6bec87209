from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_session_generation"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="confirmed_link",
            field=models.CharField(blank=True, default="", editable=False, max_length=64),
        ),
    ]
