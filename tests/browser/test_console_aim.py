# ruff: noqa: F811  the fixtures of test_console
"""The console in a browser: whom an act is aimed at, the room of the thread, words in one press."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, expect

from chat import pubsub
from chat.casework import emergencies, holds
from chat.conversations import actions, dispatcher, resume
from chat.models import Agent, Conversation, DangerMark, Emergency, Macro, Message
from chat.models.casework import EmergencyStep
from chat.referral.place import give_place
from chat.rules import emergency_texts
from chat.rules.emergency import Situation, Step
from chat.rules.lifecycle import OVER_CAPACITY, Author, Status
from locations.models import Force, Municipality
from locations.session import Choice
from pnav.accounts.models import Role, User
from pnav.demo.cast import create_macros
from reports.models import Report, ReporterRole
from tests.browser import staff
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.desk import Person, take_seat
from tests.browser.layout import are_in_view, boxes
from tests.browser.test_console import (  # noqa: F401  `at`, `reporter`: fixtures
    OPEN_THREAD,
    Reporter,
    an_agent,
    at,
    be_signed_in,
    make_available,
    reporter,
    sign_in,
    somebody_waits,
)
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.factories.locations import municipality, reception_point
from triage.rules import Urgency

type Work = Callable[..., Any]
OPEN_DOSSIER = ".console-dossier:not([hidden])"


def holding(at: Work, count: int, role: Role = Role.AGENT, **fields: Any) -> tuple[Any, list[Conversation]]:
    """Return an agent who answers so many people. fields: those of each conversation."""
    agent = at(an_agent, public_name="Camille", capacity=count, role=role)
    return agent, [at(lambda: make.assigned(make_available(agent), **fields)) for _number in range(count)]


def address(site: LiveSite, conversation: Conversation) -> str:
    return site.url + reverse("console:conversation", args=[conversation.public_id])


def entry(page: Page, number: int) -> Locator:
    return page.locator(f"#liste .console-entry[data-number='{number}']")


def asks_to_end(page: Page) -> None:
    """Fill in « Terminer » and send it."""
    page.locator(f"{OPEN_THREAD} summary", has_text="Terminer").click()
    thread = page.locator(OPEN_THREAD)
    thread.get_by_label("Comment l'échange se termine").select_option("advised")
    thread.get_by_label("Je confirme").check(force=True)
    thread.get_by_role("button", name=re.compile(r"^Terminer \d · ")).click()


def ends(page: Page) -> None:
    """Fill in « Terminer » and send it: it can still be undone."""
    asks_to_end(page)
    expect(page.get_by_role("button", name="Annuler")).to_be_focused()


@pytest.fixture
def macros(at: Work) -> Iterator[None]:
    """Create the macros of a demonstration, and delete them afterwards, because they take room of the thread."""
    at(create_macros)
    yield
    at(lambda: Macro.objects.all().delete())


# --- aim ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_end_is_undone_by_a_press_and_by_a_word_of_the_person(live_site, page: Page, at: Work, reporter, axe: Axe):
    agent = at(an_agent)
    conversation, key = at(somebody_waits)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator(OPEN_THREAD)).to_be_visible()
    ends(page)
    expect(page.locator("#fins")).to_contain_text(re.compile(r"1 · \S+ · .* se termine dans \d+\u00a0s"))
    for name in ("Annuler", "Terminer maintenant"):  # with several, which one; as it was when it got the focus
        expect(page.get_by_role("button", name=name)).to_have_accessible_description(
            re.compile(r"^1 · \S+ · .* se termine dans \d+\u00a0s\.$")
        )
    expect(page.locator("#annonces")).not_to_contain_text("se termine dans")  # it would be said twice
    page.get_by_role("button", name="Annuler").click()
    ends(page)
    page.evaluate(  # as Orca does in Firefox when the panel closes
        "selector => document.querySelector(`${selector} details:has([data-ending]) > summary`).focus()", OPEN_THREAD
    )
    expect(page.get_by_role("button", name="Annuler")).to_be_focused()
    axe(page)
    page.get_by_role("button", name="Annuler").click()
    expect(page.locator("#fins")).to_be_empty()
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_be_focused()
    confirmed = page.locator(f"{OPEN_THREAD} [name=confirm]")
    assert not confirmed.is_checked(), "the next press of the box would take its tick away"
    ends(page)
    reporter(key).says("attendez")
    # The notice says it, because the row disappears without a word.
    expect(page.locator("#avis")).to_contain_text("vient d'écrire")
    expect(page.locator("#fins")).to_be_empty()
    held = page.locator("#liste [data-slot=end-held]")
    expect(page.locator("#avis")).to_be_hidden(timeout=15_000)
    expect(held).to_have_text("Fin annulée")  # the list says so for longer than the notice, until somebody answers
    assert not confirmed.is_checked(), "the next press of the box would take its tick away"
    page.locator(f"{OPEN_THREAD} textarea[name=body]").fill("Je suis là.")
    page.keyboard.press("Control+Enter")
    expect(held).to_be_hidden()
    assert at(Conversation.objects.get, pk=conversation.pk).status == Status.ACTIVE
    ends(page)
    expect(page.locator("#termines .console-entry")).to_have_count(1)  # it closes by itself once its seconds are over
    assert at(Conversation.objects.get, pk=conversation.pk).status == Status.CLOSED


def test_ends_take_no_focus_from_who_goes_on_and_each_is_told(live_site, page: Page, at: Work):
    """The answer to « Terminer » came late and took the focus from the next form. The next Space undid that end, its
    row gave the focus to an answer that was put aside, and Tab led into the order of the list.
    """
    agent, [first, second] = holding(at, 2)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, first))
    expect(page.locator(".console-thread")).to_have_count(2)
    page.evaluate("for (const form of document.querySelectorAll('[data-ending]')) form.dataset.ending = 300")
    held: list[Route] = []
    page.route(f"**/{first.public_id}/terminer/", lambda route: held.append(route), times=1)
    with page.expect_request(f"**/{first.public_id}/terminer/"):
        asks_to_end(page)
    page.keyboard.press("Alt+2")
    page.keyboard.press("Alt+t")
    page.keyboard.press("Tab")
    outcome = page.locator(f"{OPEN_THREAD} [name=outcome]")
    expect(outcome).to_be_focused()
    held[0].continue_()
    row = page.locator("#fins p")
    expect(row).to_contain_text(re.compile("1 · .* se termine dans"))
    expect(page.locator("#annonces")).to_contain_text("se termine dans")  # the focus does not say it
    expect(outcome).to_be_focused()
    # Undone from another exchange, it is said in sight, and the focus goes to its line: the answer is somebody else's.
    row.get_by_role("button", name="Annuler").focus()
    page.keyboard.press("Space")
    expect(page.locator("#avis")).to_contain_text("L'échange continue")
    expect(page.locator(f"#liste [data-conversation='{first.public_id}'] a")).to_be_focused()
    expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", str(second.public_id))
    page.keyboard.press("Escape")
    # One that is refused, or not answered, is told by its name while the agent is elsewhere.
    page.route(f"**/{second.public_id}/terminer/", lambda route: held.append(route), times=1)
    with page.expect_request(f"**/{second.public_id}/terminer/"):
        asks_to_end(page)
    page.keyboard.press("Alt+1")
    held[1].abort()
    expect(page.locator("#avis")).to_have_text(re.compile(r"^2 · \S+ n'est pas terminé.: pas de réponse du service"))
    expect(page.locator("#fins p")).to_have_count(0)


@pytest.mark.slow
def test_several_ends_are_one_row_and_each_can_be_undone(live_site, page_factory: PageFactory, at: Work, axe: Axe):
    """Of 1366 × 768 at 200 % the rows of three ends covered the whole window, and the name over the answer."""
    page = page_factory(width=683, height=342)
    agent, held = holding(at, 4)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator(".console-thread")).to_have_count(4)
    # The seconds of an end do not pass while the others are asked for.
    page.evaluate("for (const form of document.querySelectorAll('[data-ending]')) form.dataset.ending = 300")
    for number in (1, 2, 3):
        page.keyboard.press(f"Alt+{number}")
        ends(page)
    row = page.locator("#fins p:not([hidden])")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("3 · ")
    page.keyboard.press("Alt+4")
    expect(row.get_by_role("button", name="et 2 autres")).to_be_in_viewport(ratio=1)
    assert row.bounding_box()["height"] < 48
    for part in (".console-reply > .fr-label", "textarea[name=body]"):
        assert page.locator(f"{OPEN_THREAD} {part}").evaluate(SEEN), part
    axe(page)
    # On a large screen they lie under the title of the queue, and the list keeps room for its bar: names do not wrap.
    page.set_viewport_size({"width": 1440, "height": 900})
    title, over = page.locator("#file").bounding_box(), row.bounding_box()
    assert title["y"] + title["height"] <= over["y"]
    assert page.locator(".console-own").evaluate("(one) => getComputedStyle(one).scrollbarGutter") == "stable"
    page.set_viewport_size({"width": 683, "height": 342})
    page.keyboard.press("Alt+1")
    page.keyboard.press("Alt+t")
    expect(row).to_contain_text("1 · ")
    expect(row.get_by_role("button", name="Annuler")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row).to_contain_text("3 · ")
    row.get_by_role("button", name="et 1 autre").click()
    expect(row).to_have_count(2)


def test_notice_of_an_arrival_goes_when_that_exchange_is_opened(live_site, page: Page, at: Work):
    """It was shown as the agent opened them, over their last words, and minutes after they had come."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    expect(page.locator(f"#corps-{conversation.public_id}")).to_be_editable()
    at(Agent.objects.filter(pk=agent.pk).update, capacity=3)
    for key in ("Alt+2", "Alt+3"):
        other = at(lambda: make.assigned(make_available(agent)))
        live_site.do(pubsub.agent_changed, agent.pk)
        expect(page.locator("#avis")).to_have_text(re.compile(r"^Nouvel échange, touche \d"))
        expect(page.locator("#avis")).to_be_visible()
        page.keyboard.press(key)
        expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", str(other.public_id))
        expect(page.locator("#avis")).to_be_hidden()
        page.keyboard.press("Alt+1")


def test_arrival_beyond_the_places_says_why_until_there_is_room_again(live_site, page: Page, at: Work):
    """A full agent saw a new line and no reason (docs/adr/0145)."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    expect(page.locator(f"#corps-{conversation.public_id}")).to_be_editable()

    def arrive() -> Conversation:
        person = make.waiting(urgency=Urgency.CRITICAL)
        with transaction.atomic():
            given = {"conversation_id": person.pk, "agent": make_available(agent), "now": timezone.now()}
            assert dispatcher.hand_to(**given, detail=OVER_CAPACITY)
        return person

    person = at(arrive)
    live_site.do(pubsub.agent_changed, agent.pk)
    why = r"Personne n'avait de place\s: confié au-delà de vos places\."
    for where in ("#avis", "#annonces-danger"):
        expect(page.locator(where)).to_have_text(re.compile(rf"^Danger\. Nouvel échange, touche 2\s: .*{why}$"))
    mark = entry(page, 2).locator("[data-slot=beyond]")
    expect(mark).to_be_visible()
    expect(entry(page, 1).locator("[data-slot=beyond]")).to_be_hidden()
    page.keyboard.press("Alt+2")
    expect(page.locator("#avis")).to_be_hidden()
    sign = page.locator(f"{OPEN_THREAD} .console-signs [data-slot=beyond]")
    expect(sign).to_be_visible()
    expect(sign).to_have_text(re.compile(r"En danger, personne n'avait de place\s: confié au-delà"))
    at(Agent.objects.filter(pk=agent.pk).update, capacity=3)  # who is in danger fills two places
    expect(mark).to_be_hidden(timeout=30_000)  # with the next reading of the list
    expect(sign).to_be_hidden()
    expect(entry(page, 2)).to_have_attribute("data-conversation", str(person.public_id))


@pytest.mark.slow
def test_a_page_that_is_left_sends_the_end_that_was_held(live_site, page: Page, at: Work):
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    ends(page)
    page.goto(live_site.url + "/console/prendre-soin/")
    page.goto(live_site.url + "/console/")
    expect(page.locator("#termines .console-entry")).to_have_count(1)


@pytest.mark.slow
def test_numbers_stay_and_a_number_of_nobody_says_so(live_site, page: Page, at: Work):
    agent, held = holding(at, 3)
    sign_in(page, live_site, agent)
    expect(page.locator("#liste .console-entry")).to_have_count(3)
    names = {number: entry(page, number).get_attribute("data-name") for number in (1, 2, 3)}
    page.keyboard.press("Alt+2")
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text(str(names[2]))
    line = entry(page, 2).get_by_role("link")
    colour = "(line) => getComputedStyle(line).backgroundColor"
    before = line.evaluate(colour)
    line.hover()
    assert line.evaluate(colour) == before, "the open line looks open under the pointer that opened it, too"
    ends(page)
    page.get_by_role("button", name="Terminer maintenant").click()
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    page.reload()
    expect(entry(page, 3)).to_have_attribute("data-name", str(names[3]))
    page.keyboard.press("Alt+3")
    title = page.locator(f"{OPEN_THREAD} .console-thread__title")
    expect(title).to_contain_text(str(names[3]))
    page.keyboard.press("Alt+2")
    expect(page.locator("#avis")).to_have_text("Aucun échange n'a le numéro 2. Rien n'a changé à l'écran.")
    expect(title).to_contain_text(str(names[3]))
    # What is typed at once was meant for the one who has left. It goes to nobody, until the agent goes somewhere.
    page.keyboard.type("Restez")
    box = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    expect(box).to_have_value("")
    page.keyboard.press("Alt+t")  # the key that ends was meant for the one who has left, too
    expect(page.locator("#avis")).to_contain_text("Choisissez d'abord un échange")
    expect(page.locator(f"{OPEN_THREAD} [name=outcome]")).to_be_hidden()
    page.keyboard.press("Alt+r")
    page.keyboard.type("Bonjour")
    expect(box).to_have_value("Bonjour")
    page.keyboard.press("Alt+t")
    expect(page.locator(f"{OPEN_THREAD} [name=outcome]")).to_be_visible()
    box.focus()
    page.locator("#file").evaluate("title => title.focus()")  # « Échap » closes it from elsewhere, too
    page.keyboard.press("Escape")
    expect(page.locator(f"{OPEN_THREAD} [name=outcome]")).to_be_hidden()
    assert len(held) == 3


@pytest.mark.slow
def test_of_those_who_come_together_the_most_urgent_is_shown_and_the_focus_stays(
    live_site,
    page: Page,
    at: Work,
):
    agent = at(an_agent, capacity=5)
    for urgency in (0, 2, 0):
        at(somebody_waits, urgency=urgency)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator("#liste .console-entry")).to_have_count(3)
    expect(page.locator("#liste .console-entry[data-urgency='2'] a")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("button", name="Disponible")).to_be_focused()
    page.mouse.move(640, 400)  # nothing moves under the pointer, so it leaves the list
    expect(page.locator("#liste .console-entry").first).to_have_attribute("data-urgency", "2")
    for name in ("Tous 3", "À répondre 3", "Urgents 1"):  # they were 0 when the page came
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    for columns in (820, 1440, 1280):
        page.set_viewport_size({"width": columns, "height": 900})
        tops = page.locator(".console-views a").evaluate_all("all => all.map((one) => one.getBoundingClientRect().top)")
        assert len(set(tops)) == 1, f"the views take two rows at {columns} px"
    urgent = page.get_by_role("link", name="Urgents")
    width = urgent.bounding_box()["width"]
    urgent.locator("[data-slot=count]").evaluate("count => { count.textContent = '12'; }")
    assert urgent.bounding_box()["width"] == width, "nothing moves when the tenth comes"
    urgent.click()
    expect(page.locator("#liste .console-entry:visible")).to_have_count(1)


# --- room -----------------------------------------------------------------------------------------------------------

FITS = """([selector, box]) => {
  const outer = document.querySelector(box).getBoundingClientRect();
  return [...document.querySelectorAll(selector)].filter((one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return top >= outer.top && bottom <= Math.min(outer.bottom, innerHeight);
  }).length;
}"""


@pytest.mark.slow
@pytest.mark.usefixtures("macros")
def test_thread_keeps_its_room(
    live_site, page: Page, at: Work, axe: Axe, axe_in_both_themes: Axe, subtests: pytest.Subtests
):
    """One desk serves all of these. Macros take room of each thread."""
    people = {
        "laptop": Person(),
        "in sight": Person({"discreet": True, "age_band": "15_17"}, lived=wrote_much),
        "procedure": Person({"discreet": True, "age_band": "15_17"}, lived=is_promised_a_return_in_a_procedure),
        "danger": Person({"discreet": True, "age_band": "15_17", "urgency": 2}, lived=said_words_of_danger),
        "spanish": Person({"discreet": True, "age_band": "15_17"}, lived=wrote_in_spanish),
        "tablet": Person(),
    }
    desk = take_seat(page, live_site, at, people)
    proofs: dict[str, tuple[str, Callable[[], None]]] = {
        "on a laptop": ("laptop", lambda: thread_has_its_room_on_a_laptop(page, axe_in_both_themes)),
        "with what stays in sight": ("in sight", lambda: room_with_what_stays_in_sight(page)),
        "with a procedure and a promise": ("procedure", lambda: room_with_a_procedure_and_a_promise(page, axe)),
        "with words of danger and a procedure": ("danger", lambda: room_with_words_of_danger(page)),
        "with a language without words of danger": ("spanish", lambda: room_with_a_language(page)),
    }
    for situation, (person, has_its_room) in proofs.items():
        with subtests.test(situation):
            desk.shows(person)
            has_its_room()
    with subtests.test("dossier is one press away on a tablet"):
        key = desk.shows("tablet")
        page.set_viewport_size({"width": 820, "height": 1180})
        dossier_is_one_press_away(page, key)
        page.keyboard.press("Alt+u")
        expect(page.locator(f"#procedure-titre-{key}")).to_be_in_viewport(ratio=1)
    with subtests.test("procedure that is opened on a tablet leaves the thread in sight"):
        opened_procedure_leaves_the_thread_in_sight(page, key)
    with subtests.test("a procedure opened from the head begins with its first step"):
        procedure_opened_from_the_head_begins_with_its_first_step(page, key)


def wrote_much(agent: Agent, conversation: Conversation) -> None:
    make.thread(conversation, [f"Message {number}" for number in range(60)])


def is_promised_a_return_in_a_procedure(agent: Agent, conversation: Conversation) -> None:
    wrote_much(agent, conversation)
    emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)


def said_words_of_danger(agent: Agent, conversation: Conversation) -> None:
    make.message(conversation, "je veux mourir")
    emergencies.start(conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)


def wrote_in_spanish(agent: Agent, conversation: Conversation) -> None:
    wrote_much(agent, conversation)
    Conversation.objects.filter(pk=conversation.pk).update(guessed_language="es")
    holds.promise_return(conversation_id=conversation.pk, minutes=5, by=agent.user)


def thread_has_its_room_on_a_laptop(page: Page, axe_in_both_themes: Axe) -> None:
    log = page.locator(f"{OPEN_THREAD} .console-log")
    expect(log).to_be_visible()
    assert log.bounding_box()["height"] >= 480
    assert page.locator(".console-top").bounding_box()["height"] <= 60, "header and availability are one row"
    axe_in_both_themes(page)
    expect(page.get_by_role("button", name="Envoyer")).to_be_in_viewport(ratio=1)


def room_with_what_stays_in_sight(page: Page) -> None:
    log = page.locator(f"{OPEN_THREAD} .console-log")
    assert log.bounding_box()["height"] >= 480
    signs = page.locator(f"{OPEN_THREAD} ul.console-signs")
    for top in (0, 100_000):
        log.evaluate("(log, top) => log.scrollTo(0, top)", top)
        expect(signs).to_contain_text("Quelqu'un peut voir l'écran")
        expect(signs).to_be_in_viewport(ratio=1)
        expect(page.locator(f"{OPEN_THREAD} .console-reply__watched")).to_be_in_viewport(ratio=1)


def room_with_a_procedure_and_a_promise(page: Page, axe: Axe) -> None:
    thread = page.locator(OPEN_THREAD)
    signs = thread.locator("ul.console-signs")
    expect(signs).to_contain_text("Retour promis dans 5 min")
    expect(signs).to_contain_text("Mineur")
    assert signs.bounding_box()["height"] <= 24, "a promise is one of the signs, in their row"
    expect(thread.locator(".console-pinned")).to_be_in_viewport(ratio=1)
    assert thread.locator(".console-log").bounding_box()["height"] >= 480
    expect(page.get_by_role("button", name="Envoyer")).to_be_in_viewport(ratio=1)
    axe(page)


def room_with_a_language(page: Page) -> None:
    thread = page.locator(OPEN_THREAD)
    expect(thread.locator("ul.console-signs")).to_contain_text("n'y repère pas tous les mots de danger")
    expect(thread.locator("ul.console-signs")).to_be_in_viewport(ratio=1)
    assert thread.locator(".console-log").bounding_box()["height"] >= 480


def room_with_words_of_danger(page: Page) -> None:
    thread = page.locator(OPEN_THREAD)
    dealt = thread.locator(".console-dangers").get_by_role("button")
    expect(dealt).to_be_in_viewport(ratio=1)
    assert dealt.bounding_box()["height"] >= 24
    assert thread.locator(".console-log").bounding_box()["height"] >= 480
    thread.locator("textarea[name=body]").fill("Je vous lis.")
    expect(thread.get_by_role("button", name="Vider")).to_be_in_viewport(ratio=1)
    assert thread.locator(".console-log").bounding_box()["height"] >= 480, "also while an answer is written"


def procedure_opened_from_the_head_begins_with_its_first_step(page: Page, key: str) -> None:
    """Guard against what was before: the link had led to the list, which was then brought on screen by its end."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(f"{OPEN_THREAD} .console-to-procedure a").click()
    page.locator(f"#procedure-{key} button[name=situation]").first.click()
    expect(page.locator(f"#procedure-{key}")).to_be_focused()
    expect(page.locator(f"#procedure-titre-{key}")).to_be_in_viewport(ratio=1)
    expect(page.locator(f"#procedure-{key} .console-steps > li").first).to_be_in_viewport(ratio=1)
    end = page.locator(f"#procedure-{key} [name=end]")
    end.evaluate("button => { button.closest('details').open = true; }")
    end.click()
    expect(page.locator(f"#bandeau-{key}")).to_be_hidden()


def opened_procedure_leaves_the_thread_in_sight(page: Page, key: str) -> None:
    """Guard against what was before: the focus went to the list in the dossier, which lay over the thread."""
    for width, height in ((820, 1180), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        is_over = width == 820
        page.keyboard.press("Alt+u")
        page.locator(f"#procedure-{key} button[name=situation]").first.focus()
        page.keyboard.press("Enter")
        link = page.locator(f"#bandeau-{key}").get_by_role("link", name="Voir la liste")
        expect(link).to_be_visible()
        if is_over:
            expect(link).to_be_focused()
            expect(page.locator(f"#corps-{key}")).to_be_in_viewport(ratio=1)
            expect(page.locator(".console-right")).not_to_be_in_viewport()
            page.keyboard.press("Enter")
        expect(page.locator(f"#procedure-{key}")).to_be_focused()
        end = page.locator(f"#procedure-{key} [name=end]")
        end.evaluate("button => { button.closest('details').open = true; }")
        end.click()
        expect(page.locator(f"#bandeau-{key}")).to_be_hidden()


def dossier_is_one_press_away(page: Page, key: str) -> None:
    title = page.locator(f"#savoir-{key}")
    expect(title).not_to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollHeight") <= 1180, "nothing lies under the fold"
    page.get_by_role("link", name="Dossier").click()
    expect(title).to_be_in_viewport(ratio=1)
    expect(page.locator(f"#procedure-titre-{key}")).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name="Retour à l'échange").click()
    expect(title).not_to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 820


@pytest.mark.slow
def test_dossier_is_one_press_away_on_a_tablet_without_a_script(live_site, page_factory: PageFactory, at: Work):
    page = page_factory(width=820, height=1180, javascript=False)
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    dossier_is_one_press_away(page, str(conversation.public_id))


def every_figure() -> None:
    """Give the duty a number for each of its figures, also for those that are shown only when there is one."""
    asleep, left = make.waiting(urgency=2, age_band="15_17"), make.waiting()
    Conversation.objects.filter(pk=asleep.pk).update(reporter_seen_at=make.long_ago(3), reporter_is_hidden=True)
    resume.park_conversation(report=left.report)
    resting = make.assigned(make.agent(public_name="Alex"))
    Conversation.objects.filter(pk=resting.pk).update(
        reporter_seen_at=make.long_ago(20), dormant_since=make.long_ago(5)
    )


def test_links_of_the_dossier_stay_whole_on_a_telephone(live_site, page_factory: PageFactory, at: Work):
    page = page_factory(width=360, height=640)
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    page.get_by_label("Ajouter une note").focus()
    expect(page.locator(f"{OPEN_DOSSIER} .console-jump")).to_be_in_viewport(ratio=1)


@pytest.mark.slow
def test_language_that_is_guessed_meanwhile_is_told_over_the_open_thread(live_site, page: Page, at: Work):
    """The list alone told it until the page was opened again: words of danger are not marked in that language."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    signs = page.locator(f"{OPEN_THREAD} ul.console-signs")
    expect(page.locator(OPEN_THREAD)).to_be_visible()
    expect(signs).to_be_hidden()
    at(Conversation.objects.filter(pk=conversation.pk).update, guessed_language="es")
    expect(signs).to_contain_text("écrit en espagnol ? À vérifier. Pnav n'y repère pas", timeout=30_000)
    expect(signs).to_be_in_viewport(ratio=1)


@pytest.mark.slow
@pytest.mark.usefixtures("macros")
def test_thread_keeps_its_room_beside_the_figures_of_a_supervisor(
    live_site, page_factory: PageFactory, at: Work, axe: Axe
):
    """They left it some 440 px beside a procedure: then all of them stand over the dossier, in whole rows."""
    page = page_factory(width=1280, height=800)
    chief, [conversation] = holding(at, 1, role=Role.SUPERVISOR, discreet=True, age_band="15_17", urgency=2)
    at(make.message, conversation, "je veux mourir")
    at(every_figure)
    be_signed_in(page, live_site, chief)
    page.goto(address(live_site, conversation))
    log, right = page.locator(f"{OPEN_THREAD} .console-log"), page.locator(".console-right")
    all_of_them = page.locator("#chiffres .console-figures")
    figures = all_of_them.locator("> div")
    expect(figures).to_have_count(11)
    are_in_view(*(figures.nth(number) for number in range(11)))
    assert log.bounding_box()["height"] >= 480

    at(emergencies.start, conversation_id=conversation.pk, situation=Situation.SUICIDE, by=chief.user)
    page.reload()
    expect(page.locator(f"{OPEN_THREAD} .console-pinned")).to_be_in_viewport(ratio=1)
    assert log.bounding_box()["height"] >= 480
    expect(figures.first).to_contain_text("Procédure d'urgence")
    expect(figures).to_have_count(11)
    axe(page)
    alarm = figures.first.get_by_role("link")
    alarm.focus()
    alarm.evaluate("one => one.setAttribute('data-before', '')")
    expect(alarm).not_to_have_attribute("data-before", "", timeout=20_000)  # the figures are read again
    expect(alarm).to_be_focused()
    for width, height in ((1280, 800), (1366, 768), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        are_in_view(right, all_of_them)
        dossier, strip = boxes(page, ".console-right", "#chiffres .console-figures")
        assert dossier["top"] >= strip["bottom"], "the dossier begins under them"
        # All at one moment, because the figures are drawn anew while one looks.
        drawn = figures.evaluate_all("all => all.map((one) => one.getBoundingClientRect().toJSON())")
        assert len(drawn) == 11
        for box in drawn:
            assert box["height"] >= 16, width
            assert strip["top"] <= box["top"] and box["bottom"] <= strip["bottom"], width
            assert strip["left"] <= box["left"] and box["right"] <= strip["right"], width
    axe(page)


@pytest.mark.slow
def test_five_conversations_with_a_procedure_and_four_signs_each_fit_in_the_list(
    live_site, page_factory: PageFactory, at: Work
):
    page = page_factory(width=1440, height=900)
    agent = at(an_agent, public_name="Camille", capacity=10)  # a critical exchange fills two places
    fields = {"urgency": 2, "age_band": "15_17", "discreet": True}
    held = [at(lambda: make.assigned(make_available(agent), **fields)) for _number in range(5)]
    for conversation in held:
        at(make.message, conversation, "Je pense à en finir, cela recommence depuis ce matin et je ne sais plus quoi")
        at(emergencies.start, conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator("#liste .console-entry")).to_have_count(5)
    signs = ("Procédure", "Critique", "Mineur", r"Écran\s+surveillé", "suicide")
    all_of_them = re.compile("".join(f"(?=.*{sign})" for sign in signs), re.IGNORECASE | re.DOTALL)
    expect(page.locator("#liste .console-entry")).to_contain_text([all_of_them] * 5)
    assert page.evaluate(FITS, ["#liste .console-entry", ".console-own"]) == 5


def test_ten_conversations_are_seen_whole_on_one_screen(live_site: LiveSite, page: Page, at: Work):
    """Six of ten were: their signs and the name of a district took a row more each, and so did whose turn it is."""
    agent, held = holding(at, 10)
    paris = Municipality.objects.filter(insee_code="75111")
    district = at(lambda: paris.first() or municipality("Paris 11e arrondissement", "75111", ("75011",)))
    told = [one.report_id for one in held]
    at(lambda: Report.objects.filter(pk__in=told).update(municipality=district))
    at(lambda: Report.objects.filter(pk__in=told[:5]).update(age_band="15_17", discreet=True))
    at(lambda: Conversation.objects.filter(report__in=told[:5]).update(urgency=Urgency.HIGH))
    for one in held:
        at(make.message, one, "Ils ont fait un groupe avec mes photos, et toute la classe y est.")
    page.set_viewport_size({"width": 1440, "height": 900})
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    lines = page.locator("#liste .console-entry")
    expect(lines).to_have_count(10)
    assert page.evaluate(FITS, ["#liste .console-entry", ".console-own"]) == 10
    for line in lines.all():
        expect(line.locator(".console-entry__place")).to_have_text(re.compile(r"Paris 11e arrondissement \(75\)"))
        assert line.locator(".console-entry__place").evaluate("one => one.clientHeight") < 24, "one row"
    summary = page.locator(f"{OPEN_THREAD} summary[data-key=G], {OPEN_THREAD} summary[data-key=M]").first
    hint = "one => getComputedStyle(one, '::after').content"
    assert "Alt" not in summary.evaluate(hint), "keys are shown to who uses them"
    page.keyboard.press("Alt+r")
    assert "Alt" in summary.evaluate(hint)


@pytest.mark.slow
@pytest.mark.usefixtures("macros")
def test_five_conversations_fit_in_the_list_of_a_laptop_while_others_wait(
    live_site, page_factory: PageFactory, at: Work, axe: Axe
):
    """One of them is open and was held by somebody before, one is offline, one at rest; with macros, before a watched
    screen.
    """
    page = page_factory(width=1280, height=800)
    agent, held = holding(at, 5, discreet=True)
    rows = Conversation.objects

    def lived() -> None:
        for conversation in held:
            make.message(conversation, "Cela recommence depuis ce matin, et je ne sais plus quoi faire ni à qui parler")
        Message.objects.filter(conversation__in=held).update(sent_at=make.long_ago(12))
        rows.filter(pk=held[0].pk).update(assigned_at=make.long_ago(5))
        rows.filter(pk=held[3].pk).update(reporter_seen_at=make.long_ago(3))
        rows.filter(pk=held[4].pk).update(reporter_seen_at=make.long_ago(20), dormant_since=make.long_ago(19))
        for _number in range(3):
            make.waiting()

    at(lived)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator("#liste .console-entry")).to_have_count(5)
    expect(page.locator("#attente > li")).to_have_count(3)
    expect(page.locator("#liste")).to_contain_text("Échange en veille, sans place")
    assert page.evaluate(FITS, ["#liste .console-entry", ".console-own"]) == 5
    assert page.evaluate(FITS, ["#attente > li:first-child", ".console-queue"]) == 1
    thread = page.locator(OPEN_THREAD)
    for size in ({"width": 1440, "height": 900}, {"width": 1280, "height": 800}):
        page.set_viewport_size(size)
        assert thread.locator(".console-reply > .fr-label").bounding_box()["height"] <= 28, "one line"
        assert thread.locator(".console-log").bounding_box()["height"] >= 480
    for name in ("Gestes groupés", "Réponses prêtes"):  # neither covers the other, or what is written
        thread.locator("summary", has_text=name).click()
        expect(thread.locator(".console-canned[open] li").first).to_be_visible()
    axe(page)


def test_a_late_wait_leaves_room_for_the_last_words_of_the_list(
    live_site: LiveSite, page_factory: PageFactory, at: Work, axe: Axe
):
    """« Bientôt dépassé » beside the time left seven letters of them. Its sign is there, and its word is the title."""
    agent, (held,) = holding(at, 1)
    at(lambda: make.message(held, "Cela recommence depuis ce matin, et je ne sais plus quoi faire ni à qui parler."))
    at(lambda: Message.objects.filter(conversation=held).update(sent_at=make.long_ago(4)))
    page = page_factory(width=1440, height=900)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held))
    mark = page.locator("#liste [data-slot=late]")
    expect(mark).to_have_attribute("title", "Bientôt dépassé")
    expect(mark).to_contain_text("Bientôt dépassé")
    assert mark.evaluate("one => one.offsetWidth") < 30
    assert page.locator("#liste .console-entry__last").evaluate("one => one.clientWidth") > 170
    axe(page)


TWO_ROWS_OF_THE_QUEUE = """() => {
  const bottom = document.querySelector(".console-queue").getBoundingClientRect().bottom;
  const rows = [...document.querySelectorAll("#attente > li")].slice(0, 2);
  const isWhole = (row) => row.offsetHeight <= 56 && row.getBoundingClientRect().bottom <= bottom;
  const said = (row) => [...row.querySelectorAll("[data-slot=role], [data-slot=force]")];
  return rows.length === 2 && rows.every((row) => isWhole(row) && said(row).every((one) => one.offsetWidth <= 1));
}"""


def test_two_people_of_the_queue_are_read_whole_below_nine_exchanges(
    live_site: LiveSite, page_factory: PageFactory, at: Work, axe: Axe
):
    """A row took 89 pixels: one and a half of fourteen were seen. « Victime » and the force were in each of them."""
    agent, held = holding(at, 9)

    def lived() -> None:
        town = Municipality.objects.get(name="Saint-Germain-en-Laye")
        for number in range(14):
            minor = {"age_band": "15_17"} if number == 1 else {}
            one = make.waiting(municipality=town, force=Force.POLICE, **minor)
            if number == 1:
                DangerMark.objects.create(conversation=one, seqs=[make.message(one, "Je veux mourir.").seq])
                Emergency.objects.create(conversation=one, situation=Situation.DANGER, started_at=make.long_ago(3))

    at(lived)
    page = page_factory(width=1440, height=900)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[8]))
    rows = page.locator("#attente > li")
    expect(rows).to_have_count(14)
    expect(page.locator("#liste .console-entry")).to_have_count(9)
    page.wait_for_function(TWO_ROWS_OF_THE_QUEUE)  # all at once, because the rows are drawn again as people come
    for each in range(2):
        place = rows.nth(each).locator("[data-slot=place]")
        expect(place).to_have_text("Saint-Germain-en-Laye (78)")
        assert place.evaluate("one => one.offsetHeight") <= 26, "one row"
    expect(rows.first).to_contain_text("Victime")  # a screen reader still hears it
    axe(page)
    at(lambda: make.waiting(role=ReporterRole.WITNESS, force=Force.GENDARMERIE, queued_at=make.long_ago(9)))
    differs = page.locator("#attente > [data-force=gendarmerie]")
    expect(differs).to_have_count(1)
    for slot, words in (("role", "Témoin"), ("force", "Gendarmerie nationale")):
        expect(differs.locator(f"[data-slot={slot}]")).to_have_text(words)
        expect(differs.locator(f"[data-slot={slot}]")).to_have_css("position", "static")
    expect(rows.first.locator("[data-slot=force]")).to_have_css("position", "absolute")


@pytest.mark.slow
def test_what_danger_needs_stays_in_sight_at_200_percent(live_site, page_factory: PageFactory, at: Work, axe: Axe):
    """It holds at 1280 × 800 and 200 %, wherever one has scrolled. What is folded away stays so, until one is led into
    it.
    """
    page = page_factory(width=640, height=400)
    agent, held = holding(at, 2)
    for one in held:
        at(emergencies.start, conversation_id=one.pk, situation=Situation.DANGER, by=agent.user)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    ways = page.get_by_role("navigation", name="Aller à")
    page.locator(f"#notes-{held[0].public_id}").scroll_into_view_if_needed()
    for name in ("Mes échanges", "Répondre", "Procédure", "Dossier", "File d'attente"):
        expect(ways.get_by_role("link", name=name, exact=True)).to_be_in_viewport(ratio=1)
    ways.get_by_role("link", name="Mes échanges").click()
    page.locator("#liste .console-entry:not(:has([aria-current])) a").click()
    other = held[1]
    expect(page.locator(f"#corps-{other.public_id}")).to_be_focused()
    ways.get_by_role("link", name="Procédure").click()
    expect(page.locator(f"#procedure-titre-{other.public_id}")).to_be_in_viewport(ratio=1)
    ways.get_by_role("link", name="Répondre").click()
    expect(page.locator(f"#corps-{other.public_id}")).to_be_in_viewport()
    expect(page.locator(f"#bandeau-{other.public_id}")).to_be_in_viewport(ratio=1)
    axe(page)

    reported = page.locator(f"#signalement-{other.public_id}")
    reported.get_by_role("button", name="Signalement").click()
    expect(reported.locator("dl")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Signalement", expanded=False)).to_be_visible()
    expect(page.locator(f"#notes-{other.public_id} form").first).to_be_visible()
    # The line, which has just begun, has these panels read again. The section is looked for and given the focus at
    # once.
    page.evaluate("id => { document.getElementById(id).focus(); }", f"signalement-{other.public_id}")
    expect(reported.locator("dl")).to_be_visible()
    # When it is read again while the agent writes elsewhere, it stays open for somebody who is reading it.
    page.locator(f"#corps-{other.public_id}").focus()
    reported.evaluate("section => { section.dataset.drawnBefore = ''; }")
    live_site.do(pubsub.state_changed, other.public_id)
    expect(page.locator(f"#signalement-{other.public_id}:not([data-drawn-before])")).to_have_count(1)
    expect(reported.locator("dl")).to_be_visible()


def test_place_that_the_person_gives_is_shown_where_the_agent_looks(live_site, page: Page, at: Work):
    """What can be proposed depends on it. What the agent writes stays."""
    agent, [conversation] = holding(at, 1, postal_code="", force="")
    key = conversation.public_id
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    where, proposals = page.locator(f"#accueil-{key}"), page.locator(f"#propositions-{key}")
    expect(where).to_contain_text("Aucune unité connue.")
    proposals.locator("summary", has_text="Plainte").click()
    expect(proposals).to_contain_text("Aucune unité n'est connue")
    note = page.locator(f"#notes-{key} textarea").first
    note.fill("à demander")
    page.locator(f"#corps-{key}").focus()
    unit = at(reception_point, "Brigade d'essai")
    choice = Choice("01300", municipality=None, reception_point=unit, is_nearest=False)
    assert at(give_place, conversation_id=conversation.pk, choice=choice)
    live_site.do(pubsub.state_changed, key)
    expect(where).to_contain_text("Brigade d'essai")
    expect(proposals).not_to_contain_text("Aucune unité n'est connue")
    expect(page.locator(f"#notes-{key} textarea").first).to_have_value("à demander")
    expect(page.locator(f"#corps-{key}")).to_be_focused()


def test_code_typed_on_a_watched_screen_is_told_in_the_open_page(live_site, page_factory, at: Work):
    """The list said it alone, until the page was loaded again."""
    page = page_factory()
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    told = page.locator(f"{OPEN_THREAD} .console-reply__watched")
    pinned = page.locator(f"#ecran-{conversation.public_id}")
    expect(page.locator(f"#corps-{conversation.public_id}")).to_be_editable()
    expect(told).to_be_hidden()
    expect(pinned).to_be_hidden()
    at(resume.resume_conversation, conversation_id=conversation.pk, is_watched=True)
    live_site.do(pubsub.state_changed, conversation.public_id)
    expect(told).to_be_visible()
    expect(pinned).to_be_visible()
    expect(page.locator(f"#reponse-{conversation.public_id}")).to_have_attribute("data-watched", "")


# At the middle of each of its ends one sees that end, and nothing that lies over it.
SEEN = """element => {
  const { left, top, bottom } = element.getBoundingClientRect();
  return [top + 4, bottom - 4].every((y) => element.contains(document.elementFromPoint(left + 16, y)));
}"""


@pytest.mark.slow
@pytest.mark.usefixtures("macros")
def test_last_words_are_read_above_the_answer_of_a_laptop_at_200_percent(live_site, page_factory, at: Work):
    """Of 1366 × 768 at 200 %, less the bars of browser and desk, 683 × 320 are left."""
    page = page_factory(width=683, height=320)
    agent, held = holding(at, 2, age_band="15_17", discreet=True)
    last = "Ils ont refait un groupe avec ma photo, et toute la classe y est."
    for one in held:
        for words in ("Bonsoir", "Vous êtes là ?", last):
            at(make.message, one, words)
    at(emergencies.start, conversation_id=held[1].pk, situation=Situation.DANGER, by=agent.user)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    words = page.locator(f"{OPEN_THREAD} .console-message__body", has_text=last)
    for number in (1, 2):
        page.keyboard.press(f"Alt+{number}")
        area = page.locator(f"#corps-{held[number - 1].public_id}")
        expect(area).to_be_focused()
        page.keyboard.press("Alt+r")
        expect(area).to_be_in_viewport(ratio=1)
        assert area.evaluate(SEEN), "the answer lies under the links at the foot"
        assert words.evaluate(SEEN), "what the person said last is not seen while one answers"
    marks = entry(page, 1).locator(".console-entry__marks")
    expect(marks).to_have_text(re.compile("Mineur\\s+Écran surveillé"))
    assert re.search(r"mineur\s+écran surveillé", marks.inner_text().lower()), "in a flex container both are one word"
    # Where a key leads, one sees what is under the title, and not only the title.
    page.keyboard.press("Alt+1")
    page.keyboard.press("Alt+u")
    expect(page.locator(OPEN_DOSSIER).get_by_role("button", name="Danger maintenant")).to_be_in_viewport(ratio=1)
    points = page.locator(f"{OPEN_THREAD} select[name^=point_]")
    points.evaluate_all("all => { for (const one of all) one.value = 'impossible'; }")
    ends(page)
    row = page.locator(".console-undo__row:not([hidden])")
    assert row.bounding_box()["height"] < 80, "an end that can be undone lies over what the next person says"


# --- one press ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_press(live_site, page: Page, at: Work, reporter, axe: Axe, subtests: pytest.Subtests):
    """One desk serves all of these, and each has a person of its own."""
    facts = ["rumours", "image", "couple"]
    people = {
        "words": Person(lived=in_danger),
        "sheet": Person({"platforms": ["social"]}),
        "letters": Person({"platforms": ["social"], "facts": facts}),
        "said": Person({"platforms": ["social"], "age_band": "adult"}),
        "dealt": Person(),
        "question": Person(),
    }
    desk = take_seat(page, live_site, at, people)
    with subtests.test("words of the procedure are put in by one press, and ticked when they are sent"):
        words_are_ticked_when_they_are_sent(page, desk.shows("words"), at)
    with subtests.test("sheet is answered by one press and saves itself"):
        sheet_saves_itself(page, desk.shows("sheet"), axe)
    with subtests.test("letters answer the sheet only where the keyboard led"):
        letters_answer_the_sheet_where_the_keyboard_led(page, desk.shows("letters"))
    with subtests.test("one press confirms what was said, be it yes or no"):
        one_press_confirms_what_was_said(page, desk.shows("said"), axe)
    with subtests.test("question that was asked is offered last"):
        question_that_was_asked_is_offered_last(page, desk.shows("question"))
    with subtests.test("what is dealt with does not change under the hand"):
        key = desk.shows("dealt")
        dealt_with_does_not_change_under_the_hand(page, key, at, reporter(at(visit, desk.people["dealt"])))


def in_danger(agent: Agent, conversation: Conversation) -> None:
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)


def words_are_ticked_when_they_are_sent(page: Page, key: str, at: Work) -> None:
    where = emergency_texts.LOCATION.spoken()
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    page.keyboard.press("Alt+r")
    page.keyboard.press("Alt+i")  # the key leads to the first of the words, which nothing inserts by itself
    expect(page.locator(f"#dire-{key} button").first).to_be_focused()
    expect(area).to_have_value("")
    chips = page.locator(f"#dire-{key} button")
    for arrow, place in (("ArrowRight", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("End", 5), ("ArrowRight", 0)):
        page.keyboard.press(arrow)
        expect(chips.nth(place)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    page.keyboard.press("Tab")
    expect(chips.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(area).to_be_focused()
    expect(area).to_have_value(where)
    page.keyboard.type("Je reste")  # one space between what was put in and what is typed behind it
    expect(area).to_have_value(f"{where} Je reste")
    page.keyboard.type(" là, et")
    expect(area).to_have_value(f"{where} Je reste là, et")
    area.fill("")
    chips.nth(1).click()
    page.keyboard.type(", ")
    expect(area).to_have_value(f"{where}, ")
    assert at(EmergencyStep.objects.count) == 0
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"#procedure-{key}")).to_contain_text(re.compile(r"fait à\s+\d\d:\d\d:\d\d"))
    expect(page.locator(f"#dire-{key} button")).to_have_count(5)
    assert at(lambda: list(EmergencyStep.objects.values_list("step", flat=True))) == [Step.LOCATION]
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent]")).to_have_count(1)
    strip = page.locator(f"#bandeau-{key}")
    expect(strip).to_contain_text(str(Step.CAN_TALK.label))
    page.locator(f"#dire-{key} button").first.click()
    page.keyboard.press("Control+Enter")
    expect(strip).to_contain_text(str(Step.CALLED.label))  # the strip over the thread says what is next, too


def sheet_saves_itself(page: Page, key: str, axe: Axe) -> None:
    kept, dates = page.locator(f"#fiche-gardee-{key}"), page.locator(f"#fait-dates-{key}")
    page.locator(f"#fiche-{key} > details > summary").click()
    row = page.locator(f"#fait-online-{key}")
    expect(row).to_contain_text(re.compile(r"signalement,\s+à confirmer.*Réseau social.*oui", re.DOTALL))
    axe(page)
    yes = row.get_by_role("button", name="oui", exact=True)
    yes.focus()
    page.keyboard.press("Enter")
    expect(yes).to_be_focused()
    expect(yes).to_have_attribute("aria-pressed", "true")
    expect(row.locator("[data-unconfirmed]:visible")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"#fait-repeated-non-{key}")).to_be_focused()
    page.keyboard.press("Space")  # perhaps before the first one is saved
    expect(page.locator(f"#resume-unite-{key}")).to_have_value(re.compile("Par internet ou par téléphone\\s: oui"))
    expect(page.locator(f"#resume-unite-{key}")).to_have_value(re.compile("recommence\\s: non"))
    expect(page.locator(f"#resume-{key}")).to_have_value(re.compile("recommence\\s: non"))
    page.keyboard.press("Tab")
    expect(page.locator(f"#fait-repeated-{key} .console-insert")).to_be_focused()  # past the third answer
    # With keys only: to what has to be confirmed, or otherwise has no answer. Only there do « o », « n » and « ? »
    # answer.
    page.keyboard.press("Alt+r")
    page.keyboard.press("Alt+v")
    reached = page.locator("[data-element]:focus-within")
    expect(reached).to_have_count(1)
    pressed = reached.locator("[name=press]:not([data-confirm])")
    for letter, at_place in (("n", 1), ("o", 0), ("?", 2), ("n", 1)):
        page.keyboard.type(letter)
        expect(pressed.nth(at_place)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"#corps-{key}")).to_have_value("")
    expect(page.locator("#raccourcis")).to_be_hidden()

    dates.fill("x" * 5000)
    expect(kept).to_contain_text("n'est pas enregistrée")
    expect(page.locator(f"#fait-dates-{key}-error")).to_be_visible()
    expect(dates).to_be_focused()
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(dates).to_be_focused()
    dates.fill("hier soir")
    page.get_by_role("button", name="Enregistrer la fiche").click()
    expect(page.locator("#annonces")).to_contain_text("Fiche enregistrée à")
    expect(kept).to_contain_text("Fiche enregistrée à")
    expect(page.locator(f"#fait-dates-{key}-error")).to_have_count(0)
    expect(dates).not_to_have_attribute("aria-invalid", "true")

    answer, left = page.locator(f"#corps-{key}"), page.locator(f"#reste-{key}")
    answer.fill("x" * 3000)
    expect(left).to_be_empty()
    answer.fill("x" * 3990)
    expect(left).to_have_text("Il reste 10 signes")
    row.locator(".console-insert").click()
    expect(left).to_have_text(re.compile(r"^\d+ signes de trop$"))
    answer.fill("\u200b\u2060")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"#erreur-{key}")).to_contain_text("Rien ne se voit dans ce message")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent]")).to_have_count(0)


def letters_answer_the_sheet_where_the_keyboard_led(page: Page, key: str) -> None:
    """Guard against what was before: « Non, restez », typed to the person after a press of the mouse, turned that fact
    to « non » and the next to « oui »; a key held down confirmed the whole sheet. Then what was answered stands in
    the summary for a colleague.
    """
    page.locator(f"#fiche-{key} > details > summary").click()
    yes, answer = page.locator(f"#fait-online-oui-{key}"), page.locator(f"#corps-{key}")
    values = page.locator(f"#fiche-{key} [data-element] > input")

    def answered() -> int:
        return int(values.evaluate_all("inputs => inputs.filter((one) => one.value).length"))

    yes.click()
    page.keyboard.type("Non, restez")
    expect(answer).to_have_value("Non, restez")
    expect(yes).to_have_attribute("aria-pressed", "true")
    assert answered() == 1

    page.keyboard.press("Alt+v")
    for _each in range(3):
        page.keyboard.down("o")  # a key that is held down repeats itself
    page.keyboard.up("o")
    assert answered() == 2
    page.locator(f"#fiche-{key} [name=press]:focus").click()  # the keyboard led there, and then the mouse pressed
    page.keyboard.type("Non")
    expect(answer).to_have_value("Non, restezNon")
    assert answered() == 3

    # « Passer » begins with what is answered by now, and what was written there stays.
    expect(page.locator(f"#resume-unite-{key}")).to_have_value(re.compile("Par internet ou par téléphone\\s: oui"))
    fold = page.locator(f"#passer-{key} > summary")
    summary = page.locator(f"#resume-passage-{key}")
    expect(summary).not_to_have_value(re.compile("Par internet"))
    fold.click()
    expect(summary).to_have_value(re.compile("Par internet ou par téléphone\\s: oui"))
    fold.click()
    summary.evaluate("area => { area.value = 'Avec mes mots.'; }")
    with page.expect_response(lambda got: f"{key}/?partie=echange" in got.url):
        fold.click()
    page.wait_for_timeout(200)  # anything that would write there has had time to do so
    expect(summary).to_have_value("Avec mes mots.")


def one_press_confirms_what_was_said(page: Page, key: str, axe: Axe) -> None:
    """Guard against what was before: « oui », pressed for each element to be confirmed, made an adult a minor."""
    online, minor = (page.locator(f"#fait-{name}-{key}") for name in ("online", "minor"))
    page.keyboard.press("Alt+v")
    first = online.get_by_role("button", name="Confirmer : oui, « Réseau social »")
    expect(first).to_be_focused()
    axe(page)
    page.keyboard.press("o")
    expect(page.locator(f"#fait-online-oui-{key}")).to_have_attribute("aria-pressed", "true")
    expect(first).to_be_hidden()
    second = minor.get_by_role("button", name="Confirmer : non, « 18 ans ou plus »")
    expect(second).to_be_focused()
    page.keyboard.press("o")  # the contrary of what was said: seen before the next is led to, and taken back
    expect(page.locator(f"#fait-minor-oui-{key}")).to_be_focused()
    expect(second).to_be_hidden()
    page.keyboard.press("?")
    expect(second).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator(f"#fait-minor-non-{key}")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"#fait-minor-non-{key}")).to_be_focused()  # none is left to be confirmed
    page.keyboard.press("c")
    expect(page.locator(f"#corps-{key}")).to_have_value("")
    page.locator(f"#fait-minor-ouvert-{key}").click()
    second.click()
    expect(page.locator(f"#fait-minor-non-{key}")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"#fiche-etat-{key}")).not_to_contain_text("Victime mineure")


def question_that_was_asked_is_offered_last(page: Page, key: str) -> None:
    said = page.locator(f"#dire-{key} [data-insert]")
    asked = said.first.get_attribute("data-insert")
    said.first.click()
    page.locator(f"{OPEN_THREAD} textarea[name=body]").press("Control+Enter")
    expect(said.last).to_have_attribute("data-insert", str(asked))
    expect(said.first).not_to_have_attribute("data-insert", str(asked))


@pytest.mark.slow
@pytest.mark.usefixtures("macros")
def test_palette(live_site, page: Page, at: Work, axe: Axe, subtests: pytest.Subtests):
    agent, [first, second, ended] = holding(at, 3)
    at(actions.close_conversation, conversation_id=ended.pk, by_author=Author.REPORTER)
    at(make.message, first, "je veux mourir")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, first))
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    expect(page.locator(OPEN_DOSSIER)).to_be_visible()
    with subtests.test("palette leads to a unit, a colleague and what has ended"):
        palette_leads_to_a_unit_a_colleague_and_what_has_ended(page, ended, axe)
    with subtests.test("palette leads and sends nothing"):
        palette_leads_and_sends_nothing(page, axe)
    assert at(lambda: Message.objects.filter(conversation__in=[first, second], author=Author.AGENT).count()) == 0


def arrows_keep_the_heading_in_sight(page: Page, acts: int) -> None:
    """Go down to the first exchange and back up: the chosen line is under its heading, and not behind it."""
    chosen = page.locator("#palette").get_by_role("option", selected=True)
    for _ in range(acts):
        page.keyboard.press("ArrowDown")
    expect(chosen).to_have_accessible_name(re.compile(r"^\d · "))
    for _ in range(acts):
        page.keyboard.press("ArrowUp")
        line = chosen.bounding_box()
        heading = page.locator("#palette-liste li:has(> ul > [aria-selected=true]) > span").bounding_box()
        assert line["y"] >= heading["y"] + heading["height"] - 1
    expect(chosen).to_have_accessible_name("Ouvrir la procédure d'urgence")
    expect(page.locator("#palette-cherche")).to_have_attribute("aria-activedescendant", "palette-0")


def palette_leads_to_a_unit_a_colleague_and_what_has_ended(page: Page, ended: Conversation, axe: Axe) -> None:
    chosen = page.locator("#palette").get_by_role("option", selected=True)
    page.keyboard.press("Control+k")  # the list beside shows the exchanges: what one does in the open one comes first
    listbox = page.get_by_role("listbox", name="Ce qui est trouvé")
    kinds = listbox.locator(".console-palette__heading").all_inner_texts()
    assert kinds[:3] == ["Aller à", "Échange", "Réponse"], "each kind is said once"
    assert len(kinds) == len(set(kinds)) == listbox.get_by_role("group").count()
    expect(page.locator("#palette-liste .console-palette__kind")).to_have_count(0)
    acts = listbox.get_by_role("group", name="Aller à", exact=True).get_by_role("option")
    names = acts.locator("strong").all_inner_texts()
    assert names[0] == "Ouvrir la procédure d'urgence" and "Disponible" in names
    expect(acts.first).to_have_accessible_name("Ouvrir la procédure d'urgence")
    assert not [one for one in names if one.startswith("Danger")], "the first line leads there too"
    axe(page)
    arrows_keep_the_heading_in_sight(page, len(names))
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("danger ouvrir")
    expect(chosen).to_have_accessible_name(re.compile("^Aller à, Danger : ouvrir la procédure"))
    page.keyboard.press("Escape")
    # It was opened over a page where nothing had the focus: until the page is drawn again its field keeps it.
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Control+k")
    page.evaluate(
        """() => {
          document.querySelector("#palette").close();
          const pressed = { key: "k", ctrlKey: true, bubbles: true, cancelable: true };
          document.activeElement.dispatchEvent(new KeyboardEvent("keydown", pressed));
        }"""
    )
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    for typed, label, way in (
        ("transmettre unite", "Transmettre à l'unité compétente", "Préparer un résumé"),
        ("demander collegue", "Demander à un collègue", "Poser une question à part"),
    ):
        page.keyboard.press("Control+k")
        page.keyboard.type(f"aller {typed}")
        expect(chosen).to_have_accessible_name(f"Aller à, {label}")  # a pause between kind and label
        page.keyboard.press("Enter")
        summary = page.locator(f"{OPEN_DOSSIER} summary", has_text=way)
        expect(summary).to_be_focused()
        expect(summary.locator("..")).to_have_attribute("open", "")
    page.keyboard.press("Control+k")
    page.keyboard.type("file d'attente")  # its title counts, and has words that are hidden on the screen
    expect(chosen).to_have_accessible_name("Aller à, File d'attente")
    expect(chosen.locator("strong")).to_have_text("File d'attente")
    page.keyboard.press("Enter")
    expect(page.locator("#file")).to_be_focused()
    for typed, label, way in (  # what has no key: sections, what unfolds in them, states, the numbers to propose
        ("note", "Notes privées 0", "button:text('Notes privées')"),
        ("ajouter une note", "Ajouter une note", "textarea[id^=note-]"),
        ("partenaire avec", "Partenaire, avec son accord", "summary:text('Partenaire, avec')"),
        ("rendez-vous", "Rendez-vous au point d'accueil", "summary:text('Rendez-vous')"),
        ("proposition", "Propositions à la personne", "button:text('Propositions')"),
        ("resume", "Résumés de fin", "summary:text('Résumés de fin')"),
        ("absent", "Absent", "#disponibilite button:text('Absent')"),
        ("pause", "En pause", "#disponibilite button:text('En pause')"),
        ("3114", re.compile("^Aller à, 3114 "), "button:text('Numéros à proposer')"),
    ):
        page.keyboard.press("Control+k")
        page.keyboard.type(typed)
        expect(chosen).to_have_accessible_name(label if isinstance(label, re.Pattern) else f"Aller à, {label}")
        page.keyboard.press("Enter")
        expect(page.locator(f":is({OPEN_DOSSIER}, #disponibilite) :focus")).to_be_visible()
        expect(page.locator(way).locator("visible=true").first).to_be_focused()
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "available")  # nothing was pressed
    name = str(page.locator("#termines .console-entry").get_attribute("data-name"))
    page.keyboard.press("Control+k")
    page.keyboard.type(f"échange terminé {name}")
    page.keyboard.press("Enter")
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text(name)
    expect(page).to_have_url(re.compile(str(ended.public_id)))


def palette_leads_and_sends_nothing(page: Page, axe: Axe) -> None:
    name = str(entry(page, 2).get_attribute("data-name"))
    page.keyboard.press("Control+k")
    search = page.get_by_role("combobox", name=re.compile("^Chercher un échange"))
    expect(search).to_be_focused()
    top = search.bounding_box()["y"]
    page.keyboard.type(name.split(" ")[0])
    expect(page.locator("#palette").get_by_role("option", selected=True)).to_contain_text(f"2 · {name}")
    assert search.bounding_box()["y"] == top, "it stays where it is as lines come and go"
    axe(page)
    page.keyboard.press("Enter")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text(name)
    expect(area).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("reponse se presenter")
    page.keyboard.press("Enter")
    expect(area).to_have_value(re.compile("^Bonjour, je m’appelle Camille"))
    page.keyboard.press("Control+k")
    page.keyboard.type("avant de")  # the texts of other replies have these words too
    expect(page.locator("#palette").get_by_role("option", selected=True)).to_contain_text("Avant de terminer")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("fiche des faits")
    page.keyboard.press("Enter")
    expect(page.locator(f"{OPEN_DOSSIER} summary", has_text="Fiche des faits")).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("rien de tel ici")
    expect(page.get_by_text("Rien de ce nom sur cet écran.")).to_be_visible()
    # For somebody who does not know « Échap »: a button, or a press outside.
    page.locator("#palette").get_by_role("button", name="Fermer").click()
    expect(page.locator("#palette")).to_be_hidden()
    page.get_by_role("button", name="Chercher").click()
    expect(search).to_be_focused()
    page.mouse.click(5, 5)
    expect(page.locator("#palette")).to_be_hidden()
    for number in (1, 2):  # the end of either: the open one's and the other's
        page.keyboard.press("Control+k")
        page.keyboard.type(f"terminer {number}")
        page.keyboard.press("Enter")
        end = page.locator(f"{OPEN_THREAD} summary[data-key=T]")
        expect(end).to_contain_text(f"Terminer {number} · ")
        expect(end).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.type("pnav 5zbv 5bhv")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/console/mes-echanges/"))
    expect(page.locator("#resultats")).to_contain_text("0 échange")


# --- words of danger ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_words_of_suicide_are_marked_as_they_come_and_nothing_is_sent(
    live_site, page: Page, at: Work, reporter, axe: Axe
):
    agent = at(an_agent)
    conversation, key = at(somebody_waits)
    at(somebody_waits)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    line = page.locator(f"#liste [data-conversation='{conversation.public_id}']")
    other = page.locator(f"#liste .console-entry:not([data-conversation='{conversation.public_id}']) a")
    other.click()
    person = reporter(key)
    person.says("J’ai pensé à en finir…")
    expect(line.locator("[data-slot=danger]")).to_have_text("Mots de suicide")
    line.locator("a").click()
    mark = page.locator(f"{OPEN_THREAD} .console-danger:visible")
    expect(mark).to_have_count(1)
    axe(page)
    mark.get_by_role("button", name="proposer le 3114").click()
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    expect(area).to_have_value(re.compile("3114"))
    assert at(lambda: conversation.messages.filter(author=Author.AGENT).count()) == 0
    mark.get_by_role("link", name="procédure d'urgence").click()
    expect(page.locator(f"#procedure-{conversation.public_id} details")).to_have_attribute("open", "")
    area.focus()
    page.keyboard.press("Control+Enter")
    person.hears("3114")
    # The mark stays after any answer, until the agent says that it was dealt with, and also after loading the page
    # again.
    person.says("il est devant chez moi")
    both = "Mots de suicide, Danger immédiat"
    expect(line.locator("[data-slot=danger]")).to_have_text(both)
    for _each in range(100):  # the page reads a part again at each mark, and loses a quicker answer
        if at(lambda: len(DangerMark.objects.get(pk=conversation.pk).seqs)) == 2:
            break
        page.wait_for_timeout(100)
    area.fill("Je suis là.")
    page.keyboard.press("Control+Enter")
    person.hears("Je suis là.")
    page.reload()
    expect(line.locator("[data-slot=danger]")).to_have_text(both)
    sign = page.locator(f"#danger-{conversation.public_id}")
    expect(sign).to_contain_text(both)
    # Whoever is led to the field by a key hears it, without a look at the list.
    expect(area).to_have_accessible_description(re.compile(f"^{both} "))
    axe(page)
    sign.get_by_role("button", name="C'est pris en compte").click()
    expect(sign).to_be_hidden()
    expect(line.locator("[data-slot=danger]")).to_be_hidden()
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_be_focused()
    expect(area).not_to_have_accessible_description(re.compile("Danger"))
    person.says("je veux mourir")  # the mark comes back with the next words of danger
    expect(sign).to_contain_text("Mots de suicide")
    expect(line.locator("[data-slot=danger]")).to_have_text("Mots de suicide")
    # The person ends it: the mark stays under « Terminés », and over the thread, until it is dealt with.
    at(actions.close_conversation, conversation_id=conversation.pk, by_author=Author.REPORTER)
    left = page.locator(f"#termines [data-conversation='{conversation.public_id}'] [data-slot=danger]")
    expect(left).to_be_visible()
    expect(page.locator("#fins .console-told")).to_contain_text("ne sont pas pris en compte")
    axe(page)
    sign.get_by_role("button", name="C'est pris en compte").click()
    expect(sign).to_be_hidden()
    expect(left).to_be_hidden()
    expect(page.locator(f"#lu-{conversation.public_id}")).to_be_focused()


def dealt_with_does_not_change_under_the_hand(page: Page, key: str, at: Work, person: Reporter) -> None:
    """Guard against what was before: a message that came just before the press was dealt with unread. And a thread that
    the version before had drawn, which has no sign, left the line of the list unmarked.
    """
    badge = page.locator(f"#liste .console-entry[data-conversation='{key}'] [data-slot=danger]")
    sign = page.locator(f"#danger-{key}")
    number = sign.locator("[data-slot=danger-seq]")
    person.says("je veux mourir")
    expect(sign).to_contain_text("Mots de suicide")
    read = number.input_value()
    press = sign.get_by_role("button", name="C'est pris en compte")
    press.hover()
    person.says("il est devant chez moi")
    expect(badge).to_have_text("Mots de suicide, Danger immédiat")
    expect(sign).to_contain_text("Mots de suicide, Danger immédiat")
    assert number.input_value() == read
    for _each in range(100):  # until the list has stored the second mark
        if at(lambda: [len(one.seqs) for one in DangerMark.objects.filter(conversation__public_id=key)]) == [2]:
            break
        page.wait_for_timeout(100)
    press.click()
    expect(page.locator("#annonces")).to_contain_text("Ce que la personne a écrit depuis reste marqué")
    expect(sign.locator("[data-slot=danger-said]")).to_have_text("Danger immédiat")
    expect(badge).to_have_text("Danger immédiat")

    sign.evaluate("sign => sign.remove()")
    person.says("je veux mourir")
    expect(badge).to_have_text("Mots de suicide, Danger immédiat")


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_last_sign_in_is_closed_by_one_press(
    live_site: LiveSite, page_factory: PageFactory, at: Work, axe: Axe, javascript: bool
):
    """It stood over the thread until an act sent something, and nothing on it could be pressed."""
    agent = at(an_agent)
    at(lambda: User.objects.filter(pk=agent.user_id).update(last_login=make.long_ago(60), last_way="password+totp"))
    page = page_factory(javascript=javascript)
    staff.sign_in_by_hand(page, live_site, agent.user.username)
    said = page.locator("#contenu .fr-alert", has_text="Dernière connexion avant celle-ci")
    expect(said).to_be_focused()
    read = page.locator(".console-told-once").get_by_role("button", name="J'ai lu")
    for width, height in ((360, 640), (820, 1180), (1440, 900), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        expect(read).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if javascript:
        axe(page)
        page.evaluate("() => { document.body.dataset.stays = '1'; }")
    page.keyboard.press("Tab")
    expect(read).to_be_focused()
    page.keyboard.press("Enter")
    expect(said).to_have_count(0)
    if javascript:
        expect(page.locator("#mes-echanges")).to_be_focused()
        assert page.locator("body[data-stays]").count(), "the page was not loaded again"
    page.reload()
    expect(page.locator("#mes-echanges")).to_be_visible()
    expect(said).to_have_count(0)


def test_name_of_a_person_is_one_line_and_not_said_thrice(live_site: LiveSite, page: Page, at: Work, axe: Axe):
    """At 1280 px it took three lines of the head, and two of the label of the answer."""
    agent, held = holding(at, 2)

    def live_in() -> None:
        for conversation, town in zip(held, ("Toulouse", "Saint-Germain-en-Laye"), strict=True):
            Report.objects.filter(pk=conversation.report_id).update(municipality=Municipality.objects.get(name=town))

    at(live_in)
    page.set_viewport_size({"width": 1280, "height": 800})
    be_signed_in(page, live_site, agent)
    for conversation, is_whole in zip(held, (True, False), strict=True):
        page.goto(address(live_site, conversation))
        thread = page.locator(OPEN_THREAD)
        whole = str(thread.locator(".console-thread__name").get_attribute("title"))
        said = whole.split(" · ")[0]
        name = thread.locator(".console-thread__name")
        expect(name).to_have_text(whole)
        assert name.evaluate("one => one.clientHeight <= 24 && one.clientWidth > 100")
        assert name.evaluate("one => one.scrollWidth <= one.clientWidth") is is_whole, whole
        assert thread.locator(".console-thread__head").bounding_box()["height"] <= 52
        label = thread.locator(".console-reply > .fr-label")
        assert label.bounding_box()["height"] <= 28
        expect(page.get_by_role("textbox", name=re.compile(rf"^Répondre à \d {said}\s+· "))).to_be_visible()
        end = thread.locator("summary[data-key=T]")
        expect(end).to_have_accessible_name(re.compile(rf"^Terminer \d\s+· {said}$"))
        expect(end.locator(".console-aim")).to_have_text(re.compile(rf"^\d\s+· {said}$"))
        assert end.locator(".console-aim__who").evaluate("one => one.getBoundingClientRect().width") > 20, "in sight"
        assert end.evaluate("one => one.scrollHeight <= one.clientHeight && one.clientHeight <= 44")
    axe(page)
    page.keyboard.press("Control+k")
    hint = page.locator("#palette .fr-label > .fr-hint-text").bounding_box()
    assert hint["y"] - page.locator("#palette .fr-label").bounding_box()["y"] <= 32, "one line above it"


READ_OF_THE_LAST_WORDS = """() => [...document.querySelectorAll("#liste .console-entry__last")].map((words) => {
  const end = words.getBoundingClientRect().right + 1;
  const walker = document.createTreeWalker(words, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let letters = 0;
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (text.parentElement.closest("[hidden], .fr-sr-only")) continue;
    for (let at = 0; at < text.length; at += 1) {
      range.setStart(text, at);
      range.setEnd(text, at + 1);
      const { right, width } = range.getBoundingClientRect();
      letters += Number(width > 0 && right <= end);
    }
  }
  return letters;
})"""


# The list is read again meanwhile, and its rows are drawn anew: all are measured at once.
HEIGHTS_OF_ROWS = """() => {
  const rows = [...document.querySelectorAll("#liste .console-entry")];
  const isOpen = (row) => Boolean(row.querySelector("[aria-current]"));
  return {
    open: rows.find(isOpen).offsetHeight,
    others: rows.filter((row) => !isOpen(row)).map((row) => row.offsetHeight),
  };
}"""


# The parts of « dont 2 min avec vous » that are in sight, for each row, and « cut » for one that is in sight in part.
OWN_IN_SIGHT = """() => {
  const rows = [...document.querySelectorAll("#liste .console-entry")];
  return Object.fromEntries(rows.map((row) => {
    const own = row.querySelector("[data-slot=own]");
    const line = own.getBoundingClientRect();
    const seen = [...own.children].flatMap((part) => {
      const { left, right, top, bottom } = part.getBoundingClientRect();
      if (left === right || top >= line.bottom - 1 || left >= line.right) return [];
      return right <= line.right + 1 ? [part.textContent.trim().split(/\\s/)[0]] : ["cut"];
    });
    return [row.dataset.number, seen.join(" ")];
  }));
}"""


def test_last_words_have_a_row_and_rows_are_even(live_site: LiveSite, page: Page, at: Work, axe: Axe):
    """Beside « HORS LIGNE » fourteen letters of them were read, and rows were 42 to 96 px high, 114 to 186 at 820."""
    agent, held = holding(at, 6)
    rows, last = Conversation.objects, "Cela recommence depuis ce matin, et je ne sais plus quoi faire"

    def lived() -> None:
        for one in held:
            make.message(one, last)
        Message.objects.filter(conversation__in=held).update(sent_at=make.long_ago(12))
        town = Municipality.objects.get(name="Saint-Germain-en-Laye")
        told = [one.report_id for one in held]
        Report.objects.filter(pk=told[1]).update(municipality=town)
        Report.objects.filter(pk=told[2]).update(age_band="15_17", discreet=True)
        rows.filter(pk=held[1].pk).update(reporter_seen_at=make.long_ago(3))
        rows.filter(pk=held[3].pk).update(reporter_seen_at=make.long_ago(3), urgency=Urgency.CRITICAL)
        emergencies.start(conversation_id=held[4].pk, situation=Situation.DANGER, by=agent.user)

    at(lived)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    lines = page.locator("#liste .console-entry")
    expect(lines).to_have_count(6)
    signs = {2: "Hors ligne", 3: "Mineur", 4: "Critique", 5: "Procédure"}
    for width, height in ((1280, 800), (1440, 900), (820, 1180)):
        page.set_viewport_size({"width": width, "height": height})
        letters = page.evaluate(READ_OF_THE_LAST_WORDS)
        assert len(letters) == 6 and min(letters) >= 30, (width, letters)
        heights = page.evaluate(HEIGHTS_OF_ROWS)
        assert len(heights["others"]) == 5
        assert max(heights["others"]) - min(heights["others"]) <= 1, (width, heights)
        assert heights["open"] - min(heights["others"]) <= 21, "the open one may say more"
        for number, sign in signs.items():
            line = entry(page, number)
            expect(line.get_by_text(sign).locator("visible=true").first).to_be_visible()
        expect(entry(page, 3).locator(".console-entry__watched")).to_be_visible()
        own = page.evaluate(OWN_IN_SIGHT)
        assert own["1"] == own["6"] == "dont avec", "of the open one, and of one without signs"
        assert own["3"] == ("" if width == 820 else "dont"), (width, own)
        assert set(own.values()) <= {"", "dont", "dont avec"}, (width, own)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # All of it is said, whatever is in sight.
    for number in range(1, 7):
        expect(entry(page, number).locator("a")).to_have_accessible_name(re.compile(r"dont\s+< 1\smin\s+avec vous"))
    page.set_viewport_size({"width": 360, "height": 640})
    own = page.evaluate(OWN_IN_SIGHT)
    assert own["1"] == own["6"] == "dont avec" and set(own.values()) <= {"", "dont", "dont avec"}, own
    axe(page)


# Which signs of a row are in sight as a whole: nothing of them is beyond a box that clips it.
SIGNS_IN_SIGHT = """number => {
  const row = document.querySelector(`#liste [data-number="${number}"]`);
  const isWhole = (sign) => {
    const { left, right, top, bottom, width } = sign.getBoundingClientRect();
    for (let box = sign.parentElement; box !== row; box = box.parentElement) {
      if (getComputedStyle(box).overflowX === "visible") continue;
      const clip = box.getBoundingClientRect();
      if (left < clip.left - 1 || right > clip.right + 1) return false;
      if (top < clip.top - 4 || bottom > clip.bottom + 4) return false;
    }
    return width > 1;
  };
  const signs = [...row.querySelectorAll(".console-urgency, [data-slot=language], .console-entry__role")];
  return signs.filter(isWhole).map((sign) => sign.textContent.replace(/\\s+/g, " ").trim());
}"""


def test_row_of_a_witness_who_writes_in_english_is_no_higher(live_site: LiveSite, page: Page, at: Work):
    """Its row was 78 px high beside others of 60, and 114 beside others of 74 at 820."""
    agent, held = holding(at, 4)
    rows = Conversation.objects

    def lived() -> None:
        for one in held:
            make.message(one, "Cela recommence depuis ce matin")
        Message.objects.filter(conversation__in=held).update(sent_at=make.long_ago(75))
        make.message(held[3], "Je vous réponds.", Author.AGENT)
        rows.filter(pk=held[1].pk).update(guessed_language="en", urgency=Urgency.HIGH)
        Report.objects.filter(pk__in=[one.report_id for one in held[1:3]]).update(role="witness")

    at(lived)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator("#liste .console-entry")).to_have_count(4)
    page.evaluate("document.fonts.ready")
    full = entry(page, 2)
    for width, height, more in ((1280, 800, 1), (1440, 900, 1), (820, 1180, 21)):
        page.set_viewport_size({"width": width, "height": height})
        heights = page.evaluate(HEIGHTS_OF_ROWS)["others"]
        assert max(heights) - min(heights) <= more, (width, heights)
        seen = page.evaluate(SIGNS_IN_SIGHT, "2")
        assert seen[:2] == ["Urgence : Élevée", "écrit en anglais ?"], (width, seen)
        assert page.evaluate(SIGNS_IN_SIGHT, "3") == ["Témoin"], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What has no room is said, and is in sight in one column and in the open row.
    expect(full.locator("a")).to_have_accessible_name(re.compile(r"anglais\s\?\s+Témoin\s+dont"))
    page.set_viewport_size({"width": 360, "height": 640})
    assert page.evaluate(SIGNS_IN_SIGHT, "2")[-1] == "Témoin"
    assert entry(page, 4).bounding_box()["height"] < full.bounding_box()["height"], "an empty line of signs"
    page.set_viewport_size({"width": 1280, "height": 800})
    page.keyboard.press("Alt+2")
    expect(full.locator("a")).to_have_attribute("aria-current", "true")
    assert page.evaluate(SIGNS_IN_SIGHT, "2")[-1] == "Témoin"


def test_end_that_can_be_undone_leaves_the_open_line_in_sight(live_site: LiveSite, page_factory, at: Work):
    """The row of the end is below the list, which loses its height: the queue covered the end of the open line."""
    page = page_factory(width=820, height=1180)
    agent, held = holding(at, 9)
    for _each in range(8):
        at(make.waiting)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[8]))
    expect(page.locator("#liste .console-entry")).to_have_count(9)
    points = page.locator(f"{OPEN_THREAD} select[name^=point_]")
    points.evaluate_all("all => { for (const one of all) one.value = 'impossible'; }")
    line = page.locator("#liste [aria-current]")
    beyond = """line => {
      const column = line.closest(".console-own");
      return line.getBoundingClientRect().bottom - column.getBoundingClientRect().bottom;
    }"""
    line.evaluate(f"line => {{ line.closest('.console-own').scrollTop += ({beyond})(line); }}")
    assert abs(line.evaluate(beyond)) <= 1, "the open line is the last that is in sight"
    ends(page)
    expect(page.locator(".console-undo__row:not([hidden])")).to_be_visible()
    page.evaluate("() => new Promise(requestAnimationFrame).then(() => new Promise(requestAnimationFrame))")
    assert line.evaluate(beyond) <= 1
