"""Words by which a shared reply is found, besides those that it says."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "0058_dossier_layout")]

    operations = [
        migrations.AddField(
            model_name="cannedreply",
            name="words",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text=(
                    "Pour la trouver aussi avec des mots qu'elle ne dit pas : mineur, parent… La personne ne les lit pas."
                ),
                max_length=200,
                verbose_name="autres mots",
            ),
        ),
    ]
