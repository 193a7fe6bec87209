# ruff: noqa: F811  the fixtures of test_console
"""What comes late in the console: a thread that had to be read, and the answer of a service that failed."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, WebSocketRoute, expect

from chat.models import Agent, Conversation
from chat.rules.transfer import Reason, Target
from chat.supervision import intervention
from chat.transfer import actions as transfer_actions
from pnav.accounts.models import Role
from tests.browser.conftest import LiveSite
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
)
from tests.browser.test_console_aim import address, holding
from tests.browser.test_console_faults import SAID
from tests.factories import chat as make

pytestmark = pytest.mark.slow
# A form is sent whose address ends with `window.failing`. It is taken, and the page to which it leads is not drawn: a
# script that follows a redirect has one answer for both.
FAILS = """() => {
    const send = window.fetch;
    window.fetch = async (address, options = {}) => {
        const answer = await send(address, options);
        if (!window.failing || !String(address).endsWith(window.failing)) return answer;
        const failed = new Response("<h1>Service occupé</h1>", { status: 503 });
        const like = { redirected: { value: answer.redirected }, url: { value: answer.url } };
        return Object.defineProperties(failed, like);
    };
}"""


def area_of(page: Page, conversation: Conversation) -> Locator:
    return page.locator(f"#corps-{conversation.public_id}")


def expect_open(page: Page, conversation: Conversation) -> None:
    expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", str(conversation.public_id))


def number_of(page: Page, conversation: Conversation) -> str:
    line = page.locator(f"#liste .console-entry[data-conversation='{conversation.public_id}']")
    number = line.get_attribute("data-number")
    assert number
    return number


def until(page: Page, is_so: Callable[[], object]) -> None:
    for _each in range(600):  # half a minute
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came")


def given(conversation: Conversation, to: Agent) -> None:
    """Give this exchange to another agent, by an order of a supervisor."""
    chief = make.agent(role=Role.SUPERVISOR)
    intervention.reassign(conversation_id=conversation.pk, by=chief, agent_id=to.pk, motive="équilibrer")


def test_failure_of_the_service_ends_neither_the_session_nor_the_page(live_site: LiveSite, page: Page, at: Work):
    """« Votre session est finie » was said of a session that went on."""
    agent, [conversation] = holding(at, 1)
    page.add_init_script(f"({FAILS})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    notice = page.locator("#avis")
    page.evaluate("window.failing = '/console/disponibilite/'")
    page.get_by_role("button", name="En pause", exact=True).click()
    expect(notice).to_contain_text("« En pause » : pas de réponse du service")
    expect(page.locator("#disponibilite .console-duty__now")).to_contain_text("En pause")  # what was done is read
    expect(page.locator("#coupure")).to_be_hidden()
    page.evaluate("window.failing = ''; window.isTheSamePage = true; document.getElementById('avis').textContent = ''")
    area = area_of(page, conversation)
    area.fill("Toujours là.")
    area.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent] [data-slot=state]")).to_have_text("Envoyé")
    assert page.evaluate("window.isTheSamePage"), "the page was loaded again"


def test_exchange_that_was_read_late_takes_no_words_of_another(live_site: LiveSite, page: Page, at: Work):
    """The rest of a sentence went into the answer of whoever came, and `Ctrl` + `Enter` sent it to them."""
    agent, [first, second, third] = holding(at, 3)
    reading: dict[str, Route] = {}

    def hold(route: Route) -> None:
        key = route.request.url.split("/")[-2]
        if key in reading:
            route.continue_()
        else:
            reading[key] = route

    page.add_init_script("AbortSignal.timeout = () => new AbortController().signal")  # a slow machine gives up nothing
    for one in (second, third):
        page.route(f"**/echange/{one.public_id}/?partie=echange", hold)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, first))
    until(page, lambda: len(reading) == 2)
    area_of(page, first).focus()
    number = number_of(page, second)
    page.keyboard.press(f"Alt+{number}")
    page.keyboard.type("la suite")
    reading[str(second.public_id)].continue_()
    expect(page.locator("#avis")).to_have_text(
        re.compile(rf"^{number} · \S+\s: l'échange est là, dans la liste\. Vous faisiez autre chose, rien n'a bougé\.$")
    )
    expect_open(page, first)
    expect(area_of(page, first)).to_be_focused()
    expect(area_of(page, first)).to_have_value("la suite")
    expect(area_of(page, second)).to_have_value("")
    # Whoever does nothing else meanwhile has what they pressed.
    page.locator(f"#liste [data-conversation='{third.public_id}'] .console-entry__link").click()
    expect_open(page, first)
    reading[str(third.public_id)].continue_()
    expect_open(page, third)
    expect(area_of(page, third)).to_be_focused()
    page.keyboard.press(f"Alt+{number}")
    expect_open(page, second)
    expect(area_of(page, second)).to_be_focused()


def offered(by: Agent, to: Agent) -> Conversation:
    """Return an exchange that is offered to this agent, with a summary to which its person agreed."""
    conversation = make.assigned(make_available(by))
    one = transfer_actions.propose_handover(
        conversation_id=conversation.pk,
        by=by,
        target=Target(agent=to.pk),
        reason=Reason.REQUEST,
        summary="Une rumeur.",
    )
    transfer_actions.answer_summary(handover_id=one.pk, conversation_id=conversation.pk, answer="agreed")
    return conversation


def set_places(agent: Agent, places: int) -> None:
    Agent.objects.filter(pk=agent.pk).update(capacity=places)


def test_exchange_that_was_accepted_takes_no_words_of_another(live_site: LiveSite, page: Page, at: Work):
    camille, alex = at(an_agent, public_name="Camille"), at(an_agent, public_name="Alex", capacity=3)
    mine = at(lambda: make.assigned(make_available(alex)))
    one, two = at(offered, camille, alex), at(offered, camille, alex)
    at(set_places, alex, 1)
    be_signed_in(page, live_site, alex)
    page.goto(address(live_site, mine))
    expect(area_of(page, mine)).to_be_editable()

    def take(conversation: Conversation) -> None:
        form = page.locator(f"#offres form[data-opens='{conversation.public_id}']")
        form.get_by_role("button", name="Prendre l'échange").click()

    take(one)
    refusal = page.locator(f"#offert-{one.public_id} [role=alert]")  # it was said for six seconds, away from the offer
    expect(refusal).to_contain_text("Vous n'avez plus de place")
    expect(refusal).to_be_focused()
    expect(refusal).to_be_in_viewport(ratio=1)
    # It comes later and by another way. That it was wanted once opens it no more.
    area_of(page, mine).focus()
    page.keyboard.type("Je vous ")
    at(given, one, alex)
    expect(page.locator(".console-thread")).to_have_count(2)
    page.keyboard.type("écoute")
    expect_open(page, mine)
    expect(area_of(page, mine)).to_have_value("Je vous écoute")
    held: list[Route] = []
    page.route("**/reponse/", lambda route: held.append(route))
    with page.expect_request("**/reponse/"):
        take(two)
    area_of(page, mine).focus()  # whoever goes on with something else is told there
    held.pop().continue_()
    expect(page.locator("#avis")).to_contain_text("Vous n'avez plus de place")
    expect(area_of(page, mine)).to_be_focused()
    at(set_places, alex, 3)
    with page.expect_request("**/reponse/"):
        take(two)
    page.keyboard.type("et ")  # the button has the focus, and the letters go into the open answer
    expect(area_of(page, mine)).to_be_focused()
    held[0].continue_()
    expect(page.locator(".console-thread")).to_have_count(3)
    expect(page.locator(f"#offres form[data-opens='{two.public_id}']")).to_have_count(0)
    # The offer is gone, and its tone is off until an agent turns it on: that it came is said in sight too.
    expect(page.locator("#avis")).to_have_text(re.compile(r"^3 · \S+\s: l'échange est là, dans la liste\."))
    page.keyboard.type("ensuite ?")
    expect_open(page, mine)
    expect(area_of(page, mine)).to_have_value("Je vous écouteet ensuite ?")
    expect(area_of(page, two)).to_have_value("")


def withdraw(conversation: Conversation, by: Agent) -> None:
    transfer_actions.withdraw_handover(conversation_id=conversation.pk, by=by)


def test_reason_that_was_given_back_stays_beside_the_next_offer_until_it_is_copied(
    live_site: LiveSite, page: Page, at: Work
):
    """The answer to the next offer has no such reason, or another one, and took the place of the one to be copied."""
    camille, alex = at(an_agent, public_name="Camille", capacity=4), at(an_agent, public_name="Alex", capacity=3)
    at(make_available, alex)
    one, other, two, three = (at(offered, camille, alex) for _each in range(4))
    be_signed_in(page, live_site, alex)
    page.goto(f"{live_site.url}/console/")
    reasons = page.locator("#refus-a-copier textarea")

    def offer(conversation: Conversation) -> Locator:
        return page.locator(f"#offres form[data-opens='{conversation.public_id}']")

    def decline_too_late(conversation: Conversation, why: str) -> None:
        offer(conversation).locator("summary").click()
        offer(conversation).get_by_label("Pourquoi je décline").fill(why)
        held: list[Route] = []
        page.route("**/reponse/", lambda route: held.append(route))
        with page.expect_request("**/reponse/"):
            offer(conversation).get_by_role("button", name="Décliner l'échange").click()
        at(withdraw, conversation, camille)
        held[0].continue_()
        expect(offer(conversation)).to_have_count(0)
        page.unroute("**/reponse/")

    def stand(*words: str) -> None:
        expect(reasons).to_have_count(len(words))
        assert [one.input_value() for one in reasons.all()] == list(words)

    decline_too_late(one, "Je termine.")
    stand("Je termine.")
    decline_too_late(other, "Je n'ai plus de place.")
    stand("Je termine.", "Je n'ai plus de place.")
    labels = page.get_by_label("Votre motif n'a pas été envoyé. Il est ici, à copier.")
    expect(labels).to_have_count(2)  # each has its own
    offer(two).get_by_role("button", name="Prendre l'échange").click()
    expect(offer(two)).to_have_count(0)
    expect_open(page, two)
    stand("Je termine.", "Je n'ai plus de place.")
    reasons.first.evaluate("(area) => area.dispatchEvent(new ClipboardEvent('copy', { bubbles: true }))")
    offer(three).get_by_role("button", name="Prendre l'échange").click()
    expect_open(page, three)
    stand("Je n'ai plus de place.")


def test_exchange_that_was_accepted_is_announced_although_its_frame_comes_last(
    live_site: LiveSite, page: Page, at: Work
):
    """The answer to the form read the exchange first, and its frame then found it known: nothing marked it as new."""
    camille, alex = at(an_agent, public_name="Camille"), at(an_agent, public_name="Alex", capacity=2)
    mine = at(lambda: make.assigned(make_available(alex)))
    one = at(offered, camille, alex)

    def lose(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda text: socket.send(text) if json.loads(text)["type"] != "assigned" else None)

    page.route_web_socket(re.compile("/ws/console/"), lose)
    page.add_init_script(f"({SAID})()")
    be_signed_in(page, live_site, alex)
    page.goto(address(live_site, mine))
    expect(area_of(page, mine)).to_be_editable()
    held: list[Route] = []
    page.route("**/reponse/", lambda route: held.append(route))
    with page.expect_request("**/reponse/"):
        form = page.locator(f"#offres form[data-opens='{one.public_id}']")
        form.get_by_role("button", name="Prendre l'échange").click()
    page.keyboard.type("Je vous ")
    held[0].continue_()
    expect(page.locator("#avis")).to_have_text(re.compile(r"^2 · \S+\s: l'échange est là, dans la liste\."))
    expect_open(page, mine)
    until(page, lambda: any("Nouvel échange, touche 2" in one for one in page.evaluate("window.said")))
    expect(page).to_have_title(re.compile(r"^\(1\) "))


def test_what_was_written_to_somebody_who_left_can_be_read_again(live_site: LiveSite, page: Page, at: Work):
    """A press on its line did nothing once another exchange was on screen."""
    agent, [first, second] = holding(at, 2)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, second))
    area_of(page, second).fill("à reprendre")
    back = f"Alt+{number_of(page, first)}"
    page.keyboard.press(back)
    expect_open(page, first)
    at(lambda: given(second, make.agent(public_name="Louise")))
    line = page.locator("#termines .console-entry__link")
    expect(line).to_have_count(1)
    page.locator("details:has(#termines) > summary").click()
    sign = page.locator("#termines [data-slot=draft]")
    expect(sign).to_have_text("Votre texte, à copier")
    expect(sign).to_be_visible()  # nothing said which line had it
    for _time in range(2):
        line.click()
        expect_open(page, second)
        expect(sign).to_be_hidden()  # it is on screen
        expect(page.locator(f"{OPEN_THREAD} [data-gone]")).to_be_visible()
        expect(area_of(page, second)).to_have_value("à reprendre")
        expect(area_of(page, second)).not_to_be_editable()
        expect(page.get_by_label("Votre texte, à copier", exact=True)).to_have_value("à reprendre")
        expect(area_of(page, second)).to_have_accessible_description("")  # not how to send it
        expect(page.locator(f"{OPEN_THREAD} .console-reply")).not_to_contain_text("Ctrl + Entrée", use_inner_text=True)
        expect(page.locator(f"{OPEN_THREAD} .console-reply [data-key=I]")).to_be_hidden()
        assert str(second.public_id) not in page.url, "its page does not exist any more"
        page.keyboard.press(back)
        expect_open(page, first)
