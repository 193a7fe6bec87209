"""The command `verify_register` verifies the audit log, and prints the digest to publish for later verifications."""

import argparse
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from reports.audit import log as audit_log
from reports.audit.log import Break, Digest
from reports.rules import signed_digests
from reports.rules.signed_digests import BadKey, Fault, Found

WORDS = {
    Break.CHANGED: "la ligne {number} a été modifiée.",
    Break.REMOVED: "la ligne {number} a été supprimée.",
    Break.INSERTED: "la ligne {number} a été ajoutée après coup.",
    Break.REORDERED: "la ligne {number} n'est plus à sa place.",
    Break.REWRITTEN: "la ligne {number} n'a pas l'empreinte publiée : le registre a été réécrit, à partir d'une ligne "
    "entre la {first} et celle-ci.",
}
FAULTS = {
    Fault.UNREADABLE: "la ligne {number} de ce qui a été gardé ne se lit pas.",
    Fault.FORGED: "l'empreinte n° {number} n'est pas signée par cette clé.",
    Fault.FORKED: "deux empreintes différentes portent le n° {number}.",
    Fault.MISSING: "l'empreinte n° {number} manque.",
    Fault.BROKEN: "l'empreinte n° {number} ne suit pas celle d'avant.",
    Fault.BACKWARDS: "l'empreinte n° {number} est plus ancienne, ou a moins de lignes, que celle d'avant.",
}
FILE_MOST = 64 * 1024 * 1024  # bytes of a file of signed digests, some twenty years of hourly ones


def published(text: str) -> Digest:
    """Parse the argument « N:EMPREINTE »."""
    try:
        return Digest.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("attendu : N:EMPREINTE, comme cette commande l'affiche") from error


class Command(BaseCommand):
    """Verifies the chain. Exit status 1 means that it is broken; otherwise the last line is the digest to publish."""

    help = "Vérifie le registre des accès, nomme la première ligne touchée et donne l'empreinte à publier ailleurs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--published",
            action="append",
            default=[],
            type=published,
            metavar="N:EMPREINTE",
            help="une empreinte publiée auparavant (l'option peut être répétée)",
        )
        parser.add_argument(
            "--digests",
            action="append",
            default=[],
            type=Path,
            metavar="FICHIER",
            help="des empreintes signées, comme le worker les a fait partir, une par ligne (peut être répétée)",
        )
        parser.add_argument("--key", default="", metavar="CLÉ", help="la clé publique qui les a signées")
        parser.add_argument("--show-key", action="store_true", help="montrer la clé publique de cette installation")

    def handle(
        self,
        *args: Any,
        published: list[Digest],
        digests: list[Path],
        key: str = "",
        show_key: bool = False,
        **options: Any,
    ) -> None:
        if show_key:
            self.stdout.write(_own_key())
            return
        found = self._read(digests, key) if digests else None
        if found is not None:
            published = [*published, *(Digest(one.line, one.head) for one in found.statements if one.line)]
        with transaction.atomic():  # the transaction lets one cursor read a few lines at a time
            verdict = audit_log.verify(audit_log.read_lines(), published)
        if verdict.first_break is not None:
            words = WORDS[verdict.first_break].format(number=verdict.number, first=verdict.since + 1)
            self.stderr.write(f"Le registre est rompu : {words}")
            sys.exit(1)
        if found is not None and found.faults:
            for fault, number in found.faults:
                self.stderr.write(f"Les empreintes signées sont fautives : {FAULTS[fault].format(number=number)}")
            sys.exit(1)
        if verdict.last is None:
            self.stdout.write("Le registre est vide.")
            return
        self.stdout.write(f"Le registre est entier : {verdict.count} ligne(s).")
        if published:
            self.stdout.write(f"Conforme aux empreintes publiées, jusqu'à la ligne {verdict.since}.")
        self.stdout.write("À publier ailleurs, aujourd'hui :")
        self.stdout.write(str(verdict.last))

    def _read(self, files: list[Path], key: str) -> Found:
        """Read the signed digests in these files, verified with the given key, else with that of this installation."""
        try:
            public = signed_digests.public_key(key or _own_key())
        except BadKey:
            raise CommandError("--key : la clé publique, comme « verify_register --show-key » l'affiche.") from None
        lines: list[str] = []
        for path in files:
            try:
                with path.open("rb") as file:
                    lines += file.read(FILE_MOST).decode("ascii", errors="replace").splitlines()
            except OSError as error:
                raise CommandError(f"--digests : ce fichier ne se lit pas ({type(error).__name__}).") from None
        found = signed_digests.read(lines, public)
        if not found.statements:
            raise CommandError("--digests : aucune empreinte signée par cette clé ici.")
        last = found.statements[-1]
        self.stdout.write(
            f"Empreintes signées : {len(found.statements)}, de la n° {found.statements[0].number} "
            f"à la n° {last.number}, du {last.at:%d/%m/%Y à %H:%M} UTC."
        )
        return found


def _own_key() -> str:
    """Return the public key of this installation. Raises CommandError if its private key is not here."""
    try:
        return signed_digests.text_of(signed_digests.private_key(settings.REGISTER_DIGEST_KEY).public_key())
    except BadKey:
        raise CommandError(
            "La clé n'est pas ici (REGISTER_DIGEST_KEY) : donnez --key, notée là où les empreintes sont gardées."
        ) from None
