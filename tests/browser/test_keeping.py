"""What is kept, in a real browser: the person's page with and without scripts, and « Fin de conservation »."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from chat.models import Agent, Conversation
from pnav.accounts.models import Role
from reports.actions import answer_erasure, ask_erasure, ask_freeze
from reports.models import ErasureRequest
from tests.browser.conftest import LiveSite, PageFactory, goes_on
from tests.browser.exchange import in_site
from tests.chat.sockets import signed_in
from tests.factories import chat as make

pytestmark = pytest.mark.browser

WIDTHS = [320, 1280]


def is_narrow(page: Page) -> None:
    """Check that nothing scrolls sideways."""
    size = page.viewport_size
    assert size is not None and page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def has_large_targets(page: Page) -> None:
    """Check that targets are 44 px high, but for links inside a sentence."""
    small = page.evaluate(
        """() => [...document.querySelectorAll("main a, main button")]
            .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44)
            .filter((e) => !e.closest("p") || e.closest("p").textContent.trim() === e.textContent.trim())
            .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert small == []


@pytest.mark.parametrize("width", WIDTHS)
def test_person_asks_for_erasure_without_a_script_and_reads_the_answer(live_site, enter, axe_in_both_themes, width):
    chief, conversation = in_site(live_site, lambda: (make.agent(role=Role.SUPERVISOR), make.closed()))
    page: Page = enter(conversation, javascript=width == 1280, width=width)
    with goes_on(page):
        page.get_by_role("link", name="Durée, accès, effacement").click()
    expect(page.get_by_text("Personne d'autre que vous et votre interlocuteur.")).to_be_visible()
    is_narrow(page)
    has_large_targets(page)
    page.get_by_role("button", name="Demander l'effacement").focus()
    with goes_on(page):
        page.keyboard.press("Enter")
    expect(page.get_by_text("Votre demande est reçue")).to_be_in_viewport()
    expect(page.get_by_role("group", name="Demander l'effacement")).to_be_focused()
    expect(page.locator(".pnav-chat__code")).to_be_in_viewport()
    words = page.locator(".pnav-chat__code").inner_text()
    is_narrow(page)

    def refuse() -> None:
        motive = "Une enquête a besoin de cet échange. Il sera supprimé à la date prévue."
        answer_erasure(report_id=conversation.report_id, by=chief.user, is_granted=False, motive=motive)

    in_site(live_site, refuse)
    page.context.clear_cookies()
    page.goto(live_site.url + "/tchat/reprendre/")
    page.get_by_label("Code de reprise").fill(words)
    with goes_on(page):
        page.get_by_role("button", name="Reprendre").click()
    expect(page.get_by_text("Une enquête a besoin de cet échange.")).to_be_visible()
    is_narrow(page)
    if width == 1280:
        axe_in_both_themes(page)


def test_page_of_a_minor_is_sound(live_site, enter, axe_at_both_ends):
    conversation = in_site(live_site, lambda: make.waiting(age_band="under_15", discreet=True))
    page: Page = enter(conversation)
    expect(page.locator("#keeping")).to_contain_text("Cet échange sera effacé le")
    page.goto(live_site.url + "/tchat/conservation/")
    expect(page.get_by_text("Personne d'autre que toi.")).to_be_visible()
    axe_at_both_ends(page)


def a_busy_desk() -> tuple[Agent, list[Conversation]]:
    chief = make.agent(role=Role.SUPERVISOR, public_name="Dominique")
    agent = make.agent(public_name="Camille")
    frozen, asked, grace, soon, late = (make.age(make.closed(agent), days=days) for days in (500, 340, 350, 320, 10))
    values = {"motive": "Enquête préliminaire", "reference": "2026/00123", "authority": "Parquet de Rennes"}
    until = timezone.now() + timedelta(days=200)
    ask_freeze(report_id=frozen.report_id, by=chief.user, until=until, **values)
    ask_freeze(report_id=asked.report_id, by=agent.user, until=until, **values)
    ask_erasure(report_id=late.report_id)
    ErasureRequest.objects.update(asked_at=make.long_ago(33 * 24 * 60))
    ask_erasure(report_id=soon.report_id)
    return chief, [frozen, asked, grace, soon, late]


@pytest.mark.parametrize("width", WIDTHS)
def test_supervisor_sees_what_ends_and_answers(
    live_site: LiveSite, page_factory: PageFactory, nobody_on_duty, axe_in_both_themes, width
):
    chief, [_frozen, _asked, grace, _soon, late] = in_site(live_site, a_busy_desk)
    with live_site.database():
        key = signed_in(chief)
    page = page_factory(width=width, javascript=width == 1280)
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    for address in ("", f"{grace.public_id}/gel/", f"{late.public_id}/effacement/"):
        page.goto(f"{live_site.url}/console/conservation/{address}")
        is_narrow(page)
        if width == 1280:
            axe_in_both_themes(page)
    page.get_by_role("button", name="Répondre").click()
    expect(page.get_by_text("Choisissez une réponse.")).to_be_visible()
    page.get_by_label("Accorder").check(force=True)
    with goes_on(page):
        page.get_by_role("button", name="Répondre").click()
    expect(page.get_by_text("Effacement accordé.")).to_be_visible()
