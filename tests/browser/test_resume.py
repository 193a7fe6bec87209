"""The code de reprise from beginning to end: asked for, noted, used on another device; and what the first device still
shows.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route, WebSocket, expect

from chat.conversations.whereabouts import whereabouts_of, with_departure
from chat.models import Conversation
from chat.rules.whereabouts import Whereabouts
from pnav.sessions import SessionStore
from tests.browser.conftest import goes_on
from tests.browser.exchange import assigned, in_site
from tests.chat.sockets import visit
from tests.factories import chat as make

CREATE = "Créer un code de reprise"
UNSURE = (
    "La réponse n'est pas arrivée : un code d'avant ne fonctionne peut-être plus. Appuyez de nouveau : seul le nouveau "
    "code fonctionnera."
)


@pytest.fixture
def visitor(live_site, page_factory) -> Callable[..., tuple[Page, Conversation]]:
    """Give `visitor(page options, **fields of the report)`: a person who waits, on the page of their visit."""

    def make_page(options: dict[str, Any], **fields: Any) -> tuple[Page, Conversation]:
        with live_site.database():
            conversation = make.waiting(**fields)
            key = visit(conversation)
        page = page_factory(**options)
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
        page.goto(live_site.url + "/tchat/")
        return page, conversation

    return make_page


def use(page: Page, code: str) -> None:
    page.get_by_label("Code de reprise").fill(code)
    page.get_by_role("button", name="Reprendre", exact=True).click()


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def waits_until(page: Page, is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def test_page_that_waits_for_the_other_site_is_no_sign_of_life(live_site, visitor, neutral_site):
    """Its last beat undid « A quitté la page »: the agent read that the person was there, then offline."""
    page, conversation = visitor({})
    connected: list[WebSocket] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: connected.append(socket) if '"state"' in str(text) else None)

    page.on("websocket", listen)
    page.reload()
    waits_until(page, lambda: connected and not connected[-1].is_closed())
    before = make.long_ago(0.5)
    in_site(live_site, lambda: Conversation.objects.filter(pk=conversation.pk).update(reporter_seen_at=before))
    held: list[Route] = []
    page.route(neutral_site, lambda route: held.append(route))
    with page.expect_request(neutral_site):
        page.get_by_role("button", name="Quitter rapidement", exact=True).click(no_wait_after=True)
    waits_until(page, lambda: connected[-1].is_closed())
    count = len(connected)
    page.wait_for_timeout(1000)
    held[0].continue_()
    page.wait_for_url(neutral_site)
    page.wait_for_timeout(1000)  # a beat waits for others for a quarter of a second

    def state() -> Whereabouts:
        row = with_departure(Conversation.objects.filter(pk=conversation.pk)).get()
        return whereabouts_of(row, timezone.now())

    assert in_site(live_site, state) == Whereabouts.LEFT
    assert len(connected) == count, "no other line is opened meanwhile"


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_code_brings_back_on_another_device_after_a_quick_exit(
    live_site, visitor, page_factory, neutral_site, axe, javascript
):
    page, _conversation = visitor({"javascript": javascript, "width": 320, "height": 640}, discreet=True)
    page.locator("#body").fill("à garder")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#messages").get_by_text("à garder")).to_be_visible()
    if javascript:
        page.get_by_role("button", name=CREATE).click()
        code = page.locator("#code")
        expect(page.locator("#code-until")).to_contain_text("Il fonctionne jusqu'au")
    else:
        with goes_on(page):
            page.get_by_role("button", name=CREATE).click()
        code = page.locator(".pnav-chat__code")
        expect(page.get_by_text("(heure de Paris)")).to_be_visible()
    words = code.text_content()
    assert len(words.split()) == 5
    fits(page)
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert all(word not in kept for word in words.split()) and kept.startswith("[{},{},")
    assert all(cookie["expires"] == -1 for cookie in page.context.cookies())  # they end with the browser

    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    page.wait_for_url(neutral_site)

    elsewhere = page_factory(javascript=javascript, width=320, height=640)
    elsewhere.goto(live_site.url + "/tchat/reprendre/")
    slip = words.replace(words.split()[2], words.split()[2] + "zz")
    use(elsewhere, slip)
    field = elsewhere.get_by_label("Code de reprise")
    expect(elsewhere.get_by_text("n'est pas dans notre liste de mots.")).to_be_visible()
    expect(field).to_have_value(slip)
    expect(field).to_be_focused()
    fits(elsewhere)
    if javascript:
        axe(elsewhere)
    field.fill("-".join(words.upper().split()))
    elsewhere.keyboard.press("Tab")
    with goes_on(elsewhere):
        elsewhere.keyboard.press("Enter")
    expect(elsewhere.get_by_text("à garder")).to_be_visible()
    expect(elsewhere.get_by_text("Retour avec le code de reprise.").first).to_be_attached()


def is_above_the_exit(words: Locator) -> bool:
    """Return whether these words end above the bar of the quick exit, which lies over the foot of a narrow page."""
    box, bar = words.bounding_box(), words.page.locator("#quick-exit").bounding_box()
    return box is not None and bar is not None and box["y"] + box["height"] <= bar["y"]


def test_way_back_says_at_once_that_it_looks(live_site, page_factory):
    """The words are looked for in their turn, and on a slow line the next page is long in coming."""
    page = page_factory(width=320, height=568)
    page.goto(live_site.url + "/tchat/reprendre/")
    # The browser stays on the page, as while it waits for the next one.
    page.route("**/tchat/reprendre/", lambda route: route.fulfill(status=204))
    looking = page.locator("#looking")
    expect(looking).to_have_text("")
    use(page, "abeille castor girafe ananas tortue")
    expect(looking).to_have_text("Recherche en cours… Cela peut prendre une demi-minute. Gardez cette page ouverte.")
    expect(looking).to_have_role("status")
    expect(looking).to_be_in_viewport()
    assert is_above_the_exit(looking)
    fits(page)
    page.unroute("**/tchat/reprendre/")
    page.get_by_role("button", name="Reprendre", exact=True).click()
    expect(page.locator("#code-error")).to_be_visible()
    assert is_above_the_exit(page.locator("#code-error"))
    expect(looking).to_have_text("")


def test_code_pressed_twice_is_made_once_and_its_error_goes_with_the_next_attempt(visitor):
    """Each code replaces the one before, and the answers may come in another order."""
    page, _conversation = visitor({"width": 320, "height": 640})
    held: list[Route] = []
    page.route("**/tchat/code/", lambda route: held.append(route))
    create, error = page.get_by_role("button", name=CREATE), page.locator("#code-error")
    with page.expect_request("**/tchat/code/"):
        create.press("Enter")
    expect(page.locator("#code-making")).to_have_text("Création du code… Cela peut prendre une demi-minute.")
    expect(page.locator("#voice")).to_contain_text("Création du code…")
    expect(create).to_have_attribute("aria-disabled", "true")
    expect(create).to_be_focused()
    fits(page)
    create.click(force=True)
    page.wait_for_timeout(500)
    assert len(held) == 1
    held.pop().abort()
    expect(error).to_have_text(UNSURE)  # a code that this page does not know may be on paper
    expect(page.locator("#code-making")).to_be_hidden()
    expect(create).not_to_have_attribute("aria-disabled", "true")
    with page.expect_request("**/tchat/code/"):
        create.click()
    expect(error).to_be_hidden()
    page.wait_for_timeout(200)
    held.pop().continue_()
    expect(page.locator("#code-until")).to_contain_text("Il fonctionne jusqu'au")


def test_answer_that_is_lost_leaves_nobody_with_a_code_that_may_not_work(visitor):
    """The code was made, and its words did not arrive. The one before, which is on screen, works no more."""
    failed = "Le code n'a pas pu être créé."
    page, _conversation = visitor({"width": 320, "height": 640})
    create, error, code = page.locator("#code-form button"), page.locator("#code-error"), page.locator("#code")
    until = page.locator("#code-until")
    create.click()
    expect(until).to_contain_text("Il fonctionne jusqu'au")
    first = code.text_content()

    def lose(route: Route) -> None:
        assert route.fetch().ok
        route.abort("timedout")

    page.route("**/tchat/code/", lose)
    create.click()
    expect(error).to_have_text(UNSURE)
    expect(code).to_be_visible()
    expect(until).to_be_hidden()
    page.unroute("**/tchat/code/")

    page.context.set_offline(True)
    create.click()
    expect(error).to_contain_text("n'a pas pu être créé")  # nothing left this device
    page.context.set_offline(False)

    later = {"Retry-After": "5"}
    for status, headers, body, told, is_shown in (
        (503, later, "<p>Beaucoup de monde", failed, True),  # the server had no place, and began nothing
        (503, {}, "<p>Base de données absente", UNSURE, True),  # it went away, perhaps after the code was made
        (503, later, '{"error": "unavailable"}', UNSURE, True),
        (503, {}, '{"error": "not_made", "detail": "Pas de code."}', "Pas de code.", True),
        (502, {}, "<p>Bad gateway", UNSURE, True),
        (409, {}, '{"error": "replaced", "detail": "Seul le dernier fonctionne."}', "Seul le dernier", False),
    ):
        kind = {"Content-Type": "application/json" if body.startswith("{") else "text/html"}
        answer = {"status": status, "headers": headers | kind, "body": body}
        page.route("**/tchat/code/", lambda route, _request, answer=answer: route.fulfill(**answer))
        create.click()
        expect(error).to_contain_text(told)
        expect(code).to_be_visible(visible=is_shown)
        page.unroute("**/tchat/code/")

    create.click()
    expect(error).to_be_hidden()
    expect(code).not_to_have_text(first)
    expect(until).to_contain_text("Il fonctionne jusqu'au")


def test_code_that_comes_late_moves_nothing_under_whoever_has_gone_on(visitor):
    page, _conversation = visitor({"width": 320, "height": 480})
    held: list[Route] = []
    page.route("**/tchat/code/", lambda route: held.append(route))
    with page.expect_request("**/tchat/code/"):
        page.get_by_role("button", name=CREATE).click()
    body = page.locator("#body")
    body.focus()
    page.evaluate("window.scrollTo(0, 0)")
    expect(page.locator("#code-card")).not_to_be_in_viewport()
    held.pop().continue_()
    expect(page.locator("#code-until")).to_contain_text("Il fonctionne jusqu'au")
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") == 0
    expect(body).to_be_focused()


def test_browser_that_calls_itself_offline_on_a_line_that_works_holds_nobody_up(visitor):
    """Behind some VPNs, and on some desktops."""
    page, _conversation = visitor({"width": 320, "height": 640})
    expect(page.locator("#line")).to_have_text("Connecté")
    page.evaluate("Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false })")
    page.get_by_role("button", name=CREATE).click()
    expect(page.locator("#code-until")).to_contain_text("Il fonctionne jusqu'au")
    page.locator("#body").fill("un début")
    with goes_on(page):
        page.locator("#code-replaces a").click()
    assert page.url.endswith("/tchat/code/")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_code_annulled_by_keyboard_no_longer_works(live_site, visitor, page_factory, axe, javascript):
    page, conversation = visitor({"javascript": javascript, "width": 320, "height": 640}, age_band="under_15")
    page.goto(live_site.url + "/tchat/code/")
    page.get_by_role("button", name=CREATE).press("Enter")
    expect(page.get_by_text("Note ces cinq mots maintenant")).to_be_visible()
    words = page.locator(".pnav-chat__code").text_content()
    fits(page)
    if javascript:
        axe(page)
    page.get_by_role("button", name="Annuler ce code").press("Enter")
    expect(page.get_by_text("Aucun code ne fonctionne pour le moment.")).to_be_visible()
    elsewhere = page_factory(javascript=javascript)
    elsewhere.goto(live_site.url + "/tchat/reprendre/")
    use(elsewhere, words)
    expect(elsewhere.get_by_text("Ces mots n'ouvrent aucun échange.")).to_be_visible()
    with live_site.database():
        assert Conversation.objects.get(pk=conversation.pk).resume_digest is None


# --- the device left behind -------------------------------------------------------------------------------------------

ENDED = "Cette visite a pris fin sur cet appareil"
ANSWERS = {"version": "1", "answers": {"danger": "no", "role": "victim", "age": "under_15"}, "chat_anyway": False}
NO_SOCKETS = (
    "window.WebSocket = class { constructor() { setTimeout(() => this.onclose({ code: 1006 }), 5); } close() {} };"
)


@pytest.fixture
def left_behind(live_site, page_factory, nobody_on_duty) -> Callable[..., tuple[Page, Conversation]]:
    """Give `left_behind(page options, **fields of the report)`: somebody talks with Camille, and answers are kept."""

    def make_page(options: dict[str, Any], *, script: str = "", **fields: Any) -> tuple[Page, Conversation]:
        _agent, conversation = assigned(live_site, **fields)
        in_site(live_site, lambda: make.message(conversation, "mon voisin me menace"))
        with live_site.database():
            session = SessionStore(visit(conversation))
            session["triage"] = ANSWERS
            session.save()
        page = page_factory(**options)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_site.url}
        page.context.add_cookies([cookie])
        if script:
            page.add_init_script(script)
        page.goto(live_site.url + "/tchat/")
        expect(page.get_by_text("mon voisin me menace")).to_be_visible()
        return page, conversation

    return make_page


def come_back(live_site, page_factory, code: str) -> Page:
    elsewhere = page_factory(javascript=False)
    elsewhere.goto(live_site.url + "/tchat/reprendre/")
    with goes_on(elsewhere):
        use(elsewhere, code)
    expect(elsewhere.get_by_text("mon voisin me menace")).to_be_visible()
    return elsewhere


def code_of(page: Page) -> str:
    page.get_by_role("button", name=CREATE).click()
    expect(page.locator("#code-until")).to_be_visible()
    words = page.locator(".pnav-chat__code").text_content()
    assert words
    return words


def shows_nothing_of(page: Page, code: str, *secrets: str) -> None:
    """Check that neither the exchange nor its code is shown.

    A word or two of the code may be words of the page itself (« accueil »).
    """
    kept = page.content() + page.title() + page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    for secret in ("mon voisin", "Camille", "Terminer", "code-form", code, *secrets):
        assert secret not in kept, secret
    assert len([word for word in code.split() if word in kept]) < 3
    expect(page.locator("form textarea, form input:not([type=hidden])")).to_have_count(0)


# What is in the page when the heading takes the focus, and at the end of the same moment, before anything is drawn.
WATCH_THE_END = """() => {
    const field = document.activeElement;
    window.ended = {};
    document.addEventListener("focusin", ({target}) => {
        if (target.id === "ended") Object.assign(ended, {wasThere: field.isConnected, typed: field.value});
    });
    new MutationObserver((_changes, watching) => {
        if (!document.getElementById("ended")) return;
        watching.disconnect();
        ended.page = document.documentElement.outerHTML;
        ended.fields = [...document.querySelectorAll("input, textarea")].map((one) => one.value).join("");
    }).observe(document.getElementById("contenu"), {childList: true, subtree: true});
}"""


@pytest.mark.parametrize(
    ("theme", "discreet"), [("light", False), ("dark", True)], ids=["phone", "phone, discreet, dark"]
)
def test_page_left_behind_shows_nothing_more(live_site, left_behind, page_factory, axe, theme, discreet):
    page, _conversation = left_behind({"width": 320, "height": 480, "theme": theme}, discreet=discreet)
    code = code_of(page)
    page.locator("#body").fill("je n'ai pas fini ma phrase")
    page.evaluate(WATCH_THE_END)
    come_back(live_site, page_factory, code)
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(ENDED)
    expect(title).to_be_focused()
    expect(page.locator("#ended-told")).to_contain_text("n'a pas été gardé")
    expect(title).to_have_attribute("aria-describedby", "ended-told")
    ended = page.evaluate("ended")
    assert ended["wasThere"], "the field was gone before the heading had the focus: Orca may say nothing of it"
    at_once = ended["typed"] + ended["fields"] + ended["page"]
    assert [secret for secret in ("mon voisin", "Camille", "pas fini ma phrase", code) if secret in at_once] == []
    expect(page.locator("#contenu > *")).to_have_count(1)  # nothing that had the focus stays
    shows_nothing_of(page, code, "pas fini ma phrase")
    assert page.title() == ("Informations" if discreet else "Visite terminée – Pnav")
    expect(page.get_by_role("link", name="Reprendre avec un code")).to_be_in_viewport()
    fits(page)
    axe(page)
    # What happens afterwards brings nothing back, and breaks nothing.
    page.context.set_offline(True)
    page.context.set_offline(False)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange')); dispatchEvent(new Event('pageshow'))")
    shows_nothing_of(page, code)
    page.reload()
    expect(page.get_by_role("heading", name=ENDED)).to_be_visible()
    shows_nothing_of(page, code)
    fits(page)
    axe(page)
    page.set_viewport_size({"width": 1280, "height": 800})  # a desktop computer
    axe(page)
    fits(page)
    for path in ("/orientation/", "/signalement/"):
        page.goto(live_site.url + path)
        assert "Moins de 15 ans" not in page.content() or "déjà" not in page.content()
        expect(page.locator("input:checked")).to_have_count(0)
    for _page in range(2):
        page.go_back()
        assert "mon voisin" not in page.content()


@pytest.mark.new_tabs
def test_fact_that_was_being_typed_goes_with_the_visit(live_site, left_behind, page_factory):
    page, _conversation = left_behind({"width": 320, "height": 480})
    code = code_of(page)
    page.goto(live_site.url + "/tchat/faits/")
    page.locator("#id_what").fill("un fait commencé")
    page.reload()
    expect(page.locator("#id_what")).to_have_value("un fait commencé")
    come_back(live_site, page_factory, code)
    expect(page.get_by_role("heading", name=ENDED)).to_be_focused()
    page.wait_for_timeout(2_000)  # a page asks no more for what it was typing
    shows_nothing_of(page, code, "un fait commencé")
    page.reload()
    expect(page.get_by_role("heading", name=ENDED)).to_be_visible()
    page.go_back()
    shows_nothing_of(page, code, "un fait commencé")


def test_back_after_the_visit_ended_brings_nothing_back(live_site, left_behind, page_factory):
    page, _conversation = left_behind({})
    code = code_of(page)
    page.goto(live_site.url + "/accessibilite/")
    come_back(live_site, page_factory, code)
    page.go_back()
    expect(page.get_by_role("heading", name=ENDED)).to_be_visible()
    shows_nothing_of(page, code)


def test_page_kept_in_memory_by_the_browser_asks_before_it_shows(live_site, left_behind, page_factory):
    """A browser may keep whole pages for « Back » whatever they ask for."""
    page, _conversation = left_behind({}, script=NO_SOCKETS)
    code = code_of(page)
    page.route("**/tchat/trames/", lambda route: route.abort())  # it is frozen, and is told nothing
    come_back(live_site, page_factory, code)
    shown = """() => {
      dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
      return document.getElementById("chat").checkVisibility();
    }"""
    with page.expect_navigation():
        assert page.evaluate(shown) is False
    expect(page.get_by_role("heading", name=ENDED)).to_be_visible()
    shows_nothing_of(page, code)


def test_page_left_behind_without_sockets_hears_it_too(live_site, left_behind, page_factory):
    page, _conversation = left_behind({}, script=NO_SOCKETS)
    code = code_of(page)
    come_back(live_site, page_factory, code)
    expect(page.get_by_role("heading", name=ENDED)).to_be_focused()
    shows_nothing_of(page, code)


def test_new_code_asked_for_on_the_page_left_behind_ends_it(live_site, left_behind, page_factory):
    page, conversation = left_behind({}, script=NO_SOCKETS)
    code = code_of(page)
    page.route("**/tchat/trames/", lambda route: route.abort())  # the line is told nothing
    come_back(live_site, page_factory, code)
    page.get_by_role("button", name="Créer un nouveau code").click()
    expect(page.get_by_role("heading", name=ENDED)).to_be_focused()
    shows_nothing_of(page, code)
    with live_site.database():
        assert Conversation.objects.get(pk=conversation.pk).resume_digest is not None  # the code still works


def test_page_of_the_code_left_behind_shows_no_code(live_site, left_behind, page_factory, axe):
    page, _conversation = left_behind({"width": 320, "height": 480})
    page.goto(live_site.url + "/tchat/code/")
    page.get_by_role("button", name=CREATE).click()
    words = page.locator(".pnav-chat__code")
    expect(words).to_be_visible()
    code = words.text_content() or ""
    come_back(live_site, page_factory, code)
    expect(page.get_by_role("heading", name=ENDED)).to_be_focused()
    shows_nothing_of(page, code)
    axe(page)


def test_page_left_behind_without_a_script_is_cleared_by_one_link(live_site, left_behind, page_factory):
    page, _conversation = left_behind({"javascript": False, "width": 320, "height": 640})
    with goes_on(page):
        page.get_by_role("button", name=CREATE).click()
    code = page.locator(".pnav-chat__code").text_content() or ""
    expect(page.locator("noscript p")).to_have_text("Ces mots disparaîtront de l'écran dans dix minutes.")
    assert 'content="600; url=/tchat/code/"' in page.content()
    page.get_by_role("link", name="Revenir à mon échange").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Nouveaux messages").first).to_be_attached()
    come_back(live_site, page_factory, code)
    frame.get_by_role("link", name="Effacer cette page").click()
    expect(page.get_by_role("heading", name=ENDED)).to_be_visible()
    assert "mon voisin" not in page.content()
