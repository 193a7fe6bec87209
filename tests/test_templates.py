"""Rules for the source of every template."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.urls import reverse

ROOT = Path(settings.BASE_DIR) / "templates"
LONGEST = 160  # the most characters of a line
FILES = sorted(ROOT.rglob("*.html"))


def long_lines(text: str) -> list[int]:
    """Return the numbers of the lines that are too long to be read at a glance."""
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


ALERT = 'role="alert"'

# Templates that draw a field by hand, because a script writes its error, or no form has it.
BY_HAND = {
    "chat/conversation.html",  # the message: chat.js says what is wrong while one writes
    "chat/_capture_form.html",  # a file, for which there is no form of Django's: captures.js says what is wrong too
    "console/_handouts.html",  # a file, for which there is no form of Django's either
    "console/_thread.html",  # the answer: console.js says what is wrong
    "chat/resume.html",  # a code of words, which no form reads
    "console/end_duty.html",  # a checkbox for each exchange, and one error for all of them
}


def test_fields_are_drawn_by_the_component():
    found = {str(path.relative_to(ROOT)) for path in FILES if "aria-invalid" in path.read_text("utf-8")}
    assert found == BY_HAND | {"components/field.html"}, "{% field form.name %}, or #state and #error of the component"


def test_every_title_of_an_error_says_so_in_discreet_mode_too():
    """There « Informations » takes the place of the block `title`, and not of the block `wrong` before it."""
    says = [path for path in FILES if 'sentence "pages.error"' in path.read_text("utf-8")]
    pattern = re.compile(r'\{% block wrong %\}\{% if [^%]+%\}\{% sentence "pages.error" bare %\} \{% endif %\}\{% endb')
    assert says and [str(path.relative_to(ROOT)) for path in says if not pattern.search(path.read_text("utf-8"))] == []


# Alerts that a script puts into the page or shows, which are said by themselves; parts of the console's screen, in
# which the script moves the focus to what is wrong (`static/pnav/console/form-answers.js`); and a page of which a field
# has the focus.
SCRIPTED = {
    "account/_passkey_error.html",  # empty until a passkey fails
    "admin/reports/house.html",  # the first number that is wrong has the focus
    "staff/_session.html",  # a template that is cloned
    "console/_availability.html",
    "console/_casework.html",
    "console/_closing_form.html",
    "console/_emergency.html",
    "console/_notes_and_history.html",
    "console/_thread.html",
    "console/_transfer.html",
    "console/_transmission.html",
}


def test_alert_that_comes_with_its_page_takes_the_focus():
    """Nothing says it otherwise (docs/screen-reader.md)."""
    alerts = {
        str(path.relative_to(ROOT)): [tag for tag in re.findall(r"<\w[^<]*", path.read_text("utf-8")) if ALERT in tag]
        for path in FILES
    }
    silent = {
        name
        for name, tags in alerts.items()
        for tag in tags
        if "autofocus" not in tag and not re.search(r"\shidden[\s>]", tag)
    }
    assert silent == SCRIPTED, 'tabindex="-1" autofocus, or a line in SCRIPTED'


def included(name: str) -> set[str]:
    """Return this template and those that it includes, by their names."""
    names = re.findall(r'{% include "([\w/]+\.html)', (ROOT / name).read_text("utf-8"))
    return {name}.union(*map(included, names))


def test_folds_beside_a_thread_can_be_told_apart():
    """What is read again opens the folds that were open, by their ids (drafts.js)."""
    names = included("console/_person_summary.html")
    unnamed = {name for name in names if re.search(r"<details(?! id=)", (ROOT / name).read_text("utf-8"))}
    assert "console/_casework.html" in names and not unnamed


def test_an_error_of_a_field_is_named_by_its_control():
    """Somebody who cannot see the page does not read `field.errors` beside a control that does not name it."""
    pattern = re.compile(r'class="fr-error-text"(?![^>]*(?:\bid=|role="alert"|data-))[^>]*>\s*\{\{ (?:\w+\.)+errors')
    found = [str(path.relative_to(ROOT)) for path in FILES if pattern.search(path.read_text("utf-8"))]
    assert found == []


LIKE = 0.7  # Orca leaves out a description that is as like the name of its field, or repeats it
LABELLED = re.compile(r'{% field \w+\.(?P<name>\w+)[^%]*? label=_\("(?P<label>[^"]+)"\)')


def repeats(label: str, error: str, least: float = LIKE) -> bool:
    """Return whether Orca takes the error of a field for another text of its name, and does not say it."""
    is_within = (label in error and len(label.split()) > 3) or (error in label and len(error.split()) > 3)
    return is_within or round(SequenceMatcher(None, label.lower(), error.lower()).ratio(), 2) >= least


def every_form(one: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    yield one
    for other in one.__subclasses__():
        yield from every_form(other)


def test_no_error_repeats_the_name_of_its_field():
    reverse("pages:home")  # reads all addresses, and so every form
    drawn = {(found["name"], found["label"]) for path in FILES for found in LABELLED.finditer(path.read_text("utf-8"))}
    ours = [form for form in every_form(forms.BaseForm) if not form.__module__.startswith("django.")]
    said = {
        (str(label), str(error))
        for form in ours
        for name, field in form.base_fields.items()
        for label in [field.label, *(label for other, label in drawn if other == name)]
        for key, error in (field.error_messages or {}).items()
        if label and key in {"required", "invalid"} and not isinstance(field, forms.BooleanField)
    }
    assert len(drawn) > 10 and len(ours) > 10, "Nothing was looked at."
    assert not [(label, error) for label, error in said if repeats(label, error)], (
        "Orca leaves out an error that is like the name of its field (docs/screen-reader.md). Say it in other words."
    )


@pytest.mark.parametrize(
    ("error", "is_found"),
    [("Choisissez comment l'échange se termine.", True), ("Choisissez une issue.", False)],
)
def test_error_that_repeats_the_name_is_found(error, is_found):
    assert repeats("Comment l'échange se termine", error) is is_found
