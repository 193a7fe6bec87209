"""Somebody who reads another page while writing finds the text again; the quick exit asks nothing (ADR 0048)."""

import json
import re
import uuid
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from chat.casework import proposals
from chat.conversations import actions
from chat.rules.lifecycle import Author
from tests.browser.conftest import LiveSite, goes_on
from tests.browser.exchange import assigned, bodies, in_site, own, write
from tests.browser.test_line import until
from tests.factories import chat as make

KEPT = "Je voulais vous dire <que>\nj'ai peur"
IN_MENU = ["Accueil", "Orientation", "Point d'accueil", "Paramètres d'affichage"]


def way(page: Page, name: str, where: str, javascript: bool):
    """Return what leads there: a link, which without a script is a button of the form."""
    return page.locator(where).get_by_role("link" if javascript else "button", name=re.compile(f"^{name}"))


@pytest.mark.parametrize("javascript", [True, False])
def test_text_is_back_after_each_way_out(live_site, enter, javascript):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, javascript=javascript)
    ways = [
        ("main", "Durée, accès, effacement", "/tchat/conservation/"),
        ("main", "Ma copie", "/tchat/copie/"),
        ("main", "Terminer l'échange", "/tchat/terminer/"),
        (".pnav-header__nav", "Point d'accueil", "/point-d-accueil/"),
        (".pnav-header__nav", "Paramètres d'affichage", "/parametres-affichage/?next=/tchat/"),
        (".pnav-header__brand", "Pnav", "/"),
        ("footer", "Traces dans le navigateur", "/quitter/"),
    ]
    for where, name, address in ways:
        page.get_by_label("Votre message").fill(KEPT)
        with goes_on(page):
            way(page, name, where, javascript).click()
        assert unquote(page.url) == live_site.url + address, "nothing that was typed is in an address"
        assert "Je voulais" not in page.content()
        page.goto(live_site.url + "/tchat/")
        expect(page.get_by_label("Votre message")).to_have_value(KEPT)
    page.goto(live_site.url + "/tchat/")
    expect(page.get_by_label("Votre message")).to_have_value(KEPT)  # the text stays until it is sent
    assert bodies(live_site, conversation) == []


def test_code_without_a_script_keeps_the_text(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, javascript=False, width=320, height=640)
    page.get_by_label("Votre message").fill(KEPT)
    page.get_by_role("button", name="Créer un code de reprise").click()
    expect(page.locator(".pnav-chat__code")).to_have_text(re.compile(r"^\S+( \S+){4}$"))
    page.get_by_role("link", name="Revenir à mon échange").click()
    expect(page.get_by_label("Votre message")).to_have_value(KEPT)


def test_text_of_who_ends_the_exchange_is_shown_as_not_sent(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_label("Votre message").fill(KEPT)
    page.get_by_role("link", name="Terminer l'échange").click()
    page.get_by_role("button", name="Oui, terminer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("L'échange est terminé")
    # Nothing but the title of the page said it. The bar of safety does not cover it.
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.get_by_role("heading", level=1).evaluate(
        "(title) => title.contains(document.elementFromPoint(60, title.getBoundingClientRect().top + 2))"
    )
    expect(page.get_by_text("ce message n'a pas été envoyé")).to_be_visible()
    expect(page.get_by_label("Votre message")).to_have_value(KEPT)
    assert bodies(live_site, conversation) == []


def drawn_as_without_scripts(page: Page) -> None:
    """Draw the page as a browser without scripts does, in one that has them, because axe needs them."""

    def answer(route: Route) -> None:
        answered = route.fetch()
        text = re.sub(r"<script[^>]*></script>", "", answered.text())
        text = text.replace("<noscript", "<span").replace("</noscript>", "</span>")
        route.fulfill(response=answered, body=text)

    page.route(re.compile("/tchat/$"), answer)


def test_ways_without_a_script_are_accessible(live_site, enter, axe_in_both_themes):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=drawn_as_without_scripts, width=320, height=640)
    page.get_by_text("Menu", exact=True).last.click()
    expect(way(page, "Accueil", ".pnav-menu__panel", False)).to_be_visible()
    axe_in_both_themes(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(way(page, "Accueil", ".pnav-header__nav", False)).to_be_visible()
    axe_in_both_themes(page)


def test_ways_without_a_script_look_and_work_at_320_px(live_site, enter):
    conversation = in_site(live_site, make.waiting)
    page = enter(conversation, javascript=False, width=320, height=640)
    page.get_by_label("Vous pouvez déjà écrire").fill(KEPT)
    page.get_by_text("Menu", exact=True).last.click()
    panel = page.locator(".pnav-menu__panel")
    for name in IN_MENU:
        expect(way(page, name, ".pnav-menu__panel", False)).to_be_visible()
    expect(panel.get_by_role("link")).to_have_count(0)  # each is there once
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    heights = page.locator(".pnav-menu__panel button, footer ul button").evaluate_all(
        "nodes => nodes.map((node) => node.getBoundingClientRect().height)"
    )
    assert len(heights) == 17 and min(heights) >= 44
    accueil = way(page, "Accueil", ".pnav-menu__panel", False)
    accueil.focus()
    with goes_on(page):
        page.keyboard.press("Enter")
    page.get_by_text("Menu", exact=True).last.click()
    page.locator(".pnav-menu__panel").get_by_role("link", name="Tchat").click()
    expect(page.get_by_label("Vous pouvez déjà écrire")).to_have_value(KEPT)


@pytest.mark.pages_beside
def test_link_that_opens_another_tab_leaves_the_page_alone(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    page.get_by_label("Votre message").fill(KEPT)
    with page.context.expect_page() as opened:
        way(page, "Durée, accès, effacement", "main", True).click(modifiers=["ControlOrMeta"])
    expect(opened.value).to_have_url(re.compile("/tchat/conservation/$"))
    opened.value.goto(live_site.url + "/tchat/")
    expect(page.get_by_label("Votre message")).to_have_value(KEPT)
    opened.value.close()


def mute(page: Page) -> None:
    """Let the line take everything and answer nothing. Other requests pass."""
    page.route_web_socket(re.compile("/ws/conversation/"), lambda _socket: None)
    page.route("**/tchat/trames/", lambda route: route.abort())


def test_message_that_is_unsent_holds_a_way_out_up_once_and_says_why(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=mute)
    write(page, "pas encore parti")
    page.get_by_label("Votre message").fill(KEPT)
    link = way(page, "Durée, accès, effacement", "main", True)
    link.click()
    expect(page.locator("#banner")).to_contain_text("vous pourrez l'envoyer en revenant")
    expect(page.get_by_label("Votre message")).to_have_value(KEPT)
    with goes_on(page):
        link.click()
    assert page.url.endswith("/tchat/conservation/")
    page.unroute_all()
    page.goto(live_site.url + "/tchat/")
    expect(page.get_by_label("Votre message")).to_have_value("pas encore parti\n\n" + KEPT)
    expect(own(page)).to_have_count(0)


@pytest.mark.parametrize("network", ["mute", "cut"])
def test_way_out_that_is_held_up_far_below_the_thread_says_so_in_sight(live_site, enter, network):
    """On a telephone it stands some screens below what is said of it: a press did nothing that is seen."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=mute, width=360, height=640)
    write(page, "pas encore parti")
    if network == "cut":
        page.context.set_offline(True)
    link = way(page, "Durée, accès, effacement", "main", True)
    link.click()
    told = page.locator("#banner")
    expect(told).to_contain_text("Connexion" if network == "cut" else "n'est pas encore envoyé")
    expect(told).to_be_in_viewport(ratio=1)
    expect(own(page)).to_be_in_viewport(ratio=1)
    assert page.url.endswith("/tchat/")
    page.context.set_offline(False)


@pytest.mark.parametrize("network", ["dead", "slow"])
def test_way_out_says_that_a_message_would_be_lost_until_it_is_kept(live_site, enter, network):
    """A browser calls a network without internet online. The page promised the message, which it alone had."""
    _agent, conversation = assigned(live_site)
    saves: list[Route] = []

    def cut(page: Page) -> None:
        mute(page)
        page.route("**/tchat/brouillon/", lambda route: route.abort() if network == "dead" else saves.append(route))

    page = enter(conversation, before=cut)
    banner, link = page.locator("#banner"), way(page, "Durée, accès, effacement", "main", True)
    expect(banner).to_contain_text("Connexion en cours")  # the line says no more for some seconds
    write(page, "pas encore parti")
    if network == "dead":
        with page.expect_event("requestfailed", lambda one: one.url.endswith("/tchat/brouillon/")):
            link.click()
        expect(banner).to_contain_text("il serait perdu")
    else:
        link.click()
        expect(banner).to_contain_text("il serait perdu")
        until(page, lambda: bool(saves))
        saves[0].continue_()
        expect(banner).to_contain_text("vous pourrez l'envoyer en revenant")
    assert page.url.endswith("/tchat/")


@pytest.mark.new_tabs
@pytest.mark.parametrize("how", ["reload", "killed tab"])
def test_message_that_no_line_took_is_back_in_the_field(live_site, enter, how):
    """« Gardé » was said of what the page alone had, and its draft was erased at the press."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=mute)
    with page.expect_response(re.compile("/tchat/brouillon/$")):  # the draft, as it is typed
        page.get_by_label("Votre message").fill("il est devant")
    with page.expect_response(lambda answer: "la+porte" in (answer.request.post_data or "")):  # some seconds later
        write(page, "il est devant la porte")
    if how == "reload":
        write(page, "venez")
        page.reload()
        expect(page.locator("#banner")).to_contain_text("ce qui est dans le champ attend que vous l'envoyiez")
    else:
        with page.expect_response(lambda answer: "venez" in (answer.request.post_data or "")):
            write(page, "venez")
        context = page.context
        page.close()
        page = context.new_page()
        page.goto(live_site.url + "/tchat/")
    expect(page.get_by_label("Votre message")).to_have_value("il est devant la porte\n\nvenez")
    expect(own(page)).to_have_count(0)
    assert bodies(live_site, conversation) == []


@pytest.mark.new_tabs
def test_message_whose_answer_was_lost_is_not_doubled_by_a_reload(live_site, enter):
    _agent, conversation = assigned(live_site)

    begun: list[int] = []

    def tells_of_a_message(text: str) -> bool:
        frame = json.loads(text)
        if frame["type"] == "state":
            begun.append(frame["last_seq"])
            return begun[0] < begun[-1]
        return any(item["author"] == "reporter" for item in frame.get("items", []))

    def carry(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda text: None if tells_of_a_message(str(text)) else socket.send(text))

    def deafen(page: Page) -> None:
        """Let all that is sent arrive, and nothing come back that tells of a message."""
        page.route("**/tchat/trames/", lambda route: route.abort())
        page.route_web_socket(re.compile("/ws/conversation/"), carry)

    page = enter(conversation, before=deafen)
    expect(page.locator("#line")).to_have_text("Connecté")
    write(page, "il est devant\nla porte")
    write(page, "venez")
    page.get_by_label("Votre message").fill(KEPT)
    until(page, lambda: bodies(live_site, conversation) == ["il est devant\nla porte"])
    page.reload()
    expect(page.get_by_label("Votre message")).to_have_value("venez\n\n" + KEPT)
    expect(own(page).locator("[data-part=body]")).to_have_text(["il est devant\nla porte"])


def come_again(live_site: LiveSite, page: Page, how: str) -> Page:
    if how == "reload":
        page.reload()
        return page
    context = page.context
    page.close()
    page = context.new_page()
    page.goto(live_site.url + "/tchat/")
    return page


@pytest.mark.new_tabs
@pytest.mark.parametrize(("how", "then"), [("reload", "written"), ("reload", "ready"), ("killed tab", "written")])
def test_message_that_is_stored_is_erased_from_the_draft_before_another_follows_it(live_site, enter, how, then):
    """It was only left out where it was drawn, and came back as unsent once another message followed it."""
    agent, conversation = assigned(live_site)
    in_site(
        live_site,
        lambda: proposals.ask_question(
            conversation_id=conversation.pk, text="Ça va ?", answers=("Oui", "Non"), by=agent.user
        ),
    )
    page = enter(conversation)
    with page.expect_response(re.compile("/tchat/brouillon/$")):
        page.get_by_label("Votre message").fill("il est devant la porte")
    in_site(live_site, lambda: make.message(conversation, "il est devant la porte"))
    erased: list[str] = []  # what was saved empty, as soon as the page came or with the next message
    page.context.on(
        "response",
        lambda answer: erased.append(answer.url) if (answer.request.post_data or "").startswith("body=&tab=") else None,
    )
    page = come_again(live_site, page, how)
    expect(own(page).locator("[data-part=body]")).to_have_text(["il est devant la porte"])
    expect(page.locator("#line")).to_have_text("Connecté")
    if then == "written":
        write(page, "Oui")
    else:
        page.get_by_role("group", name="Réponses en un geste").get_by_role("button", name="Oui").click()
    until(page, lambda: bodies(live_site, conversation) == ["il est devant la porte", "Oui"])
    until(page, lambda: bool(erased))
    page = come_again(live_site, page, how)
    expect(own(page)).to_have_count(2)
    expect(page.get_by_label("Votre message")).to_have_value("")


def test_message_that_comes_just_after_the_page_was_drawn_leaves_the_field(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    with page.expect_response(re.compile("/tchat/brouillon/$")):
        page.get_by_label("Votre message").fill("il est devant la porte\n\nvenez")
    recalls: list[str] = []
    page.on("response", lambda answer: recalls.append(answer.url) if answer.url.endswith("/brouillon/") else None)
    page.reload()
    expect(page.locator("#line")).to_have_text("Connecté")
    until(page, lambda: len(recalls) == 2)  # a page asks no more for what its tab was typing
    expect(page.get_by_label("Votre message")).to_have_value("il est devant la porte\n\nvenez")
    live_site.do(
        actions.post_message,
        conversation_id=conversation.pk,
        client_id=uuid.uuid4(),
        body="il est devant la porte",
        author=Author.REPORTER,
    )
    expect(own(page).locator("[data-part=body]")).to_have_text(["il est devant la porte"])
    expect(page.get_by_label("Votre message")).to_have_value("venez")


@pytest.mark.parametrize("how", ["button", "keys", "without a script"])
def test_quick_exit_asks_nothing_and_keeps_nothing(live_site, enter, neutral_site, how):
    _agent, conversation = assigned(live_site)
    page = enter(conversation, javascript=how != "without a script")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_label("Votre message").fill(KEPT)
    carried: list[str] = []
    page.on("request", lambda request: carried.append(f"{request.url} {request.post_data or ''}"))
    if how == "keys":
        for _press in range(3):
            page.keyboard.press("Shift")
    else:
        page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    expect(page).to_have_url(neutral_site)
    # What was typed may have been saved a moment before. After the exit nothing is.
    exit_at = next(place for place, one in enumerate(carried) if "/quitter/" in one)
    assert not asked
    assert not [one for one in carried[exit_at:] if "Je+voulais" in one or "/brouillon/" in one]
    page.goto(live_site.url + "/tchat/")
    assert "Je voulais" not in page.content()
