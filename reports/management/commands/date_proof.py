"""The command `date_proof` prints the proof of date of one line of the register."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.models import AccessRecord
from reports.proof_of_date.proofs import proof_of_line


class Command(BaseCommand):
    """Prints the proof of a line, which `verify_proof` verifies anywhere."""

    help = "Écrit la preuve de date d'une ligne du registre des accès."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("line", type=int, metavar="LIGNE", help="le numéro de la ligne")

    def handle(self, *args: Any, line: int, **options: Any) -> None:
        row = AccessRecord.objects.filter(number=line).first()
        if row is None:
            raise CommandError("Le registre n'a pas cette ligne.")
        proof = proof_of_line(row)
        if proof is None:
            raise CommandError("La journée de cette ligne n'est pas encore close.")
        self.stdout.write(proof.as_json())
