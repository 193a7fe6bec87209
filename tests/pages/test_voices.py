"""Every page outside of an exchange that speaks to somebody, as each person reads it: *vous* or *tu*, on the device on
which they answered, and on another one, where the visit has their report and no answers.

tests/chat/visitor/test_voices.py has the pages of the exchange.
"""

import re
from html import unescape
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from chat.models import Conversation
from pnav import addresses
from pnav.addresses import ORDINARY
from pnav.pages.models import ContentBlock, ContentText, HelpNumberText
from tests.chat.sockets import visit
from tests.chat.visitor.test_voices import FAMILIAR, FORMAL, OF_A_VICTIM, OF_MINORS, PEOPLE, around
from tests.factories import chat as make
from tests.factories import locations as places
from tests.pages.test_discreet_pages import commune
from tests.support.on_screen import words_on_screen
from triage.questionnaire.questions import VERSION

pytestmark = pytest.mark.django_db

# Pages for one kind of reader, whoever opens them: minors, professionals, readers of what the site has to publish
# (legal texts, ADR 0111), and developers who look at the parts of pages (« Composants »).
TO_SOMEBODY = {
    "pages:accessibility", "pages:components", "pages:legal", "pages:minors", "pages:minors_simple", "pages:privacy",
    "pages:professionals",
}  # fmt: skip
# What they say is true of a victim, a witness and an author alike: « La victime est mineure ».
OF_THE_LAW = {"pages:law", "pages:removal"}
IMPERATIVE = re.compile(r"\b(?!chez\b|assez\b|rendez\b)\w{2,}ez\b")
PAGES = [
    name
    for namespace in ("locations", "pages", "triage")
    for name in addresses.pages_without_parameter(namespace)
    if name not in TO_SOMEBODY and name != "locations:suggestions"  # words for a script
]


def browser(conversation: Conversation, answers: dict[str, str]) -> Client:
    """Return a browser on the visit that opened this conversation.

    answers: none on another device than where they were given.
    """
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = visit(conversation)
    if answers:
        session = client.session
        session["triage"] = {"version": VERSION, "answers": answers}
        session.save()
    return client


@pytest.mark.parametrize("has_answered_here", [True, False])
@pytest.mark.parametrize("who", PEOPLE)
def test_each_page_speaks_to_who_reads_it(who: str, has_answered_here: bool) -> None:
    client = browser(make.waiting(**PEOPLE[who]), PEOPLE[who]["answers"] if has_answered_here else {})
    found = []
    for name in PAGES:
        answer = client.get(ORDINARY.reverse(name), follow=True)
        assert answer.status_code == 200, name
        html = unescape(answer.text)
        main = html[html.index("<main") : html.index("</main>")]
        # Text between « » is quoted, or the name of a button; the label is a contract.
        words = re.sub(r"« .*? »|Aidez-nous à améliorer ce service", "", words_on_screen(main, opens_folds=True))
        if name == "pages:home":  # the part for minors says *tu* to everybody
            words, count = re.subn(r"Tu as moins de 18 ans \?.*?La page pour les moins de 18 ans", "", words)
            assert count == 1
        for wrong in (FORMAL, IMPERATIVE) if who in OF_MINORS else (FAMILIAR,):
            found += [(name, around(words, one)) for one in wrong.finditer(words)]
        if "role" in PEOPLE[who]:
            # Folded text there is for everybody: « victime, témoin, proche ».
            words = words_on_screen(main) if name == "pages:home" else words
            found += [(name, around(words, one)) for one in OF_A_VICTIM.finditer(words) if name not in OF_THE_LAW]
    assert found == []


@pytest.mark.parametrize("typed", ["Arles", "13200", "Nulle part", "Bruxelles", "13299 CEDEX", ""])
def test_search_of_places_of_a_minor_says_tu(typed: str) -> None:
    commune()
    places.municipality("Arles", "64999", ("64000",))
    names = [name for name in PAGES if name.startswith("locations:")]
    for purpose in ("echange", "contacts"):
        client = browser(make.waiting(**PEOPLE["minor"]), {})
        answers = [client.post(ORDINARY.reverse("locations:search"), {"q": typed, "purpose": purpose}, follow=True)]
        answers += [client.get(ORDINARY.reverse(name), follow=True) for name in names]
        for answer in answers:
            html = unescape(answer.text)
            words = words_on_screen(html[html.index("<main") : html.index("</main>")], opens_folds=True)
            for wrong in (FORMAL, IMPERATIVE):
                assert [around(words, one) for one in wrong.finditer(words)] == []


@pytest.mark.parametrize("has_answered_here", [True, False])
def test_page_that_is_not_there_and_form_that_expired_say_tu_to_a_minor(has_answered_here: bool) -> None:
    client = browser(make.waiting(**PEOPLE["minor"]), PEOPLE["minor"]["answers"] if has_answered_here else {})
    client.handler.enforce_csrf_checks = True
    answers = [client.get("/nulle-part/"), client.post(ORDINARY.reverse("pages:feedback"), {})]
    assert [answer.status_code for answer in answers] == [404, 403]
    for answer in answers:
        html = unescape(answer.text)
        words = words_on_screen(html[html.index("<main") : html.index("</main>")], opens_folds=True)
        assert "Tu " in words or "ton navigateur" in words
        for wrong in (FORMAL, IMPERATIVE):
            assert [around(words, one) for one in wrong.finditer(words)] == []


def test_refused_opinion_of_a_minor_is_said_in_tu() -> None:
    client = browser(make.waiting(**PEOPLE["minor"]), {})
    html = unescape(client.post(ORDINARY.reverse("pages:feedback"), {"text": "x" * 1001}).text)
    for words in ("Ce service t'a-t-il été utile", "Dis-nous si le service t'a été utile", "Ton texte est trop long"):
        assert words in html


# --- the texts in *tu* of what administrators write -------------------------------------------------------------------


def test_text_in_tu_states_the_same_figures_and_links() -> None:
    """They are in the same order: penalties, articles, deadlines, numbers to call, addresses."""
    stated = re.compile(r"\d[\d -]*|\]\([^)]+\)")
    rows = [*ContentText.objects.filter(language="fr"), *HelpNumberText.objects.filter(language="fr")]
    assert len(rows) > 20
    for row in rows:
        polite = getattr(row.owner, row.part.removesuffix("_tu"))
        assert stated.findall(row.text) == stated.findall(polite), row.owner
        assert row.source_text == polite != row.text


def test_section_says_tu_until_its_other_text_changes() -> None:
    """A minor never reads a law that everybody else reads otherwise."""
    client = browser(make.waiting(**PEOPLE["minor"]), {})
    law = ORDINARY.reverse("pages:law")
    assert "qui tu es, pour t'aider" in unescape(client.get(law).text)
    assert "qui vous êtes, pour vous aider" in unescape(Client().get(law).text)
    section = ContentBlock.objects.get(slug="loi-anonymat")
    section.body += " Une règle de plus."
    section.save()
    page = unescape(client.get(law).text)
    assert "Une règle de plus." in page and "qui tu es, pour t'aider" not in page
    assert "body_tu" in section.outdated()
    section.set_texts({"body_tu": "Une règle de plus, pour toi."}).save()
    assert "Une règle de plus, pour toi." in unescape(client.get(law).text)
    assert not ContentBlock.objects.get(pk=section.pk).outdated()


def test_process_of_the_version_before_keeps_the_texts_in_tu(monkeypatch: pytest.MonkeyPatch) -> None:
    section = ContentBlock.objects.get(slug="loi-anonymat")
    kept = section.named_texts()["body_tu"]
    monkeypatch.setattr(ContentBlock, "familiar_fields", ())
    before = ContentBlock.objects.get(pk=section.pk)
    before.body = "Autre chose."
    before.set_texts({"body_en": "Something else."}).save()
    monkeypatch.undo()
    after = ContentBlock.objects.get(pk=section.pk)
    assert after.named_texts()["body_tu"] == kept and list(after.outdated()) == ["body_tu"]
    assert after.in_voice(True).said("body") == "Autre chose."


def test_section_that_somebody_wrote_anew_is_given_no_text_in_tu() -> None:
    module = import_module("pnav.pages.migrations.0018_familiar_texts")
    own, other = (ContentBlock.objects.get(slug=slug) for slug in ("loi-anonymat", "loi-couple"))
    ContentText.objects.filter(owner__in=[own, other], language="fr").delete()
    ContentBlock.objects.filter(pk=own.pk).update(body="Vous pouvez tout demander.")
    module.say_tu(apps, None)
    assert "body_tu" not in {row.part for row in own.text_rows.all()}
    assert "Tu peux en parler ici" in other.text_rows.get(part="body_tu").text
