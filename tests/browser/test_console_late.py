# ruff: noqa: F811  the fixtures of test_console
"""What comes late in the console: the answer of a service that failed."""

import re
import pytest
from playwright.sync_api import Locator, Page, expect

from chat.models import Conversation
from tests.browser.conftest import LiveSite
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    at,
    be_signed_in,
)
from tests.browser.test_console_aim import address, holding

pytestmark = pytest.mark.slow
# A form is sent whose address ends with `window.failing`. It is taken, and the page to which it leads is not drawn: a
# script that follows a redirect has one answer for both.
FAILS = """() => {
    const send = window.fetch;
    window.fetch = async (address, options = {}) => {
        const answer = await send(address, options);
        if (!window.failing || !String(address).endsWith(window.failing)) return answer;
        const failed = new Response("<h1>Service occupé</h1>", { status: 503 });
        const like = { redirected: { value: answer.redirected }, url: { value: answer.url } };
        return Object.defineProperties(failed, like);
    };
}"""


def area_of(page: Page, conversation: Conversation) -> Locator:
    return page.locator(f"#corps-{conversation.public_id}")


def test_failure_of_the_service_ends_neither_the_session_nor_the_page(live_site: LiveSite, page: Page, at: Work):
    """« Votre session est finie » was said of a session that went on."""
    agent, [conversation] = holding(at, 1)
    page.add_init_script(f"({FAILS})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    notice = page.locator("#avis")
    page.evaluate("window.failing = '/console/disponibilite/'")
    page.get_by_role("button", name="En pause", exact=True).click()
    expect(notice).to_contain_text("Pas de réponse du service")
    expect(page.locator("#disponibilite .console-duty__now")).to_contain_text("En pause")  # what was done is read
    expect(page.locator("#coupure")).to_be_hidden()
    page.evaluate("window.failing = ''; window.isTheSamePage = true; document.getElementById('avis').textContent = ''")
    area = area_of(page, conversation)
    area.fill("Toujours là.")
    area.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent] [data-slot=state]")).to_have_text("Envoyé")
    assert page.evaluate("window.isTheSamePage"), "the page was loaded again"
