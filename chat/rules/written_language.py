"""Guesses in which language somebody writes. Their agent sees the guess; the person does not.

It uses `py3langid`, a small model that comes with its package: nothing leaves the machine, and nothing of the text is
stored. The process that guesses holds the model and NumPy, some 100 MiB, and takes 0.8 s to load them. So the worker
does it, and no web process. One guess takes 0.06 ms for 600 letters (docs/adr/0078).

A wrong guess costs an agent a look. To take a French person in a hurry for a foreigner costs more. So no language is
returned for a short text, nor for one of which the model is not sure.
"""

import re
import unicodedata
from functools import cache
from typing import Any, Final

# The languages between which the model chooses. The more there are, the more often it is wrong.
LANGUAGES: Final = (
    "fr", "en", "es", "pt", "it", "de", "nl", "pl", "ro", "sq", "tr", "ar", "fa", "ru", "uk", "zh", "vi",
)  # fmt: skip
SOURCE: Final = "fr"
# Letters that a text must have for a guess, and letters that are looked at.
LETTERS_NEEDED, LETTERS_READ = 30, 600
# How sure the model must be, from 0 to 1, before its guess is returned.
SURE: Final = 0.9
_WORD = re.compile(r"[^\W\d_]+")
_OF_A_LINK = ("://", "@", "www.")


@cache
def _model() -> Any:
    """Load the model, once in the life of a process, and only in a process that guesses."""
    # Imported here because its 100 MiB are needed by the worker only.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(list(LANGUAGES))
    return model


def words_of(text: str) -> list[str]:
    """Return the words that are looked at: in lower case, without links, up to LETTERS_READ letters in all."""
    found, letters = [], 0
    for part in unicodedata.normalize("NFC", text).lower().split():
        if any(sign in part for sign in _OF_A_LINK):
            continue
        for word in _WORD.findall(part):
            found.append(word[: LETTERS_READ - letters])
            letters += len(found[-1])
            if letters >= LETTERS_READ:
                return found
    return found


def count_letters(text: str) -> int:
    """Return how many letters of this text would be looked at, LETTERS_READ at most."""
    return sum(map(len, words_of(text)))


def guess_language(text: str) -> str:
    """Return the ISO 639-1 code of the language of a text; "" when no guess can be made.

    Costs one call of the model, on LETTERS_READ letters at most, and one pass over the text.
    """
    words = words_of(text)
    if sum(map(len, words)) < LETTERS_NEEDED:
        return ""
    code, probability = _model().classify(" ".join(words))
    return str(code) if probability >= SURE else ""
