"""A long thread in a browser: its last messages come first, the others on request, and nobody loses their place."""

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, expect

from chat.messages.transcript import PIECE_MESSAGES
from tests.browser.exchange import assigned, in_site
from tests.chat.sockets import signed_in
from tests.factories import chat as make

pytestmark = pytest.mark.browser

EARLIER = "Voir les messages précédents"
FAILED = "Les messages précédents ne sont pas arrivés. Réessayez dans un instant."


@pytest.fixture
def long_one(live_site, nobody_on_duty):
    """Return an agent, and an exchange of 251 messages with them."""
    agent, conversation = assigned(live_site)
    texts = [f"Message numéro {n}" for n in range(2, 252)]
    in_site(live_site, lambda: make.thread(conversation, texts))
    return agent, conversation


def top_of(page: Page, seq: int) -> float:
    return page.locator(f"[data-seq='{seq}']").evaluate("node => node.getBoundingClientRect().top")


def test_earlier_messages_come_above_and_what_is_typed_stays(live_site, enter, long_one, axe):
    page = enter(long_one[1], width=320, height=640)
    own = page.locator("#messages > li")
    expect(own).to_have_count(PIECE_MESSAGES)
    page.locator("#body").fill("Un début")
    page.get_by_role("link", name=EARLIER).scroll_into_view_if_needed()
    before = top_of(page, 152)
    page.get_by_role("link", name=EARLIER).press("Enter")
    expect(own).to_have_count(2 * PIECE_MESSAGES)
    assert abs(top_of(page, 152) - before) < 3  # a reader keeps the same words before their eyes
    expect(page.locator("[data-seq='151']")).to_be_focused()
    page.get_by_role("link", name=EARLIER).click()
    expect(own).to_have_count(251)
    expect(page.get_by_role("link", name=EARLIER)).to_be_hidden()
    assert [int(seq) for seq in own.evaluate_all("all => all.map((node) => node.dataset.seq)")] == list(range(1, 252))
    expect(page.locator("#body")).to_have_value("Un début")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    axe(page)


def test_earlier_messages_asked_for_twice_on_a_slow_line_come_once(enter, long_one):
    page = enter(long_one[1], width=320, height=640)
    own, link, banner = page.locator("#messages > li"), page.get_by_role("link", name=EARLIER), page.locator("#banner")
    held: list[Route] = []
    page.route("**/tchat/messages/**", lambda route: held.append(route))
    with page.expect_request("**/tchat/messages/**"):
        link.click()
    link.click()
    page.wait_for_timeout(300)
    assert len(held) == 1
    held.pop().fulfill(status=503, content_type="text/html", body="<p>Beaucoup de monde</p>")
    expect(banner).to_have_text(FAILED)
    with page.expect_request("**/tchat/messages/**"):
        link.click()
    expect(banner).to_be_hidden()
    link.click()
    held.pop().continue_()
    expect(own).to_have_count(2 * PIECE_MESSAGES)
    page.wait_for_timeout(300)
    assert not held and len(set(own.evaluate_all("all => all.map((node) => node.dataset.seq)"))) == 2 * PIECE_MESSAGES


def test_earlier_messages_that_do_not_come_leave_what_is_said_of_the_line(enter, long_one):
    page = enter(long_one[1], before=lambda page: page.clock.install(), width=320, height=640)
    link, banner = page.get_by_role("link", name=EARLIER), page.locator("#banner")
    expect(page.locator("#line")).to_have_text("Connecté")
    page.route("**/tchat/messages/**", lambda route: route.abort())
    link.click()
    expect(banner).to_have_text(FAILED)
    page.context.set_offline(True)
    expect(banner).to_contain_text("Connexion interrompue.")
    page.clock.fast_forward(3_000)  # it is said once more after 2.5 seconds, and then no more
    with page.expect_event("requestfailed", lambda request: "/tchat/messages/" in request.url):
        link.click()
    expect(link).not_to_have_attribute("aria-busy", "true")
    assert "Connexion interrompue." in (banner.text_content() or "")
    page.context.set_offline(False)
    expect(banner).to_have_text("Connexion rétablie.")


def test_earlier_messages_without_a_script(live_site, enter, long_one):
    page = enter(long_one[1], javascript=False, width=320, height=640)
    page.locator("#body").fill("Un début")
    page.get_by_role("button", name=EARLIER).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Messages de l'échange")
    expect(page.get_by_text("Messages 52 à 151, sur 251.")).to_be_visible()
    page.get_by_role("link", name=EARLIER).click()
    expect(page.locator("#messages > li")).to_have_count(51)
    page.get_by_role("link", name="Tout afficher, pour imprimer").click()
    expect(page.locator("#messages > li")).to_have_count(251)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("link", name="Revenir à mon échange").click()
    expect(page.locator("#body")).to_have_value("Un début")


def test_page_of_messages_is_accessible(live_site, enter, long_one, axe):
    page = enter(long_one[1], width=320, height=640, theme="dark")
    page.goto(live_site.url + "/tchat/messages/?avant=152")
    axe(page)


def test_agent_reads_what_came_before_in_the_console(live_site, page_factory, long_one, axe):
    agent, conversation = long_one
    with live_site.database():
        key = signed_in(agent)
    page = page_factory()
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    log = page.locator(".console-thread:not([hidden]) .console-log")
    own = log.locator(".console-message")
    expect(own).to_have_count(PIECE_MESSAGES)
    page.locator("[data-reply] textarea").fill("Un début")
    log.evaluate("node => { node.scrollTop = 0; }")
    before = top_of(page, 152)
    log.get_by_role("link", name=EARLIER).press("Enter")
    expect(own).to_have_count(2 * PIECE_MESSAGES)
    assert abs(top_of(page, 152) - before) < 3
    log.get_by_role("link", name=EARLIER).press("Enter")
    expect(own).to_have_count(251)
    expect(log.get_by_role("link", name=EARLIER)).to_have_count(0)
    assert [int(seq) for seq in own.evaluate_all("all => all.map((node) => node.dataset.seq)")] == list(range(1, 252))
    expect(page.locator("[data-reply] textarea")).to_have_value("Un début")
    axe(page)
