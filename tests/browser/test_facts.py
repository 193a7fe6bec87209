"""The journal of facts on a telephone, and its chronology beside the thread, in one visit."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Response, Route, expect

from chat.models import Agent, Conversation
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import SECRET
from tests.browser import staff
from tests.browser.conftest import goes_on
from tests.browser.exchange import enter as enter
from tests.browser.exchange import in_site
from tests.browser.layout import boxes
from tests.factories import chat as make

PAGE = "/tchat/faits/"
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
    element = page.locator(f"#fait-repeated-{conversation.public_id}")
    expect(element).to_be_hidden()
    facts.get_by_role("link", name="Une même personne recommence").click()
    expect(element).to_be_in_viewport()
    links = page.locator(".console-dossier:not([hidden]) .console-jump")  # they stay above, and cover nothing of it
    bounds, above = element.bounding_box(), links.bounding_box()
    assert bounds and above and bounds["y"] >= above["y"] + above["height"]
    notice = page.locator("#avis", has_text="2 faits nouveaux")
    expect(notice).to_be_visible()  # an agent who reads does not look at the panel, so a notice shows it
    expect(page.locator("#annonces")).to_contain_text("2 faits nouveaux")
    axe_in_both_themes(page)
    person.reload()
    expect(person.get_by_text("Lu par votre interlocuteur")).to_have_count(2)
    expect(person.get_by_role("button", name="Ne plus montrer")).to_have_count(0)


# --- what is being typed ----------------------------------------------------------------------------------------------


def field(page: Page, name: str = WHAT) -> Any:
    return page.get_by_label(name)


def fill_in(page: Page, what: str) -> None:
    field(page).fill(what)
    if not page.locator("[name=precision]:checked").count():
        expect(page.get_by_label("Jour", exact=True)).to_be_hidden()
        expect(page.locator("#fact-hour")).to_be_hidden()
    page.get_by_label("Je sais le jour", exact=True).check(force=True)
    page.get_by_label("Jour", exact=True).fill("2026-03-12")
    field(page, "Compte ou pseudonyme").fill("@lea")


def holds(page: Page, what: str) -> None:
    expect(field(page)).to_have_value(what)
    expect(page.get_by_label("Je sais le jour", exact=True)).to_be_checked()
    expect(page.get_by_label("Jour", exact=True)).to_have_value("2026-03-12")
    expect(field(page, "Compte ou pseudonyme")).to_have_value("@lea")


def is_save(answer: Response) -> bool:
    return answer.status == 204 and "what=" in (answer.request.post_data or "")


def hold_saves(page: Page) -> list[Route]:
    """Let every save of this page wait, so that the next page is read before it."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "what=" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/tchat/brouillon/", hold)
    return held


@pytest.mark.new_tabs
@pytest.mark.parametrize("after_ms", [0, 1_000, 2_900])
def test_reload_after_the_last_letter_of_a_fact_loses_no_word(live_site, enter, after_ms):
    """The reload does not wait for the save that comes every three seconds, nor the page that it reads."""
    page = enter(in_site(live_site, make.waiting), width=360, height=640)
    page.goto(live_site.url + PAGE)
    for what in ("Des insultes", "Des insultes sous ma photo"):
        fill_in(page, what)
        page.wait_for_timeout(after_ms)
        page.reload()
        holds(page, what)
    assert page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]") == [[], []]
    assert "insultes" not in page.evaluate("JSON.stringify(history.state)")


@pytest.mark.new_tabs
def test_fact_that_did_not_arrive_goes_on_being_kept(live_site, enter):
    """A press that the network did not take was the last save of the page, whatever was typed afterwards."""
    page = enter(in_site(live_site, make.waiting), width=360, height=640)
    page.goto(live_site.url + PAGE)

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.abort("aborted")  # as when the person stops it: the page stays
        else:
            route.continue_()

    page.route(f"**{PAGE}", lose)
    fill_in(page, "Des insultes")
    with page.expect_event("requestfailed", lambda request: request.method == "POST"):
        page.get_by_role("button", name="Noter", exact=True).click()
    with page.expect_response(is_save):
        field(page).fill("Des insultes hier soir")
    field(page).fill("Des insultes hier soir, devant la porte")
    page.reload()
    holds(page, "Des insultes hier soir, devant la porte")


@pytest.mark.new_tabs
def test_fact_is_not_sent_without_a_network_and_the_page_says_so(live_site, enter):
    page = enter(in_site(live_site, make.waiting), width=360, height=640)
    page.goto(live_site.url + PAGE)
    fill_in(page, "Des insultes")
    page.context.set_offline(True)
    page.wait_for_function("!navigator.onLine")
    page.get_by_role("button", name="Noter", exact=True).click()
    news = page.locator("#news")
    expect(news).to_have_text(re.compile("la connexion est coupée"))
    expect(news).to_be_in_viewport()
    holds(page, "Des insultes")
    page.context.set_offline(False)
    expect(news).to_have_text("")
    page.get_by_role("button", name="Noter", exact=True).click()
    expect(page.get_by_text("C'est noté, pour vous seulement.")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("javascript", [True, False])
def test_error_of_an_empty_fact_is_in_view_with_its_field(live_site, enter, javascript):
    """The field took the focus behind « Quitter rapidement », and what was wrong stood below the screen."""
    _agent, conversation = in_site(live_site, talking)
    person = enter(conversation, javascript=javascript)
    for width, height in [(320, 568), (360, 640)]:
        person.set_viewport_size({"width": width, "height": height})
        person.goto(live_site.url + PAGE)
        person.get_by_role("button", name="Noter", exact=True).click()
        expect(person.locator("#id_what-error")).to_have_count(1)
        expect(person.get_by_label(WHAT)).to_be_focused()
        if javascript:
            expect(person.locator("html[data-run]")).to_have_count(1)
        field, error, leave = boxes(person, "#id_what", "#id_what-error", ".pnav-exit")
        assert field["top"] >= 45 and error["bottom"] <= leave["top"], (width, field, error, leave)


@pytest.mark.new_tabs
def test_page_of_facts_that_was_read_before_the_last_save_asks_again(live_site, enter):
    page = enter(in_site(live_site, make.waiting), width=360, height=640)
    page.goto(live_site.url + PAGE)
    held = hold_saves(page)
    fill_in(page, "Des insultes")
    page.reload(wait_until="commit")
    expect(field(page)).to_have_value("")
    assert held, "it is sent as the page goes"
    for route in held:
        route.continue_()
    holds(page, "Des insultes")
    # What is typed meanwhile is not replaced.
    page.reload(wait_until="commit")
    field(page).fill("Autre chose")
    page.wait_for_timeout(2_000)  # both times at which it would ask
    expect(field(page)).to_have_value("Autre chose")


@pytest.mark.new_tabs
def test_fact_is_found_again_by_back_and_after_a_killed_tab(live_site, enter):
    page = enter(in_site(live_site, lambda: make.waiting(discreet=True)), width=360, height=640)
    with goes_on(page):
        page.get_by_role("link", name="Mes notes").click()
    address = page.url
    what = page.locator("#id_what")
    what.fill("Une note")
    page.goto(live_site.url + "/accessibilite/")
    page.go_back()
    expect(what).to_have_value("Une note")
    what.fill("Une note de plus")
    context = page.context
    with page.expect_response(is_save):
        pass
    page.close()
    again = context.new_page()
    again.goto(address)
    expect(again.locator("#id_what")).to_have_value("Une note de plus")
    again.close()


def beside(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


@pytest.mark.pages_beside
def test_two_facts_are_corrected_in_two_tabs_and_a_third_is_noted(live_site, enter):
    first = enter(in_site(live_site, make.waiting), width=360, height=640)
    first.goto(live_site.url + PAGE)
    note(first, "Le premier", "@lea")
    note(first, "Le second", "@lea")
    ways = first.get_by_role("button", name="Corriger ou effacer")
    later, sooner = (re.search(r"fait=[0-9a-f-]+", ways.nth(place).get_attribute("value")).group() for place in (0, 1))
    first.goto(f"{live_site.url}{PAGE}?{sooner}")
    pages = [first]
    for address in (f"{PAGE}?{later}", PAGE):
        first.wait_for_timeout(1_000)  # tab.js, SETTLED_MS: when two pages open within it, either may give way
        pages.append(beside(first.context, live_site.url + address))
    words = ["Le premier, corrigé", "Le second, corrigé", "Un troisième"]
    for page, what in zip(pages, words, strict=True):
        field(page).fill(what)
        page.reload()
        expect(field(page)).to_have_value(what)
    for page, what in zip(pages, words, strict=True):
        page.reload()
        expect(field(page)).to_have_value(what)
        page.wait_for_timeout(2_000)  # both times at which it asks
        expect(field(page)).to_have_value(what)
    for page in pages:
        page.locator("button[value=note]").click()
        expect(page.get_by_role("status").filter(has_text=re.compile("noté|corrigé"))).to_be_visible()
    told = pages[-1].locator(".pnav-fact__one > .pnav-told:first-of-type")
    expect(told).to_have_text(["Un troisième", "Le second, corrigé", "Le premier, corrigé"])
    for page in pages[1:]:
        page.close()


@pytest.mark.pages_beside
def test_new_fact_that_was_read_as_a_correction_is_asked_for_again(live_site, enter):
    """Another tab corrects a fact. A page that is read before the save of its own new fact shows that correction."""
    first = enter(in_site(live_site, make.waiting), width=360, height=640)
    first.goto(live_site.url + PAGE)
    note(first, "Le premier", "@lea")
    first.get_by_role("button", name="Corriger ou effacer").click()
    with first.expect_response(is_save):
        field(first).fill("Le premier, corrigé")
    first.wait_for_timeout(1_000)  # tab.js, SETTLED_MS
    second = beside(first.context, live_site.url + PAGE)
    expect(second).to_have_url(re.compile("fait=nouveau"))  # the correction is the other tab's, which is open
    expect(field(second)).to_have_value("")
    second.goto(live_site.url + PAGE + "?note=")
    second.wait_for_timeout(1_000)
    second.evaluate(f"history.replaceState(history.state, '', '{PAGE}')")  # as if it had been opened before
    held = hold_saves(second)
    field(second).fill("Un autre")
    second.reload(wait_until="commit")
    # It shows the correction, and asks what its own tab was typing: nothing yet. The page that comes asks again.
    second.wait_for_url(re.compile("fait=nouveau"), wait_until="commit")
    assert held, "it is sent as the page goes"
    for route in held:
        route.continue_()
    expect(field(second)).to_have_value("Un autre")
    expect(second.get_by_role("button", name="Noter", exact=True)).to_be_visible()
    expect(field(first)).to_have_value("Le premier, corrigé")
    second.close()


@pytest.mark.new_tabs
def test_nothing_of_a_fact_comes_back_after_a_quick_exit(live_site, neutral_site, enter):
    page = enter(in_site(live_site, make.waiting), width=360, height=640)
    page.goto(live_site.url + PAGE)
    fill_in(page, "Des insultes")
    page.reload()
    held = hold_saves(page)
    page.get_by_role("button", name="Quitter rapidement", exact=True).click()
    expect(page).to_have_url(neutral_site)
    assert not held, "nothing is saved on the way out"
    page.goto(live_site.url + PAGE)
    expect(page.get_by_text("Des insultes")).to_have_count(0)
    expect(page.locator("#compose")).to_have_count(0)
    page.go_back()
    expect(page.locator("body")).not_to_contain_text("insultes")
