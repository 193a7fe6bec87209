"""The number of a receipt is random, said in groups, and read however it was typed."""

import pytest

from chat.rules import receipt_number

NUMBER = "0123456789ABCDE"
NUMBER += receipt_number._check_of(NUMBER)


def test_number_is_read_back_as_it_is_said():
    drawn = receipt_number.draw()
    said = receipt_number.write(drawn)
    assert len(drawn) == receipt_number.LENGTH == 16 and set(drawn) <= set(receipt_number.SIGNS)
    assert [len(group) for group in said.split("-")] == [4, 4, 4, 4]
    assert receipt_number.read(said) == receipt_number.read(said.lower().replace("-", " – ")) == drawn


def test_signs_that_look_alike_are_read_as_what_was_meant():
    typed = NUMBER.replace("0", "O", 1).replace("1", "I", 1).replace("2", "Z", 1)
    assert receipt_number.read(typed) == receipt_number.read(NUMBER.replace("1", "l", 1)) == NUMBER


def test_check_is_the_weighted_sum():
    assert receipt_number._check_of("1" + "0" * 14) == "1"
    assert receipt_number._check_of("01" + "0" * 13) == "2"
    assert receipt_number._check_of("0" * 14 + "1") == receipt_number.SIGNS[15]


@pytest.mark.parametrize(
    "typed",
    ["", NUMBER[:-1], NUMBER + "0", NUMBER[:-1] + "?", "é" + NUMBER[1:], " " * 60 + NUMBER]
    + [NUMBER[:place] + ("0" if NUMBER[place] != "0" else "1") + NUMBER[place + 1 :] for place in range(16)],
)
def test_one_wrong_sign_is_no_number(typed: str):
    assert receipt_number.read(typed) is None


@pytest.mark.parametrize("place", range(14))
def test_two_signs_that_changed_places_are_no_number(place: int):
    swapped = NUMBER[:place] + NUMBER[place + 1] + NUMBER[place] + NUMBER[place + 2 :]
    assert receipt_number.read(swapped) is None
