"""This module brings names of places, as people type them, to one form. It makes no query.

The form is for comparing only and is never shown. It is in lower case without accents; ligatures are split (NFKD leaves
« œ » whole), hyphens and apostrophes become spaces, « St » and « Ste » are written out, and « 16ème » becomes « 16 ».
"""

import re
import unicodedata

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ð": "d", "ł": "l"})
_WORDS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes", "s": "sur", "ss": "sous"}
# It is not « 0*(\d+) »: that would cut a row of zeros that nothing follows in two at each of its places.
_ORDINAL = re.compile(r"0*([1-9]\d*|0)(?:er|ere|e|eme|ieme|nd|nde)?")
_ROMAN_NUMERALS = "i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx"
_ROMAN = {roman: str(number) for number, roman in enumerate(_ROMAN_NUMERALS.split(" "), start=1)}
_UNIT_NOUNS = "commissariat bureau poste police nationale gendarmerie brigade arrondissement central territoriale"
_SMALL_WORDS = "de d du des la le les l a et sur en autonome proximite"
# These words say that a unit is a unit, and not which one; small words come and go from one edition to the next.
_UNIT_WORDS = frozenset(f"{_UNIT_NOUNS} {_SMALL_WORDS}".split(" "))


def normalise_name(text: str) -> str:
    """Return the comparable form of a place name, which is empty when nothing in the text is a letter or a digit."""
    lowered = text.casefold().translate(_LIGATURES)
    plain = "".join(char for char in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(char))
    words = re.sub(r"[^a-z0-9]+", " ", plain).split()
    last = len(words) - 1
    return " ".join(_word(word, is_inside=0 < place < last) for place, word in enumerate(words))


def _word(word: str, *, is_inside: bool) -> str:
    # « s » alone is « sur » inside a name (« Chalons s/ Marne »); at its end it is a word still being typed.
    if word in _WORDS and (is_inside or word not in {"s", "ss"}):
        return _WORDS[word]
    if ordinal := _ORDINAL.fullmatch(word):
        return ordinal[1]
    return word


def normalise_place(text: str) -> str:
    """Do as `normalise_name` does, and leave out the words « arrondissement » and « cedex »: « Paris 16e
    arrondissement » is "paris 16".

    « PARIS CEDEX 01 » is « paris 1 »; « Paris XVIe » is « paris 16 » (only for the three towns with arrondissements,
    since « Le Vigan V » would not be a number elsewhere).
    """
    words = [
        word for word in normalise_name(text).split() if word not in {"arrondissement", "arrondissements", "cedex"}
    ]
    if len(words) == 2:
        first, second = words
        if second in {"paris", "lyon", "marseille"} and first.isdigit() and len(first) <= 2:
            words = [second, first]
        elif first in {"paris", "lyon", "marseille"} and (number := _ROMAN.get(second.removesuffix("e"))):
            words = [first, number]
    return " ".join(words)


def unit_core(name: str) -> str:
    """Return the part of a name that tells a unit from others of its force and département, in every edition.

    « Brigade de gendarmerie - Belley » (2022) and « Gendarmerie - Brigade de Belley » (2026) are both « belley »;
    « Commissariat de police d'Aix en Provence » and « … d'Aix-en-Provence » are both « aix provence ».
    """
    words = normalise_name(name).split()
    return " ".join(word for word in words if word not in _UNIT_WORDS) or " ".join(words)


def department_of(insee_code: str) -> str:
    """Return the code of the département or collectivity that an INSEE code begins with: "01", "2A", "974"."""
    return insee_code[:3] if insee_code[:2] in {"97", "98"} else insee_code[:2]
