"""Counts the way in as `make journeys` does: screens, presses, words, and what is seen without scrolling."""

import pytest
from django.conf import settings
from playwright.sync_api import Page

from benchmarks import journeys
from benchmarks.journeys import HEIGHT, HOME_SCREENS, JOURNEYS, KEYS, WIDTH, Journey
from tests.browser.conftest import LiveSite, PageFactory, anew
from tests.support import begun

TYPED = "95888"  # a place that only this module uses


@pytest.fixture(scope="module")
def town(live_site: LiveSite) -> LiveSite:
    with live_site.database():
        from tests.factories import locations as make

        make.municipality("Au-Bout-du-Chemin", "95888", (TYPED,))
    return live_site


def walked(language: str, javascript: bool) -> tuple[Journey, ...]:
    """Return every second French journey with scripts, the others without; in other languages the other way round."""
    return JOURNEYS[javascript == (language == settings.LANGUAGE_CODE) :: 2]


def test_every_journey_is_walked_with_scripts_and_without_in_every_language() -> None:
    for javascript in (True, False):
        assert {one for language in begun.offered() for one in walked(language, javascript)} == set(JOURNEYS)
    for language in begun.offered():
        assert {one for javascript in (True, False) for one in walked(language, javascript)} == set(JOURNEYS)


@pytest.mark.usefixtures("nobody_on_duty")  # a person who is answered at once sees no queue
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("language", begun.offered())
def test_counts_of_the_way_in(
    town: LiveSite, page_factory: PageFactory, language: str, javascript: bool, subtests: pytest.Subtests
) -> None:
    """Each journey is walked in every language, and over all languages with scripts and without. `make journeys` walks
    every journey in each way."""
    page = page_factory(javascript=javascript, width=WIDTH, height=HEIGHT, locale=language)
    for journey in walked(language, javascript):
        with subtests.test(journey.name):
            anew(page, town)
            page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": town.url}])
            counts(page, town, journey, language)


def counts(page: Page, town: LiveSite, journey: Journey, language: str) -> None:
    done = journeys.walk(page, town.url, journey, place=TYPED)
    assert page.locator("html").get_attribute("lang") == language
    assert done.is_kept, (done.screens, done.presses, done.words)
    # It ends in the queue, whatever its address is.
    assert page.locator("[data-status=waiting], iframe").count(), page.url
    door, *_answers = done.pressed
    assert door.is_seen, door
    safety, *others = done.shown
    assert len(safety) == 4 and all(button.is_seen for button in safety), safety
    for buttons in others:
        assert all(button.is_seen for button in buttons[:5]), buttons[:5]
    if journey.door == "helper":  # every kind of person whom one may help
        assert len(others[0]) == 12 and all(button.is_seen for button in others[0]), others[0]
    assert all(button.is_seen for button in done.pressed), done.pressed


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("language", begun.offered())
def test_home_page_says_the_wait_at_once_and_is_at_most_six_screens_high(
    live_site: LiveSite, page_factory: PageFactory, language: str, javascript: bool
) -> None:
    page = page_factory(javascript=javascript, width=WIDTH, height=HEIGHT, locale=language)
    high = journeys.home_height(page, live_site.url)
    assert page.locator("html").get_attribute("lang") == language
    assert HEIGHT < high <= HOME_SCREENS * HEIGHT
    (wait,) = journeys.buttons(page, [".home-wait"])
    assert wait.label and wait.top > 0 and wait.is_seen, wait


@pytest.mark.usefixtures("nobody_on_duty")
def test_keyboard_reaches_the_queue_in_few_presses(town: LiveSite, page_factory: PageFactory) -> None:
    page = page_factory(width=WIDTH, height=HEIGHT)
    assert journeys.keys_to_queue(page, town.url, JOURNEYS[0], place=TYPED) <= KEYS
    assert page.locator("[data-status=waiting]").count()


@pytest.mark.new_tabs
@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no scripts"])
def test_back_reload_and_a_killed_tab_lose_no_answer(
    town: LiveSite, page_factory: PageFactory, javascript: bool
) -> None:
    page = page_factory(javascript=javascript, width=WIDTH, height=HEIGHT)
    page.goto(town.url + "/")
    for selector in (".home-doors button[value=minor]", "#answer-no", "#answer-account"):
        with page.expect_navigation(wait_until="load"):
            page.locator(selector).first.click()
    page.go_back()
    assert page.locator("#answer-account").get_attribute("aria-current") == "true"
    page.reload()
    assert page.locator("#answer-account").get_attribute("aria-current") == "true"
    again = page.context.new_page()  # the same visit: a tab that was closed, and opened again from the menu
    page.close()
    again.goto(town.url + "/orientation/")
    assert again.locator("#answer-hurt").count()
