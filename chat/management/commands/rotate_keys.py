"""Sealing again with the first key of the ring, so that an old key can be withdrawn."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from chat.models import Message
from reports import keyring
from reports.models import Report

BATCH = 500


class Command(BaseCommand):
    """Re-seal messages and triage answers that an older key sealed. It can be stopped and started again."""

    help = "Rechiffre les contenus avec la première clé de CONTENT_KEYS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compter seulement, par clé")

    def handle(self, *args: Any, dry_run: bool = False, **options: Any) -> None:
        current = keyring.current_key_name()
        counts: dict[str, int] = {}
        for model, field in ((Message, "sealed_body"), (Report, "triage_answers_sealed")):
            last = 0
            while True:
                with transaction.atomic():
                    rows = model.objects.filter(pk__gt=last).order_by("pk")
                    if model is Message:
                        rows = rows.select_related("conversation")
                    batch = list(rows.select_for_update(of=("self",))[:BATCH])
                    if not batch:
                        break
                    last = batch[-1].pk
                    changed = []
                    for row in batch:
                        sealed = bytes(getattr(row, field))
                        name = keyring.key_name(sealed)
                        counts[name] = counts.get(name, 0) + 1
                        if name != current and not dry_run:
                            context = row.context
                            setattr(row, field, keyring.seal(keyring.unseal(sealed, context=context), context=context))
                            changed.append(row)
                    model.objects.bulk_update(changed, [field])
        for name, count in sorted(counts.items()):
            verb = "à jour" if name == current else ("à rechiffrer" if dry_run else "rechiffré(s)")
            self.stdout.write(f"{name} : {count} {verb}")
        self.stdout.write(f"Clé courante : {current}.")
