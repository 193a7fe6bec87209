"""What is written on buttons stays readable under the mouse (WCAG 1.4.3), in both themes, on all our backgrounds."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import THEMES, LiveSite, PageFactory, in_theme
from tests.browser.desk import Person, take_seat
from tests.browser.test_console import OPEN_THREAD, Work, at  # noqa: F401  `at`: a fixture
from tests.browser.test_orientation import has_answered
from tests.factories import chat as make

GROUNDS = ("default-grey", "alt-grey", "contrast-grey", "overlap-grey", "contrast-info", "open-blue-france")
KINDS = ("", "fr-btn--secondary", "fr-btn--tertiary", "fr-btn--tertiary-no-outline")
PUT = """([grounds, kinds]) => {
  const main = document.querySelector("main");
  main.replaceChildren(...grounds.map((ground) => {
    const part = document.createElement("div");
    part.style.backgroundColor = `var(--background-${ground})`;
    part.append(...kinds.map((kind) => {
      const button = document.createElement("button");
      button.className = `fr-btn ${kind}`;
      button.textContent = `${ground} ${kind}`;
      button.dataset.kind = `${ground} ${kind}`;
      return button;
    }));
    return part;
  }));
}"""
RATIO = """(element) => {
  // What a colour is: each is painted once on a page, because a canvas costs more than all the rest.
  const painted = (window.painted ??= new Map());
  const paint = (color) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const read = (color) => painted.get(color) ?? painted.set(color, paint(color)).get(color);
  const layers = [];
  for (let one = element; one; one = one.parentElement) layers.unshift(read(getComputedStyle(one).backgroundColor));
  const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3]));
  const ground = layers.reduce((below, top) => over(top, below), [255, 255, 255]);
  const ink = over(read(getComputedStyle(element).color), ground);
  const light = (color) => color.map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0);
  const [high, low] = [light(ink), light(ground)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}"""


# Which of these buttons is under the mouse, which is pressed, and how readable the former is; all, when it is on none.
BUTTONS = f"""(buttons) => {{
  document.getAnimations().forEach((one) => one.finish());
  const [hovered, pressed] = [":hover", ":active"].map((state) => buttons.filter((one) => one.matches(state)));
  const nameOf = (one) => one.dataset.kind;
  const asked = hovered.length ? hovered : buttons;
  return [hovered.map(nameOf), pressed.map(nameOf), asked.map((one) => [nameOf(one), ({RATIO})(one)])];
}}"""
MIDDLES = """(buttons) => buttons.map((one) => {
  const box = one.getBoundingClientRect();
  return [one.dataset.kind, box.x + box.width / 2, box.y + box.height / 2];
})"""


def test_buttons_under_the_mouse_are_readable(live_site: LiveSite, page_factory: PageFactory):
    page = page_factory(height=1600)  # all buttons are in sight at once
    page.goto(live_site.url + "/accessibilite/")
    page.evaluate(PUT, [GROUNDS, KINDS])
    buttons = page.locator("[data-kind]")
    low = {}

    def look(theme: str, way: str, hovered: list[str], pressed: list[str]) -> int:
        said = buttons.evaluate_all(BUTTONS)
        assert said[:2] == [hovered, pressed]
        low.update({f"{theme} {name} {way}": round(ratio, 2) for name, ratio in said[2] if ratio < 4.5})
        return len(said[2])

    for theme in THEMES:
        in_theme(page, theme)
        page.mouse.move(1, 1)
        assert look(theme, "rest", [], []) == len(GROUNDS) * len(KINDS)
        for name, x, y in buttons.evaluate_all(MIDDLES):
            page.mouse.move(x, y)
            look(theme, "hover", [name], [])
            page.mouse.down()
            look(theme, "active", [name], [name])
            page.mouse.up()
    assert low == {}


# Of the texts within an element, those that are not readable.
LOW = f"""(element) => {{
  const ratio = {RATIO};
  return [element, ...element.querySelectorAll("*")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))
    .filter((one) => one.checkVisibility() && ratio(one) < 4.5)
    .map((one) => `${{one.className}} ${{ratio(one).toFixed(2)}}: ${{one.textContent.trim().slice(0, 40)}}`);
}}"""
# Whether an element is under the mouse, and its texts that are not readable once its colours have changed.
UNDER_THE_MOUSE = f"""(element) => {{
  document.getAnimations().forEach((one) => one.finish());
  return [element.matches(":hover"), ({LOW})(element)];
}}"""


@pytest.mark.parametrize(
    ("frames", "question", "given"),
    [("kept", "maintenant", {}), ("kept", "qui", {"danger": "no"}), ("anew", "qui", {"danger": "no"})],
    indirect=["frames"],
)
@pytest.mark.usefixtures("frames")
def test_answers_and_the_menu_are_readable_under_the_mouse(
    live_site: LiveSite, page: Page, question: str, given: dict[str, str]
):
    """The hint below an answer, and an answer that is urgent, had too little contrast there in the dark theme."""
    has_answered(page, live_site, given, f"/orientation/{question}/")
    page.locator(".pnav-nav__link").first.evaluate(
        """link => { link.append(Object.assign(document.createElement("span"),
            { className: "pnav-nav__state", textContent: "Commissariat" })); }"""
    )
    for theme in THEMES:
        in_theme(page, theme)
        answers, links = page.locator("main .pnav-answer-button:visible"), page.locator(".pnav-nav__link:visible")
        expect(answers.nth(1)).to_be_visible()
        expect(answers.locator(".pnav-answer-button__hint").first).to_be_visible()
        expect(links.first).to_be_visible()
        for one in page.locator("main button:visible").all() + links.all():
            one.hover()
            assert one.evaluate(UNDER_THE_MOUSE) == [True, []], theme


EDGE = "one => getComputedStyle(one.closest('.console-message')).outlineColor"


def test_words_of_danger_are_as_red_in_the_thread_as_over_it_and_readable(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """They were orange there, which elsewhere says « Élevée »."""
    people = {"danger": Person(lived=lambda _agent, one: make.message(one, "je veux mourir"))}
    take_seat(page, live_site, at, people)
    mark, over = page.locator(f"{OPEN_THREAD} .console-message [data-danger]"), page.locator(".console-dangers")
    for theme in THEMES:
        in_theme(page, theme)
        red, above = (one.evaluate("one => getComputedStyle(one).color") for one in (mark, over))
        assert red == above, theme
        assert mark.evaluate(EDGE) == mark.evaluate(
            "one => { one.style.color = 'var(--border-plain-error)'; return getComputedStyle(one).color; }"
        )
        mark.evaluate("one => one.removeAttribute('style')")
        assert mark.evaluate(RATIO) >= 4.5, theme
        # A sign and words say it too.
        expect(mark.locator(".fr-icon-alarm-warning-fill")).to_be_visible()
        expect(mark).to_contain_text("Mots de suicide")
