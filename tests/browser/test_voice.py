"""What a screen reader is given to say: each thing once, whole, in its order, through one region (`lib/voice.js`).

docs/screen-reader.md tells what Orca said. A browser alone can only show what the region held.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.casework import proposals
from chat.console import inbox
from chat.conversations import actions
from chat.models import Agent, ConversationEvent, DangerMark, EventKind
from chat.rules.lifecycle import OVER_CAPACITY, Author, Availability
from pnav.accounts.models import Role
from tests.browser.conftest import LiveSite
from tests.browser.exchange import assigned, available, in_site, waiting, write
from tests.browser.test_console import OPEN_THREAD, an_agent, at, be_signed_in, reporter, sign_in, somebody_waits  # noqa: F401  `at`, `reporter`: fixtures
from tests.factories import chat as make
from tests.support.reading import spaced

type Work = Callable[..., Any]


def listen(page: Page, region: str) -> None:
    """Keep all that this region says from now on."""
    page.evaluate(
        """selector => {
          window.heard = [];
          const region = document.querySelector(selector);
          new MutationObserver(() => { if (region.textContent) window.heard.push(region.textContent); })
            .observe(region, { childList: true, characterData: true, subtree: true });
        }""",
        region,
    )


def until_heard(page: Page, text: str, times: int = 1) -> None:
    """Wait until the region said this so many times; what it said instead is in the error."""
    for _ in range(600):
        said = " ".join(page.evaluate("window.heard"))
        if said.count(text) >= times:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"« {text} » was not said {times} times: « {said} »")


def heard(page: Page, *texts: str) -> None:
    """Check that these were said, in this order, each once, and nothing besides."""
    expected = " ".join(texts)
    for _ in range(600):
        if len(" ".join(page.evaluate("window.heard"))) >= len(expected):
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(1000)  # nothing follows
    assert spaced(" ".join(page.evaluate("window.heard"))) == expected
    page.evaluate("window.heard.length = 0")


def other_regions(page: Page, text: str) -> int:
    """Return how many live regions but the voice hold this text: each would say it a second time."""
    return page.evaluate(
        """text => [...document.querySelectorAll("[aria-live], [role=status], [role=alert], [role=log]")]
          .filter((region) => !["voice", "annonces"].includes(region.id))
          .filter((region) => region.getAttribute("aria-live") !== "off")
          .filter((region) => region.textContent.includes(text)).length""",
        text,
    )


@pytest.mark.slow
def test_person_hears_who_says_what_once(live_site, enter, console):
    agent, conversation = waiting(live_site)
    page = enter(conversation)
    listen(page, "#voice")
    with console(agent, conversation) as camille:
        available(live_site, agent)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Vous parlez avec Camille")
        until_heard(page, "est là")
        page.wait_for_timeout(1000)
        assert page.evaluate("window.heard.join(' ').split('est là').length") == 2
        page.evaluate("window.heard.length = 0")

        camille.begin()
        camille.say("Bonjour.")
        camille.say("Prenez votre temps.")
        camille.say("Bonjour.")
        name = "Camille, police nationale."
        heard(page, f"{name} Bonjour.", f"{name} Prenez votre temps.", f"{name} Bonjour.")
        assert other_regions(page, "Prenez votre temps.") == 0

        # The agent's own words are not said again, only what becomes of them.
        write(page, "Merci")
        seq = camille.hear("Merci")
        heard(page, "Envoyé")
        camille.send("read", seq=seq)
        heard(page, "Lu")
        assert other_regions(page, "Merci") == 0


@pytest.mark.slow
def test_agent_hears_arrivals_and_messages_once(live_site: LiveSite, page: Page, at: Work, reporter: Any):  # noqa: F811
    agent = at(an_agent)
    (_first, key), (_second, other_key) = (
        at(somebody_waits, postal_code="69003"),
        at(somebody_waits, postal_code="33000"),
    )
    sign_in(page, live_site, agent)
    listen(page, "#annonces")
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    until_heard(page, "Nouvel échange, touche", times=2)
    page.keyboard.press("Alt+1")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    expect(area).to_be_focused()
    page.wait_for_timeout(1000)
    page.evaluate("window.heard.length = 0")

    names = page.locator("#liste .console-entry__place").all_inner_texts()
    person, other = reporter(key), reporter(other_key)
    if "69003" not in page.locator(f"{OPEN_THREAD} h2").inner_text():
        person, other = other, person
    person.says("vous êtes là ?")
    person.says("on me menace")
    heard(page, "La personne. vous êtes là ?", "La personne. on me menace")
    assert other_regions(page, "on me menace") == 0
    expect(area).to_be_focused()

    page.keyboard.type("Je vous lis.")
    page.keyboard.press("Control+Enter")
    person.hears("Je vous lis.")
    heard(page, "Envoyé")
    other.says("bonsoir")
    heard(page, f"Nouveau message, échange 2 : {names[1]}.")
    assert other_regions(page, "bonsoir") == 0
    expect(area).to_be_focused()


@pytest.mark.slow
def test_code_is_said_whole_and_once(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    listen(page, "#voice")
    page.get_by_role("button", name="Créer un code de reprise").click()
    expect(page.locator("#code")).to_be_visible()
    code, until = page.locator("#code").inner_text(), page.locator("#code-until").inner_text()
    making = "Création du code… Cela peut prendre une demi-minute."
    heard(page, making, f"Code de reprise : {code} {until}")
    assert other_regions(page, code) == 0


def test_empty_message_is_said_to_whoever_is_in_the_field(live_site, enter):
    """Firefox tells nobody of a description that changes in the field; Chromium does, and it would be said twice."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    listen(page, "#voice")
    box, fault = page.locator("#body"), "Le message est vide. Écrivez quelques mots, puis envoyez."
    box.press("Control+Enter")
    heard(page, fault)
    expect(box).to_have_accessible_description("")
    box.blur()
    expect(box).to_have_accessible_description(fault)


def test_number_of_characters_is_said_once_the_typing_pauses(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.locator("#body").fill("é" * 3750)
    page.wait_for_timeout(1500)
    listen(page, "#voice")
    page.locator("#body").press_sequentially("dix lettre", delay=50)
    heard(page, "3760 caractères sur 4 000")
    assert other_regions(page, "3760 caractères") == 0
    expect(page.locator("#body")).to_have_accessible_description("")  # Orca says each change of it, at each letter
    page.locator("#body").blur()
    expect(page.locator("#body")).to_have_accessible_description(re.compile(r"3760 caractères sur 4.000"))


def test_board_says_an_alert_once_although_its_minutes_go_on(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """The whole list was said again each minute, for as long as a danger stood in it."""

    def leaves(minutes: int) -> None:
        conversation = make.assigned(make.agent(public_name="Louise"))
        make.message(conversation, "je vais me tuer ce soir, je veux mourir")
        inbox.open_entries(conversation.assigned_to, timezone.now())
        actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER)
        DangerMark.objects.filter(conversation=conversation).update(left_at=make.long_ago(minutes))

    chief = at(an_agent, role=Role.SUPERVISOR)
    at(leaves, 10)
    be_signed_in(page, live_site, chief)
    page.goto(live_site.url + "/console/tableau/")
    alerts = page.locator("[data-alerts] li").filter(has_text="mots de suicide ou de danger")
    expect(alerts).to_contain_text("10 min")
    listen(page, "#tableau-annonces")
    at(lambda: DangerMark.objects.update(left_at=make.long_ago(11)))
    expect(alerts).to_contain_text("11 min", timeout=15_000)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.heard") == []
    at(leaves, 3)  # another person of the same place: said, and the first one is not said again
    expect(alerts).to_have_count(2, timeout=15_000)
    until_heard(page, "Danger :")
    page.wait_for_timeout(1500)
    said = " ".join(page.evaluate("window.heard"))
    assert said.count("Danger :") == 1 and not re.search(r"\d min", said)


@pytest.mark.slow
def test_board_keeps_the_place_of_whoever_reads_it(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    chief = at(an_agent, role=Role.SUPERVISOR)
    be_signed_in(page, live_site, chief)
    page.goto(live_site.url + "/console/tableau/")
    page.locator("#attentes-pli > summary").click()  # when it is open, it stays open
    page.evaluate(
        """() => {
          window.focused = 0;
          addEventListener("focusin", () => { window.focused += 1; });
          window.kept = document.querySelector("#attentes-zone tbody tr");
        }"""
    )
    page.locator("#attentes-zone").focus()
    listen(page, "#tableau-annonces")
    time = page.locator("#tableau > .fr-hint-text").inner_text()
    at(somebody_waits)
    expect(page.locator("#attentes-zone tbody")).to_contain_text("1", timeout=15_000)
    expect(page.locator("#tableau > .fr-hint-text")).not_to_have_text(time)
    expect(page.locator("#attentes-zone")).to_be_focused()
    assert page.evaluate("window.focused") == 1, "the focus went and came back: it would be said again at each look"
    assert page.evaluate("window.kept.isConnected"), "what was being read was taken away"
    assert "▲" not in "".join(page.evaluate("window.heard"))
    page.set_viewport_size({"width": 320, "height": 640})
    moved = page.locator("#attentes-zone").evaluate(
        """(zone) => {
          zone.scrollLeft = 120;
          const left = (part) => part.getBoundingClientRect().left - zone.getBoundingClientRect().left;
          return [zone.scrollLeft, ...["th", "td"].map((name) => left(zone.querySelector(`tbody ${name}`)))];
        }"""
    )
    assert moved[:2] == [120, 0] and moved[2] < 0, "whose line it is stays in sight"


def test_answer_says_that_its_person_is_critical_and_beyond_the_places(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """A key leads to the answer, past the line of the list that says so."""

    def lived() -> Agent:
        agent = an_agent(capacity=4, present=True, availability=Availability.AVAILABLE)
        calm, person = make.assigned(agent, postal_code="69003"), make.assigned(agent, postal_code="59000", urgency=2)
        for one in (calm, person):
            make.message(one, "vous êtes là ?")
        ConversationEvent.objects.filter(conversation=person, kind=EventKind.ASSIGNED).update(detail=OVER_CAPACITY)
        Agent.objects.filter(pk=agent.pk).update(capacity=1)
        return agent

    agent = at(lived)
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    number = page.locator("#liste .console-entry", has_text="59000").get_attribute("data-number")
    page.keyboard.press(f"Alt+{number}")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    expect(area).to_be_focused()
    expect(area).to_have_accessible_description(re.compile("Critique, Au-delà de vos places"))
    page.keyboard.press(f"Alt+{3 - int(number or 0)}")
    expect(area).to_be_focused()
    expect(area).not_to_have_accessible_description(re.compile("Critique|Au-delà"))


def test_queue_says_more_words_of_danger_once_and_its_title_keeps_its_name_under_the_focus(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """Chromium tells of each change in the name of what has the focus: the numbers were said again at each arrival."""

    def in_danger() -> None:
        lost = make.waiting(postal_code="59000")
        make.message(lost, "je veux mourir")
        DangerMark.objects.create(conversation=lost, seqs=[1])

    agent = at(an_agent)
    at(make.waiting)
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    expect(page.locator("#attente > li")).to_have_count(1)
    listen(page, "#annonces")
    title = page.locator("#file")
    page.keyboard.press("Alt+a")
    expect(title).to_be_focused()
    expect(title).to_have_accessible_name("File d'attente 1")
    expect(page.get_by_role("region", name="File d'attente", exact=True)).to_have_count(1)
    at(in_danger)
    expect(title).to_contain_text("1 avec des mots de suicide ou de danger", timeout=15_000)
    expect(title).to_have_accessible_name("File d'attente 1")
    heard(page, "File d'attente : 1 avec des mots de suicide ou de danger.")
    title.blur()
    expect(title).to_have_accessible_name("File d'attente 2 1 avec des mots de suicide ou de danger")
    at(make.waiting)
    expect(title).to_contain_text("File d'attente 3", timeout=15_000)
    page.wait_for_timeout(1000)
    assert page.evaluate("window.heard") == []


def test_number_of_places_that_was_chosen_is_said(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """What says it is in a fold that closes, and the focus goes to « Disponible »."""
    be_signed_in(page, live_site, at(an_agent, capacity=3))
    page.goto(live_site.url + "/console/")
    listen(page, "#annonces")
    page.locator("#disponibilite-plus > summary").click()
    page.locator("#capacite").select_option("4")
    page.locator("#disponibilite button[name=only]").click()
    expect(page.locator("#disponibilite")).to_have_attribute("data-capacity", "4")
    until_heard(page, "Places : 4.")
    page.get_by_role("button", name="Disponible").click()
    page.wait_for_timeout(1500)
    assert " ".join(page.evaluate("window.heard")).count("Places") == 1


def test_ready_answers_are_said_after_their_question(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    listen(page, "#voice")
    by = in_site(live_site, lambda: conversation.assigned_to.user)
    live_site.do(
        proposals.ask_question,
        conversation_id=conversation.pk,
        text="Êtes-vous à l'abri ?",
        answers=("Oui", "Non"),
        by=by,
    )
    until_heard(page, "Êtes-vous à l'abri ?")
    until_heard(page, "Réponses en un geste : Oui, Non.")
    page.wait_for_timeout(1500)
    assert " ".join(page.evaluate("window.heard")).count("Réponses en un geste") == 1


def test_answers_to_a_question_that_has_gone_are_not_said(live_site, enter):
    """They wait while somebody types. The question itself was asked, and is said."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    listen(page, "#voice")
    page.evaluate(
        """() => {
          const letter = { bubbles: true, inputType: "insertText" };
          window.typing = setInterval(() => document.body.dispatchEvent(new InputEvent("input", letter)), 50);
        }"""
    )
    by = in_site(live_site, lambda: conversation.assigned_to.user)
    question = {"conversation_id": conversation.pk, "text": "Êtes-vous à l'abri ?", "answers": ("Oui", "Non"), "by": by}
    live_site.do(proposals.ask_question, **question)
    page.get_by_role("button", name="Oui", exact=True).click()
    expect(page.get_by_role("button", name="Oui", exact=True)).to_be_hidden()
    page.evaluate("clearInterval(window.typing)")
    until_heard(page, "Êtes-vous à l'abri ?")
    page.wait_for_timeout(1500)
    assert "Réponses en un geste" not in " ".join(page.evaluate("window.heard"))


def test_reply_in_the_palette_says_its_subject_after_its_name(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    def lived() -> Agent:
        agent = an_agent(present=True, availability=Availability.AVAILABLE)
        make.message(make.assigned(agent), "vous êtes là ?")
        return agent

    be_signed_in(page, live_site, at(lived))
    page.goto(live_site.url + "/console/")
    page.keyboard.press("Alt+1")
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_be_focused()
    reply = page.locator(f"{OPEN_THREAD} [data-canned]:has(.console-canned__source)").first
    name, subject = (reply.locator(part).text_content() or "" for part in ("strong", ".console-canned__source"))
    page.keyboard.press("Control+k")
    page.locator("[data-palette-search]").fill(name)
    said = re.compile(re.escape(f"{name}, {subject}, "))
    expect(page.get_by_role("option", name=said).first).to_be_attached()
