"""The journal of facts on a telephone, and its chronology beside the thread, in one visit."""

import re

import pytest
from playwright.sync_api import Page, expect

from chat.models import Agent, Conversation
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET
from tests.browser import staff
from tests.browser.conftest import goes_on
from tests.browser.exchange import in_site
from tests.factories import chat as make

WHAT = "Que s'est-il passé ?"


def talking() -> tuple[Agent, Conversation]:
    agent = make.agent(public_name="Camille")
    enrol_totp(agent.user, SECRET)
    return agent, make.assigned(agent)


def note(page: Page, what: str, account: str) -> None:
    page.get_by_label(WHAT).fill(what)
    page.get_by_label("Je sais le jour").check(force=True)
    page.get_by_label("Jour", exact=True).fill("2026-03-12")
    page.get_by_label("Compte ou pseudonyme").fill(account)
    page.get_by_role("button", name="Noter", exact=True).click()
    expect(page.get_by_text("C'est noté, pour vous seulement.")).to_be_visible()


@pytest.mark.slow
def test_facts_are_noted_shown_and_read_while_both_are_there(live_site, page: Page, enter, axe_in_both_themes):
    agent, conversation = in_site(live_site, talking)
    person = enter(conversation, width=320, height=640)
    with goes_on(person):  # its script listens once the page is loaded
        person.get_by_role("link", name="Noter un fait").click()
    with person.expect_response(re.compile("/tchat/brouillon/$")) as saved:
        person.get_by_label(WHAT).fill("Des insultes sous ma photo")
    assert saved.value.status == 204
    person.reload()
    expect(person.get_by_label(WHAT)).to_have_value("Des insultes sous ma photo")
    axe_in_both_themes(person)
    assert person.evaluate("document.documentElement.scrollWidth") <= 320
    note(person, "Des insultes sous ma photo", "@lea")
    note(person, "Encore des insultes", "@lea")
    expect(person.get_by_label(WHAT)).to_have_value("")

    staff.sign_in(page, live_site, agent.user, f"/console/echange/{conversation.public_id}/")
    facts = page.locator(f"#faits-{conversation.public_id}")
    expect(facts).to_be_hidden()
    person.get_by_role("button", name="Tout montrer").click()
    expect(person.get_by_text("Montré à votre interlocuteur : 2.")).to_be_visible()
    expect(facts).to_contain_text("Des insultes sous ma photo")
    expect(facts).to_contain_text("Une même personne recommence")
    expect(facts.get_by_role("img", name="Par compte")).to_be_visible()
    notice = page.locator("#avis", has_text="2 faits nouveaux")
    expect(notice).to_be_visible()  # an agent who reads does not look at the panel, so a notice shows it
    expect(page.locator("#annonces")).to_contain_text("2 faits nouveaux")
    axe_in_both_themes(page)
    person.reload()
    expect(person.get_by_text("Lu par votre interlocuteur")).to_have_count(2)
    expect(person.get_by_role("button", name="Ne plus montrer")).to_have_count(0)
