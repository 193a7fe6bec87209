"""The command `data_keys` copies the wrapped data keys, compares them with the reports, or restores them."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.data_keys import copies
from reports.retention import key_copies

SHOWN = 20


class Command(BaseCommand):
    """Writes a copy into each folder of DATA_KEYS_COPIES_TO when it has no option, as the worker does by itself.

    Exit status 1 means that a copy could not be written, that a report's key is missing, or that the file to restore
    from is not complete.
    """

    help = "Copie les clés des échanges, les compare aux signalements, les remet depuis une copie."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--check", action="store_true", help="comparer clés et signalements, sans rien changer")
        what.add_argument("--verify", metavar="FICHIER", help="dire si une copie est entière")
        what.add_argument("--restore", metavar="FICHIER", help="remettre depuis une copie les clés qui manquent")
        what.add_argument(
            "--erase-over", action="store_true", help="effacer les clés qu'aucun signalement ne nomme (irréversible)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            self._check()
        elif options["verify"]:
            self.stdout.write(f"Copie entière : {self._read(copies.verify, options['verify'])} clés.")
        elif options["restore"]:
            added, passed_over = self._read(key_copies.restore, options["restore"])
            self.stdout.write(f"{added} clés remises ; {passed_over} qu'aucun signalement ne nomme, laissées.")
        elif options["erase_over"]:
            self.stdout.write(f"{key_copies.erase_over()} clés effacées.")
        else:
            self._copy()

    def _copy(self) -> None:
        folders = settings.DATA_KEYS_COPIES_TO
        if not folders:
            raise CommandError("DATA_KEYS_COPIES_TO ne nomme aucun dossier.")
        failed = copies.copy_to_folders(folders, timezone.now(), settings.DATA_KEYS_BACKUP_DAYS)
        if failed:
            raise CommandError(f"Copie non écrite, dossiers numéro {', '.join(failed)} : voir le journal.")
        self.stdout.write(f"Copie écrite dans {len(folders)} dossier(s).")

    def _check(self) -> None:
        found = key_copies.compare()
        self.stdout.write(
            f"{found.reports} signalements ont une clé ; {found.missing} clés manquent ; "
            f"{found.over} clés ne sont nommées par aucun signalement."
        )
        if found.missing:
            named = ", ".join(map(str, key_copies.mute_reports(SHOWN)))
            raise CommandError(f"Sans clé, plus rien ne s'ouvre de ces signalements : {named}")

    def _read(self, work: Any, name: str) -> Any:
        try:
            return work(Path(name))
        except OSError as error:
            raise CommandError(f"Fichier illisible ({type(error).__name__}).") from None
        except copies.BrokenCopy as error:
            raise CommandError(f"Ce fichier n'est pas une copie entière : {error}.") from None
