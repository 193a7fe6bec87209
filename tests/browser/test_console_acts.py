# ruff: noqa: F811  the fixtures of test_console
"""Beside the thread in a real browser: replies by keyboard, a promise with its clock, and an aparté that takes no
focus.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from chat.casework import colleague_questions
from chat.models import Agent, Aside, Conversation
from chat.rules.lifecycle import Availability
from tests.browser.conftest import Axe, LiveSite, PageFactory, in_theme
from tests.browser.desk import Person, take_seat
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    an_agent,
    at,
    be_signed_in,
    make_available,
    sign_in,
    somebody_waits,
)
from tests.factories import chat as make

type Work = Callable[..., Any]


def is_here(colleague: Agent) -> None:
    """Make this colleague present, as if their console had just been heard."""
    Agent.objects.filter(pk=colleague.pk).update(seen_at=timezone.now(), availability=Availability.AVAILABLE)


@pytest.mark.slow
def test_acts_beside_the_thread(live_site, page: Page, at: Work, enter, axe: Axe, subtests: pytest.Subtests):
    """One desk serves all of these, and each has a person of its own."""
    desk = take_seat(
        page, live_site, at, {name: Person() for name in ("reply", "aside", "pressed", "given back", "promise")}
    )
    people = desk.people
    page.on("dialog", lambda dialog: dialog.accept())  # drafts are left for the last page
    with subtests.test("reply is found and inserted by mouse and by keyboard"):
        desk.shows("reply")
        reply_is_found_and_inserted(page, at, people["reply"], axe)
    with subtests.test("aside comes live and steals nothing"):
        desk.shows("aside")
        aside_comes_live_and_steals_nothing(page, at, people["aside"], axe)
    with subtests.test("pressed answer is shown beside the thread"):
        desk.shows("pressed")
        pressed_answer_is_shown_beside_the_thread(page, people["pressed"], enter)
    with subtests.test("words given back unsent stay, whatever comes"):
        desk.shows("given back")
        words_given_back_unsent_stay(page, people["given back"])
    with subtests.test("promise counts until a message, on a tablet at night"):
        page.set_viewport_size({"width": 1024, "height": 800})
        in_theme(page, "dark")
        desk.shows("promise")
        promise_counts_until_a_message(page, at, live_site, people["promise"], axe)


def reply_is_found_and_inserted(page: Page, at: Work, conversation: Conversation, axe: Axe) -> None:
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    search = page.locator(f"{OPEN_THREAD} [data-search]")
    page.locator(OPEN_THREAD).get_by_text("Réponses prêtes, à relire").click()
    none = page.locator(f"{OPEN_THREAD} [data-replies]").get_by_text("Aucune réponse prête avec ces mots.")
    page.get_by_role("combobox", name="Chercher une réponse").fill("chaussette")
    expect(none).to_be_visible()
    search.fill("présenter")
    expect(none).to_be_hidden()
    page.get_by_role("option", name="Se présenter").click()
    expect(area).to_be_focused()
    # The agent has to read it again, and nothing is sent.
    expect(area).to_have_value(re.compile("je m’appelle Camille"))
    area.fill("")
    page.keyboard.press("/")
    expect(search).to_be_focused()
    expect(area).to_have_value("")

    # The same words without accents; « Sécurité » alone is a subject of several replies.
    page.keyboard.type("VERIFIER LA SECURITE")
    expect(page.locator(f"{OPEN_THREAD} [data-canned]:visible")).to_have_count(1)
    expect(page.locator("#annonces")).to_have_text("1 réponse")
    page.keyboard.press("Escape")
    expect(area).to_be_focused()

    # The reply that is called so, and not one whose text has these words.
    page.keyboard.press("/")
    page.keyboard.type("avant de")
    expect(page.locator(f"{OPEN_THREAD} [data-canned]:visible").first).to_contain_text("Avant de terminer")
    page.keyboard.press("Enter")
    expect(area).to_have_value(re.compile("^Avant de terminer"))
    area.fill("")
    page.keyboard.press("/")  # the list is again in the order given
    expect(page.locator(f"{OPEN_THREAD} [data-canned]:visible").first).to_contain_text("Se présenter")
    page.keyboard.press("Escape")

    area.fill("Avant après")
    page.keyboard.type("/")
    expect(area).to_have_value("Avant après/")  # in a draft that is not empty, the key is a character
    page.keyboard.press("Backspace")
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    page.locator(f"{OPEN_THREAD} [data-replies] summary").click()
    search.focus()
    page.keyboard.type("numero aide")
    page.keyboard.press("ArrowDown")
    expect(search).to_be_focused()  # Orca does not say a button to which an arrow leads
    chosen = page.get_by_role("option", name="Donner un numéro d’aide", selected=True)
    expect(search).to_have_attribute("aria-activedescendant", str(chosen.get_attribute("id")))
    axe(page)
    page.keyboard.press("Enter")
    expect(area).to_be_focused()
    expect(area).to_have_value(re.compile(r"^Avant\s+France Victimes .*gratuit\. après$", re.DOTALL))
    assert at(lambda: conversation.messages.filter(author="agent").count()) == 0

    area.fill("Venez au [à compléter : adresse].")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-error]")).to_contain_text("complétez, puis envoyez")
    assert at(lambda: conversation.messages.filter(author="agent").count()) == 0


def aside_comes_live_and_steals_nothing(page: Page, at: Work, conversation: Conversation, axe: Axe) -> None:
    # Comes later, and is assigned nobody.
    colleague = at(make.agent, public_name="Dominique", capacity=0, present=False)
    at(is_here, colleague)
    colleagues = page.locator(".console-dossier:not([hidden]) [name=colleague]")
    expect(colleagues).to_have_text(re.compile("Personne d'autre n'est disponible"))
    page.locator(".console-dossier:not([hidden]) summary", has_text="Poser une question à part").click()
    expect(colleagues).to_contain_text("Dominique")
    page.locator(".console-dossier:not([hidden]) textarea[id^=demande-]").fill("Comment fait-on ?")
    at(is_here, colleague)
    page.get_by_role("button", name="Demander", exact=True).click()
    mine = page.locator("#apartes [data-aside]")
    expect(mine).to_have_count(1)
    axe(page)

    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Je vous écris")
    page.locator(".console-dossier:not([hidden]) textarea[id^=note-]").fill("une note en cours")
    area.focus()
    at(
        lambda: colleague_questions.answer_colleague(
            aside_id=Aside.objects.get().pk, body="Comme ceci.", agent=colleague
        )
    )
    expect(page.locator("#apartes-non-lus")).to_contain_text("1 non lu")
    expect(page.locator("#annonces")).to_contain_text("Aparté, nouveau message")
    expect(page.locator("#avis")).to_contain_text("Aparté, nouveau message")  # it was seen in the dossier alone
    expect(area).to_be_focused()
    expect(area).to_have_value("Je vous écris")
    mine.locator("summary").click()
    expect(mine).to_contain_text("Comme ceci.")
    expect(page.locator("#apartes-non-lus")).to_be_hidden()

    mine.locator("textarea").fill("Merci.")
    mine.get_by_role("button", name="Envoyer à part").click()
    expect(mine.locator("[data-number]")).to_have_count(3)
    expect(mine.locator("textarea")).to_be_focused()
    expect(mine.locator("textarea")).to_have_value("")
    page.get_by_role("button", name="Garder la note").click()
    expect(page.locator(".console-dossier:not([hidden]) .console-note")).to_contain_text("une note en cours")
    expect(area).to_have_value("Je vous écris")
    note = page.locator(".console-dossier:not([hidden]) textarea[id^=note-]")
    expect(note).to_be_focused()
    assert at(lambda: conversation.messages.filter(author="agent").count()) == 0

    # The focus stays in the field while a note is sent by its key, and the next line was lost when the answer came.
    held: list[Route] = []
    page.route("**/note/", lambda route: held.append(route), times=1)
    with page.expect_request("**/note/"):
        note.fill("Il appelle la nuit.")
        page.keyboard.press("Control+Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Et au collège.")
    held[0].continue_()
    notes = page.locator(".console-dossier:not([hidden]) .console-note")
    expect(notes.filter(has_text="Il appelle la nuit.")).to_have_count(1)
    expect(note).to_have_value("Et au collège.")
    expect(note).to_be_focused()
    note.fill("")


def pressed_answer_is_shown_beside_the_thread(
    page: Page, conversation: Conversation, enter: Callable[[Conversation], Page]
) -> None:
    proposals = page.locator(f"#propositions-{conversation.public_id}")
    proposals.locator("summary", has_text="Question à réponses prêtes").click()
    question = proposals.get_by_label("Question", exact=True)
    question.fill("Êtes-vous en sécurité ?")
    question.locator("xpath=ancestor::form").get_by_role("button").last.click()
    proposed = page.locator(f"#proposees-{conversation.public_id}")
    expect(proposed).to_contain_text("Pas encore de réponse.")
    proposals.locator("summary", has_text="Question à réponses prêtes").click()
    question.fill("Depuis quand")

    person = enter(conversation)
    person.get_by_role("button", name="Oui", exact=True).click()
    expect(proposed).to_contain_text("Réponse : Oui (par la personne)")
    expect(question).to_have_value("Depuis quand")


def words_given_back_unsent_stay(page: Page, conversation: Conversation) -> None:
    panel = page.locator(f"#transmission-{conversation.public_id}")
    panel.locator("summary", has_text="Préparer un résumé").click()
    summary = panel.get_by_label("Résumé pour l'unité")
    summary.fill("Insultes depuis mars.")
    panel.get_by_role("button", name="Montrer à la personne").click()
    expect(panel).to_contain_text("Choisissez une unité.")
    expect(summary).to_have_value("Insultes depuis mars.")
    page.locator(".console-dossier:not([hidden]) summary", has_text="Plainte : où, quand").click()
    page.get_by_role("button", name="Proposer de porter plainte").click()
    expect(page.locator(f"{OPEN_THREAD} [data-log] [data-author=system]").last).to_contain_text("plainte")
    expect(panel).not_to_contain_text("Choisissez une unité.")  # it was read again since
    expect(summary).to_have_value("Insultes depuis mars.")


def promise_counts_until_a_message(page: Page, at: Work, site: LiveSite, conversation: Conversation, axe: Axe) -> None:
    promise = page.locator(f"#liste [data-conversation='{conversation.public_id}'] [data-slot=promise]")
    expect(promise).to_be_hidden()
    page.locator(f"{OPEN_THREAD} summary", has_text="Je reviens").click()
    axe(page)
    page.get_by_role("button", name="5 minutes", exact=True).click()
    expect(promise).to_contain_text("Retour promis dans 5 min")
    over_the_thread = page.locator(f"{OPEN_THREAD} [data-slot=promise]")
    expect(over_the_thread).to_contain_text("Retour promis dans 5 min")
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_contain_text("Camille revient dans 5 minutes")
    at(lambda: conversation.holds.update(until=F("held_at") + timedelta(seconds=1)))  # the next beat shows it
    expect(promise).to_contain_text("Promesse dépassée")
    expect(over_the_thread).to_contain_text("Promesse dépassée")
    axe(page)
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Me revoilà.")
    page.keyboard.press("Control+Enter")
    expect(promise).to_be_hidden()
    expect(over_the_thread).to_be_hidden()
    assert at(lambda: conversation.holds.count()) == 1
    page.goto(site.url + "/console/reponses/")
    axe(page)


def asked_a_colleague(agent: Agent, conversation: Conversation) -> None:
    colleague = make.agent(public_name="Dominique", capacity=0)
    colleague_questions.ask_colleagues(
        conversation_id=conversation.pk, body="Comment fait-on ?", of=[colleague.pk], by=agent.user
    )


@pytest.mark.slow
def test_aside_is_open_beside_the_exchange_where_it_was_opened(live_site: LiveSite, page: Page, at: Work):
    """It lay over what is known of each person who was opened afterwards."""
    desk = take_seat(page, live_site, at, {"one": Person(lived=asked_a_colleague), "other": Person()})
    asked = Aside.objects.filter(conversation=desk.people["one"])
    colleague = at(lambda: asked.get().parts.exclude(agent=desk.agent).get().agent)
    aside = page.locator("#apartes details[data-aside]")
    area = aside.locator("textarea")
    desk.shows("one")
    aside.locator("summary").click()
    area.fill("Et si elle part ?")
    page.keyboard.press("Alt+2")
    expect(area).to_be_hidden()
    other = page.locator(f".console-dossier[data-conversation='{desk.people['other'].public_id}']:not([hidden])")
    expect(other).to_have_count(1)
    at(lambda: colleague_questions.answer_colleague(aside_id=asked.get().pk, body="Comme ceci.", agent=colleague))
    unread = page.locator("#apartes-non-lus")
    expect(unread).to_contain_text("1 non lu")

    page.keyboard.press("Alt+1")
    expect(area).to_be_visible()
    expect(area).to_have_value("Et si elle part ?")
    expect(aside).to_contain_text("Comme ceci.")
    expect(unread).to_contain_text("1 non lu")  # nobody has looked at it: a key to the exchange opened it again
    page.keyboard.press("Alt+2")
    expect(area).to_be_hidden()
    aside.locator("summary").click()
    expect(unread).to_be_hidden()
    page.go_back()
    expect(page.locator(f"#corps-{desk.people['one'].public_id}")).to_be_visible()
    aside.locator("summary").click()
    expect(area).to_be_hidden()
    page.keyboard.press("Alt+2")
    expect(other).to_have_count(1)
    expect(area).to_be_visible()


@pytest.mark.slow
def test_acts_without_a_script_on_a_narrow_screen(live_site, page_factory: PageFactory, at: Work, axe: Axe):
    agent = at(an_agent, public_name="Camille")
    at(somebody_waits)
    page = page_factory(javascript=False, width=320)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    page.locator("#liste .console-entry__link").first.click()
    page.locator("textarea[name=body][id^=corps-]").fill("mon brouillon")
    page.get_by_text("Réponses prêtes, à relire").click()
    page.get_by_role("button", name="Se présenter").click()
    expect(page.locator("textarea[id^=corps-]")).to_have_value(
        re.compile(r"^mon brouillon\s+Bonjour, je m’appelle Camille")
    )
    page.locator("textarea[id^=note-]").fill("à retenir")
    page.get_by_role("button", name="Garder la note").click()
    expect(page.locator(".console-note")).to_contain_text("à retenir")
    page.locator("summary", has_text="Je reviens").click()
    page.get_by_role("button", name="10 minutes").click()
    expect(page.locator("#liste")).to_contain_text("Retour promis dans 10 min")
    page.locator("summary", has_text="Poser une question").click()
    wide = page.locator("html").evaluate("(html) => html.scrollWidth")
    assert wide <= 320, "nothing is wider than the screen"
    page.goto(live_site.url + "/console/reponses/")
    page.fill("#titre", "Rappel")
    page.fill("#vous", "Bonjour {prenom}")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.locator("main")).to_contain_text("Rappel")
    assert page.locator("html").evaluate("(html) => html.scrollWidth") <= 320
    assert at(lambda: Conversation.objects.get().notes.count()) == 1
