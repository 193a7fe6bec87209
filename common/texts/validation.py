"""Says what a changed text must and must not hold. Pure."""

import unicodedata

from common.texts.catalogue import PLACES, Sentence
from common.texts.help_numbers import NAMED

# Spaces that French typography needs; every other one that is not the ordinary space looks like something it is not.
SPACES = {" ", "\u00a0", "\u202f"}
# Blank, and yet letters or symbols for Unicode: fillers, the empty Braille cell; and what changes the look before it.
BLANK = {"\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0", "\u034f"}
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def hidden_characters(text: str) -> list[str]:
    """Characters that cannot be seen, or that turn a line around: « U+202E », each once, in their order."""
    found = {
        f"U+{ord(one):04X}": None
        for one in text
        if unicodedata.category(one) in HIDDEN
        or one in BLANK
        or "\ufe00" <= one <= "\ufe0f"
        or (unicodedata.category(one) == "Zs" and one not in SPACES)
    }
    return list(found)


def allowed_names(sentence: Sentence) -> set[str]:
    """The names that may stand between braces."""
    return {variable.name for variable in sentence.variables} | set(NAMED)


def find_errors(sentence: Sentence, text: str) -> list[str]:
    """Return what is wrong with this text for this sentence, in plain French; an empty list when it may be said.

    text: without spaces around. An empty one is the text of origin, which is sound.
    """
    if not text:
        return []
    wrong = []
    if "\n" in text or "\r" in text:
        wrong.append("Une seule ligne : enlevez les retours à la ligne.")
    elif codes := hidden_characters(text):
        wrong.append(f"Ce texte contient un caractère qui ne se voit pas ({', '.join(codes)}) : réécrivez ce passage.")
    if len(text) > sentence.max_length:
        wrong.append(f"Trop long : {len(text)} caractères, pour {sentence.max_length} au plus.")
    named, may = set(PLACES.findall(text)), allowed_names(sentence)
    for name in sorted(named - may):
        offered = ", ".join(f"{{{one}}}" for one in sorted(may - set(NAMED)))
        others = f"Possibles ici : {offered}, et les numéros d'aide." if offered else "Possibles : les numéros d'aide."
        wrong.append(f"{{{name}}} n'existe pas ici. {others}")
    if missing := sorted(sentence.required - named):
        names = ", ".join(f"{{{one}}}" for one in missing)
        wrong.append(f"Il manque {names} : cette phrase ne va pas sans.")
    if "{" in (rest := PLACES.sub("", text)) or "}" in rest:
        wrong.append("Une accolade « { » ou « } » seule : elles n'entourent que le nom d'une variable.")
    return wrong
