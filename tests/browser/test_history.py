"""The history of a browser, which somebody else may see, says nothing about a visit from the answer on
(docs/adr/0068).
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveSite, PageFactory, goes_on
from tests.browser.exchange import assigned, in_site
from tests.browser.test_line import until
from tests.browser.test_quick_exit import is_away

pytestmark = pytest.mark.new_tabs

SAYS_NOTHING = re.compile(r"/n/(\d{6}/){0,2}(\?(apres|avant)=\d+)?(#(fin|suite|body|contenu)?)?")


def history(page: Page) -> list[tuple[str, str]]:
    """Return address (without the host) and title of each entry of this tab, as the browser would show them."""
    session = page.context.new_cdp_session(page)
    entries = session.send("Page.getNavigationHistory")["entries"]
    session.detach()
    return [(re.sub(r"^https?://[^/]+", "", one["url"]), one["title"]) for one in entries]


def read_aloud(page: Page, since: int) -> None:
    entries = history(page)[since:]
    assert entries
    for address, title in entries:
        assert SAYS_NOTHING.fullmatch(address), address
        assert title in {"Informations", "Information"}, title  # in English, because the test came through /en/


def somebody_watches(live_site: LiveSite, page: Page) -> None:
    """Let the visit of this browser ask for discretion, as the answer to the safety question asks for it."""

    def work() -> None:
        from django.conf import settings

        from pnav.sessions import SessionStore
        from reports.session import DISCREET

        store = SessionStore()
        store[DISCREET] = True
        store.save()
        key.append(store.session_key)
        name.append(settings.SESSION_COOKIE_NAME)

    key: list[str] = []
    name: list[str] = []
    in_site(live_site, work)
    page.context.add_cookies([{"name": name[0], "value": key[0], "url": live_site.url, "httpOnly": True}])


@pytest.mark.parametrize("javascript", [True, False])
def test_history_read_aloud_says_nothing(page_factory: PageFactory, live_site: LiveSite, javascript: bool):
    page = page_factory(javascript=javascript, width=360, height=640)
    page.goto("about:blank")
    somebody_watches(live_site, page)
    for path in ("/orientation/", "/tchat/", "/signalement/", "/point-d-accueil/", "/", "/en/quitter/"):
        page.goto(live_site.url + path)
    for link in page.locator("footer a[href^='/']:visible").all()[:3]:
        with goes_on(page):
            link.click()
        page.go_back()
    with goes_on(page):
        page.locator("a.pnav-header__name:visible").first.click()
    read_aloud(page, since=1)
    assert len(history(page)) > 6
    page.go_back()
    page.reload()
    read_aloud(page, since=1)


@pytest.mark.parametrize("javascript", [True, False])
def test_section_that_is_read_is_not_in_the_history(page_factory: PageFactory, live_site: LiveSite, javascript: bool):
    """Nor is the page unfolded when it is read again, as a browser would for the target of a fragment."""
    page = page_factory(javascript=javascript, width=360, height=640)
    page.goto("about:blank")
    somebody_watches(live_site, page)
    page.goto(live_site.url + "/loi/#loi-couple")  # as in a message of an agent
    title = page.get_by_role("heading", name="Dans le couple, ou après")
    expect(title).to_be_hidden()
    page.get_by_text("Lire cette page").click()
    title.click()
    expect(page.get_by_text("Lire vos messages en cachette")).to_be_visible()
    entries = history(page)[1:]
    assert entries and [one for one in entries if not SAYS_NOTHING.fullmatch(one[0]) or one[1] != "Informations"] == []
    page.reload()
    expect(title).to_be_hidden()


@pytest.mark.parametrize("javascript", [True, False])
def test_nothing_is_said_from_the_answer_on(page_factory: PageFactory, live_site: LiveSite, javascript: bool):
    """The answers are « Quelqu'un peut voir mon écran », then the first one of each question, as far as it leads."""
    page = page_factory(javascript=javascript, width=360, height=640)
    page.goto(live_site.url + "/orientation/")
    before = len(history(page))
    with goes_on(page):
        page.get_by_role("button", name="peut voir mon écran").click()
    for _question in range(4):
        answers = page.locator(".pnav-answer-button, .pnav-age")
        if not answers.count():
            break
        assert page.locator(".pnav-answer-button svg").count() == 0, "no drawing is seen from afar"
        with goes_on(page):
            answers.first.click()
    read_aloud(page, since=before)
    assert len(history(page)) > before + 1


@pytest.mark.parametrize("javascript", [True, False])
def test_exchange_in_discreet_mode_stays_under_addresses_that_say_nothing(
    live_site: LiveSite, enter: Callable[..., Page], javascript: bool
):
    _agent, conversation = assigned(live_site, discreet=True)
    page = enter(conversation, javascript=javascript, width=360, height=640)
    page.locator("#body").fill("on me menace")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#messages").get_by_text("on me menace")).to_be_visible()
    entries = history(page)
    assert SAYS_NOTHING.fullmatch(entries[-1][0]) and entries[-1][1] == "Informations", entries


@pytest.mark.parametrize("javascript", [True, False])
def test_exit_works_from_every_page_of_discreet_mode(
    page_factory: PageFactory, live_site: LiveSite, neutral_site: str, javascript: bool
):
    page = page_factory(javascript=javascript, width=360, height=640)
    for path in ("/", "/orientation/", "/point-d-accueil/", "/tchat/reprendre/", "/quitter/"):
        somebody_watches(live_site, page)
        page.goto(live_site.url + path)
        assert SAYS_NOTHING.fullmatch(history(page)[-1][0])
        page.get_by_role("button", name="Quitter rapidement", exact=True).first.click()
        is_away(page, neutral_site)
        # The answer to the exit comes later, and would delete the next visit of this browser too.
        until(page, lambda: not page.context.cookies(live_site.url))
    page.goto(live_site.url + "/avis/")
    expect(page).to_have_url(live_site.url + "/avis/")
