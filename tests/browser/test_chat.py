"""The exchange in a real browser: a person on the page, an agent on a real socket of the console."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from playwright.sync_api import Page, expect
from websockets.sync.client import ClientConnection, connect

from chat import actions
from chat.lifecycle import Availability, Status
from chat.models import Agent, Conversation, Message
from tests.browser.conftest import PATIENCE_MS, LiveSite
from tests.chat.sockets import signed_in, visit
from tests.factories import chat as make

OFFLINE = "Connexion interrompue. Vos messages sont gardés et partiront dès le retour."


def items(frame: dict[str, Any]) -> list[dict[str, Any]]:
    return frame["items"] if frame["type"] == "messages" else []


def in_site[T](live_site: LiveSite, work: Callable[[], T]) -> T:
    """Do this on the site's database, in a thread: actions ring, which they cannot in the thread of Playwright's loop.

    The rings of this process reach nobody, the site having a prefix of its own: what a page must hear of at once is
    done by `live_site.manage` or over the console's socket.
    """

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with live_site.database(), ThreadPoolExecutor(1) as thread:
        return thread.submit(run).result()


def assigned(live_site: LiveSite, **fields: Any) -> tuple[Agent, Conversation]:
    def work() -> tuple[Agent, Conversation]:
        agent = make.agent(public_name="Camille")
        return agent, make.assigned(agent, **fields)

    return in_site(live_site, work)


def waiting(live_site: LiveSite, **fields: Any) -> tuple[Agent, Conversation]:
    """Somebody waits, and an agent who is there is not available yet."""

    def work() -> tuple[Agent, Conversation]:
        return make.agent(availability=Availability.AWAY, public_name="Camille"), make.waiting(**fields)

    return in_site(live_site, work)


class Console:
    """An agent at the other end: the console's socket, as docs/protocol.md says."""

    def __init__(self, line: ClientConnection, conversation: uuid.UUID) -> None:
        self.line = line
        self.conversation = str(conversation)

    def send(self, kind: str, **fields: Any) -> None:
        self.line.send(json.dumps({"type": kind, "conversation": self.conversation, **fields}))

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first frame that satisfies the question; others before it are let go."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while True:
            frame = json.loads(self.line.recv(timeout=deadline - time.monotonic()))
            if wanted(frame):
                return frame

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
    """Agents and conversations of the tests before are out of the way."""
    with live_site.database():
        Agent.objects.update(availability=Availability.AWAY, seen_at=None)
        Conversation.objects.filter(status=Status.WAITING).update(status=Status.ABANDONED)


@pytest.fixture
def console(live_site, nobody_on_duty) -> Callable[..., Any]:
    """`with console(agent, conversation) as agent:` signs the agent in on the console's socket."""

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
    """`enter(conversation, **page options)`: the page of the visit that opened this conversation."""

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
    """The agent says so, in a process of the site: the queue moves and every socket hears of it."""
    live_site.manage(
        "shell",
        "-c",
        f"from chat import actions; actions.set_availability(agent_id={agent.pk}, availability='available')",
    )


def close(live_site: LiveSite, agent: Agent, conversation: Conversation) -> None:
    """The agent ends the exchange."""
    live_site.manage(
        "shell",
        "-c",
        "from chat import actions; from pnav.accounts.models import User;"
        f"actions.close_conversation(conversation_id={conversation.pk}, by_author='agent',"
        f" by=User.objects.get(pk={agent.user_id}), outcome='advised')",
    )


def test_person_waits_then_talks_and_the_exchange_ends(live_site, enter, console, axe):
    agent, conversation = waiting(live_site)
    page = enter(conversation)
    expect(page.get_by_role("heading", level=1)).to_have_text("Quelqu’un va vous répondre")
    expect(page.get_by_text("Vous êtes la prochaine personne.")).to_be_visible()
    expect(page.get_by_text("Aucun agent n'est disponible en ce moment.")).to_be_visible()
    expect(page.get_by_role("link", name="Appeler le 116 006").first).to_be_visible()

    # What is written while waiting is kept, and read by whoever answers.
    page.get_by_label("Vous pouvez déjà écrire").fill("J'ai peur d'aller au lycée")
    page.get_by_role("button", name="Envoyer").click()
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")

    with console(agent, conversation) as camille:
        available(live_site, agent)
        # Waiting becomes an exchange without the page being loaded again.
        expect(page.get_by_role("heading", level=1)).to_have_text("Vous parlez avec Camille, police nationale")
        expect(page).to_have_title(re.compile("^Échange en cours"))
        expect(page.get_by_text("Aucun agent n'est disponible en ce moment.")).to_be_hidden()
        camille.send("sync", after=0)
        seq = camille.hear("J'ai peur d'aller au lycée")
        camille.send("read", seq=seq)
        expect(own(page).locator("[data-part=state]")).to_have_text("Lu")
        camille.send("typing")
        expect(page.get_by_text("Camille, police nationale écrit…")).to_be_visible()
        body = "Bonjour, vous êtes en sécurité ?\n<b>Prenez</b> votre temps."
        camille.say(body)
        last = page.locator("#messages > li").last
        expect(last.locator("[data-part=name]")).to_have_text("Camille, police nationale")
        expect(last.locator("[data-part=body]")).to_have_text(
            "Bonjour, vous êtes en sécurité ?\n<b>Prenez</b> votre temps."
        )
        expect(page.get_by_text("écrit…")).to_have_count(0)
        camille.until(lambda frame: frame["type"] == "read" and frame["author"] == "reporter")

        page.get_by_label("Votre message").press_sequentially("Oui")
        camille.until(lambda frame: frame["type"] == "typing" and frame["author"] == "reporter")
        page.keyboard.press("Control+Enter")
        camille.hear("Oui")
        expect(own(page).last.locator("[data-part=state]")).to_have_text("Envoyé")
        expect(page.locator("#body")).to_be_focused()
        axe(page)

        close(live_site, agent, conversation)
    expect(page.get_by_role("heading", level=1)).to_have_text("L’échange est terminé")
    expect(page.get_by_role("heading", name="Et maintenant ?")).to_be_visible()
    expect(page.get_by_label("Votre message")).to_be_hidden()
    axe(page)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("L’échange est terminé")
    assert bodies(live_site, conversation) == ["J'ai peur d'aller au lycée", "Oui"]


def test_agent_lost_gives_the_place_back_and_another_one_comes(live_site, enter):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    write(page, "vous êtes là ?")
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    with live_site.database():
        Agent.objects.filter(pk=agent.pk).update(seen_at=make.long_ago(5))
    live_site.manage("run_worker", "--ticks", "1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Quelqu’un va vous répondre")
    expect(page.get_by_text("La connexion avec votre interlocuteur est perdue.")).to_be_visible()
    expect(page.get_by_text("Vous êtes la prochaine personne.")).to_be_visible()
    in_site(live_site, lambda: make.agent(public_name="Louise", force="gendarmerie"))
    live_site.manage("run_worker", "--ticks", "1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vous parlez avec Louise, gendarmerie nationale")
    expect(own(page).locator("[data-part=body]")).to_have_text("vous êtes là ?")


def test_person_further_down_the_page_is_told_and_nothing_moves(live_site, enter, console, axe):
    agent, conversation = waiting(live_site)
    page = enter(conversation, width=360, height=740)
    expect(page.get_by_role("link", name="Actualiser")).to_be_hidden()
    button = page.get_by_role("button", name="Créer un code de reprise")
    button.evaluate("node => window.scrollBy(0, node.getBoundingClientRect().top - 200)")

    def top() -> float:
        return button.evaluate("node => node.getBoundingClientRect().top")

    page.wait_for_function("document.getElementById('fin').getBoundingClientRect().bottom < 0")
    before = top()
    with console(agent, conversation) as camille:
        available(live_site, agent)
        notice = page.get_by_role("button", name="Camille est là")
        expect(notice).to_be_in_viewport(ratio=1)
        assert abs(top() - before) < 2
        camille.send("sync", after=0)
        camille.say("Bonjour, je vous lis.")
        notice = page.get_by_role("button", name="Nouveau message")
        expect(notice).to_be_in_viewport(ratio=1)
        assert abs(top() - before) < 2
        axe(page)
        notice.click()
        last = page.locator("#messages > li").last
        expect(last).to_contain_text("Bonjour, je vous lis.")
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport(ratio=1)
        expect(page.get_by_label("Votre message")).to_be_in_viewport(ratio=1)
        expect(notice).to_be_hidden()

        # At the end, what comes is simply shown.
        camille.say("Prenez votre temps.")
        expect(page.locator("#messages > li").last).to_be_in_viewport(ratio=1)
        expect(page.locator("#messages > li").last).to_contain_text("Prenez votre temps.")
        expect(page.locator("#notice")).to_be_hidden()


def test_discreet_notice_names_nobody(live_site, enter):
    agent, conversation = waiting(live_site, discreet=True)
    page = enter(conversation, width=360, height=740)
    expect(page.get_by_role("link", name="Actualiser")).to_be_hidden()
    button = page.get_by_role("button", name="Créer un code de reprise")
    button.evaluate("node => window.scrollBy(0, node.getBoundingClientRect().top - 200)")
    page.wait_for_function("document.getElementById('fin').getBoundingClientRect().bottom < 0")
    available(live_site, agent)
    expect(page.locator("#notice")).to_be_in_viewport(ratio=1)
    expect(page.locator("#notice")).to_have_text("Nouveau message")


def test_text_begun_when_the_exchange_ends_stays_to_be_copied(live_site, enter):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_label("Votre message").fill("Je voulais dire")
    close(live_site, agent, conversation)
    expect(page.get_by_role("heading", level=1)).to_have_text("L’échange est terminé")
    expect(page.get_by_label("Votre message")).to_have_value("Je voulais dire")
    expect(page.get_by_label("Votre message")).not_to_be_editable()
    expect(page.locator("#body-error")).to_have_text(
        "L'échange s'est terminé avant l'envoi. Vous pouvez copier votre texte."
    )


def test_network_cut_loses_nothing_and_doubles_nothing(live_site, enter, console):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    with console(agent, conversation) as camille:
        write(page, "avant")
        camille.hear("avant")
        page.context.set_offline(True)
        expect(page.get_by_text(OFFLINE)).to_be_visible()
        write(page, "pendant 1")
        write(page, "pendant 2")
        expect(own(page).nth(1).locator("[data-part=state]")).to_have_text("Gardé, partira dès que possible")
        page.wait_for_event("websocket").wait_for_event("socketerror")  # tried in vain
        camille.say("Vous êtes toujours là ?")
        expect(page.get_by_text("Vous êtes toujours là ?")).to_have_count(0)
        page.context.set_offline(False)
        expect(page.get_by_text("Connexion rétablie.")).to_be_visible()
        camille.hear("pendant 2")
        expect(own(page).locator("[data-part=state]")).to_have_text(["Envoyé", "Envoyé", "Envoyé"])
        expect(page.get_by_text("Vous êtes toujours là ?")).to_have_count(1)
        write(page, "après")
        camille.hear("après")
    assert bodies(live_site, conversation) == ["avant", "pendant 1", "pendant 2", "après"]
    assert page.locator("#messages > li").evaluate_all("nodes => nodes.map((node) => node.dataset.seq)") == [
        "1", "2", "3", "4", "5", "6",
    ]  # fmt: skip


def test_acknowledgement_lost_with_the_line_is_not_a_second_message(live_site, enter, console):
    agent, conversation = assigned(live_site)

    def deafen(page: Page) -> None:
        """The first socket carries what is sent, and loses every answer to a message before it breaks."""
        page.add_init_script(
            """
            const Real = WebSocket;
            let count = 0;
            window.WebSocket = class extends Real {
              constructor(url) { super(url); this.first = count++ === 0; }
              set onmessage(hear) {
                super.onmessage = (event) => {
                  if (this.first && JSON.parse(event.data).items?.length) { this.close(); return; }
                  hear(event);
                };
              }
            };
            """
        )

    page = enter(conversation, before=deafen)
    with console(agent, conversation) as camille:
        expect(page.get_by_role("link", name="Actualiser")).to_be_hidden()
        write(page, "une seule fois")
        camille.hear("une seule fois")
        expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    assert bodies(live_site, conversation) == ["une seule fois"]
    expect(own(page)).to_have_count(1)


def test_blocked_sockets_fall_back_to_requests(live_site, enter, console):
    agent, conversation = assigned(live_site)

    def block(page: Page) -> None:
        page.add_init_script(
            """
            window.WebSocket = class {
              static OPEN = 1;
              constructor() { this.readyState = 3; setTimeout(() => this.onclose({ code: 1006 }), 20); }
              close() {}
            };
            """
        )

    page = enter(conversation, before=block)
    with console(agent, conversation) as camille:
        expect(page.get_by_role("link", name="Actualiser")).to_be_hidden()
        write(page, "par le chemin lent")
        camille.hear("par le chemin lent")
        expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
        camille.say("Je vous lis")
        expect(page.get_by_text("Je vous lis")).to_be_visible()
        camille.until(lambda frame: frame["type"] == "read" and frame["author"] == "reporter")
        expect(page.get_by_text("Connexion interrompue.")).to_be_hidden()

        # And when requests fail too.
        page.context.set_offline(True)
        expect(page.get_by_text(OFFLINE)).to_be_visible()
        write(page, "gardé")
        page.wait_for_event("requestfailed")  # tried in vain
        page.context.set_offline(False)
        camille.hear("gardé")
    expect(own(page).locator("[data-part=state]")).to_have_text(["Envoyé", "Envoyé"])
    assert bodies(live_site, conversation) == ["par le chemin lent", "gardé"]


def test_server_that_cannot_write_is_asked_again(live_site, enter):
    _agent, conversation = assigned(live_site)
    posted: list[str] = []

    def intercept(page: Page) -> None:
        def serve(socket: Any) -> None:
            server = socket.connect_to_server()

            def from_page(text: str) -> None:
                frame = json.loads(text)
                if frame["type"] == "post":
                    posted.append(frame["client_id"])
                if len(posted) == 1 and frame["type"] == "post":
                    answer = {"type": "error", "code": "unavailable", "detail": "", "client_id": frame["client_id"]}
                    socket.send(json.dumps(answer))
                else:
                    server.send(text)

            socket.on_message(from_page)

        page.route_web_socket(re.compile("/ws/conversation/"), serve)

    page = enter(conversation, before=intercept)
    write(page, "encore")
    expect(own(page).locator("[data-part=state]")).to_have_text("Gardé, partira dès que possible")
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    assert len(posted) == 2 and posted[0] == posted[1]
    assert bodies(live_site, conversation) == ["encore"]


def test_place_given_up_while_away_is_taken_back(live_site, enter):
    _agent, conversation = waiting(live_site)
    page = enter(conversation)
    expect(page.get_by_role("link", name="Actualiser")).to_be_hidden()
    with live_site.database():
        Conversation.objects.filter(pk=conversation.pk).update(status=Status.ABANDONED)
    page.context.set_offline(True)
    expect(page.get_by_text(OFFLINE)).to_be_visible()
    page.get_by_label("Vous pouvez déjà écrire").fill("je suis revenue")
    page.get_by_role("button", name="Envoyer").click()
    page.context.set_offline(False)
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    with live_site.database():
        assert Conversation.objects.get(pk=conversation.pk).status == Status.WAITING


def test_visit_that_ended_elsewhere_says_so_and_keeps_the_text(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    other = page.context.new_page()
    other.goto(live_site.url + "/tchat/")
    page.get_by_label("Votre message").fill("pas encore envoyé")
    other.get_by_role("button", name="Quitter rapidement", exact=True).click()
    other.wait_for_url(re.compile("^(?!.*tchat)"))
    page.context.set_offline(True)  # the next line is opened without a visit
    page.context.set_offline(False)
    expect(page.get_by_text("Votre visite a pris fin sur cet appareil.")).to_be_visible()
    expect(page.get_by_role("link", name="Reprendre avec un code")).to_be_visible()
    expect(page.get_by_label("Votre message")).to_have_value("pas encore envoyé")


def test_title_counts_what_arrives_in_another_tab(live_site, enter, console):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    title = page.title()
    expect(page.get_by_role("link", name="Actualiser")).to_be_hidden()
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { get: () => window.away !== false });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    with console(agent, conversation) as camille:
        camille.say("Êtes-vous là ?")
        expect(page).to_have_title(f"(1) {title}")
        with live_site.database():
            assert Conversation.objects.get(pk=conversation.pk).reporter_read_seq < 2  # nobody saw it
        page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")
        expect(page).to_have_title(title)
        camille.until(lambda frame: frame["type"] == "read" and frame["seq"] == 2)


def test_discreet_title_never_changes(live_site, enter, console):
    agent, conversation = assigned(live_site, discreet=True)
    page = enter(conversation)
    page.evaluate("() => Object.defineProperty(document, 'hidden', { get: () => true })")
    with console(agent, conversation) as camille:
        camille.say("Êtes-vous là ?")
        expect(page.get_by_text("Êtes-vous là ?")).to_be_attached()
        assert page.title() == "Informations"
        expect(page.locator("#messages > li").last.locator("[data-part=name]")).to_have_text("Interlocuteur")


def test_empty_and_too_long_messages_say_why_beside_the_field(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#body-error")).to_have_text("Le message est vide. Écrivez quelques mots, puis envoyez.")
    expect(page.locator("#body")).to_be_focused()
    expect(page.get_by_label("Votre message")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Votre message").fill("é" * 3699)
    expect(page.locator("#body-count")).to_be_empty()
    write(page, "é" * 4001)
    expect(page.locator("#body-count")).to_have_text("4001 caractères sur 4 000")
    expect(page.locator("#body-error")).to_contain_text("Le message est trop long")
    expect(page.get_by_label("Votre message")).to_have_value("é" * 4001)
    write(page, "😀" * 4000)
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    expect(page.locator("#body-error")).to_be_hidden()
    assert bodies(live_site, conversation) == ["😀" * 4000]


def test_code_is_shown_without_leaving_what_is_being_typed(live_site, enter, page_factory):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_label("Votre message").fill("à moitié écrit")
    page.get_by_role("button", name="Créer un code de reprise").click()
    code = page.locator("#code")
    expect(code).to_have_text(re.compile(r"^\S+( \S+){4}$"))
    expect(page.locator("#code-until")).to_contain_text("(heure de Paris)")
    expect(page.get_by_label("Votre message")).to_have_value("à moitié écrit")
    first = code.text_content()
    expect(page.get_by_text("Il remplace le précédent.")).to_be_visible()
    page.get_by_role("button", name="Créer un nouveau code").click()
    expect(code).not_to_have_text(first)
    expect(page.get_by_role("button", name="Créer un nouveau code")).to_be_visible()

    elsewhere = page_factory(javascript=False, width=320)
    elsewhere.goto(live_site.url + "/tchat/reprendre/")
    elsewhere.get_by_label("Code de reprise").fill(first)
    elsewhere.get_by_role("button", name="Reprendre", exact=True).click()
    expect(elsewhere.get_by_text("Ces mots n'ouvrent aucun échange.")).to_be_visible()
    expect(elsewhere.get_by_label("Code de reprise")).to_be_focused()
    elsewhere.get_by_label("Code de reprise").fill(code.text_content().upper())
    elsewhere.get_by_role("button", name="Reprendre", exact=True).click()
    expect(elsewhere.get_by_role("heading", level=1)).to_contain_text("Vous parlez avec")


def test_whole_exchange_without_javascript(live_site, enter, console, axe):
    agent, conversation = waiting(live_site)
    page = enter(conversation, javascript=False, width=320, height=640)
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Vous êtes la prochaine personne.")).to_be_visible()
    expect(page.locator("#position")).to_be_hidden()  # only a script could keep it true
    page.get_by_label("Vous pouvez déjà écrire").fill("J'écris sans script")
    page.get_by_role("button", name="Envoyer").click()
    page.wait_for_url("**/tchat/#fin")
    expect(own(page).locator("[data-part=body]")).to_have_text("J'écris sans script")

    with console(agent, conversation) as camille:
        available(live_site, agent)
        page.get_by_label("Vous pouvez déjà écrire").fill("Ce texte reste")
        # The frame loads itself again, every 15 s: what is being typed beside it stays.
        expect(frame.get_by_text("Quelqu’un est là pour vous.")).to_be_visible()
        expect(page.get_by_label("Vous pouvez déjà écrire")).to_have_value("Ce texte reste")
        page.get_by_role("button", name="Envoyer").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Vous parlez avec Camille, police nationale")
        camille.send("sync", after=0)
        seq = camille.hear("Ce texte reste")
        page.get_by_label("Votre message").fill("à moitié")
        camille.say("Je vous lis")
        expect(frame.get_by_text("Je vous lis")).to_be_visible()
        expect(page.get_by_label("Votre message")).to_have_value("à moitié")
        camille.until(lambda frame: frame["type"] == "read" and frame["seq"] > seq)

    # An error keeps the text; the end asks first.
    page.get_by_label("Votre message").fill("x" * 4001)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_label("Votre message")).to_be_focused()
    expect(page.get_by_text("Le message est trop long")).to_be_visible()
    page.get_by_role("link", name="Terminer l’échange").click()
    page.get_by_role("button", name="Oui, terminer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("L’échange est terminé")
    assert bodies(live_site, conversation) == ["J'écris sans script", "Ce texte reste"]


def test_last_messages_and_the_box_share_the_screen_without_javascript(live_site, enter, console):
    agent, conversation = assigned(live_site)

    def fill() -> None:
        for n in range(12):
            make.message(conversation, f"Message {n} de la conversation, assez long pour deux lignes.")

    in_site(live_site, fill)
    page = enter(conversation, javascript=False, width=360, height=740)
    box, last = page.get_by_label("Votre message"), page.locator("#messages > li").last
    expect(page.locator("noscript > p")).to_be_visible()  # says that the frame renews itself
    write(page, "Je suis chez moi")
    page.wait_for_url("**/tchat/#fin")

    def expect_both(words: str) -> None:
        expect(last).to_contain_text(words)
        expect(last).to_be_in_viewport(ratio=1)
        expect(box).to_be_in_viewport(ratio=1)
        edge = box.evaluate("node => node.closest('#compose-bar').getBoundingClientRect().top")
        assert last.evaluate("node => node.getBoundingClientRect().bottom") < edge

    expect_both("Je suis chez moi")
    with console(agent, conversation) as camille:
        camille.send("sync", after=0)
        for words in ("Vous êtes en sécurité ?", "Prenez votre temps."):
            camille.say(words)
            page.get_by_role("link", name="Actualiser").click()
            expect_both(words)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("situation", ["waiting", "active", "closed"])
def test_pages_are_accessible_and_fit_320_px(live_site, enter, axe, theme, situation):
    def work() -> Conversation:
        if situation == "waiting":
            return make.waiting(age_band="under_15")
        conversation = make.assigned(make.agent(public_name="Camille"))
        make.message(conversation, "https://example.org/" + "une-adresse-qui-ne-se-coupe-pas" * 4)
        make.message(conversation, "Merci. " * 30, "agent")
        if situation == "closed":
            actions.close_conversation(conversation_id=conversation.pk, by_author="reporter")
        return conversation

    conversation = in_site(live_site, work)
    page = enter(conversation, theme=theme, width=320, height=640)
    if situation == "waiting":
        page.get_by_text("Que préparer en attendant ?").click()
        page.get_by_role("button", name="Créer un code de reprise").click()
        expect(page.locator("#code")).not_to_be_empty()
        page.mouse.move(0, 0)
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    targets = page.locator("main .fr-btn:visible, main summary:visible, main .pnav-calls__link:visible")
    heights = targets.evaluate_all("nodes => nodes.map((node) => node.getBoundingClientRect().height)")
    assert heights and min(heights) >= 44
    page.set_viewport_size({"width": 1280, "height": 800})
    axe(page)


@pytest.mark.parametrize("path", ["terminer/", "code/", "reprendre/", "suite/?apres=0&etat=active&pause=1"])
def test_other_pages_are_accessible(live_site, enter, axe, path):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, theme="dark", width=320, height=640)
    page.goto(live_site.url + "/tchat/" + path)
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
