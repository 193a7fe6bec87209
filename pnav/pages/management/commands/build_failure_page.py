"""Writes the page that the proxies show when no process answers: see `pnav.pages.build.failure_page`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from common.texts import cache as text_cache
from pnav.pages.build import failure_page


class Command(BaseCommand):
    """Write the page: for the repository, with the texts of the code; for a site, with those of its administrators."""

    help = "Écrit la page que les proxys montrent quand aucun processus ne répond (deploy/failure.html)."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, default=failure_page.FILE, help="le fichier à écrire")
        parser.add_argument(
            "--edited", action="store_true", help="avec les phrases et les numéros que l'administration a changés"
        )

    def handle(self, *args: Any, output: Path, edited: bool = False, verbosity: int = 1, **options: Any) -> None:
        if edited:
            text_cache.refresh()  # the sentences are read from the database by two queries
        failure_page.write(output)
        if verbosity:
            self.stdout.write(str(output))
