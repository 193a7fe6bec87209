"""Guesses in which language somebody writes, for their agent; it is never said to them.

By `py3langid`, a small model that comes with its package: nothing leaves the machine, nothing of the text is kept. The
process that guesses holds the model and NumPy, some 100 MiB, and takes 0.8 s to read them; so it is the worker, and no
web process. One guess takes 0.06 ms for 600 letters (ADR 0078).

A wrong guess costs an agent a look; a French person in a hurry who is taken for a foreigner costs more. So nothing is
said of a short text, or of one of which the model is not sure.
"""

import re
import unicodedata
from functools import cache
from typing import Any, Final

# Those that the model chooses between: the more it may choose, the more often it is wrong.
LANGUAGES: Final = (
    "fr", "en", "es", "pt", "it", "de", "nl", "pl", "ro", "sq", "tr", "ar", "fa", "ru", "uk", "zh", "vi",
)  # fmt: skip
SOURCE: Final = "fr"
# Letters that a text must have before anything is said of it; and as many as are looked at.
LETTERS_NEEDED, LETTERS_READ = 30, 600
# How sure the model must be, from 0 to 1, before a text is taken for another language than French.
SURE: Final = 0.9
_WORD = re.compile(r"[^\W\d_]+")
_OF_A_LINK = ("://", "@", "www.")


@cache
def _model() -> Any:
    """Read once in the life of a process, and only where somebody guesses."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # 100 MiB that only the worker needs

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages(list(LANGUAGES))
    return model


def words_of(text: str) -> list[str]:
    """The words that are looked at: small letters, without links, up to LETTERS_READ letters."""
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
    """How many letters of this text would be looked at."""
    return sum(map(len, words_of(text)))


def guess_language(text: str) -> str:
    """The code of a language, as ISO 639-1 has it; empty when nothing can be said.

    Costs one call of the model, over LETTERS_READ letters at most, and a pass over the text.
    """
    words = words_of(text)
    if sum(map(len, words)) < LETTERS_NEEDED:
        return ""
    code, probability = _model().classify(" ".join(words))
    return str(code) if probability >= SURE else ""
