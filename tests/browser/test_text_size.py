"""A phone whose browser is told to show larger text: an em is of that size, so style sheets that ask for ems follow."""

import pytest
from django.conf import settings
from playwright.sync_api import Browser

from tests import chromium
from tests.browser.exchange import assigned

# Chromium's « Very large » and twice the usual size.
SIZES = (24, 32)
WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? []
    : [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth)
        .map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`)"""
PAGES = ("/", "/orientation/maintenant/", "/tchat/")


@pytest.mark.parametrize("size", SIZES)
def test_numbers_and_exit_stay_in_view_with_large_text(live_site, browser: Browser, size):
    """Each bar is one line of the screen's width, and most of the screen is left to what is read."""
    arguments = ["--no-sandbox", f"--blink-settings=defaultFontSize={size}"]
    enlarged = browser.browser_type.launch(executable_path=chromium.find(), args=arguments)
    try:
        page = enlarged.new_page(viewport={"width": 360, "height": 640}, locale="fr-FR")
        for path in PAGES:
            page.goto(live_site.url + path)
            title = page.locator("main h1").bounding_box()
            assert title is not None and title["y"] <= 260, f"{path}: the frame takes the first screen"
            page.evaluate("scrollTo(0, 400)")
            bars = {}
            for name in (".pnav-safety", ".pnav-exit__button"):
                bars[name] = page.locator(name).first.bounding_box()
                assert bars[name] is not None
                assert bars[name]["x"] >= 0 and bars[name]["x"] + bars[name]["width"] <= 360, (path, name)
                assert bars[name]["y"] >= 0 and bars[name]["y"] + bars[name]["height"] <= 640, (path, name)
            for link in page.locator(".pnav-safety a").all():
                box = link.bounding_box()
                assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360, path
                assert box["height"] >= 44, path
            top = bars[".pnav-safety"]["y"] + bars[".pnav-safety"]["height"]
            assert bars[".pnav-exit__button"]["y"] - top >= 480, path
            assert page.evaluate(WIDER) == [], path
    finally:
        enlarged.close()


@pytest.mark.parametrize("size", (16, *SIZES))
def test_send_and_refresh_lie_apart_without_a_script(live_site, nobody_on_duty, browser: Browser, size):
    """« Actualiser » stood over « Envoyer »: what was written did not leave, whatever one pressed."""
    from tests.chat.sockets import visit

    _agent, conversation = assigned(live_site)
    with live_site.database():
        key = visit(conversation)
    arguments = ["--no-sandbox", f"--blink-settings=defaultFontSize={size}"]
    enlarged = browser.browser_type.launch(executable_path=chromium.find(), args=arguments)
    try:
        context = enlarged.new_context(
            viewport={"width": 360, "height": 640}, locale="fr-FR", java_script_enabled=False
        )
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
        page = context.new_page()
        page.goto(live_site.url + "/tchat/")
        send, refresh = (
            page.locator("#compose button[type=submit]").first.bounding_box(),
            page.locator("#refresh").bounding_box(),
        )
        assert send is not None and refresh is not None
        assert (
            refresh["x"] + refresh["width"] <= send["x"]
            or refresh["y"] >= send["y"] + send["height"]
            or send["y"] >= refresh["y"] + refresh["height"]
        )
        page.locator("#compose textarea").fill("Je suis là.")
        page.locator("#compose button[type=submit]").first.click(timeout=10_000)
        page.wait_for_url("**/tchat/**")
        assert "Je suis là." in page.locator("#messages").inner_text()
    finally:
        enlarged.close()


@pytest.mark.parametrize("size", (16, *SIZES))
def test_exchange_is_ended_without_a_script(live_site, nobody_on_duty, browser: Browser, size):
    """From the thread to what is said afterwards: each button fits on the screen, and is pressed."""
    from tests.chat.sockets import visit

    _agent, conversation = assigned(live_site)
    with live_site.database():
        key = visit(conversation)
    arguments = ["--no-sandbox", f"--blink-settings=defaultFontSize={size}"]
    enlarged = browser.browser_type.launch(executable_path=chromium.find(), args=arguments)
    try:
        context = enlarged.new_context(
            viewport={"width": 360, "height": 640}, locale="fr-FR", java_script_enabled=False
        )
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
        page = context.new_page()
        page.goto(live_site.url + "/tchat/")
        page.locator("#compose textarea").fill("Une phrase qui reste.")
        page.locator('#aside button[name=to][value$="/terminer/"]').click(timeout=10_000)
        page.wait_for_url("**/terminer/")
        for name in ("Non, continuer l'échange", "Oui, terminer"):
            box = page.get_by_text(name, exact=True).bounding_box()
            assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360, name
        page.get_by_text("Oui, terminer", exact=True).click(timeout=10_000)
        page.wait_for_url("**/tchat/**")
        assert "L'échange est terminé" in page.locator("main").inner_text()
    finally:
        enlarged.close()
