"""What Orca was heard to need of the markup (docs/screen-reader.md)."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

TEMPLATES = Path(settings.BASE_DIR) / "templates"


def test_error_of_a_box_is_in_its_name():
    """Of a box Orca says the name, and not what `aria-describedby` points to."""
    boxes = [
        (path.name, box)
        for path in TEMPLATES.rglob("*.html")
        for box in re.findall(r'<input type="checkbox"(?:{%.*?%}|{{.*?}}|[^>{])*>', path.read_text(encoding="utf-8"))
        if "aria-invalid" in box
    ]
    assert len(boxes) >= 4
    for name, box in boxes:
        assert re.search(r'aria-labelledby="[^"]*-nom\S* [^"]*erreur', box.replace("{{ key }}", "")), name
        assert "aria-describedby" not in box, name


@pytest.mark.parametrize(
    ("familiar", "words"), [(True, "Appuie encore deux fois"), (False, "Appuyez encore deux fois")]
)
def test_quick_exit_speaks_as_the_page_does(familiar: bool, words: str):
    html = render_to_string("components/safety_bar.html", {"familiar": familiar})
    assert words in html
    assert bool(re.search(r"\b(tu|Tu|Appuie)\b", html)) is familiar
    assert bool(re.search(r"\b(vous|Vous|Appuyez)\b", html)) is not familiar


def test_keys_are_parted_from_what_they_do():
    """Orca reads the dialog in one breath, and no block of it ends a word."""
    html = render_to_string("console/_keys.html")
    text = re.sub(r"<[^>]*>", "", "".join(re.findall(r"<li>.*?</li>", html))).replace("&nbsp;", " ")
    assert "Alt + R : répondre.Ctrl + Entrée : envoyer." in text
    assert text.count(" : ") >= 18
