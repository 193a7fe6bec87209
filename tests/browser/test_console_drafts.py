# ruff: noqa: F811  the fixtures of test_console
"""What an agent is writing, and a page that is loaded again: kept by the server, nothing of it on the device."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from chat.casework import emergencies, notes
from chat.models import Conversation, ReplyDraft
from chat.rules.emergency import Situation
from tests.browser.conftest import LiveSite
from tests.browser.test_console import OPEN_THREAD, Work, an_agent, at, be_signed_in, make_available  # noqa: F401  a fixture
from tests.factories import chat as make

pytestmark = pytest.mark.slow
WORDS = "Êtes-vous en sécurité, là où vous êtes ?"
STORED = "() => JSON.stringify({ ...localStorage, ...sessionStorage })"


def with_two(page: Page, site: LiveSite, at: Work) -> list[Conversation]:
    agent = at(an_agent, public_name="Camille")
    held = [at(lambda: make.assigned(make_available(agent))) for _number in range(2)]
    be_signed_in(page, site, agent)
    page.goto(f"{site.url}/console/echange/{held[0].public_id}/")
    expect(area(page)).to_be_visible()
    return held


def area(page: Page):
    return page.locator(f"{OPEN_THREAD} textarea[name=body]")


def test_words_survive_a_reload_and_a_browser_that_ended(live_site, page: Page, at: Work, page_factory):
    held = with_two(page, live_site, at)
    with page.expect_response(lambda answer: answer.url.endswith("/brouillon/") and answer.status == 204):
        area(page).fill(WORDS)
    assert WORDS not in page.evaluate(STORED)
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    page.reload()
    expect(area(page)).to_have_value(WORDS)
    assert dialogs == [], "nothing is lost, so nothing is asked"
    page.keyboard.press("Alt+2")
    expect(page.locator(f"{OPEN_THREAD}[data-conversation='{held[1].public_id}']")).to_be_visible()
    expect(page.locator("#liste .console-entry[data-number='1'] [data-slot=draft]")).to_be_visible()
    page.goto(f"{live_site.url}/console/echange/{held[1].public_id}/")
    expect(page.locator("#liste .console-entry[data-number='1'] [data-slot=draft]")).to_be_visible()


@pytest.mark.parametrize("frames", ["kept", "anew"], indirect=True)
@pytest.mark.usefixtures("frames")
def test_words_typed_as_the_page_goes_are_kept_and_what_is_sent_is_not(live_site, page: Page, at: Work):
    first, _second = with_two(page, live_site, at)
    area(page).fill("Un mot de la fin")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(live_site.url + "/console/aide/")
    page.goto(f"{live_site.url}/console/echange/{first.public_id}/")
    expect(area(page)).to_have_value("Un mot de la fin")
    area(page).press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent][data-seq]")).to_have_count(1)
    page.reload()
    expect(area(page)).to_have_value("")
    assert at(ReplyDraft.objects.count) == 0
    # A slow line: the answer is there to be written before the script is.
    held: list[Route] = []
    script = re.compile(r"/reply-drafts\.[0-9a-f]+\.js")
    page.route(script, lambda route: held.append(route))
    with page.expect_request(script):
        page.reload(wait_until="commit")
    area(page).fill("Un mot du début")
    with page.expect_response(lambda answer: answer.url.endswith("/brouillon/") and answer.status == 204):
        held[0].continue_()
    assert at(ReplyDraft.objects.count) == 1


def test_note_corrected_in_two_tabs_gives_the_second_correction_back_where_it_was_written(
    live_site, page: Page, at: Work
):
    """It came back in « Ajouter une note », where a draft covered it: the correction was nowhere."""
    first, _second = with_two(page, live_site, at)
    at(lambda: notes.write_note(conversation_id=first.pk, body="Un frère", by=first.assigned_to.user))
    tabs = [page, page.context.new_page()]
    for tab in tabs:
        tab.goto(f"{live_site.url}/console/echange/{first.public_id}/")
        tab.locator(f"#notes-{first.public_id} summary", has_text="Corriger").click()
    fields = [tab.locator(f"#corrige-{first.public_id}-1") for tab in tabs]
    other = tabs[1].locator(f"#note-{first.public_id}")
    fields[1].fill("Un demi-frère")
    other.fill("Rappeler demain")
    fields[0].fill("Un cousin")
    fields[0].press("Control+Enter")
    expect(tabs[0].locator(f"#notes-{first.public_id} summary", has_text="1 texte précédent")).to_be_visible()
    fields[1].press("Control+Enter")
    expect(fields[1]).to_have_accessible_description("Cette note a déjà été remplacée. Relisez-la, puis recommencez.")
    expect(fields[1]).to_be_focused()
    expect(fields[1]).to_have_value("Un demi-frère")
    expect(other).to_have_value("Rappeler demain")
    expect(other).not_to_have_attribute("aria-invalid", "true")
    expect(tabs[1].locator(f"#notes-{first.public_id}")).to_contain_text("Un cousin")
    fields[1].press("Control+Enter")  # read again, and meant
    expect(tabs[1].locator(f"#notes-{first.public_id} summary", has_text="2 textes précédents")).to_be_visible()
    expect(other).to_have_value("Rappeler demain")


def test_words_put_in_by_a_press_are_kept_while_the_answer_has_the_focus(live_site, page: Page, at: Work):
    """A press that moves no focus, as in Safari, was kept by nobody until the next letter."""
    agent = at(an_agent, public_name="Camille")
    conversation = at(lambda: make.assigned(make_available(agent)))
    at(emergencies.start, conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    area(page).focus()
    page.wait_for_timeout(4000)  # what a focus itself causes is over, and nothing was written
    with page.expect_response(lambda answer: answer.url.endswith("/brouillon/") and answer.status == 204):
        page.locator("[name=insert][data-insert]").first.evaluate("(button) => button.click()")
    assert at(ReplyDraft.objects.count) == 1


def _begin(pk: int) -> None:
    by = Conversation.objects.get(pk=pk).assigned_to.user
    emergencies.start(conversation_id=pk, situation=Situation.DANGER, by=by)


def test_a_summary_may_go_without_the_agreement_as_soon_as_a_procedure_begins(live_site, page: Page, at: Work):
    """What is being written in the summary stays, whether the procedure began here or in another window."""
    held = with_two(page, live_site, at)
    for conversation in held:
        page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
        panel = page.locator(f"#transmission-{conversation.public_id}")
        panel.locator("summary", has_text="Préparer un résumé").click()
        summary = panel.get_by_label("Résumé pour l'unité")
        summary.fill("Menaces de mort depuis hier")
        without = panel.locator("button[value=send]")
        expect(without).to_have_count(0)
        if conversation == held[0]:
            page.locator(f"#procedure-{conversation.public_id} summary").click()
            page.locator(f"#procedure-{conversation.public_id} button[name=situation]").first.click()
        else:
            at(_begin, conversation.pk)
            expect(page.locator(f"#bandeau-{conversation.public_id}")).to_be_visible(timeout=40_000)
            expect(without).to_have_count(0)
            page.locator(f"#procedure-{conversation.public_id}").focus()  # nobody is writing in the panel any more
        expect(without).to_have_count(1)
        expect(summary).to_have_value("Menaces de mort depuis hier")
