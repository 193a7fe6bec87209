# ruff: noqa: F811  the fixtures of test_console
"""An agent who is not there while their page is open: the question, the pause, and the return."""

import re
import time
from datetime import datetime

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from chat.conversations import dispatcher
from chat.models import Agent, Conversation, Message, ReplyDraft
from chat.rules.lifecycle import Author, Availability, Status
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.test_console import at, be_signed_in, sign_in  # noqa: F401  `at`: a fixture
from tests.browser.test_console_aim import Work, address, holding
from tests.browser.test_console_choices import AHEAD as CLOCK
from tests.browser.test_console_choices import EAR, heard, looks, passes, wait_heard
from tests.chat.conversations.test_idle import earlier
from tests.factories import chat as make

pytestmark = pytest.mark.slow
# A page whose clock is moved tells no signs: for the server they would be of just now.
AHEAD = f"""() => {{
    ({CLOCK})();
    const ask = window.fetch, send = WebSocket.prototype.send;
    window.fetch = (address, options) => ask(String(address).replace(/\\?signe=\\d+$/, ""), options);
    WebSocket.prototype.send = function (frame) {{ send.call(this, frame.replace(/,"sign":\\d+/, "")); }};
}}"""
ASKED = re.compile(
    r"^Êtes-vous là\s\? Quelqu'un a besoin de vous\. Sans signe de vous à \d\d:\d\d, vous passez en pause\.$"
)
# What another tab asks for, in which nobody has answered either.
PAUSES = """async () => {
    const form = document.querySelector("#etes-vous-la form");
    const body = new FormData(form);
    body.set("seconds", "300");
    const said = await fetch(form.action, { method: "POST", body });
    return (await said.json()).paused;
}"""
FOCUS = "document.activeElement.id || document.activeElement.tagName"
# Whoever reads with a screen reader's own keys moves the caret, and nothing else reaches the page.
READS = """() => {
    document.activeElement.blur();
    getSelection().collapse(document.getElementById("mes-echanges"), 0);
}"""
LAST_READ = """() => {
    const line = document.createElement("p");
    line.id = "read";
    line.textContent = "lu";
    document.getElementById("console").append(line);
    getSelection().collapse(line.firstChild, 1);
}"""


def make_available(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(availability=Availability.AVAILABLE)


def answering(at: Work) -> tuple[Agent, Conversation]:
    """Return an agent and the one person whom they answer, who was given long before the last sign of the page.

    The time of the page alone is moved. So the person stays there for ten minutes, however long the test takes: whoever
    was not seen for one needs nobody.
    """
    agent, (mine,) = holding(at, 1)
    at(lambda: earlier(mine, 20))
    at(lambda: Conversation.objects.filter(pk=mine.pk).update(reporter_seen_at=make.long_ago(-10)))
    return agent, mine


def drafted_long_ago(at: Work, since: datetime) -> None:
    """Wait until what was typed after this moment is kept, and let that have been long ago, as the page believes.

    A draft that was kept well after the last sign is work at another device.
    """
    deadline = time.monotonic() + 20
    while not at(lambda: ReplyDraft.objects.filter(kept_at__gte=since).update(kept_at=make.long_ago(20))):
        assert time.monotonic() < deadline, "no draft was kept"
        time.sleep(0.2)


def about_to_answer(live_site: LiveSite, page: Page, at: Work) -> tuple[Agent, Conversation, Locator]:
    """Open the console of an available agent who answers one person, with the focus where they write.

    The page has its tone, whose sounds are noted, and its time can be moved.
    """
    agent, mine = answering(at)
    page.add_init_script(f"({EAR})(); ({AHEAD})()")
    page.context.add_cookies([{"name": "pnav_console_son", "value": "1", "url": live_site.url}])
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, mine))
    at(lambda: make_available(agent))
    page.reload()
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "available")
    area = page.locator(".console-thread:not([hidden]) textarea[name=body]")
    area.focus()
    return agent, mine, area


def test_who_gives_no_sign_is_asked_then_in_pause_and_back_with_one_press(
    live_site: LiveSite, page: Page, at: Work, axe: Axe
):
    agent, mine, area = about_to_answer(live_site, page, at)
    area.press_sequentially("Je vous l")
    heard(page)
    question = page.locator("#etes-vous-la")

    passes(page, 180)
    expect(question).to_be_visible(timeout=15_000)
    expect(question.locator("p")).to_have_text(ASKED)
    expect(page.locator("#annonces-danger")).to_contain_text("Êtes-vous là")
    expect(area).to_be_focused()
    wait_heard(page, ["sine 880"])
    axe(page)
    looks(page)  # the 30 s begin when it does, at most five seconds after the question came
    passes(page, 30)
    wait_heard(page, ["sine 880"])

    typed_at = timezone.now()
    area.press_sequentially("is")
    expect(question).to_be_hidden()
    expect(area).to_have_value("Je vous lis")
    expect(page.locator("#avis")).to_have_text(re.compile("C'est noté"))

    passes(page, 180)
    expect(question).to_be_visible(timeout=15_000)
    drafted_long_ago(at, typed_at)
    passes(page, 120)
    notice = page.locator("#pause-sans-signe")
    expect(notice).to_contain_text(re.compile(r"Pause automatique à \d\d:\d\d\s– pas de signe\."), timeout=15_000)
    expect(question).to_be_hidden()
    expect(page.locator("#annonces-danger")).to_contain_text("Pause automatique")
    expect(area).to_be_focused()
    expect(area).to_have_value("Je vous lis")
    axe(page)
    assert at(lambda: Conversation.objects.get(pk=mine.pk).assigned_to_id) == agent.pk, "given before the last sign"
    page.reload()
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Me remettre disponible").press("Enter")
    expect(notice).to_have_count(0)
    expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "available")
    expect(page.get_by_role("button", name="Disponible", exact=True)).to_be_focused()


def asked(live_site: LiveSite, page: Page, at: Work) -> tuple[Agent, Conversation]:
    """Open the console of somebody who answers one person, with « Je vous lis » half written, until it asks."""
    agent, mine, area = about_to_answer(live_site, page, at)
    typed_at = timezone.now()
    area.press_sequentially("Je vous lis")
    heard(page)
    passes(page, 180)
    expect(page.locator("#etes-vous-la")).to_be_visible(timeout=15_000)
    wait_heard(page, ["sine 880"])
    drafted_long_ago(at, typed_at)
    return agent, mine


@pytest.mark.parametrize("why", ["gone", "paused"])
def test_tone_of_the_question_ends_with_the_question(live_site: LiveSite, page: Page, at: Work, why: str):
    _agent, mine = asked(live_site, page, at)
    question = page.locator("#etes-vous-la")
    if why == "gone":
        gone = make.long_ago(2)
        at(lambda: Conversation.objects.filter(pk=mine.pk).update(reporter_seen_at=gone))
        passes(page, 20)
        expect(question).to_be_hidden(timeout=15_000)
    else:
        assert page.evaluate(PAUSES) is True
        expect(question).to_be_hidden(timeout=15_000)
        page.get_by_role("button", name="Me remettre disponible").press("Enter")
        expect(page.locator("#disponibilite")).to_have_attribute("data-availability", "available")
        looks(page)
    heard(page)
    passes(page, 30)
    looks(page)
    assert heard(page) == []


def test_reading_with_a_screen_reader_is_a_sign(live_site: LiveSite, page: Page, at: Work):
    asked(live_site, page, at)
    question = page.locator("#etes-vous-la")
    page.evaluate(READS)
    expect(question).to_be_hidden()
    page.evaluate(LAST_READ)
    passes(page, 180)
    expect(question).to_be_visible(timeout=15_000)
    page.evaluate("document.getElementById('read').remove()")
    looks(page)
    expect(question).to_be_visible()  # the page has moved the caret, and nobody else


def test_tap_on_the_question_presses_nothing_beneath_it(live_site: LiveSite, page_factory: PageFactory, at: Work):
    """The question went at the touch, and the click fell on « Envoyer »."""
    page = page_factory(width=360, height=640, has_touch=True)
    _agent, mine = asked(live_site, page, at)
    thread = page.locator(".console-thread:not([hidden])")
    area = thread.locator("textarea[name=body]")
    # On some screens it is there by itself.
    thread.get_by_role("button", name=re.compile("^Envoyer")).evaluate(
        "one => Object.assign(one.style, { position: 'fixed', inset: 'auto 0 0 0', height: '9rem' })"
    )
    question = page.locator("#etes-vous-la")
    box = question.get_by_role("button", name="Je suis là").bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#avis")).to_have_text(re.compile("C'est noté"))
    expect(question).to_be_hidden()
    expect(area).to_be_focused()
    expect(area).to_have_value("Je vous lis")
    assert at(lambda: Message.objects.filter(conversation=mine, author=Author.AGENT).count()) == 0


def test_who_telephones_says_it_in_the_question_and_is_asked_no_more(
    live_site: LiveSite, page: Page, at: Work, axe: Axe
):
    agent, mine = asked(live_site, page, at)
    question = page.locator("#etes-vous-la")
    phone = question.get_by_role("button", name="Je suis au téléphone")
    before = phone.bounding_box()
    phone.hover()  # the move of the pointer answers the question, and the button stays under it
    expect(page.locator("#avis")).to_have_text(re.compile("C'est noté"))
    assert phone.bounding_box() == before
    axe(page)
    phone.click()
    expect(question).to_be_hidden()
    duty = page.locator("#disponibilite")
    expect(duty.locator(".console-duty__now")).to_contain_text("Au téléphone")
    notice = page.locator("#au-telephone")
    expect(notice).to_contain_text(re.compile(r"Au téléphone jusqu'à \d\d:\d\d\."))
    expect(page.locator("#annonces")).to_contain_text("Au téléphone : personne de nouveau")
    area = page.locator(".console-thread:not([hidden]) textarea[name=body]")
    expect(area).to_be_focused()
    expect(area).to_have_value("Je vous lis")
    axe(page)
    heard(page)
    passes(page, 200)
    looks(page)
    expect(question).to_be_hidden()
    assert heard(page) == []
    assert at(lambda: Conversation.objects.get(pk=mine.pk).assigned_to_id) == agent.pk
    first = at(lambda: Agent.objects.get(pk=agent.pk).pause_until)
    notice.get_by_role("button", name="15 min de plus").press("Enter")
    expect(page.locator("#annonces")).to_contain_text("Au téléphone jusqu'à")
    assert at(lambda: Agent.objects.get(pk=agent.pk).pause_until) > first
    notice.get_by_role("button", name="J'ai raccroché").press("Enter")
    expect(notice).to_have_count(0)
    expect(duty).to_have_attribute("data-availability", "available")
    expect(page.get_by_role("button", name="Disponible", exact=True)).to_be_focused()
    duty.get_by_role("button", name="Au téléphone", exact=True).press("Enter")
    expect(notice).to_be_visible()
    expect(duty.get_by_role("button", name="Au téléphone", exact=True)).to_be_focused()
    assert at(lambda: Agent.objects.get(pk=agent.pk).is_on_the_phone)


@pytest.mark.pages_beside
def test_call_is_seen_at_once_on_another_console_and_places_there_do_not_end_it(
    live_site: LiveSite, page: Page, page_factory: PageFactory, at: Work
):
    agent, mine = answering(at)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, mine))
    at(lambda: make_available(agent))
    page.reload()
    other = page_factory()  # another browser, of which the first one hears by the server alone
    be_signed_in(other, live_site, agent)
    other.goto(address(live_site, mine))
    bars = [one.locator("#disponibilite") for one in (page, other)]
    for bar in bars:
        expect(bar).to_have_attribute("data-availability", "available")
    menu = bars[1].locator("#disponibilite-plus")
    menu.locator("summary").click()
    bars[0].get_by_role("button", name="Au téléphone", exact=True).click()
    for bar in bars:
        expect(bar.locator("#au-telephone")).to_contain_text("Au téléphone jusqu'à", timeout=8_000)
    expect(other.locator("#annonces")).to_contain_text("Au téléphone : personne de nouveau")
    first = at(lambda: Agent.objects.get(pk=agent.pk).pause_until)

    bars[1].get_by_label("Places").select_option("3")
    menu.get_by_role("button", name="Enregistrer le nombre de places").click()
    expect(menu.locator("summary")).to_contain_text("places (3)")
    expect(bars[1].get_by_role("button", name="Au téléphone", exact=True)).to_be_focused()
    state = at(lambda: Agent.objects.get(pk=agent.pk))
    assert (state.capacity, state.is_on_the_phone, state.pause_until) == (3, True, first)

    until = bars[1].get_attribute("data-phone") or "-"
    bars[0].get_by_role("button", name="15 min de plus").click()
    for bar in bars:
        expect(bar).not_to_have_attribute("data-phone", until, timeout=8_000)
        expect(bar.locator("#au-telephone")).to_be_visible()

    bars[0].get_by_role("button", name="J'ai raccroché").click()
    for bar in bars:
        expect(bar.locator("#au-telephone")).to_have_count(0, timeout=8_000)
        expect(bar).to_have_attribute("data-availability", "available")


def test_buttons_of_the_question_go_when_nobody_is_on_the_way_to_them(live_site: LiveSite, page: Page, at: Work):
    asked(live_site, page, at)
    question = page.locator("#etes-vous-la")
    page.mouse.move(300, 300)
    page.mouse.move(310, 310)
    expect(page.locator("#avis")).to_have_text(re.compile("C'est noté"))
    expect(question).to_be_visible()
    page.keyboard.type(" ")
    expect(question).to_be_hidden(timeout=2_000)


def test_focus_goes_back_from_the_question_and_its_keys_press_it(live_site: LiveSite, page: Page, at: Work):
    agent, _mine = asked(live_site, page, at)
    question = page.locator("#etes-vous-la")
    area = page.locator(".console-thread:not([hidden]) textarea[name=body]")
    # A screen reader moves the focus so, without a key that the page sees.
    question.get_by_role("button", name="Je suis là").focus()
    page.evaluate("new BroadcastChannel('pnav-signs').postMessage(Date.now())")  # an answer in another tab
    expect(question).to_be_hidden()
    expect(area).to_be_focused()

    passes(page, 180)
    expect(question).to_be_visible(timeout=15_000)
    question.get_by_role("button", name="Je suis là").focus()
    page.keyboard.press("Tab")
    expect(question.get_by_role("button", name="Je suis au téléphone")).to_be_focused()
    page.keyboard.press("Space")
    expect(question).to_be_hidden()
    expect(area).to_be_focused()
    expect(page.locator("#au-telephone")).to_be_visible()
    assert at(lambda: Agent.objects.get(pk=agent.pk).is_on_the_phone)


def test_who_came_meanwhile_goes_to_who_is_there_and_the_agent_reads_it(live_site: LiveSite, page: Page, at: Work):
    agent, mine = answering(at)
    page.add_init_script(f"({AHEAD})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, mine))
    at(lambda: Agent.objects.filter(pk=agent.pk).update(capacity=2, availability=Availability.AVAILABLE))
    page.reload()
    passes(page, 300)
    new = at(lambda: make.assigned(agent))
    question = page.locator("#etes-vous-la")
    expect(question).to_be_visible(timeout=15_000)
    passes(page, 120)
    expect(page.locator("#pause-sans-signe")).to_be_visible(timeout=15_000)
    expect(page.locator("#partis-phrase")).to_contain_text("Pas de signe de vous", timeout=15_000)
    state = at(lambda: Conversation.objects.get(pk=new.pk))
    assert (state.status, state.assigned_to_id) == (Status.WAITING, None)
    colleague = at(lambda: make.agent(public_name="Louise"))
    at(dispatcher.dispatch)
    assert at(lambda: Conversation.objects.get(pk=new.pk).assigned_to_id) == colleague.pk


@pytest.mark.pages_beside
def test_sign_in_one_tab_counts_in_the_other_and_every_page_of_the_staff_asks(
    live_site: LiveSite, page: Page, at: Work
):
    agent, mine = answering(at)
    page.context.add_init_script(f"({AHEAD})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, mine))
    at(lambda: make_available(agent))
    page.reload()
    other = page.context.new_page()
    other.goto(f"{live_site.url}/console/transmissions/")
    asked, elsewhere = page.locator("#etes-vous-la"), other.locator("#etes-vous-la")
    for tab in (page, other):
        passes(tab, 180)
    expect(asked).to_be_visible(timeout=15_000)
    expect(elsewhere).to_be_visible(timeout=30_000)
    expect(elsewhere.get_by_role("alert")).to_have_text(ASKED)
    other.mouse.move(200, 200)
    other.mouse.move(210, 210)
    for question in (asked, elsewhere):
        expect(question).to_be_hidden(timeout=15_000)
    passes(other, 180)
    expect(elsewhere).to_be_visible(timeout=30_000)
    page.close()
    passes(other, 120)
    expect(other.locator("#presence [role=status]")).to_contain_text(
        re.compile(r"Pause automatique à \d\d:\d\d\s– pas de signe"), timeout=30_000
    )
    expect(elsewhere).to_be_hidden()
    other.close()


@pytest.mark.pages_beside
def test_sign_at_another_device_counts_here(live_site: LiveSite, page: Page, page_factory: PageFactory, at: Work):
    """Two browsers share nothing: what is touched in one is told by its beats, and the other asks the server."""
    agent, mine = answering(at)
    page.add_init_script(f"({AHEAD})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, mine))
    at(lambda: make_available(agent))
    page.reload()
    other = page_factory()
    be_signed_in(other, live_site, agent)
    with other.expect_response(re.compile(r"/presence/\?signe=\d+$")):
        other.goto(f"{live_site.url}/console/transmissions/")
    question = page.locator("#etes-vous-la")
    with page.expect_response(re.compile(r"/presence/\?signe=non$")) as looked:
        passes(page, 180)
    said = looked.value.json()
    assert said["needed"] is True and 0 <= said["sign"] < 120
    looks(page)
    expect(question).to_be_hidden()

    at(lambda: Agent.objects.filter(pk=agent.pk).update(sign_at=make.long_ago(20)))
    passes(page, 180)
    expect(question).to_be_visible(timeout=30_000)
    other.mouse.move(200, 200)
    other.mouse.move(210, 210)
    for _each in range(8):  # its next beat tells it, and this page asks every 15 seconds
        if question.is_hidden():
            break
        other.wait_for_timeout(4000)
        passes(page, 15)
    expect(question).to_be_hidden(timeout=15_000)
    assert at(lambda: Agent.objects.get(pk=agent.pk).availability) == Availability.AVAILABLE
