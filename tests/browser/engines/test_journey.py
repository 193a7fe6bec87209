"""The way in from the home page to the queue, in each engine, and in Firefox without scripts too."""

import pytest

from benchmarks.journeys import JOURNEYS, PLACE, Journey
from tests.browser.conftest import LiveSite
from tests.browser.engines.conftest import KINDS, EngineFactory
from tests.browser.engines.engine import ESCAPE, Engine

WHO = ("adult, repeated insults", "minor, intimate image", "witness", "danger", "discreet")
WALKED = [journey for journey in JOURNEYS if journey.name in WHO]


@pytest.fixture(scope="module")
def town(live_site: LiveSite) -> LiveSite:
    live_site.manage("import_locations")
    return live_site


def walk(browser: Engine, base: str, journey: Journey) -> None:
    browser.open(base + "/")
    browser.type(".home-doors input[name=q]", PLACE)
    browser.press(ESCAPE)  # this closes suggestions, where there are any
    browser.go_on(f".home-doors button[value={journey.door}]")
    for value in journey.answers:
        browser.wait_for(f"#answer-{value}")
        browser.go_on(f"#answer-{value}")
    if journey.writes:
        browser.wait_for("main form .pnav-triage__door")
        browser.go_on("main form .pnav-triage__door")
    browser.wait_for("#compose")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("journey", WALKED, ids=lambda journey: journey.name)
@pytest.mark.usefixtures("nobody_on_duty")
def test_way_in(town: LiveSite, engines: EngineFactory, kind: str, journey: Journey):
    browser = engines(kind)
    browser.resize(375, 667)
    walk(browser, town.url, journey)
    assert browser.count("[data-status=waiting]")
    assert browser.script("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1")


@pytest.mark.parametrize("journey", WALKED, ids=lambda journey: journey.name)
@pytest.mark.usefixtures("nobody_on_duty")
def test_way_in_without_scripts(town: LiveSite, engines: EngineFactory, journey: Journey):
    browser = engines("firefox", scripts=False)
    browser.resize(375, 7000)
    walk(browser, town.url, journey)
    browser.wait_for("iframe.pnav-chat__frame")
