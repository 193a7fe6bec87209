from django.db import migrations, models
from django.db.models import Q

ROLES = [
    ("agent", "Agent"),
    ("supervisor", "Superviseur"),
    ("custodian", "Référent levée d'anonymat"),
    ("psychologist", "Psychologue"),
    ("unit", "Unité (point d'accueil)"),
    ("analyst", "Analyste (chiffres seulement)"),
    ("administrator", "Administrateur"),
]


class Migration(migrations.Migration):
    """A role for who reads the figures of the service, and nothing else."""

    safe_because = {
        "new-value user.role": "A process of the version before gives an account of this role no room: it answers 403.",
        "constraint user.user_role": "There are some hundred accounts: the check reads them in a millisecond.",
    }

    dependencies = [("accounts", "0011_pending_changes")]

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
