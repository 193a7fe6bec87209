"""Close the days whose exchanges are settled: the figures that stay when exchanges go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from chat.statistics import daily


class Command(BaseCommand):
    """See `chat.statistics.daily`. The worker runs it every hour; `--all` goes on until no day is left.

    Stopped halfway it loses nothing: each day is whole or not there, and the next run goes on after the last one.
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
