"""The pages of failures as people get them: without scripts, on the narrowest screen, in both themes.

Each is drawn by the code that draws it in the service. When a running site cannot be made to fail at once (a breakdown,
too many tries), the same view draws the page here, and it is shown in its place.
"""

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from itertools import product
from urllib.parse import parse_qs, urlencode

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.cache import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Page, expect

from chat.visitor.base import away_page
from pnav import errors
from pnav.server import busy
from tests.browser.conftest import THEMES, Axe, LiveSite, PageFactory, in_theme

EMERGENCY = ("tel:17", "tel:112", "sms:114")
YOUNG = "tel:119"  # said by pages that stand alone; the others have a menu, and say where to go on
TYPED = "Il m'attend devant le lycée, j'ai peur.\n" + "é" * 90 + "\n" + "Que faire ? 😀 " * 30

type Answer = tuple[Mapping[str, str], str]
type Draw = Callable[[LiveSite], Answer]


def of_busy(path: str, body: Mapping[str, str] | None = None, *, language: str = "fr") -> Draw:
    def draw(_site: LiveSite) -> Answer:
        sent = urlencode(body).encode() if body else b""
        headers = [
            (b"cookie", f"django_language={language}".encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ]
        method = "GET" if body is None else "POST"
        busy._forms[:] = [0.0, 0]
        answered, page = busy.answer({"method": method, "path": path, "query_string": b"", "headers": headers}, sent)
        return {name.decode(): value.decode() for name, value in answered}, page.decode()

    return draw


def of_site(path: str, body: bytes | None = None) -> Draw:
    """Return what the running site answers."""

    def draw(site: LiveSite) -> Answer:
        try:
            urllib.request.urlopen(urllib.request.Request(site.url + path, body), timeout=30).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            return dict(error.headers.items()), error.read().decode()
        raise AssertionError(f"{path} is no error")

    return draw


def visitor(path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.session, request.user, request.resolver_match = SessionStore(), AnonymousUser(), None
    return request


def of_view(view: Callable[[HttpRequest], object]) -> Draw:
    def draw(site: LiveSite) -> Answer:
        with site.database():
            answer = view(visitor("/"))
        return {"Content-Type": "text/html; charset=utf-8"}, answer.content.decode()

    return draw


STATES: dict[str, Draw] = {
    "busy: a page": of_busy("/"),
    "busy: a page in English": of_busy("/", language="en"),
    "busy: a form of an account": of_busy("/compte/login/", {"login": "camille", "password": "x"}),
    "busy: a message": of_busy("/tchat/message/", {"client_id": "1", "body": TYPED}),
    "busy: a form without a text": of_busy("/tchat/reprendre/", {"code": "abeille castor"}),
    "busy: a message in English": of_busy("/tchat/message/", {"client_id": "1", "body": TYPED}, language="en"),
    "too large": of_site("/orientation/", b"x" * 300_000),
    "missing": of_site("/une-adresse-qui-n-existe-pas/"),
    "expired form": of_site("/signalement/", b"a=b"),
    "not open": of_view(lambda request: errors.permission_denied(request, PermissionDenied())),
    "breakdown": of_view(errors.server_error),
    "too many tries": of_view(errors.too_many),
    "database away": lambda _site: (
        {"Content-Type": "text/html; charset=utf-8"},
        render_to_string(
            "chat/database_away.html",
            away_page(text_name="body", text=TYPED, sent=[("client_id", "1")], action="/tchat/message/"),
        ),
    ),
}


IN_THE_FRAME = {"missing", "expired form", "not open"}
SIZES = ((320, 640), (1280, 800))
# Asked in one call at each size, in each theme: how many titles are seen; how wide the page is, and what is beyond its
# edge; where the first link to each number ends; of each link to the last number, whether it is seen; the background.
LOOK = """([numbers, young]) => {
  const isSeen = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getBoundingClientRect().height > 0;
  const linksTo = (number) => [...document.querySelectorAll(`a[href="${number}"]`)];
  return {
    titles: [...document.querySelectorAll("h1")].filter(isSeen).length,
    width: document.documentElement.scrollWidth,
    overflowing: [...document.querySelectorAll("main *")]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)
      .map((one) => one.outerHTML.slice(0, 120)),
    ends: numbers.map(linksTo).map(([one]) => one && isSeen(one) ? one.getBoundingClientRect().bottom : null),
    young: linksTo(young).map(isSeen),
    ground: getComputedStyle(document.body).backgroundColor,
  };
}"""


def test_page_of_a_failure(
    page_factory: PageFactory, live_site: LiveSite, axe_in_both_themes: Axe, subtests: pytest.Subtests
):
    """It is drawn without a script at each size, in each theme; then for axe, which is a script itself.

    It is loaded once for each: these pages have nothing that asks for the size or the theme but their style.
    """
    bare = page_factory(javascript=False)
    with_scripts = page_factory(width=320, height=640)
    for state, draw in STATES.items():
        with subtests.test(state):
            answer = draw(live_site)
            shown(bare, live_site, answer)
            for (width, height), theme in product(SIZES, THEMES):
                bare.set_viewport_size({"width": width, "height": height})
                in_theme(bare, theme)
                looks_right(bare, state, width, height, theme)
            axe_in_both_themes(shown(with_scripts, live_site, answer))


def looks_right(page: Page, state: str, width: int, height: int, theme: str) -> None:
    look = page.evaluate(LOOK, [EMERGENCY, YOUNG])
    assert look["titles"] == 1 and look["width"] <= width and look["overflowing"] == [], look
    for number, end in zip(EMERGENCY, look["ends"], strict=True):
        assert end is not None, number
        # (The page of the sign-in is for the staff. It says so first, with help below.)
        assert end <= height or state == "too many tries", (number, "not on the first screen")
    if state not in IN_THE_FRAME:
        assert look["young"] == [True]
    assert (look["ground"] == "rgb(22, 22, 22)") == (theme == "dark"), look["ground"]
    if "a message" in state or state == "database away":
        assert page.get_by_role("textbox").input_value() == TYPED


def shown(page: Page, site: LiveSite, answer: Answer) -> Page:
    """Show this answer, at an address of the site."""
    headers, html = answer
    page.unroute(site.url + "/etat/")
    page.route(site.url + "/etat/", lambda route: route.fulfill(body=html, headers=dict(headers)))
    page.goto(site.url + "/etat/")
    return page


def test_what_was_typed_is_sent_again_without_a_script(page_factory: PageFactory, live_site: LiveSite):
    """The button is pressed as it is: the same fields go to the same address."""
    answer = of_busy("/tchat/message/", {"client_id": "1", "body": TYPED})(live_site)
    page = shown(page_factory(width=320, height=640, javascript=False), live_site, answer)
    with page.expect_request(live_site.url + "/tchat/message/") as sent:
        page.get_by_role("button", name="Envoyer de nouveau").click()
    fields = parse_qs(sent.value.post_data or "")
    assert fields["client_id"] == ["1"] and fields["body"] == [TYPED.replace("\n", "\r\n").strip("\r")]


def test_frame_of_messages_says_so_within_its_page(page_factory: PageFactory, live_site: LiveSite):
    """It is as the page without a script shows it: a low frame, which asks again by itself."""
    headers, html = of_busy("/tchat/suite/")(live_site)
    page = page_factory(width=320, height=640, javascript=False)
    around = (
        '<!doctype html><html lang="fr"><title>Échange</title><main><h1>Échange</h1>'
        '<iframe src="/tchat/suite/" title="Suite" width="280" height="300"></iframe></main>'
    )
    page.route(
        live_site.url + "/etat/", lambda route: route.fulfill(body=around, content_type="text/html; charset=utf-8")
    )
    page.route(live_site.url + "/tchat/suite/", lambda route: route.fulfill(body=html, headers=dict(headers)))
    page.goto(live_site.url + "/etat/")
    frame = page.frame_locator("iframe")
    for number in (*EMERGENCY, YOUNG):
        expect(frame.locator(f'a[href="{number}"]')).to_be_visible()
    assert frame.locator("html").evaluate("element => element.scrollWidth") <= 280
