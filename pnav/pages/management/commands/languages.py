"""`manage.py languages` says how complete each language is and what it lacks, and begins another one."""

from pathlib import Path
from typing import Any

import django
import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from common.texts import languages
from pnav.pages import completeness
from pnav.pages.build.translations import compile_messages

HEADER = """\
Commencé par « manage.py languages --begin {language} ». Traduisez chaque « msgid » dans son « msgstr », en gardant tel
quel ce qui est entre accolades ou entre %( et )s ; puis « make messages » compile."""


class Command(BaseCommand):
    help = "Dit où en est chaque langue du site. --missing : ce qui manque à l'une ; --begin : en commencer une."

    def add_arguments(self, parser: CommandParser) -> None:
        only = parser.add_mutually_exclusive_group()
        only.add_argument(
            "--missing", metavar="LANGUE", help="ce qui manque à cette langue ou y est à revoir, une ligne chacun"
        )
        only.add_argument("--begin", metavar="LANGUE", help="écrire le fichier à traduire d'une langue nouvelle")

    def handle(self, *args: Any, **options: Any) -> None:
        if language := options["begin"]:
            self._begin(language)
        elif language := options["missing"]:
            self._tell_missing(language)
        else:
            for language in languages.codes():
                self._tell(language)

    def _tell(self, language: str) -> None:
        name = f"{language} – {languages.own_name(language)}"
        if language == languages.source():
            self.stdout.write(f"{name} : la langue d'origine, toujours proposée")
            return
        found = completeness.completeness_of(language)
        self.stdout.write(f"{name} : {'proposée' if found.is_enough else 'PAS proposée'}")
        for part in found.parts:
            share = 100 * part.done // part.total if part.total else 100
            self.stdout.write(f"  {part.name} : {part.done} sur {part.total} ({share} %)")
        if count := len(completeness.to_review(language)):
            self.stdout.write(f"  À revoir, le français ayant changé : {count}")

    def _tell_missing(self, language: str) -> None:
        if language not in languages.others():
            raise CommandError(f"« {language} » n'est pas une langue de LANGUAGES, ou c'est celle d'origine.")
        for part in completeness.completeness_of(language).parts:
            for where in part.missing:
                self.stdout.write(f"{part.name} : {where}")
        for where in completeness.to_review(language):
            self.stdout.write(f"À revoir : {where}")

    def _begin(self, language: str) -> None:
        """Write an empty translation with every text of the code that some language translates.

        An existing file stays.
        """
        if not translation.check_for_language(language):
            raise CommandError(f"Django ne connaît pas la langue « {language} ».")
        locale = translation.to_locale(language)
        path = Path(settings.LOCALE_PATHS[0]) / locale / "LC_MESSAGES" / "django.po"
        if path.exists():
            raise CommandError(f"{path} existe déjà : « manage.py languages --missing {language} » dit ce qui manque.")
        compile_messages(Path(settings.LOCALE_PATHS[0]))  # the wanted texts are read from the compiled files
        begun = polib.POFile(wrapwidth=0)
        begun.header = HEADER.format(language=language)
        begun.metadata = {
            "Project-Id-Version": "pnav",
            "Language": locale,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": plural_forms(locale),
        }
        forms = int(begun.metadata["Plural-Forms"].partition("nplurals=")[2].partition(";")[0])
        wanted = set(completeness.wanted_messages())
        for source in sorted(Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/*.po")):
            for entry in polib.pofile(str(source)):
                if entry.msgid not in wanted:
                    continue
                wanted.remove(entry.msgid)
                plural = dict.fromkeys(range(forms), "") if entry.msgid_plural else {}
                begun.append(
                    polib.POEntry(
                        msgid=entry.msgid,
                        msgctxt=entry.msgctxt,
                        msgid_plural=entry.msgid_plural,
                        msgstr_plural=plural,
                        occurrences=entry.occurrences,
                        flags=entry.flags,
                    )
                )
        path.parent.mkdir(parents=True)
        begun.save(str(path))
        self.stdout.write(
            f"{path} : {len(begun)} textes à traduire. Ajoutez « {language} » à LANGUAGES (pnav/settings.py)."
        )


def plural_forms(locale: str) -> str:
    """Return this language's rule for plurals from Django's own translations; two forms when they have none."""
    path = Path(django.__file__).parent / "conf" / "locale" / locale / "LC_MESSAGES" / "django.po"
    known = polib.pofile(str(path)).metadata if path.exists() else {}
    return known.get("Plural-Forms", "nplurals=2; plural=(n != 1);")
