"""Rules within a century, so that their dates exist; a freeze that is asked for again adds nothing."""

import django.core.validators
from django.db import migrations, models
from django.db.models.functions import Least

DAYS_MAX = 36_500


def bring_within(apps, schema_editor):
    numbers = {name: Least(name, DAYS_MAX) for name in ("days", "grace_days", "digest_days")}
    apps.get_model("reports", "RetentionRule").objects.update(**numbers)


class Migration(migrations.Migration):

    dependencies = [
        ("reports", "0008_first_rules"),
    ]

    operations = [
        migrations.RunPython(bring_within, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="retentionrule",
            name="days",
            field=models.PositiveIntegerField(
                help_text="Depuis le dernier geste de l'un ou de l'autre. Pour une demande d'effacement : le délai de réponse.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(DAYS_MAX),
                ],
                verbose_name="durée (jours)",
            ),
        ),
        migrations.AlterField(
            model_name="retentionrule",
            name="grace_days",
            field=models.PositiveIntegerField(
                help_text="S'ajoute à la durée : suppression à la fin des deux. Un ajout pendant ce délai repousse la fin.",
                validators=[django.core.validators.MaxValueValidator(DAYS_MAX)],
                verbose_name="délai de grâce (jours)",
            ),
        ),
        migrations.AlterField(
            model_name="retentionrule",
            name="digest_days",
            field=models.PositiveIntegerField(
                help_text="Les personnes concernées en sont averties avant la fin de la durée.",
                validators=[django.core.validators.MaxValueValidator(DAYS_MAX)],
                verbose_name="annonce (jours avant)",
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(days__lte=DAYS_MAX, grace_days__lte=DAYS_MAX, digest_days__lte=DAYS_MAX),
                name="retention_is_a_date",
            ),
        ),
        migrations.AddField(model_name="freeze", name="held_before", field=models.DateTimeField(null=True)),
    ]
