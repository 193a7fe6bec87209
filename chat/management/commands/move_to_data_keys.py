"""The command `move_to_data_keys` encrypts existing exchanges with data keys of their own (docs/adr/0081, 0114)."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat.messages.conversation_keys import NO_KEY_SECONDS
from chat.retention import moving
from common.data_keys import keys as data_keys
from common.encryption import UnsealError
from reports import reporter_identity

BATCH = 500  # how many exchanges get their keys together
# The wait before anything is moved. Then every process has noticed the new keys, and every transaction that had begun
# before has ended, because PostgreSQL ends idle ones after 32 s.
SETTLE_SECONDS = NO_KEY_SECONDS + 35
TRIES = 3  # how often an exchange is tried in which somebody wrote with the key ring meanwhile


class Command(BaseCommand):
    """Moves the words of existing exchanges from the key ring to data keys, while the service runs.

    It can be stopped or killed, and started again; exchanges that were moved are skipped. A batch has 500 exchanges,
    and waits for SETTLE_SECONDS before it moves anything. With IDENTITY_KEYS=write, sealed values are then encrypted
    with the data key too, in one transaction for each exchange. Exit status 1 means that a value of some exchanges
    cannot be decrypted with any key of the ring, or that their data key is gone; they are named.
    """

    help = "Donne à chaque échange sa propre clé, et rechiffre avec elle ce qu'il contient déjà."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="compter seulement")
        parser.add_argument("--most", type=int, default=0, help="s'arrêter après ce nombre d'échanges")

    def handle(self, *args: Any, dry_run: bool = False, most: int = 0, **options: Any) -> None:
        if not data_keys.may_be_made():
            raise CommandError("EXCHANGE_KEYS=write d'abord, pour tous les processus : docs/operations.md, « Clés ».")
        after = seen = values = 0
        unreadable: list[int] = []
        while batch := moving.not_moved(after, min(BATCH, most - seen) if most else BATCH):
            after, seen = batch[-1], seen + len(batch)
            if not dry_run:
                moving.give_keys(batch)
                time.sleep(SETTLE_SECONDS)
                for pk in batch:
                    moved, left = _move(pk)
                    values += moved
                    if left:
                        unreadable.append(pk)
                self.stdout.write(f"{seen} échanges, {values} textes rechiffrés")
            if most and seen >= most:
                break
        if dry_run:
            self.stdout.write(f"{seen} échanges à déplacer")
        mute = self._key_identities(dry_run=dry_run, most=most) if reporter_identity.may_be_keyed() else []
        if unreadable:
            named = ", ".join(map(str, unreadable[:20]))
            raise CommandError(f"Aucune clé n'ouvre certains textes de {len(unreadable)} signalements (pk) : {named}")
        if mute:
            named = ", ".join(map(str, mute[:20]))
            raise CommandError(f"La clé de {len(mute)} signalements manque, leurs identités restent (pk) : {named}")

    def _key_identities(self, *, dry_run: bool, most: int) -> list[int]:
        """Encrypt the sealed values with data keys too. Return the reports whose data key cannot be used."""
        after = seen = values = 0
        mute: list[int] = []
        while batch := reporter_identity.not_keyed(after, min(BATCH, most - seen) if most else BATCH):
            after, seen = batch[-1], seen + len(batch)
            for pk in () if dry_run else batch:
                try:
                    values += reporter_identity.key_identity(pk)
                except UnsealError:
                    mute.append(pk)
            if most and seen >= most:
                break
        if dry_run:
            self.stdout.write(f"{seen} identités à sceller aussi avec leur clé")
        elif seen:
            self.stdout.write(f"{seen} identités, {values} valeurs scellées aussi avec leur clé")
        return mute


def _move(report_id: int) -> tuple[int, int]:
    """Move one report's values. Return how many were moved, and how many could not be."""
    moved = left = 0
    for _try in range(TRIES):
        moved += moving.move_words(report_id)
        left = moving.finish_exchange(report_id)
        if not left:
            break
    return moved, left
