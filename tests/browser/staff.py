"""Staff in a browser: with a session that they already have, or through the pages of the sign-in.

The sign-in is three pages, and a code for which one may have to wait. Its own tests, and one of the console, go that
way (`sign_in_by_hand`). The other tests begin where it has led (`sign_in`).
"""

from typing import TYPE_CHECKING

from django.conf import settings
from playwright.sync_api import Page

from pnav.accounts.models import User
from tests.accounts.cast import IN_A_BROWSER, session_key, totp_code

if TYPE_CHECKING:
    from tests.browser.conftest import LiveSite

PASSWORD = "a password for tests"


def give_session(page: Page, site: "LiveSite", user: User | str) -> None:
    """Sign this browser in, as whoever enrolled a second factor and proved it. user: or their name."""
    with site.database():
        key = session_key(User.objects.get(username=user) if isinstance(user, str) else user)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site.url}])


def sign_in(page: Page, site: "LiveSite", user: User | str, path: str = "/console/") -> None:
    """Sign this browser in, on this page."""
    give_session(page, site, user)
    page.goto(site.url + path)


def sign_in_by_hand(page: Page, site: "LiveSite", name: str, password: str = PASSWORD, path: str = "/console/") -> None:
    """Sign in as a person does: the page that asks for it, the password, then the code of the telephone."""
    page.goto(site.url + path)
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", totp_code(seconds=IN_A_BROWSER))
    page.press("[name=code]", "Enter")
    page.wait_for_url(f"**{path}")
