"""The command `check_receipt` tells a court whether a receipt number exists, and the day of its report."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.conversations import receipts


class Command(BaseCommand):
    """Asks for the number, which is no argument because it would stay in the history of the shell."""

    help = "Vérifie un récépissé : dit si ce numéro existe, et le jour du signalement."

    def handle(self, *args: Any, **options: Any) -> None:
        day = receipts.find_day(input("Numéro du récépissé : "))
        if day is None:
            raise CommandError("Non : aucun récépissé n'a ce numéro.")
        self.stdout.write(f"Oui : un signalement a été déposé le {day:%d/%m/%Y}.")
