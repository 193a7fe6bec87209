"""The rules a site starts with, to be verified. RETENTION_DAYS and FEEDBACK_DAYS, which said it before, are taken over."""

import os

from django.db import migrations

SOURCE = "Décret n° 2022-337 du 10 mars 2022 : durée en vigueur à vérifier. Décret n° 2018-1020, abrogé : un an."
OURS = "Choix du service : à vérifier."
# kind, days, grace, announced before; their reasons are in reports/rules/retention.py
RULES = [
    ("exchange", 335, 30, 30, SOURCE),
    ("report", 335, 30, 30, SOURCE),
    ("opinion", 365, 0, 0, OURS),
    ("erasure", 30, 7, 10, "Directive (UE) 2016/680 et loi Informatique et Libertés, titre III : délai à vérifier."),
    ("tombstone", 5 * 365, 0, 0, OURS),
    ("erased", 365, 0, 0, "Au moins aussi long que la garde des sauvegardes : docs/operations.md."),
    ("admin_log", 365, 0, 0, OURS),
    ("opening", 5 * 365, 0, 0, OURS),
]


def _days(name, default):
    """What the environment said until now; anything else than a number of days is the default."""
    told = os.environ.get(name, "")
    return int(told) if told.isascii() and told.isdigit() and int(told) else default


def write_rules(apps, schema_editor):
    rule_model = apps.get_model("reports", "RetentionRule")
    for kind, days, grace, digest, source in RULES:
        if kind in {"exchange", "report"}:
            total = _days("RETENTION_DAYS", days + grace)
            grace = min(grace, total - 1)
            days = total - grace
        elif kind == "opinion":
            days = _days("FEEDBACK_DAYS", days)
        rule_model.objects.create(
            kind=kind, days=days, grace_days=grace, digest_days=digest, is_to_verify=True, source=source
        )


class Migration(migrations.Migration):

    dependencies = [
        ("reports", "0007_retention"),
    ]

    operations = [
        migrations.RunPython(write_rules, migrations.RunPython.noop),
    ]
