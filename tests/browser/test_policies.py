"""What the browser itself enforces, and the small computation of a raid as a person meets it."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from pnav.accounts.models import Role
from reports import proof_of_work
from tests.browser.conftest import Axe, LiveSite, PageFactory, goes_on
from tests.browser.staff import sign_in
from tests.browser.test_accounts import account as account
from tests.browser.test_journey import ANSWERS

WRITES = (
    "html => { try { document.createElement('div').innerHTML = html; return 'written' } catch { return 'refused' } }"
)
TRUSTS = "name => { try { trustedTypes.createPolicy(name, {}); return 'made' } catch { return 'refused' } }"


@pytest.fixture
def bare_page(live_site: LiveSite, browser) -> Callable[[], Page]:
    """Give a page whose refusals are what the test is about: `page_factory` would call them faults."""
    contexts = []

    def make() -> Page:
        contexts.append(browser.new_context(locale="fr-FR"))
        return contexts[-1].new_page()

    yield make
    for context in contexts:
        context.close()


def test_no_script_writes_html_on_a_visitors_page(bare_page, live_site: LiveSite):
    page = bare_page()
    for path in ("/", "/orientation/", "/tchat/reprendre/", "/compte/login/"):
        page.goto(live_site.url + path)
        assert page.evaluate(WRITES, "<b>x</b>") == "refused"
        assert page.evaluate(TRUSTS, "pnav-console") == page.evaluate(TRUSTS, "default") == "refused"
        assert page.evaluate("crossOriginIsolated") is True


def test_the_admin_writes_html_that_does_nothing(bare_page, live_site: LiveSite, account):
    page = bare_page()
    sign_in(page, live_site, account(Role.ADMINISTRATOR, totp=True), "/admin/")
    assert page.evaluate(WRITES, "<option value='1'>Brigade</option>") == "written"
    for html in (
        "<script>1</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:1'>x</a>",
        "<iframe></iframe>",
    ):
        assert page.evaluate(WRITES, html) == "refused"
    assert page.evaluate(TRUSTS, "another") == "refused"
    assert page.evaluate("() => { try { new Worker('/x.js'); return 'run' } catch { return 'refused' } }") == "refused"


def test_the_console_trusts_nothing_but_its_own_pages(bare_page, live_site: LiveSite, account):
    page = bare_page()
    sign_in(page, live_site, account(totp=True))
    expect(page).to_have_url(live_site.url + "/console/")
    page.wait_for_load_state()
    assert page.evaluate(WRITES, "<b>x</b>") == "refused"
    assert page.evaluate(TRUSTS, "another") == page.evaluate(TRUSTS, "pnav-console") == "refused"
    assert page.evaluate("() => { try { new Worker('/x.js'); return 'run' } catch { return 'refused' } }") == "refused"


# --- the little work ------------------------------------------------------------------------------------------------


# The wait that replaces the computation on a page without its script never ends.
ENDLESS_WAIT = """
const later = window.setTimeout;
window.setTimeout = (call, ms, ...more) => (ms > 5000 ? 0 : later(call, ms, ...more));
"""


@pytest.fixture
def raid(live_site: LiveSite) -> Callable[[], None]:
    """Create a hundred signalements in the last minutes, and forget them at the end."""
    for _each in range(100):
        live_site.do(proof_of_work.count_filed)
    yield
    cache.clear()  # the tests and their site share one Valkey


def fill_in(page: Page, url: str) -> None:
    """Go from the home page to the last answer, which files."""
    page.goto(url + "/")
    field = page.get_by_label("Ma ville ou mon code postal")
    field.fill("Arles")
    field.press("Escape")
    with goes_on(page):
        page.get_by_role("button", name="J'ai 18 ans ou plus").click()
    for answer in ANSWERS:
        with goes_on(page):
            page.get_by_role("button", name=answer).click()


def test_a_person_meets_a_raid(raid, live_site: LiveSite, page_factory: PageFactory, axe_at_both_ends: Axe):
    page = page_factory()
    page.route("**/effort*.js", lambda route: route.abort())  # at first, to see the page without its script
    fill_in(page, live_site.url)
    expect(page.locator("h1")).to_have_text("Encore un instant")
    refresh = page.locator("meta[http-equiv=refresh]")  # drawn as without scripts, because the module did not run
    expect(refresh).to_be_attached()
    refresh.evaluate("(meta) => meta.remove()")  # axe refuses each one; this one ends a wait, and loses nothing
    axe_at_both_ends(page)
    expect(page.locator("[data-work]")).to_be_hidden()  # nothing is said about a computation that does not run
    page.get_by_role("button", name="Entrer dans le tchat").click()  # too early, so the same page comes again
    expect(page.get_by_role("button", name="Entrer dans le tchat")).to_be_visible()
    page.unroute("**/effort*.js")
    page.add_init_script(ENDLESS_WAIT)  # the computation opens the way, however long a busy machine takes for it
    page.reload()
    page.wait_for_url(live_site.url + "/tchat/")


def test_a_person_without_a_script_meets_a_raid(raid, live_site: LiveSite, page_factory: PageFactory):
    page = page_factory(javascript=False, width=320)
    fill_in(page, live_site.url)
    expect(page.locator("h1")).to_have_text("Encore un instant")
    expect(page.get_by_text("vos réponses sont prêtes")).to_be_visible()  # the page has loaded itself again
    page.get_by_role("button", name="Entrer dans le tchat").click()
    expect(page).to_have_url(live_site.url + "/tchat/")
