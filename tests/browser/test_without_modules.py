"""A browser that runs scripts and not the modules of the page: too old for them, or on a line that lost a file of them.

It meets the same page as a browser without scripts.
"""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect

from chat.models import Conversation
from pnav.accounts.models import Role
from tests.browser.conftest import Axe, LiveSite, goes_on
from tests.browser.exchange import assigned, bodies, in_site, own, waiting, write
from tests.browser.staff import sign_in
from tests.browser.test_accounts import account as account
from tests.browser.test_ways_out import mute

FRAME = ".pnav-chat__frame"
# What was drawn here, and what a browser without scripts reads in the same page.
BOTH = """() => new Promise((done) => {
  const asked = new XMLHttpRequest();
  asked.open("GET", location.href);
  asked.responseType = "document";
  const all = (page, kind) => [...page.querySelectorAll(kind)].map((one) => one.innerHTML);
  asked.onload = () => done([all(document, "[data-noscript]"), all(asked.response, "noscript")]);
  asked.send();
})"""
EXTENSION = """
addEventListener("DOMContentLoaded", () => {
  document.head.append(Object.assign(document.createElement("script"), { type: "module" }));
});
"""
# What Safari did not have before 15.4, 16 and 16.4.
OF_2021 = r"""
delete Array.prototype.at;
delete SubmitEvent.prototype.submitter;
delete HTMLFormElement.prototype.requestSubmit;
window.RegExp = new Proxy(RegExp, {
  construct(expression, given) {
    if (/\(\?<[=!]/.test(String(given[0]))) throw new SyntaxError("lookbehind");
    return Reflect.construct(expression, given);
  },
});
"""
AT_ONCE = """
const later = window.setTimeout;
window.setTimeout = (call, ms, ...more) => later(call, ms === 40000 ? 0 : ms, ...more);
"""


def without(name: str) -> Callable[[Page], None]:
    """Return what lets a page ask for this script in vain."""
    return lambda page: page.route(f"**/pnav/{name}.*.js", lambda route: route.abort())


def cookie_of(site: LiveSite, conversation: Conversation) -> Any:
    """Return the cookie of the visit that opened this conversation."""
    from tests.chat.sockets import visit  # this imports the application, which pytest may not do at its start

    with site.database():
        return {"name": settings.SESSION_COOKIE_NAME, "value": visit(conversation), "url": site.url}


def test_who_waits_has_the_page_without_scripts_when_a_file_is_lost(
    live_site: LiveSite, enter, axe_in_both_themes: Axe
):
    _agent, conversation = waiting(live_site)
    page = enter(conversation, before=without("lib/time"), width=320)
    expect(page.locator(FRAME).content_frame.locator(".pnav-chat__position")).to_be_visible()
    drawn, known = page.evaluate(BOTH)
    assert len(drawn) > 5 and drawn == known
    expect(page.locator("#place")).to_be_hidden()
    expect(page.locator("#journal a").first).to_be_hidden()
    axe_in_both_themes(page)
    page.get_by_label("Vous pouvez déjà écrire").fill("Il a ma photo")
    page.get_by_role("button", name="Noter un fait").click()  # takes along what is being typed
    expect(page.locator("h1")).to_have_text("Noter un fait")
    page.get_by_role("button", name="Revenir à mon échange").click()
    expect(page.get_by_label("Vous pouvez déjà écrire")).to_have_value("Il a ma photo")


def test_script_that_cannot_be_read_is_replaced_too(live_site: LiveSite, browser, nobody_on_duty):
    """An old browser knows modules, and not the language of ours."""
    _agent, conversation = assigned(live_site)
    context = browser.new_context(locale="fr-FR")
    context.add_cookies([cookie_of(live_site, conversation)])

    def without_digests(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r' integrity="[^"]*"', "", answer.text()))

    page = context.new_page()
    page.route("**/tchat/", without_digests)
    page.route(
        "**/lib/time.*.js", lambda route: route.fulfill(content_type="text/javascript", body="export const a = b?.?.c;")
    )
    page.goto(live_site.url + "/tchat/")
    expect(page.locator(".pnav-chat__thread").locator(FRAME)).to_be_visible()
    expect(page.locator("#line")).to_be_hidden()
    context.close()


def test_exchange_runs_in_a_safari_of_2021(live_site: LiveSite, enter):
    """It was drawn without scripts for every iPhone that ends at iOS 15: one expression had a lookbehind."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=lambda page: page.add_init_script(OF_2021))
    expect(page.locator("#line")).to_have_text("Connecté")
    write(page, "il est devant la porte")
    expect(own(page).locator("[data-part=state]")).to_have_text("Envoyé")
    # It does not say by which button a form is sent, and this one sends no message.
    mute(page)
    page.reload()
    page.get_by_label("Votre message").fill("et maintenant")
    with goes_on(page):
        page.get_by_role("button", name="Actualiser").click()
    expect(page.get_by_label("Votre message")).to_have_value("et maintenant")
    assert bodies(live_site, conversation) == ["il est devant la porte"]


# Safari knew no signal that removes a listener before 15.
WITHOUT_SIGNALS = """
const listen = EventTarget.prototype.addEventListener;
EventTarget.prototype.addEventListener = function (name, call, how) {
  return listen.call(this, name, call, how && how.signal ? { ...how, signal: undefined } : how);
};
"""


def test_page_whose_visit_ended_keeps_its_title_in_a_safari_of_2021(live_site: LiveSite, enter):
    """« Échange en cours » came back to its tab when somebody else looked at it."""
    _agent, conversation = assigned(live_site)
    page = enter(conversation, before=lambda page: page.add_init_script(OF_2021 + WITHOUT_SIGNALS))
    expect(page.locator("#line")).to_have_text("Connecté")
    in_site(live_site, lambda: Session.objects.all().delete())
    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.locator("#ended")).to_be_visible()
    title = page.title()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.title() == title


def test_script_that_comes_late_takes_its_page_back(live_site: LiveSite, page_factory, nobody_on_duty):
    _agent, conversation = waiting(live_site)
    held: list[Route] = []
    page = page_factory()
    page.context.add_cookies([cookie_of(live_site, conversation)])
    page.add_init_script(AT_ONCE)
    page.route("**/pnav/lib/time.*.js", lambda route: held.append(route))
    page.goto(live_site.url + "/tchat/", wait_until="commit")
    expect(page.locator(FRAME)).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.locator("#line")).to_have_text("Connecté")
    expect(page.locator("[data-noscript]")).to_have_count(0)
    expect(page.locator("#place")).to_be_visible()
    expect(page.locator("#journal a").first).to_be_visible()


def test_page_of_facts_keeps_the_place_of_who_waits(live_site: LiveSite, enter):
    _agent, conversation = waiting(live_site)
    page = enter(conversation, before=without("chat/beside"))
    page.goto(live_site.url + "/tchat/faits/")
    expect(page.locator(FRAME)).to_be_visible()


def test_script_of_an_extension_is_none_of_ours(live_site: LiveSite, enter):
    """A browser's extension puts a module into the page, which does not say when it has run."""
    _agent, conversation = waiting(live_site)
    page = enter(conversation, before=lambda page: page.add_init_script(EXTENSION))
    expect(page.locator("#line")).to_have_text("Connecté")
    page.wait_for_load_state("load")
    assert page.locator("script[type=module]:not([data-counted])").count() == 1
    expect(page.locator("[data-noscript]")).to_have_count(0)


def test_console_is_not_drawn_twice_when_another_script_is_lost(live_site: LiveSite, page_factory, account):
    page = page_factory()
    without("staff/session")(page)
    sign_in(page, live_site, account(totp=True))
    expect(page.locator("#console")).to_be_visible()
    page.wait_for_load_state("load")
    expect(page.locator("[data-noscript]")).to_have_count(0)


def test_board_that_follows_by_itself_is_not_loaded_again(live_site: LiveSite, page_factory, account):
    """The script of the lease is lost, and its frame takes its place. Somebody may be writing in the page."""
    page = page_factory()
    without("staff/presence")(page)
    sign_in(page, live_site, account(role=Role.SUPERVISOR, totp=True))
    page.goto(live_site.url + "/console/tableau/")
    expect(page.locator(".pnav-presence__frame")).to_be_visible()
    expect(page.locator("meta[http-equiv=refresh]")).to_have_count(0)
    expect(page.get_by_role("link", name="Arrêter l'actualisation automatique")).to_have_count(0)


def test_agent_keeps_the_lease(live_site: LiveSite, page_factory, account):
    page = page_factory()
    without("console/clear")(page)
    sign_in(page, live_site, account(totp=True))
    expect(page.locator(".pnav-presence__frame")).to_be_visible()
    expect(page.get_by_role("link", name="Arrêter l'actualisation automatique")).to_be_visible()
