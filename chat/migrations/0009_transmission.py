import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

KINDS = [
    ("opened", "Ouvert"),
    ("assigned", "Pris en charge"),
    ("released", "Rendu à la file : agent perdu"),
    ("parked", "Mis de côté : la personne a quitté le site"),
    ("resumed", "Repris avec le code"),
    ("abandoned", "Abandonné"),
    ("closed", "Terminé"),
    ("urgency", "Urgence modifiée"),
    ("weight", "Places modifiées"),
    ("held", "Retour promis"),
    ("hold_lifted", "De retour"),
    ("noted", "Note écrite"),
    ("asked", "Question à des collègues"),
    ("proposed", "Proposition faite"),
    ("proposal_said", "Réponse à une proposition, dite dans l'échange"),
    ("emergency", "Procédure d'urgence ouverte"),
    ("emergency_ended", "Procédure d'urgence terminée"),
    ("transmission", "Transmission à une unité"),
    ("passage", "Passage proposé"),
    ("summary", "Résumé relu par la personne"),
    ("handed_over", "Passé à un collègue"),
    ("kept", "Passage sans suite"),
    ("transferred", "Transféré par la file"),
    ("reassigned", "Confié par un superviseur"),
    ("joined", "Rejoint par un superviseur"),
    ("left", "Quitté par un superviseur"),
    ("whispered", "Mot d'un superviseur à l'agent"),
    ("stays", "Fin de service : l'agent reste jusqu'au bout"),
]
WATCHED = [
    ("wait", "Attente d'une personne"),
    ("wait_urgent", "Attente d'une personne en urgence"),
    ("silence", "Silence de l'agent"),
    ("on_duty", "Agents disponibles"),
    ("unread", "Transmission non lue par l'unité"),
]
STATES = [
    ("asked", "Accord demandé"),
    ("refused", "Refusé par la personne"),
    ("sent", "Transmis"),
    ("read", "Lu"),
    ("meeting", "Rendez-vous proposé"),
    ("closed", "Clos, voici pourquoi"),
    ("withdrawn", "Retiré"),
]
BASES = [
    ("agreed", "avec l'accord de la personne"),
    ("urgent", "sans l'accord de la personne, en urgence"),
]


def write_threshold(apps, schema_editor):
    """As in chat.rules.service_level.DEFAULTS, so that administrators find it."""
    apps.get_model("chat", "Threshold").objects.get_or_create(kind="unread", defaults={"limit": 120})


def key():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def account():
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    """What goes from a conversation to a unit, the unit's accounts, the code of the suites, their threshold."""

    dependencies = [
        ("chat", "0008_handover"),
        ("locations", "0002_opening_hours_help"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField("conversationevent", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.AlterField(
            "threshold", "kind", models.CharField(choices=WATCHED, max_length=20, unique=True, verbose_name="seuil")
        ),
        migrations.RemoveConstraint("threshold", "threshold_kind_known"),
        migrations.AddConstraint(
            "threshold",
            models.CheckConstraint(
                condition=Q(kind__in=[value for value, _label in WATCHED]), name="threshold_kind_known"
            ),
        ),
        migrations.CreateModel(
            name="UnitAccount",
            fields=[
                ("id", key()),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unit_account",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "point",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="locations.receptionpoint",
                        verbose_name="point d'accueil",
                    ),
                ),
            ],
            options={"verbose_name": "compte d'unité", "verbose_name_plural": "comptes d'unité"},
        ),
        migrations.CreateModel(
            name="Transmission",
            fields=[
                ("id", key()),
                ("sealed_words", models.BinaryField()),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("state", models.CharField(choices=STATES, max_length=20)),
                ("basis", models.CharField(blank=True, choices=BASES, max_length=20)),
                ("file_number", models.CharField(max_length=14, null=True, unique=True)),
                ("made_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "conversation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transmissions",
                        to="chat.conversation",
                    ),
                ),
                ("made_by", account()),
                (
                    "point",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="locations.receptionpoint",
                    ),
                ),
            ],
            options={
                "verbose_name": "transmission",
                "verbose_name_plural": "transmissions",
                "ordering": ["made_at", "pk"],
                "indexes": [
                    models.Index(fields=["point", "sent_at"], name="transmission_received"),
                    models.Index(fields=["sent_at"], name="transmission_unread", condition=Q(state="sent")),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(state__in=[value for value, _label in STATES]), name="transmission_state_known"
                    ),
                    models.CheckConstraint(
                        condition=Q(sent_at__isnull=True, file_number__isnull=True, basis="")
                        | Q(
                            sent_at__isnull=False,
                            file_number__isnull=False,
                            basis__in=[value for value, _label in BASES],
                        ),
                        name="transmission_sending_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=Q(state__in=["closed", "meeting", "read", "sent"], sent_at__isnull=False)
                        | Q(state__in=["asked", "refused"], sent_at__isnull=True)
                        | Q(state="withdrawn"),
                        name="transmission_received_was_sent",
                    ),
                    models.CheckConstraint(
                        condition=Q(sent_at__isnull=True) | Q(sent_at__gte=F("made_at")), name="transmission_sent_later"
                    ),
                    models.UniqueConstraint(
                        fields=["conversation"], condition=Q(state="asked"), name="transmission_asked_one_at_a_time"
                    ),
                    models.UniqueConstraint(
                        fields=["conversation", "point"],
                        condition=Q(state__in=["meeting", "read", "sent"]),
                        name="transmission_running_once_a_unit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TransmissionStep",
            fields=[
                ("id", key()),
                ("sealed_words", models.BinaryField()),
                ("number", models.PositiveSmallIntegerField()),
                ("state", models.CharField(choices=STATES, max_length=20)),
                ("at", models.DateTimeField()),
                ("meets_at", models.DateTimeField(null=True)),
                ("by", account()),
                (
                    "transmission",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="chat.transmission"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=["transmission", "number"], name="transmission_step_numbered"),
                    models.UniqueConstraint(
                        fields=["transmission", "state"], condition=~Q(state="meeting"), name="transmission_step_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(state="meeting", meets_at__isnull=False)
                        | Q(~Q(state="meeting"), meets_at__isnull=True),
                        name="transmission_meeting_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                ("id", key()),
                ("code_digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("issued_at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "conversation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="follow_up", to="chat.conversation"
                    ),
                ),
            ],
            options={
                "verbose_name": "code des suites",
                "verbose_name_plural": "codes des suites",
                "indexes": [
                    models.Index(fields=["until"], name="follow_up_end", condition=Q(until__isnull=False)),
                ],
            },
        ),
        migrations.RunPython(write_threshold, migrations.RunPython.noop),
    ]
