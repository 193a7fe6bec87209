import re
from datetime import date
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import translation

from chat.models import CannedReply
from common.texts.catalogue import CATALOGUE
from pnav.accounts.models import Role
from pnav.pages.models import ContentBlock, ContentText, HelpNumber
from pnav.pages.templatetags import help_numbers
from pnav.pages.templatetags.help_numbers import current_hours
from tests.accounts.cast import give_session, make_user
from tests.accounts.test_audited_admin import Fields
from tests.chat.sockets import visit
from tests.factories import chat as make
from triage import texts as triage_texts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_again():
    help_numbers.forget()
    yield
    help_numbers.forget()


def test_current_hours_are_the_administrators():
    HelpNumber.objects.filter(number="3018").update(hours="7j/7, de 8h à 20h")
    assert current_hours("3018", "7 j/7, de 9 h à 23 h") == "7j/7, de 8h à 20h, gratuit"


def test_current_hours_of_a_number_with_spaces():
    HelpNumber.objects.filter(number="116 006").update(hours="demain")
    assert current_hours("116 006").startswith("demain")


def test_hours_that_the_sources_contradict_stand_in_the_administration_alone():
    """116 006 answers until 7 or 8 pm."""
    number = HelpNumber.objects.get(number="116 006")
    english = [row.text for row in number.text_rows.filter(part="hours")]
    assert (number.hours, english) == ("7j/7, en journée", ["7 days a week, in the daytime"])
    assert "de 9h à 19h" in number.doubt and "de 9h à 20h" in number.doubt
    replies = CannedReply.objects.filter(vous__contains="116 006")
    texts = [reply.vous for reply in replies]
    texts += [row.text for reply in replies for row in reply.text_rows.filter(part="vous")]
    units = (settings.BASE_DIR / "locations" / "data" / "units.json").read_text().splitlines()
    texts += [line for line in units if "116 006" in line]
    texts += [one.say() for one in (triage_texts.VICTIMS_HOURS, CATALOGUE["places.call_victims"])]
    assert len(texts) == 7 and not [text for text in texts if re.search(r"(?<!\d)19(?!\d)|7 pm", text)]


def test_current_hours_unknown_are_not_invented():
    HelpNumber.objects.filter(number="3919").update(hours="")
    assert current_hours("3919", "peut-être") == ""


def test_hours_that_were_emptied_are_said_in_no_language(client):
    """Readers of English went on reading the hours that an administrator had taken away because they were wrong."""
    number = HelpNumber.objects.get(number="3018")
    with translation.override("en"):
        english = number.shown_hours
        assert english != HelpNumber(hours=number.hours).shown_hours
    assert english in client.get("/en/numeros/").text
    number.hours = ""
    number.save()
    help_numbers.forget()
    with translation.override("en"):
        assert HelpNumber.objects.get(number="3018").shown_hours == ""
        assert current_hours("3018") == ""
    cards = client.get("/en/numeros/").text.partition('class="numbers"')[2].partition("</ul>")[0]
    [card] = [one for one in cards.split("</li>") if 'href="tel:3018"' in one]
    assert "free" in card and english not in card


def test_current_hours_of_a_number_that_nobody_keeps():
    assert current_hours("36 99", "9 h à 17 h") == "9 h à 17 h"


def test_edit_in_the_admin_reaches_the_waiting_room(client, settings):
    HelpNumber.objects.filter(number="3114").update(hours="à toute heure, vérifié")
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(make.waiting())
    assert "à toute heure, vérifié" in client.get("/tchat/").text


def test_page_drawn_before_an_edit_is_committed_does_not_keep_the_former_hours(
    client, monkeypatch, django_capture_on_commit_callbacks
):
    give_session(client, make_user("chef", Role.ADMINISTRATOR, totp=True))
    number = HelpNumber.objects.get(number="3018")
    where = f"/admin/pages/helpnumber/{number.pk}/change/"
    fields = Fields(client.get(where).text).largest | {"hours": ["à toute heure"]}
    former = help_numbers._read()
    before = current_hours("3018")
    with django_capture_on_commit_callbacks() as callbacks:
        assert client.post(where, fields).status_code == 302
    with monkeypatch.context() as elsewhere:  # what another thread reads until then
        elsewhere.setattr(help_numbers._numbers, "_read", lambda: former)
        assert current_hours("3018") == before
    for callback in callbacks:
        callback()
    assert current_hours("3018") == "à toute heure, gratuit" != before


# --- what a migration changes of what somebody wrote ------------------------------------------------------------------


def migrate(name: str) -> Any:
    module = import_module(name)
    module.leave_out(apps, None)
    return module


CURRENT_OR_NOT = pytest.mark.parametrize(("source", "is_current"), [(None, True), ("", True), ("Autre chose.", False)])


@CURRENT_OR_NOT
def test_hours_leave_a_reply_that_somebody_changed_and_nothing_else_of_it(source, is_current):
    """`source` is the French that the English says it translates; "" stands for the present text."""
    before = "Bonsoir.\r\nLe 116 006 : 7 j/7, de 9 h à 19 h, gratuit. Courage."
    english = "Good evening. 116 006: 7 days a week, from 9 am to 7 pm, free of charge. Take heart."
    reply = CannedReply.objects.create(title="Appeler", vous=before)
    said = before.replace("\r\n", "\n") if source == "" else source
    reply.text_rows.create(language="en", part="vous", text=english, source_text=said)
    migrate("chat.migrations.0042_hours_in_doubt")
    reply = CannedReply.objects.get(pk=reply.pk)
    assert reply.vous == "Bonsoir.\r\nLe 116 006 : 7 j/7, gratuit. Courage."
    assert reply.texts["en", "vous"] == "Good evening. 116 006: 7 days a week, free of charge. Take heart."
    assert (reply.outdated() == {}) is is_current


def test_translation_of_a_reply_that_says_it_otherwise_stays_and_is_to_be_looked_at():
    before = "Le 116 006 : 7 j/7, de 9 h à 19 h, gratuit."
    reply = CannedReply.objects.create(title="Appeler", vous=before)
    reply.text_rows.create(language="en", part="vous", text="Call 116 006.", source_text=None)
    migrate("chat.migrations.0042_hours_in_doubt")
    reply = CannedReply.objects.get(pk=reply.pk)
    assert reply.texts["en", "vous"] == "Call 116 006." and reply.outdated() == {"vous_en": before}


@CURRENT_OR_NOT
def test_hours_leave_the_pages_and_no_old_translation_is_taken_for_current(source, is_current):
    module = import_module("pnav.pages.migrations.0015_hours_in_doubt")
    HelpNumber.objects.filter(number="116 006").update(hours=module.BEFORE, doubt="Mon doute.")
    number = HelpNumber.objects.get(number="116 006")
    said = module.BEFORE if source == "" else source
    number.text_rows.filter(part="hours").update(text=module.ENGLISH_BEFORE, source_text=said)
    migrate(module.__name__)
    number = HelpNumber.objects.get(number="116 006")
    assert (number.hours, number.texts["en", "hours"], number.doubt) == ("7j/7", "7 days a week", "Mon doute.")
    assert ("hours_en" not in number.outdated()) is is_current


def test_hours_that_an_administrator_wrote_stay():
    HelpNumber.objects.filter(number="116 006").update(hours="de 9h à 20h, vérifié", doubt="")
    migrate("pnav.pages.migrations.0015_hours_in_doubt")
    number = HelpNumber.objects.get(number="116 006")
    assert (number.hours, number.doubt) == ("de 9h à 20h, vérifié", "")


def test_two_words_of_the_english_are_replaced_and_nothing_else_is():
    own = ContentText.objects.filter(owner__slug="premiers-gestes", language="en", part="title")
    own.update(text="First gestures, by us", source_text="Ce que disait le titre")
    migrate("pnav.pages.migrations.0015_hours_in_doubt")
    assert own.values_list("text", "source_text").get() == ("First steps, by us", "Ce que disait le titre")


# --- a number that no source says how to reach ------------------------------------------------------------------------

LATER_WORDS = "pnav.pages.migrations.0022_words_that_hold"


def without_the_link() -> None:
    import_module("pnav.pages.migrations.0017_number_in_doubt").take_the_link_away(apps, None)


def test_number_in_doubt_is_read_without_a_link(client):
    number = HelpNumber.objects.get(number="33700")
    assert (number.has_link, number.href, number.verified_on) == (False, "", None)
    assert "ne dit si ce numéro s'appelle" in number.doubt
    for page in ("/", "/numeros/"):
        html = client.get(page).text
        assert "33700" in html and not re.search(r"(sms|tel):33700", html)
    block = ContentBlock.objects.get(slug="numeros-choisir")
    assert "33700" in block.texts["en", "body"] and "sms:33700" not in block.texts["en", "body"]
    assert block.outdated() == {}


def test_number_in_doubt_can_have_its_link_again(client):
    HelpNumber.objects.filter(number="33700").update(has_link=True)
    assert 'href="sms:33700"' in client.get("/").text


def as_before(**changes: Any) -> HelpNumber:
    """Return the number and its section as they were first written, and what somebody changed."""
    first = import_module("pnav.pages.migrations.0002_first_contents")
    fields = {"use": "text", "doubt": "", "has_link": True, "verified_on": first.CHECKED} | changes
    HelpNumber.objects.filter(number="33700").update(**fields)
    return HelpNumber.objects.get(number="33700")


@pytest.mark.parametrize(
    "changes", [{"doubt": "Le mien."}, {"verified_on": date(2026, 11, 28)}, {"verified_on": None}, {"use": "call"}]
)
def test_number_that_somebody_changed_keeps_its_link(changes):
    before = as_before(**changes)
    without_the_link()
    after = HelpNumber.objects.get(number="33700")
    assert after.has_link and after.doubt == before.doubt and after.verified_on == before.verified_on


@pytest.mark.parametrize("english_changed", [False, True])
def test_section_loses_the_link_and_keeps_a_translation_that_somebody_changed(english_changed):
    blocks = ContentBlock.objects.filter(slug="numeros-choisir")
    texts = ContentText.objects.filter(owner__slug="numeros-choisir", language="en", part="body")
    link = "[33700](sms:33700)"
    [later] = [words for slug, words in import_module(LATER_WORDS).SECTIONS if slug == "numeros-choisir"]
    french, english = (
        one.replace("33700", link).replace(*reversed(later[language, "body"]))
        for language, one in (("fr", blocks.get().body), ("en", texts.get().text))
    )
    english += "\n\nAdded here." if english_changed else ""
    blocks.update(body=french.replace("\n", "\r\n"))
    texts.update(text=english, source_text=french)
    without_the_link()
    block = blocks.get()
    assert link not in block.body and "**SMS indésirable** : 33700." in block.body
    assert (link in texts.get().text) is english_changed and ("body_en" in block.outdated()) is english_changed


def test_section_that_somebody_changed_keeps_what_it_says():
    blocks = ContentBlock.objects.filter(slug="numeros-choisir")
    blocks.update(body="Écrivez au [33700](sms:33700).")
    without_the_link()
    assert blocks.get().body == "Écrivez au [33700](sms:33700)."
