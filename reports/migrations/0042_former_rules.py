from django.db import migrations, models


class Migration(migrations.Migration):
    """A rule that was made shorter remembers the former one, which holds until it is in force (docs/adr/0033).

    A process of the version before leaves both columns empty: nothing is then deleted until the rule is in force.
    """

    dependencies = [
        ("reports", "0041_given_out_of_turn"),
    ]

    operations = [
        migrations.AddField(
            model_name="retentionrule",
            name="former_days",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="retentionrule",
            name="former_grace_days",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
    ]
