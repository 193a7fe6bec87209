"""The list of words has the properties that it promises, and a code is read in the ways in which people type it."""

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.rules import resume_words
from chat.rules.resume_words import LENGTH, SMALL_WORDS, WORDS, letters, nearest, read

LETTERS = [letters(word) for word in WORDS]
CODES = st.lists(st.sampled_from(WORDS), min_size=LENGTH, max_size=LENGTH, unique=True)

# Each of these is one sound, although it is written in several ways; in this order.
SOUNDS = [
    (r"ph", "f"),
    (r"qu", "k"),
    (r"ch", "C"),
    (r"gn", "N"),
    (r"eau|au", "o"),
    (r"ain|ein", "1"),
    (r"c(?=[eiy])", "s"),
    (r"[cq]", "k"),
    (r"g(?=[eiy])", "j"),
    (r"[iyu][nm](?![aeiouyn])", "1"),
    (r"[ae][nm](?![aeiouyn])", "2"),
    (r"o[nm](?![aeiouyn])", "3"),
    (r"[ae][iy]", "e"),
    (r"h", ""),
    (r"y", "i"),
    (r"[zx]", "s"),
    (r"w", "v"),
    (r"(.)\1+", r"\1"),
    (r"(es|er|et|e|s|t|d|p)$", ""),
]


def sound(word: str) -> str:
    """Return a word as it is heard, roughly: what sounds alike in French comes out alike."""
    word = letters(word)
    for written, heard in SOUNDS:
        word = re.sub(written, heard, word)
    return word


# --- the list ---------------------------------------------------------------------------------------------------------


def test_a_code_holds_fifty_bits():
    """Words are drawn without putting back: math.perm counts the codes."""
    assert len(WORDS) >= 1024
    assert math.log2(math.perm(len(WORDS), LENGTH)) >= 50


def test_words_are_short_plain_and_in_order():
    for word in WORDS:
        assert re.fullmatch(r"[a-zàâäçéèêëîïôöùûü]{4,9}", word), word
    assert sorted(set(LETTERS)) == LETTERS


def test_no_word_is_one_slip_from_another():
    """Two words that are one slip apart have something in common once one letter at most is taken from each."""
    alike: dict[str, set[str]] = {}
    for word in LETTERS:
        for cut in {word} | {word[:place] + word[place + 1 :] for place in range(len(word))}:
            alike.setdefault(cut, set()).add(word)
    for words in alike.values():
        for one, other in itertools.combinations(words, 2):
            assert resume_words._slips(one, other) >= 2, (one, other)


def test_no_two_words_sound_alike():
    heard: dict[str, str] = {}
    for word in WORDS:
        assert heard.setdefault(sound(word), word) == word
    # The test recognises words that sound alike.
    assert sound("phare") == sound("fard") and sound("ancre") == sound("encre")


def test_no_word_begins_another_one():
    """Neighbours in order: a word that begins another one stands right before those that it begins."""
    for word, following in itertools.pairwise(LETTERS):
        assert not following.startswith(word)
    assert not SMALL_WORDS & set(LETTERS)


# --- reading ----------------------------------------------------------------------------------------------------------


@given(
    CODES,
    st.sampled_from([" ", "-", "", "  ", ", ", "\n", " - ", "' ", " et ", " la ", "' l'", "1. ", "\u00a0", "—"]),
    st.sampled_from([str, str.upper, str.title, letters]),
)
def test_read_a_code_as_people_type_it(words, between, write):
    reading = read(between.join(write(word) for word in words))
    assert reading.is_code and reading.words == tuple(words)


def test_read_accents_in_two_signs_and_a_word_cut_in_two():
    assert read("cha\u0302taigne").words == ("châtaigne",)
    assert read("abeille cas tor girafe").words == ("abeille", "castor", "girafe")


@given(st.text(max_size=400))
def test_read_anything_without_an_error(text):
    reading = read(text)
    assert all(word in WORDS for word in reading.words)
    assert all(word.typed and word.nearest in {"", *WORDS} for word in reading.unknown)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("cerises", "cerise"),
        ("abielle", "abeille"),
        ("girafffe", "girafe"),
        ("orage", "orange"),
        ("gatau", "gâteau"),
        ("GUITTARE", "guitare"),
        ("xyz", ""),
        ("ab", ""),
        ("anticonstitutionnellement", ""),
        ("كلمة", ""),
    ],
)
def test_nearest_word_of_a_slip(typed, expected):
    assert nearest(typed) == expected


def test_read_names_each_unknown_word_with_its_nearest():
    reading = read("Abeile castor truc girafe ananas")
    assert not reading.is_code
    assert [(word.typed, word.nearest) for word in reading.unknown] == [
        ("Abeile", "abeille"),
        ("truc", nearest("truc")),
    ]
    assert reading.words == ("castor", "girafe", "ananas")


@pytest.mark.parametrize(
    "text", ["", "abeille", "abeille castor girafe ananas", "abeille castor girafe ananas miel orange"]
)
def test_read_too_few_or_too_many_words_is_no_code(text):
    reading = read(text)
    assert not reading.is_code and not reading.unknown


def test_nonsense_costs_little():
    """Every candidate is compared letter by letter: there must be few of them, whatever is typed."""
    worst = max(
        len({known for cut in resume_words._cuts(run) for known in resume_words._by_cut().get(cut, ())})
        for run in [*LETTERS, "aeiouaeioua", "eaeaeaeaeae", "aer", "ere"]
    )
    assert worst < 100


@pytest.mark.parametrize(
    ("typed", "compared"),
    [("Œuvre", "oeuvre"), ("ex æquo", "exaequo"), ("ÉTÉ-2", "ete"), ("l’aube", "laube"), ("42 ?", "")],
)
def test_letters_are_what_is_compared(typed, compared):
    assert letters(typed) == compared


def test_every_word_is_read_and_small_words_between_them_do_not_count():
    for word in WORDS:
        assert read(word).words == (word,) and not read(word).unknown
    five = WORDS[:5]
    for small in ("l'", "le", "la", "les", "d'", "de", "du", "des", "un", "une", "et", "puis"):
        assert read(f" {small} ".join(five)).words == tuple(five), small
    assert not read(" ou ".join(five)).is_code
