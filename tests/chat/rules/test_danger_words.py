"""How phrases of danger are written, and how they are found: in one pass, bounded, without a model."""

import unicodedata
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.rules.danger_words import GAP, Kind, PhraseError, build_tree, find_kinds, read_phrase, words_of, write_places

PHRASES = [
    (Kind.SUICIDE, "suicid*"),
    (Kind.SUICIDE, "je/j veux/voudrais … mourir"),
    (Kind.SUICIDE, "j'ai pensé à en finir"),
    (Kind.NOTHING, "mourir de rire"),
    (Kind.NOTHING, "suicide squad"),
    (Kind.DANGER, "devant chez moi"),
]
ROOT = build_tree([(kind, read_phrase(phrase)) for kind, phrase in PHRASES])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("J’ai PENSÉ, à l'œuvre…", ["j", "ai", "pense", "a", "l", "oeuvre"]),
        ("mourirrrrr  ff", ["mourir", "ff"]),
        ("e\u0301te\u0301", ["ete"]),
        ("\u202emot\u200b cache", ["mot", "cache"]),
        ("", []),
    ],
)
def test_words_are_compared_without_what_does_not_count(text, words):
    assert words_of(text) == words


def walked(text: str) -> list[str]:
    """Return what the words of a text are, said letter by letter."""
    plain = unicodedata.normalize("NFKD", text).lower().replace("œ", "oe").replace("æ", "ae")
    words, word = [], ""
    for sign, run in groupby(plain):
        if sign.isascii() and sign.isalnum():
            count = len(list(run))
            word += sign * (count if count < 3 else 1)
        elif not unicodedata.category(sign).startswith("M"):
            words, word = [*words, word], ""
    return [one for one in [*words, word] if one]


@given(st.text(st.sampled_from("aAbé9œ ’-\n\u0301\u0308\u093e\u20dd\u200dßİK語🙂"), max_size=30) | st.text(max_size=30))
def test_words_are_those_of_a_walk_over_the_letters(text):
    assert words_of(text) == walked(text)


def test_word_is_found_by_a_beginning_of_any_length():
    root = build_tree([(Kind.DANGER, read_phrase(phrase)) for phrase in ("j'a*", "menace*", "me tuer*")])
    told = ["j'arrive", "menacé", "me tuerait"]
    assert [find_kinds(root, text) for text in told] == [{"danger"}] * len(told)
    assert not any(find_kinds(root, text) for text in ("j", "j b", "men", "me tue", "amenace"))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Je pense au SUICIDE", {"suicide"}),
        ("j veux mourir", {"suicide"}),
        ("je voudrais juste plus mourir", {"suicide"}),  # GAP words between
        ("je voudrais que tout ça mourir", set()),  # more than GAP words between
        ("J'ai pensé à en finir.", {"suicide"}),
        ("je veux mourir de rire", set()),
        ("je veux mourir de rire, non, je veux mourir", {"suicide"}),
        ("on a vu suicide squad", set()),
        ("il est devant chez moi et je veux mourir", {"suicide", "danger"}),
        ("je veux bien", set()),
        ("", set()),
    ],
)
def test_found(text, kinds):
    assert GAP == 2
    assert find_kinds(ROOT, text) == kinds


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("", "au moins un mot"),
        ("…", "entre deux mots"),
        ("envie …", "entre deux mots"),
        ("envie … … mourir", "entre deux mots"),
        ("su*", "trois lettres"),
        ("un deux trois quatre cinq six sept huit neuf", "8 mots"),
        ("veux/j'ai", "un seul mot"),
        ("/".join("abcdefghijklmnopqr"), "16 variantes"),
        ("x" * 201, "200 signes"),
        ("?! …", "un seul mot"),
    ],
)
def test_phrase_that_is_not_written_as_it_must_be_says_why(phrase, why):
    with pytest.raises(PhraseError, match=why):
        read_phrase(phrase)


def test_what_the_script_reads_says_the_same():
    for _kind, phrase in PHRASES:
        places = read_phrase(phrase)
        again = write_places(places)
        assert read_phrase(again.replace("…", " … ")) == places, again


def test_looking_costs_what_the_text_is_long(monkeypatch):
    """Counted, not timed: the nodes that are asked grow with the words, however these repeat."""
    asked = 0
    after = type(ROOT).after

    def counted(self, word):
        nonlocal asked
        asked += 1
        return after(self, word)

    monkeypatch.setattr(type(ROOT), "after", counted)
    for text in ("je ", "je veux ", "mourir de ", "suicide ", "j ai pense a en "):
        counts = []
        for times in (100, 200):
            asked = 0
            find_kinds(ROOT, text * times)
            counts.append(asked)
        assert counts[1] <= 2.1 * counts[0]
        assert counts[1] <= 5 * len(words_of(text * 200))


def test_tree_of_phrases_that_begin_alike_is_read_together():
    """Made here, and not when the module is read."""
    phrases = [
        (Kind.SUICIDE, "en finir"), (Kind.DANGER, "en fini*"), (Kind.NOTHING, "en finir squad"),
        (Kind.SUICIDE, "me … tuer"),
    ]  # fmt: skip
    root = build_tree([(kind, read_phrase(phrase)) for kind, phrase in phrases])
    assert find_kinds(root, "en finir") == {Kind.SUICIDE, Kind.DANGER}
    assert find_kinds(root, "en finira") == {Kind.DANGER}
    assert find_kinds(root, "en finir du squad") == {Kind.SUICIDE, Kind.DANGER}, "nothing may stand between"
    assert find_kinds(root, "en finir squad") == set()
    assert find_kinds(root, "me a b tuer") == {Kind.SUICIDE} and find_kinds(root, "me a b c tuer") == set()
    assert len(root.words["en"]) == 1, "one node for all that begin so"


def test_words_of_an_elision_are_places_of_their_own_and_a_beginning_has_three_letters():
    one, other = read_phrase("j'aim*")
    assert (one.words, one.beginnings, other.words, other.beginnings) == (("j",), (), (), ("aim",))
    (place,) = read_phrase("mourir/sui*/mort*/fin")
    assert (place.words, place.beginnings) == (("fin", "mourir"), ("mort", "sui"))
