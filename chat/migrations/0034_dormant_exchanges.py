"""When an exchange whose person is not there any more was put to rest, when its agent typed there, and the two lines of
the history for it."""

from django.db import migrations, models

KINDS = [
    ("opened", "Ouvert"),
    ("assigned", "Pris en charge"),
    ("released", "Rendu à la file : agent perdu"),
    ("asleep", "Rendu à la file : page de la personne en veille"),
    ("dormant", "Mis en veille : la personne n'est plus là"),
    ("awake", "De retour : l'échange n'est plus en veille"),
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


class Migration(migrations.Migration):
    safe_because = {
        "new-value conversationevent.kind": "The version before draws the history by `label_of`, which shows a kind that "
        "it does not know as it is stored, and decides nothing by one.",
    }
    dependencies = [("chat", "0033_worker_status")]

    operations = [
        migrations.AddField("conversation", "dormant_since", models.DateTimeField(editable=False, null=True)),
        migrations.AddField("conversation", "agent_typed_at", models.DateTimeField(editable=False, null=True)),
        migrations.AlterField("conversationevent", "kind", models.CharField(choices=KINDS, max_length=20)),
    ]
