"""The command `rotate_keys` encrypts values with the first key of the ring, so that an old key can be removed."""

from collections import Counter
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models, router

from chat.retention.moving import with_ring
from common import encryption
from common.data_keys.models import WrappedKey
from common.postgresql.long_statements import long_statements

BATCH = 500
NAMED = 20  # values that do not open and are named; the others are counted


class Command(BaseCommand):
    """Encrypts again every value that an older key of the ring encrypted, while the service runs.

    These are the `SEALED` fields of each model that names some, bound to the row's `context` (for which `SEALED_WITH`
    may be needed). The wrapped data keys are among them; what data keys encrypt is neither read nor written. It can be
    stopped or killed, and started again. `rotate_account_keys` does the same for second factors. Sessions end within a
    day. A value that does not open is left as it is and named at the end, and the command then ends with an error.
    """

    help = "Rechiffre les contenus avec la première clé de CONTENT_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compter seulement, par clé")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        current = encryption.current_key_name()
        counts: Counter[str] = Counter()
        closed: list[str] = []
        for model in sealed_models():
            for field in model.SEALED:
                rows = with_ring(model, field)
                if beside := getattr(model, "SEALED_WITH", ()):
                    rows = rows.select_related(*beside)
                counts += _rotate(rows, field, current, closed, dry_run=dry_run)
        for name, count in sorted(counts.items()):
            verb = "à jour" if name == current else ("à rechiffrer" if dry_run else "rechiffré(s)")
            self.stdout.write(f"{name} : {count} {verb}")
        self.stdout.write(f"Clé courante : {current}.")
        if closed:
            named = ", ".join(closed[:NAMED])
            raise CommandError(f"{len(closed)} valeur(s) ne s'ouvrent pas et gardent leur ancienne clé : {named}")


def sealed_models() -> list[Any]:
    """Return the models with encrypted values; wrapped data keys come first, because whole exchanges hang on them."""
    found = [model for model in apps.get_models() if hasattr(model, "SEALED")]
    return sorted(found, key=lambda model: not issubclass(model, WrappedKey))


def _rotate(rows: models.QuerySet[Any], field: str, current: str, closed: list[str], *, dry_run: bool) -> Counter[str]:
    """Encrypt a field again in short transactions. Return how many values each key of the ring had encrypted.

    closed: the model, key and field of each value that does not open are added to it.
    """
    counts: Counter[str] = Counter()
    database = router.db_for_write(rows.model)  # wrapped keys may be in another database
    rows = rows.using(database).order_by("pk").select_for_update(of=("self",))
    later = rows
    while True:
        with long_statements(database):  # the whole table is read where the ring encrypted none of it
            batch = list(later[:BATCH])
            changed = []
            for row in batch:
                sealed = bytes(getattr(row, field))
                name = encryption.key_name(sealed)
                counts[name] += 1
                if name != current and not dry_run:
                    try:
                        text = encryption.unseal(sealed, context=row.context)
                    except encryption.UnsealError:
                        closed.append(f"{rows.model._meta.label} {row.pk} ({field})")
                        continue
                    setattr(row, field, encryption.seal(text, context=row.context))
                    changed.append(row)
            if changed:
                rows.model._base_manager.using(database).bulk_update(changed, [field])
        if not batch:
            return counts
        later = rows.filter(pk__gt=batch[-1].pk)
