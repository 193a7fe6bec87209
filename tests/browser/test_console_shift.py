"""What an agent who is used to Zendesk missed in a shift of the worst exercise (docs/done.md, « A shift, walked »)."""

import re
from collections.abc import Iterator

import pytest
from django.db.models.functions import Length
from playwright.sync_api import Page, expect

from chat.casework import emergencies
from chat.conversations import lookalikes
from chat.models import Agent, Conversation, ConversationHandle, DangerMark, Macro
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Availability
from locations.models import Municipality
from pnav.accounts.models import Role
from pnav.demo.cast import create_macros
from tests.browser.conftest import Axe, LiveSite, PageFactory
from tests.browser.desk import Person, take_seat
from tests.browser.layout import are_in_view, boxes
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
    sign_in,
)
from tests.browser.test_console_aim import holding
from tests.factories import chat as make
from triage.rules import Urgency

pytestmark = pytest.mark.slow
OPEN_DOSSIER = ".console-dossier:not([hidden])"


def one_open(page: Page, site: LiveSite, at: Work, **fields) -> tuple[Agent, str]:  # noqa: F811
    """Return an agent before one exchange of theirs; the exchange's key."""
    agent = at(an_agent, public_name="Camille")
    conversation = at(lambda: make.assigned(make_available(agent), **fields))
    be_signed_in(page, site, agent)
    page.goto(f"{site.url}/console/echange/{conversation.public_id}/")
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_be_visible()
    return agent, str(conversation.public_id)


def seek(page: Page, words: str) -> None:
    """Press Ctrl + K, type these words, press Enter."""
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator("#palette")).to_be_hidden()


def test_way_back_from_another_page_leads_to_the_exchange_that_was_open(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """« Retour à la console » showed nobody until all exchanges were read again, and for good when that failed."""
    desk = take_seat(page, live_site, at, {"one": Person(), "other": Person()}, path="")
    key = desk.shows("other")
    page.route("**/?partie=echange", lambda route: route.abort())
    for _twice in range(2):
        page.goto(f"{live_site.url}/console/passages/")
        page.get_by_role("link", name="Retour à la console").click()
        expect(page).to_have_url(re.compile(f"/console/echange/{key}/"))
        expect(page.locator(f".console-thread[data-conversation='{key}']:not([hidden])")).to_have_count(1)
        expect(page.locator("html[data-run]")).to_have_count(1)


# How far above the window the ring of each thing in the header would begin that takes the focus.
CUT_RINGS = """() => [...document.querySelectorAll(".console-top :is(a, button, summary, select)")].flatMap((one) => {
    if (!one.checkVisibility()) return [];
    one.focus();
    const style = getComputedStyle(one);
    const ring = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
    const top = one.getBoundingClientRect().top - ring;
    return style.outlineStyle !== "none" && top >= 0 ? [] : [`${one.textContent.trim()} ${top} ${style.outlineStyle}`];
})"""


@pytest.mark.parametrize("width", [1280, 1024, 360])
def test_ring_of_the_header_is_whole(live_site: LiveSite, page: Page, at: Work, width: int):  # noqa: F811
    """Above the buttons of the availability the edge of the window cut it."""
    one_open(page, live_site, at)
    page.set_viewport_size({"width": width, "height": 640})
    page.keyboard.press("Tab")  # a ring is drawn for whoever uses the keyboard
    assert page.evaluate(CUT_RINGS) == []


def test_an_end_that_is_refused_stays_open_and_says_why(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """« Terminer » with an open emergency closed its panel, with the reason in it."""
    agent, key = one_open(page, live_site, at)
    panel = page.locator(f"#cloture-{key}")
    page.keyboard.press("Alt+t")
    expect(panel).to_be_visible()
    expect(panel.locator(".console-action__first")).to_be_hidden()
    fold = page.locator("[data-key=T]")
    expect(fold).to_have_accessible_description("")
    # Opened in another tab, so this page does not know yet.
    at(lambda: emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user))
    panel.get_by_label("Comment l'échange se termine").select_option("transmitted")
    panel.get_by_label("Je confirme").check(force=True)
    panel.get_by_role("button", name=re.compile("^Terminer")).click()
    first = "La procédure d'urgence est ouverte : terminez-la d'abord."
    expect(panel.get_by_role("alert")).to_contain_text(first)
    expect(panel).to_be_visible()
    # It is read once, and « Terminer » says it before anything is filled in.
    page.reload()
    page.keyboard.press("Alt+t")
    expect(fold).to_have_accessible_description(first)
    panel.get_by_role("button", name=re.compile("^Terminer")).click()
    expect(panel.get_by_role("alert")).to_contain_text(first)
    assert panel.inner_text().count(first) == 1
    expect(panel.get_by_role("link", name="Voir la liste")).to_be_visible()

    page.reload()
    page.keyboard.press("Alt+t")
    expect(panel.locator(".console-action__first")).to_be_visible()  # it is in sight before anything is filled in
    axe(page)
    page.keyboard.press("Escape")
    seek(page, "terminer la procedure")
    end = page.locator(f"{OPEN_DOSSIER} [name=end]")
    expect(end).to_be_focused()
    expect(page.locator(f"{OPEN_THREAD} .console-pinned")).to_be_visible()  # it leads, and ends nothing

    # Firefox keeps a description while the attribute stays, so it goes with the procedure, and comes with the next one.
    end.click()
    expect(page.locator(f"{OPEN_THREAD} .console-pinned")).to_be_hidden()
    expect(fold).not_to_have_attribute("aria-describedby", re.compile("."))
    page.keyboard.press("Alt+u")
    page.locator(f"#procedure-{key} [name=situation]").first.click()
    expect(page.locator("#annonces")).to_contain_text(" : procédure d'urgence ouverte.")  # unsaid by Firefox
    expect(fold).to_have_attribute("aria-describedby", f"fin-retenue-{key}")
    expect(fold).to_have_accessible_description(first)


def test_pause_is_offered_at_once_when_the_last_procedure_ends(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """It began under the procedure, and the page that ended the procedure did not show it."""
    agent, key = one_open(page, live_site, at)

    def end_another() -> None:
        emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user)
        make.closed(agent, urgency=Urgency.CRITICAL)

    at(end_another)
    page.reload()
    pause, bar = page.locator("#disponibilite [data-pause-until]"), page.locator("#disponibilite")
    page.keyboard.press("Alt+u")
    first = page.locator(f"#procedure-{key} [name=step]").first
    expect(first).to_be_visible()
    expect(bar).to_have_attribute("data-availability", "available")
    first.press("Enter")
    expect(page.locator(f"#procedure-{key} [data-done]")).to_have_count(1)
    expect(pause).to_have_count(0)

    seek(page, "terminer la procedure")
    page.keyboard.press("Enter")
    expect(pause).to_be_visible()
    expect(pause).to_contain_text("Prenez quelques minutes.")
    expect(page.locator("#avis")).to_have_text(re.compile("pause", re.IGNORECASE))
    expect(bar).to_have_attribute("data-availability", "pause")
    expect(page.locator(f"#procedure-fin-{key}")).to_be_visible()
    assert not bar.evaluate("one => one.contains(document.activeElement)"), "the focus stays with the procedure"
    axe(page)


def test_exchange_whose_number_passes_nine_is_opened_by_its_number(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """No key leads there. « 1 » led to « 12 » where that one stood higher in the list."""
    agent, _key = one_open(page, live_site, at)
    urgent = at(lambda: str(make.assigned(agent, urgency=Urgency.CRITICAL).public_id))
    page.reload()
    title = page.locator(f"{OPEN_THREAD} .console-thread__title")
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    at(lambda: ConversationHandle.objects.filter(conversation__public_id=urgent).update(number=12))
    page.reload()
    expect(page.locator("#liste .console-entry").first).to_have_attribute("data-number", "12")
    seek(page, "12")
    expect(title).to_contain_text(re.compile(r"^\s*12\s"))
    seek(page, "1")
    expect(title).to_contain_text(re.compile(r"^\s*1\s"))
    seek(page, "terminer 12")
    expect(page.locator(f"{OPEN_THREAD} summary[data-key=T]")).to_contain_text("Terminer 12 · ")
    seek(page, "terminer 1")
    expect(page.locator(f"{OPEN_THREAD} summary[data-key=T]")).to_contain_text("Terminer 1 · ")
    page.keyboard.press("Escape")
    page.locator("#mes-echanges").focus()
    page.keyboard.press("?")
    expect(page.locator("#raccourcis")).to_contain_text("puis le numéro (« 12 ») et Entrée")
    axe(page)


def test_next_and_previous_go_by_the_list_as_it_is_drawn(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """Under a pointer the rows stay, and the key went by the order that they would have; a view hides rows, and the key
    opened them.
    """
    agent, keys = at(lambda: _who_waits(3))
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{keys[1]}/")
    rows = page.locator("#liste .console-entry:not([hidden])")
    expect(rows).to_have_count(3)
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_be_visible()
    order = [one.get_attribute("data-conversation") for one in rows.all()]
    assert order == keys
    rows.nth(0).hover()
    page.locator(f"#corps-{keys[1]}").fill("Je suis là.")
    page.locator(f"#corps-{keys[1]}").press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-log] [data-author=agent][data-seq]")).to_have_count(1)
    expect(rows.nth(1)).to_have_attribute("data-conversation", keys[1])
    page.keyboard.press("Alt+ArrowDown")
    shown = page.locator(OPEN_THREAD)
    expect(shown).to_have_attribute("data-conversation", keys[2])
    page.keyboard.press("Alt+ArrowUp")
    expect(shown).to_have_attribute("data-conversation", keys[1])

    page.keyboard.press("Alt+ArrowDown")
    page.locator("[data-view=a-repondre]").click()
    expect(rows).to_have_count(2)
    page.keyboard.press("Alt+ArrowDown")
    expect(shown).to_have_attribute("data-conversation", keys[0])


def _who_waits(count: int) -> tuple[Agent, list[str]]:
    """Return an agent with this many people who wait for an answer, whoever has waited longest first."""
    agent = make_available(an_agent(public_name="Camille"))
    people = [make.assigned(agent) for _each in range(count)]
    for one in people:
        make.message(one, "Il continue.")
    return agent, [str(one.public_id) for one in people]


def _pk(key: str) -> int:
    return Conversation.objects.get(public_id=key).pk


@pytest.fixture
def macros(at: Work) -> Iterator[None]:  # noqa: F811
    """Create the macros of a demonstration, and delete them afterwards, because they take room of the thread."""
    at(create_macros)
    yield
    at(lambda: Macro.objects.all().delete())


@pytest.mark.usefixtures("macros")
def test_replies_and_macros_of_one_desk(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
    subtests: pytest.Subtests,
):
    """One desk serves all of these, and each has a person of its own."""

    def wrote(_agent: Agent, conversation: Conversation) -> None:
        for number in range(8):
            make.message(conversation, f"Message {number}, assez long pour un fil.")

    people = {"promise": Person(), "keys": Person(), "sight": Person({"discreet": True}, lived=wrote)}
    desk = take_seat(page, live_site, at, people)
    with subtests.test("promise of a macro stays in sight when the reply beside it is sent"):
        desk.shows("promise")
        promise_stays_in_sight(page)
    with subtests.test("macros have a key, and two sentences stand one after the other"):
        desk.shows("keys")
        macros_have_a_key(page)
    with subtests.test("a text that is cut is whole under the mouse and the keyboard, and moves no button"):
        cut_texts_are_whole_before_they_are_pressed(page)
    with subtests.test("open replies and macros leave the last words in sight"):
        desk.shows("sight")
        six_lines_are_in_sight(page)
        open_replies_and_macros_leave_the_last_words_in_sight(page, subtests)


@pytest.mark.usefixtures("macros")
def test_answer_is_in_sight_whatever_is_open_above_it(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """At 820 × 1180 « Terminer », replies and macros together left it at 1,413 px, and `Alt` + `R` led there."""
    agent, [lost] = holding(at, 1)

    def lived() -> None:
        make.message(lost, "il est derrière la porte")
        DangerMark.objects.create(conversation=lost, seqs=[1])
        emergencies.start(conversation_id=lost.pk, situation=Situation.DANGER, by=agent.user)

    at(lived)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{lost.public_id}/")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    expect(page.locator(f"{OPEN_THREAD} .console-dangers")).to_be_visible()
    opened = page.locator(f"{OPEN_THREAD} .console-canned[open]")
    for width, height in ((820, 1180), (768, 1024), (1024, 768), (1440, 900), (683, 342)):
        page.set_viewport_size({"width": width, "height": height})
        area.focus()
        for letter, panel in (("t", ".console-action"), ("g", ".console-macros"), ("m", "[data-replies]")):
            page.keyboard.press(f"Alt+{letter}")
            expect(page.locator(f"{OPEN_THREAD} {panel}[open]").first).to_be_visible()
        expect(opened).to_have_count(1)  # one opens, and the other closes
        page.keyboard.press("Alt+r")
        page.keyboard.type("Je")
        expect(area).to_be_focused()
        expect(area).to_have_value("Je")
        expect(area).to_be_in_viewport(ratio=1)
        assert area.evaluate(UNDER_NOTHING), f"at {width} × {height} something lies over the answer"
        area.fill("")


# The middle of an element is its own, and nothing lies over it.
UNDER_NOTHING = """(one) => {
  const { left, top, width, height } = one.getBoundingClientRect();
  return document.elementFromPoint(left + width / 2, top + height / 2) === one;
}"""


# The last words of a thread, what it scrolls in, and what is open before the answer; there, a line and the search.
THREAD = ("[data-seq='9']", "[data-log]", ".console-canned[open]")
SEARCH = ("[aria-selected=true]", "[data-search]")


# Of a panel: the middle of each of its buttons, and whether each text is cut.
LINES_OF_A_PANEL = """(panel) => [...panel.querySelectorAll("li")].map((line) => {
  const { top, height } = line.querySelector(".fr-btn, .fr-tag").getBoundingClientRect();
  const text = line.querySelector(".console-canned__text");
  const isCut = text.scrollHeight > text.clientHeight + 1 || text.scrollWidth > text.clientWidth + 1;
  return { middle: top + height / 2, isCut };
})"""
# Whether an element ends inside of what it scrolls in.
ENDS_INSIDE = """(one) => {
  const panel = one.closest(".console-canned").getBoundingClientRect(), own = one.getBoundingClientRect();
  return own.top >= panel.top && own.bottom <= panel.bottom + 1;
}"""


def cut_texts_are_whole_before_they_are_pressed(page: Page) -> None:
    """Read each text whole. At 1280 × 800 what is proposed to the person stood in a third line, which nobody saw."""
    before = page.viewport_size
    page.set_viewport_size({"width": 1280, "height": 800})
    for selector in (".console-macros", "[data-replies]"):
        panel = page.locator(f"{OPEN_THREAD} {selector}")
        panel.locator("> summary").click()
        page.mouse.move(2, 300)
        lines = panel.evaluate(LINES_OF_A_PANEL)
        assert any(line["isCut"] for line in lines), "without a text that is cut this test looks at nothing"
        for number in range(4):
            line = panel.locator("li").nth(number)
            for part in (".fr-btn, strong", ".console-canned__text"):  # the mouse may come from either side
                line.locator(part).first.hover()
                assert not panel.evaluate(LINES_OF_A_PANEL)[number]["isCut"]
                assert line.locator(".console-canned__text").evaluate(ENDS_INSIDE)
                page.mouse.move(2, 300)
            middles = [[one["middle"] for one in of] for of in (lines, panel.evaluate(LINES_OF_A_PANEL))]
            moves = {round(now - then) for then, now in zip(*middles, strict=True)}
            assert len(moves) == 1, "they move by scrolling alone"
        if selector == ".console-macros":
            panel.locator("[data-macro-search]").focus()
            for number in range(4):
                page.keyboard.press("ArrowDown")
                assert not panel.evaluate(LINES_OF_A_PANEL)[number]["isCut"]
                assert panel.locator(".console-canned__text").nth(number).evaluate(ENDS_INSIDE)
        panel.locator("> summary").click()
    assert before
    page.set_viewport_size(before)


def six_lines_are_in_sight(page: Page) -> None:
    """Look at six lines of each panel. Three were in sight, and the suggestions stayed under them."""
    before = page.viewport_size
    page.set_viewport_size({"width": 1440, "height": 900})
    for panel, line in (("[data-replies]", "[role=option]"), (".console-macros", "li")):
        box = page.locator(f"{OPEN_THREAD} {panel}")
        box.locator("> summary").click()
        for number in range(min(6, box.locator(line).count())):
            expect(box.locator(line).nth(number)).to_be_in_viewport(ratio=0.95)
        expect(page.locator(f"{OPEN_THREAD} [data-seq='9']")).to_be_in_viewport()
        box.locator("> summary").click()
    assert before
    page.set_viewport_size(before)


def open_replies_and_macros_leave_the_last_words_in_sight(page: Page, subtests: pytest.Subtests) -> None:
    """Guard against what was before: they left the thread 133 px of a laptop, and nothing of it at 200 %; with a
    watched screen, no answer either.
    """
    thread = page.locator(OPEN_THREAD)
    area, last = thread.locator("textarea[name=body]"), thread.locator("[data-seq='9']")
    send = thread.get_by_role("button", name="Envoyer")
    panel = thread.locator(".console-canned[open]")
    for width, height in ((1280, 800), (683, 342)):
        page.set_viewport_size({"width": width, "height": height})
        for letter in ("m", "g"):
            with subtests.test(f"{width} × {height}, Alt + {letter}"):
                area.focus()
                page.keyboard.press(f"Alt+{letter}")
                expect(panel).to_have_count(1)
                are_in_view(last, *([area, send] if height > 500 else []))
                words, log, opened = boxes(page, *(f"{OPEN_THREAD} {one}" for one in THREAD))
                assert words["top"] >= log["top"]
                assert words["bottom"] <= opened["top"]
                assert opened["height"] <= 0.35 * height + 1
                if letter == "m":
                    for _step in range(4):
                        page.keyboard.press("ArrowDown")
                    chosen, field = boxes(page, *(f"{OPEN_THREAD} {THREAD[2]} {one}" for one in SEARCH))
                    assert field["top"] >= opened["top"] - 1
                    assert chosen["top"] >= field["bottom"] - 1
                    expect(panel.locator("[aria-selected=true]")).to_be_in_viewport(ratio=0.5)
            panel.evaluate_all("all => all.forEach((panel) => { panel.open = false; })")


@pytest.mark.usefixtures("macros")
def test_nothing_of_macros_and_replies_is_cut_without_a_mouse(live_site: LiveSite, page_factory: PageFactory, at: Work):  # noqa: F811
    """On a touch screen a press alone would show the rest of a sentence, and would run it."""
    agent, [held] = holding(at, 1)
    page = page_factory(width=360, height=640, has_touch=True, is_mobile=True)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{held.public_id}/")
    for width, height in ((360, 640), (820, 1180), (1180, 820)):
        page.set_viewport_size({"width": width, "height": height})
        for selector in (".console-macros", "[data-replies]"):
            panel = page.locator(f"{OPEN_THREAD} {selector}")
            panel.locator("> summary").click()
            expect(panel.locator("li").first).to_be_visible()
            assert not any(line["isCut"] for line in panel.evaluate(LINES_OF_A_PANEL)), f"{selector} at {width} px"
            panel.locator("> summary").click()


def macros_have_a_key(page: Page) -> None:
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    page.locator(f"{OPEN_DOSSIER} summary[data-key=U]").focus()  # the answer never had the focus
    seek(page, "se presenter")
    seek(page, "avant de terminer")
    expect(area).to_have_value(re.compile(r"^Bonjour, je m’appelle Camille[^\n]*\nAvant de terminer"))
    # Whoever is quick, or whose machine is busy, opens the palette again before the browser has told that it closed.
    # Meanwhile the browser forgets the cursor, which some do while a dialog is open.
    page.keyboard.press("Control+k")
    page.keyboard.type("avant de terminer")
    page.evaluate(
        """() => {
            const press = (target, key, ctrlKey) =>
                target.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true, cancelable: true }));
            press(document.getElementById("palette-cherche"), "Enter", false);
            press(document.body, "k", true);
        }"""
    )
    expect(page.locator("#palette")).to_be_visible()
    area.evaluate("area => area.setSelectionRange(0, 0)")
    page.keyboard.type("se presenter")
    page.keyboard.press("Enter")
    expect(area).to_have_value(re.compile(r"^Bonjour[^\n]*\nAvant de[^\n]*\nAvant de[^\n]*\nBonjour[^\n]*$"))
    page.keyboard.press("Alt+g")
    macros_are_searched(page)
    seek(page, "preparer une plainte")
    expect(page.locator(f"{OPEN_THREAD} [name=macro]", has_text="Préparer une plainte")).to_be_focused()
    # When it is pressed, it opens the procedure with all that the strip over the thread says about it.
    page.locator(f"{OPEN_THREAD} [name=macro]", has_text="Danger").click()
    expect(page.locator(f"{OPEN_THREAD} .console-pinned")).to_contain_text("Pas encore fait")


def macros_are_searched(page: Page) -> None:
    """Look for a macro by what it does, and reach it without running it."""
    macros = page.locator(f"{OPEN_THREAD} .console-macros")
    field = macros.locator("[data-macro-search]")
    expect(field).to_be_focused()
    expect(macros.locator("li:visible")).to_have_count(4)
    page.keyboard.type("zzz")
    expect(macros.locator("[data-none]")).to_be_visible()
    field.fill("procedure d'urgence")  # no title has it
    expect(macros.locator("li:visible")).to_have_count(1)
    expect(page.locator("#annonces")).to_contain_text("1 geste")
    danger = macros.locator("[name=macro]", has_text="Danger")
    for key in ("Enter", "ArrowDown"):
        field.focus()
        page.keyboard.press(key)
        expect(danger).to_be_focused()
        # A screen reader says by itself what has the focus then, and goes on giving the arrows to the page.
        expect(danger).to_have_accessible_description(re.compile("Ouvre la procédure d'urgence"))
        expect(macros.get_by_role("toolbar", name="Gestes groupés")).to_be_visible()
        page.wait_for_timeout(1000)
        assert "Ouvre la procédure d'urgence" not in (page.locator("#annonces").text_content() or "")
    expect(page.locator(f"{OPEN_THREAD} .console-pinned")).to_be_hidden()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    # Whoever is quick opens the palette before the browser tells that the panel closed, and it lists what is shown.
    field.evaluate(
        """(field) => {
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }));
            window.shown = field.closest("details").querySelectorAll("li:not([hidden])").length;
        }"""
    )
    assert page.evaluate("window.shown") == 4
    expect(macros).not_to_have_attribute("open", re.compile(""))
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_be_focused()


COUNT_HIDDEN_PROMISES = """() => {
  window.hides = 0;
  new MutationObserver((changes) => {
    window.hides += changes.filter(({ target }) => target.dataset.slot === "promise" && target.hidden).length;
  }).observe(document.getElementById("console"), { subtree: true, attributeFilter: ["hidden"] });
}"""


def promise_stays_in_sight(page: Page) -> None:
    """Guard against what was before: the list and the thread lost it until the list was read again, twenty seconds
    later.
    """
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    promises = page.locator(f"#liste [data-slot=promise]:visible, {OPEN_THREAD} [data-slot=promise]:visible")
    page.locator(f"{OPEN_THREAD} .console-macros > summary").click()
    page.locator(f"{OPEN_THREAD} [name=macro]", has_text="Je relis et je reviens").click()
    expect(promises).to_have_count(2)
    expect(area).not_to_have_value("")
    page.evaluate(COUNT_HIDDEN_PROMISES)
    area.focus()
    with page.expect_response(lambda answer: "partie=liste" in answer.url):
        page.keyboard.press("Control+Enter")
        expect(page.locator(f"{OPEN_THREAD} [data-log] [data-author=agent]")).to_have_count(1)
    assert page.evaluate("window.hides") == 0
    expect(promises).to_have_count(2)
    area.fill("Me voilà.")
    page.keyboard.press("Control+Enter")
    expect(promises).to_have_count(0)


def test_next_is_the_most_urgent_of_who_waits_for_me(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """Alt + N led past somebody in danger, to who had written a few seconds before."""
    agent = at(an_agent, public_name="Camille")

    def lived() -> None:
        make_available(agent)
        for place, urgency, minutes in (("69003", 0, 9), ("33000", 0, 6), ("59000", 2, 1)):
            one = make.assigned(agent, postal_code=place, urgency=urgency)
            make.message(one, "vous êtes là ?")
            one.messages.update(sent_at=make.long_ago(minutes))

    at(lived)
    sign_in(page, live_site, agent)
    expect(page.locator("#liste .console-entry")).to_have_count(3)
    page.locator("#liste .console-entry__link", has_text="69003").click()
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text("69003")
    page.keyboard.press("Alt+n")
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text("59000")

    # Whoever is next is the open one already: nothing else changes, so the key says it.
    page.locator("#mes-echanges").focus()
    page.keyboard.press("Alt+n")
    expect(page.locator("#avis")).to_have_text(re.compile(r"^Vous y êtes\s: 3 · \S+ · 59000"))
    expect(page.locator("#annonces")).to_contain_text("Vous y êtes : 3")


def test_second_who_waits_is_in_sight_where_the_list_leaves_room(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    """With four exchanges the queue had a fifth of the screen, under 150 empty pixels, and cut its second row."""
    agent, _held = holding(at, 4)

    def lived() -> None:
        for _each in range(2):
            lost = make.waiting(municipality=Municipality.objects.get(name="Lille"))
            make.message(lost, "Je veux mourir.")
            DangerMark.objects.create(conversation=lost, seqs=[1])

    at(lived)
    page = page_factory(width=1280, height=800)
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    rows = page.locator("#attente > li")
    expect(rows).to_have_count(2)
    expect(page.locator("#file")).to_contain_text("2 avec des mots de suicide ou de danger")
    expect(page.locator("#file [data-slot=short]")).to_have_text("Suicide ou danger 2")
    expect(page.get_by_role("heading", name=re.compile("2 avec des mots"))).to_have_accessible_name(
        re.compile(r"^File d'attente 2 2 avec des mots de suicide ou de danger$")
    )
    page.keyboard.press("Alt+a")  # with the hints of the keys too
    title, mark = boxes(page, "#file", "#file [data-marked]")
    assert mark["bottom"] - title["top"] < 30, "these words took two rows of the queue"
    for each in range(2):
        expect(rows.nth(each).locator("[data-slot=marked]")).to_be_in_viewport(ratio=1)
        # « Lille » stood beside the words, and « (59) » below them. The row is drawn again from time to time.
        page.wait_for_function(
            """each => document.querySelectorAll("#attente > li")[each]
                ?.querySelector("[data-slot=place]")?.getClientRects().length === 1""",
            arg=each,
        )
    expect(page.locator("#liste .console-entry").nth(3)).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 1366, "height": 640})  # a small laptop: the exchanges come first
    expect(page.locator("#liste .console-entry").nth(3)).to_be_in_viewport(ratio=1)


def test_look_alikes_are_read_whole_above_a_long_queue(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    axe: Axe,
):
    """Their card was crushed to a strip of ten pixels under the rows of the queue.

    From five exchanges on the list leaves the queue a fifth of the screen, and the way out of the card stood below it.
    """
    agent, _held = holding(at, 5)

    def lived() -> None:
        long_name = Municipality.objects.alias(signs=Length("name")).filter(signs=26).earliest("insee_code")
        for each in range(20):
            make.waiting(queued_at=make.long_ago(5 - each / 30), municipality=long_name)
        for _each in range(12):
            make.message(make.waiting(postal_code="35000"), "bonjour")
        lookalikes.mark_lookalikes()

    at(lived)
    page = page_factory(width=1280, height=800)
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    card, way = page.locator("#semblables > li"), page.locator("#semblables").get_by_role("link", name="Regrouper")
    expect(card).to_contain_text("20 arrivées semblables")
    expect(page.locator("#attente > li")).to_have_count(12)
    for width, height in ((1440, 900), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        for part in (card.locator("strong"), way):
            expect(part).to_be_in_viewport(ratio=1)
        # All at once, because the list is drawn again while arrivals are announced; and a person who waits is still
        # shown.
        page.wait_for_function("""() => {
            const [card, first, queue] = ["#semblables > li", "#attente > li", ".console-queue"].map(
                (one) => document.querySelector(one)?.getBoundingClientRect());
            return card?.height && first?.height && first.top >= card.bottom && first.top < queue.bottom;
        }""")
    axe(page)

    def another() -> None:
        for each in range(20):
            make.waiting(queued_at=make.long_ago(5 - each / 30), postal_code="13001")
        lookalikes.mark_lookalikes()

    at(another)
    page.reload()
    expect(card).to_have_count(2)
    last = way.last
    last.focus()  # it scrolled the whole screen up, which nothing but the focus could bring back
    expect(last).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.scrollingElement.scrollTop") == 0
    way.filter(has_not_text="13001").click()
    expect(page.get_by_role("heading", name=re.compile("20 arrivées semblables"))).to_be_visible()


# Whether so many rows of the queue are drawn: those that are far from the screen usually are not.
SO_MANY_ARE_DRAWN = """(n) => [...document.querySelectorAll(".console-waiting")].filter(
  (row) => row.firstElementChild.checkVisibility({ contentVisibilityAuto: true })).length === n"""


def test_first_screen_of_a_long_queue_is_drawn_before_one_comes_to_it(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    """A link led to empty rows, for a quarter of a second with a processor six times slower."""
    chief = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR)
    at(lambda: [make.waiting(postal_code="35000") for _each in range(60)])
    be_signed_in(page, live_site, chief)
    page.set_viewport_size({"width": 360, "height": 640})
    for path, drawn in (("", 12), ("tableau/?fixe=1", 30)):
        page.goto(f"{live_site.url}/console/{path}")
        expect(page.locator(".console-waiting")).to_have_count(60)
        page.locator("#file").evaluate("title => title.style.marginBlockStart = '5000px'")
        page.wait_for_function(SO_MANY_ARE_DRAWN, arg=drawn)


@pytest.mark.parametrize(("held", "is_said"), [(3, False), (9, False), (9, True)])
def test_who_is_in_danger_is_seen_below_two_groups_of_look_alikes(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    held: int,
    is_said: bool,
):
    """Two groups took the room of the queue, and only its heading said that somebody was in danger.

    is_said: whether the person has written so, and not been asked. With nine exchanges one group took all of it.
    """
    agent, _held = holding(at, held)

    def lived() -> None:
        for postal_code in ("13001", "35000"):
            for each in range(20):
                make.waiting(queued_at=make.long_ago(5 - each / 30), postal_code=postal_code)
        lookalikes.mark_lookalikes()
        if is_said:
            said = make.message(make.waiting(), "je vais me suicider ce soir")
            DangerMark.objects.create(conversation=said.conversation, seqs=[said.seq])
        else:
            make.waiting(urgency=Urgency.CRITICAL)

    at(lived)
    page = page_factory(width=1280, height=800)
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    expect(page.locator("#semblables > li")).to_have_count(2)
    for width, height in ((1440, 900), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        first = page.locator("#attente > li").first
        assert is_said or first.get_attribute("data-urgency") == "critical"
        expect(first.locator("[data-slot=place]")).to_be_in_viewport(ratio=1)
        if is_said:
            expect(first.locator("[data-slot=marked] .console-waiting__short")).to_be_in_viewport(ratio=1)
        for each in page.locator("#semblables > li").all():
            expect(each.get_by_role("link", name="Regrouper")).to_be_in_viewport(ratio=1)


def test_name_of_a_supervisor_who_is_available_is_read_in_the_header(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    """Beside their links and the signs of the keys it was cut to one letter, or the links had a row of their own."""
    supervisor = at(an_agent, public_name="Dominique", role=Role.SUPERVISOR, availability=Availability.AVAILABLE)
    page = page_factory(width=1280, height=800)
    be_signed_in(page, live_site, supervisor)
    page.goto(live_site.url + "/console/")
    expect(page.get_by_role("button", name="Au téléphone")).to_be_visible()
    expect(page.get_by_role("button", name="Raccourcis")).to_be_visible()
    name = page.locator(".console-top__agent")
    assert (page.locator(".console-top").bounding_box() or {})["height"] < 60, "one row"
    first_name = name.evaluate(
        """box => {
          const said = document.createRange();
          said.setStart(box.firstChild, 0);
          said.setEnd(box.firstChild, 9);
          return said.getBoundingClientRect().width;
        }"""
    )
    assert name.evaluate("box => box.clientWidth") > first_name


def test_list_says_of_whom_nothing_was_written_that_it_is_so(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """An empty line stood in place of the last words."""
    _agent, _key = one_open(page, live_site, at)
    none = page.locator("#liste").get_by_text("N'a encore rien écrit")
    expect(none).to_be_visible()
    page.locator(f"{OPEN_THREAD} textarea[name=body]").fill("Bonjour, je vous écoute.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#liste [data-slot=last]")).to_have_text("Bonjour, je vous écoute.")
    expect(none).to_be_hidden()
