"""This module checks what the changed text of a sentence must and must not contain. Pure."""

import unicodedata

from common.texts.catalogue import PLACES, Sentence
from common.texts.help_numbers import NAMED

# The spaces that are allowed: the ordinary one and those of French typography. Any other one can mislead.
SPACES = {" ", "\u00a0", "\u202f"}
# Characters that are blank, although Unicode counts them as letters or symbols: fillers, the empty Braille cell, and
# the combining grapheme joiner.
BLANK = {"\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0", "\u034f"}
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def hidden_characters(text: str) -> list[str]:
    """Return the characters that cannot be seen or that reverse a line, each once, in order, as « U+202E »."""
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
    """Return the names that may be between braces."""
    return {variable.name for variable in sentence.variables} | set(NAMED)


def find_errors(sentence: Sentence, text: str) -> list[str]:
    """Return what is wrong with this text for this sentence, in plain French; [] when it may be used.

    text: without spaces around it. An empty one means the original text, which is always allowed.
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
