"""Walks the way in twelve times in a real browser on a small phone: `make journeys`.

Each journey goes from the home page to the waiting room as a person does, with scripts and without, in each language.
What is printed: how high the home page is (at most HOME_SCREENS), then screens (home and waiting room counted), presses
besides typing a place, words to read, and where each button lies. The promise is in the product's words: at most
SCREENS, PRESSES and WORDS for a victim; one screen and one press more for whoever helps somebody else.
tests/browser/test_journeys.py holds it.

    make journeys                      a demonstration of its own, stopped afterwards
    make journeys URL=http://…         a site of this machine that runs already
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from pnav.demo.screenshots import demonstration
from tests import chromium

SCREENS, PRESSES, WORDS = 5, 5, 350
KEYS = 40  # keys pressed from the home page to the queue, besides those that type the place
WIDTH, HEIGHT = 360, 640
HOME_SCREENS = 6  # the highest that the home page may be, in screens of HEIGHT
PLACE = "93200"
LOOPBACK = {"localhost", "127.0.0.1"}
HOME_LANGUAGE = "fr"  # the language of the telephone that asks which languages there are
PATIENCE_MS = 30_000


@dataclass(frozen=True)
class Journey:
    """One way through the questions.

    door: the choice on the home page. answers: the values, page by page. writes: whether the result comes first, with
    its button.
    """

    name: str
    door: str
    answers: tuple[str, ...]
    writes: bool = False

    @property
    def more(self) -> int:
        """Return how many more screens and presses are allowed to somebody who helps somebody else."""
        return int(self.door == "helper")


JOURNEYS = (
    Journey("adult, repeated insults", "adult", ("no", "harassment", "repeated")),
    Journey("minor, repeated insults", "minor", ("no", "harassment")),
    Journey("adult, intimate image", "adult", ("no", "image", "no")),
    Journey("minor, intimate image", "minor", ("no", "image")),
    Journey("stolen account", "adult", ("no", "account", "hurt")),
    Journey("couple", "adult", ("no", "couple")),
    Journey("witness", "helper", ("no", "witness_under_15", "harassment")),
    Journey("relative", "helper", ("no", "relative_15_17", "image")),
    Journey("professional", "helper", ("no", "professional_adult", "harassment", "group")),
    Journey("danger", "adult", ("yes",), writes=True),
    Journey("suicidal thoughts", "minor", ("suicidal",), writes=True),
    Journey("discreet", "adult", ("screen", "couple")),
)

# What can be read without scrolling: the texts in `main` that lie above the exit at the foot of the screen.
_SEEN = """(isWhole) => {
    const exit = document.querySelector(".pnav-exit");
    const fixed = exit && getComputedStyle(exit).position === "fixed";
    const foot = innerHeight - (fixed ? exit.offsetHeight : 0);
    let words = 0;
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const own = node.textContent.trim().split(/\\s+/).filter((word) => /[\\p{L}\\p{N}]/u.test(word));
        if (!own.length || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
        if (node.parentElement.closest(".fr-sr-only, [hidden], template, script, style, noscript")) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        if (box.height && (isWhole || (box.top < foot && box.bottom > 0))) words += own.length;
    }
    return words;
}"""
# All of these are asked for at once, because a page has up to a dozen.
_BUTTONS = """(selectors) => {
    const exit = document.querySelector(".pnav-exit");
    const isFixed = exit && getComputedStyle(exit).position === "fixed";
    const foot = isFixed ? innerHeight - exit.offsetHeight : innerHeight;
    return selectors.map((selector) => {
        const one = document.querySelector(selector);
        const { top, bottom } = one.getBoundingClientRect();
        return [one.getAttribute("aria-label") || one.innerText, top, bottom, foot];
    });
}"""


@dataclass
class Button:
    """The place of a button when its page is shown, in pixels from the top of the screen. foot: where the
    exit begins.
    """

    label: str
    top: int
    bottom: int
    foot: int

    @property
    def is_seen(self) -> bool:
        return self.bottom <= self.foot


@dataclass
class Walk:
    """What one journey took. words: all words of questions and results, and those on the first screen of the home page
    and of the waiting room. pressed: the buttons that were pressed. shown: all buttons of each question.
    """

    journey: Journey
    screens: int = 0
    presses: int = 0
    words: int = 0
    pressed: list[Button] = field(default_factory=list)
    shown: list[list[Button]] = field(default_factory=list)
    end: str = ""

    @property
    def is_kept(self) -> bool:
        """Return whether the journey kept the promise."""
        most = (SCREENS + self.journey.more, PRESSES + self.journey.more, WORDS)
        return all(one <= other for one, other in zip((self.screens, self.presses, self.words), most, strict=True))


def walk(page: Page, base: str, journey: Journey, *, place: str = PLACE) -> Walk:
    """Walk one journey on this page, at the size that it has. Only a site of this machine is walked."""
    if urlsplit(base).hostname not in LOOPBACK:
        raise ValueError("Only a site on this machine.")
    done = Walk(journey)
    page.goto(base + "/")
    _look(page, done, is_whole=False)
    page.locator(".home-doors input[name=q]").fill(place)
    _close_suggestions(page)
    _press(page, done, f".home-doors button[value={journey.door}]")
    for number, value in enumerate(journey.answers):
        _look(page, done, is_whole=True)
        done.shown.append(buttons(page, _ids(page)))
        is_last = number == len(journey.answers) - 1
        _press(page, done, f"#answer-{value}")
        if is_last and journey.writes:
            _look(page, done, is_whole=True)
            _press(page, done, "main form .pnav-triage__door")
    _look(page, done, is_whole=False)
    done.end = urlsplit(page.url).path
    return done


def _close_suggestions(page: Page) -> None:
    """Close the list of places below the field, as somebody does who knows their postal code and goes on."""
    page.locator("h1").first.evaluate("() => document.activeElement.blur()")
    page.locator(".pnav-place__list:visible").wait_for(state="detached", timeout=PATIENCE_MS)


def _look(page: Page, done: Walk, *, is_whole: bool) -> None:
    done.screens += 1
    done.words += page.evaluate(_SEEN, is_whole)


def _ids(page: Page) -> list[str]:
    return [f"#{one}" for one in page.locator("main [name=answer]").evaluate_all("all => all.map((one) => one.id)")]


def buttons(page: Page, selectors: list[str]) -> list[Button]:
    """Return where the first element of each selector lies."""
    return [
        Button(" ".join(label.split()), round(top), round(bottom), foot)
        for label, top, bottom, foot in page.evaluate(_BUTTONS, selectors)
    ]


def _press(page: Page, done: Walk, selector: str) -> None:
    done.pressed += buttons(page, [selector])
    done.presses += 1
    with page.expect_navigation(wait_until="load"):
        page.locator(selector).first.click()


def home_height(page: Page, base: str) -> int:
    """Return the height of the home page when it comes, with its folds closed, in pixels of this page's width."""
    page.goto(base + "/")
    return int(page.evaluate("document.documentElement.scrollHeight"))


def keys_to_queue(page: Page, base: str, journey: Journey, *, place: str = PLACE) -> int:
    """Return how many keys are pressed from the home page to the queue, besides those of the place.

    On each page the first keys go to the skip link, and from there to the button.
    """
    page.goto(base + "/")
    keys = _to_content(page) + _tab_to(page, ".home-doors input[name=q]")
    page.keyboard.type(place)
    if page.locator(".pnav-place__list").count():  # with scripts, the list closes when one leaves the field
        page.keyboard.press("Escape")
        keys += 1
    keys += _tab_to(page, f".home-doors button[value={journey.door}]") + _enter(page)
    for value in journey.answers:
        keys += _to_content(page) + _tab_to(page, f"#answer-{value}") + _enter(page)
    if journey.writes:
        keys += _to_content(page) + _tab_to(page, "main form .pnav-triage__door") + _enter(page)
    return keys


def _to_content(page: Page) -> int:
    return _tab_to(page, ".fr-skiplinks a[href='#contenu']") + _enter(page, leaves=False)


def _tab_to(page: Page, selector: str) -> int:
    for presses in range(1, 60):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return presses
    raise AssertionError(f"The keyboard does not reach {selector}.")


def _enter(page: Page, *, leaves: bool = True) -> int:
    if leaves:
        with page.expect_navigation(wait_until="load"):
            page.keyboard.press("Enter")
    else:
        page.keyboard.press("Enter")
    return 1


@contextmanager
def phone(browser: Browser, *, javascript: bool, language: str = HOME_LANGUAGE) -> Iterator[Page]:
    """Yield a page of a small phone that is set to this language, which the site chooses at the first visit of its home
    page.
    """
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT},
        locale=language,
        java_script_enabled=javascript,
        has_touch=True,
        timezone_id="Europe/Paris",
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


# --- the command ------------------------------------------------------------------------------------------------------


def _more(*, is_kept: bool) -> str:
    return "" if is_kept else "   MORE THAN PROMISED"


def _print(done: Walk, how: str) -> None:
    kept = _more(is_kept=done.is_kept)
    print(f"{done.journey.name:26} {how:16} {done.screens:7} {done.presses:7} {done.words:7}{kept}")
    for button in done.pressed:
        print(f"    y {button.top:5} to {button.bottom:5}{'' if button.is_seen else '  BELOW'}  {button.label}")


def languages_of(page: Page, base: str) -> list[str]:
    """Return the codes of the languages that the home page offers, the site's own first."""
    page.goto(base + "/")
    others = page.locator(".pnav-header__language [lang]").evaluate_all("all => all.map((one) => one.lang)")
    return [page.locator("html").get_attribute("lang") or "", *dict.fromkeys(others)]


def walk_all(base: str) -> bool:
    """Walk and print all journeys; return whether each kept the promise and reached the queue."""
    are_kept = True
    print(f"{'journey':26} {'':16} {'screens':>7} {'presses':>7} {'words':>7}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        with phone(browser, javascript=True) as page:
            languages = languages_of(page, base)
        for language in languages:
            for javascript in (True, False):
                how = f"{language}, {'scripts' if javascript else 'no scripts'}"
                with phone(browser, javascript=javascript, language=language) as page:
                    screens = home_height(page, base) / HEIGHT
                is_low = screens <= HOME_SCREENS
                print(f"home page, {how}: {screens:.1f} screens (at most {HOME_SCREENS}){_more(is_kept=is_low)}")
                are_kept &= is_low
                for journey in JOURNEYS:
                    with phone(browser, javascript=javascript, language=language) as page:
                        done = walk(page, base, journey)
                    _print(done, how)
                    are_kept &= done.is_kept
        with phone(browser, javascript=True) as page:
            keys = keys_to_queue(page, base, JOURNEYS[0])
        print(f"keyboard, home to queue: {keys} presses (at most {KEYS})")
        browser.close()
    return are_kept and keys <= KEYS


def main(arguments: list[str]) -> int:
    """Walk the journeys, and return 0 when every one kept the promise."""
    if arguments:
        return 0 if walk_all(arguments[0].rstrip("/")) else 1
    with demonstration() as (demo, _environment):
        return 0 if walk_all(demo["base_url"]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
