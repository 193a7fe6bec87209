import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

WATCHED = [
    ("wait", "Attente d'une personne"),
    ("wait_urgent", "Attente d'une personne en urgence"),
    ("silence", "Silence de l'agent"),
    ("on_duty", "Agents disponibles"),
]
MEETINGS = [("phone", "Par téléphone"), ("in_person", "En personne"), ("video", "En visioconférence")]
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
]


def weigh(apps, schema_editor):
    """What is open and critical fills two places from now on."""
    conversations = apps.get_model("chat", "Conversation").objects
    conversations.filter(status__in=["waiting", "active"], urgency__gte=2).update(weight=2)


def write_thresholds(apps, schema_editor):
    """As in chat.rules.service_level.DEFAULTS, so that administrators find them."""
    for kind, limit in [("wait", 3), ("wait_urgent", 1), ("silence", 5), ("on_duty", 1)]:
        apps.get_model("chat", "Threshold").objects.create(kind=kind, limit=limit)


class Migration(migrations.Migration):
    """Weight, pauses that end by themselves, requests for a talk, thresholds, the index of the history."""

    dependencies = [("chat", "0003_resume_code_of_words")]

    operations = [
        migrations.AddField("conversation", "weight", models.PositiveSmallIntegerField(default=1, db_default=1)),
        migrations.AddField(
            "agent", "pause_until", models.DateTimeField(blank=True, editable=False, null=True)
        ),
        migrations.AlterField(
            "agent",
            "capacity",
            models.PositiveSmallIntegerField(
                default=3,
                help_text="Nombre de places : un échange en prend une, un échange grave en prend deux.",
                verbose_name="capacité",
            ),
        ),
        migrations.AlterField("conversationevent", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.CreateModel(
            name="Debrief",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("asked_at", models.DateTimeField()),
                ("sealed_words", models.BinaryField()),
                ("meet_at", models.DateTimeField(blank=True, null=True)),
                ("meet_how", models.CharField(blank=True, choices=MEETINGS, max_length=20)),
                ("ends_at", models.DateTimeField()),
                (
                    "agent",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="chat.agent"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["ends_at"], name="debrief_end")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(meet_at__isnull=True, meet_how="")
                        | Q(meet_at__isnull=False, meet_how__in=[value for value, _label in MEETINGS]),
                        name="debrief_answer_is_whole",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Threshold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=WATCHED, max_length=20, unique=True, verbose_name="seuil"),
                ),
                (
                    "limit",
                    models.PositiveSmallIntegerField(
                        help_text="En minutes ; en nombre d'agents pour « Agents disponibles ».", verbose_name="limite"
                    ),
                ),
                (
                    "warn_percent",
                    models.PositiveSmallIntegerField(
                        default=70,
                        help_text="Part de la limite à partir de laquelle le tableau prévient.",
                        verbose_name="prévenir à (%)",
                    ),
                ),
            ],
            options={
                "verbose_name": "seuil d'alerte",
                "verbose_name_plural": "seuils d'alerte",
                "ordering": ["kind"],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(kind__in=[value for value, _label in WATCHED]), name="threshold_kind_known"
                    ),
                    models.CheckConstraint(condition=Q(limit__gte=1, limit__lte=1440), name="threshold_within_a_day"),
                    models.CheckConstraint(
                        condition=Q(warn_percent__gte=10, warn_percent__lte=100), name="threshold_warns"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            "conversation",
            models.CheckConstraint(condition=Q(weight__gte=1, weight__lte=2), name="conversation_weight"),
        ),
        migrations.AddIndex("conversation", models.Index(fields=["opened_at"], name="conversation_opened")),
        migrations.AddConstraint(
            "agent",
            models.CheckConstraint(
                condition=Q(availability="pause") | Q(pause_until__isnull=True), name="agent_pause_ends_only_in_pause"
            ),
        ),
        migrations.RunPython(weigh, migrations.RunPython.noop),
        migrations.RunPython(write_thresholds, migrations.RunPython.noop),
    ]
