from django.db import migrations, models

KINDS = [
    ("reading", "Lecture"),
    ("search", "Recherche"),
    ("export", "Export"),
    ("paper", "Document de l'échange, par son interlocuteur"),
    ("transmitted", "Résumé transmis à une unité"),
    ("transmission", "Lecture d'un résumé, par l'unité"),
    ("opening", "Levée d'anonymat"),
    ("retention", "Suppression"),
    ("freeze", "Gel de la conservation"),
    ("erasure", "Demande d'effacement"),
    ("reassignment", "Échange confié à un autre agent"),
    ("whisper", "Mot d'un superviseur à l'agent"),
    ("admin_add", "Administration : ajout"),
    ("admin_change", "Administration : modification"),
    ("admin_delete", "Administration : suppression"),
    ("admin_action", "Administration : action"),
]


class Migration(migrations.Migration):
    """A removal is called one, and its motive says why; what the code wrote stands beside its words."""

    dependencies = [("reports", "0014_house_rules")]

    operations = [
        migrations.AlterField(
            "accessrecord", "kind", models.CharField(choices=KINDS, max_length=20, verbose_name="nature")
        ),
        migrations.AlterField(
            "accessrecord",
            "detail",
            models.CharField(blank=True, max_length=500, verbose_name="précision, telle qu'écrite"),
        ),
    ]
