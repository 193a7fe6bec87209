"""Two tabs, or a second screen, are one console of one agent (ADR 0074)."""

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from chat.conversations import dispatcher
from chat.models import Agent, Conversation
from chat.rules.lifecycle import Status
from tests.browser.conftest import LiveSite
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
)
from tests.factories import chat as make

pytestmark = pytest.mark.slow
LOG, AREA = f"{OPEN_THREAD} [data-log]", f"{OPEN_THREAD} textarea[name=body]"


def age_the_lease(agent: Agent) -> datetime:
    """Age the lease as if it had been seen 45 s ago, of the 60 of a lease; return when that was."""
    then = make.long_ago(0.75)
    Agent.objects.filter(pk=agent.pk).update(seen_at=then)
    return then


def is_seen_since(agent: Agent, then: datetime) -> bool:
    seen_at = Agent.objects.get(pk=agent.pk).seen_at
    return seen_at is not None and seen_at > then


def is_kept(conversation: Conversation) -> bool:
    dispatcher.release_stale()
    return Conversation.objects.get(pk=conversation.pk).status == Status.ACTIVE


@pytest.mark.new_tabs
def test_two_tabs_show_the_same_and_either_keeps_the_people(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    agent = at(an_agent)
    conversation = at(lambda: make.assigned(make_available(agent)))
    address = f"{live_site.url}/console/echange/{conversation.public_id}/"
    be_signed_in(page, live_site, agent)
    page.goto(address)
    other = page.context.new_page()
    other.goto(address)
    for screen in (page, other):
        expect(screen.locator(AREA)).to_be_editable()
        expect(screen.locator("#coupure")).to_be_hidden()
    page.route("**/brouillon/", lambda route: route.fulfill(status=204))  # saving the draft would renew the lease too
    page.locator(AREA).fill("Un brouillon, sur le premier écran.")
    other.locator(AREA).fill("Envoyé de l'autre écran.")
    other.locator(AREA).press("Control+Enter")
    for screen in (page, other):
        expect(screen.locator(LOG)).to_contain_text("Envoyé de l'autre écran.")
    expect(page.locator(AREA)).to_have_value("Un brouillon, sur le premier écran.")

    other.close()
    then = at(age_the_lease, agent)  # as if the other tab had been the last to be seen
    for _second in range(40):  # nothing is read again, which would renew the lease; a beat comes every 20 s
        page.wait_for_timeout(1000)
        if at(is_seen_since, agent, then):
            break
    assert at(is_seen_since, agent, then), "the screen that is left keeps the lease"
    assert at(is_kept, conversation)
    page.locator(AREA).fill("Toujours là.")
    page.locator(AREA).press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-pending]")).to_have_count(0)
    expect(page.locator(LOG)).to_contain_text("Toujours là.")


@pytest.mark.new_tabs
def test_availability_and_places_that_are_chosen_on_one_screen_are_shown_on_the_other(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """The other one went on saying « Disponible » and « 3 places » until it was loaded again."""
    agent = at(an_agent)
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    other = page.context.new_page()
    other.goto(live_site.url + "/console/")
    bar, there = page.locator("#disponibilite"), other.locator("#disponibilite")
    expect(there).to_have_attribute("data-availability", "away")
    bar.get_by_role("button", name="Disponible", exact=True).click()
    expect(there).to_have_attribute("data-availability", "available", timeout=20_000)
    bar.locator("#disponibilite-pli").click()
    bar.get_by_label("Places").select_option("2")
    bar.get_by_role("button", name="Enregistrer le nombre de places").click()
    expect(there.locator("#disponibilite-pli")).to_contain_text("places (2)", timeout=20_000)
    there.locator("#disponibilite-pli").click()
    reason = there.get_by_label("Motif de la pause")
    reason.select_option(index=1)
    reason.focus()
    chosen = reason.input_value()
    bar.get_by_role("button", name="En pause", exact=True).click()
    expect(bar.locator(".console-duty__now")).to_contain_text("En pause")
    for _reading in range(2):  # the first one may have begun before
        with other.expect_response("**partie=offres**", timeout=20_000):
            pass
    other.wait_for_timeout(500)
    expect(reason).to_have_value(chosen)
    expect(reason).to_be_focused()
    reason.evaluate("one => one.blur()")
    expect(there.locator(".console-duty__now")).to_contain_text("En pause", timeout=20_000)
    read: list[str] = []
    other.on("request", lambda request: read.append(request.url) if request.url.endswith("/console/") else None)
    with other.expect_response("**partie=offres**", timeout=20_000):
        pass
    other.wait_for_timeout(1000)
    assert not read, "once both say the same, the bar is not read again"
