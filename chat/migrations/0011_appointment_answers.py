"""The person answers a unit's appointment: two more states, which may come more than once."""

from django.db import migrations, models
from django.db.models import Q

STATES = [
    ("asked", "Accord demandé"),
    ("refused", "Refusé par la personne"),
    ("sent", "Transmis"),
    ("read", "Lu"),
    ("meeting", "Rendez-vous proposé"),
    ("accepted", "Rendez-vous accepté"),
    ("declined", "Rendez-vous refusé"),
    ("closed", "Clos, voici pourquoi"),
    ("withdrawn", "Retiré"),
]


class Migration(migrations.Migration):
    dependencies = [("chat", "0010_rules_and_replies")]
    operations = [
        migrations.RemoveConstraint("transmission", "transmission_state_known"),
        migrations.RemoveConstraint("transmission", "transmission_received_was_sent"),
        migrations.RemoveConstraint("transmission", "transmission_running_once_a_unit"),
        migrations.RemoveConstraint("transmissionstep", "transmission_step_once"),
        migrations.AlterField("transmission", "state", models.CharField(choices=STATES, max_length=20)),
        migrations.AlterField("transmissionstep", "state", models.CharField(choices=STATES, max_length=20)),
        migrations.AddConstraint(
            "transmission",
            models.CheckConstraint(
                condition=Q(state__in=[value for value, _label in STATES]), name="transmission_state_known"
            ),
        ),
        migrations.AddConstraint(
            "transmission",
            models.CheckConstraint(
                condition=Q(
                    state__in=["accepted", "closed", "declined", "meeting", "read", "sent"], sent_at__isnull=False
                )
                | Q(state__in=["asked", "refused"], sent_at__isnull=True)
                | Q(state="withdrawn"),
                name="transmission_received_was_sent",
            ),
        ),
        migrations.AddConstraint(
            "transmission",
            models.UniqueConstraint(
                fields=["conversation", "point"],
                condition=Q(state__in=["accepted", "declined", "meeting", "read", "sent"]),
                name="transmission_running_once_a_unit",
            ),
        ),
        migrations.AddConstraint(
            "transmissionstep",
            models.UniqueConstraint(
                fields=["transmission", "state"],
                condition=~Q(state__in=["accepted", "declined", "meeting"]),
                name="transmission_step_once",
            ),
        ),
    ]
