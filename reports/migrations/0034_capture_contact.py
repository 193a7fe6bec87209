from django.db import migrations, models


class Migration(migrations.Migration):
    """Whom the service names for a capture that it may be an offence to hold."""

    dependencies = [
        ("reports", "0033_growing_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="CaptureContact",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="La personne, ou la permanence, que la décision de l'exploitant désigne.",
                        max_length=120,
                        verbose_name="nom et fonction",
                    ),
                ),
                (
                    "reach",
                    models.CharField(
                        help_text=(
                            "Un téléphone, une adresse interne. Les agents et les superviseurs le lisent, "
                            "personne d'autre."
                        ),
                        max_length=160,
                        verbose_name="comment la prévenir",
                    ),
                ),
            ],
            options={
                "verbose_name": "personne à prévenir (captures)",
                "verbose_name_plural": "personne à prévenir (captures)",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="capture_contact_is_one")],
            },
        ),
    ]
