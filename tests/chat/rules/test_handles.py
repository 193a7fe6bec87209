"""Handles: numbers, colours and words that stay the same, and are not used again at once."""

import re
import unicodedata

from django.conf import settings

from chat.rules.handles import BY_KEY, COLOURS, WORDS, Handle, next_handle


def give(count: int, *, ends: bool) -> list[Handle]:
    """Create so many conversations, one after another: each ends before the next comes, or none does."""
    given: list[Handle] = []
    for _number in range(count):
        given.append(next_handle(given=given, in_use=[] if ends else given))
    return given


def test_numbers_begin_with_one_and_words_and_colours_differ():
    given = give(3, ends=False)
    assert [one.number for one in given] == [1, 2, 3]
    assert len({one.word for one in given}) == len({one.colour for one in given}) == 3


def test_ten_conversations_at_once_have_ten_colours():
    """Numbers 1 and 10 shared one in a list that shows ten."""
    css = (settings.BASE_DIR / "static/pnav/console.css").read_text()
    other, *_ = re.findall(r"^\.console-number\[data-colour\] \{.*background: (#\w+);", css, re.MULTILINE)
    drawn = [re.search(rf"data-colour={one.colour}\].*background: (#\w+);", css) for one in give(10, ends=False)]
    assert len({rule[1] if rule else other for rule in drawn}) == 10


def test_what_was_given_last_comes_back_last():
    given = give(len(BY_KEY) + 1, ends=True)
    assert [one.number for one in given] == [*BY_KEY, BY_KEY[0]]
    words = [one.word for one in give(len(WORDS) + 1, ends=True)]
    assert len(set(words[:-1])) == len(WORDS) and words[-1] == words[0]


def test_a_number_in_use_is_given_to_nobody_else():
    stays = Handle(2, COLOURS[0], "renard")
    given = [stays]
    for _number in range(30):
        one = next_handle(given=given, in_use=[stays])
        assert one.number != 2 and one.word != "renard" and one.colour != COLOURS[0]
        given.append(one)


def test_more_conversations_than_keys_and_colours_have_numbers_and_words_of_their_own():
    given = give(15, ends=False)
    assert [one.number for one in given] == list(range(1, 16))
    assert len({one.word for one in given}) == 15


def test_number_rests_after_its_conversation_ended_even_when_no_other_has_a_key():
    held = give(8, ends=False)
    ended = Handle(9, COLOURS[0], "renard")
    given = [ended, *held]  # the one that ended was used longest ago
    assert next_handle(given=given, in_use=held, resting={9}).number == 10
    assert next_handle(given=given, in_use=held).number == 9


def test_the_word_of_a_colleague_stays_unless_it_is_in_use():
    assert next_handle(given=[], in_use=[], word="loutre").word == "loutre"
    taken = Handle(1, COLOURS[0], "loutre")
    assert next_handle(given=[taken], in_use=[taken], word="loutre").word != "loutre"
    assert next_handle(given=[], in_use=[], word="inconnu").word in WORDS


def test_the_word_of_a_colleague_is_not_that_of_somebody_who_ended_in_the_same_shift():
    ended = [Handle(1, COLOURS[0], "loutre")]
    assert next_handle(given=ended, in_use=[], word="loutre").word != "loutre"
    everything = [*ended, *(Handle(2, COLOURS[1], word) for word in WORDS)]
    assert next_handle(given=everything, in_use=[], word="loutre").word == "loutre", "no other word is left"


def test_words_fit_their_column_and_a_word_of_another_version_is_shown_as_it_is():
    assert all(len(word) <= 20 for word in (*WORDS, *COLOURS))
    assert str(Handle(4, "brick", "heron")) == "4 · héron"
    assert str(Handle(4, "brick", "licorne")) == "4 · licorne"


def test_tables_are_walked_whole():
    """A key is the word without its accents, and a class of the sheet of the console for each colour."""
    for key, word in WORDS.items():
        decomposed = unicodedata.normalize("NFKD", str(word))
        assert "".join(sign for sign in decomposed if not unicodedata.combining(sign)) == key and key.isalpha()
    sheet = (settings.BASE_DIR / "static" / "pnav" / "console.css").read_text()
    plain = [colour for colour in COLOURS if f"[data-colour={colour}]" not in sheet]
    assert plain == ["slate"], "that of a number without a rule of its own"


def test_each_colour_carries_white_text_and_none_is_that_of_an_urgency():
    """Numbers 1 and 9 wore the orange of « Élevée »."""
    css = (settings.BASE_DIR / "static/pnav/console.css").read_text()
    rules = re.findall(r"^(\.console-number\S*\[data-colour.*?) \{.*?background: (#[0-9a-f]{6});", css, re.MULTILINE)
    drawn = {name: colour for names, colour in rules for name in re.findall(r"data-colour=(\w+)", names)}
    other = next(colour for names, colour in rules if "=" not in names)  # of a name that has no rule
    for name in (*COLOURS, "brick"):
        red, green, blue = (int(drawn.get(name, other)[at : at + 2], 16) for at in (1, 3, 5))
        parts = [(one / 255 + 0.055) ** 2.4 / 1.055**2.4 for one in (red, green, blue)]
        assert 1.05 / (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05) >= 4.5, name
        assert not (red > 140 and red > 1.5 * green and green > blue), f"{name} looks like « Élevée »"
