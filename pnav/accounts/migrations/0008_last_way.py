from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_bound_second_factors"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="last_way",
            field=models.CharField(blank=True, default="", editable=False, max_length=60),
        ),
    ]
