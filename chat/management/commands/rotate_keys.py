"""Sealing again with the first key of the ring, so that an old key can be withdrawn."""

from collections import Counter
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.db import models, router, transaction

from chat.retention.moving import with_ring
from common import encryption

BATCH = 500


class Command(BaseCommand):
    """Re-seal whatever an older key of the ring sealed: each model that names `SEALED` fields, each bound to the row's
    `context` (for which it may need `SEALED_WITH`). Among them are the wrapped keys of exchanges: what those sealed is
    neither read nor written. It can be stopped, or killed, and started again, while the service runs.

    `rotate_account_keys` does the same for second factors. Sessions end within a day.
    """

    help = "Rechiffre les contenus avec la première clé de CONTENT_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compter seulement, par clé")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        current = encryption.current_key_name()
        counts: Counter[str] = Counter()
        for model in sealed_models():
            for field in model.SEALED:
                rows = with_ring(model, field)
                if beside := getattr(model, "SEALED_WITH", ()):
                    rows = rows.select_related(*beside)
                counts += _rotate(rows, field, current, dry_run=dry_run)
        for name, count in sorted(counts.items()):
            verb = "à jour" if name == current else ("à rechiffrer" if dry_run else "rechiffré(s)")
            self.stdout.write(f"{name} : {count} {verb}")
        self.stdout.write(f"Clé courante : {current}.")


def sealed_models() -> list[Any]:
    return [model for model in apps.get_models() if hasattr(model, "SEALED")]


def _rotate(rows: models.QuerySet[Any], field: str, current: str, *, dry_run: bool) -> Counter[str]:
    """Re-seal `field` in short transactions; how many values each key of the ring had sealed."""
    counts: Counter[str] = Counter()
    database = router.db_for_write(rows.model)  # wrapped keys may lie in another one
    rows = rows.using(database).order_by("pk").select_for_update(of=("self",))
    later = rows
    while True:
        with transaction.atomic(using=database):
            batch = list(later[:BATCH])
            changed = []
            for row in batch:
                sealed = bytes(getattr(row, field))
                name = encryption.key_name(sealed)
                counts[name] += 1
                if name != current and not dry_run:
                    text = encryption.unseal(sealed, context=row.context)
                    setattr(row, field, encryption.seal(text, context=row.context))
                    changed.append(row)
            if changed:
                rows.model._base_manager.using(database).bulk_update(changed, [field])
        if not batch:
            return counts
        later = rows.filter(pk__gt=batch[-1].pk)
