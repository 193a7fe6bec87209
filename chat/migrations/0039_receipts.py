from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0038_own_copy"),
    ]

    operations = [
        migrations.CreateModel(
            name="Receipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("filed_on", models.DateField()),
                ("until", models.DateField()),
            ],
            options={
                "verbose_name": "récépissé",
                "verbose_name_plural": "récépissés",
                "indexes": [models.Index(fields=["until"], name="receipt_end")],
            },
        ),
    ]
