"""Who works here, in a browser: with a session that is theirs already, or through the pages of the sign-in.

The sign-in is three pages and a code that may have to be waited for: the tests of it, and one of the console, go that
way (`sign_in_by_hand`). The others begin where it has led (`sign_in`).
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from playwright.sync_api import Page

from pnav.accounts.models import User
from pnav.accounts.second_factor import record_enrolment
from pnav.sessions import SessionStore, begin_shift
from tests.accounts.cast import IN_A_BROWSER, totp_code

if TYPE_CHECKING:
    from tests.browser.conftest import LiveSite

PASSWORD = "a password for tests"


def session_key(user: User) -> str:
    """The key of a new session of this account, whole: its second factor is proved. Inside `site.database()`."""
    session = SessionStore()
    session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0]})
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    begin_shift(session)
    record_enrolment(user, session)
    session.save()
    assert session.session_key
    return session.session_key


def give_session(page: Page, site: "LiveSite", user: User | str) -> None:
    """This browser is signed in from now on, as whoever enrolled a second factor and proved it. user: or their name."""
    with site.database():
        key = session_key(User.objects.get(username=user) if isinstance(user, str) else user)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": site.url}])


def sign_in(page: Page, site: "LiveSite", user: User | str, path: str = "/console/") -> None:
    """Signed in, on this page."""
    give_session(page, site, user)
    page.goto(site.url + path)


def sign_in_by_hand(page: Page, site: "LiveSite", name: str, password: str = PASSWORD, path: str = "/console/") -> None:
    """As a person does: the page that asks for it, the password, then the code of the telephone."""
    page.goto(site.url + path)
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("[name=code]")
    page.fill("[name=code]", totp_code(seconds=IN_A_BROWSER))
    page.press("[name=code]", "Enter")
    page.wait_for_url(f"**{path}")
