"""The command `timestamp_requests` exchanges time-stamps by files, where the site cannot reach the authorities."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.proof_of_date import stamps


class Command(BaseCommand):
    """It writes requests as files, or reads the authorities' answers. Exit status 1 means that an answer was
    refused."""

    help = "Écrit les demandes d'horodatage qui manquent (.tsq), ou prend les réponses des autorités (.tsr)."

    def add_arguments(self, parser: CommandParser) -> None:
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--export", type=Path, metavar="DOSSIER", help="y écrire une demande par journée et autorité")
        way.add_argument("--import", type=Path, dest="answers", metavar="DOSSIER", help="y lire les réponses")

    def handle(self, *args: Any, export: Path | None = None, answers: Path | None = None, **options: Any) -> None:
        if not stamps.authorities():
            raise CommandError("TIMESTAMP_AUTHORITIES ne nomme aucune autorité.")
        try:
            if export is not None:
                written = stamps.export_requests(export)
                self.stdout.write(f"Demandes écrites : {len(written)}.")
                return
            assert answers is not None  # noqa: S101 - argparse asks for one of the two
            found = stamps.import_answers(answers)
        except OSError as error:
            raise CommandError(f"Ce dossier ne se lit ou ne s'écrit pas ({type(error).__name__}).") from None
        refused = [one for one in found if one.problem]
        self.stdout.write(f"Réponses gardées : {len(found) - len(refused)}.")
        for one in refused:
            self.stderr.write(f"{one.path.name} : refusée, {one.problem}.")
        if refused:
            sys.exit(1)
