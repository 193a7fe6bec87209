"""Says of a restored site whether it is whole, before it opens to anybody (docs/restore.md)."""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from common.data_keys import router
from common.postgresql.long_statements import long_statements
from pnav.backup import check
from pnav.backup.manifest import CONTENT, KEYS, Manifest
from pnav.pages.management.commands.migrate import require_database

MARKS = {True: "bon", False: "NON", None: "note"}
# An empty database is in order, too: without the counts of the content nobody may be told that the site is whole.
UNCOUNTED = (
    "Rien d'anormal, mais sans le manifeste de la sauvegarde du contenu rien ne dit que tout ce qu'elle avait est là."
)


class Command(BaseCommand):
    """Print the findings.

    Exit status 1: something is not whole, and its line says what; or PostgreSQL cannot be used, and one line says why.
    """

    help = "Dit d'un site restauré s'il est entier : lignes, registre, preuves de date, clés, valeurs scellées."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--manifest",
            type=Path,
            action="append",
            metavar="FICHIER",
            help="ce que la sauvegarde a compté (deploy/restore --manifest) : celui du contenu, et une seconde fois "
            "celui du serveur des clés s'il a été remis lui aussi",
        )
        parser.add_argument("--exact", action="store_true", help="refuser toute différence de nombre de lignes")

    def handle(self, *args: Any, manifest: Sequence[Path] | None = None, exact: bool = False, **options: Any) -> None:
        counted = _read(manifest or ())
        if exact and not counted:
            raise CommandError("--exact compare au manifeste : donnez --manifest.")
        require_database(DEFAULT_DB_ALIAS)
        is_whole = True
        with ExitStack() as transactions:  # in which one cursor reads a few rows at a time, of tables of any size
            for alias in {DEFAULT_DB_ALIAS, router.alias()}:
                transactions.enter_context(long_statements(alias))
            for finding in check.findings(counted.get(CONTENT), keys=counted.get(KEYS), exact=exact):
                is_whole = is_whole and finding.is_good is not False
                self.stdout.write(f"{MARKS[finding.is_good]:>4} : {finding.text}")
        if not is_whole:
            self.stderr.write("Ce site n'est pas entier : ne l'ouvrez pas avant d'avoir compris.")
            sys.exit(1)
        self.stdout.write("Ce site est entier." if CONTENT in counted else UNCOUNTED)


def _read(paths: Sequence[Path]) -> dict[str, Manifest]:
    """Return the manifests by the server that each is of. Raises CommandError, which names no file."""
    found: dict[str, Manifest] = {}
    for path in paths:
        try:
            one = Manifest.parse(path.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"--manifest : ce fichier n'est pas un manifeste ({type(error).__name__}).") from None
        if one.name in found:
            raise CommandError(
                f"--manifest : deux manifestes du même serveur ({one.name}) ; chacun a le sien (docs/restore.md)."
            )
        found[one.name] = one
    return found
