"""Whatever an agent reads, their conversations stay theirs, for longer than two leases on each page of the menu."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import APIResponse, Page, Route, expect

from chat.casework import danger
from chat.conversations import actions, dispatcher
from chat.models import Agent, Conversation, EventKind
from chat.rules.lifecycle import Author, Availability, Outcome, Status
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from locations.models import Force
from pnav.accounts.models import Role
from pnav.demo.services import free_port
from tests.browser import hidden_tabs
from tests.browser.conftest import Axe, LiveSite, PageFactory, running_site
from tests.browser.exchange import in_site
from tests.chat.sockets import signed_in
from tests.factories import chat as make
from tests.support import fresh

LEASE_SECONDS = 8
BEYOND = 2.3 * LEASE_SECONDS  # seconds: two leases and a tick of the worker
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def live_site(tmp_path_factory, neutral_site, django_db_blocker) -> Iterator[LiveSite]:
    """Give a site whose leases are short, with its worker, which takes conversations back."""
    folder = tmp_path_factory.mktemp("presence")
    short = {"LEASE_SECONDS": str(LEASE_SECONDS)}
    with running_site(folder, neutral_site, django_db_blocker, "presence", **short) as site:
        worker = fresh.start("manage", "run_worker", environment=site.environment, log=folder / "worker.log")
        try:
            yield site
        finally:
            worker.kill()  # an orderly end is tested elsewhere
            worker.wait()


@pytest.fixture(autouse=True)
def nobody_else(live_site: LiveSite) -> None:
    def forget() -> None:
        # They are not deleted, because the worker may be taking one back at this moment.
        Conversation.objects.exclude(status=Status.CLOSED).update(status=Status.CLOSED, closed_at=timezone.now())
        Agent.objects.update(availability=Availability.AWAY)

    in_site(live_site, forget)


def given(agent: Agent) -> Conversation:
    """Create somebody whom this agent answers, who is never available: the worker would give them others."""
    now = timezone.now()
    conversation = make.waiting()
    Agent.objects.filter(pk=agent.pk).update(seen_at=now)
    fields = {"status": Status.ACTIVE, "assigned_to": agent, "assigned_at": now}
    Conversation.objects.filter(pk=conversation.pk).update(**fields)
    conversation.events.create(kind=EventKind.ASSIGNED, at=now, by=agent.user)
    make.message(conversation, "vous êtes là ?")
    return conversation


def arrive_in(site: LiveSite, page: Page, path: str = "", role: str = Role.AGENT) -> Conversation:
    """Sign an agent in, in this browser, and give them somebody once their page (path, if any) is open."""

    def make_one() -> tuple[Agent, str]:
        agent = make.agent(role=role, availability=Availability.AWAY)
        return agent, signed_in(agent)

    agent, key = in_site(site, make_one)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site.url}])
    if path:
        page.goto(site.url + path)
    return in_site(site, lambda: given(agent))


def arrive(
    site: LiveSite, page_factory: PageFactory, role: str = Role.AGENT, path: str = "", **options
) -> tuple[Page, Conversation]:
    """Sign an agent in, in a browser of their own, and give them somebody once their page (path, if any) is open."""
    page = page_factory(**options)
    return page, arrive_in(site, page, path, role)


def is_kept(site: LiveSite, conversation: Conversation) -> bool:
    now = in_site(site, lambda: Conversation.objects.get(pk=conversation.pk))
    return now.status == Status.ACTIVE and now.assigned_to_id == conversation.assigned_to_id


# One page of each part of the service that has a policy or a frame of its own.
# tests/chat/conversations/test_presence.py tests that every page of the menu sends the same beat. A frame that loads
# itself every two seconds costs much.
BEATING = {
    True: ("/console/transmissions/", "/console/tableau/", "/levees/", "/compte/2fa/", "/parametres-affichage/"),
    False: ("/console/transmissions/", "/compte/2fa/", "/parametres-affichage/"),
}


def test_pages_of_each_part_keep_the_people(live_site, page_factory: PageFactory):
    """The pages are open with and without scripts, side by side: what has to be waited for is waited for once."""
    readers = {}
    for javascript, paths in BEATING.items():
        for path in paths:
            arrived = arrive(live_site, page_factory, Role.SUPERVISOR, path, javascript=javascript, width=900)
            readers[path, javascript] = arrived
    time.sleep(BEYOND)
    assert [at for at, (_page, conversation) in readers.items() if not is_kept(live_site, conversation)] == []
    for (path, javascript), (page, _conversation) in readers.items():
        if javascript:
            line = page.locator("#presence [role=status]")
            expect(line, path).to_contain_text("1 échange vous est confié. 1 a un nouveau message.")
        else:
            frame = page.frame_locator("iframe[src='/console/presence/']")
            expect(frame.locator("body"), path).to_contain_text("Présent, vérifié à")
        page.context.close()


def test_page_says_that_an_unread_message_tells_of_danger(
    live_site, page_factory: PageFactory, axe_in_both_themes: Axe
):
    page, conversation = arrive(live_site, page_factory, path="/console/transmissions/", width=320)
    line = page.locator("#presence [role=status]")
    expect(line).to_contain_text("1 a un nouveau message.")
    expect(line).not_to_contain_text("Danger")
    in_site(live_site, lambda: make.message(conversation, "je veux mourir"))
    told = "1 échange vous est confié. Danger : 1 a des mots de suicide ou de danger, qui ne sont pas pris en compte."
    expect(line).to_contain_text(told)  # before what can wait
    expect(line).to_have_css("font-weight", "700")
    expect(line).not_to_contain_text("Nouveau message de danger")
    in_site(live_site, lambda: make.message(conversation, "je veux mourir"))
    expect(line).to_contain_text(re.compile(r"Nouveau message de danger à \d\d:\d\d"))
    axe_in_both_themes(page)


# What the line of the presence covers, of the controls of the page, where a browser scrolls no further than it must.
COVERED = """() => {
  const bar = document.querySelector("#presence");
  const controls = [...document.querySelectorAll("main :is(a, button, select, summary)")];
  return controls.filter((control) => {
    if (!control.checkVisibility({ visibilityProperty: true })) return false;
    scrollTo({ top: 0, behavior: "instant" });
    control.scrollIntoView({ block: "nearest", behavior: "instant" });
    return control.getBoundingClientRect().bottom > bar.getBoundingClientRect().top + 1;
  }).map((control) => control.textContent.trim().slice(0, 40));
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (820, 1180), (360, 640)])
def test_what_has_the_focus_is_above_the_line(live_site, page_factory: PageFactory, width: int, height: int):
    """Firefox and WebKit scroll to what takes the focus no further than they must: « Confier » was under the line."""
    page = page_factory(width=width, height=height)
    for _each in range(6):
        in_site(live_site, make.waiting)
    arrive_in(live_site, page, "/console/tableau/", role=Role.SUPERVISOR)
    expect(page.locator("#presence [role=status]")).to_be_visible()
    assert page.evaluate(COVERED) == []


def test_page_says_a_new_message_of_danger_until_that_one_is_dealt_with(live_site, page_factory: PageFactory):
    """It was said as long as any other mark stayed, and not at all after an answer of the version before."""
    page, conversation = arrive(live_site, page_factory, path="/console/transmissions/", width=320)
    agent, by = in_site(live_site, lambda: (conversation.assigned_to, conversation.assigned_to.user))
    other = in_site(live_site, make.assigned)
    in_site(live_site, lambda: Conversation.objects.filter(pk=other.pk).update(assigned_to=agent))
    line = page.locator("#presence [role=status]")

    def name_none(route: Route) -> None:
        response = route.fetch()
        told = response.json()
        told.pop("dangers", None)
        route.fulfill(response=response, json=told)

    def beat() -> None:
        with page.expect_response(re.compile(r"/console/presence/(\?|$)")) as answered:
            page.evaluate("dispatchEvent(new Event('online'))")
        answered.value.finished()

    in_site(live_site, lambda: make.message(conversation, "je veux mourir"))
    beat()
    expect(line).to_contain_text("Danger : 1 a des mots")
    page.route("**/console/presence/**", name_none)
    beat()
    page.unroute("**/console/presence/**")
    seq = in_site(live_site, lambda: make.message(other, "il a un couteau").seq)
    beat()
    expect(line).to_contain_text(re.compile(r"Nouveau message de danger à \d\d:\d\d"))
    live_site.do(danger.deal_with, conversation_id=other.pk, seq=seq, by=by)
    beat()
    expect(line).to_contain_text("Danger : 1 a des mots")
    expect(line).not_to_contain_text("Nouveau message de danger")


def test_page_says_when_the_line_is_gone_and_leads_back(live_site, page_factory: PageFactory, axe: Axe):
    page, _conversation = arrive(live_site, page_factory, width=320)
    page.goto(live_site.url + "/console/transmissions/")
    expect(page.locator("#presence [role=status]")).to_be_visible()
    axe(page)
    alarm = page.locator("#presence > [role=alert]")
    expect(alarm).to_be_hidden()
    page.context.set_offline(True)
    expect(alarm).to_contain_text("Connexion perdue, dernière réponse à")
    expect(alarm.get_by_role("link", name="Revenir à la console")).to_be_visible()
    expect(alarm).to_contain_text("sans doute repartis vers la file")
    page.context.set_offline(False)
    expect(alarm).to_be_hidden()
    axe(page)


def test_what_is_lost_without_a_beat_is_said(live_site, page_factory: PageFactory, axe: Axe, subtests: pytest.Subtests):
    """All leases end side by side: what has to be waited for is waited for once. One of these people reads a page that
    is then left for good, which shows that the test of pages that beat can fail.
    """
    pages = {javascript: page_factory(javascript=javascript, width=900) for javascript in (True, False)}
    left = arrive_in(live_site, pages[True], "/console/prendre-soin/")
    pages[True].goto("about:blank")
    pages[True].context.clear_cookies()
    lost = {javascript: arrive_in(live_site, page, "/console/") for javascript, page in pages.items()}
    stays_open, outage = arrive(live_site, page_factory)
    stays_open.goto(live_site.url + "/console/")
    expect(stays_open.locator("#liste .console-entry")).to_have_count(1)
    for page in pages.values():
        page.goto("about:blank")
    stays_open.context.set_offline(True)
    stays_open.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    people = {"page that was left for good": left, "outage": outage}
    people |= {f"console, scripts: {javascript}": one for javascript, one in lost.items()}
    deadline = time.monotonic() + 60  # on a busy machine, the site is given another lease when it could not be asked
    while any(is_kept(live_site, one) for one in people.values()) and time.monotonic() < deadline:
        time.sleep(0.5)
    for name, conversation in people.items():
        with subtests.test("lease ends, and the exchange goes back to the queue", of=name):
            assert not is_kept(live_site, conversation)
    for javascript, page in pages.items():
        with subtests.test("console says what was lost until it is read", javascript=javascript):
            says_what_was_lost_until_it_is_read(live_site, page, axe if javascript else None)
    with subtests.test("console that stayed open through an outage says it by itself"):
        stays_open.context.set_offline(False)
        expect(stays_open.locator("#partis")).to_contain_text("1 échange est reparti dans la file")


def says_what_was_lost_until_it_is_read(site: LiveSite, page: Page, axe: Axe | None) -> None:
    page.goto(site.url + "/console/")
    told = page.get_by_role("region", name="1 échange reparti dans la file")
    told.locator("summary").press("Enter")
    expect(told).to_contain_text(re.compile(r"Vous étiez sans console\s[01]\smin"))
    expect(told).to_contain_text("93200")
    expect(told).to_contain_text("dans la file d'attente")
    if axe:
        axe(page)
    told.get_by_role("button", name="J'ai lu").press("Enter")
    expect(told).to_have_count(0)
    page.goto(site.url + "/console/")
    expect(told).to_have_count(0)


def test_what_was_lost_is_a_few_lines_whose_list_is_one_press_away(live_site, page_factory: PageFactory, axe: Axe):
    """With eleven exchanges the list took two fifths of a laptop's screen. It stays until it is read, over the list of
    exchanges: over the whole screen it took 52 px of the 480 that a thread has.
    """

    def come_back() -> tuple[str, Conversation]:
        agent = make.agent(availability=Availability.AWAY)
        for _each in range(11):
            given(agent)
        Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
        dispatcher.release_stale()
        actions.agents_seen(agent_ids=[agent.pk])
        return signed_in(agent), given(agent)

    key, conversation = in_site(live_site, come_back)
    page = page_factory(width=1280, height=800)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    told = page.get_by_role("region", name="11 échanges repartis dans la file")
    lines = told.get_by_role("listitem")
    box = told.bounding_box()
    assert box is not None and box["height"] <= 72
    expect(told).to_be_in_viewport(ratio=1)
    expect(page.locator("#liste .console-entry")).to_be_in_viewport(ratio=1)
    log = page.locator(".console-thread:not([hidden]) .console-log").bounding_box()
    assert log is not None and log["height"] >= 480
    expect(lines).to_have_count(0)
    axe(page)
    told.locator("summary").press("Enter")
    expect(lines).to_have_count(11)
    expect(told.get_by_role("button", name="J'ai lu")).to_be_in_viewport(ratio=1)
    bar, box = told.locator("form").bounding_box(), told.bounding_box()
    assert bar is not None and box is not None
    assert bar["width"] >= box["width"] - 32, "no line of the list stands beside the button, half behind it"
    assert bar["y"] + bar["height"] >= box["y"] + box["height"] - 1, "nor below it"
    shown = page.evaluate("""() => {
        const [list, column] = ["#liste", ".console-own"].map((one) => document.querySelector(one));
        return column.getBoundingClientRect().bottom - list.getBoundingClientRect().top;
    }""")
    assert shown >= 120, "two lines of the list stay in sight"
    page.reload()
    expect(told).to_be_visible()
    for width, height in ((820, 96), (640, 60), (320, 78)):
        page.set_viewport_size({"width": width, "height": 800})
        box = told.bounding_box()
        assert box is not None and box["height"] <= height, width
        expect(page.locator("#liste .console-entry").first).to_be_in_viewport(ratio=0.9)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    told.get_by_role("button", name="J'ai lu").press("Enter")
    expect(told).to_have_count(0)


def test_where_lost_exchanges_are_is_read_again_as_their_list_is_unfolded(live_site, page_factory: PageFactory):
    """« avec Karim » was still said after Karim had lost it."""

    def come_back() -> tuple[Conversation, str]:
        agent = make.agent(availability=Availability.AWAY)
        lost = [given(agent) for _each in range(4)]
        Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
        dispatcher.release_stale()
        actions.agents_seen(agent_ids=[agent.pk])
        return lost[0], signed_in(agent)

    lost, key = in_site(live_site, come_back)
    page = page_factory(width=1280, height=800)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(live_site.url + "/console/")
    told = page.get_by_role("region", name="4 échanges repartis dans la file")
    expect(told.get_by_role("heading")).to_contain_text("4 y attendent")

    def taken() -> None:
        colleague = make.agent(public_name="Karim", capacity=1)  # with more places the worker gives Karim more of them
        assert dispatcher.claim_conversation(conversation_id=lost.pk, agent_id=colleague.pk, now=timezone.now())

    in_site(live_site, taken)
    told.locator("summary").press("Enter")
    expect(told.get_by_role("listitem").filter(has_text="avec Karim")).to_have_count(1)
    expect(told.get_by_role("heading")).to_contain_text("1 avec un collègue, 3 y attendent")


def test_notice_of_an_absence_waits_for_the_pointer_and_is_then_in_sight(live_site, page_factory: PageFactory):
    """It is drawn over the list: a press on the fifth line opened a neighbour, and who had scrolled did not see it."""

    def come() -> tuple[Agent, str]:
        agent = make.agent(availability=Availability.AWAY)
        for _each in range(16):
            given(agent)
        return agent, signed_in(agent)

    def was_absent() -> None:
        now = timezone.now()
        lost = make.waiting()
        for kind, by in ((EventKind.ASSIGNED, agent.user), (EventKind.RELEASED, None)):
            lost.events.create(kind=kind, at=now, by=by)
        Agent.objects.filter(pk=agent.pk).update(absent_from=now - timedelta(minutes=5), absent_until=now)

    agent, key = in_site(live_site, come)
    page = page_factory(width=1280, height=800)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(live_site.url + "/console/")
    lines = page.locator("#liste .console-entry")
    expect(lines).to_have_count(16)
    expect(page.locator(".console-thread")).to_have_count(16)  # each of them is there to be ended
    lines.nth(4).hover()
    before = lines.nth(4).bounding_box()
    in_site(live_site, was_absent)
    name = lines.last.get_attribute("data-conversation")
    last = in_site(live_site, lambda: Conversation.objects.get(public_id=name).pk)
    live_site.do(
        actions.close_conversation,
        conversation_id=last,
        by_author=Author.AGENT,
        by=agent.user,
        outcome=Outcome.ADVISED,
    )
    expect(page.locator("#annonces")).to_contain_text("1 échange est reparti dans la file")
    expect(lines).to_have_count(15)
    assert lines.nth(4).bounding_box() == before
    title = page.locator("#partis-titre")
    expect(title).to_have_count(0)
    to_its_end = "column => { column.scrollTop = 9999; return column.scrollTop; }"
    assert page.locator(".console-own").evaluate(to_its_end) > 100
    page.mouse.move(700, 400)
    expect(title).to_be_in_viewport(ratio=1)


def test_notice_of_a_second_absence_comes_once_the_keyboard_has_left_the_first(live_site, page_factory: PageFactory):
    """It was said aloud and not drawn: what the first one had lost stood there until something else happened."""

    def come_back() -> tuple[Agent, str, Conversation]:
        agent = make.agent(availability=Availability.AWAY)
        given(agent)
        Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
        dispatcher.release_stale()
        actions.agents_seen(agent_ids=[agent.pk])
        return agent, signed_in(agent), given(agent)

    def was_absent_again() -> None:
        now = timezone.now()
        lost = make.waiting()
        for kind, by in ((EventKind.ASSIGNED, agent.user), (EventKind.RELEASED, None)):
            lost.events.create(kind=kind, at=now, by=by)
        Agent.objects.filter(pk=agent.pk).update(absent_until=now)

    agent, key, last = in_site(live_site, come_back)
    page = page_factory(width=1280, height=800)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(live_site.url + "/console/")
    title = page.locator("#partis-titre")
    expect(title).to_contain_text("1 échange reparti")
    expect(page.locator(".console-thread")).to_have_count(1)
    page.get_by_role("button", name="J'ai lu").focus()
    in_site(live_site, was_absent_again)
    ended(live_site, agent, last)
    expect(page.locator("#annonces")).to_contain_text("2 échanges sont repartis")
    expect(title).to_contain_text("1 échange reparti")
    page.locator("#mes-echanges").focus()
    expect(title).to_contain_text("2 échanges repartis")


def ended(live_site: LiveSite, agent: Agent, one: Conversation) -> None:
    end = {"by_author": Author.AGENT, "by": agent.user, "outcome": Outcome.ADVISED}
    live_site.do(actions.close_conversation, conversation_id=one.pk, **end)


def passed_to_the_queue(live_site: LiveSite, agent: Agent, one: Conversation) -> None:
    in_site(live_site, lambda: make.agent(force=Force.GENDARMERIE))  # somebody is there to be given it
    target = Target(force=Force.GENDARMERIE)
    live_site.do(
        transfer_actions.transfer_cold, conversation_id=one.pk, by=agent, target=target, reason=Reason.COMPETENCE
    )


@pytest.mark.parametrize("leaves", [ended, passed_to_the_queue])
@pytest.mark.parametrize("is_drawn", [True, False], ids=["drawn-before", "drawn-after"])
def test_exchange_that_leaves_while_its_thread_is_read_makes_the_page_say_what_was_lost(
    live_site, page_factory: PageFactory, leaves, is_drawn
):
    """« released » of an exchange whose thread was still being read was not heard. What an absence had lost was said at
    the next press only, and what the server had drawn before stayed in the list as one's own.
    """

    def come() -> tuple[Agent, str, list[Conversation]]:
        agent = make.agent(availability=Availability.AWAY)
        return agent, signed_in(agent), [given(agent), given(agent)]

    def was_absent() -> None:
        now = timezone.now()
        lost = make.waiting()
        for kind, by in ((EventKind.ASSIGNED, agent.user), (EventKind.RELEASED, None)):
            lost.events.create(kind=kind, at=now, by=by)
        Agent.objects.filter(pk=agent.pk).update(absent_from=now - timedelta(minutes=5), absent_until=now)

    agent, key, (stays, goes) = in_site(live_site, come)
    page = page_factory(width=1280, height=800)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    held: list[tuple[Route, APIResponse | None]] = []
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: heard.append(str(text))))

    def hold(route: Route) -> None:
        if held:  # a later reading, perhaps while the page is already being closed
            route.continue_()
        else:
            held.append((route, route.fetch() if is_drawn else None))

    page.route(f"**/echange/{goes.public_id}/?partie=echange*", hold)
    page.goto(f"{live_site.url}/console/echange/{stays.public_id}/")
    deadline = time.monotonic() + 30
    while not (held and any('"queue"' in text for text in heard)):
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    in_site(live_site, was_absent)
    leaves(live_site, agent, goes)
    expect(page.locator("#annonces")).to_contain_text("1 échange est reparti dans la file")
    for route, answer in held:
        if answer is None:
            route.continue_()
        else:
            route.fulfill(response=answer)
    line = page.locator(f'#liste .console-entry[data-conversation="{goes.public_id}"]')
    expect(line).to_have_count(0)
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    expect(page.locator("[data-count=own]")).to_have_text("1")


def test_silence_on_the_board_and_in_the_list_outlives_a_hand_over(live_site, page_factory: PageFactory):
    page, conversation = arrive(live_site, page_factory, Role.SUPERVISOR)

    def goes_round() -> None:
        then = make.long_ago(9)
        conversation.messages.update(sent_at=then)
        conversation.events.update(at=then)
        Conversation.objects.filter(pk=conversation.pk).update(assigned_at=timezone.now())

    in_site(live_site, goes_round)
    page.goto(live_site.url + "/console/tableau/")
    expect(page.locator("#tableau")).to_contain_text("9 min, dont 0 min avec cet agent")
    page.goto(live_site.url + "/console/")
    expect(page.locator("#liste .console-entry")).to_contain_text("Attend votre réponse depuis 9 min")


def test_who_waits_longer_than_the_limit_is_marked_and_said_once(live_site, page_factory: PageFactory):
    """The board's own sign and word, in the list of whoever answers, as time passes in the open page."""
    page, conversation = arrive(live_site, page_factory)
    mark = page.locator("#liste .console-entry [data-slot=late]")
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(mark).to_be_hidden()

    def wrote(seconds: float) -> None:
        conversation.messages.update(sent_at=timezone.now() - timedelta(seconds=seconds))

    in_site(live_site, lambda: wrote(215))
    page.reload()
    expect(mark).to_have_text(re.compile(r"▲\s*Délai\s+de\s+réponse\s*:\s*Bientôt dépassé"))
    in_site(live_site, lambda: wrote(275))  # a busy machine has opened the page before it is 300
    page.reload()
    expect(mark).to_be_visible()
    said = page.locator("#annonces")
    expect(said).to_contain_text(re.compile(r"Délai\s+de\s+réponse\s+dépassé,\s+échange\s+1"), timeout=60_000)
    expect(mark).to_have_text(re.compile(r"■\s*Délai\s+de\s+réponse\s*:\s*Dépassé"))
    page.reload()
    expect(mark).to_contain_text("Dépassé")
    bar = "(line) => { const one = document.createElement('i'); one.style.color = 'var(--border-plain-error)';"
    bar += " line.append(one); return getComputedStyle(line).borderInlineStartColor === getComputedStyle(one).color; }"
    assert page.locator("#liste [aria-current]").evaluate(bar), "the line that is open lost its red"
    page.locator(f"#corps-{conversation.public_id}").fill("Je suis là.")
    page.get_by_role("button", name="Envoyer").click()
    expect(mark).to_be_hidden()
    expect(said).not_to_contain_text("Délai")


def test_hidden_tabs_keep_the_people_though_their_timers_are_slowed(live_site, tmp_path):
    """The console beats by the clock of its worker, any other page by the answers of the network (docs/adr/0049)."""
    chain = "window.turns = 0; (function again() { setTimeout(() => { turns += 1; again(); }, 500); })()"

    def come() -> tuple[Agent, str]:
        agent = make.agent(availability=Availability.AWAY)
        return agent, signed_in(agent)

    with hidden_tabs.tabs(tmp_path, free_port()) as browser:
        held = {}
        for path in ("/console/", "/console/transmissions/"):
            agent, key = in_site(live_site, come)
            cookie = {"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}
            session = browser.open(live_site.url + path, cookie=cookie)
            held[path] = session, in_site(live_site, lambda agent=agent: given(agent))
        for session, _conversation in held.values():
            assert browser.run(session, "document.visibilityState") == "hidden"
            browser.run(session, chain)
        seconds = 2 * hidden_tabs.GRACE_SECONDS + 3 * LEASE_SECONDS
        time.sleep(seconds)
        for path, (session, conversation) in held.items():
            # A tab that is seen has two turns a second, and a hidden one at most one.
            assert browser.run(session, "turns") < 0.75 * 2 * seconds, (
                "this browser slows nothing down: nothing was shown"
            )
            assert is_kept(live_site, conversation), path
