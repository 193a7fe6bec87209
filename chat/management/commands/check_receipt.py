"""Verify a receipt for a court: whether there is one with this number, and on which day its report was filed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.conversations import receipts


class Command(BaseCommand):
    """The number is asked for, and not an argument: it would stay in the history of the shell."""

    help = "Vérifie un récépissé : dit si ce numéro existe, et le jour du signalement."

    def handle(self, *args: Any, **options: Any) -> None:
        day = receipts.find_day(input("Numéro du récépissé : "))
        if day is None:
            raise CommandError("Non : aucun récépissé n'a ce numéro.")
        self.stdout.write(f"Oui : un signalement a été déposé le {day:%d/%m/%Y}.")
