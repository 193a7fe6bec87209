"""Is the register whole? And what to publish of it, so that the next answer says more."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from reports import register
from reports.register import Digest, Wound

WORDS = {
    Wound.CHANGED: "la ligne {number} a été modifiée.",
    Wound.REMOVED: "la ligne {number} a été supprimée.",
    Wound.INSERTED: "la ligne {number} a été ajoutée après coup.",
    Wound.REORDERED: "la ligne {number} n'est plus à sa place.",
    Wound.REWRITTEN: "la ligne {number} n'a pas l'empreinte publiée : le registre a été réécrit, à partir d'une ligne "
    "entre la {first} et celle-ci.",
}


def published(text: str) -> Digest:
    """An argument « N:EMPREINTE »."""
    try:
        return Digest.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("attendu : N:EMPREINTE, comme cette commande l'affiche") from error


class Command(BaseCommand):
    """Verify the chain. Exit status 1 when it is broken; otherwise the last line printed is what to publish."""

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

    def handle(self, *args: Any, published: list[Digest], **options: Any) -> None:
        with transaction.atomic():  # one cursor, read a few lines at a time
            verdict = register.verify(register.read(), published)
        if verdict.wound is not None:
            words = WORDS[verdict.wound].format(number=verdict.number, first=verdict.since + 1)
            self.stderr.write(f"Le registre est rompu : {words}")
            sys.exit(1)
        if verdict.last is None:
            self.stdout.write("Le registre est vide.")
            return
        self.stdout.write(f"Le registre est entier : {verdict.count} ligne(s).")
        if published:
            self.stdout.write(f"Conforme aux empreintes publiées, jusqu'à la ligne {verdict.since}.")
        self.stdout.write("À publier ailleurs, aujourd'hui :")
        self.stdout.write(str(verdict.last))
