"""Although axe is asked about fewer texts, and in fewer themes, it finds the same errors."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import ROOT, Axe, LiveSite, PageFactory, make_axe
from tests.browser.known_kinds import KnownKinds

# Adds a paragraph to the end of the page which differs from those before it only in this.
ADDED = """([color, ground, text]) => {
  const place = document.createElement("div");
  place.style.background = ground;
  const last = [...document.querySelectorAll("main p")].at(-1);
  const paragraph = last.cloneNode();
  paragraph.textContent = text;
  paragraph.style.color = color;
  place.append(paragraph);
  last.after(place);
}"""


@pytest.fixture
def show(page_factory: PageFactory, live_site: LiveSite):
    page = page_factory()

    def added(color: str, ground: str, text: str = "Un texte de plus.") -> Page:
        page.goto(live_site.url + "/accessibilite/")
        page.evaluate(ADDED, [color, ground, text])
        return page

    return added


def test_text_unlike_the_others_is_found_wherever_it_stands(show, axe: Axe):
    axe(show("", ""))
    for color, ground in (("rgb(170, 170, 170)", ""), ("", "rgb(70, 70, 70)")):
        with pytest.raises(AssertionError, match="color-contrast"):
            axe(show(color, ground))


class Heard(KnownKinds):
    """The kinds of a worker of which it is also known which it was told by axe."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.heard: list[set[int]] = []

    def add(self, kinds: Iterable[int]) -> None:
        self.heard.append(set(kinds))
        super().add(kinds)


def test_kind_that_one_worker_found_good_is_asked_by_no_other(show, tmp_path):
    page = show("", "")
    one, other = Heard(tmp_path / "kinds"), Heard(tmp_path / "kinds")
    make_axe(one)(page)
    make_axe(other)(page)
    assert one.heard[0] and other.heard == [set()]
    with pytest.raises(AssertionError, match="color-contrast"):
        make_axe(other)(show("rgb(170, 170, 170)", ""))


def test_kinds_of_workers_that_write_at_once_are_all_there(tmp_path):
    """Each process adds its own beside the others, and nobody reads half of a line."""
    code = (
        "import sys, pathlib; from tests.browser.known_kinds import KnownKinds; sys.stdin.readline()\n"
        "known, first = KnownKinds(pathlib.Path(sys.argv[1])), int(sys.argv[2]) << 40\n"
        "for one in range(200): known.add({first + one, 7}); known.read()\n"
    )
    place = tmp_path / "kinds"
    workers = [
        subprocess.Popen([sys.executable, "-c", code, str(place), str(number)], cwd=ROOT, stdin=subprocess.PIPE)
        for number in range(1, 5)
    ]
    for each in workers:
        assert each.stdin
        each.stdin.close()  # all begin now
    assert [each.wait(60) for each in workers] == [0] * 4
    every = {7, *(number << 40 | one for number in range(1, 5) for one in range(200))}
    assert KnownKinds(place).read() == sorted(every)
    assert len(place.read_text().split()) == len(every), "none is there twice"


def test_what_one_theme_alone_shows_is_found_in_either(show, axe_in_both_themes: Axe):
    for color in ("rgb(60, 60, 60)", "rgb(220, 220, 220)"):
        with pytest.raises(AssertionError, match="color-contrast"):
            axe_in_both_themes(show(color, ""))


def test_what_is_no_matter_of_colours_is_found(show, axe_in_both_themes: Axe):
    page = show("", "")
    page.locator("main p").last.evaluate("element => element.append(document.createElement('img'))")
    with pytest.raises(AssertionError, match="image-alt"):
        axe_in_both_themes(page)


# Something lies over the last paragraph, so that axe cannot tell what is behind its words.
COVERED = """() => {
  const box = [...document.querySelectorAll("main p")].at(-1).getBoundingClientRect();
  const cover = document.createElement("div");
  Object.assign(cover.style, {
    position: "absolute",
    left: `${box.left + scrollX}px`,
    top: `${box.top + scrollY}px`,
    width: `${box.width}px`,
    height: `${box.height}px`,
    backgroundImage: "linear-gradient(black, white)",
  });
  document.body.append(cover);
}"""


def test_kind_of_text_of_which_axe_could_not_tell_is_asked_again(show, axe: Axe):
    pale = "rgb(171, 170, 170)"  # a colour that no other test uses
    page = show(pale, "")
    page.evaluate(COVERED)
    axe(page)
    with pytest.raises(AssertionError, match="color-contrast"):
        axe(show(pale, ""))


# A field of choices at the end of the last paragraph. Contrast does not matter for hidden texts, but it does for
# fields.
CHOICES = """(element, isHidden) => {
  const choices = document.createElement("select");
  choices.append(new Option("Un choix"));
  choices.setAttribute("aria-label", "Choix");
  Object.assign(choices.style, { color: "rgb(172, 170, 170)", background: "white" });
  choices.hidden = isHidden;
  element.append(choices);
}"""


def test_kind_of_text_that_was_out_of_sight_is_asked_again(show, axe: Axe):
    page = show("", "")
    page.locator("main p").last.evaluate(CHOICES, True)
    axe(page)
    page = show("", "")
    page.locator("main p").last.evaluate(CHOICES, False)
    with pytest.raises(AssertionError, match="color-contrast"):
        axe(page)


def test_field_whose_words_are_no_text_of_the_page_is_asked(show, axe: Axe):
    """Of a field that one types into, the page has no text; it is of a kind all the same."""
    for color, is_found in (("rgb(60, 60, 60)", False), ("rgb(173, 170, 170)", True)):
        page = show("", "")
        page.locator("main p").last.evaluate(
            """(element, color) => {
              const field = document.createElement("input");
              Object.assign(field, { value: "Un texte", ariaLabel: "Texte" });
              Object.assign(field.style, { color, background: "white" });
              element.append(field);
            }""",
            color,
        )
        if is_found:
            with pytest.raises(AssertionError, match="color-contrast"):
                axe(page)
        else:
            axe(page)


# A link in the last paragraph, whose colour differs from that of its text by this much.
LINK = """(element, color) => {
  const link = document.createElement("a");
  Object.assign(link, { href: "/loi/", textContent: "un lien de plus" });
  Object.assign(link.style, { color, textDecoration: "none", backgroundImage: "none" });
  element.append(" ", link, " et la suite du texte.");
}"""


def test_link_that_its_text_hides_is_found_wherever_it_stands(show, axe: Axe):
    for _page in range(2):  # after the first page, the wrong kind is still not a known one
        page = show("", "")
        page.locator("main p").last.evaluate(LINK, "rgb(20, 20, 20)")
        with pytest.raises(AssertionError, match="link-in-text-block"):
            axe(page)


# The same link inside a word of the last paragraph, and the style of this word.
LINK_IN_WORD = """(element, style) => {
  const [word, link] = ["span", "a"].map((name) => document.createElement(name));
  Object.assign(link, { href: "/loi/", textContent: "un lien de plus" });
  Object.assign(link.style, { color: "rgb(110, 110, 110)", textDecoration: "none", backgroundImage: "none" });
  Object.assign(word.style, style);
  word.append("autour ", link, " et la suite");
  element.append(" ", word, " du texte.");
}"""


def test_link_is_compared_with_the_words_around_it(show, axe: Axe):
    """Far enough from a text in black, it is not from words in its own colour."""
    page = show("rgb(0, 0, 0)", "")
    page.locator("main p").last.evaluate(LINK_IN_WORD, {})
    axe(page)
    page = show("rgb(0, 0, 0)", "")
    page.locator("main p").last.evaluate(LINK_IN_WORD, {"display": "inline-block", "color": "rgb(100, 100, 100)"})
    with pytest.raises(AssertionError, match="link-in-text-block"):
        axe(page)


def test_what_comes_with_the_other_theme_is_asked(show, axe_in_both_themes: Axe):
    """Nothing else is new in the light one, where it is shown."""
    page = show("", "")
    axe_in_both_themes(page)  # from here on, the kinds of this page are known
    page = show("rgb(174, 170, 170)", "rgb(255, 255, 255)")
    page.locator("main p").last.evaluate(
        """element => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync("@media (prefers-color-scheme: dark) { .of-light { display: none; } }");
          document.adoptedStyleSheets.push(sheet);
          element.classList.add("of-light");
        }"""
    )
    with pytest.raises(AssertionError, match="color-contrast"):
        axe_in_both_themes(page)


def test_what_changes_places_with_something_in_the_other_theme_is_asked(show, axe_in_both_themes: Axe):
    """As many elements are shown in either."""
    page = show("", "")
    axe_in_both_themes(page)  # from here on, the kinds of this page are known
    page = show("rgb(175, 170, 170)", "rgb(255, 255, 255)")
    page.locator("main p").last.evaluate(
        """element => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(`@media (prefers-color-scheme: dark) { .of-light { display: none; } }
            @media (prefers-color-scheme: light) { .of-dark { display: none; } }`);
          document.adoptedStyleSheets.push(sheet);
          element.classList.add("of-light");
          const other = document.createElement("p");
          other.textContent = "Un texte du soir.";
          other.classList.add("of-dark");
          element.parentElement.after(other);
        }"""
    )
    with pytest.raises(AssertionError, match="color-contrast"):
        axe_in_both_themes(page)
