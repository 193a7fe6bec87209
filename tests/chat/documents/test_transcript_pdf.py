"""Documents on paper: nothing runs off the page, and what is copied from them is what was written."""

import io
import json
from datetime import UTC, datetime

import pytest
import typst
from PIL import Image

from chat.documents import transcript_pdf
from chat.documents.transcript_pdf import EXCHANGE, SLIP, Document, Section
from reports.openings import register_pdf

LONG = ["a" * 300, "https://exemple.invalid/" + "b" * 200, "É" * 200, "mot " * 200]
PPI = 40


def margins(source: str, data: object, centimetres: float) -> list[int]:
    """The darkest value of each page's right margin, 255 being white."""
    found = typst.compile(
        source.encode(), format="png", ppi=PPI, sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )
    darkest = []
    for page in found if isinstance(found, list) else [found]:
        picture = Image.open(io.BytesIO(page)).convert("L")
        width = int(centimetres / 2.54 * PPI)
        low, _high = picture.crop((picture.width - width, 0, picture.width, picture.height)).getextrema()
        darkest.append(low)
    return darkest


def document(text: str) -> Document:
    return Document(
        title="Échange",
        about=[text],
        mark=text[:100],
        heads=("Sujet", "Réponse"),
        sections=[Section("Fiche", lines=[text], pairs=[("Notes", text), (text, "oui")])],
        thread_title="Messages",
        thread=[("1. La personne", text)],
    )


@pytest.mark.parametrize("text", LONG)
def test_words_without_a_space_stay_on_the_paper(text):
    data = transcript_pdf._data(document(text))
    assert set(margins(EXCHANGE, data, 1.8)) == {255}
    assert set(margins(SLIP, data, 1.3)) == {255}


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("Bonjour, مرحبا", "ltr"),
        ("مرحبا، رقم 17!", "rtl"),
        ("17 : « שלום » Bonjour", "rtl"),
        ("😀 17 … bonjour", "ltr"),
        ("17 112 !", "ltr"),
        ("", "ltr"),
    ],
)
def test_direction_of_a_message_is_that_of_its_first_letter(text, direction):
    assert transcript_pdf.direction_of(text) == direction


def is_on_the_right(text: str) -> bool:
    """Whether anything of a page with this short message is drawn in its right third."""
    data = transcript_pdf._data(Document(title="x", about=[], thread_title="x", thread=[("x", text)]))
    page = typst.compile(
        EXCHANGE.encode(), format="png", ppi=PPI, sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
    )
    picture = Image.open(io.BytesIO(page)).convert("L")
    darkest, _lightest = picture.crop((2 * picture.width // 3, 0, picture.width, picture.height)).getextrema()
    return darkest < 200


def test_message_from_right_to_left_begins_on_the_right():
    assert is_on_the_right("שלום, 17!") and is_on_the_right("مرحبا، 17!")
    assert not is_on_the_right("Bonjour") and not is_on_the_right("Bonjour, שלום")


def test_long_names_stay_on_the_register():
    row = ["3f2a9c10-1111-4222-8333-abcdefabcdef"] * 2 + ["nom" * 50] * 9
    data = {"title": "Registre", "at": "maintenant", "heads": ["Tête"] * 11, "rows": [row]}
    assert set(margins(register_pdf.SOURCE, data, 1.3)) == {255}


def test_broken_words_carry_no_sign_that_was_not_written():
    """Copied from the paper, an address is the one that was sent: a zero-width space would be another address."""
    for source in (transcript_pdf.EXCHANGE, transcript_pdf.SLIP, register_pdf.SOURCE):
        assert "sym.zws" not in source and "\u200b" not in source


@pytest.mark.parametrize(("count", "told"), [(0, "Aucune demande."), (1, "1 demande."), (2, "2 demandes.")])
def test_register_says_how_many_and_of_which_hours(count, told):
    at = datetime(2026, 11, 26, 1, 40, tzinfo=UTC)
    said = register_pdf.on_paper(["Demande"], [["x"]] * count, at)["at"]
    assert told in said and "UTC" in said and "01:40 (Paris)" in said
