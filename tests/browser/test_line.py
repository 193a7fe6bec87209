"""The line of the visitor's page: what is seen and what is kept when the network is slow or breaks.

tests/js tests how the line and the outbox behave in each case. Here is what a person sees.
"""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from chat.models import Conversation
from chat.rules.lifecycle import Status
from pnav.sessions import SessionStore
from tests.browser.exchange import PATIENCE_SECONDS, assigned, bodies, close, in_site, own, waiting, write
from tests.browser.wire import Wire
from tests.factories import chat as make

OFFLINE = "Connexion interrompue. Vos messages sont gardés et partiront dès le retour."
KEPT = "Gardé, partira dès que possible"


@pytest.fixture
def wire() -> Wire:
    return Wire("/ws/conversation/", frames="**/tchat/trames/")


def state(page: Page) -> Any:
    """Return what is said of each message of the person."""
    return own(page).locator("[data-part=state]")


def connected(page: Page) -> None:
    expect(page.locator("#line")).to_have_text("Connecté")


def until(page: Page, happens: Callable[[], bool]) -> None:
    """Let the page live until this is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happens():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def refuse(code: str) -> Any:
    """Return an answer of the server that writes nothing."""
    return lambda frame: (
        {"type": "error", "code": code, "detail": "", "client_id": frame["client_id"]}
        if frame["type"] == "post"
        else None
    )


def test_three_states_are_seen_and_said(live_site, enter, console, axe_in_both_themes):
    agent, conversation = assigned(live_site)
    page = enter(conversation, before=lambda page: page.clock.install(), width=320, height=640)
    lost, alert = page.locator("#lost"), page.locator("#lost > p", has_text="Connexion perdue.")
    connected(page)
    expect(lost).to_be_hidden()

    page.context.set_offline(True)
    expect(page.locator("#banner", has_text=OFFLINE)).to_be_visible()
    expect(page.locator("#voice")).to_have_text(OFFLINE)
    expect(page.locator("#line")).to_have_text("Reconnexion…")
    write(page, "gardé")
    expect(state(page)).to_have_text(KEPT)
    axe_in_both_themes(page)

    page.clock.fast_forward(31_000)
    expect(alert).to_be_visible()
    expect(page.locator("#voice")).to_contain_text("Connexion perdue.")
    expect(page.locator("#voice")).to_contain_text(re.compile(r"En danger.*17.*114"))  # the numbers too
    expect(page.locator("#banner", has_text=OFFLINE)).to_be_hidden()
    expect(page.locator("#line")).to_have_text("Hors connexion")
    expect(lost.get_by_role("link", name="17")).to_have_attribute("href", "tel:17")
    expect(lost.get_by_role("link", name="114")).to_have_attribute("href", "sms:114")
    expect(state(page)).to_have_text("Non envoyé")
    expect(own(page).get_by_role("button", name="Réessayer")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.evaluate("window.scrollTo(0, 0)")
    axe_in_both_themes(page)

    # When the person asks for it, it is tried at once, and the page says when this fails.
    page.get_by_label("Votre message").fill("un brouillon")
    lost.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#line")).to_have_text("Hors connexion")
    expect(lost.get_by_role("button", name="Réessayer")).to_be_focused()
    expect(alert).to_be_visible()

    with console(agent, conversation) as camille:
        camille.begin()
        page.context.set_offline(False)
        expect(page.locator("#banner", has_text="Connexion rétablie.")).to_be_visible()
        expect(lost).to_be_hidden()
        connected(page)
        camille.hear("gardé")
    expect(page.locator("#body")).to_be_focused()
    expect(page.get_by_label("Votre message")).to_have_value("un brouillon")
    expect(state(page)).to_have_text("Envoyé")
    assert bodies(live_site, conversation) == ["gardé"]


def test_page_that_cannot_be_left_without_a_network_says_so_until_it_is_back(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=lambda page: page.clock.install(), width=320, height=640)
    banner = page.locator("#banner")
    connected(page)
    page.context.set_offline(True)
    page.clock.fast_forward(31_000)
    expect(page.locator("#lost")).to_be_visible()
    expect(banner).to_be_hidden()
    page.get_by_label("Votre message").fill("un brouillon")
    page.locator("footer a[href='/accessibilite/']").click()
    expect(banner).to_have_text(OFFLINE)
    page.clock.fast_forward(5_000)
    expect(banner).to_have_text(OFFLINE)
    expect(banner).not_to_have_class(re.compile("--calm"))
    expect(page.get_by_label("Votre message")).to_have_value("un brouillon")
    page.context.set_offline(False)
    expect(banner).to_have_text("Connexion rétablie.")


def test_page_says_that_a_message_would_be_lost_while_the_line_is_tried_again(live_site, enter, wire):
    """« Vos messages sont gardés » took the place of it, and the press after that left the page without a word."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=wire.hold, width=360, height=640)
    banner, link = page.locator("#banner"), page.get_by_role("link", name="Durée, accès, effacement").first
    connected(page)
    page.route("**/tchat/brouillon/", lambda route: route.abort())
    wire.swallows = True
    wire.die()
    write(page, "pas encore parti")
    link.click()
    expect(banner).to_contain_text("il serait perdu")
    page.clock.fast_forward(11_000)  # nothing answered, and another line is taken
    expect(page.locator("#line")).to_have_text("Reconnexion…")
    expect(banner).to_contain_text("il serait perdu")
    page.unroute("**/tchat/brouillon/")
    page.clock.fast_forward(11_000)
    expect(banner).to_contain_text("vous pourrez l'envoyer en revenant")
    page.clock.fast_forward(31_000)
    expect(page.locator("#lost")).to_be_visible()
    expect(banner).to_be_hidden()
    link.click()
    expect(banner).to_contain_text("vous pourrez l'envoyer en revenant")
    assert page.url.endswith("/tchat/")


def test_draft_and_unsent_messages_are_nowhere_but_on_the_page(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    connected(page)
    page.context.set_offline(True)
    write(page, "gardé ici seulement")
    expect(state(page)).to_have_text(KEPT)
    page.get_by_label("Votre message").fill("un brouillon")
    kept = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,"
        " (await caches.keys()).length]"
    )
    assert kept == [0, 0, 0, 0]
    # The draft is saved with the visit once the line is back.
    with page.expect_response(lambda answer: answer.url.endswith("/tchat/brouillon/")):
        page.context.set_offline(False)
        expect(state(page)).to_have_text("Envoyé")
    page.reload()
    expect(page.get_by_label("Votre message")).to_have_value("un brouillon")
    expect(own(page)).to_have_count(1)


@pytest.mark.pages_beside
def test_two_tabs_agree(live_site, enter, console):
    agent, conversation = assigned(live_site)
    first = enter(conversation)
    second = first.context.new_page()
    second.goto(live_site.url + "/tchat/")
    connected(first)
    connected(second)
    second.get_by_label("Votre message").fill("brouillon du second")
    with console(agent, conversation) as camille:
        write(first, "du premier")
        expect(own(second).locator("[data-part=body]")).to_have_text("du premier")
        seq = camille.hear("du premier")
        camille.say("Je vous lis")
        camille.send("read", seq=seq)
        for page in (first, second):
            expect(page.locator("#messages").get_by_text("Je vous lis")).to_have_count(1)
            expect(state(page)).to_have_text("Lu")
        second.get_by_role("button", name="Envoyer").click()
        expect(own(first).locator("[data-part=body]")).to_have_text(["du premier", "brouillon du second"])
        order = (
            "nodes => nodes.map((node) => [node.dataset.seq, node.dataset.author, node.innerText.split('\\n').at(-1)])"
        )
        expect(state(second)).to_have_text(["Lu", "Envoyé"])
        expect(state(first)).to_have_text(["Lu", "Envoyé"])
        threads = [page.locator("#messages > li").evaluate_all(order) for page in (first, second)]
        assert threads[0] == threads[1]
    first.get_by_role("link", name="Terminer l'échange").click()
    first.get_by_role("button", name="Oui, terminer").click()
    for page in (first, second):
        expect(page.get_by_role("heading", level=1)).to_have_text("L'échange est terminé")
    second.close()


def test_hole_is_asked_for(live_site, enter, console, wire):
    agent, conversation = assigned(live_site)
    page = enter(conversation, before=wire.hold)
    connected(page)
    with console(agent, conversation) as camille:
        wire.loses = lambda frame: any(item["body"] == "un" for item in frame.get("items", []))
        camille.say("un")
        wire.loses = lambda _frame: False
        camille.say("deux")
        heard = page.locator("#messages > [data-author=agent] [data-part=body]")
        expect(heard).to_have_text(["un", "deux"])


def test_message_refused_may_be_tried_again_under_the_same_name(live_site, enter, wire):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=wire.hold)
    connected(page)
    wire.answers = refuse("bad_frame")  # until that was seen, because a slow page may ask twice
    write(page, "refusé")
    expect(state(page)).to_have_text("Non envoyé")
    wire.answers = lambda _frame: None
    write(page, "le suivant")
    expect(state(page)).to_have_text(["Non envoyé", "Envoyé"])
    own(page).first.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#body")).to_be_focused()
    expect(state(page)).to_have_text(["Envoyé", "Envoyé"])
    expect(own(page).get_by_role("button", name="Réessayer")).to_have_count(0)
    expect(own(page).locator("[data-part=body]")).to_have_text(["le suivant", "refusé"])
    assert bodies(live_site, conversation) == ["le suivant", "refusé"]
    assert len(set(wire.posts())) == 2


def test_message_kept_through_a_cut_during_which_the_exchange_ends(live_site, enter):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    connected(page)
    page.context.set_offline(True)
    write(page, "trop tard")
    expect(state(page)).to_have_text(KEPT)
    close(live_site, agent, conversation)
    page.context.set_offline(False)
    expect(page.get_by_role("heading", level=1)).to_have_text("L'échange est terminé")
    expect(state(page)).to_have_text("Non envoyé : l'échange est terminé")
    expect(own(page).get_by_text("trop tard")).to_be_visible()
    expect(page.get_by_role("button", name="Réessayer")).to_have_count(0)
    expect(page.locator("#line")).to_be_hidden()
    assert bodies(live_site, conversation) == []


def test_network_that_swallows_sockets_is_served_by_requests_until_it_does_not(live_site, enter, console, wire):
    agent, conversation = assigned(live_site)
    wire.swallows = True
    page = enter(conversation, before=wire.hold)
    expect(page.get_by_role("button", name="Actualiser")).to_be_visible()
    page.clock.fast_forward(8_000)  # swallowed without any sign
    connected(page)
    with console(agent, conversation) as camille:
        write(page, "par le chemin lent")
        camille.hear("par le chemin lent")
        camille.say("Je vous lis")
        expect(page.locator("#messages").get_by_text("Je vous lis")).to_be_visible()
        expect(page.locator("#banner", has_text=OFFLINE)).to_be_hidden()
        # Later, a socket is tried again without being asked for.
        wire.swallows = False
        page.clock.fast_forward(50_000)
        until(page, lambda: any(frame["type"] == "sync" for frame in wire.heard))
        write(page, "par le chemin rapide")
        camille.hear("par le chemin rapide")
    assert len(wire.posts()) == 1
    assert bodies(live_site, conversation) == ["par le chemin lent", "par le chemin rapide"]


def test_first_connection_that_takes_long_is_not_said_to_come_back(live_site, enter, wire):
    """Nothing was lost. « Connexion rétablie » is for a line that had been there."""
    _agent, conversation = assigned(live_site)
    wire.swallows = True
    page = enter(conversation, before=wire.hold)
    banner = page.locator("#banner")
    page.clock.fast_forward(3_000)
    expect(banner).to_contain_text("Connexion en cours. Ce que vous envoyez partira dès qu'elle est là")
    page.clock.fast_forward(6_000)  # requests pass
    connected(page)
    expect(banner).to_be_hidden()
    expect(page.locator("#voice")).to_contain_text("Connecté")
    expect(page.locator("#banner", has_text="Connexion rétablie.")).to_have_count(0)

    page.route("**/tchat/trames/", lambda route: route.abort())
    page.context.set_offline(True)
    page.clock.fast_forward(8_000)
    expect(banner).to_have_text(OFFLINE)
    page.unroute("**/tchat/trames/")
    wire.swallows = False
    page.context.set_offline(False)
    page.clock.fast_forward(30_000)
    expect(banner).to_have_text("Connexion rétablie.")


def test_network_cut_loses_nothing_and_doubles_nothing(live_site, enter, console):
    agent, conversation = assigned(live_site)
    page = enter(conversation)
    with console(agent, conversation) as camille:
        write(page, "avant")
        camille.hear("avant")
        page.context.set_offline(True)
        expect(page.locator("#banner", has_text=OFFLINE)).to_be_visible()
        write(page, "pendant 1")
        write(page, "pendant 2")
        expect(own(page).nth(1).locator("[data-part=state]")).to_have_text("Gardé, partira dès que possible")
        camille.say("Vous êtes toujours là ?")
        expect(page.locator("#messages").get_by_text("Vous êtes toujours là ?")).to_have_count(0)
        page.context.set_offline(False)
        expect(page.locator("#banner", has_text="Connexion rétablie.")).to_be_visible()
        camille.hear("pendant 2")
        expect(own(page).locator("[data-part=state]")).to_have_text(["Envoyé", "Envoyé", "Envoyé"])
        expect(page.locator("#messages").get_by_text("Vous êtes toujours là ?")).to_have_count(1)
        write(page, "après")
        camille.hear("après")
    assert bodies(live_site, conversation) == ["avant", "pendant 1", "pendant 2", "après"]
    assert page.locator("#messages > li").evaluate_all("nodes => nodes.map((node) => node.dataset.seq)") == [
        "1", "2", "3", "4", "5", "6",
    ]  # fmt: skip


def test_acknowledgement_lost_with_the_line_is_not_a_second_message(live_site, enter, console):
    agent, conversation = assigned(live_site)

    def deafen(page: Page) -> None:
        """Let the first socket carry what is sent, and lose every answer to a message before it breaks."""
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
        expect(page.get_by_role("button", name="Actualiser")).to_be_hidden()
        write(page, "une seule fois")
        camille.hear("une seule fois")
        expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    assert bodies(live_site, conversation) == ["une seule fois"]
    expect(own(page)).to_have_count(1)


def test_place_given_up_while_away_is_taken_back(live_site, enter):
    _agent, conversation = waiting(live_site)
    page = enter(conversation)
    expect(page.get_by_role("button", name="Actualiser")).to_be_hidden()
    with live_site.database():
        Conversation.objects.filter(pk=conversation.pk).update(status=Status.ABANDONED)
    page.context.set_offline(True)
    expect(page.locator("#banner", has_text=OFFLINE)).to_be_visible()
    page.get_by_label("Vous pouvez déjà écrire").fill("je suis revenue")
    page.get_by_role("button", name="Envoyer").click()
    page.context.set_offline(False)
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    with live_site.database():
        assert Conversation.objects.get(pk=conversation.pk).status == Status.WAITING


def test_visit_that_ended_in_another_tab_leaves_nothing_on_the_page(live_site, enter):
    """The other tab has no scripts, so it calls no tab away: the line is what tells of the end."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_label("Votre message").fill("pas encore envoyé")
    assert page.context.request.post(f"{live_site.url}/quitter/", max_redirects=0).status == 303
    page.context.set_offline(True)  # the next line is opened without a visit
    page.context.set_offline(False)
    title = page.get_by_role("heading", name="Cette visite a pris fin sur cet appareil")
    expect(title).to_be_focused()
    # What gets the focus is said with its description; an alert that comes with other parts is not, in Firefox.
    expect(title).to_have_accessible_description(re.compile("^Ses messages ne s'affichent plus ici"))
    expect(page.locator("[role=alert]")).to_have_count(0)
    expect(page.get_by_role("link", name="Reprendre avec un code")).to_be_visible()
    expect(page.locator("textarea")).to_have_count(0)
    assert "Camille" not in page.content()


def hand_on(live_site, page: Page) -> str:
    """Give the visit another key, as a code of « Suites » does that is typed in another tab. Return that key."""
    [key] = [one["value"] for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME]
    with live_site.database():
        session = SessionStore(key)
        session.hand_on()
        session.save()
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_site.url}
    page.context.add_cookies([cookie])
    return str(session.session_key)


def test_page_of_an_ended_exchange_goes_on_under_another_key_and_ends_with_its_visit(live_site, enter):
    """A second code of « Suites », typed in another tab, emptied it and said that the visit was over."""
    agent, conversation = assigned(live_site)
    in_site(live_site, lambda: make.message(conversation, "ce qui a été dit"))
    page = enter(conversation, before=lambda page: page.clock.install())
    connected(page)
    close(live_site, agent, conversation)
    ended = page.get_by_role("heading", level=1, name="L'échange est terminé")
    expect(ended).to_be_visible()
    hand_on(live_site, page)
    key = hand_on(live_site, page)  # the row that the page came with is deleted
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    page.clock.fast_forward(21_000)  # with its beat, the server asks again whether the visit goes on
    until(page, lambda: any('"state"' in frame for frame in heard))
    expect(ended).to_be_visible()
    expect(page.get_by_text("ce qui a été dit")).to_be_visible()
    expect(page.locator("#banner")).to_be_hidden()
    with live_site.database():
        SessionStore(key).flush()
    page.clock.fast_forward(21_000)
    expect(page.get_by_role("heading", name="Cette visite a pris fin sur cet appareil")).to_be_focused()
    assert "ce qui a été dit" not in page.content()
