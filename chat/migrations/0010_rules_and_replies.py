from django.db import migrations, models

import chat.models

# kind: rule of the limit, rule of the warning, limit by default. 70 % is the warning's.
RULES = {
    "wait": ("wait_minutes", "wait_warn_percent", 3),
    "wait_urgent": ("wait_urgent_minutes", "wait_urgent_warn_percent", 1),
    "silence": ("silence_minutes", "silence_warn_percent", 5),
    "on_duty": ("on_duty_agents", "", 1),
    "unread": ("unread_minutes", "unread_warn_percent", 120),
}


def bring_over(apps, schema_editor):
    """What administrators had set of the board's limits is a rule of the house from now on."""
    rules = apps.get_model("reports", "HouseRule").objects
    for row in apps.get_model("chat", "Threshold").objects.all():
        limit, warning, usual = RULES[row.kind]
        if row.limit != usual:
            rules.update_or_create(key=limit, defaults={"value": row.limit})
        if warning and row.warn_percent != 70:
            rules.update_or_create(key=warning, defaults={"value": row.warn_percent})

SUBJECTS = [
    ("welcome", "Accueil"),
    ("safety", "Sécurité"),
    ("facts", "Faits et preuves"),
    ("complaint", "Plainte et unité"),
    ("help", "Aide et partenaires"),
    ("end", "Fin de l'échange"),
    ("other", "Autre"),
]
# Of the replies that 0006 wrote, by their titles: one that was renamed since keeps « Autre ».
OF_TITLES = {
    "Se présenter": "welcome",
    "Accueillir ce qui est dit": "welcome",
    "Laisser du temps": "welcome",
    "Prévenir que je relis": "welcome",
    "Vérifier la sécurité": "safety",
    "Idées suicidaires : 3114": "safety",
    "Demander les faits": "facts",
    "Garder les preuves": "facts",
    "Premiers gestes": "facts",
    "Parler de la plainte": "complaint",
    "Donner un numéro d’aide": "help",
    "Avant de terminer": "end",
}


def say_subjects(apps, schema_editor):
    replies = apps.get_model("chat", "CannedReply").objects
    for title, subject in OF_TITLES.items():
        replies.filter(title=title).update(subject=subject)


class Migration(migrations.Migration):
    """Shared replies have a subject. The limits of the board move to the rules of the house. Their table stays for one version: a process of the
    version before reads it until it is replaced."""

    dependencies = [("chat", "0009_transmission"), ("reports", "0014_house_rules")]

    operations = [
        migrations.RunPython(bring_over, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Threshold")]),
        migrations.AddField(
            "cannedreply",
            "subject",
            models.CharField(choices=SUBJECTS, db_default="other", default="other", max_length=20, verbose_name="sujet"),
        ),
        migrations.RunPython(say_subjects, migrations.RunPython.noop),
        migrations.AlterField(
            "agent",
            "capacity",
            models.PositiveSmallIntegerField(
                default=chat.models.first_capacity,
                help_text="Nombre de places : un échange en prend une, un échange grave en prend deux.",
                verbose_name="capacité",
            ),
        ),
    ]
