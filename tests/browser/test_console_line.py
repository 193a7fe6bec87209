"""The line of the console: what an agent sees when the network is slow or breaks (ADR 0059).

It is the same module as the visitor's, whose cases are tested one by one in tests/js/line.test.js. Here is what agents
see.
"""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from chat.conversations import actions
from chat.models import Agent, Conversation, Message
from chat.rules.lifecycle import Author, Availability, Outcome, Status
from tests.browser.conftest import LiveSite, PageFactory
from tests.browser.test_console import (  # noqa: F401  `at`, `reporter`: fixtures
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
    reporter,
)
from tests.browser.test_console_aim import ends
from tests.browser.test_console_late import until
from tests.browser.test_voice import listen, until_heard
from tests.browser.wire import Wire
from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.slow
BEAT_MS, ANSWER_MS, OPENING_MS = 20_000, 5_000, 8_000
LOST = re.compile(r"Connexion perdue\s: vos messages sont gardés")
SLOW = re.compile("Connexion lente")


@pytest.fixture
def wire() -> Wire:
    return Wire("/ws/console/", frames="**/console/trames/")


def is_post(route: Route) -> bool:
    return route.request.method == "POST"


def at_the_desk(page: Page, live_site: LiveSite, wire: Wire, at: Work) -> str:  # noqa: F811
    """Sign an agent in who has somebody on screen, and return the key of that person's visit."""
    agent = at(an_agent)
    conversation = at(lambda: make.assigned(make_available(agent)))
    wire.hold(page)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(page.locator(OPEN_THREAD)).to_be_visible()
    return str(at(visit, conversation))


def until_connected(page: Page, wire: Wire) -> None:
    """Wait until the server has said all that a console begins with: who waits is the last of it."""
    for _ in range(600):
        if any(frame["type"] == "queue" for frame in wire.latest):
            page.evaluate("0")  # what was sent before has arrived
            return
        page.wait_for_timeout(50)
    raise AssertionError("the console was told nothing")


def until_connected_again(page: Page, wire: Wire, opened: int) -> None:
    """Wait until a line after the first ones (opened: how many) has delivered all that a console begins with."""
    for _ in range(600):
        if wire.opened > opened:
            break
        page.wait_for_timeout(50)
    until_connected(page, wire)


def seconds_pass(page: Page, count: int) -> None:
    """Let time pass second by second, so that the server answers each beat in time."""
    for _ in range(count):
        page.clock.run_for(1000)
        page.wait_for_timeout(20)


def until_stored(page: Page, at: Work, key: str | None) -> None:  # noqa: F811
    """Wait until the server has a message of the person."""
    for _ in range(200):
        if at(lambda: Message.objects.filter(conversation__public_id=key, author=Author.REPORTER).exists()):
            return
        page.wait_for_timeout(50)
    raise AssertionError("the message was not stored")


def test_dead_line_is_noticed_within_25_seconds(live_site, page: Page, at: Work, reporter: Any, wire: Wire):  # noqa: F811
    person = reporter(at_the_desk(page, live_site, wire, at))
    until_connected(page, wire)
    opened = wire.opened
    listen(page, "#annonces")
    wire.die()
    person.says("vous êtes là ?")
    page.clock.fast_forward(BEAT_MS)
    expect(page.locator("#coupure")).to_be_hidden()
    page.clock.fast_forward(ANSWER_MS)
    # It opens another line by itself, on which it reads what came meanwhile.
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_contain_text("vous êtes là ?")
    expect(page.locator("#coupure")).to_be_hidden()
    until_heard(page, "Connexion rétablie.")
    assert wire.opened == opened + 1
    # A page that wakes asks at once. The next beat would come only after the time that this test waits.
    wire.die()
    person.says("vous dormiez ?")
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    page.clock.fast_forward(ANSWER_MS)
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_contain_text("vous dormiez ?", timeout=10_000)


def test_page_that_is_left_says_nothing_of_the_line_that_its_browser_closed(
    live_site,
    page: Page,
    at: Work,  # noqa: F811
    wire: Wire,
):
    """Firefox closes it as the next page is asked for: « Connexion rétablie » was said at each reload."""
    at_the_desk(page, live_site, wire, at)
    until_connected(page, wire)
    listen(page, "#annonces")
    page.evaluate("new MutationObserver(() => heard.push(coupure.textContent)).observe(coupure, {childList: true})")
    left_and_closed = "dispatchEvent(new Event('beforeunload')); dispatchEvent(new Event('offline'))"
    opened = wire.opened
    page.evaluate(left_and_closed)
    page.clock.fast_forward(1000)
    until_connected_again(page, wire, opened)
    assert page.evaluate("heard") == []
    # The browser stayed on the page after all, and no other line is to be had.
    wire.refuses = True
    page.evaluate(left_and_closed)
    page.clock.fast_forward(1000)
    expect(page.locator("#coupure")).to_be_hidden()
    page.clock.fast_forward(12_000)
    expect(page.locator("#coupure")).to_have_text(LOST)
    wire.refuses = False
    page.clock.fast_forward(31_000)
    until_heard(page, "Connexion rétablie.")


def test_dead_line_is_said_while_no_other_is_to_be_had(live_site, page: Page, at: Work, wire: Wire):  # noqa: F811
    at_the_desk(page, live_site, wire, at)
    until_connected(page, wire)
    wire.die()
    wire.refuses = True
    page.clock.fast_forward(BEAT_MS)
    page.clock.fast_forward(ANSWER_MS)
    expect(page.locator("#coupure")).to_have_text(LOST)
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Je suis toujours là.")
    area.press("Control+Enter")
    expect(page.locator("[data-pending] [data-slot=state]")).to_have_text("Gardé, partira au retour de la connexion")
    # An act is not kept as messages are, and its failure was said to screen readers alone.
    page.route("**/note/", lambda route: route.abort())
    page.locator(".console-dossier:not([hidden]) textarea[id^=note-]").fill("Il appelle la nuit.")
    page.get_by_role("button", name="Garder la note").click()
    whom = page.locator("#liste .console-entry").first.get_attribute("data-aim")
    told = f"{whom}, « Garder la note » : l'action n'a pas abouti. Réessayez."
    expect(page.locator("#avis")).to_have_text(told)
    wire.refuses = False
    page.clock.fast_forward(31_000)
    expect(page.locator("#coupure")).to_be_hidden()
    expect(page.locator("[data-pending]")).to_have_count(0)
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent]")).to_have_count(1)


def test_end_is_not_sent_over_what_a_dead_line_lost(live_site, page: Page, at: Work, reporter: Any, wire: Wire):  # noqa: F811
    """« il est là » came in the ten seconds of the end, on a line that had died without a word."""
    person = reporter(at_the_desk(page, live_site, wire, at))
    until_connected(page, wire)
    key = page.locator(OPEN_THREAD).get_attribute("data-conversation")
    ends(page)
    wire.die()
    person.says("il est là")
    until_stored(page, at, key)
    page.get_by_role("button", name="Terminer maintenant").click()
    expect(page.locator("#avis")).to_have_text(re.compile(r"vient d'écrire\s: l'échange continue"))
    expect(page.locator("#liste [data-slot=end-held]")).to_be_visible()
    page.clock.fast_forward(ANSWER_MS)  # the page has asked the line whether it lives
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_contain_text("il est là")
    assert at(Conversation.objects.get, public_id=key).status == Status.ACTIVE
    page.locator(f"{OPEN_THREAD} textarea[name=body]").fill("Je vous lis.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent][data-seq]")).to_have_count(1)
    ends(page)
    page.get_by_role("button", name="Terminer maintenant").click()
    expect(page.locator("#termines .console-entry")).to_have_count(1)


def test_end_waits_for_what_the_agent_wrote_before_it(live_site, page: Page, at: Work, wire: Wire):  # noqa: F811
    at_the_desk(page, live_site, wire, at)
    until_connected(page, wire)
    key = page.locator(OPEN_THREAD).get_attribute("data-conversation")
    code = "unavailable"  # what the server answers to a message; nothing of its own while there is none

    def later(frame: dict[str, Any]) -> dict[str, Any] | None:
        if frame["type"] != "post" or not code:
            return None
        return {"type": "error", "code": code, "client_id": frame["client_id"]}

    wire.answers = later
    area, row = page.locator(f"{OPEN_THREAD} textarea[name=body]"), page.locator("#fins")
    area.fill("Appelez le 17 s'il revient.")
    area.press("Control+Enter")
    expect(page.locator("[data-pending]")).to_have_count(1)
    ends(page)
    page.get_by_role("button", name="Terminer maintenant").click()
    expect(row).to_contain_text("se termine dès que votre message est parti")
    expect(row.get_by_role("button", name="Annuler")).to_be_focused()
    expect(row.get_by_role("button", name="Terminer maintenant")).to_be_hidden()
    seconds_pass(page, 61)
    expect(page.locator("#avis")).to_contain_text("Votre message n'est pas parti")
    expect(row).to_be_empty()
    ends(page)
    code = "bad_frame"
    seconds_pass(page, 46)  # the longest pause before the next try, and the ten seconds of the end
    expect(area).to_have_value("Appelez le 17 s'il revient.")  # refused, and given back
    expect(page.locator("#avis")).to_contain_text("Votre message n'est pas parti")
    expect(row).to_be_empty()
    assert at(Conversation.objects.get, public_id=key).status == Status.ACTIVE
    code = "unavailable"
    area.press("Control+Enter")
    expect(page.locator("[data-pending]")).to_have_count(1)
    ends(page)
    page.get_by_role("button", name="Terminer maintenant").click()
    expect(row).to_contain_text("se termine dès que votre message est parti")
    code = ""
    seconds_pass(page, 46)
    expect(page.locator("#termines .console-entry")).to_have_count(1)
    ended = at(Conversation.objects.get, public_id=key)
    assert ended.status == Status.CLOSED
    assert at(lambda: ended.messages.filter(author=Author.AGENT).count()) == 1


@pytest.mark.parametrize("reading", ["done", "under way", "failed"])
def test_end_between_the_drawing_of_a_page_and_its_line_is_shown(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    wire: Wire,
    reading: str,
):
    """No frame tells of it, so the list showed for ever who had left.

    reading: how that of the thread stands when the end is taken. When it is under way, the server drew it before.
    """
    agent = at(an_agent)
    conversation = at(lambda: make.assigned(make_available(agent)))
    wire.hold(page)
    wire.refuses = True
    is_read, drawn = reading == "done", []
    if not is_read:
        thread = f"**/console/echange/{conversation.public_id}/?partie=echange"
        page.route(thread, lambda route: drawn.append((route, route.fetch())), times=1)
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + (f"/console/echange/{conversation.public_id}/" if is_read else "/console/"))
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    expect(page.locator(OPEN_THREAD)).to_have_count(1 if is_read else 0)
    for _each in range(600):  # half a minute
        if is_read or drawn:
            break
        page.wait_for_timeout(50)
    else:
        raise AssertionError("the page never read the thread")
    if reading == "failed":
        drawn.pop()[0].abort()
    at(
        lambda: actions.close_conversation(
            conversation_id=conversation.pk, by_author=Author.AGENT, by=agent.user, outcome=Outcome.ADVISED
        )
    )
    expect(page.locator("#termines .console-entry")).to_have_count(0)
    wire.refuses = False
    page.evaluate("dispatchEvent(new Event('pageshow'))")  # a page that wakes tries at once
    until_connected(page, wire)
    for route, answer in drawn:
        route.fulfill(response=answer)
    expect(page.locator("#termines .console-entry")).to_have_count(1)
    expect(page.locator("#liste .console-entry")).to_have_count(0)
    if is_read:
        expect(page.locator(OPEN_THREAD)).to_contain_text("Cet échange est terminé")


def test_pressed_button_shows_that_it_was_pressed(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    wire: Wire,
):
    at_the_desk(page, live_site, wire, at)
    until_connected(page, wire)
    held: list[Route] = []
    page.route(re.compile("/procedure/|/urgence/"), lambda r: held.append(r) if is_post(r) else r.continue_())
    page.locator(".console-dossier:visible").get_by_text("Ouvrir la procédure d'urgence").click()
    button = page.get_by_role("button", name="Idées suicidaires")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    assert button.evaluate("one => getComputedStyle(one, '::after').animationName") == "console-busy"
    held[0].continue_()
    expect(page.locator(".console-dossier:visible")).to_contain_text("Procédure d'urgence en cours")


def test_press_keeps_its_value_in_the_last_chromium_of_windows_7(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    wire: Wire,
):
    """`FormData` did not take the button that was pressed: no availability could be chosen, and no step ticked."""
    page.add_init_script("window.FormData = class extends FormData { constructor(form) { super(form); } };")
    at_the_desk(page, live_site, wire, at)
    until_connected(page, wire)
    page.get_by_role("button", name="En pause").click()
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "pause")


def test_requests_take_over_where_sockets_deliver_nothing(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    reporter: Any,  # noqa: F811
    wire: Wire,
):
    wire.swallows = True
    page = page_factory()
    person = reporter(at_the_desk(page, live_site, wire, at))
    page.clock.fast_forward(OPENING_MS)
    expect(page.locator("#coupure")).to_have_text(SLOW)
    person.says("allô ?")
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_contain_text("allô ?")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Oui, je vous lis.")
    area.press("Control+Enter")
    person.hears("Oui, je vous lis.")
    expect(page.locator("[data-pending]")).to_have_count(0)
    # Later, a socket is tried again without being asked for, and takes over.
    wire.swallows = False
    page.clock.fast_forward(50_000)
    expect(page.locator("#coupure")).to_be_hidden()
    expect(page.locator("[data-pending]")).to_have_count(0)


def test_request_that_hangs_is_given_up(live_site, page: Page, at: Work, wire: Wire):  # noqa: F811
    """Whatever the page asks beside its line ends too: a form says so, and may be sent again."""
    at_the_desk(page, live_site, wire, at)
    until_connected(page, wire)
    hung: list[Any] = []
    page.route("**/console/disponibilite/", lambda route: hung.append(route))  # never answered
    page.evaluate("AbortSignal.timeout = () => AbortSignal.abort(new DOMException('late', 'TimeoutError'))")
    page.get_by_role("button", name="En pause").click()
    expect(page.locator("#annonces")).to_have_text(
        "« En pause » : pas de réponse du service. Regardez si c'est fait ; sinon, réessayez.", timeout=10_000
    )


@pytest.mark.parametrize("has_begun", [True, False])
def test_act_without_an_answer_says_so_and_does_not_say_that_the_line_is_lost(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    wire: Wire,
    has_begun: bool,
):
    """The service had paused the agent and was too slow to say it: the page kept « Disponible » and a red alarm."""
    agent = at(an_agent)
    conversation = at(lambda: make.assigned(make_available(agent)))
    wire.swallows = not has_begun
    wire.hold(page)
    page.route("**/console/trames/", lambda route: route.abort())
    page.clock.set_fixed_time(timezone.now())  # after eight seconds a first line that has not begun is lost
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(page.locator("html[data-run]")).to_have_count(1)
    if has_begun:
        until_connected(page, wire)
    at(Agent.objects.filter(pk=agent.pk).update, availability=Availability.PAUSE, pause_reason="Souffler")
    page.route("**/console/disponibilite/", lambda route: route.abort("timedout"))
    page.get_by_role("button", name="En pause").click()
    expect(page.locator("#avis")).to_contain_text(": pas de réponse du service")
    expect(page.get_by_role("button", name="En pause")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#coupure")).to_be_hidden()


@pytest.mark.parametrize("how", ["lost", "hangs"])
def test_console_goes_on_without_the_worker_of_its_clock(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    wire: Wire,
    how: str,
):
    """Its file was lost on the way: for the whole shift nothing was read again, and the end of a pause never came."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "partie=liste" in request.url else None)
    page.route("**/console/clock.*.js", lambda route: route.abort() if how == "lost" else None)
    at_the_desk(page, live_site, wire, at)
    until_connected(page, wire)
    for _twice in range(2):
        asked.clear()
        page.clock.fast_forward(BEAT_MS + 1000)
        until(page, lambda: asked)
