"""Documents on paper: nothing is outside of the page, and text that is copied from them is what was written."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import typst
from django.core.exceptions import ValidationError
from PIL import Image
from pypdf import PdfReader

from chat.documents import transcript_pdf
from chat.documents.transcript_pdf import EXCHANGE, SLIP, Document, Section
from reports import letterhead
from reports.models import Letterhead
from reports.openings import register_pdf

LONG = ["a" * 300, "https://exemple.invalid/" + "b" * 200, "É" * 200, "mot " * 200]
PPI = 40


def margins(source: str, data: object, centimetres: float) -> list[int]:
    """Return the darkest value of each page's right margin, 255 being white."""
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
    """Return whether anything of a page with this short message is drawn in its right third."""
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


# --- whose paper it is ------------------------------------------------------------------------------------------------


def pages_of(source: str, data: object) -> list[list[str]]:
    """Return the lines of each page, without its number."""
    drawn = typst.compile(
        source.encode(),
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        ignore_system_fonts=True,
    )
    pages = [page.extract_text().splitlines() for page in PdfReader(io.BytesIO(drawn)).pages]
    return [[line.strip() for line in page if line.strip() and " / " not in line] for page in pages]


HEAD = ["Plateforme des victimes", "1 rue de la Paix", "75000 Paris"]


@pytest.mark.parametrize("source", [EXCHANGE, SLIP])
def test_paper_begins_with_the_letterhead_where_the_service_set_one(source):
    data = transcript_pdf._data(document("Bonjour"))
    assert pages_of(source, data)[0][0] in {"Échange", data["mark"]}
    with_head = pages_of(source, data | {"letterhead": HEAD})
    said = [line for line in with_head[0] if line != data["mark"]]
    assert said[: len(HEAD) + 1] == [*HEAD, "Échange"]
    assert HEAD[0] not in [line for page in with_head[1:] for line in page], "once, on the first page"


def test_register_has_it_too():
    letterhead.keep_head(tuple(HEAD))
    data = register_pdf.on_paper(["a"], [["b"]], datetime(2026, 11, 28, tzinfo=UTC))
    assert pages_of(register_pdf.SOURCE, data)[0][: len(HEAD)] == HEAD


@pytest.mark.django_db
def test_letterhead_is_read_from_its_row():
    letterhead.forget()
    assert letterhead.lines() == ()
    Letterhead.objects.create(name="Plateforme", address="1 rue de la Paix\r\n\r\n75000 Paris")
    letterhead.forget()
    assert letterhead.lines() == ("Plateforme", "1 rue de la Paix", "75000 Paris")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "address", "field"),
    [
        ("Plate\u202eforme", "", "name"),
        ("Plateforme", "1 rue\u200b", "address"),
        ("Plateforme", "a\nb\nc\nd\ne\nf", "address"),
        ("Plateforme", "x" * 91, "address"),
    ],
)
def test_letterhead_that_is_no_head_is_refused_beside_its_field(name, address, field):
    with pytest.raises(ValidationError) as refused:
        Letterhead(name=name, address=address).full_clean()
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize("pairs", [[], [("Motif", "x"), ("Unité", "y " * 300)]])
def test_no_heading_is_the_last_line_of_a_page(pairs):
    """Each place of the foot of a page is tried, so that it is true whatever stands before it."""
    headings, where = {"Transmission", "Messages", "1. La personne"}, set()
    for count in range(26, 40):
        about = [f"Ligne {number}" for number in range(count)]
        lines = [] if pairs else ["Une phrase."]
        whole = Document(
            title="Échange",
            about=about,
            heads=("Sujet", "Réponse"),
            sections=[Section("Transmission", lines=lines, pairs=pairs)],
            thread_title="Messages",
            thread=[("1. La personne", "Bonjour")],
        )
        pages = pages_of(EXCHANGE, transcript_pdf._data(whole))
        where.add(next(number for number, page in enumerate(pages) if "Transmission" in page))
        assert not headings & {page[-1] for page in pages}, count
    assert where == {0, 1}, "the foot of a page was among them"


def test_heading_of_nothing_is_not_printed():
    """A dossier without captures and a copy without messages have no thread; a receipt's sentences have no title."""
    whole = document("Bonjour")
    data = transcript_pdf._data(replace(whole, thread=()))
    assert "Messages" in pages_of(EXCHANGE, transcript_pdf._data(whole))[0]
    assert "Messages" not in pages_of(EXCHANGE, data)[0]
    slip = replace(whole, about=["7KQ2"], sections=[Section("", lines=["Il ne dit rien de vous."])])
    assert pages_of(SLIP, transcript_pdf._data(slip)) == [["Échange", "7KQ2", "Il ne dit rien de vous."]]


def on_page(pages: list[list[str]], words: str) -> list[int]:
    return [number for number, page in enumerate(pages) for line in page if words in line]


@pytest.mark.parametrize("value", ["mot " * 300, "\n".join(["ligne"] * 20), "W" * 1_400, "é" * 700])
def test_row_of_a_table_is_not_cut_between_two_pages(value):
    """Each place of the foot of a page is tried. What is longest and widest still fits on one."""
    where = set()
    for count in range(0, 40, 3):
        about = [f"Ligne {number}" for number in range(count)]
        pairs = [("Motif", f"Début {value} fin."), ("Unité", "Lyon")]
        whole = replace(document(""), about=about, sections=[Section("Fiche", pairs=pairs)])
        pages = pages_of(EXCHANGE, transcript_pdf._data(whole))
        begins, ends = on_page(pages, "Début"), on_page(pages, "fin.")
        assert begins == ends and len(ends) == 1, count
        where |= {*ends}
    assert where == {0, 1}


def test_row_that_is_longer_than_a_page_goes_on_on_the_next():
    value = "\n".join(f"ligne {number}." for number in range(150))
    whole = replace(document(""), sections=[Section("Fiche", pairs=[("Motif", value)])])
    pages = pages_of(EXCHANGE, transcript_pdf._data(whole))
    found = [on_page(pages, f"ligne {number}.") for number in range(150)]
    assert [len(one) for one in found] == [1] * 150
    assert {one for [one] in found} == {0, 1, 2}


@pytest.mark.parametrize("motive", ["mot " * 60, "W" * 250])
def test_row_of_the_register_is_not_cut_between_two_pages(motive):
    heads = ["Demande", "Motif", *"cdefghijkl"]
    rows = [[f"Nº {number}", f"Début {number}, {motive} fin {number}.", *["x"] * 10] for number in range(30)]
    data = register_pdf.on_paper(heads, rows, datetime(2026, 11, 28, tzinfo=UTC))
    pages = pages_of(register_pdf.SOURCE, data)
    said = ["".join(page).replace(" ", "") for page in pages]
    for number in range(30):
        places = [[at for at, page in enumerate(said) if one in page] for one in (f"Début{number},", f"fin{number}.")]
        assert places[0] == places[1] and len(places[0]) == 1, number
    assert len(pages) > 3
