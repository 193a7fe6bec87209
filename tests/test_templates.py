"""What holds for the source of every template."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR) / "templates"
LONGEST = 160  # characters
FILES = sorted(ROOT.rglob("*.html"))


def long_lines(text: str) -> list[int]:
    """Return the numbers of the lines that nobody reads in one glance."""
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST]


def test_no_line_of_a_template_is_too_long():
    found = [f"{path.relative_to(ROOT)}:{number}" for path in FILES for number in long_lines(path.read_text("utf-8"))]
    assert FILES and not found, (
        f"Lines of more than {LONGEST} characters. Break between elements, between attributes, or write "
        f"{{% blocktranslate trimmed %}} on lines of its own in place of a long {{% translate %}}: {found}"
    )


@pytest.mark.parametrize(("length", "is_found"), [(LONGEST, False), (LONGEST + 1, True)])
def test_long_line_is_found(length, is_found):
    assert bool(long_lines("<p>\n" + "é" * length + "\n</p>")) is is_found


# Where a field is drawn by hand: its script writes the error, or no form holds it.
BY_HAND = {
    "chat/conversation.html",  # the message: chat.js says what is wrong as one writes
    "chat/_capture_form.html",  # a file, which no form of Django's is asked for: captures.js says what is wrong too
    "console/_handouts.html",  # a file, likewise
    "console/_thread.html",  # the answer: console.js does
    "chat/resume.html",  # a code of words, read by no form
    "console/end_duty.html",  # a box for each exchange, and one error for all of them
}


def test_fields_are_drawn_by_the_component():
    found = {str(path.relative_to(ROOT)) for path in FILES if "aria-invalid" in path.read_text("utf-8")}
    assert found == BY_HAND | {"components/field.html"}, "{% field form.name %}, or #state and #error of the component"


def test_an_error_of_a_field_is_named_by_its_control():
    """`field.errors` drawn beside a control that does not name it is read by nobody who cannot see it."""
    pattern = re.compile(r'class="fr-error-text"(?![^>]*(?:\bid=|role="alert"|data-))[^>]*>\s*\{\{ (?:\w+\.)+errors')
    found = [str(path.relative_to(ROOT)) for path in FILES if pattern.search(path.read_text("utf-8"))]
    assert found == []
