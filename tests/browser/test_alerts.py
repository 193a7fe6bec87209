"""Alerts are true, in real browsers: an open emergency, who is absent, and who waits for whom."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.casework import emergencies
from chat.conversations import actions, resume
from chat.models import Agent, Conversation, Debrief, Message
from chat.models.casework import Emergency
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability
from chat.wellbeing import debriefs
from pnav.accounts.models import Role
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.layout import boxes
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
    sign_in,
    somebody_waits,
)
from tests.browser.test_console_faults import SAID
from tests.chat.supervision.test_live_board import much_happens
from tests.factories import chat as make

pytestmark = pytest.mark.slow
OPEN_DOSSIER = ".console-dossier:not([hidden])"
CLOCK = re.compile(r"\b\d\d:\d\d\b")


def test_open_emergency_is_seen_by_its_agent_wherever_they_look_and_first_on_the_board(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
):
    agent = at(an_agent, public_name="Camille")
    conversation = at(lambda: make.assigned(make_available(agent)))
    at(make.thread, conversation, [f"message {n}" for n in range(40)])
    desk = page_factory(width=1280, height=800)
    be_signed_in(desk, live_site, agent)
    desk.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    strip, mark = desk.locator(f"{OPEN_THREAD} .console-pinned"), desk.locator("#liste [data-slot=emergency]")
    expect(strip).to_be_hidden()
    expect(mark).to_be_hidden()
    desk.locator(f"{OPEN_DOSSIER} summary[data-key=U]").click()
    desk.get_by_role("button", name="Danger maintenant").click()
    # At once, without loading the page again: over the thread, and in the list.
    expect(strip).to_be_visible()
    expect(strip).to_contain_text("Pas encore fait")
    expect(mark).to_be_visible()
    expect(mark.locator("time")).to_have_text(CLOCK)
    expect(strip.locator("time")).not_to_have_text("00:00", timeout=15_000)  # its clock runs by itself
    before = strip.bounding_box()
    desk.locator(f"{OPEN_THREAD} [data-log]").evaluate("(log) => { log.scrollTop = 0 }")
    assert strip.bounding_box() == before  # it does not scroll out of sight
    axe(desk)

    chief = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR)
    board = page_factory(width=1280, height=800)
    be_signed_in(board, live_site, chief)
    board.goto(f"{live_site.url}/console/tableau/")
    first = board.locator("[data-alerts] li").first
    expect(first).to_contain_text("Procédure d'urgence")
    expect(first).to_contain_text("Camille")
    expect(first.locator("time")).to_have_text(CLOCK)
    axe(board)
    for width in (640, 360):  # a laptop at 200 %, and a telephone: the act of each line stays in sight
        board.set_viewport_size({"width": width, "height": 640})
        zone, follow = boxes(board, "#en-cours-zone", "#en-cours-zone tbody td:last-child a")
        assert zone["left"] <= follow["left"] < follow["right"] <= zone["right"]
        all_in_sight = "(zone) => zone.scrollWidth <= zone.clientWidth"
        assert board.locator("#en-cours-zone").evaluate(all_in_sight), "at 683 px the act lay over the last wait"
    waits = board.locator("#en-cours-zone tbody td[data-label=Attend]").first
    expect(waits).to_be_visible()
    assert waits.evaluate("(cell) => getComputedStyle(cell, '::before').content").startswith('"Attend')
    board.set_viewport_size({"width": 1280, "height": 800})
    first.get_by_role("link", name="Rejoindre").click()
    expect(board).to_have_url(re.compile(str(conversation.public_id)))
    # A supervisor who joins reads the last words first, beside a running clock.
    clock = board.locator(".console-warn time")
    first_time = clock.inner_text()
    board.get_by_role("button", name="Rejoindre l'échange").click()
    expect(board.locator("#messages [data-seq]").last).to_be_in_viewport()
    expect(board.get_by_text("message 39", exact=True)).to_be_visible()
    expect(clock).not_to_have_text(first_time, timeout=15_000)
    axe(board)

    # Some steps are not done: the end names them before it is pressed, and stays open while another one is ticked.
    end = desk.get_by_role("button", name="Terminer la procédure")
    expect(end).to_be_hidden()
    desk.locator(f"{OPEN_DOSSIER} .console-emergency summary").click()
    asked = desk.locator(f"{OPEN_DOSSIER} .console-emergency details")
    expect(asked).to_contain_text("Terminer quand même ?")
    left = asked.locator("li").count()
    desk.get_by_role("button", name="C'est fait").first.click()
    expect(asked.locator("li")).to_have_count(left - 1)
    axe(desk)
    end.click()
    expect(strip).to_be_hidden()
    expect(mark).to_be_hidden()
    # What was done stays in the dossier, without loading the page again.
    history = desk.locator(f"{OPEN_DOSSIER} [id^=historique-lignes-]")
    expect(history).to_contain_text("Procédure d'urgence ouverte")
    expect(history).to_contain_text("Procédure d'urgence terminée")
    expect(desk.locator(f"{OPEN_THREAD} textarea[name=body]")).to_be_editable()
    desk.locator(f"{OPEN_THREAD} textarea[name=body]").fill("Toujours là.")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(f"{OPEN_THREAD} [data-author=agent]").last).to_contain_text("Toujours là.")


def test_figures_are_on_the_first_screen_of_a_board_with_many_alerts(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """Eleven alerts pushed them off it. Those of danger stay in sight, the others are one press away."""
    at(much_happens)
    chief = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR, availability=Availability.AWAY)
    board = page_factory(width=1440, height=900)
    be_signed_in(board, live_site, chief)
    board.goto(f"{live_site.url}/console/tableau/")
    expect(board.locator(".console-figures--first")).to_be_in_viewport(ratio=1)
    in_sight = board.locator("#alertes-du-tableau > ul > li")
    expect(in_sight.filter(has_text="Procédure d'urgence")).to_have_count(3)
    fold = board.locator("#autres-alertes")
    expect(fold).not_to_have_attribute("open", "")
    title = fold.locator("summary")
    expect(title).to_contain_text(re.compile(r"Voir les \d autres alertes\s+■\s+Dépassé\s:\s\d"))
    axe(board)
    title.press("Enter")
    regroup = fold.get_by_role("link", name="Regrouper")
    expect(regroup).to_be_visible()
    regroup.focus()
    at(lambda: Emergency.objects.update(situation=Situation.SUICIDE))
    expect(in_sight.first).to_contain_text(str(Situation.SUICIDE.label), timeout=30_000)
    expect(regroup).to_be_focused()
    expect(fold).to_have_attribute("open", "")
    board.set_viewport_size({"width": 360, "height": 740})
    assert board.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_emergency_opened_in_another_tab_comes_by_itself(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    agent = at(an_agent)
    conversation = at(lambda: make.assigned(make_available(agent)))
    page.clock.install()
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(page.locator(OPEN_THREAD)).to_be_visible()
    at(emergencies.start, conversation_id=conversation.pk, situation=Situation.SUICIDE, by=agent.user)
    for _beat in range(4):
        page.clock.fast_forward(10_000)
    expect(page.locator(f"{OPEN_THREAD} .console-pinned")).to_be_visible()
    expect(page.locator("#liste [data-slot=emergency] time")).to_have_text(CLOCK)


SPACE_AFTER_THE_WORDS = """(part) => {
    const words = document.createRange();
    words.setStart(part.firstChild, 0);
    words.setEnd(part.firstChild, part.firstChild.data.trimEnd().length);
    return part.firstElementChild.getBoundingClientRect().left - words.getBoundingClientRect().right;
}"""


def gone_for(conversation: Conversation, minutes: float) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=make.long_ago(minutes))


def test_queue_marks_the_absent_and_counts_them_apart(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    agent = at(an_agent, availability=Availability.AWAY)
    at(make.waiting)
    away = at(make.waiting, queued_at=make.long_ago(22))
    at(gone_for, away, 20)
    sign_in(page, live_site, agent)
    rows = page.locator("#attente .console-waiting")
    expect(page.locator("[data-count=queue]")).to_have_text("1")
    expect(page.locator("[data-apart]")).to_have_text(re.compile(r"1\sabsente à part"))
    expect(rows.last).to_contain_text("Hors ligne")
    expect(rows.last).to_contain_text(re.compile(r"20\smin"))
    expect(rows.first.locator("[data-slot=absent]")).to_be_hidden()
    axe(page)


def test_who_comes_back_by_the_code_is_said_and_stands_in_the_list_until_they_are_answered(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """Only the thread had a line, which nobody reads who is in another one; the list just lost « Hors ligne »."""
    agent = at(an_agent)
    other, away = at(lambda: [make.assigned(make_available(agent)) for _each in range(2)])
    at(gone_for, away, 5)
    sign_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{other.public_id}/")
    entry = page.locator(f'#liste .console-entry[data-conversation="{away.public_id}"]')
    expect(entry).to_contain_text("Hors ligne")
    expect(entry.locator("[data-slot=back]")).to_be_hidden()
    live_site.do(resume.resume_conversation, conversation_id=away.pk)
    expect(page.locator("#annonces")).to_contain_text(re.compile(r"De\sretour,\séchange\s2"), timeout=40_000)
    expect(entry).to_contain_text(re.compile(r"De\sretour\sà\s+\d\d:\d\d"))
    expect(entry.locator("[data-slot=offline]")).to_be_hidden()
    assert entry.locator("[data-slot=back]").evaluate(SPACE_AFTER_THE_WORDS) > 1, "« De retour à05:23 »"
    axe(page)
    hides = {"reporter_is_hidden": True, "reporter_seen_at": make.long_ago(2)}
    at(Conversation.objects.filter(pk=away.pk).update, **hides)
    expect(entry.locator("[data-slot=asleep]")).to_be_visible(timeout=40_000)
    expect(entry.locator("[data-slot=back]")).to_be_hidden()
    message = {"client_id": uuid.uuid4(), "body": "je suis là", "author": Author.AGENT, "agent": agent}
    live_site.do(actions.post_message, conversation_id=away.pk, **message)
    expect(entry.locator("[data-slot=back]")).to_be_hidden()


def test_open_thread_says_that_its_person_is_away_as_long_as_they_are(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """Only the line of the list did: in the thread one wrote to nobody."""
    agent = at(an_agent)
    away = at(lambda: make.assigned(make_available(agent)))
    sign_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{away.public_id}/")
    sign = page.locator(".console-thread:not([hidden]) [data-slot=away]")
    expect(sign).to_be_hidden()
    at(gone_for, away, 5)
    expect(sign).to_have_text(re.compile(r"^\s*Hors ligne\s+depuis\s+5\smin\s*$"), timeout=40_000)
    axe(page)
    at(Conversation.objects.filter(pk=away.pk).update, reporter_is_hidden=True, reporter_seen_at=make.long_ago(2))
    expect(sign).to_have_text(re.compile(r"^\s*Page en veille\s+depuis\s+2\smin\s*$"), timeout=40_000)
    message = {"client_id": uuid.uuid4(), "body": "je suis là", "author": Author.REPORTER, "agent": None}
    live_site.do(actions.post_message, conversation_id=away.pk, **message)
    expect(sign).to_be_hidden()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_return_that_the_open_thread_says_is_announced_once(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    language: str,
):
    """The line of the thread was read aloud, and half a second later the list said the same again."""
    agent = at(an_agent)
    away = at(lambda: make.assigned(make_available(agent), language=language))
    at(gone_for, away, 5)
    page.add_init_script(f"({SAID})()")
    sign_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{away.public_id}/")
    entry = page.locator(f'#liste .console-entry[data-conversation="{away.public_id}"]')
    expect(entry).to_contain_text("Hors ligne")
    live_site.do(resume.resume_conversation, conversation_id=away.pk)
    expect(entry).to_contain_text(re.compile(r"De\sretour\sà\s+\d\d:\d\d"), timeout=40_000)
    page.wait_for_function("() => window.said.length && !window.said.at(-1)", timeout=40_000)
    said = " ".join(page.evaluate("window.said"))
    assert ("Retour avec le code" if language == "fr" else "code") in said
    assert not re.search(r"De\sretour,\séchange", said)
    # A return that no line of the thread says is announced as ever.
    at(gone_for, away, 5)
    expect(entry.locator("[data-slot=offline]")).to_be_visible(timeout=40_000)
    at(gone_for, away, 0)
    expect(page.locator("#annonces")).to_contain_text(re.compile(r"De\sretour,\séchange\s1"), timeout=40_000)


def test_thread_says_where_unread_messages_begin_until_it_is_left(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    agent = at(an_agent)
    one, other = at(lambda: [make.assigned(make_available(agent)) for _each in range(2)])
    for author, body in ((Author.REPORTER, "un"), (Author.AGENT, "Je vous lis.")):
        at(make.message, one, body, author)
    at(lambda: Conversation.objects.filter(pk=one.pk).update(agent_read_seq=one.messages.order_by("seq").last().seq))
    for body in ("deux", "trois"):
        at(make.message, one, body)
    at(make.message, other, "bonsoir")
    sign_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{other.public_id}/")
    line = page.locator(".console-thread:not([hidden]) [data-unread-line]")
    page.locator(f'#liste [data-conversation="{one.public_id}"] a').click()
    expect(line).to_have_text("Non lus")
    expect(line.locator("+ .console-message")).to_contain_text("deux")
    page.locator(f'#liste [data-conversation="{other.public_id}"] a').click()
    expect(page.locator(f"#corps-{other.public_id}")).to_be_focused()
    expect(line).to_have_count(0)
    page.locator(f'#liste [data-conversation="{one.public_id}"] a').click()
    expect(page.locator(f"#corps-{one.public_id}")).to_be_focused()
    expect(line).to_have_count(0)


def test_screen_without_an_exchange_to_answer_leads_on(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """After an end and after a sign-in there was no way on but the list."""
    agent = at(an_agent)
    calm, urgent = at(lambda: [make.assigned(make_available(agent), urgency=urgency) for urgency in (0, 1)])
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Ouvrir le plus urgent").click()
    expect(page.locator(f"#corps-{urgent.public_id}")).to_be_focused()
    on = page.get_by_role("button", name="Personne suivante")
    expect(on).to_be_hidden()
    live_site.do(actions.close_conversation, conversation_id=urgent.pk, by_author=Author.REPORTER)
    on.click()
    expect(page.locator(f"#corps-{calm.public_id}")).to_be_focused()
    live_site.do(actions.close_conversation, conversation_id=calm.pk, by_author=Author.REPORTER)
    at(Agent.objects.filter(pk=agent.pk).update, availability=Availability.AWAY)
    page.goto(f"{live_site.url}/console/")
    axe(page)
    ready = page.locator("#repos").get_by_role("button", name="Commencer à répondre")
    ready.click()
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "available")
    expect(ready).to_be_hidden()


def test_mark_of_an_answer_stands_apart_from_the_word_before_it(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """« Plus » and its mark were written as one word."""

    def answered() -> Agent:
        agent = an_agent()
        debriefs.ask_for_talk(agent=agent, words="")
        Debrief.objects.filter(agent=agent).update(meet_at=timezone.now() + timedelta(days=2), meet_how="phone")
        return agent

    sign_in(page, live_site, at(answered))
    way = page.locator(".console-account > summary")
    expect(way).to_contain_text("nouveau")
    assert way.evaluate(SPACE_AFTER_THE_WORDS) > 3


# Whether all of what has the focus is in the window, with nothing over its middle.
IS_IN_SIGHT = """(link) => {
  const box = link.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight && link.contains(top);
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 400), (683, 342), (360, 640)])
def test_plus_has_its_lines_under_titles_and_keys_reach_each(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    width: int,
    height: int,
):
    """It was one column of thirteen equal lines, higher than a low window."""
    page.set_viewport_size({"width": width, "height": height})
    sign_in(page, live_site, at(an_agent))
    menu = page.locator(".console-account")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    for title, lines in (("Échanges", 7), ("Service", 2), ("Compte et aide", 5)):
        expect(menu.get_by_text(title, exact=True)).to_be_visible()
        # « Derniers avis » is a button, because it opens a part of this page.
        links = menu.get_by_role("list", name=title, exact=True).locator("a, button").filter(visible=True)
        expect(links).to_have_count(lines)
        for place in range(lines):
            page.keyboard.press("Tab")
            expect(links.nth(place)).to_be_focused()
            assert links.nth(place).evaluate(IS_IN_SIGHT), (title, place)
    if width > 768:
        tops = menu.locator("ul p").evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().top)")
        assert len(set(tops)) == 1, "side by side"
    page.keyboard.press("Escape")
    expect(menu.locator("summary")).to_be_focused()
    expect(menu.locator("ul p").first).to_be_hidden()


def wrote(conversation: Conversation, minutes: float) -> None:
    make.message(conversation, "vous êtes là ?")
    Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(minutes))


# Whether the last words of the only entry and the agent's part of the wait begin at the same place.
BEGIN_TOGETHER = """() => {
    const lefts = [".console-entry__last", "[data-slot=own] > span"].map(
        (part) => document.querySelector(`#liste .console-entry ${part}`)?.getBoundingClientRect(),
    );
    return lefts.every((one) => one?.width && Math.abs(one.left - lefts[0].left) < 1);
}"""


def test_entry_says_the_persons_wait_and_the_agents_own_part(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    agent = at(an_agent)
    conversation = at(lambda: make.assigned(make_available(agent)))
    at(wrote, conversation, 7)
    sign_in(page, live_site, agent)
    entry = page.locator("#liste .console-entry")
    expect(entry.locator("[data-slot=waited]")).to_have_text(re.compile(r"depuis\s+7\smin"))
    expect(entry.locator("[data-slot=own]")).to_have_text(re.compile(r"dont\s+<\s1\smin\s+avec vous"))
    # A list that is read again draws the entry anew.
    page.wait_for_function(BEGIN_TOGETHER)
    entry.locator("a").click()
    expect(entry.locator("[aria-current]")).to_have_count(1)
    page.wait_for_function(BEGIN_TOGETHER)
    page.locator(f"{OPEN_THREAD} textarea[name=body]").fill("Oui.")
    page.keyboard.press("Control+Enter")
    expect(entry.locator("[data-slot=own]")).to_be_hidden()


NOTIFICATIONS = """
window.shown = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { return (this.permission = window.answer ?? "granted"); }
  constructor(title, { body }) { window.shown.push(`${title}|${body}`); }
  close() {}
};
"""
NEXT_ONE = """new Promise((done) => {
  const look = () => (shown.length > 1 ? done(shown[1]) : setTimeout(look, 50));
  look();
})"""


def test_notifications_are_a_choice_and_say_nothing_of_anybody(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    agent = at(an_agent, public_name="Camille")
    at(somebody_waits)
    page = page_factory(width=1280, height=800)
    page.add_init_script(NOTIFICATIONS)
    sign_in(page, live_site, agent)
    page.locator("#disponibilite-plus > summary").click()
    button = page.locator("#notifications")
    expect(button).to_have_text("Activer les notifications")
    page.evaluate("window.answer = 'denied'")
    button.click()
    expect(page.locator("#avis")).to_contain_text("Ce navigateur refuse les notifications")
    expect(button).to_have_text("Activer les notifications")
    page.evaluate("window.answer = 'granted'")
    button.click()
    expect(button).to_have_text("Couper les notifications")
    # What a notification looks like is shown at once.
    assert page.evaluate("shown") == ["Pnav|Du nouveau dans la console."]
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    assert page.evaluate(NEXT_ONE) == "Pnav|Du nouveau dans la console."
    page.locator("#disponibilite-plus > summary").click()  # pressing « Disponible » closed it
    button.click()
    expect(button).to_have_text("Activer les notifications")


def test_board_shows_who_waits_on_one_row_each_where_the_width_allows_it(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    """They were cards of two to four lines, four abreast, and the waits of neighbours were not under one another."""
    chief = at(an_agent, role=Role.SUPERVISOR)
    for minutes in (1, 4, 9):
        at(lambda minutes=minutes: make.waiting(queued_at=make.long_ago(minutes), urgency=minutes % 3))
    at(lambda: Conversation.objects.update(reporter_seen_at=timezone.now() + timedelta(hours=1)))
    page = page_factory(width=1280, height=800)
    be_signed_in(page, live_site, chief)
    page.goto(f"{live_site.url}/console/tableau/?fixe=1")
    rows = page.locator("#tableau .console-waiting")
    expect(rows).to_have_count(3)
    for width in (1280, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        rows.last.scroll_into_view_if_needed()
        heights = rows.evaluate_all("all => all.map((one) => one.getBoundingClientRect().height)")
        assert max(heights) < 40, heights
        ends = rows.locator(".console-waiting__since").evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().right)"
        )
        assert len(set(ends)) == 1, "the waits are read down"
    # Somebody with every sign at once: a second row where there is no room, and none is cut, at any width.
    rows.first.evaluate("row => { for (const sign of row.querySelectorAll('[hidden]')) sign.hidden = false; }")
    for width in (1440, 1280, 820, 360):
        page.set_viewport_size({"width": width, "height": 800})
        rows.first.scroll_into_view_if_needed()
        outer = rows.first.bounding_box()
        for sign in rows.first.locator(".console-entry__small > :visible").all():
            box = sign.bounding_box()
            assert box["x"] >= outer["x"] and box["x"] + box["width"] <= outer["x"] + outer["width"] + 1
            assert box["y"] + box["height"] <= outer["y"] + outer["height"] + 1
        assert page.evaluate("document.documentElement.scrollWidth") <= width
