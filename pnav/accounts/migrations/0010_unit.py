from django.db import migrations, models
from django.db.models import Q

ROLES = [
    ("agent", "Agent"),
    ("supervisor", "Superviseur"),
    ("custodian", "Référent levée d'anonymat"),
    ("psychologist", "Psychologue"),
    ("unit", "Unité (point d'accueil)"),
    ("administrator", "Administrateur"),
]


class Migration(migrations.Migration):
    """A role for who reads, at one point d'accueil, what agents transmit to it."""

    dependencies = [("accounts", "0009_psychologist")]

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
