"""What Orca needs from the markup, as was heard (docs/screen-reader.md)."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import SUCCESS
from django.contrib.messages.storage.base import Message
from django.contrib.sessions.backends.base import SessionBase
from django.template.loader import render_to_string
from django.test import RequestFactory

from tests.support.reading import squeezed

TEMPLATES = Path(settings.BASE_DIR) / "templates"


def test_error_of_a_box_is_in_its_name():
    """Of a box Orca says the name, and not what `aria-describedby` points to."""
    boxes = [
        (path.name, box)
        for path in TEMPLATES.rglob("*.html")
        for box in re.findall(r'<input type="checkbox"(?:{%.*?%}|{{.*?}}|[^>{])*>', path.read_text(encoding="utf-8"))
        if "aria-invalid" in box
    ]
    assert {name for name, _box in boxes} == {"field.html", "end_duty.html"}
    for name, box in boxes:
        names = re.search(r'aria-labelledby="([^"]*)"', box.replace("{{ key }}", "").replace("{{ id }}", ""))
        assert names and re.fullmatch(r"\S*-(nom|label)\S* \S*-(erreur|error)", names[1]), name
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
    lines = re.findall(r"<li>(.*?)</li>", render_to_string("console/_keyboard_shortcuts.html"), re.DOTALL)
    lines = [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", line).replace("&nbsp;", " ")).strip() for line in lines]
    text = "".join(lines)
    assert "Alt + R : répondre.Ctrl + Entrée : envoyer la réponse, la note, la question à un collègue." in text
    assert text.count(" : ") >= 18


@pytest.mark.django_db
@pytest.mark.parametrize("template", ["base.html", "admin/base_site.html"])
def test_first_thing_that_a_page_confirms_has_the_focus(template: str, rf: RequestFactory):
    """A live region that comes with its page is not said; the focus is."""
    request = rf.get("/")
    request.session, request.user, request.resolver_match = SessionBase(), AnonymousUser(), None
    said = [Message(SUCCESS, "Enregistré."), Message(SUCCESS, "Et ceci.")]
    html = squeezed(render_to_string(template, {"messages": said}, request))
    first, second = (re.search(rf"<[^<]*>(?:<p>)?{text}", html) for text in ("Enregistré.", "Et ceci."))
    assert first and second
    assert 'tabindex="-1" autofocus' in first[0] and "autofocus" not in second[0]
