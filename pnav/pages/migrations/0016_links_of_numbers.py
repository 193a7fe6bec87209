from django.db import migrations, models


class Migration(migrations.Migration):
    """A number may be read without a link: where no source says whether one calls it or writes to it."""

    dependencies = [("pages", "0015_hours_in_doubt")]

    operations = [
        migrations.AddField(
            model_name="helpnumber",
            name="has_link",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text=(
                    "Décoché : le numéro se lit sans lien, tant qu'aucune source ne dit s'il s'appelle ou s'y écrit."
                ),
                verbose_name="avec un lien",
            ),
        ),
    ]
