"""The command `build_figures` writes the figures of closed days, which remain when their exchanges are deleted."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from chat.statistics import daily


class Command(BaseCommand):
    """Closes days (`chat.statistics.daily`), as the worker does every hour; with `--all` until no day is left.

    It may be stopped at any time, because a day is written completely or not at all, and the next run goes on after it.
    """

    help = "Compte les journées closes, une fois chacune, arrondies avant d'être gardées (docs/adr/0083)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="toutes les journées, depuis l'ouverture")

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        while closed := daily.close_due(timezone.now()):
            count += len(closed)
            if options["verbosity"]:
                self.stdout.write(f"Journées closes jusqu'au {closed[-1]:%d/%m/%Y}.")
            if not options.get("all"):
                break
        if options["verbosity"]:
            self.stdout.write(f"{count} journée(s) de plus.")
