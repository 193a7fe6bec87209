"""A conversation for browser tests: the person's page, and an agent on a real socket of the console.

It defines the fixtures `enter`, `console` and `nobody_on_duty` for every test of this folder.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import Page
from websockets.sync.client import ClientConnection, connect

from chat.conversations import actions
from chat.models import Agent, Conversation, Message
from chat.rules.lifecycle import Author, Availability, Outcome
from tests.browser.forgetting import forget
from tests.factories import chat as make

if TYPE_CHECKING:
    from tests.browser.conftest import LiveSite

PATIENCE_SECONDS = 30


def items(frame: dict[str, Any]) -> list[dict[str, Any]]:
    return frame["items"] if frame["type"] == "messages" else []


def in_site[T](live_site: "LiveSite", work: Callable[[], T]) -> T:
    """Do this on the site's database, in a thread: actions ring, which they cannot in the thread of Playwright's loop.

    The rings of this process reach nobody, the site having a prefix of its own: what a page must hear of at once is
    done by `live_site.do` or over the console's socket.
    """

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with live_site.database(), ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


def assigned(live_site: "LiveSite", **fields: Any) -> tuple[Agent, Conversation]:
    def work() -> tuple[Agent, Conversation]:
        agent = make.agent(public_name="Camille")
        return agent, make.assigned(agent, **fields)

    return in_site(live_site, work)


def waiting(live_site: "LiveSite", **fields: Any) -> tuple[Agent, Conversation]:
    """Create somebody who waits, and an agent who is there and not available yet."""

    def work() -> tuple[Agent, Conversation]:
        return make.agent(availability=Availability.AWAY, public_name="Camille"), make.waiting(**fields)

    return in_site(live_site, work)


class Console:
    """An agent on the other side, who uses the console's socket as docs/protocol.md says."""

    def __init__(self, line: ClientConnection, conversation: uuid.UUID) -> None:
        self.line = line
        self.conversation = str(conversation)

    def send(self, kind: str, **fields: Any) -> None:
        self.line.send(json.dumps({"type": kind, "conversation": self.conversation, **fields}))

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first frame that satisfies the question; others before it are let go."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            frame = json.loads(self.line.recv(timeout=deadline - time.monotonic()))
            if wanted(frame):
                return frame

    def begin(self) -> None:
        """Wait for the `assigned` frame, and ask for the messages, as a page of the console does.

        The person's page may show the agent before this socket follows the exchange. A message that is sent meanwhile
        is written, and its answer comes with the messages that the page asks for then.
        """
        self.until(lambda frame: frame["type"] == "assigned" and frame["conversation"] == self.conversation)
        self.send("sync", after=0)

    def say(self, body: str) -> None:
        client_id = str(uuid.uuid4())
        self.send("post", client_id=client_id, body=body)
        self.until(lambda frame: any(item["client_id"] == client_id for item in items(frame)))

    def hear(self, body: str) -> int:
        """Wait for a message of the person; its number."""
        frame = self.until(lambda frame: any(item["body"] == body for item in items(frame)))
        return next(item["seq"] for item in frame["items"] if item["body"] == body)


@pytest.fixture
def nobody_on_duty(live_site) -> None:
    """Move agents and conversations of the tests before out of the way."""
    with live_site.database():
        Agent.objects.update(availability=Availability.AWAY, seen_at=None)
        forget(Conversation)


@pytest.fixture
def console(live_site, nobody_on_duty) -> Callable[..., Any]:
    """Give `with console(agent, conversation) as agent:`, which signs the agent in on the console's socket."""

    from tests.chat.sockets import signed_in  # this imports the application, which pytest may not do at its start

    @contextmanager
    def sign_in(agent: Agent, conversation: Conversation) -> Iterator[Console]:
        with live_site.database():
            key = signed_in(agent)
        address = live_site.url.replace("http", "ws") + "/ws/console/"
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}
        with connect(address, additional_headers=headers, origin=live_site.url) as line:  # type: ignore[arg-type]
            yield Console(line, conversation.public_id)

    return sign_in


@pytest.fixture
def enter(live_site, page_factory, nobody_on_duty) -> Callable[..., Page]:
    """Give `enter(conversation, **page options)`: the page of the visit that opened this conversation."""

    from tests.chat.sockets import visit

    def make_page(conversation: Conversation, *, before: Callable[[Page], None] | None = None, **options: Any) -> Page:
        with live_site.database():
            key = visit(conversation)
        page = page_factory(**options)
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
        if before:
            before(page)
        page.goto(live_site.url + "/tchat/")
        return page

    return make_page


def bodies(live_site, conversation: Conversation) -> list[str]:
    with live_site.database():
        lines = Message.objects.filter(conversation=conversation).select_related("conversation")
        return [message.body for message in lines if message.author == "reporter"]


def write(page: Page, body: str) -> None:
    page.get_by_label("Votre message").fill(body)
    page.get_by_role("button", name="Envoyer").click()


def own(page: Page) -> Any:
    return page.locator("#messages > [data-author=reporter]")


def available(live_site, agent: Agent) -> None:
    """Let the agent say so, in the process of the site: the queue moves and every socket hears of it."""
    live_site.do(actions.set_availability, agent_id=agent.pk, availability=Availability.AVAILABLE)


def close(live_site: "LiveSite", agent: Agent, conversation: Conversation) -> None:
    """Let the agent end the exchange."""
    live_site.do(
        actions.close_conversation,
        conversation_id=conversation.pk,
        by_author=Author.AGENT,
        by=agent.user,
        outcome=Outcome.ADVISED,
    )
