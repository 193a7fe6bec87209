from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep what pages of figures show, counted ahead of who asks."""

    dependencies = [
        ("chat", "0047_replies_to_helpers"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptReading",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("told", models.JSONField()),
            ],
            options={
                "verbose_name": "lecture gardée",
                "verbose_name_plural": "lectures gardées",
            },
        ),
    ]
