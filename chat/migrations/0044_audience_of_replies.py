from django.db import migrations, models


class Migration(migrations.Migration):
    """A shared reply says to whom it speaks: to anybody, to who suffers the facts, or to who helps."""

    dependencies = [("chat", "0043_what_a_day_brought")]

    operations = [
        migrations.AddField(
            model_name="cannedreply",
            name="audience",
            field=models.CharField(
                blank=True,
                choices=[
                    ("victim", "qui subit les faits"),
                    ("helper", "qui aide : témoin, proche, professionnel"),
                ],
                db_default="",
                default="",
                help_text="Vide : toute personne. Qui aide ne lit jamais une phrase écrite pour qui subit les faits.",
                max_length=10,
                verbose_name="qui la lit",
            ),
        ),
    ]
