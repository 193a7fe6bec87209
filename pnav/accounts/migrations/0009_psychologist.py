from django.db import migrations, models
from django.db.models import Q

ROLES = [
    ("agent", "Agent"),
    ("supervisor", "Superviseur"),
    ("custodian", "Référent levée d'anonymat"),
    ("psychologist", "Psychologue"),
    ("administrator", "Administrateur"),
]


class Migration(migrations.Migration):
    """A role for who receives agents, out of the hierarchy's sight."""

    dependencies = [("accounts", "0008_last_way")]

    operations = [
        migrations.AlterField(
            "user", "role", models.CharField(choices=ROLES, max_length=20, verbose_name="rôle")
        ),
        migrations.RemoveConstraint("user", "user_role"),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(condition=Q(role__in=[value for value, _label in ROLES]), name="user_role"),
        ),
    ]
