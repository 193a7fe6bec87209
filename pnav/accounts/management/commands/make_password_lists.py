"""Writes the lists of `pnav.accounts.passwords.breached` again from files.

`pnav/accounts/passwords/lists/README.md` names the files in use.
"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pnav.accounts.passwords import breached as breached_passwords

WORDS_KEPT = 10_000


class Command(BaseCommand):
    help = "Write the lists of stolen passwords and of common words. Nothing is fetched: files are given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stolen", type=Path, nargs="+", default=[], help="text, one password a line")
        parser.add_argument("--words", type=Path, help="JSON, a list of words, the most used one first")
        parser.add_argument("--into", type=Path, default=breached_passwords.LISTS, help="the folder to write to")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the lists that were asked for.

        Raises CommandError when nothing is given, or when a list has hardly any entries.
        """
        if not options["stolen"] and not options["words"]:
            raise CommandError("Nothing to do: give --stolen, --words or both.")
        if options["stolen"]:
            lines = (line for path in options["stolen"] for line in path.read_text(errors="replace").split("\n"))
            digests = breached_passwords.digests(line.strip("\r") for line in lines)
            if len(digests) < 3000:  # ASVS asks for 3000; fewer means a wrong file
                raise CommandError(
                    f"Only {len(digests)} passwords of {breached_passwords.SHORTEST} characters or more."
                )
            (options["into"] / breached_passwords.STOLEN.name).write_bytes(breached_passwords.written(digests))
            self.stdout.write(f"{len(digests)} stolen passwords")
        if options["words"]:
            folded = (breached_passwords.fold(word) for word in json.loads(options["words"].read_text()))
            usable = (
                word
                for word in folded
                if len(word) >= breached_passwords.SHORTEST_WORD and word.isascii() and word.isalpha()
            )
            words = list(dict.fromkeys(usable))[:WORDS_KEPT]
            (options["into"] / breached_passwords.WORDS.name).write_text("\n".join(words) + "\n")
            self.stdout.write(f"{len(words)} words")
