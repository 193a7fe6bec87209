"""The command `verify_proof` verifies that what a proof shows existed on a day, or says which part was altered.

It needs no database.
"""

import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.rules import copies, date_proofs

PARTS = {
    "format": "ce fichier n'est pas une preuve de date",
    "item": "l'élément a été modifié",
    "digest": "l'empreinte de l'élément a été modifiée",
    "salt": "le sel a été modifié",
    "leaf": "la feuille a été modifiée",
    "path": "le chemin dans l'arbre a été modifié",
    "root": "la racine de la journée a été modifiée",
    "day": "la journée (sa date, sa taille ou l'empreinte de la veille) a été modifiée",
    "bytes": "le fichier donné n'est pas celui de la preuve",
    "token": "le jeton d'horodatage n° {number} a été modifié, ou n'est pas de cette journée",
    "certificate": "les certificats du jeton n° {number} ont été modifiés, ou ne mènent pas à leur autorité",
    "authority": "le jeton n° {number} n'est pas de l'autorité attendue",
}
KINDS = {"message": "un message", "fact": "un fait noté", "register": "une ligne du registre", "capture": "une capture"}
FAULTS = {"changed": "a été modifié", "missing": "manque", "added": "a été ajouté"}


class Command(BaseCommand):
    """It reads a file and says what it proves.

    Exit status 1 means that a part is wrong; 2 that everything fits, but no authority has stamped it.
    """

    help = "Vérifie une preuve de date, sans base de données : ce qu'elle montre existait ce jour-là, ou ce qui cloche."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FICHIER", help="la preuve (.json)")
        parser.add_argument(
            "--content",
            type=Path,
            metavar="FICHIER",
            help="ce dont elle est la preuve : un fichier, ou l'archive entière (.zip)",
        )
        parser.add_argument(
            "--trust",
            action="append",
            metavar="EMPREINTE",
            help="l'empreinte SHA-256 du certificat d'une autorité en qui l'on a confiance (peut être répétée)",
        )

    def handle(
        self, *args: Any, file: Path, content: Path | None = None, trust: list[str] | None = None, **options: Any
    ) -> None:
        held: bytes | None = None
        faults: Mapping[str, str] = {}
        is_archive = content is not None and content.suffix.lower() == ".zip" and zipfile.is_zipfile(content)
        try:
            with file.open("rb") as opened:
                text = opened.read(date_proofs.TEXT_MOST + 1).decode("utf-8", errors="replace")
            if content is not None:
                held, faults = copies.judge(content) if is_archive else (content.read_bytes(), {})
        except OSError as error:
            raise CommandError(f"Ce fichier ne se lit pas ({type(error).__name__}).") from None
        except copies.NotAnArchive:
            raise CommandError("Cette archive est abîmée, ou n'a pas de liste de ses fichiers.") from None
        trusted = None if trust is None else [one.replace(":", "").strip().lower() for one in trust]
        verdict = date_proofs.verify(text, content=held, trusted=trusted)
        for name, fault in sorted(faults.items()):
            self.stderr.write(f"Ne tient pas : le fichier {name!r} {FAULTS[fault]}.")
        if not verdict.is_whole:
            for part, ok in verdict.checks:
                if not ok:
                    name, _, number = part.partition(":")
                    self.stderr.write(f"Ne tient pas : {PARTS[name].format(number=int(number or 0) + 1)}.")
        if faults or not verdict.is_whole:
            sys.exit(1)
        assert verdict.item is not None and verdict.day is not None  # noqa: S101 - it is whole
        if is_archive and not date_proofs.is_of_archive(verdict.item):
            raise CommandError("Cette preuve n'est pas celle d'une archive.")
        kind = KINDS.get(verdict.item["kind"], verdict.item["kind"])
        self.stdout.write(
            f"La preuve est entière : {kind}, dans les empreintes de la journée du {verdict.day:%d/%m/%Y}."
        )
        for stamp in verdict.stamps:
            assert stamp.at is not None  # noqa: S101 - it holds
            self.stdout.write(
                f"Horodaté le {stamp.at:%d/%m/%Y à %H:%M:%S} UTC par {stamp.authority or '(sans nom)'} ; "
                f"certificat de l'autorité : {stamp.fingerprint}"
            )
        if not verdict.is_dated:
            self.stdout.write("Aucune autorité ne l'a encore daté.")
            sys.exit(2)
        if trusted is None:
            self.stdout.write("Comparez ces empreintes à celles que ces autorités publient (ou donnez --trust).")
