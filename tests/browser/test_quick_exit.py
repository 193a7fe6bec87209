"""« Quitter rapidement »: the button, the first stop of Tab, three presses of Shift, and what « back » shows."""

import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import LiveSite, PageFactory, goes_on

pytestmark = pytest.mark.new_tabs


def is_away(page: Page, neutral_site: str) -> None:
    expect(page).to_have_url(neutral_site)
    expect(page.get_by_role("heading")).to_have_text("Beau temps partout")


def session_count(site: LiveSite) -> int:
    from django.contrib.sessions.models import Session

    with site.database():
        return Session.objects.count()


def begin_visit(page: Page, site: LiveSite) -> None:
    """Answer the first question of the orientation, so that there is a visit to end."""
    page.goto(site.url + "/orientation/")
    with goes_on(page):
        page.locator("#answer-no").click()


@pytest.mark.parametrize("javascript", [True, False])
def test_quick_exit_is_the_first_tab_stop(
    page_factory: PageFactory, live_site: LiveSite, neutral_site: str, javascript: bool
):
    page = page_factory(javascript=javascript)
    page.goto(live_site.url + "/")
    page.keyboard.press("Tab")
    first = page.get_by_role("button", name="Quitter rapidement ce site")
    expect(first).to_be_focused()
    assert first.bounding_box()["height"] >= 24, "seen once it has the focus"
    page.keyboard.press("Enter")
    is_away(page, neutral_site)


@pytest.mark.parametrize("javascript", [True, False])
def test_quick_exit_ends_the_visit(page_factory: PageFactory, live_site: LiveSite, neutral_site: str, javascript: bool):
    page = page_factory(javascript=javascript)
    before = session_count(live_site)
    begin_visit(page, live_site)
    assert session_count(live_site) == before + 1
    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    is_away(page, neutral_site)
    # With scripts, the request is sent while the page is left.
    deadline = time.monotonic() + 20
    while session_count(live_site) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert session_count(live_site) == before


# Safari 10.0 knows neither. The script reads the second as it begins, and stopped there.
OLD_SAFARI = "delete window.fetch; delete Performance.prototype.getEntriesByType;"
# What is on screen once the page is covered, told without being asked: the page is being left.
TELL = """() => addEventListener("pnav-leaving", () => setTimeout(() => {
  console.log(`covered: ${document.title}${getComputedStyle(document.querySelector("main")).display}`);
}))"""


@pytest.mark.parametrize("by_keyboard", [False, True], ids=["button", "Shift"])
def test_quick_exit_where_a_script_cannot_send_by_itself(
    page_factory: PageFactory, live_site: LiveSite, neutral_site: str, by_keyboard: bool
):
    page = page_factory()
    page.add_init_script(OLD_SAFARI)
    before = session_count(live_site)
    begin_visit(page, live_site)
    assert session_count(live_site) == before + 1 and page.evaluate("typeof fetch") == "undefined"
    away: list[Route] = []
    page.route("**/quitter/", lambda route: away.append(route))
    page.evaluate(TELL)
    said = page.expect_console_message(lambda message: message.text.startswith("covered: "))
    with said as covered, page.expect_request("**/quitter/"):
        if by_keyboard:
            for _time in range(3):
                page.keyboard.press("Shift")
        else:
            page.get_by_role("button", name="Quitter rapidement", exact=True).click(no_wait_after=True)
    assert covered.value.text == "covered: \u200enone"
    while not away:  # the request is told of before its route
        page.wait_for_timeout(20)
    away[0].continue_()
    is_away(page, neutral_site)
    assert session_count(live_site) == before


def test_quick_exit_shift_three_times(page_factory: PageFactory, live_site: LiveSite, neutral_site: str):
    page = page_factory()
    page.goto(live_site.url + "/")
    status = page.locator("#quick-exit-status")
    expect(status).to_have_attribute("role", "status")
    page.keyboard.press("Shift")
    expect(status).to_contain_text("encore deux fois")
    page.keyboard.press("Shift")
    expect(status).to_contain_text("encore une fois")
    page.keyboard.press("Shift")
    is_away(page, neutral_site)
    page.goto(live_site.url + "/")  # coming back on purpose shows the site
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_quick_exit_shift_used_to_type_capitals_stays(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    page.locator("textarea").focus()
    for letter in "ABCDE":
        page.keyboard.press(f"Shift+{letter}")
    expect(page.locator("textarea")).to_have_value("ABCDE")
    expect(page).to_have_url(live_site.url + "/avis/")


def is_leaving(page: Page) -> bool:
    """Return whether the page is covered, in the same turn of the event loop as the press."""
    return page.evaluate("document.documentElement.classList.contains('pnav-leaving')")


@pytest.mark.parametrize("other", ["Alt", "Control", "Meta"])
def test_quick_exit_shift_beside_another_modifier_stays(page_factory: PageFactory, live_site: LiveSite, other: str):
    """Alt held and Shift three times goes through four layouts of a keyboard in Windows."""
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    page.keyboard.down(other)
    for _time in range(3):
        page.keyboard.press("Shift")
        assert not is_leaving(page)
    page.keyboard.up(other)
    expect(page.locator("#quick-exit-status")).to_be_empty()


def test_quick_exit_shift_held_for_the_mouse_stays(page_factory: PageFactory, live_site: LiveSite, neutral_site: str):
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    page.mouse.move(5, 300)
    for _time in range(3):
        page.keyboard.down("Shift")
        page.mouse.down()
        page.mouse.up()
        page.keyboard.up("Shift")
        assert not is_leaving(page)
    for _time in range(3):
        page.keyboard.press("Shift")
    is_away(page, neutral_site)


def test_quick_exit_another_key_says_what_cancelled_it(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    status = page.locator("#quick-exit-status")
    page.keyboard.press("Shift")
    expect(status).to_contain_text("encore deux fois")
    page.keyboard.press("ArrowDown")
    expect(status).to_have_text("Sortie rapide annulée : une autre touche a servi.")


# As a screen reader does it that keeps the letter of Shift + H: the page sees Shift, and the caret is elsewhere.
MOVE_CARET = """(to) => new Promise((done) => {
  document.addEventListener("selectionchange", () => done(), { once: true });
  getSelection().collapse(document.querySelectorAll("main p, main label")[to], 0);
})"""


def test_quick_exit_keys_of_a_screen_reader_stay(page_factory: PageFactory, live_site: LiveSite, neutral_site: str):
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    for time_ in range(3):
        page.keyboard.down("Shift")
        page.evaluate(MOVE_CARET, time_)
        page.keyboard.up("Shift")
        assert not is_leaving(page)
    expect(page.locator("#quick-exit-status")).to_contain_text("une autre touche")
    for _time in range(3):  # and the next three are three
        page.keyboard.press("Shift")
    is_away(page, neutral_site)


def test_quick_exit_leaves_whatever_the_page_does_meanwhile(
    page_factory: PageFactory, live_site: LiveSite, neutral_site: str
):
    """A message comes and scrolls the thread at each press, something takes the focus once: leaving comes first."""
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    page.locator("textarea").focus()
    page.keyboard.type("Un mot")
    for time_ in range(2):
        page.keyboard.press("Shift")
        scrolled = """(down) => new Promise((done) => {
          addEventListener("scroll", () => done(), { once: true });
          scrollBy(0, down);
        })"""
        page.evaluate(scrolled, 40 if time_ == 0 else -20)
        if time_ == 0:
            page.locator("main input:not([type=hidden]), main textarea, main button").last.focus()
    page.keyboard.press("Shift")
    is_away(page, neutral_site)


@pytest.mark.parametrize("by", ["a key that is held", "the mouse"])
def test_quick_exit_leaves_also_where_the_caret_is_moved_between_the_presses(
    page_factory: PageFactory, live_site: LiveSite, neutral_site: str, by: str
):
    """Somebody deletes what they wrote, or presses the mouse here and there: no screen reader moves that caret."""
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    field = page.locator("textarea")
    field.fill("Un mot et un autre")
    if by == "the mouse":
        page.keyboard.press("Shift")
    else:
        page.keyboard.down("Backspace")
    for place in (10, 40):
        if by == "the mouse":
            field.click(position={"x": place, "y": 10})
            if place == 10:
                page.keyboard.press("Shift")
        else:
            page.keyboard.press("Shift")
            page.keyboard.down("Backspace")  # Playwright sends it as a repetition
    page.keyboard.press("Shift")
    is_away(page, neutral_site)


def test_quick_exit_shift_too_slow_stays(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()
    page.clock.install()
    page.goto(live_site.url + "/")
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    page.clock.run_for(5100)
    expect(page.locator("#quick-exit-status")).to_contain_text("annulée")
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    expect(page).to_have_url(live_site.url + "/")


def test_quick_exit_hides_the_page_before_the_next_one_arrives(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()
    page.goto(live_site.url + "/")
    # As if the neutral page were slow: what is on screen directly after the press, in the same turn of the event loop.
    state = page.evaluate(
        """() => {
            document.querySelector("#quick-exit button").click();
            return [document.title, getComputedStyle(document.querySelector("main")).display];
        }"""
    )
    assert state == ["\u200e", "none"]


def test_no_script_takes_the_place_of_the_exit(page_factory: PageFactory, live_site: LiveSite, neutral_site: str):
    """A script that waits for an answer may then send its form, or name the tab. The other site is slow here."""
    page = page_factory()
    page.goto(live_site.url + "/avis/")
    held: list[Route] = []
    page.route(neutral_site, lambda route: held.append(route))
    asked: list[str] = []
    page.on("request", lambda request: request.is_navigation_request() and asked.append(request.url))
    page.evaluate(
        """() => addEventListener("submit", () => setTimeout(() => {
            const [form] = document.querySelectorAll("main form");
            form.noValidate = true;
            document.title = "Pnav";
            form.requestSubmit();
            form.submit();
            console.log(`title: ${document.querySelector("title").textContent}`);
        }, 300))"""
    )
    said = page.expect_console_message(lambda message: message.text.startswith("title: "))
    with said as title, page.expect_request(neutral_site):
        page.get_by_role("button", name="Quitter rapidement", exact=True).click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert (asked, title.value.text) == ([neutral_site], "title: \u200e")
    held[0].continue_()
    is_away(page, neutral_site)


def test_quick_exit_back_leaves_again(page_factory: PageFactory, live_site: LiveSite, neutral_site: str):
    page = page_factory()
    page.goto(live_site.url + "/accessibilite/")
    page.goto(live_site.url + "/avis/")
    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    is_away(page, neutral_site)
    with page.expect_event("framenavigated", lambda frame: frame.url.startswith(live_site.url)):
        page.evaluate("history.back()")
    is_away(page, neutral_site)


def test_quick_exit_takes_the_other_tabs_along(page_factory: PageFactory, live_site: LiveSite, neutral_site: str):
    """A page without a line stayed in sight: an exchange that had ended, its facts, its captures."""
    page = page_factory()
    begin_visit(page, live_site)
    other = page.context.new_page()
    other.goto(live_site.url + "/accessibilite/")
    other.goto(live_site.url + "/avis/")
    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    is_away(page, neutral_site)
    is_away(other, neutral_site)
    with other.expect_event("framenavigated", lambda frame: frame.url.startswith(live_site.url)):
        other.evaluate("history.back()")
    is_away(other, neutral_site)
    other.goto(live_site.url + "/avis/")  # on purpose
    expect(other.get_by_role("button", name="Quitter rapidement", exact=True)).to_be_visible()


def test_quick_exit_without_a_network_is_done_by_the_next_page_of_any_tab(
    page_factory: PageFactory, live_site: LiveSite, neutral_site: str
):
    page = page_factory()
    before = session_count(live_site)
    begin_visit(page, live_site)
    second_question = page.url
    refused: list[str] = []
    page.route("**/quitter/", lambda route: (refused.append(route.request.url), route.abort("internetdisconnected")))
    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    is_away(page, neutral_site)
    assert refused and session_count(live_site) == before + 1, "nothing has arrived"
    other = page.context.new_page()  # the history opens in a new tab too
    other.goto(second_question)
    expect(other.get_by_role("heading", level=1)).to_be_visible()
    assert other.url != second_question, "without the first answer there is no second question"
    assert session_count(live_site) == before
    assert not [one["name"] for one in page.context.cookies(live_site.url) if one["name"] == "left"]
    begin_visit(other, live_site)  # the person comes back on purpose, and stays
    here = other.url
    other.reload()
    expect(other).to_have_url(here)


def test_quick_exit_back_without_javascript_shows_nothing_typed(
    page_factory: PageFactory, live_site: LiveSite, neutral_site: str
):
    page = page_factory(javascript=False)
    begin_visit(page, live_site)
    second_question = page.url
    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    is_away(page, neutral_site)
    page.go_back()
    # The server was asked again, and has forgotten the visit.
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("main input:checked").count() == 0
    assert page.url != second_question, "without the first answer there is no second question"


# At each place of the page: where that is, how much of the element is in the viewport, and how high it is.
IN_VIEW_AT = """async (one, places) => {
    const seen = [];
    for (const place of places) {
        scrollTo(0, place);
        const share = await new Promise((done) => {
            const observer = new IntersectionObserver(([{ intersectionRatio }]) => {
                observer.disconnect();
                done(intersectionRatio);
            });
            observer.observe(one);
        });
        seen.push([scrollY, share, one.getBoundingClientRect().height]);
    }
    return seen;
}"""


def test_quick_exit_always_in_view(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()
    page.goto(live_site.url + "/")
    button = page.get_by_role("button", name="Quitter rapidement", exact=True)
    for width, height in ((320, 560), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        for place, share, tall in button.evaluate(IN_VIEW_AT, [0, 2000, 1_000_000]):
            assert share > 1 - 1e-9 and tall >= 44, (width, place)
