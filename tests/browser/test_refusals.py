"""A message that is refused is shown with its true reason, and with its text where the agent can go on with it."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from chat.conversations import actions
from chat.models import Conversation
from chat.rules.lifecycle import Author, Outcome
from chat.supervision import intervention
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
from tests.browser.test_console_line import ANSWER_MS, BEAT_MS, until_connected
from tests.browser.wire import Wire
from tests.factories import chat as make

pytestmark = pytest.mark.slow
REFUSED = f"{OPEN_THREAD} [data-refused]"


@pytest.fixture
def wire() -> Wire:
    return Wire("/ws/console/", frames="**/console/trames/")


@pytest.fixture
def conversation(live_site: LiveSite, page: Page, at: Work, wire: Wire) -> Conversation:  # noqa: F811
    """Give an exchange on the screen of an agent whose line the test holds."""
    agent = at(an_agent)
    given: Conversation = at(lambda: make.assigned(make_available(agent)))
    wire.hold(page)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{given.public_id}/")
    until_connected(page, wire)
    return given


def test_text_that_cannot_be_kept_stays_in_the_reply_with_its_reason(page: Page, conversation, wire: Wire):
    area, error = page.locator(f"{OPEN_THREAD} textarea[name=body]"), page.locator(f"{OPEN_THREAD} [data-error]")
    # Characters that a browser accepts from the keyboard or the clipboard, and that the exchange cannot store.
    for body in ("un nul \0 ici", "une moitié \ud83d de signe"):
        area.evaluate(f"(area) => {{ area.value = {json_text(body)} }}")
        area.press("Control+Enter")
        expect(error).to_have_text(re.compile("un caractère qui ne peut pas être gardé"))
        expect(area).to_have_attribute("aria-invalid", "true")
        assert area.evaluate("(area) => area.value.length") == len(body.encode("utf-16-le", "surrogatepass")) // 2
    assert wire.posts() == []
    # Four thousand characters that take six bytes each in the frame: only the server knows that this is too much.
    area.evaluate("(area) => { area.value = 'a' + '\\u0001'.repeat(3998) + 'b' }")
    area.press("Control+Enter")
    expect(error).to_have_text(re.compile(r"Le message est trop long"))
    assert area.evaluate("(area) => area.value.length") == 4000
    expect(page.locator(REFUSED)).to_have_count(0)
    area.fill("Plus court.")
    expect(error).to_be_hidden()
    area.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent] [data-slot=state]")).to_have_text("Envoyé")


def json_text(text: str) -> str:
    return "'" + "".join(f"\\u{ord(sign):04x}" for sign in text) + "'"


def test_text_that_is_refused_while_another_is_written_comes_back_by_one_press(page: Page, conversation, wire: Wire):
    held: list[dict[str, str]] = []

    def keep(frame):
        if frame["type"] != "post":
            return None
        held.append(frame)
        # An exchange that does not exist: the message has no answer yet.
        return {"type": "typing", "conversation": str(uuid.uuid4())}

    wire.answers = keep
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("refusé d'abord")
    area.press("Control+Enter")
    area.fill("déjà la suite")
    wire.answers = lambda frame: (
        {"type": "error", "code": "bad_frame", "detail": "", "client_id": frame["client_id"]}
        if frame["type"] == "post"
        else None
    )
    page.clock.fast_forward(10_000)  # without an answer it is sent again, on another line
    refused = page.locator(REFUSED)
    expect(refused.locator("[data-slot=state]")).to_have_text(re.compile("un caractère qui ne peut pas être gardé"))
    expect(area).to_have_value("déjà la suite")
    refused.get_by_role("button", name="Remettre dans la réponse").click()
    expect(area).to_have_value("déjà la suite\n\nrefusé d'abord")
    expect(area).to_be_focused()
    expect(page.locator(REFUSED)).to_have_count(0)


def given_to_another(conversation: Conversation) -> None:
    chief = make.agent(role=Role.SUPERVISOR)
    other = make.agent(public_name="Louise")
    intervention.reassign(conversation_id=conversation.pk, by=chief, agent_id=other.pk, motive="équilibrer")


def ended_by_the_person(conversation: Conversation) -> None:
    actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER, outcome=Outcome.LEFT)


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (given_to_another, r"Non envoyé\s: l'échange ne vous est plus confié"),
        (ended_by_the_person, r"Non envoyé\s: l'échange est terminé"),
    ],
)
def test_what_was_kept_while_the_line_was_down_says_why_it_did_not_leave(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    conversation,
    wire: Wire,
    happens,
    why,
):
    wire.die()
    wire.refuses = True
    page.clock.fast_forward(BEAT_MS)
    page.clock.fast_forward(ANSWER_MS)
    expect(page.locator("#coupure")).to_be_visible()
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Gardé pendant la coupure.")
    area.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-pending]")).to_have_count(1)
    at(happens, conversation)
    wire.refuses = False
    page.clock.fast_forward(31_000)
    refused = page.locator(REFUSED)
    expect(refused.locator("[data-slot=state]")).to_have_text(re.compile(why))
    expect(refused.locator("[data-slot=body]")).to_have_text("Gardé pendant la coupure.")
    expect(refused.get_by_role("button", name="Remettre dans la réponse")).to_be_hidden()
    refused.get_by_role("button", name="Sélectionner le texte").click()
    expect(page.locator("#annonces")).to_contain_text("Texte sélectionné")
    assert page.evaluate("getSelection().toString()").strip() == "Gardé pendant la coupure."
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{live_site.url}/console/aide/")
    assert asked == ["beforeunload"], "no other place has these words"


def given_back(conversation: Conversation) -> None:
    chief = make.agent(role=Role.SUPERVISOR)
    agent = conversation.assigned_to_id
    assert agent is not None
    intervention.reassign(conversation_id=conversation.pk, by=chief, agent_id=agent, motive="équilibrer")


def test_refused_message_waits_for_a_person_who_comes_back(
    page: Page,
    at: Work,  # noqa: F811
    conversation,
    wire: Wire,
):
    """It vanished with the thread that was drawn again, and no other place had it."""
    wire.die()
    wire.refuses = True
    page.clock.fast_forward(BEAT_MS)
    page.clock.fast_forward(ANSWER_MS)
    expect(page.locator("#coupure")).to_be_visible()
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Gardé pendant la coupure.")
    area.press("Control+Enter")
    at(given_to_another, conversation)
    wire.refuses = False
    page.clock.fast_forward(31_000)
    expect(page.locator(REFUSED)).to_have_count(1)
    at(given_back, conversation)
    refused = page.locator(REFUSED)
    expect(refused.locator("[data-slot=state]")).to_have_text(
        re.compile(r"Non envoyé\s: l'échange ne vous était plus confié")
    )
    refused.get_by_role("button", name="Remettre dans la réponse").click()
    expect(area).to_have_value("Gardé pendant la coupure.")
    expect(page.locator(REFUSED)).to_have_count(0)
    area.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent] [data-slot=state]")).to_have_text("Envoyé")


def test_message_that_was_stored_is_refused_no_more_when_its_person_comes_back(
    page: Page,
    at: Work,  # noqa: F811
    conversation,
    wire: Wire,
):
    """Its answer was lost, and it would have been sent twice."""
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    own = page.locator(f"{OPEN_THREAD} [data-author=agent]")
    area.fill("Oui.")
    area.press("Control+Enter")
    expect(own.locator("[data-slot=state]")).to_have_text("Envoyé")
    wire.loses = lambda frame: frame["type"] == "messages"
    for words in ("Arrivé.", "Oui."):  # the second has the words of one that was sent before
        area.fill(words)
        area.press("Control+Enter")
    written = conversation.messages.filter(author=Author.AGENT)
    for _each in range(600):
        if at(written.count) == 2:  # one at a time: the second waits for the answer to the first
            break
        page.wait_for_timeout(50)
    at(given_to_another, conversation)
    expect(page.locator(REFUSED)).to_have_count(2)
    wire.loses = lambda _frame: False
    at(given_back, conversation)
    expect(own.filter(has_text="Arrivé.")).to_have_count(1)
    expect(page.locator(REFUSED)).to_have_count(1)
    expect(page.locator(REFUSED)).to_contain_text("Oui.")
