"""A message, or another text of the exchange, that a form sends is refused by the rules of the protocol, in French."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from chat.messages import protocol
from chat.messages.forms import MESSAGE_ERRORS, TEXT_ERRORS, MessageForm, Text

REFUSED = [
    ("", protocol.EMPTY),
    (" \n", protocol.EMPTY),
    ("\u200b", protocol.UNSEEN),
    ("x" * (protocol.MAX_BODY + 1), protocol.TOO_LONG),
    ("nul \x00", protocol.BAD_FRAME),
    ("\ud800", protocol.BAD_FRAME),
]


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_message_is_refused_with_its_reason(body, reason):
    form = MessageForm({"client_id": str(uuid.uuid4()), "body": body})
    assert not form.is_valid()
    (error,) = form.errors.as_data()["body"]
    assert error.code == reason and error.message == MESSAGE_ERRORS[reason]


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_obligatory_text_is_refused_with_its_reason(body, reason):
    with pytest.raises(ValidationError) as refused:
        Text().clean(body)
    assert refused.value.code == reason and refused.value.message == TEXT_ERRORS[reason]


def test_text_that_may_be_left_out_is_kept_or_empty():
    text = Text(required=False)
    assert [text.clean(value) for value in (None, "", " \n", " oui\r\nnon ")] == ["", "", "", "oui\nnon"]
    with pytest.raises(ValidationError):
        text.clean("\u200b")


def test_message_is_kept_as_the_sockets_keep_it():
    form = MessageForm({"client_id": str(uuid.uuid4()), "body": " oui\r\nnon "})
    assert form.is_valid() and form.cleaned_data["body"] == "oui\nnon"


def test_errors_say_what_to_do():
    """Each error has its own words, for a message and for any other text."""
    said = [str(text) for text in (*MESSAGE_ERRORS.values(), *TEXT_ERRORS.values())]
    assert len(set(said)) == 2 * len(MESSAGE_ERRORS) == 2 * len(TEXT_ERRORS)
    assert all(
        text.startswith(("Le message ", "Le texte ", "Rien ne se voit ")) and text.endswith(".") for text in said
    )
