from django.db import migrations, models


class Migration(migrations.Migration):
    """A supervisor gives somebody who waits to an agent, which the history says (docs/adr/0138)."""

    safe_because = {
        "new-value conversationevent.kind": "The version before draws the history by `label_of`, which shows a kind that "
        "it does not know by its value: nothing fails on such a line.",
    }

    dependencies = [
        ('chat', '0062_list_order'),
    ]

    operations = [
        migrations.AlterField(
            model_name='conversationevent',
            name='kind',
            field=models.CharField(choices=[('opened', 'Ouvert'), ('assigned', 'Pris en charge'), ('released', 'Rendu à la file : agent perdu'), ('asleep', 'Rendu à la file : page de la personne en veille'), ('dormant', "Mis en veille : la personne n'est plus là"), ('awake', "De retour : l'échange n'est plus en veille"), ('parked', 'Mis de côté : la personne a quitté le site'), ('resumed', 'Repris avec le code'), ('abandoned', 'Abandonné'), ('closed', 'Terminé'), ('urgency', 'Urgence modifiée'), ('danger_dealt', 'Mots de suicide ou de danger : pris en compte'), ('weight', 'Places modifiées'), ('held', 'Retour promis'), ('hold_lifted', 'De retour'), ('noted', 'Note écrite'), ('asked', 'Question à des collègues'), ('proposed', 'Proposition faite'), ('proposal_said', "Réponse à une proposition, dite dans l'échange"), ('emergency', "Procédure d'urgence ouverte"), ('emergency_ended', "Procédure d'urgence terminée"), ('transmission', 'Transmission à une unité'), ('passage', 'Passage proposé'), ('summary', 'Résumé relu par la personne'), ('handed_over', 'Passé à un collègue'), ('kept', 'Passage sans suite'), ('transferred', 'Transféré par la file'), ('reassigned', 'Confié par un superviseur'), ('given', 'Confié par un superviseur, sans attendre son tour'), ('joined', 'Rejoint par un superviseur'), ('left', 'Quitté par un superviseur'), ('whispered', "Mot d'un superviseur à l'agent"), ('stays', "Fin de service : l'agent reste jusqu'au bout")], max_length=20),
        ),
    ]
