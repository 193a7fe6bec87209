"""Languages that nobody speaks, to test what any language needs. They are made from the texts to translate.

« eo » has accents on every letter; « ar » is written from the right, in Arabic letters. Both are longer than French.
Variables and mark-up, which a translation has to keep, are kept.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import polib

from pnav.pages.build.translations import compile_messages

LANGUAGES = [("eo", "Ƥšêüðô"), ("ar", "العربية")]
_KEPT = re.compile(r"(%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}|</?[a-z][^>]*>|&[a-z]+;)")
_ACCENTED = str.maketrans("aceinosuyACEIOU", "àçéîñôšüÿÀÇÉÎÔÜ")
_ARABIC = {
    ord(letter): other
    for letters, others in (
        ("abcdefghijklmnopqrstuvwxyz", "ابصدعفجحيجكلمنوبقرستوفوكيز"),
        ("éèêëàâçîïôùûü", "عععععاصييوووو"),
    )
    for letter, other in zip(letters, others, strict=True)
}
_FORMS = {"eo": "nplurals=2; plural=(n != 1);", "ar": "nplurals=2; plural=(n != 1);"}


def _and_more(words: str, sign: str) -> str:
    """Return this sign as often as to add two fifths: German and Finnish are that much longer than French."""
    more = len(words) * 2 // 5 if words.strip() else 0
    return " ".join(sign * min(6, more - start) for start in range(0, more, 6))


def _long(words: str) -> str:
    return words.translate(_ACCENTED) + _and_more(words, "~")


def _from_the_right(words: str) -> str:
    return words.lower().translate(_ARABIC) + _and_more(words, "ه")


MADE: dict[str, Callable[[str], str]] = {"eo": _long, "ar": _from_the_right}


def translated(language: str, text: str) -> str:
    """Return this text in one of LANGUAGES."""
    parts = _KEPT.split(text)
    return "".join(part if index % 2 else MADE[language](part) for index, part in enumerate(parts))


def write(folder: Path, sources: Iterable[Path]) -> Path:
    """Return the compiled translations of all that these .po files translate, in a folder for
    `settings.LOCALE_PATHS`."""
    entries = [entry for source in sources for entry in polib.pofile(str(source)) if entry.translated()]
    for language in MADE:
        made = polib.POFile()
        made.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": _FORMS[language]}
        for entry in entries:
            plural = {}
            if entry.msgid_plural:
                plural = {0: translated(language, entry.msgid), 1: translated(language, entry.msgid_plural)}
            made.append(
                polib.POEntry(
                    msgid=entry.msgid,
                    msgctxt=entry.msgctxt,
                    msgid_plural=entry.msgid_plural,
                    msgstr="" if plural else translated(language, entry.msgid),
                    msgstr_plural=plural,
                    flags=[flag for flag in entry.flags if flag != "fuzzy"],
                )
            )
        path = folder / language / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True)
        made.save(str(path))
    compile_messages(folder)
    return folder
