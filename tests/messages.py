"""`python -m tests.messages FILE…` adds, in each language, the texts of these files that pnav/locale lacks, at its end.
It needs gettext.

The catalogue is edited by hand, so its entries and their order stay. Most texts that only the staff reads have no
English and are not in it, so nothing is added for files that were not named. How many texts each file lacks is printed
instead.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import polib

from tests.support.variables import VARIABLES

LOCALE = Path("pnav/locale")


def lacking(catalogue: str, collected: polib.POFile) -> list[polib.POEntry]:
    known = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(catalogue)}
    return [entry for entry in collected if (entry.msgctxt, entry.msgid) not in known]


def files_of(entry: polib.POEntry) -> set[str]:
    return {path for path, _line in entry.occurrences}


def with_those_of(files: Collection[str], catalogue: str, collected: polib.POFile) -> str:
    """Return the text of the catalogue with the texts of these files that it lacks, not translated yet."""
    news = [entry for entry in lacking(catalogue, collected) if not files_of(entry).isdisjoint(files)]
    added = [entry.__unicode__(wrapwidth=0).rstrip("\n") for entry in news]
    return "\n\n".join([catalogue.rstrip("\n"), *added]) + "\n"


def collect(folder: str) -> polib.POFile:
    """Return every string of the code and the templates, in a catalogue of its own."""
    from django.conf import settings
    from django.core.management import call_command
    from django.test import override_settings

    language = settings.LANGUAGE_CODE
    with override_settings(LOCALE_PATHS=[folder]):
        ignored = ["tests/*", "benchmarks/*", ".venv/*", ".local/*", "pnav/locale"]
        call_command("makemessages", locale=[language], ignore_patterns=ignored, add_location="file", verbosity=0)
    return polib.pofile(f"{folder}/{language}/LC_MESSAGES/django.po")


def main(files: Collection[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        collected = collect(folder)
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        catalogue = path.read_text()
        if files:
            path.write_text(with_those_of(files, catalogue, collected))
            continue
        counts = Counter(one for entry in lacking(catalogue, collected) for one in files_of(entry))
        sys.stdout.write(f"{path.parent.parent.name} :\n")
        sys.stdout.writelines(f"{count:4} {one}\n" for one, count in sorted(counts.items()))
    if files:
        return
    sys.stdout.write('Rien n\'est ajouté : FILES="un/fichier un/autre" make messages ajoute ceux de ces fichiers.\n')


if __name__ == "__main__":
    os.environ.update(
        VARIABLES,
        DATABASE_URL="postgres://nobody@localhost/none",
        REDIS_URL="redis://localhost",
        DJANGO_SETTINGS_MODULE="pnav.settings",
    )
    import django
    from django.core.management import call_command

    django.setup()
    main(sys.argv[1:])
    call_command("build_messages")
