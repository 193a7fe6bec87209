"""What is written on buttons stays readable under the mouse (WCAG 1.4.3), in both themes, on all our backgrounds."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import THEMES, LiveSite, PageFactory, in_theme
from tests.browser.test_orientation import has_answered

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
  const read = (color) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_buttons_under_the_mouse_are_readable(live_site: LiveSite, page_factory: PageFactory, theme: str):
    page = page_factory(theme=theme)
    page.goto(live_site.url + "/accessibilite/")
    page.evaluate(PUT, [GROUNDS, KINDS])
    page.mouse.move(1, 1)
    low = {}
    for button in page.locator("[data-kind]").all():
        name = button.get_attribute("data-kind")
        for way in ("rest", "hover", "active"):
            if way == "hover":
                button.hover()
            elif way == "active":
                page.mouse.down()
            page.wait_for_timeout(50)
            ratio = button.evaluate(RATIO)
            if ratio < 4.5:
                low[f"{name} {way}"] = round(ratio, 2)
        page.mouse.up()
        page.mouse.move(1, 1)
    assert low == {}


# Of the texts within an element, those that are not readable.
LOW = f"""(element) => {{
  const ratio = {RATIO};
  return [element, ...element.querySelectorAll("*")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))
    .filter((one) => one.checkVisibility() && ratio(one) < 4.5)
    .map((one) => `${{one.className}} ${{ratio(one).toFixed(2)}}: ${{one.textContent.trim().slice(0, 40)}}`);
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
            page.evaluate("document.getAnimations().forEach((one) => one.finish())")
            assert one.evaluate("one => one.matches(':hover')")
            assert one.evaluate(LOW) == [], theme
