"""The waiting room on a telephone: nothing is lost, the screen may sleep, and the signalement is filled in by touch."""

import re
import time

import pytest
from playwright.sync_api import Page, Route, expect

from chat.conversations import actions
from chat.models import Conversation
from chat.rules.lifecycle import Author
from reports.models import Report
from tests.browser.exchange import assigned, available, bodies, in_site, own, waiting, write
from tests.browser.layout import are_in_view
from tests.factories import chat as make

TYPED = "Ils ont refait un groupe\navec ma photo"
BOX = re.compile("Vous pouvez déjà écrire|Votre message")


def until(wanted, seconds: float = 20) -> None:
    """Wait for what no page shows."""
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def field_of(site, conversation, name):
    with site.database():
        return getattr(Conversation.objects.get(pk=conversation.pk), name)


def type_and_wait(page: Page, text: str) -> None:
    """Type, and wait until the server has kept it as it was typed."""
    with page.expect_response(re.compile("/tchat/brouillon/$")) as saved:
        page.get_by_label(BOX).fill(text)
    assert saved.value.status == 204


# What a browser says that does not make its page smaller above a keyboard.
VIEW = """
const view = Object.assign(new EventTarget(), { height: 640, offsetTop: 0, scale: 1 });
Object.defineProperty(window, "visualViewport", { value: view });
"""

# Whether the page is as somebody sees it: with its sheets and its fonts. A browser shows nothing before the sheets are
# there. Who asks where something is makes it lay the page out all the same, and Chromium then restores another place
# after a reload (79 px further down) until the page is loaded.
DRAWN = """async () => {
    const sheets = [...document.querySelectorAll("link[rel=stylesheet]")];
    if (document.readyState === "loading" || !sheets.length || sheets.some((one) => !one.sheet)) return false;
    document.body.getBoundingClientRect(); // fonts are asked for by what is laid out
    await document.fonts.ready; // words of another font take another number of lines
    return true;
}"""


def reload_without_its_script(page: Page) -> Route:
    """Reload the page, and return the request for its script, which is held, once everything else is on screen.

    The sheet of the site comes last, so that a look at the page before it changes what is found.
    """
    held: list[Route] = []
    sheets: list[Route] = []
    page.route(re.compile(r"/page\.[0-9a-f]+\.js"), lambda route: held.append(route))
    page.route(re.compile(r"/site\.[0-9a-f]+\.css"), lambda route: sheets.append(route))
    page.reload(wait_until="commit")
    until(lambda: (held and sheets) or page.wait_for_timeout(50))
    sheets[0].continue_()
    until(lambda: page.evaluate(DRAWN) or page.wait_for_timeout(50))
    return held[0]


# --- the first screen -------------------------------------------------------------------------------------------------

# Whether each is on the screen as a whole, between the bars. The last number is where the field begins.
FIRST_SCREEN = """(selectors) => {
    const foot = innerHeight - document.querySelector(".pnav-exit").offsetHeight;
    const isSeen = ({ top, bottom, height }) => height > 0 && top >= 0 && bottom <= foot;
    return selectors.map((one) => isSeen(document.querySelector(one).getBoundingClientRect()));
}"""
SEND = "#compose button[type=submit]:not([formaction])"


@pytest.mark.usefixtures("nobody_on_duty")  # the longest words of a wait
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("discreet", [False, True], ids=["open", "discreet"])
def test_who_waits_can_write_on_the_first_screen(live_site, enter, axe, javascript, discreet, subtests):
    """The place in the queue comes first, then the field. All the rest stands below, also for the keyboard."""
    page = enter(in_site(live_site, lambda: make.waiting(discreet=discreet)), javascript=javascript)
    place = "#place" if javascript else "iframe.pnav-chat__frame"
    for width, height, wanted in (
        (360, 640, ["#waiting-title", place, "#body", SEND]),
        (375, 667, ["#waiting-title", place, "#body", SEND]),
        (1280, 800, ["#waiting-title", place, "#body", SEND]),
        # With the discreet mode the head and the title take two lines more at 320 px: the field comes just after.
        (320, 568, ["#waiting-title", place, *([] if discreet else ["#body"])]),
    ):
        with subtests.test(f"{width} × {height}"):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(FIRST_SCREEN, wanted) == [True] * len(wanted), wanted
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # From the beginning of the content, the field is the first stop of the keyboard besides the frame of the place.
    stops = page.locator("main :is(a[href], button, input:not([type=hidden]), textarea, summary):visible")
    assert stops.first.get_attribute("id") == "body"
    if javascript:  # axe waits for its scripts, which do not run in the other pages
        axe(page)


@pytest.mark.usefixtures("nobody_on_duty")
def test_field_stays_where_it_is_when_the_place_changes(live_site, enter):
    """The place takes another number of lines, and « Actualiser » goes as the line of the exchange is there."""
    before = in_site(live_site, lambda: make.waiting(queued_at=make.long_ago(9)))
    conversation = in_site(live_site, lambda: make.waiting(queued_at=make.long_ago(5), age_band="under_15"))
    page = enter(conversation, width=360, height=640)
    script = reload_without_its_script(page)
    place, field, below = (page.locator(one) for one in ("#position", "#body", "#code-card"))
    expect(place).to_have_text("Tu es en position 2 dans la file.")
    expect(page.get_by_role("button", name="Actualiser")).to_be_visible()
    lines, was = place.bounding_box(), [one.bounding_box() for one in (field, below)]
    script.continue_()
    expect(page.locator("#line")).to_have_text("Connecté")
    assert [one.bounding_box() for one in (field, below)] == was
    live_site.do(actions.close_conversation, conversation_id=before.pk, by_author=Author.REPORTER)
    expect(place).to_have_text("Tu es la prochaine personne.")
    now = place.bounding_box()
    assert lines is not None and now is not None and now["height"] < lines["height"], "the words take as many lines"
    assert [one.bounding_box() for one in (field, below)] == was


@pytest.mark.parametrize("status", ["waiting", "active"])
def test_keyboard_that_opens_leaves_what_one_writes_or_reads_in_sight(live_site, enter, status, subtests):
    conversation = waiting(live_site)[1] if status == "waiting" else assigned(live_site)[1]
    page = enter(conversation, width=360, height=640)
    expect(page.locator("#line")).to_have_text("Connecté")
    with subtests.test("field and the button are in sight"):
        page.get_by_label(BOX).click()
        page.set_viewport_size({"width": 360, "height": 340})
        are_in_view(page.get_by_label(BOX), page.get_by_role("button", name="Envoyer"))
    if status == "waiting":
        with subtests.test("who reads further down is not moved to the field"):
            page.set_viewport_size({"width": 360, "height": 640})
            page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
            what_is_read_further_down_stays(page)


def test_keyboard_that_covers_the_page_leaves_the_field_and_the_button_in_sight(live_site, enter):
    _agent, conversation = waiting(live_site)
    page = enter(conversation, before=lambda page: page.add_init_script(VIEW), width=360, height=640)
    expect(page.locator("#line")).to_have_text("Connecté")
    page.get_by_label(BOX).click()
    page.evaluate("visualViewport.height = 340; visualViewport.dispatchEvent(new Event('resize'))")
    box, send, exit_ = (page.locator(one).bounding_box() for one in ("#body", SEND, ".pnav-exit"))
    assert box is not None and send is not None and exit_ is not None
    assert box["y"] >= 0 and box["y"] + box["height"] <= send["y"] and send["y"] + send["height"] <= exit_["y"] < 340


def what_is_read_further_down_stays(page: Page) -> None:
    """Check it while the field has the focus still, and the bar of the browser comes back, or its keyboard changes."""
    page.get_by_label(BOX).click()
    page.evaluate("document.querySelector('#choix').scrollIntoView()")
    expect(page.get_by_label(BOX)).not_to_be_in_viewport()
    place = page.evaluate("scrollY")
    page.set_viewport_size({"width": 360, "height": 580})
    until(lambda: page.evaluate("innerHeight") == 580)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("scrollY") == place
    expect(page.get_by_label(BOX)).to_be_focused()


WIDTHS = (300, 320, 360, 480, 640, 1280)
# Whether each follows the one before it on the screen: on its right, or below.
FOLLOWS = """(selectors) => {
    const boxes = selectors.map((one) => document.querySelector(one).getBoundingClientRect());
    return boxes.slice(1).every((box, at) => box.left >= boxes[at].right || box.top >= boxes[at].bottom);
}"""
# The same of two, where the first may not be drawn.
FOLLOWS_IF_SHOWN = f"""(two) => {{
    const [first, second] = two.map((one) => document.querySelector(one).getClientRects().length > 0);
    if (!second) throw new Error("not drawn");
    return !first || ({FOLLOWS})(two);
}}"""
ORDER = ["#body", "#refresh button", SEND]


@pytest.mark.parametrize("status", ["waiting", "active"])
def test_keyboard_goes_from_the_field_to_both_buttons_as_the_eye_does(live_site, enter, status):
    conversation = waiting(live_site)[1] if status == "waiting" else assigned(live_site)[1]
    page = enter(conversation, javascript=False, height=640)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate(FOLLOWS, ORDER), width
    page.get_by_label(BOX).press_sequentially("Je suis")
    page.keyboard.press("Enter")  # a new line, and no button: not that of « Actualiser », which comes first
    page.keyboard.type("là")
    expect(page.get_by_label(BOX)).to_have_value("Je suis\nlà")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Actualiser")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Envoyer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Je suis")
    assert bodies(live_site, conversation) == ["Je suis\nlà"]


def test_control_and_enter_send_what_is_typed(live_site, enter):
    _agent, conversation = waiting(live_site)
    page = enter(conversation)
    expect(page.locator("#line")).to_have_text("Connecté")
    page.get_by_label(BOX).fill("Je suis là")
    page.keyboard.press("Control+Enter")
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    assert bodies(live_site, conversation) == ["Je suis là"]


@pytest.mark.parametrize("status", ["waiting", "active"])
def test_read_again_and_the_state_of_the_line_are_never_over_each_other(live_site, enter, status):
    """The first connection takes long: the banner says that it is not there yet, and the button is what helps."""
    conversation = waiting(live_site)[1] if status == "waiting" else assigned(live_site)[1]

    def cut(page: Page) -> None:
        page.clock.install()
        page.route_web_socket(re.compile("/ws/conversation/"), lambda _socket: None)
        page.route("**/tchat/trames/", lambda route: route.abort())

    page = enter(conversation, before=cut, height=640)
    for seconds, told in ((3, "Connexion en cours."), (40, "Connexion perdue.")):
        page.clock.fast_forward(1_000 * seconds)
        expect(page.locator(".pnav-chat__top")).to_contain_text(told)
        expect(page.get_by_role("button", name="Actualiser")).to_be_visible()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 640})
            assert page.evaluate(FOLLOWS_IF_SHOWN, ["#line", "#refresh"]), (told, width)


def test_what_is_below_the_field_stays_when_the_line_is_there(live_site, enter, subtests):
    _agent, conversation = waiting(live_site)
    page = enter(conversation, width=320, height=800)
    for width in (320, 1280):
        with subtests.test(str(width)):
            page.set_viewport_size({"width": width, "height": 800})
            what_is_below_the_field_stays(page)


def what_is_below_the_field_stays(page: Page) -> None:
    script = reload_without_its_script(page)
    below = page.locator("#code-card")
    expect(page.get_by_role("button", name="Actualiser")).to_be_visible()
    was = below.bounding_box()
    script.continue_()
    expect(page.locator("#line")).to_have_text("Connecté")
    expect(page.get_by_role("button", name="Actualiser")).to_be_hidden()
    assert below.bounding_box() == was
    page.unroute_all()


# --- what is being typed ----------------------------------------------------------------------------------------------


@pytest.mark.new_tabs
def test_what_is_typed_survives_a_reload_a_killed_tab_and_back(live_site, enter):
    conversation = in_site(live_site, make.waiting)
    page = enter(conversation, width=360, height=640)
    type_and_wait(page, TYPED)
    page.reload()
    expect(page.get_by_label(BOX)).to_have_value(TYPED)
    page.goto(live_site.url + "/accessibilite/")
    page.go_back()
    expect(page.get_by_label(BOX)).to_have_value(TYPED)
    context = page.context
    page.close()
    again = context.new_page()
    again.goto(live_site.url + "/tchat/")
    expect(again.get_by_label(BOX)).to_have_value(TYPED)
    assert bodies(live_site, conversation) == []


@pytest.mark.pages_beside
def test_each_tab_keeps_what_is_typed_in_it(live_site, enter):
    conversation = in_site(live_site, make.waiting)
    first = enter(conversation, width=360, height=640)
    type_and_wait(first, TYPED)
    first.wait_for_timeout(1_000)  # tab.js, SETTLED_MS: when two pages open within it, either may give way
    second = first.context.new_page()
    second.goto(live_site.url + "/tchat/")
    expect(second.get_by_label(BOX)).to_have_value("")  # it belongs to the other tab, which is open
    type_and_wait(second, "Autre chose")
    for page, text in ((first, TYPED), (second, "Autre chose")):
        page.reload()
        expect(page.get_by_label(BOX)).to_have_value(text)
    with second.expect_response(re.compile("/tchat/brouillon/$")):
        second.get_by_role("button", name="Envoyer").click()
    expect(own(second).locator("[data-part=state]")).to_have_text("Envoyé")
    for page, text in ((first, TYPED), (second, "")):
        page.reload()
        expect(page.get_by_label(BOX)).to_have_value(text)
    second.close()


def test_reload_right_after_the_last_key_loses_no_word(live_site, enter):
    """The reload does not wait for the save that comes every three seconds, nor for a script that is slow to come."""
    conversation = in_site(live_site, make.waiting)
    page = enter(conversation, width=360, height=640)
    for text in (TYPED, TYPED + " hier soir"):
        page.get_by_label(BOX).fill(text)
        page.reload()
        expect(page.get_by_label(BOX)).to_have_value(text)
    held: list[Route] = []
    script = re.compile(r"/compose\.[0-9a-f]+\.js")
    page.route(script, lambda route: held.append(route))
    with page.expect_request(script):
        page.reload(wait_until="commit")
    page.get_by_label(BOX).fill("Autre chose")
    with page.expect_response(lambda answer: "Autre" in (answer.request.post_data or "")):
        held[0].continue_()
    expect(page.get_by_label(BOX)).to_have_value("Autre chose")
    assert page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]") == [[], []]
    assert TYPED not in page.evaluate("JSON.stringify(history.state)")


def test_what_was_sent_is_typed_no_more(live_site, enter):
    _agent, conversation = assigned(live_site)
    page = enter(conversation)
    type_and_wait(page, TYPED)
    with page.expect_response(re.compile("/tchat/brouillon/$")):
        page.get_by_role("button", name="Envoyer").click()
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    page.reload()
    expect(page.get_by_label(BOX)).to_have_value("")
    assert bodies(live_site, conversation) == [TYPED]


# --- found again ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("javascript", [True, False])
@pytest.mark.parametrize(("discreet", "words"), [(False, "Revenir à mon échange"), (True, "Revenir où j'en étais")])
def test_open_exchange_is_found_again_from_any_page(live_site, enter, axe, javascript, discreet, words):
    conversation = in_site(live_site, lambda: make.waiting(discreet=discreet))
    page = enter(conversation, javascript=javascript, width=360, height=640)
    for path in ("/", "/accessibilite/", "/point-d-accueil/"):
        page.goto(live_site.url + path)
        way = page.get_by_role("navigation", name="Retour").get_by_role("link", name=words)
        expect(way).to_be_in_viewport()
    if javascript:
        axe(page)
    way.click()
    expect(page.locator("#chat")).to_be_attached()
    expect(page).to_have_url(re.compile(r"/n/\d{6}/$" if discreet else "/tchat/$"))


@pytest.mark.pages_beside
def test_who_leaves_the_queue_is_told_that_nobody_had_answered(live_site, enter, axe):
    conversation = in_site(live_site, make.waiting)
    page = enter(conversation, width=360, height=640)
    other = page.context.new_page()
    other.goto(live_site.url + "/tchat/terminer/")
    other.get_by_role("button", name="Oui, quitter la file").click()
    # The open page hears that it ended, and not by whom: an agent ends those of a group of similar arrivals.
    for one, title in ((page, "L'échange est terminé"), (other, "Vous avez quitté la file d'attente")):
        expect(one.get_by_role("heading", level=1)).to_have_text(title)
        expect(one.get_by_text("Merci d'avoir parlé")).to_be_hidden()
        expect(one.get_by_text("Porter plainte", exact=True)).to_be_hidden()
        expect(one.get_by_role("link", name="Revenir dans la file")).to_be_visible()
    axe(other)
    other.close()


# --- the screen -------------------------------------------------------------------------------------------------------

DEVICE = """
window.done = [];
const lock = () => Object.assign(new EventTarget(), { release: async () => { done.push("released"); } });
const request = async () => { done.push("awake"); return lock(); };
Object.defineProperty(navigator, "wakeLock", { value: { request } });
Object.defineProperty(navigator, "vibrate", { value: () => { done.push("vibrated"); return true; } });
window.Notification = class {
  static permission = "default";
  static async requestPermission() { Notification.permission = "granted"; return "granted"; }
  constructor(title, options) {
    this.title = title;
    if (title) done.push(`${title}|${options.body}|${options.silent}`);
  }
  close() { if (this.title) done.push("closed"); }
};
const real = window.matchMedia.bind(window);
window.matchMedia = (query) => (query.includes("coarse") ? { matches: true } : real(query));
Object.defineProperty(document, "hidden", { get: () => Boolean(window.isAway) });
window.look = (isAway) => { window.isAway = isAway; document.dispatchEvent(new Event("visibilitychange")); };
"""


@pytest.fixture
def phone(enter):
    def make_page(conversation, script=DEVICE, **options) -> Page:
        return enter(conversation, before=lambda page: page.add_init_script(script), width=360, height=640, **options)

    return make_page


def done(page: Page) -> list[str]:
    return page.evaluate("done")


@pytest.mark.parametrize("discreet", [False, True])
def test_screen_and_alerts_are_offered_and_nothing_is_on_before_it_is_asked_for(live_site, phone, axe, discreet):
    agent, conversation = waiting(live_site, discreet=discreet)
    page = phone(conversation)
    awake = page.get_by_role("button", name="Garder l'écran allumé")
    warn = page.get_by_role("button", name="Me prévenir")
    expect(awake).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Une vibration")).to_be_hidden()
    assert done(page) == []
    awake.click()
    expect(awake).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("L'écran reste allumé tant que cette page est ouverte")).to_be_visible()
    warn.click()
    for name in ("Une vibration", "Une notification"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    axe(page)
    assert done(page) == ["awake", "vibrated"]
    page.reload()  # the choice belongs to the tab
    expect(awake).to_have_attribute("aria-pressed", "true")
    page.evaluate("Notification.permission = 'granted'")
    warn.click()
    page.get_by_role("button", name="Une notification").click()
    available(live_site, agent)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Vous parlez avec|Échange en cours"))
    until(lambda: "vibrated" in done(page)[1:])
    assert done(page)[-1] == "Du nouveau|Une page ouverte a changé.|true", "it says nothing of what this page is"


NOTICE = "Du nouveau|Une page ouverte a changé.|true"
# A minute later, and from then on each of these is told at once: nothing can be asked of a page that is being left.
TOLD = """() => {
  const { now } = Date;
  Date.now = () => now() + 60_000;
  done.push = (what) => console.log(what);
  new MutationObserver(() => console.log("written")).observe(document.getElementById("messages"), { childList: true });
}"""
GO_AND_COME = "dispatchEvent(new PageTransitionEvent('pagehide')); dispatchEvent(new PageTransitionEvent('pageshow'))"


def test_notification_goes_with_the_page_that_it_is_of_and_none_comes_after_a_quick_exit(
    live_site, phone, neutral_site
):
    _agent, conversation = assigned(live_site)
    page = phone(conversation)
    page.get_by_role("button", name="Me prévenir").click()
    page.get_by_role("button", name="Une notification").click()
    written = 0

    def write_to_them() -> None:
        """Write to the person, a minute later: alerts that follow one another at once are one."""
        nonlocal written
        written += 1
        page.evaluate("() => { const { now } = Date; Date.now = () => now() + 60_000; look(true); }")
        in_site(live_site, lambda: make.message(conversation, f"Un mot {written}", Author.AGENT))
        expect(page.locator("#messages > li").last).to_contain_text(f"Un mot {written}")

    for goes in ("look(false)", GO_AND_COME):
        write_to_them()
        assert done(page)[-1] == NOTICE
        page.evaluate(goes)
        assert done(page)[-1] == "closed"
    write_to_them()
    assert done(page)[-1] == NOTICE
    page.evaluate(TOLD)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    away: list[Route] = []
    page.route(neutral_site, lambda route: away.append(route))
    page.route("**/quitter/", lambda route: away.append(route))  # on its way for long: the exchange still lives
    with page.expect_request(neutral_site):
        page.get_by_role("button", name="Quitter rapidement", exact=True).click(no_wait_after=True)
    in_site(live_site, lambda: make.message(conversation, "Un dernier mot", Author.AGENT))
    page.wait_for_timeout(1000)  # within which it came before the exit
    assert set(said) == {"closed"}, "nothing calls, and nothing is written: its line is cut"
    next(route for route in away if route.request.url == neutral_site).continue_()
    expect(page).to_have_url(neutral_site)


def test_what_the_browser_cannot_do_is_not_offered(live_site, phone):
    script = """
    for (const name of ["wakeLock", "vibrate"]) delete Navigator.prototype[name];
    delete window.Notification; delete window.AudioContext;
    """
    page = phone(in_site(live_site, make.waiting), script)
    expect(page.get_by_role("heading", name="Si l'écran s'éteint")).to_be_visible()
    for name in ("Garder l'écran allumé", "Me prévenir"):
        expect(page.get_by_role("button", name=name)).to_be_hidden()


def test_page_that_goes_out_of_sight(live_site, phone, subtests):
    """A screen that was switched off stays so when the page is looked at again, and the server knows whether it is."""
    conversation = in_site(live_site, make.waiting)
    page = phone(conversation)
    expect(page.locator("#line")).to_have_text("Connecté")
    with subtests.test("screen that was switched off stays off"):
        screen_that_was_switched_off_stays_off(page)
    with subtests.test("page says that it goes out of sight and takes it back"):
        page_says_that_it_goes_out_of_sight(live_site, conversation, page)


def screen_that_was_switched_off_stays_off(page: Page) -> None:
    page.get_by_role("button", name="Garder l'écran allumé").click()
    until(lambda: done(page) == ["awake"])
    page.get_by_role("button", name="Garder l'écran allumé").click()
    until(lambda: done(page) == ["awake", "released"])
    page.evaluate("look(true); look(false)")
    assert done(page) == ["awake", "released"], "what was switched off stays off"


def page_says_that_it_goes_out_of_sight(live_site, conversation: Conversation, page: Page) -> None:
    page.evaluate("look(true)")
    until(lambda: field_of(live_site, conversation, "reporter_is_hidden"))
    page.evaluate("look(false)")
    until(lambda: not field_of(live_site, conversation, "reporter_is_hidden"))
    page.evaluate("look(true)")
    until(lambda: field_of(live_site, conversation, "reporter_is_hidden"))
    page.goto(live_site.url + "/accessibilite/")  # it was left for another page, so it does not sleep
    until(lambda: not field_of(live_site, conversation, "reporter_is_hidden"))


@pytest.mark.parametrize("minutes", [1, 30], ids=["short wait", "with other help"])
def test_code_says_until_when_the_place_is_kept(live_site, enter, minutes):
    _agent, conversation = waiting(live_site, queued_at=make.long_ago(minutes))
    page = enter(conversation, width=360, height=640)
    expect(page.locator("#doors")).to_be_visible(visible=minutes == 30)
    # The first title after that of the thread, which only a screen reader says.
    first = page.locator("main h2:visible:not(#thread-title)").first
    expect(first).to_have_text("Si vous devez partir vite")
    page.get_by_role("button", name="Créer un code de reprise").click()
    expect(page.locator("#code")).to_be_in_viewport(ratio=1)
    expect(page.locator("#code-place")).to_have_text(re.compile(r"votre place est gardée jusqu'à \d+ h \d\d"))


@pytest.mark.parametrize("discreet", [False, True])
def test_other_help_comes_when_the_wait_is_long(live_site, enter, axe, discreet):
    """Without the page being loaded again, and within reach of whoever looks at their place."""
    conversation = in_site(live_site, lambda: make.waiting(queued_at=make.long_ago(10), discreet=discreet))
    page = enter(conversation, before=lambda page: page.clock.install(), width=360, height=640)
    doors, way = page.locator("#doors"), page.get_by_role("link", name="D'autres aides")
    expect(page.locator("#line")).to_have_text("Connecté")
    expect(doors).to_be_hidden()
    expect(way).to_be_hidden()
    was = page.locator("#body").bounding_box()
    page.clock.fast_forward("11:00")
    expect(doors).to_be_visible()
    assert page.locator("#body").bounding_box() == was, "one may be writing"
    expect(way).to_be_in_viewport(ratio=1)
    axe(page)
    way.click()
    expect(doors.get_by_role("heading")).to_be_in_viewport(ratio=1)


# --- the signalement --------------------------------------------------------------------------------------------------


def test_what_is_touched_is_kept_at_once_and_stays(live_site, enter, axe):
    _agent, conversation = waiting(live_site)
    page = enter(conversation, width=320, height=640)
    for name in ("Photo ou vidéo humiliante ou intime", "Réseau social", "Quelques semaines"):
        page.get_by_label(name).check(force=True)
    expect(page.locator("#facts-told")).to_have_text("C'est noté. La personne qui vous répondra le lira.")

    def is_kept() -> bool:
        with live_site.database():
            report = Report.objects.get(pk=conversation.report_id)
        return (report.facts, report.platforms, report.since) == (["image"], ["social"], "month")

    until(is_kept)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    axe(page)
    page.reload()
    expect(page.get_by_label("Réseau social")).to_be_checked()


def test_what_is_ticked_before_the_script_runs_is_kept(live_site, enter):
    """On a slow line the boxes are there long before what listens to them."""
    _agent, conversation = waiting(live_site)
    page = enter(conversation, width=360, height=640)
    held: list[Route] = []
    page.route(re.compile(r"/report\.[0-9a-f]+\.js"), lambda route: held.append(route))
    page.reload(wait_until="commit")
    page.get_by_label("Réseau social").check(force=True)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None)
    until(lambda: held or page.wait_for_timeout(50))
    held[0].continue_()
    expect(page.locator("#facts-told")).to_have_text("C'est noté. La personne qui vous répondra le lira.")
    assert [body for body in sent if "platforms" in body] == ["platforms=social"]
    with live_site.database():
        assert Report.objects.get(pk=conversation.report_id).platforms == ["social"]


def test_what_was_not_kept_yet_is_as_the_page_goes(live_site, enter):
    """The network was away, and the next try is five seconds off."""
    _agent, conversation = waiting(live_site)
    page = enter(conversation, width=360, height=640)
    page.context.set_offline(True)
    page.get_by_label("Réseau social").check(force=True)
    expect(page.locator("#facts-told")).to_have_text("Pas encore noté : nouvel essai dans un instant.")
    page.context.set_offline(False)
    page.goto(live_site.url + "/accessibilite/")

    def is_kept() -> bool:
        with live_site.database():
            return Report.objects.get(pk=conversation.report_id).platforms == ["social"]

    until(is_kept)


def test_a_save_that_is_refused_is_said_and_not_sent_for_ever(live_site, enter):
    """The server refuses a token that is no longer the page's. What is ticked next is sent once more."""
    _agent, conversation = waiting(live_site)
    page = enter(conversation, width=360, height=640)
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=403, body="{}")

    page.route("**/tchat/signalement/", refuse)
    page.clock.install()
    page.get_by_label("Réseau social").check(force=True)
    expect(page.locator("#facts-told")).to_have_text(
        "Ce n'est pas noté. Actualisez cette page, puis cochez de nouveau."
    )
    expect(page.locator("#facts-told")).to_be_in_viewport(ratio=1)  # the end of the card is beyond the screen
    assert page.locator("#facts-told").bounding_box()["y"] < page.locator("#quick-exit").bounding_box()["y"]
    page.clock.run_for(70_000)
    assert len(asked) == 1
    page.unroute("**/tchat/signalement/")
    page.get_by_label("Quelques semaines").check(force=True)
    expect(page.locator("#facts-told")).to_have_text("C'est noté. La personne qui vous répondra le lira.")


def test_what_is_ticked_without_a_script_is_kept_with_what_is_being_written(live_site, enter):
    _agent, conversation = waiting(live_site)
    page = enter(conversation, javascript=False, width=360, height=640)
    page.get_by_label(BOX).fill(TYPED)
    page.get_by_label("Réseau social").check(force=True)
    page.get_by_role("button", name="Enregistrer ce que j'ai coché").click()
    expect(page).to_have_url(live_site.url + "/tchat/#choix")
    expect(page.get_by_label("Réseau social")).to_be_checked()
    expect(page.get_by_label(BOX)).to_have_value(TYPED)
    page.get_by_label("Quelques semaines").check(force=True)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("#messages")).to_contain_text("Ils ont refait un groupe")
    expect(page.get_by_label("Quelques semaines")).to_be_checked()
    expect(page.get_by_label("Réseau social")).to_be_checked()


# On the page of the signalement, for each answer except the last of its question: how many lines its label has, and how
# many pixels there are from its text to the next one.
SPACES = """[...document.querySelectorAll("main fieldset")].flatMap(question => {
    const answers = [...question.querySelectorAll(".pnav-box > label")].map(label => {
        const text = document.createRange();
        text.selectNodeContents(label);
        const box = text.getBoundingClientRect();
        return { ...box.toJSON(), lines: Math.round(box.height / parseFloat(getComputedStyle(label).lineHeight)) };
    });
    return answers.slice(1).map((next, number) => [answers[number].lines, next.top - answers[number].bottom]);
})"""


def are_even(spaces: list[tuple[int, float]]) -> None:
    """Assert that below two lines there is as much air as below one, of what SPACES gave."""
    assert len({lines for lines, _space in spaces}) > 1, "none is long, so that nothing is seen"
    assert max(space for _lines, space in spaces) - min(space for _lines, space in spaces) <= 1, spaces


def test_answers_of_the_signalement_have_even_spaces_between_them(live_site, enter):
    page = enter(in_site(live_site, make.waiting), width=375, height=667)
    page.goto(live_site.url + "/signalement/")
    are_even(page.evaluate(SPACES))


# --- what stays in view -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("javascript", [True, False])
def test_numbers_and_the_exit_stay_in_view_and_leave_room_for_the_thread(
    live_site, enter, javascript, subtests: pytest.Subtests
):
    """360 × 300 is what a keyboard leaves of a phone."""
    _agent, conversation = assigned(live_site)
    in_site(live_site, lambda: [make.message(conversation, f"Message {n}") for n in range(20)])
    page = enter(conversation, javascript=javascript, width=360, height=640)
    for width, height in ((360, 640), (360, 300), (640, 360)):
        with subtests.test(f"{width} × {height}"):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("scrollTo(0, 0)")
            frame_stays_in_view(page, height, javascript=javascript)


def frame_stays_in_view(page: Page, height: int, *, javascript: bool) -> None:
    leave = page.get_by_role("button", name="Quitter rapidement", exact=True)
    names = ("Appeler le 17", "Appeler le 112", "114 par SMS")
    frame = [leave, *(page.get_by_role("link", name=re.compile(name)).first for name in names)]
    for place in (0, 400, 4000):
        page.mouse.wheel(0, place)
        if javascript:
            are_in_view(*frame)
            continue
        for one in frame:
            expect(one).to_be_in_viewport(ratio=1)
    covered = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((node) => {
             const { position } = getComputedStyle(node);
             return position === "fixed" || position === "sticky";
           }).reduce((sum, node) => {
             const { top, bottom, width } = node.getBoundingClientRect();
             return sum + (width > innerWidth / 2 ? Math.max(0, Math.min(bottom, innerHeight) - Math.max(top, 0)) : 0);
           }, 0)"""
    )
    assert height - covered >= 120, f"{covered} px of {height} are covered"


def test_exit_moves_above_a_keyboard_that_covers_the_page(live_site, enter):
    """Where the browser does not make the page smaller, its visual viewport says what is covered."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=lambda page: page.add_init_script(VIEW), width=360, height=640)
    write(page, "Bonjour")
    page.evaluate("visualViewport.height = 340; visualViewport.dispatchEvent(new Event('resize'))")
    exit_ = page.get_by_role("button", name="Quitter rapidement", exact=True)
    assert exit_.evaluate("node => node.getBoundingClientRect().bottom") <= 340
    page.evaluate("visualViewport.height = 640; visualViewport.dispatchEvent(new Event('resize'))")
    assert exit_.evaluate("node => node.getBoundingClientRect().bottom") > 560
