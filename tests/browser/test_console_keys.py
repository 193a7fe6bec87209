# ruff: noqa: F811  the fixtures of test_console
"""The console by its keys: each leads where it says, none sends, and none takes a draft or the focus."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from chat import pubsub
from chat.models import Agent, Conversation, Message
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.desk import Person, take_seat
from tests.browser.test_console import (  # noqa: F401  `at`, `reporter`: fixtures
    OPEN_THREAD,
    an_agent,
    at,
    be_signed_in,
    make_available,
    reporter,
    sign_in,
    somebody_waits,
)
from tests.factories import chat as make

type Work = Callable[..., Any]
OPEN_DOSSIER = ".console-dossier:not([hidden])"
PLACES = ("69003", "33000", "59000")
# At its middle and its edges one sees the title itself.
NOTHING_OVER = """title => {
  const { left, top, bottom } = title.getBoundingClientRect();
  return [top + 2, (top + bottom) / 2, bottom - 2].every((y) => title.contains(document.elementFromPoint(left + 8, y)));
}"""


def with_three(page: Page, site: LiveSite, at: Work) -> list[Conversation]:
    """Return three conversations, 1 to 3 in the order of PLACES; none is open. The first has 40 messages."""

    def wrote_much(_agent: Agent, conversation: Conversation) -> None:
        make.thread(conversation, [f"message {n}" for n in range(40)])

    people = {code: Person({"postal_code": code}) for code in PLACES}
    people[PLACES[0]] = Person({"postal_code": PLACES[0]}, lived=wrote_much)
    return list(take_seat(page, site, at, people, path="").people.values())


def title(page: Page) -> Locator:
    return page.locator(f"{OPEN_THREAD} .console-thread__title")


def entry(page: Page, number: int) -> Locator:
    return page.locator(f"#liste .console-entry[data-number='{number}']")


def area(page: Page) -> Locator:
    return page.locator(f"{OPEN_THREAD} textarea[name=body]")


@pytest.mark.slow
def test_keys_of_three_conversations(live_site, page: Page, at: Work, axe: Axe, subtests: pytest.Subtests):
    """One desk serves all of these: the way to it is the dearest part. Nothing is sent meanwhile, and nothing ends."""
    held = with_three(page, live_site, at)
    with subtests.test("next and previous of mine while writing"):
        next_and_previous(page)
    with subtests.test("thread is shown first, and a key that follows at once finds the rest"):
        thread_is_shown_first(page, held)
    with subtests.test("address is of the exchange that is shown"):
        address_is_of_what_is_shown(page, held)
    with subtests.test("what is put aside has no focus"):
        what_is_put_aside_has_no_focus(page)
    with subtests.test("links within the page keep the focus where they lead"):
        links_keep_the_focus(page, held)
    with subtests.test("words typed after a button go into the open answer"):
        words_after_a_button(page)
    with subtests.test("words typed in another form stay there"):
        words_typed_in_another_form_stay_there(page)
    with subtests.test("keys lead to the panels of the open conversation"):
        keys_lead_to_panels(page, held, axe)
    assert at(lambda: Conversation.objects.exclude(closed_at=None).exists()) is False
    assert at(lambda: Message.objects.filter(author="agent").exists()) is False
    with subtests.test("page keys read the thread from an empty answer"):
        page_keys_read_the_thread(page)
    with subtests.test("emergency opened by the keyboard is read from its first step"):
        emergency_is_read_from_its_first_step(page)


def opens(page: Page, number: int) -> None:
    page.keyboard.press(f"Alt+{number}")
    expect(title(page)).to_contain_text(PLACES[number - 1])
    expect(area(page)).to_be_focused()


def next_and_previous(page: Page) -> None:
    opens(page, 1)
    page.keyboard.type("premier")
    for place in (PLACES[1], PLACES[2], PLACES[0]):
        page.keyboard.press("Alt+ArrowDown")
        expect(title(page)).to_contain_text(place)
        expect(area(page)).to_be_focused()
        # What was begun and not sent is marked in the list, unless it is on screen.
        expect(entry(page, 1).locator("[data-slot=draft]")).to_be_visible(visible=place != PLACES[0])
    expect(area(page)).to_have_value("premier")
    page.keyboard.press("Alt+ArrowUp")
    expect(title(page)).to_contain_text(PLACES[2])
    # In a list of choices the arrows belong to the list.
    page.keyboard.press("Alt+t")
    page.locator(f"{OPEN_THREAD} [name=outcome]").focus()
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Escape")
    expect(title(page)).to_contain_text(PLACES[2])


def words_after_a_button(page: Page) -> None:
    """Type as somebody does who looks at the keyboard: the words went nowhere, and their question mark opened the list
    of keys.
    """
    opens(page, 1)
    area(page).fill("")
    page.locator(f"{OPEN_THREAD} summary", has_text="Je reviens").focus()
    page.keyboard.type("Où êtes-vous ?")
    expect(area(page)).to_have_value("Où êtes-vous ?")
    expect(page.locator("#raccourcis")).to_be_hidden()
    # A key without Alt still opens its list, and a field keeps what is typed in it.
    page.locator(f"{OPEN_THREAD} summary", has_text="Je reviens").focus()
    page.keyboard.press("?")
    expect(page.locator("#raccourcis")).to_be_visible()
    page.keyboard.type("abc")
    expect(area(page)).to_have_value("Où êtes-vous ?")
    page.keyboard.press("Escape")


def words_typed_in_another_form_stay_there(page: Page) -> None:
    """Guard against what was before: a note, typed on the button that keeps it, went to the person."""
    opens(page, 1)
    area(page).fill("")
    note = page.locator(f"{OPEN_DOSSIER} [id^=note-]:is(textarea)")
    note.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Garder la note")).to_be_focused()
    page.keyboard.type("15 ans, photo intime")
    expect(note).to_have_value("15 ans, photo intime")
    with page.expect_response("**/note/"):
        page.keyboard.press("Control+Enter")
    expect(page.locator(f"{OPEN_DOSSIER} .console-note")).to_contain_text("15 ans, photo intime")
    # Forms with several texts or none, and the titles of panels: the letters go nowhere, and nothing is sent.
    page.keyboard.press("Alt+t")
    page.locator(f"{OPEN_THREAD} [data-ending] button[type=submit]").focus()
    page.keyboard.type("abc")
    page.keyboard.press("Alt+t")
    for panel in ("Préparer un résumé", "Fiche des faits"):
        page.locator(f"{OPEN_DOSSIER} summary", has_text=panel).focus()
        page.keyboard.type("abc")
    expect(area(page)).to_have_value("")


def page_keys_read_the_thread(page: Page) -> None:
    opens(page, 1)
    area(page).fill("")
    log = page.locator(f"{OPEN_THREAD} [data-log]")
    expect(log.get_by_text("message 39", exact=True)).to_be_in_viewport()
    end = log.evaluate("log => log.scrollTop")
    page.keyboard.press("PageUp")
    page.wait_for_function("([log, end]) => log.scrollTop < end - 100", arg=[log.element_handle(), end])
    expect(area(page)).to_be_focused()
    above = log.evaluate("log => log.scrollTop")
    area(page).fill("un brouillon")
    page.keyboard.press("PageUp")  # in a text, the key belongs to the text
    assert log.evaluate("log => log.scrollTop") == above


def keys_lead_to_panels(page: Page, held: list[Conversation], axe: Axe) -> None:
    page.keyboard.press("Escape")  # the list of keys, which an earlier step has opened
    opens(page, 2)
    area(page).fill("")
    page.keyboard.type("un brouillon")
    panels = {
        "q": page.locator(f"{OPEN_DOSSIER} summary", has_text="Fiche des faits"),
        "u": page.locator(f"{OPEN_DOSSIER} summary", has_text="procédure d'urgence"),
        "j": page.locator(f"{OPEN_THREAD} summary", has_text="Je reviens"),
        "t": page.locator(f"{OPEN_THREAD} summary", has_text="Terminer"),
    }
    for letter, summary in panels.items():
        page.keyboard.press(f"Alt+{letter}")
        expect(summary).to_be_focused()
        expect(summary.locator("xpath=..")).to_have_attribute("open", "")
        expect(summary).to_have_attribute("aria-keyshortcuts", f"Alt+{letter.upper()}")
        expect(summary).to_be_in_viewport()
    expect(page.get_by_role("button", name=re.compile("^Terminer 2 · "))).to_be_visible()
    axe(page)
    page.keyboard.press("Alt+r")
    expect(area(page)).to_be_focused()
    expect(area(page)).to_have_value("un brouillon")
    page.keyboard.press("Alt+m")  # although the draft is not empty
    expect(page.locator(f"{OPEN_THREAD} [data-search]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(area(page)).to_be_focused()
    page.keyboard.press("Alt+a")
    expect(page.locator("#file")).to_be_focused()
    page.keyboard.press("Alt+p")
    expect(page.get_by_role("button", name="Disponible")).to_be_focused()
    expect(page.locator("#disponibilite")).to_contain_text("Vous êtes : Disponible")
    # In another conversation the keys are the same, and lead to its own panels.
    page.keyboard.press("Alt+3")
    page.keyboard.press("Alt+t")
    expect(page.locator(f"{OPEN_THREAD} summary", has_text="Terminer")).to_be_focused()
    expect(page.locator(f"#cloture-{held[2].public_id}")).to_be_visible()


# Two keys before any frame is drawn: what the first opens, and where the second leads.
TWO_KEYS = """() => {
  const press = (code, key) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { code, key, altKey: true, bubbles: true }));
  const open = () => [".console-thread", ".console-dossier"].map(
    (part) => document.querySelector(`${part}:not([hidden])`)?.dataset.conversation ?? "");
  press("Digit2", "2");
  const first = open();
  press("KeyQ", "q");
  return [first, open(), document.activeElement.textContent.trim()];
}"""


def thread_is_shown_first(page: Page, held: list[Conversation]) -> None:
    opens(page, 1)
    expect(page.locator(OPEN_DOSSIER)).to_have_attribute("data-conversation", str(held[0].public_id))
    key = str(held[1].public_id)
    first, then, focused = page.evaluate(TWO_KEYS)
    assert first == [key, ""], "nothing of the person before stands beside the thread of this one"
    assert then == [key, key] and "Fiche des faits" in focused
    page.keyboard.press("Alt+3")
    expect(page.locator(OPEN_DOSSIER)).to_have_attribute("data-conversation", str(held[2].public_id))


FRAMES = """async () => {
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  await new Promise((done) => setTimeout(done, 50));
}"""
# Like the « back » of a browser, to no exchange. Chromium takes the focus from a hidden element at its next frame. The
# test asks before that, because nothing says that other browsers do so.
BACK_TO_NONE = """() => {
  const had = document.activeElement;
  history.replaceState(null, "", "/console/");
  dispatchEvent(new PopStateEvent("popstate"));
  return [had.name, document.activeElement.tagName];
}"""
# A key opens one of them, and the browser goes back before any frame is drawn.
KEY_AND_BACK = """async () => {
  const frame = window.requestAnimationFrame;
  window.requestAnimationFrame = () => 0;
  const went = new Promise((done) => addEventListener("popstate", done, { once: true }));
  document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "Digit2", key: "2", altKey: true, bubbles: true }));
  history.back();
  await went;
  window.requestAnimationFrame = frame;
}"""

# A key opens one of them, and a link within the page is followed before any frame is drawn.
KEY_AND_LINK = """async () => {
  const frame = window.requestAnimationFrame;
  const waiting = [];
  window.requestAnimationFrame = (act) => waiting.push(act);
  document.body.dispatchEvent(new KeyboardEvent("keydown", { code: "Digit2", key: "2", altKey: true, bubbles: true }));
  const went = new Promise((done) => addEventListener("popstate", done, { once: true }));
  location.hash = "file";
  await went;
  window.requestAnimationFrame = frame;
  waiting.forEach((act) => frame(act));
}"""


def address_is_of_what_is_shown(page: Page, held: list[Conversation]) -> None:
    """Check it after « Back » too, which leads from what a key has opened to what was open before, and no further."""
    for number in (1, 3):
        opens(page, number)
        page.evaluate(FRAMES)
    page.evaluate(KEY_AND_BACK)
    page.wait_for_url(f"**/console/echange/{held[2].public_id}/*")
    page.evaluate(FRAMES)
    expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", str(held[2].public_id))
    assert page.evaluate("location.pathname") == f"/console/echange/{held[2].public_id}/"
    page.evaluate(KEY_AND_LINK)
    page.wait_for_url(f"**/console/echange/{held[1].public_id}/*")
    page.evaluate("location.hash = 'mes-echanges'")
    page.evaluate(FRAMES)
    expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", str(held[1].public_id))


def what_is_put_aside_has_no_focus(page: Page) -> None:
    opens(page, 1)
    page.evaluate(FRAMES)
    assert page.evaluate(BACK_TO_NONE) == ["body", "BODY"]
    expect(page.locator("#repos")).to_be_visible()


def emergency_is_read_from_its_first_step(page: Page) -> None:
    opens(page, 1)
    page.keyboard.press("Alt+u")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    procedure = page.locator(f"{OPEN_DOSSIER} .console-emergency")
    expect(procedure).to_be_focused()
    expect(procedure.locator("h3")).to_be_in_viewport(ratio=1)
    expect(procedure.get_by_role("button", name="C'est fait").first).to_be_in_viewport(ratio=1)
    assert procedure.bounding_box()["height"] > page.locator(".console-right").bounding_box()["height"]


def links_keep_the_focus(page: Page, held: list[Conversation]) -> None:
    opens(page, 1)
    skip = page.locator(".fr-skiplinks a", has_text="File d'attente")
    skip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#file")).to_be_focused()
    page.locator(f"{OPEN_DOSSIER} nav").get_by_role("link", name="Fiche").click()
    sheet = page.locator(f"#fiche-{held[0].public_id}")
    expect(sheet).to_be_focused()
    expect(sheet).to_be_in_viewport()
    page.wait_for_timeout(300)  # anything that would take the focus has had time to do so
    expect(sheet).to_be_focused()
    expect(title(page)).to_contain_text(PLACES[0])


@pytest.mark.slow
def test_next_who_waits_for_my_answer_the_longest_first(live_site, page: Page, at: Work, reporter):
    agent = at(an_agent)
    people = [at(somebody_waits, postal_code=code) for code in PLACES]
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator("#liste .console-entry")).to_have_count(3)
    page.keyboard.press("Alt+1")
    for number in (2, 3):  # both were answered
        page.keyboard.press(f"Alt+{number}")
        expect(area(page)).to_be_focused()
        page.keyboard.type("Je vous lis.")
        page.keyboard.press("Control+Enter")
        expect(entry(page, number)).to_contain_text("À la personne d'écrire")
    page.keyboard.press("Alt+1")
    expect(title(page)).to_contain_text(PLACES[0])
    page.keyboard.press("Alt+n")
    expect(page.locator("#annonces")).to_contain_text("Personne d'autre n'attend votre réponse.")
    expect(page.locator("#avis")).to_have_text("Personne d'autre n'attend votre réponse.")
    expect(page.locator("#avis")).to_be_visible()
    expect(title(page)).to_contain_text(PLACES[0])
    for number in (3, 2):  # the third writes before the second
        reporter(people[number - 1][1]).says("vous êtes là ?")
        expect(entry(page, number)).to_contain_text("Attend votre réponse")
    page.keyboard.press("Alt+n")
    expect(title(page)).to_contain_text(PLACES[2])


@pytest.mark.slow
def test_next_opens_nobody_under_a_hand_that_writes_and_goes_one_on_however_often_it_is_pressed(
    live_site,
    page: Page,
    at: Work,
):
    """It acts once the list is read: two impatient presses went two people on, and what was typed went to the next."""
    agent = at(an_agent)

    def lived() -> list[Conversation]:
        make_available(agent)
        people = [make.assigned(agent, postal_code=code) for code in PLACES]
        for minutes, one in zip((6, 12, 9), people, strict=True):
            make.message(one, "vous êtes là ?")
            one.messages.update(sent_at=make.long_ago(minutes))
        return people

    first, second, third = at(lived)
    held: list[Route] = []
    unread = re.compile(f"({second.public_id}|{third.public_id})/\\?partie=echange")
    be_signed_in(page, live_site, agent)

    def come(*keys: str) -> None:
        """Press these keys while the rest of the list is being read, which then comes."""
        held.clear()
        page.route(unread, lambda route: held.append(route), times=2)
        page.goto(f"{live_site.url}/console/echange/{first.public_id}/")
        expect(page.locator("[data-keys-open]").first).to_be_visible()
        page.keyboard.press("Alt+r")
        for key in keys:
            page.keyboard.press(key)
        expect(title(page)).to_contain_text(PLACES[0])
        assert len(held) == 2
        for route in held:
            route.continue_()
        expect(page.locator(".console-thread")).to_have_count(3, timeout=10_000)

    come("Alt+n", "Alt+n")
    expect(title(page)).to_contain_text(PLACES[1])
    page.keyboard.press("Alt+n")
    expect(title(page)).to_contain_text(PLACES[2])

    come("Alt+n", "N", "o")
    page.keyboard.type("n, restez")
    expect(area(page)).to_have_value("Non, restez")
    expect(title(page)).to_contain_text(PLACES[0])

    # What is pressed while an exchange is opened is for that one: « Alt + T » was lost, and « l » went to the person.
    area(page).fill("")
    come("Alt+2", "Alt+t", "l")
    expect(title(page)).to_contain_text(PLACES[1])
    expect(page.locator(f"{OPEN_THREAD} summary[data-key=T]")).to_be_focused()
    expect(page.locator("#avis")).to_have_text(re.compile("L'échange s'ouvrait encore.: des touches n'ont rien fait"))
    for one in page.locator("textarea[name=body]").all():
        expect(one).to_have_value("")


@pytest.mark.slow
def test_keys_of_one_exchange(live_site, page: Page, at: Work, subtests: pytest.Subtests):
    """One desk serves all of these, and each has a person of its own."""
    people = {name: Person() for name in ("1280", "800", "320", "procedure", "colleagues")}
    desk = take_seat(page, live_site, at, people)
    for number, (width, height) in enumerate(((1280, 800), (800, 1000), (320, 640)), 1):
        with subtests.test(f"form opened by a key is on screen, {width} × {height}"):
            page.set_viewport_size({"width": width, "height": height})
            form_is_on_screen(page, desk.shows(str(width)), number, height)
    page.set_viewport_size({"width": 1280, "height": 800})
    with subtests.test("key of an open procedure leads to the next step"):
        desk.shows("procedure")
        key_leads_to_the_next_step(page)
    with subtests.test("words to colleagues are sent by the keys of the answer"):
        desk.shows("colleagues")
        words_to_colleagues_are_sent(page)


def form_is_on_screen(page: Page, key: str, number: int, height: int) -> None:
    page.keyboard.press(f"Alt+{number}")
    expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", key)
    expect(area(page)).to_be_focused()
    forms = {
        "c": (page.locator(f"{OPEN_DOSSIER} .console-transfer"), "Passer l'échange"),
        "j": (page.locator(f"{OPEN_THREAD} .console-action[open] form"), re.compile("^5 minutes$")),
        "t": (page.locator(f"{OPEN_THREAD} .console-action[open] form"), re.compile(f"^Terminer {number} · ")),
    }
    for letter, (form, last) in forms.items():
        page.keyboard.press(f"Alt+{letter}")
        focused = page.locator("summary:focus")
        expect(focused).to_have_attribute("data-key", letter.upper())
        expect(focused).to_be_in_viewport(ratio=1)
        assert focused.evaluate(NOTHING_OVER)
        if letter != "c" or height > 800:  # where there is no room for all of it, its beginning
            expect(form.get_by_role("button", name=last)).to_be_in_viewport(ratio=1)
        else:
            expect(form.locator("select").first).to_be_in_viewport(ratio=1)
    # The next element has no key, and Enter on its title opens it.
    neighbour = page.locator(f"{OPEN_DOSSIER} summary", has_text="Préparer un résumé")
    neighbour.focus()
    page.keyboard.press("Enter")
    expect(neighbour).to_be_in_viewport(ratio=1)
    assert neighbour.evaluate(NOTHING_OVER)
    field = neighbour.locator("xpath=..").get_by_label("Chercher une autre unité")
    expect(field).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.body.scrollTop") == 0


def key_leads_to_the_next_step(page: Page) -> None:
    page.keyboard.press("Alt+u")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    steps = page.locator(f"{OPEN_DOSSIER} .console-steps > li")
    expect(steps.first).to_be_visible()
    for at_step in (0, 1):
        page.keyboard.press("Alt+u")
        expect(steps.nth(at_step).get_by_role("button").first).to_be_focused()
        expect(steps.nth(at_step)).to_be_in_viewport()
        steps.nth(at_step).get_by_role("button", name="C'est fait").click()
        expect(steps.nth(at_step)).to_contain_text("fait à")


# Whether the form is sent at this press of Ctrl and Enter. repeat: the keys are held down.
PRESSED = """(area, repeat) => {
  const how = { key: "Enter", ctrlKey: true, repeat, bubbles: true, cancelable: true };
  area.dispatchEvent(new KeyboardEvent("keydown", how));
  return area.form.ariaBusy === "true";
}"""


def words_to_colleagues_are_sent(page: Page) -> None:
    """Check too that what ends an exchange is not sent by the keys, and that a question to the person is."""
    note = page.locator(OPEN_DOSSIER).get_by_label("Ajouter une note")
    note.fill("Rappeler demain matin.")
    note.press("Control+Enter")
    expect(page.locator(f"{OPEN_DOSSIER} .console-note")).to_contain_text("Rappeler demain matin.")
    expect(page.locator(f"{OPEN_DOSSIER}").get_by_label("Ajouter une note")).to_have_value("")
    expect(page.locator(OPEN_DOSSIER).get_by_label("Ajouter une note")).to_be_focused()
    # Held down, the keys send it once: the answer to the first has come, and they are still down.
    note = page.locator(OPEN_DOSSIER).get_by_label("Ajouter une note")
    note.fill("Rappeler aussi le soir.")
    assert [note.evaluate(PRESSED, is_held) for is_held in (True, False)] == [False, True]
    expect(page.locator(f"{OPEN_DOSSIER} .console-note")).to_have_count(2)
    page.locator(f"{OPEN_DOSSIER} summary", has_text="Résumés de fin").click()
    summary = page.locator(OPEN_DOSSIER).locator("textarea[name=summary]").last
    summary.fill("Conseils donnés.")
    summary.press("Control+Enter")
    expect(page.locator("#fins")).to_be_empty()
    expect(page.locator("#liste .console-entry")).to_have_count(5)
    asked = page.locator(f"{OPEN_DOSSIER} [id^=question-pli-]")
    asked.locator("summary").click()
    for label, words in (("Question", "Êtes-vous seul ?"), ("Réponse 1", "Oui"), ("Réponse 2", "Non")):
        asked.get_by_label(label, exact=True).fill(words)
    asked.get_by_label("Réponse 2", exact=True).press("Control+Enter")
    expect(page.locator(f"{OPEN_DOSSIER} [id^=proposees-] li")).to_contain_text("Êtes-vous seul ?")


@pytest.mark.slow
def test_available_has_a_key_that_leads_and_does_not_press(live_site, page: Page, at: Work):
    agent = at(an_agent)
    at(somebody_waits)
    sign_in(page, live_site, agent)
    page.keyboard.press("Alt+t")
    expect(page.locator("#annonces")).to_contain_text("ouvrez d'abord un échange")
    page.keyboard.press("Alt+p")
    expect(page.get_by_role("button", name="Disponible")).to_be_focused()
    expect(page.locator("#disponibilite")).to_contain_text("Vous êtes : Absent")
    page.keyboard.press("Enter")
    expect(page.locator("#liste .console-entry")).to_have_count(1)


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 320)])
def test_list_of_keys(live_site, page_factory: PageFactory, at: Work, axe: Axe, theme: str, width: int):
    page = page_factory(theme=theme, width=width)
    with_three(page, live_site, at)
    page.keyboard.press("Alt+1")
    keys = page.locator("#raccourcis")
    page.keyboard.type("? /")
    expect(area(page)).to_have_value("? /")  # in a text it is a character
    expect(keys).to_be_hidden()
    page.locator("#file").focus()
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # What is said while it is open is inside it, and parted from its last word, with which it is read.
    assert keys.evaluate("(one) => one.querySelector('#annonces').previousSibling.textContent") == "\u00a0"
    # The list has everything that has a key.
    said = keys.locator("kbd").all_inner_texts()
    named = page.locator("[data-key]").evaluate_all("all => all.flatMap((one) => one.dataset.key.split(/\\s+/))")
    assert named and set(named) <= {*said, ""}
    page.keyboard.press("Alt+2")  # nothing moves behind the list
    page.keyboard.press("Escape")
    expect(page.locator("#file")).to_be_focused()
    expect(title(page)).to_contain_text(PLACES[0])

    opener = page.get_by_role("button", name="Raccourcis")
    opener.click()
    if width == 1280:
        page.set_viewport_size({"width": 1280, "height": 720})
        # The button that closes it stays in sight.
        expect(keys.get_by_role("button", name="Fermer")).to_be_in_viewport(ratio=1)
    page.get_by_label("« ? », « / » et les lettres agissent seules").uncheck(force=True)
    page.get_by_role("button", name="Fermer").click()
    expect(opener).to_be_focused()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(keys).to_be_hidden()
    expect(page.locator(f"{OPEN_THREAD} [data-search]")).to_be_hidden()
    page.on("dialog", lambda dialog: dialog.accept())  # a draft is being left
    page.reload()
    page.locator("#file").focus()
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    page.keyboard.press("Alt+1")
    expect(area(page)).to_be_focused()
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.slow
def test_last_announcements_are_read_again_by_a_key_and_lead_to_their_exchange(
    live_site: LiveSite, page: Page, at: Work, axe_at_both_ends: Axe
):
    """An announcement passed in six seconds, and who looked away could not read what it was."""
    first, *_others = with_three(page, live_site, at)
    page.keyboard.press("Alt+1")
    count, recent = page.locator("[data-count=recent]"), page.locator("#avis-recents")
    expect(count).to_be_hidden()
    page.keyboard.press("Alt+l")
    expect(recent).to_be_visible()
    expect(recent).to_contain_text("Aucun avis")
    page.keyboard.press("Escape")
    expect(recent).to_be_hidden()
    expect(area(page)).to_be_focused()
    other = at(lambda: make.message(Conversation.objects.get(report__postal_code=PLACES[1]), "Je veux mourir."))
    live_site.do(pubsub.message_posted, other.conversation.public_id, other.seq)
    expect(count).to_have_text(re.compile(r"^1\s*1 avis nouveau$"))
    page.locator(".console-account > summary").click()
    page.get_by_role("button", name="Derniers avis").click()
    expect(recent.get_by_role("heading")).to_be_focused()
    expect(count).to_be_hidden()
    line = recent.get_by_role("listitem")
    expect(line).to_have_count(1)
    expect(line).to_contain_text(re.compile(r"\d\d:\d\d\s+:\s+Mots de suicide, échange 2"))  # said in one breath
    assert "mourir" not in recent.inner_text(), "no more of the person's words than was announced"
    axe_at_both_ends(page)
    line.get_by_role("button", name="Voir l'échange").press("Enter")
    expect(title(page)).to_contain_text(PLACES[1])
    expect(recent).to_be_hidden()
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
    page.keyboard.press("Alt+l")
    expect(recent).to_contain_text("Aucun avis")
    expect(line).to_have_count(0)
    assert str(first.public_id) not in recent.inner_html()


def test_last_announcements_outlive_a_reload_and_not_the_session(live_site: LiveSite, page: Page, at: Work):
    """Each load of the page emptied the list, although something was told a minute ago."""
    with_three(page, live_site, at)
    page.keyboard.press("Alt+1")
    count, recent = page.locator("[data-count=recent]"), page.locator("#avis-recents")
    other = at(lambda: make.message(Conversation.objects.get(report__postal_code=PLACES[1]), "Je veux mourir."))
    live_site.do(pubsub.message_posted, other.conversation.public_id, other.seq)
    expect(count).to_have_text(re.compile(r"^1\s*1 avis nouveau$"))
    page.wait_for_function("() => sessionStorage.length")
    stored = page.evaluate("() => Object.values(sessionStorage).flatMap((one) => [one, atob(one)]).join()")
    assert not re.search(r"suicide|[Éé]change", stored), "the device has no word of it"
    page.reload()
    expect(count).to_have_text(re.compile(r"^1\s*1 avis nouveau$"))
    page.keyboard.press("Alt+l")
    expect(recent.get_by_role("listitem")).to_have_text(re.compile(r"Mots de suicide, échange 2"))
    expect(count).to_be_hidden()
    recent.get_by_role("button", name="Voir l'échange").press("Enter")
    expect(title(page)).to_contain_text(PLACES[1])
    # Somebody signs in after this agent, in the same tab.
    be_signed_in(page, live_site, at(an_agent))
    page.goto(live_site.url + "/console/")
    page.wait_for_function("() => !sessionStorage.length")
    page.keyboard.press("Alt+l")
    expect(recent).to_contain_text("Aucun avis")
    expect(recent.get_by_role("listitem")).to_have_count(0)
