from django.db import migrations, models


class Migration(migrations.Migration):
    """Numbers that administrators set in the place of the code's."""

    dependencies = [("reports", "0013_transmission")]

    operations = [
        migrations.CreateModel(
            name="HouseRule",
            fields=[
                (
                    "key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="règle"),
                ),
                ("value", models.PositiveIntegerField(verbose_name="nombre")),
            ],
            options={
                "verbose_name": "règle du service",
                "verbose_name_plural": "règles du service",
                "ordering": ["key"],
            },
        ),
    ]
