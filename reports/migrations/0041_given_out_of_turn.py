from django.db import migrations, models


class Migration(migrations.Migration):
    """Somebody who is given by a supervisor while they wait has a line in the register (docs/adr/0138)."""

    safe_because = {
        "new-value accessrecord.kind": "The register of the version before shows an unknown kind by its value, and lists "
        "by the kinds that it knows: nothing fails on such a line.",
    }

    dependencies = [
        ('reports', '0040_idle_agents'),
    ]

    operations = [
        migrations.AlterField(
            model_name='accessrecord',
            name='kind',
            field=models.CharField(choices=[('reading', 'Lecture'), ('search', 'Recherche'), ('export', 'Export'), ('paper', "Document de l'échange, par son interlocuteur"), ('copy', 'Copie donnée à la personne'), ('transmitted', 'Résumé transmis à une unité'), ('transmission', "Lecture d'un résumé, par l'unité"), ('opening', "Levée d'anonymat"), ('retention', 'Suppression'), ('freeze', 'Gel de la conservation'), ('erasure', "Demande d'effacement"), ('reassignment', 'Échange confié à un autre agent'), ('given', 'Personne en attente confiée par un superviseur'), ('on_call', 'Astreinte'), ('whisper', "Mot d'un superviseur à l'agent"), ('agent_paused', 'Agent mis en pause par un superviseur'), ('agent_idle', 'Agent mis en pause : pas de signe'), ('group_closed', 'Échange terminé avec des arrivées semblables'), ('capture_original', "Original d'une capture, par l'unité"), ('capture_locked', 'Capture mise de côté'), ('approval', "Administration : accord d'une deuxième personne"), ('admin_add', 'Administration : ajout'), ('admin_change', 'Administration : modification'), ('admin_delete', 'Administration : suppression'), ('admin_action', 'Administration : action')], max_length=20, verbose_name='nature'),
        ),
    ]
