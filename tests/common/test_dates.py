"""« 1er mars » is written with « er » wherever a date is shown, and no line breaks beside a guillemet."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.template import engines
from django.utils import translation

from common import dates

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


@pytest.mark.parametrize(
    ("day", "wanted", "french", "english"),
    [
        (FIRST, "j F Y", "1er mars 2026", "1 March 2026"),
        (FIRST, "l j F", "dimanche 1er mars", "Sunday 1 March"),
        (SECOND, "j F", "2 mars", "2 March"),
        (date(2026, 3, 11), "j F", "11 mars", "11 March"),
        (FIRST, "d/m/Y", "01/03/2026", "01/03/2026"),
        (FIRST, "j N", "1er mars", "1 March"),
        (date(2026, 12, 1), "j N", "1er déc.", "1 Dec."),
        (FIRST, "DATE_FORMAT", "1er mars 2026", "March 1, 2026"),
        (date(2027, 1, 3), "j N", "3 janv.", "3 Jan."),
        (date(2027, 2, 1), "j N Y", "1er févr. 2027", "1 Feb. 2027"),
    ],
)
def test_first_of_a_month(day, wanted, french, english):
    template = engines["django"].from_string("{{ day|date:wanted }}")
    for language, said in (("fr", french), ("en", english)):
        with translation.override(language):
            assert dates.format_date(day, wanted) == said
            assert template.render({"day": day, "wanted": wanted}) == said


def test_filter_takes_the_day_in_paris_and_leaves_nothing_as_it_was():
    template = engines["django"].from_string("{{ at|date:'j F, H:i' }}|{{ at|date }}|{{ none|date:'j F' }}")
    said = template.render({"at": datetime(2026, 2, 28, 23, 30, tzinfo=UTC), "none": None})
    assert said == "1er mars, 00:30|1er mars 2026|"


def test_no_code_writes_a_day_another_way():
    rooms = ("chat", "locations", "common", "pnav", "reports", "triage")
    lines = [
        line.strip()
        for room in rooms
        for file in (ROOT / room).rglob("*.py")
        if file != ROOT / "common/dates.py"
        for line in file.read_text().splitlines()
        if "j F" in line or "j N" in line
    ]
    assert lines and [line for line in lines if "format_date(" not in line] == []


def test_guillemets_keep_their_words():
    page = engines["django"].from_string("{{ text|unbroken }}").render({"text": "Répondre « oui » ou « non »."})
    assert page == "Répondre «\xa0oui\xa0» ou «\xa0non\xa0»."
