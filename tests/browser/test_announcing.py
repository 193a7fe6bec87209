"""What stands above pages while the chat is closed: on a telephone and a wide screen, in light and dark."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from pnav.accounts.models import Role
from pnav.pages.frame import announcements
from pnav.pages.models import Announcement
from reports import closures
from reports.models import ChatClosure, ClosureReason
from tests.browser.conftest import LiveSite
from tests.browser.test_console import Work, an_agent, at, be_signed_in  # noqa: F401  `at`: a fixture


@pytest.fixture
def closed(live_site: LiveSite) -> Iterator[None]:
    """Close the chat for an hour, and announce something to everybody."""

    def read_again() -> None:
        live_site.do(closures.forget)
        live_site.do(announcements.forget)

    now = timezone.now()
    times = {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=1)}
    with live_site.database():
        ChatClosure(reason=ClosureReason.INCIDENT, **times).set_texts({"vous": "Retour bientôt."}).save()
        Announcement(audience="both", level="warning", **times).set_texts({"vous": "Nous changeons de nom."}).save()
    read_again()
    yield
    with live_site.database():
        ChatClosure.objects.all().delete()
        Announcement.objects.all().delete()
    read_again()


def test_closed_chat_is_readable_and_its_doors_are_in_view(live_site: LiveSite, page: Page, closed, axe_at_both_ends):
    for where in ("/", "/orientation/", "/tchat/"):
        page.goto(live_site.url + where)
        expect(page.locator(".pnav-notice--closed")).to_be_visible()
        axe_at_both_ends(page)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(live_site.url + "/tchat/")
    expect(page.locator("h1")).to_contain_text("Le tchat est fermé. Il rouvre le")
    for door in ('a[href="tel:17"]', 'a[href="tel:3018"]', 'a[href="https://17cyber.gouv.fr/"]'):
        expect(page.locator("main").locator(door).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_console_that_stays_open_says_that_the_chat_closed_and_no_longer_when_it_opened(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    be_signed_in(page, live_site, at(an_agent))
    page.goto(live_site.url + "/console/")
    notice = page.locator("[data-chat-closed]")
    expect(notice).to_be_hidden()
    with live_site.database():
        closure = ChatClosure(reason=ClosureReason.INCIDENT, starts_at=timezone.now() - timedelta(minutes=1))
        closure.set_texts({"vous": "Retour bientôt."}).save()
    live_site.do(closures.forget)
    try:
        expect(notice).to_be_visible(timeout=60_000)
        expect(page.locator("#annonces")).to_contain_text("Le tchat est fermé")
        page.reload()
        expect(notice).to_contain_text("sans heure de fin")
    finally:
        with live_site.database():
            ChatClosure.objects.all().delete()
        live_site.do(closures.forget)
    expect(notice).to_be_hidden(timeout=60_000)
    expect(page.locator("#annonces")).to_have_text("Le tchat est rouvert.")


def test_board_that_stays_open_says_that_the_chat_closed_and_no_longer_when_it_opened(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    be_signed_in(page, live_site, at(an_agent, role=Role.SUPERVISOR))
    page.goto(live_site.url + "/console/tableau/")
    notice = page.locator("[data-notices] .pnav-notice--closed")
    expect(notice).to_have_count(0)
    with live_site.database():
        closure = ChatClosure(reason=ClosureReason.INCIDENT, starts_at=timezone.now() - timedelta(minutes=1))
        closure.set_texts({"vous": "Retour bientôt."}).save()
    live_site.do(closures.forget)
    try:
        expect(notice).to_contain_text("Le tchat est fermé, sans heure de fin", timeout=60_000)
        expect(page.locator("#tableau-annonces")).to_contain_text("Le tchat est fermé")
    finally:
        with live_site.database():
            ChatClosure.objects.all().delete()
        live_site.do(closures.forget)
    expect(notice).to_have_count(0, timeout=60_000)
    expect(page.locator("#tableau-annonces")).to_contain_text("Le tchat est rouvert.")
