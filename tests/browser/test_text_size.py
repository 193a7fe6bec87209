"""On a telephone whose browser shows larger text, an em has that size, and style sheets that use ems follow it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from playwright.sync_api import Browser, CDPSession, Page, expect

from chat.models import Message
from chat.rules import resume_words
from chat.rules.transfer import Reason, Target
from chat.transfer import actions as transfer_actions
from common.texts.templatetags.dates import whole_words
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET
from tests.browser.conftest import LiveSite, anew
from tests.browser.exchange import assigned, in_site, waiting
from tests.browser.staff import give_session
from tests.browser.test_accessibility import ADDRESSES
from tests.factories import chat as make

# Chromium's « Very large », and twice the usual size.
SIZES = (24, 32)
USUAL_SIZE = 16
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? []
    : [`${document.documentElement.scrollWidth} px`, ...[...document.querySelectorAll('body *')]
        .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)
        .map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`)]"""
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
PAGES = ("/", "/orientation/maintenant/", "/tchat/")
# Where the title stands, and the bars with their links when the page was scrolled. What is not shown has no height.
FRAME = """() => {
    const boxOf = (one) => one.getBoundingClientRect().toJSON();
    const title = boxOf(document.querySelector("main h1"));
    scrollTo(0, 400);
    const bars = [".pnav-safety", ".pnav-exit__button"].map((one) => boxOf(document.querySelector(one)));
    return [title, ...bars, [...document.querySelectorAll(".pnav-safety a")].map(boxOf)];
}"""
SIZE = "[parseFloat(getComputedStyle(document.documentElement).fontSize), innerWidth]"
# How many lines the word with a hyphen takes.
LINES_OF_A_WORD = "document.querySelector('#question-text .pnav-whole').getClientRects().length"
LINES_OF_THE_NAME = """() => {
    const words = document.createRange();
    words.selectNodeContents(document.querySelector(".pnav-header .fr-header__service-title"));
    return words.getClientRects().length;
}"""
LINES_OF_TIMES = """() => [...document.querySelectorAll("#messages time")].map((time) => {
    const words = document.createRange();
    words.selectNodeContents(time);
    return new Set([...words.getClientRects()].map(({ top }) => top)).size;
})"""
# Five times the longest word of the list, in the place of the code.
LINES_OF_EACH_WORD = """(node, longest) => {
    node.textContent = Array(5).fill(longest).join(" ");
    return Array.from({ length: 5 }, (_, at) => {
        const word = document.createRange();
        word.setStart(node.firstChild, at * (longest.length + 1));
        word.setEnd(node.firstChild, at * (longest.length + 1) + longest.length);
        return word.getClientRects().length;
    });
}"""
PUT_TITLE = """([before, word, after]) => {
    const whole = Object.assign(document.createElement("span"), { className: "pnav-whole", textContent: word });
    document.querySelector("#question-text").replaceChildren(before, whole, after);
}"""
# Links and buttons of the frame that lie over one another.
OVERLAPPING = """() => {
    const boxes = [...document.querySelectorAll(".pnav-safety__numbers a, .pnav-header__row :is(a, button, summary)")]
        .filter((node) => node.checkVisibility())
        .map((node) => [node.textContent.trim(), node.getBoundingClientRect()]);
    return boxes.flatMap(([name, one], at) => boxes.slice(at + 1)
        .filter(([_name, other]) => one.left < other.right - 0.5 && other.left < one.right - 0.5
            && one.top < other.bottom - 0.5 && other.top < one.bottom - 0.5)
        .map(([other]) => `${name} and ${other}`));
}"""


type Visit = Callable[..., Page]


@dataclass
class Kept:
    """A page and the session of DevTools that tells it how large text is."""

    page: Page
    devtools: CDPSession


@pytest.fixture(scope="module")
def kept(browser: Browser) -> Iterator[dict[bool, Kept]]:
    """Give the pages with and without scripts that the visits of this module use one after the other."""
    pages: dict[bool, Kept] = {}
    yield pages
    for one in pages.values():
        one.page.context.close()


@pytest.fixture
def visit_at(browser: Browser, live_site: LiveSite, kept: dict[bool, Kept]) -> Iterator[Visit]:
    """Give `visit_at(size, width=360, height=640, javascript=True)`.

    It is a visit that begins anew, whose usual text has so many pixels. The page is told so as Chromium's settings tell
    it, because a browser for each size would be dear.
    """
    shown: list[tuple[Page, int]] = []

    def begin(size: int, width: int = 360, height: int = 640, *, javascript: bool = True) -> Page:
        if javascript not in kept:
            page = browser.new_page(locale="fr-FR", java_script_enabled=javascript)
            kept[javascript] = Kept(page, page.context.new_cdp_session(page))
        page = kept[javascript].page
        anew(page, live_site)
        page.set_viewport_size({"width": width, "height": height})
        kept[javascript].devtools.send("Page.setFontSizes", {"fontSizes": {"standard": size}})
        shown.append((page, size))
        return page

    yield begin
    seen = [(*page.evaluate(SIZE), size) for page, size in shown]
    # As large as it was set, within what the style allows on a narrow screen (`:root` in site.css).
    assert all(size == pytest.approx(min(wanted, 0.12 * width)) for size, width, wanted in seen), seen


@pytest.mark.parametrize("size", SIZES)
def test_numbers_and_exit_stay_in_view_with_large_text(live_site, visit_at: Visit, size):
    """Each bar is one line of the screen's width, and most of the screen is left to what is read."""
    page = visit_at(size)
    for path in PAGES:
        page.goto(live_site.url + path)
        title, safety, leave, links = page.evaluate(FRAME)
        assert title["height"] and title["y"] <= 260, f"{path}: the frame takes the first screen"
        for bar in (safety, leave):
            assert bar["height"] and bar["left"] >= 0 and bar["right"] <= 360, (path, bar)
            assert bar["top"] >= 0 and bar["bottom"] <= 640, (path, bar)
        for link in links:
            assert link["left"] >= 0 and link["right"] <= 360 and link["height"] >= 44, (path, link)
        assert leave["top"] - safety["bottom"] >= 480, path
        assert page.evaluate(WIDER) == [], path


@pytest.mark.parametrize("size", SIZES)
def test_pages_beside_an_exchange_are_no_wider_than_the_screen(live_site, nobody_on_duty, visit_at: Visit, size):
    """The day of a fact was, and the numbers of whoever is in danger."""
    from tests.chat.sockets import visit

    _agent, conversation = assigned(live_site)
    with live_site.database():
        key = visit(conversation)
    page = visit_at(size)
    page.goto(live_site.url + "/")
    page.locator(".home-doors button[value=adult]").click()
    page.locator("#answer-yes").click()
    page.locator(".pnav-numbers--paired").wait_for()
    assert page.evaluate(WIDER) == [], "danger"
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    for path in ("/tchat/faits/", "/tchat/captures/", "/tchat/copie/", "/tchat/code/"):
        page.goto(live_site.url + path)
        assert page.evaluate(WIDER) == [], path


@pytest.mark.parametrize("size", SIZES)
def test_console_is_no_wider_than_the_screen(live_site, nobody_on_duty, visit_at: Visit, size):
    """Beside « Âge de la victime » the urgency had no room, and the whole page scrolled sideways."""
    agent, conversation = assigned(live_site)
    page = visit_at(size)
    in_site(live_site, lambda: enrol_totp(agent.user, SECRET))
    give_session(page, live_site, agent.user)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(page.locator(f"#corps-{conversation.public_id}")).to_be_editable()
    assert page.evaluate(WIDER) == []


# Presses of Tab, from an offer in the list on.
PRESSES = 60
# What has the focus and lies under the bar of ways, or nothing. The bar itself, and what is higher than the room above
# it, lie nowhere else.
UNDER_WAYS = """() => {
    const at = document.activeElement;
    const [ways, here] = [document.querySelector(".console-ways"), at.getBoundingClientRect()];
    const isHigh = here.height > innerHeight / 2;
    const isUnder = here.bottom > ways.getBoundingClientRect().top + 1 && here.bottom <= innerHeight + 200;
    return ways.contains(at) || isHigh || !isUnder ? "" : at.textContent.trim().slice(0, 40);
}"""


@pytest.mark.parametrize("size", [USUAL_SIZE, 32])
def test_bar_of_ways_lies_over_nothing_that_has_the_focus(live_site, nobody_on_duty, visit_at: Visit, size):
    """At 200 % it filled 265 px of 640, and lay over the second line of « Prendre l'échange »."""
    agent, conversation = assigned(live_site)

    def offered() -> None:
        enrol_totp(agent.user, SECRET)
        other = make.agent(public_name="Louise")
        one = transfer_actions.propose_handover(
            conversation_id=make.assigned(other).pk, by=other, target=Target(agent=agent.pk), reason=Reason.REQUEST,
            summary="Photos publiées.",
        )  # fmt: skip
        transfer_actions.answer_summary(handover_id=one.pk, conversation_id=one.conversation_id, answer="agreed")

    in_site(live_site, offered)
    page = visit_at(size)
    give_session(page, live_site, agent.user)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(page.locator(f"#corps-{conversation.public_id}")).to_be_editable()
    assert page.locator(".console-ways").evaluate("(one) => one.getBoundingClientRect().height") <= 140
    page.locator("#offres-titre").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Prendre l'échange")).to_be_focused()
    under = []
    for _press in range(PRESSES):
        under.append(page.evaluate(UNDER_WAYS))
        page.keyboard.press("Tab")
    assert not [one for one in under if one]


@pytest.mark.parametrize(("width", "height"), [(320, 568), (360, 640)])
def test_link_to_the_field_leaves_it_whole_above_a_keyboard(live_site, nobody_on_duty, visit_at: Visit, width, height):
    """At 200 %, the label took the room that a keyboard leaves, and the link led to it. The name broke: « Pn av »."""
    from tests.chat.sockets import visit

    _agent, conversation = waiting(live_site)
    with live_site.database():
        key = visit(conversation)
    page = visit_at(32, width, height)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(live_site.url + "/tchat/")
    expect(page.locator("#line")).to_have_text("Connecté")
    assert page.evaluate(WIDER) == []
    assert page.evaluate(LINES_OF_THE_NAME) == 1
    page.get_by_role("link", name="Écrire dès maintenant").click()
    expect(page.locator("#body")).to_be_focused()
    page.set_viewport_size({"width": width, "height": height - 250})  # the keyboard
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)))")
    safety, line, box, leave = page.evaluate(
        "['.pnav-safety', '#line', '#body', '.pnav-exit'].map((one) =>"
        " document.querySelector(one).getBoundingClientRect().toJSON())"
    )
    assert safety["bottom"] <= line["top"] < line["bottom"] <= box["top"], (safety, line, box)
    assert box["bottom"] <= leave["top"], (box, leave)


@pytest.mark.parametrize("size", [20, 24])
def test_date_of_a_message_breaks_over_no_two_lines(live_site, nobody_on_duty, visit_at: Visit, size):
    """« 30 » stood beside the name, and « novembre » below it."""
    from tests.chat.sockets import visit

    _agent, conversation = assigned(live_site)
    with live_site.database():
        make.thread(conversation, ["Bonjour.", "Je suis là."], "agent")
        Message.objects.filter(conversation=conversation).update(sent_at=make.long_ago(3 * 24 * 60))
        key = visit(conversation)
    page = visit_at(size, 320, 568)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(live_site.url + "/tchat/")
    lines = page.evaluate(LINES_OF_TIMES)
    assert lines and set(lines) == {1}, lines
    assert page.evaluate(WIDER) == []


@pytest.mark.parametrize("width", [320, 360])
def test_words_of_the_code_break_at_no_width(live_site, nobody_on_duty, visit_at: Visit, width):
    """« chaise » was shown as « chais e », and whoever copied it had two words."""
    from tests.chat.sockets import visit

    _agent, conversation = waiting(live_site)
    with live_site.database():
        key = visit(conversation)
    page = visit_at(32, width)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(live_site.url + "/tchat/")
    page.get_by_role("button", name="Créer un code de reprise").click()
    code = page.locator("#code")
    expect(page.locator("#code-until")).to_contain_text("Il fonctionne jusqu'au")
    longest = max(resume_words.WORDS, key=len)
    assert code.evaluate(LINES_OF_EACH_WORD, longest) == [1] * 5
    assert page.evaluate(WIDER) == []


def send_and_refresh_lie_apart(page: Page) -> None:
    """Check that « Actualiser » does not lie over « Envoyer »: what was written did not leave, whatever one pressed."""
    send, refresh = (
        page.locator("#compose .pnav-compose__row > button").bounding_box(),
        page.locator("#refresh").bounding_box(),
    )
    assert send is not None and refresh is not None
    assert (
        refresh["x"] + refresh["width"] <= send["x"]
        or refresh["y"] >= send["y"] + send["height"]
        or send["y"] >= refresh["y"] + refresh["height"]
    )
    page.locator("#compose textarea").fill("Je suis là.")
    page.locator("#compose .pnav-compose__row > button").click(timeout=10_000)
    page.wait_for_url("**/tchat/#fin")
    assert "Je suis là." in page.locator("#messages").inner_text()


# The last one is a laptop of 1280 × 1024 at 400 %.
@pytest.mark.parametrize(
    ("size", "width", "height"), [*((one, 360, 640) for one in (USUAL_SIZE, *SIZES, 64)), (USUAL_SIZE, 320, 256)]
)
def test_exchange_goes_on_and_is_ended_without_a_script(
    live_site, nobody_on_duty, visit_at: Visit, size, width, height
):
    """The way leads from the thread to what is said afterwards: each button fits on the screen, and is pressed."""
    from tests.chat.sockets import visit

    _agent, conversation = assigned(live_site)
    with live_site.database():
        key = visit(conversation)
    page = visit_at(size, width, height, javascript=False)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    page.goto(live_site.url + "/tchat/")
    assert page.evaluate(WIDER) == []
    send_and_refresh_lie_apart(page)
    page.locator("#compose textarea").fill("Une phrase qui reste.")
    page.locator('#aside button[name=to][value$="/terminer/"]').click(timeout=10_000)
    page.wait_for_url("**/terminer/")
    assert page.evaluate(WIDER) == []
    for name in ("Non, continuer l'échange", "Oui, terminer"):
        box = page.get_by_text(name, exact=True).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width, name
    page.get_by_text("Oui, terminer", exact=True).click(timeout=10_000)
    page.wait_for_url("**/tchat/**")
    assert "L'échange est terminé" in page.locator("main").inner_text()
    assert "ce message n'a pas été envoyé" in page.locator("#body-error").inner_text()
    assert page.evaluate(WIDER) == []


def test_text_at_400_percent_is_read_without_scrolling_sideways(live_site, visit_at: Visit, subtests: pytest.Subtests):
    """Only the text is larger, on two phones: at the largest text of a browser, and the frame is looked at apart.

    Each page is loaded once and shown at both widths: it follows the width while it is open, as when a phone is turned.
    """
    narrow, wide = 320, 360
    page = visit_at(64, narrow)

    def show(width: int) -> None:
        page.set_viewport_size({"width": width, "height": 640})
        page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
        page.evaluate("scrollTo(0, 0)")  # an error has the focus, and what stays in view would lie over the rest there

    for address in ADDRESSES:
        if address in ("/composants/", "/compte/login/"):  # pages of the staff
            continue
        with subtests.test(address):
            page.context.clear_cookies()
            page.goto(live_site.url + address)
            for width in (narrow, wide):
                show(width)
                assert page.evaluate(OVERLAPPING) == [], width
                assert page.evaluate(WIDER) == [], width
            page.evaluate(UNFOLD)
            for width in (wide, narrow):
                show(width)
                assert page.evaluate(WIDER) == [], f"unfolded, {width}"


@pytest.mark.parametrize("size", SIZES)
def test_titles_of_questions_end_no_line_at_a_hyphen(live_site, visit_at: Visit, size, subtests: pytest.Subtests):
    """They are drawn one after the other in the place of the first question's, which is one of them.

    Each stands behind answers that others test.
    """
    page = visit_at(size)
    page.goto(live_site.url + "/orientation/")
    assert page.evaluate(LINES_OF_A_WORD) == 1
    for title in (
        "Avant tout, êtes-vous en sécurité ?", "Que se passe-t-il ?", "Qui aidez-vous ?", "Qui aides-tu ?",
    ):  # fmt: skip
        with subtests.test(title):
            # As nodes, because the page takes no HTML from a script.
            before, word, after = re.split(r"<[^>]*>", whole_words(title))
            page.evaluate(PUT_TITLE, [before, word, after])
            for width in (320, 360, 390):
                page.set_viewport_size({"width": width, "height": 640})
                assert page.evaluate(LINES_OF_A_WORD) == 1
                assert page.evaluate(WIDER) == []
