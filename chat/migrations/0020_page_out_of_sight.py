"""Whether the page of a person who waits said that it went out of sight; and the line of the history for whoever slept
through their turn."""

from django.db import migrations, models

KINDS = [
    ("opened", "Ouvert"),
    ("assigned", "Pris en charge"),
    ("released", "Rendu à la file : agent perdu"),
    ("asleep", "Rendu à la file : page de la personne en veille"),
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
        "new-value conversationevent.kind": "A console of the version before cannot draw the history of an exchange with "
        "such a line: its web processes are stopped when the new ones take over (CHANGELOG).",
    }
    dependencies = [("chat", "0019_variables_of_replies")]

    operations = [
        migrations.AddField(
            "conversation", "reporter_is_hidden", models.BooleanField(db_default=False, default=False, editable=False)
        ),
        migrations.AlterField("conversationevent", "kind", models.CharField(choices=KINDS, max_length=20)),
    ]
