"""The exchange and the console in each engine: a person, an agent, the line between them, and the quick exit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from chat.models import Conversation
from tests.browser.conftest import LiveSite
from tests.browser.engines.conftest import KINDS, EngineFactory
from tests.browser.engines.engine import CONTROL, ENTER, SHIFT, Engine, wait_for
from tests.browser.exchange import assigned, available, bodies, close, in_site, waiting
from tests.browser.test_waiting_room import SPACES, are_even
from tests.chat.sockets import signed_in, visit

SEND = "#compose .pnav-compose__row > button"
pytestmark = pytest.mark.usefixtures("nobody_on_duty")


def enter(engine: Engine, site: LiveSite, conversation: Conversation) -> None:
    engine.open(site.url + "/accessibilite/")  # a cookie can be set only on a page of its site
    engine.add_cookie(settings.SESSION_COOKIE_NAME, in_site(site, lambda: visit(conversation)), site.url)
    engine.open(site.url + "/tchat/")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [375, 1280])
def test_person_waits_then_talks(
    live_site: LiveSite, engines: EngineFactory, console: Callable[..., Any], kind: str, width: int
):
    agent, conversation = waiting(live_site)
    browser = engines(kind)
    browser.resize(width, 667)
    enter(browser, live_site, conversation)
    browser.wait_for_text("Vous êtes la prochaine personne.", "main")
    browser.type("#body", "J'ai peur d'aller au lycée")
    browser.click(SEND)
    browser.wait_for_text("Envoyé", "#messages [data-author=reporter]")
    with console(agent, conversation) as camille:
        available(live_site, agent)
        browser.wait_for_text("Vous parlez avec Camille", "main")  # without loading the page again
        camille.begin()
        camille.send("read", seq=camille.hear("J'ai peur d'aller au lycée"))
        browser.wait_for_text("Lu", "#messages [data-author=reporter]")
        camille.say("Bonjour, vous êtes en sécurité ?")
        browser.wait_for_text("Bonjour, vous êtes en sécurité ?", "#messages")
        browser.type("#body", "Oui")
        browser.press(CONTROL, ENTER)
        camille.hear("Oui")
        close(live_site, agent, conversation)
    browser.wait_for_text("L'échange est terminé", "main")
    assert bodies(live_site, conversation) == ["J'ai peur d'aller au lycée", "Oui"]
    assert browser.complaints() == []


@pytest.mark.parametrize("width", [375, 1280])
def test_person_waits_then_talks_without_scripts(
    live_site: LiveSite, engines: EngineFactory, console: Callable[..., Any], width: int
):
    agent, conversation = waiting(live_site)
    browser = engines("firefox", scripts=False)
    browser.resize(width, 7000)  # nothing has to be scrolled to, which would need a script
    enter(browser, live_site, conversation)
    browser.wait_for("iframe.pnav-chat__frame")
    browser.type("#body", "sans script")
    browser.click(SEND)
    browser.wait_for_text("sans script", "#messages")
    with console(agent, conversation) as camille:
        available(live_site, agent)
        browser.reload()
        browser.wait_for_text("Vous parlez avec", "main")
        camille.begin()
        camille.hear("sans script")
        camille.say("Je vous lis.")
        browser.reload()
        browser.wait_for_text("Je vous lis.", "#messages")
    assert bodies(live_site, conversation) == ["sans script"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("page, box", [("/tchat/", "#body"), ("/tchat/faits/", "#id_what")])
def test_reload_after_the_last_letter_loses_no_word(
    live_site: LiveSite, engines: EngineFactory, kind: str, page: str, box: str
):
    """The reload does not wait for the save that comes every three seconds, nor the page that it reads."""
    _agent, conversation = assigned(live_site)
    browser = engines(kind)
    enter(browser, live_site, conversation)
    browser.open(live_site.url + page)
    browser.wait_for(box)
    typed = ""
    for more in ("Des insultes", " sous ma photo"):
        browser.type(box, more)
        typed += more
        browser.reload()
        value = f"document.querySelector('{box}')?.value"
        wait_for(lambda: browser.script(value) == typed, f"« {typed} » in {box}")  # noqa: B023  it is asked at once
    assert browser.complaints() == []


@pytest.mark.parametrize("kind", KINDS)
def test_answers_of_the_signalement_have_even_spaces_between_them(
    live_site: LiveSite, engines: EngineFactory, kind: str
):
    _agent, conversation = waiting(live_site)
    browser = engines(kind)
    browser.resize(375, 667)
    enter(browser, live_site, conversation)
    browser.open(live_site.url + "/signalement/")
    browser.wait_for(".pnav-report")
    # MiniBrowser's window is never narrower than 447 px, so the column is given the width that it has at 375 px.
    browser.script("document.querySelector('.pnav-report').style.width = '343px'")
    are_even(browser.script(SPACES))


@pytest.mark.parametrize("kind", KINDS)
def test_exit_by_three_shifts_leaves_no_address(
    live_site: LiveSite, neutral_site: str, engines: EngineFactory, kind: str
):
    _agent, conversation = assigned(live_site)
    browser = engines(kind)
    enter(browser, live_site, conversation)
    browser.wait_for_text("Vous parlez avec Camille", "main")
    for _each in range(3):
        browser.press(SHIFT)
    wait_for(lambda: browser.url().startswith(neutral_site), "the neutral page")
    browser.back()
    wait_for(lambda: "/tchat/" not in browser.url() or "Camille" not in browser.text("body"), "nothing to see")
    assert "Camille" not in browser.text("body")


@pytest.mark.parametrize("kind", KINDS)
def test_exit_button_leaves(live_site: LiveSite, neutral_site: str, engines: EngineFactory, kind: str):
    browser = engines(kind)
    browser.open(live_site.url + "/")
    browser.click(".pnav-exit__button")
    wait_for(lambda: browser.url().startswith(neutral_site), "the neutral page")


def test_exit_button_leaves_without_scripts(live_site: LiveSite, neutral_site: str, engines: EngineFactory):
    browser = engines("firefox", scripts=False)
    browser.resize(1280, 3000)
    browser.open(live_site.url + "/")
    browser.click(".pnav-exit__button")
    wait_for(lambda: browser.url().startswith(neutral_site), "the neutral page")


@pytest.mark.parametrize("kind", KINDS)
def test_agent_answers_in_the_console(live_site: LiveSite, engines: EngineFactory, kind: str, tmp_path: Path):
    agent, conversation = assigned(live_site)
    browser = engines(kind)
    browser.resize(1280, 800)
    browser.open(live_site.url + "/accessibilite/")
    browser.add_cookie(settings.SESSION_COOKIE_NAME, in_site(live_site, lambda: signed_in(agent)), live_site.url)
    browser.open(live_site.url + "/console/")
    entry = f"#liste [data-conversation='{conversation.public_id}'] .console-entry__link"
    browser.wait_for(entry)
    browser.script(f'document.querySelector("{entry}").focus() ?? true')
    browser.press(ENTER)
    area = ".console-thread:not([hidden]) textarea[name=body]"
    browser.wait_for(area)
    browser.type(area, "Bonjour, je vous lis.")
    browser.press(CONTROL, ENTER)
    browser.wait_for_text("Bonjour, je vous lis.", ".console-thread:not([hidden]) [role=log]")
    wait_for(
        lambda: in_site(live_site, lambda: conversation.messages.filter(author="agent").count()) == 1,
        "the message in the database",
    )
    assert browser.complaints() == []
