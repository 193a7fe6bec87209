# ruff: noqa: F811  the fixtures of test_console
"""What an agent chooses in a browser: the order of dossier and list, what is heard; and words that are found."""

import re
import time
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from chat.casework import waiting_danger
from chat.console import inbox
from chat.conversations import dispatcher
from chat.models import Agent, Conversation, Message
from chat.rules.lifecycle import Author
from pnav.accounts.models import Role
from pnav.pages import public_links
from reports.models import Report
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.desk import Person, take_seat
from tests.browser.test_console import (  # noqa: F401  `at`, `reporter`: fixtures
    OPEN_THREAD,
    an_agent,
    at,
    be_signed_in,
    reporter,
    sign_in,
    somebody_waits,
)
from tests.browser.test_console_aim import OPEN_DOSSIER, Work, address, entry, holding
from tests.browser.test_voice import listen
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.slow

# Notes each tone that the page plays, as its wave and its height.
EAR = """() => {
    window.heard = [];
    const node = () => ({ connect: (to) => to, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} } });
    window.AudioContext = class {
        currentTime = 0;
        state = "running";
        addEventListener() {}
        createGain() { return node(); }
        createOscillator() {
            const made = { ...node(), frequency: { value: 0 }, type: "", stop() {} };
            made.start = () => window.heard.push(`${made.type} ${Math.round(made.frequency.value)}`);
            return made;
        }
    };
}"""
DANGER = ["sawtooth 990", "sawtooth 620", "sawtooth 990", "sawtooth 620"]


def heard(page: Page) -> Any:
    return page.evaluate("window.heard.splice(0)")


def test_tone_is_heard_as_it_is_chosen_and_a_danger_always(live_site, page: Page, at: Work, reporter, axe: Axe):
    agent, (shown, other) = holding(at, 2)
    key = at(visit, other)
    page.add_init_script(f"({EAR})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, shown))
    expect(page.locator(".console-thread")).to_have_count(2)
    fold = page.locator("#disponibilite-plus > summary")
    expect(fold.get_by_role("img", name="Son coupé")).to_be_visible()
    fold.press("Enter")
    axe(page)
    choice = page.get_by_label("Ce qu'on entend")
    choice.select_option("Trois coups graves")
    assert heard(page) == ["square 440"] * 3, "it is heard while the sound is off"
    choice.select_option("Deux notes qui montent")
    assert heard(page) == ["triangle 880", "triangle 1320"]
    page.get_by_role("button", name="Écouter le son d'un danger").press("Enter")
    assert heard(page) == DANGER
    page.get_by_role("checkbox", name="Un message").uncheck(force=True)
    page.get_by_role("button", name="Activer le son").press("Enter")
    assert heard(page) == ["triangle 880", "triangle 1320"]
    expect(fold.get_by_role("img", name="Son activé")).to_be_visible()
    page.reload()
    expect(page.locator(".console-thread")).to_have_count(2)
    fold.press("Enter")
    expect(choice).to_have_value("montee")
    expect(page.get_by_role("checkbox", name="Un message")).not_to_be_checked()
    expect(page.get_by_label("Une nouvelle personne")).to_be_checked()
    person = reporter(key)
    person.says("Je suis là.")
    line = page.locator(f'#liste .console-entry[data-conversation="{other.public_id}"]')
    expect(line).to_contain_text("Je suis là.")
    assert heard(page) == [], "messages were not wanted"
    person.says("Il est devant ma porte avec un couteau, il va me tuer")
    expect(line).to_contain_text("Danger immédiat")
    assert heard(page) == DANGER, "once, and by its own tone"
    expect(page.locator("#annonces-danger")).to_contain_text("Danger immédiat")


def test_supervisor_hears_of_somebody_in_danger_whom_nobody_answers(live_site, page: Page, at: Work, reporter):
    """Whoever wrote of suicide in the queue was seen by nobody before their first agent."""
    chief = at(an_agent, role=Role.SUPERVISOR)
    _lost, key = at(somebody_waits)
    page.add_init_script(f"({EAR})()")
    page.context.add_cookies([{"name": "pnav_console_son", "value": "1", "url": live_site.url + "/console/"}])
    be_signed_in(page, live_site, chief)
    page.goto(live_site.url + "/console/")
    page.locator("#disponibilite-plus > summary").press("Enter")
    page.get_by_role("button", name="Écouter le son d'un danger").press("Enter")
    heard(page)
    reporter(key).says("je veux mourir")
    assert at(lambda: any(waiting_danger.mark_who_waits() or time.sleep(0.1) for _try in range(100)))
    expect(page.locator("#attente [data-slot=marked]")).to_be_visible()
    expect(page.locator("#annonces-danger")).to_contain_text("voir le tableau", timeout=20_000)
    assert heard(page) == DANGER
    expect(page.locator("#chiffres .console-figures__alarm")).to_contain_text("Danger")


# Lets time pass at once for what reads the clock. What it plays is due at the page's next look, within five seconds.
AHEAD = """() => { const usual = Date.now; window.ahead = 0; Date.now = () => usual() + window.ahead; }"""


def passes(page: Page, seconds: int) -> None:
    page.evaluate("seconds => { window.ahead += 1000 * seconds }", seconds)


def wait_heard(page: Page, tones: list[str]) -> None:
    page.wait_for_function("n => window.heard.length >= n", arg=len(tones))
    assert heard(page) == tones


def looks(page: Page) -> None:
    """Wait until the page has looked at what is new, which it does every five seconds."""
    page.wait_for_timeout(5500)


def test_tone_is_heard_again_until_somebody_looks(live_site, page: Page, at: Work, reporter, axe: Axe):
    agent, (shown, other) = holding(at, 2)
    key = at(visit, other)
    page.add_init_script(f"({EAR})(); ({AHEAD})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, shown))
    expect(page.locator(".console-thread")).to_have_count(2)
    fold = page.locator("#disponibilite-plus > summary")
    fold.press("Enter")
    again = page.get_by_role("checkbox", name="Répéter tant que je n'ai pas regardé")
    expect(again).to_be_checked()
    axe(page)
    page.get_by_role("button", name="Activer le son").press("Enter")
    assert heard(page) == ["sine 880"]
    fold.press("Enter")
    person = reporter(key)
    line = page.locator(f'#liste .console-entry[data-conversation="{other.public_id}"]')
    person.says("Je suis là.")
    expect(line).to_contain_text("Je suis là.")
    wait_heard(page, ["sine 660"])
    looks(page)
    passes(page, 30)
    wait_heard(page, ["sine 660"])
    line.locator("a").press("Enter")
    passes(page, 30)
    looks(page)
    assert heard(page) == [], "it was read"
    person.says("Il est devant ma porte avec un couteau, il va me tuer")
    wait_heard(page, DANGER)
    looks(page)
    for _ in range(2):
        passes(page, 15)
        wait_heard(page, DANGER)
    page.get_by_role("button", name="En pause").press("Enter")
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "pause")
    passes(page, 15)
    looks(page)
    assert heard(page) == [], "who pauses is not called"
    page.get_by_role("button", name="Disponible").press("Enter")
    looks(page)
    passes(page, 15)
    wait_heard(page, DANGER)
    page.locator(OPEN_THREAD).get_by_role("button", name="C'est pris en compte").press("Enter")
    expect(line.locator("[data-slot=danger]")).to_be_hidden()
    passes(page, 15)
    looks(page)
    assert heard(page) == []


def test_who_is_opened_by_the_page_alone_is_heard_again(live_site, page: Page, at: Work, reporter):
    agent = at(an_agent)
    page.add_init_script(f"({EAR})(); ({AHEAD})()")
    sign_in(page, live_site, agent)
    page.locator("#disponibilite-plus > summary").press("Enter")
    page.get_by_role("button", name="Activer le son").press("Enter")
    heard(page)
    page.get_by_role("button", name="Disponible").press("Enter")
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "available")
    at(somebody_waits)
    at(dispatcher.dispatch)
    wait_heard(page, ["sine 880"])
    expect(page.locator(OPEN_THREAD)).to_have_count(1)
    looks(page)
    passes(page, 30)
    wait_heard(page, ["sine 880"])
    page.mouse.move(300, 300)
    page.mouse.move(310, 310)
    passes(page, 30)
    looks(page)
    assert heard(page) == [], "somebody is there"


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_order_of_the_dossier_is_arranged_by_keys(live_site, page_factory: PageFactory, at: Work, axe: Axe, javascript):
    agent, (conversation,) = holding(at, 1)
    page = page_factory(javascript=javascript, width=820, height=1180)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    dossier = page.locator(OPEN_DOSSIER)
    titles = dossier.locator("h3")
    expect(titles.filter(has_text="Notes privées")).to_have_count(1)
    dossier.get_by_role("link", name="Ranger ces parties à mon idée").press("Enter")
    up = page.get_by_role("button", name="Monter – Notes privées")
    for place in range(8, 0, -1):
        up.press("Enter")
        expect(page.locator("#fait")).to_contain_text(f"place {place} sur 11")
        if place > 1:
            expect(up).to_be_focused()
    expect(page.get_by_role("button", name="Descendre – Notes privées")).to_be_focused()
    if javascript:
        axe(page)
    for width, height in ((820, 1180), (640, 400), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width if javascript else True
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name="Retour à l'échange").press("Enter")
    # without the numbers to propose and a supervisor's words, of which there are none
    parts = ":is(section, div)[id]:not([id^=aproposer], [id^=supervision])"
    expect(dossier.locator(parts).nth(1)).to_have_id(f"notes-{conversation.public_id}")
    expect(dossier.locator(parts).first).to_have_id(f"procedure-{conversation.public_id}")
    second = page_factory(width=1280, height=800)
    be_signed_in(second, live_site, agent)
    second.goto(address(live_site, conversation))
    expect(second.locator(OPEN_DOSSIER).locator(parts).nth(1)).to_have_id(f"notes-{conversation.public_id}")


def numbers_in(page: Page) -> Any:
    return page.locator("#liste .console-entry").evaluate_all("all => all.map((one) => one.dataset.number).join(' ')")


def until_in_order(page: Page, numbers: str) -> None:
    expect(page.locator("#liste .console-entry").first).to_have_attribute("data-number", numbers[0])
    assert numbers_in(page) == numbers


def three_answered(at: Work) -> tuple[Agent, list[Conversation]]:
    """Return an agent and the people 1 to 3, who were answered and wrote again: first 2, then 3, then 1."""
    agent, held = holding(at, 3)

    def write() -> None:
        for conversation, waits in zip(held, (2, 9, 5), strict=True):
            make.message(conversation, "Je vous lis.", Author.AGENT)
            make.message(conversation, "merci")
            Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(waits))
            Conversation.objects.filter(pk=conversation.pk).update(assigned_at=make.long_ago(20))
        inbox.open_entries(agent, timezone.now())  # it gives the numbers

    at(write)
    return agent, held


def test_order_of_the_list_is_chosen_said_once_and_followed_by_another_screen(
    live_site, page_factory: PageFactory, at: Work, reporter, axe: Axe
):
    agent, held = three_answered(at)
    keys = [at(visit, conversation) for conversation in held]
    page, other = page_factory(width=1280, height=800), page_factory(width=1280, height=800)
    other.add_init_script(f"({AHEAD})()")
    for one in (page, other):
        be_signed_in(one, live_site, agent)
        one.goto(address(live_site, held[0]))
        expect(one.locator(".console-thread")).to_have_count(3)
        until_in_order(one, "2 3 1")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Je vous")
    listen(page, "#annonces")
    choice = page.get_by_label("Ordre de la liste")
    choice.hover()  # it is the agent who moves the lines, so they do not wait until the pointer has left
    with page.expect_response(lambda answer: "/liste/ordre/" in answer.url) as kept:
        choice.select_option("Numéro")
    until_in_order(page, "1 2 3")
    assert kept.value.status == 204
    assert page.evaluate("window.heard") == [], "the field itself has said it"
    expect(area).to_have_value("Je vous")
    expect(page.locator("#liste [aria-current]")).to_have_attribute("href", re.compile(str(held[0].public_id)))
    axe(page)
    passes(other, 30)
    until_in_order(other, "1 2 3")
    expect(other.get_by_label("Ordre de la liste")).to_have_value("numero")
    page.mouse.move(640, 500)
    reporter(keys[2]).says("vous êtes là ?")
    expect(entry(page, 3)).to_contain_text("vous êtes là ?")
    assert numbers_in(page) == "1 2 3", "nothing moves"
    reporter(keys[2]).says("je veux mourir")
    until_in_order(page, "3 1 2")
    page.keyboard.press("Alt+n")
    name = str(entry(page, 3).get_attribute("data-name"))
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text(name)


def test_a_line_under_the_focus_stays_where_it_is_in_an_order_of_ones_own(
    live_site, page_factory: PageFactory, at: Work, reporter
):
    agent, held = three_answered(at)
    at(lambda: Agent.objects.filter(pk=agent.pk).update(list_order="attente"))
    page = page_factory(width=1280, height=800)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator(".console-thread")).to_have_count(3)
    until_in_order(page, "2 3 1")
    line = entry(page, 1).get_by_role("link")
    line.focus()
    at(make.message, held[1], "Je suis là.", Author.AGENT)
    expect(entry(page, 2)).to_contain_text("À la personne d'écrire")
    assert numbers_in(page) == "2 3 1"
    expect(line).to_be_focused()
    page.keyboard.press("Alt+r")
    until_in_order(page, "3 1 2")


def test_choice_that_could_not_be_kept_is_said_and_holds_on_the_page(live_site, page_factory: PageFactory, at: Work):
    agent, held = three_answered(at)
    page = page_factory(width=360, height=640)
    page.add_init_script(f"({AHEAD})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[0]))
    expect(page.locator(".console-thread")).to_have_count(3)
    page.route("**/liste/ordre/", lambda route: route.abort())
    choice = page.get_by_label("Ordre de la liste")
    choice.focus()
    choice.select_option("Numéro")
    expect(page.locator("#avis")).to_contain_text("n'a pas pu être gardé")
    until_in_order(page, "1 2 3")
    expect(choice).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    at(make.message, held[1], "Je suis là.", Author.AGENT)
    passes(page, 30)
    expect(entry(page, 2)).to_contain_text("À la personne d'écrire")  # the list was read again
    assert numbers_in(page) == "1 2 3"
    expect(choice).to_have_value("numero")
    adds_nothing_to_the_height_of_the_title(page)


# For each number of exchanges: the height of the title with what stands beside it, and that of the title.
HEIGHTS = """(numbers) => numbers.map((held) => {
    document.querySelector("[data-count=own]").textContent = held;
    return [".console-own__head", "#mes-echanges"].map((one) => document.querySelector(one).offsetHeight);
})"""


def adds_nothing_to_the_height_of_the_title(page: Page) -> None:
    """Guard against what was before: on a telephone the list began 16 px lower, and at 1280 px it moved by a row under
    the pointer when the twelfth exchange ended.
    """
    numbers = ["1", "8", "11", "12", "44"]
    for width in (320, 640, 820, 1024, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        for held, (head, title) in zip(numbers, page.evaluate(HEIGHTS, numbers), strict=True):
            assert head == title, f"{held} at {width} px"


def test_order_of_the_list_is_chosen_without_scripts(live_site, page_factory: PageFactory, at: Work):
    agent, held = three_answered(at)
    page = page_factory(javascript=False, width=683, height=342)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, held[1]))
    assert numbers_in(page) == "2 3 1"
    page.get_by_label("Ordre de la liste").select_option("Numéro")
    page.get_by_role("button", name="Ranger").press("Enter")
    page.wait_for_url("**#mes-echanges")
    assert str(held[1].public_id) in page.url
    until_in_order(page, "1 2 3")
    expect(page.get_by_label("Ordre de la liste")).to_have_value("numero")


HELD_BACK = """() => {
    window.AudioContext = class extends window.AudioContext {
        state = "suspended";
        addEventListener(_name, tell) { this.tell = tell; }
        async resume() { this.state = "running"; this.tell(); }
    };
}"""


def test_sign_says_that_the_browser_holds_the_sound_back_until_a_press(live_site: LiveSite, page: Page, at: Work):
    """After a reload it said « Son activé », and nothing was heard."""
    agent, (conversation,) = holding(at, 1)
    page.add_init_script(f"({EAR})(); ({HELD_BACK})()")
    page.context.add_cookies([{"name": "pnav_console_son", "value": "1", "url": live_site.url}])
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    fold = page.locator("#disponibilite-plus > summary")
    sign = fold.get_by_role("img", name="Son en attente d'un appui")
    expect(sign).to_be_visible()
    expect(sign).to_have_attribute("title", "Son en attente d'un appui")  # its drawing is that of « Son coupé »
    page.keyboard.press("ArrowDown")
    expect(fold.get_by_role("img", name="Son activé")).to_be_visible()


# For the time of a call Safari plays nothing, and refuses to.
CALLED = """() => {
    window.AudioContext = class extends window.AudioContext {
        constructor() { super(); window.made = this; }
        addEventListener(_name, tell) { this.tell = tell; }
        becomes(state) { this.state = state; this.tell(); }
        async resume() {
            if (window.isCalled) throw new DOMException("Failed to start the audio device", "InvalidStateError");
            this.becomes("running");
        }
    };
}"""


def test_sign_says_that_a_call_interrupts_the_sound(live_site: LiveSite, page: Page, at: Work):
    """It said « Son activé » after the call, and nothing was heard until the page was loaded again."""
    agent, (conversation,) = holding(at, 1)
    page.add_init_script(f"({EAR})(); ({CALLED})()")
    page.context.add_cookies([{"name": "pnav_console_son", "value": "1", "url": live_site.url}])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    fold = page.locator("#disponibilite-plus > summary")
    expect(fold.get_by_role("img", name="Son activé")).to_be_visible()
    fold.press("Enter")
    page.evaluate("window.isCalled = true; window.made.becomes('interrupted')")
    expect(fold.get_by_role("img", name="Son en attente d'un appui")).to_be_visible()
    page.get_by_role("button", name="Écouter le son d'un danger").press("Enter")
    expect(fold.get_by_role("img", name="Son en attente d'un appui")).to_be_visible()
    assert heard(page) == []
    page.evaluate("window.isCalled = false")
    page.keyboard.press("ArrowDown")
    expect(fold.get_by_role("img", name="Son activé")).to_be_visible()
    assert heard(page) == DANGER, "what was held back is heard once"
    assert errors == []


LED = """async () => {
    const { held } = await navigator.locks.query();
    return held.some(({ name }) => name === "pnav-console-sound");
}"""


def until_one_has_heard(*pages: Page) -> None:
    """Wait for a tone in one of these, then until each has decided.

    A page asks who leads before it sounds, and our question is answered after its own.
    """
    for _each in range(600):
        if any(one.evaluate("window.heard.length") for one in pages):
            break
        pages[0].wait_for_timeout(50)
    assert all(one.evaluate(LED) for one in pages)


@pytest.mark.new_tabs
def test_of_two_pages_of_one_agent_one_sounds(live_site: LiveSite, page: Page, at: Work, reporter):
    agent, (shown, other) = holding(at, 2)
    person = reporter(at(visit, other))
    page.context.add_init_script(f"({EAR})()")
    page.context.add_cookies([{"name": "pnav_console_son", "value": "1", "url": live_site.url}])
    be_signed_in(page, live_site, agent)
    second = page.context.new_page()
    entry = f"#liste [data-conversation='{other.public_id}']"
    for one in (page, second):
        one.goto(address(live_site, shown))
        expect(one.locator(".console-thread")).to_have_count(2)
        one.wait_for_function(LED)
    person.says("Bonjour ?")
    for one in (page, second):
        expect(one.locator(entry)).to_contain_text("1 non lu")
    until_one_has_heard(page, second)
    assert sorted([heard(page), heard(second)]) == [[], ["sine 660"]]
    second.close()
    page.wait_for_function(LED)
    person.says("Il y a quelqu'un ?")
    expect(page.locator(entry)).to_contain_text("2 non lus")
    page.wait_for_function("window.heard.length")
    assert heard(page) == ["sine 660"]


def said(at: Work, conversation: Conversation, *texts: str) -> None:
    at(make.thread, conversation, texts)


def test_words_are_found_on_one_desk(live_site: LiveSite, page: Page, at: Work, axe: Axe, subtests: pytest.Subtests):
    """One desk serves all of these, and the words of each are said by nobody else."""

    def said_in(school: str) -> Any:
        texts = (f"Il attend ma sœur au {school}", *["et encore"] * 130)
        return lambda _agent, conversation: make.thread(conversation, texts)

    people = {
        "shown": Person(lived=lambda _agent, conversation: make.thread(conversation, ["Rien de cela."])),
        "other": Person(lived=said_in("lycée Carnot")),
        "writes": Person(lived=said_in("collège Ampère")),
        "away": Person(lived=said_in("collège Zola")),
    }
    at(make.message, at(lambda: make.assigned(make.agent(unit_name="Ailleurs"))), "au lycée Carnot aussi")
    desk = take_seat(page, live_site, at, people)
    with subtests.test("what is said is heard while a dialog is open"):
        desk.shows("shown")
        what_is_said_is_heard_in_a_dialog(page, axe)
    with subtests.test("words are found by keys and lead to their message"):
        desk.shows("shown")
        words_lead_to_their_message(page, at, desk.people["other"], axe)
    for goes, school in (("writes", "ampere"), ("away", "zola")):
        with subtests.test(f"who {goes} while earlier messages are read stays there"):
            who_goes_on_stays_there(page, desk.shows(goes), goes, school)


def words_lead_to_their_message(page: Page, at: Work, other: Conversation, axe: Axe) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Control+k")
    page.keyboard.type("SOEUR lycee")
    line = page.get_by_role("option", name="Chercher dans les messages de mes échanges")
    expect(line).to_have_attribute("aria-selected", "true")
    assert not [one for one in asked if "/mots/" in one], "nothing is sent at a letter"
    page.keyboard.press("Enter")
    found = page.locator("#palette-liste > li")
    expect(found.locator("mark")).to_have_text(["sœur", "lycée"])
    expect(found).to_have_count(1)
    name = page.locator(f'#liste .console-entry[data-conversation="{other.public_id}"]').get_attribute("data-name")
    expect(found).to_contain_text(f"{name}")
    expect(found.locator(".console-number")).to_have_text("2")
    expect(found).to_contain_text("La personne")
    assert len([one for one in asked if "/mots/" in one]) == 1
    assert not [one for one in asked if "soeur" in one.lower()]
    axe(page)
    page.keyboard.press("Enter")
    message = page.locator(f'{OPEN_THREAD} [data-seq="{found_seq(at, other)}"]')
    expect(message).to_be_focused()
    expect(message).to_be_in_viewport(ratio=1)
    expect(message).to_contain_text("lycée Carnot")
    expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", str(other.public_id))
    page.keyboard.press("Control+k")
    page.keyboard.type("jamais dit")
    page.keyboard.press("Enter")
    expect(page.locator("[data-palette-note]")).to_have_text("Aucun message de vos échanges en cours n'a ces mots.")


def who_goes_on_stays_there(page: Page, key: str, goes: str, school: str) -> None:
    """Guard against what was before: the focus went to the message that was found, and the next letters of the answer
    with it.
    """
    held: list[Route] = []
    page.route(re.compile(r"[?&]avant="), lambda route: held.append(route), times=1)
    area = page.locator(f"#corps-{key}")
    area.focus()
    page.keyboard.press("Control+k")
    page.keyboard.type(school)
    page.keyboard.press("Enter")
    expect(page.locator("#palette-liste mark")).to_have_count(1)
    with page.expect_request(re.compile(r"[?&]avant=")):
        page.keyboard.press("Enter")
    line = page.locator(f"#liste .console-entry[data-conversation='{key}'] .console-entry__link")
    stays = area if goes == "writes" else line
    stays.focus()
    if goes == "writes":
        page.keyboard.type("Je vous lis")
    held[0].continue_()
    expect(page.locator("#avis")).to_contain_text("le message trouvé est plus haut")
    expect(stays).to_be_focused()
    expect(area).to_have_value("Je vous lis" if goes == "writes" else "")


def what_is_said_is_heard_in_a_dialog(page: Page, axe: Axe) -> None:
    """Outside of a modal dialog a live region is inert: neither the count nor a danger was said."""
    regions = "#annonces, #annonces-danger"
    opened = page.locator("dialog[open]").locator(regions)
    for keys in ("Control+k", "?"):
        page.locator("#liste .console-entry__link").first.focus()
        page.evaluate("document.getElementById('annonces').textContent = 'Lu'")
        page.keyboard.press(keys)
        was_there = page.evaluate("document.querySelector('dialog[open] #annonces').textContent")
        assert was_there != "Lu", "it is read again with the dialog"
        expect(opened).to_have_count(2)
        page.keyboard.press("Escape")
        expect(page.locator("dialog").locator(regions)).to_have_count(0)
        expect(page.locator("#console > #annonces, #console > #annonces-danger")).to_have_count(2)
    page.keyboard.press("Control+k")
    page.keyboard.type("numéro")
    expect(opened.first).to_have_text(re.compile(r"^\d+ trouvés?$"))
    axe(page)
    expect(page.locator("#palette-cherche")).to_have_accessible_name(re.compile(r"un mot\s*\.\s*Flèches"))
    page.locator("#palette-cherche").fill("zzzz")  # the line that offers to look in the messages is not found
    expect(page.locator("[data-palette-none]")).to_be_visible()
    expect(opened.first).to_have_text("Rien de ce nom sur cet écran. Effacez un mot.")
    page.locator("#palette-cherche").fill("pnav 5zbv 5bhv")
    expect(opened.first).to_have_text("1 trouvé")


def test_late_answer_is_not_said_once_the_session_has_ended(live_site: LiveSite, page: Page, at: Work):
    """« Délai de réponse dépassé » sounded at a desk that could not answer any more."""
    agent, (conversation,) = holding(at, 1)
    said(at, conversation, "Vous êtes là ?")
    page.add_init_script(f"({EAR})()")
    page.context.add_cookies([{"name": "pnav_console_son", "value": "1", "url": live_site.url}])
    page.clock.install()
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    late = page.locator("#liste [data-slot=late]")
    expect(late).to_be_hidden()
    limit = page.locator("#liste").get_attribute("data-broken")
    at(agent.user.end_sessions)
    expect(page.locator("#coupure")).to_contain_text("Votre session est finie", timeout=40_000)
    page.clock.fast_forward(int(limit or 0))
    expect(late).to_have_attribute("data-level", "broken", timeout=15_000)
    expect(page.locator("#annonces")).not_to_contain_text("Délai de réponse dépassé")
    assert heard(page) == []


def test_public_page_is_put_into_the_answer_in_the_words_of_the_person(live_site: LiveSite, page: Page, at: Work):
    agent, (french, english, watched) = holding(at, 3)
    at(lambda: Report.objects.filter(pk=english.report_id).update(language="en"))
    at(lambda: Report.objects.filter(pk=watched.report_id).update(discreet=True))
    public_links.forget()  # a test begins without any
    be_signed_in(page, live_site, agent)
    chosen = page.locator("#palette").get_by_role("option", selected=True)
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    for conversation, said in (
        (french, f"Les peines : {live_site.url}/loi/#loi-peines"),
        (english, f"The penalties: {live_site.url}/en/loi/#loi-peines"),
    ):
        page.goto(address(live_site, conversation))
        expect(page.locator(".console-thread")).to_have_count(3)
        area.press_sequentially("Voici.")
        page.keyboard.press("Control+k")
        page.keyboard.type("page publique peines")
        expect(chosen).to_have_accessible_name(f"Page publique, Les peines, {said}")
        expect(chosen.locator(":scope > :not([aria-hidden=true])")).to_have_count(0)  # Orca says the first part alone
        page.keyboard.press("Enter")
        expect(area).to_have_value(f"Voici.\n{said}")
        expect(area).to_be_focused()
    page.goto(address(live_site, watched))
    expect(page.locator(".console-thread")).to_have_count(3)
    page.keyboard.press("Control+k")
    page.keyboard.type("page publique")
    expect(page.get_by_text("Rien de ce nom sur cet écran.")).to_be_visible()
    assert at(lambda: Message.objects.filter(author="agent").count()) == 0, "nothing was sent"


def found_seq(at: Work, conversation: Conversation) -> int:
    """Return the number of the first message of a person: Pnav's line comes before it."""
    return int(at(lambda: conversation.messages.filter(author="reporter").earliest("seq").seq))


def test_words_are_found_without_scripts(live_site: LiveSite, page_factory: PageFactory, at: Work):
    agent, (conversation,) = holding(at, 1)
    said(at, conversation, "Il attend ma sœur au lycée Carnot", "et encore")
    page = page_factory(javascript=False, width=1280, height=800)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    page.get_by_role("link", name="Chercher", exact=True).press("Enter")
    page.get_by_label("Mots").fill("soeur")
    page.get_by_label("Mots").press("Enter")
    assert re.search(r"/console/mots/#trouve$", page.url)
    page.locator("[data-found] a").press("Enter")
    message = page.locator("#message-cherche")
    expect(message).to_contain_text("ma sœur")
    expect(message).to_be_in_viewport()
    assert at(lambda: Agent.objects.get(pk=agent.pk).conversations.count()) == 1
