"""Answers that one tap gives, on a line on which readings overtake each other."""

import pytest
from playwright.sync_api import APIResponse, Route, WebSocketRoute, expect

from chat.casework import proposals
from chat.conversations import actions as conversation_actions
from chat.models import Conversation
from chat.rules.lifecycle import Author
from tests.browser.conftest import LiveSite
from tests.browser.exchange import assigned, in_site
from tests.factories import chat as make

pytestmark = pytest.mark.slow

# The form stays on screen. It covered the edge of the buttons, and of what is said in their place all but a line.
ABOVE_THE_FORM = """() => {
  const [answers, form] = ["answers", "compose-bar"].map((id) => document.getElementById(id).getBoundingClientRect());
  return answers.height > 0 && answers.top > 0 && answers.bottom <= form.top;
}"""


def ask(conversation: Conversation, text: str) -> None:
    by = conversation.assigned_to.user
    proposals.ask_question(conversation_id=conversation.pk, text=text, answers=("Oui", "Non"), by=by)


def note_said(site: LiveSite, conversation: Conversation) -> None:
    asked_id = in_site(site, lambda: conversation.proposals.latest("pk").asked_id)
    by = in_site(site, lambda: conversation.assigned_to.user)
    site.do(proposals.record_said, conversation_id=conversation.pk, asked_id=asked_id, said="yes", by=by)


def test_question_that_was_answered_while_it_was_read_does_not_come_back(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, width=360, height=640)
    in_site(live_site, lambda: ask(conversation, "Êtes-vous à l'abri ?"))
    answers = page.get_by_role("group", name="Réponses en un geste")
    expect(answers.get_by_role("button")).to_have_count(2)
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/tchat/reponses/", lambda route: held.append((route, route.fetch())))
    with page.expect_request("**/tchat/reponses/"):  # a line of Pnav's own may change what is beside the thread
        in_site(live_site, lambda: make.message(conversation, "Ligne de Pnav", Author.SYSTEM))
    while not held:
        page.wait_for_timeout(50)
    answers.get_by_role("button", name="Oui").click()
    expect(answers).to_be_hidden()
    [(route, response)] = held
    assert response.json()["question"]["answers"] == ["Oui", "Non"], "it was read before the answer"
    with page.expect_response("**/tchat/reponses/") as shown:
        route.fulfill(response=response)
    shown.value.finished()
    page.wait_for_timeout(200)
    expect(answers).to_be_hidden()
    page.unroute("**/tchat/reponses/")
    in_site(live_site, lambda: ask(conversation, "Et maintenant ?"))
    expect(answers.get_by_role("button")).to_have_count(2)  # the next question is shown
    page.locator("#body").focus()
    note_said(live_site, conversation)
    expect(answers).to_be_hidden()
    expect(page.locator("#body")).to_be_focused()


def test_answers_go_when_the_agent_notes_what_was_said(live_site, enter):
    """The page kept its buttons until it was loaded again, and they could contradict what was noted."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, width=360, height=640)
    in_site(live_site, lambda: ask(conversation, "Êtes-vous à l'abri ?"))
    answers = page.get_by_role("group", name="Réponses en un geste")
    expect(answers.get_by_role("button")).to_have_count(2)
    answers.get_by_role("button", name="Oui").focus()
    note_said(live_site, conversation)
    expect(answers).to_be_hidden()
    # Whoever was on one of them with a keyboard or a screen reader stays at the question, and hears why they went.
    expect(page.locator("#messages > li").last.locator("[data-part=body]")).to_be_focused()
    expect(page.locator("#voice")).to_contain_text("Cette question n'attend plus de réponse.")


def test_answers_go_when_the_hour_of_the_appointment_passes_in_an_open_page(live_site, enter):
    """The page offered « Oui » until it was loaded again. It says why they went, and the focus stays in the thread."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, width=360, height=640)
    answers = page.get_by_role("group", name="Réponses en un geste")
    why = page.locator("#answers [data-past]")

    def soon(route: Route) -> None:
        response = route.fetch()
        told = response.json()
        if told["question"]:
            told["question"]["ends_in"] = 5
        route.fulfill(response=response, json=told)

    page.route("**/tchat/reponses/", soon)
    in_site(live_site, lambda: ask(conversation, "Demain à 9 h, cela vous convient-il ?"))
    answers.get_by_role("button", name="Oui").focus()
    expect(why).to_be_hidden()
    page.wait_for_function(ABOVE_THE_FORM)
    expect(why).to_be_visible(timeout=15_000)
    page.wait_for_function(ABOVE_THE_FORM)
    expect(answers.get_by_role("button")).to_have_count(0)
    expect(page.locator("#messages > li").last.locator("[data-part=body]")).to_be_focused()
    expect(page.locator("#voice")).to_contain_text("Pour un autre moment, écrivez un message.")


TIMERS = """() => {
    window.passed = new Map();
    const [set, clear] = [window.setTimeout, window.clearTimeout];
    window.setTimeout = (act, ms, ...rest) => {
        const id = set(act, ms, ...rest);
        if (ms === 600_000) passed.set(id, act);
        return id;
    };
    window.clearTimeout = (id) => { if (!window.isDeaf) passed.delete(id); clear(id); };
}"""


@pytest.mark.parametrize("has_ended", [False, True])
def test_hour_of_an_appointment_is_told_once_and_not_after_the_end(live_site, enter, has_ended):
    """A device that slept told it at the press, and once more when its timer came."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, width=360, height=640)
    answers = page.get_by_role("group", name="Réponses en un geste")

    def later(route: Route) -> None:
        response = route.fetch()
        told = response.json()
        if told["question"]:
            told["question"]["ends_in"] = 600
        route.fulfill(response=response, json=told)

    page.evaluate(TIMERS)
    page.route("**/tchat/reponses/", later)
    in_site(live_site, lambda: ask(conversation, "Demain à 9 h, cela vous convient-il ?"))
    expect(answers.get_by_role("button")).to_have_count(2)
    assert page.evaluate("passed.size") == 1
    why = page.locator("#answers [data-past]")
    if has_ended:
        page.evaluate("window.isDeaf = true")  # the timer is due already
        end = {"conversation_id": conversation.pk, "by_author": Author.REPORTER}
        live_site.do(conversation_actions.close_conversation, **end)
        expect(page.locator("#body")).to_be_hidden()
        page.evaluate("for (const act of passed.values()) act()")
        assert why.evaluate("told => told.hidden")
        return
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 601_000; }")
    answers.get_by_role("button", name="Oui").click()
    expect(why).to_be_visible()
    assert page.evaluate("passed.size") == 0


def test_two_tabs_that_answer_at_once_both_show_the_answer_that_was_stored(live_site, enter):
    """The second one went on showing its own « Non » as sent, while the agent had read « Oui »."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    other = page.context.new_page()
    line = {"is_held": False, "held": []}

    def carry(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda frame: line["held"].append(frame) if line["is_held"] else socket.send(frame))
        line["send"] = socket.send

    other.route_web_socket("**/ws/conversation/", carry)
    other.goto(page.url)
    in_site(live_site, lambda: ask(conversation, "Êtes-vous à l'abri ?"))
    one, two = (tab.get_by_role("group", name="Réponses en un geste") for tab in (page, other))
    expect(two.get_by_role("button")).to_have_count(2)
    line["is_held"] = True  # the line of this tab is slow
    one.get_by_role("button", name="Oui").click()
    expect(page.locator("#messages > li").last).to_contain_text("Envoyé")
    two.get_by_role("button", name="Non").click()
    line["is_held"] = False
    for frame in line["held"]:
        line["send"](frame)
    last = other.locator("#messages > li").last
    expect(last).to_contain_text("Envoyé")
    expect(last.locator("[data-part=body]")).to_have_text("Oui")
    expect(other.locator("#voice")).to_contain_text("Vous. Oui")
