# ruff: noqa: F811  the fixtures of test_console
"""Small faults of the console that were known and are mended, each in the screen where it was met."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from chat.casework import emergencies, fact_sheet
from chat.conversations import actions, lookalikes
from chat.models import Agent, Conversation
from chat.models.casework import FactSheet
from chat.referral import place
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability, Status
from chat.rules.transfer import Reason, Target
from chat.transfer.actions import transfer_cold
from locations.models import ReceptionPoint
from locations.session import Choice
from tests.browser.conftest import LiveSite, PageFactory
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
    somebody_waits,
)
from tests.browser.test_console_aim import address, ends, holding
from tests.factories import chat as make

pytestmark = pytest.mark.slow
SAID = """() => {
    window.said = [];
    const watch = () => new MutationObserver(() => {
        window.said.push(document.getElementById("annonces").textContent);
    }).observe(document.getElementById("annonces"), { childList: true, characterData: true, subtree: true });
    addEventListener("DOMContentLoaded", watch);
}"""
# The page is left in the moment in which the end is sent.
LEAVES = """() => {
    const send = window.fetch;
    window.fetch = (address, options = {}) => {
        const answer = send(address, options);
        const isEnd = String(address).endsWith("/terminer/") && !options.body.has("verifier");
        if (isEnd) {
            sessionStorage.setItem("keepalive", String(options.keepalive));
            location.assign("/console/aide/");
        }
        return answer;
    };
}"""


def test_tenth_exchange_is_announced_by_its_number_and_no_key(live_site: LiveSite, page: Page, at: Work):
    agent, _held = holding(at, 9)
    at(lambda: Agent.objects.filter(pk=agent.pk).update(capacity=10, availability=Availability.AVAILABLE))
    page.add_init_script(f"({SAID})()")
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    expect(page.locator("#liste .console-entry")).to_have_count(9)
    at(lambda: make.assigned(agent))
    expect(page.locator("#liste .console-entry")).to_have_count(10, timeout=30_000)
    page.wait_for_function("window.said.some((one) => one.includes('Nouvel échange'))")
    said = " ".join(page.evaluate("window.said"))
    assert re.search(r"Nouvel échange, numéro 10\s: ", said), said
    assert "touche" not in said


def test_person_given_whose_reading_fails_comes_at_the_next_one(live_site: LiveSite, page: Page, at: Work):
    """They had been told that the agent was there, and no console ever showed them."""
    agent = at(an_agent)
    key = at(somebody_waits)[0].public_id
    page.add_init_script(f"({SAID})()")
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    failed = []
    page.route(f"**/console/echange/{key}/?partie=echange", lambda route: failed.append(route.abort()), times=2)
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator(OPEN_THREAD)).to_have_attribute("data-conversation", str(key), timeout=30_000)
    assert len(failed) == 2
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    said = [one for one in page.evaluate("window.said") if "Nouvel échange" in one]
    assert len(said) == 1, said
    read = []
    page.on("request", lambda request: read.append(request.url) if "partie=echange" in request.url else None)
    page.wait_for_timeout(6000)  # longer than from one try to the next
    assert not [url for url in read if not url.endswith("&lu")], read


def test_end_whose_seconds_are_over_as_the_page_is_left_arrives(live_site: LiveSite, page: Page, at: Work):
    agent, [conversation] = holding(at, 1)
    page.add_init_script(f"({LEAVES})()")
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    ends(page)
    page.get_by_role("button", name="Terminer maintenant").click()
    page.wait_for_url("**/console/aide/")
    assert page.evaluate("sessionStorage.getItem('keepalive')") == "true"
    page.goto(live_site.url + "/console/")
    expect(page.locator("#termines .console-entry")).to_have_count(1)
    assert at(Conversation.objects.get, pk=conversation.pk).status == Status.CLOSED


def test_mark_of_danger_goes_with_the_exchange(live_site: LiveSite, page: Page, at: Work):
    agent, [conversation] = holding(at, 1)
    at(lambda: make.message(conversation, "je veux mourir"))
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sign = page.locator(f"#danger-{conversation.public_id}")
    mark = page.locator(f"{OPEN_THREAD} [data-danger]")
    expect(sign.get_by_role("button", name="C'est pris en compte")).to_be_visible()
    expect(mark.get_by_role("button")).to_be_visible()
    ends(page)
    page.get_by_role("button", name="Terminer maintenant").click()
    line = page.locator("#termines .console-entry")
    expect(line).to_have_count(1)
    expect(sign).to_have_count(0)
    expect(line.locator("[data-slot=danger]")).to_be_hidden()
    expect(mark).to_contain_text("Mots de suicide")  # what was written stays marked
    expect(mark.locator("button, a")).to_have_count(0)
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_be_focused()


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_sheet_whose_save_got_no_answer_is_sent_again(live_site: LiveSite, page: Page, at: Work, lost: str):
    """« oui » stayed pressed, nothing tried again, and leaving the page asked nothing."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    failed = []

    def fail(route: Route) -> None:
        if lost == "answer":
            route.fetch()
        failed.append(route.abort())

    sheet = page.locator(f"#fiche-{conversation.public_id}")
    kept = page.locator(f"#fiche-gardee-{conversation.public_id}")
    page.locator(f"#fiche-{conversation.public_id} > details > summary").click()
    yes = sheet.locator("[data-element] [name=press]").first
    page.route("**/fiche/", fail)
    yes.click()
    expect(page.locator("#avis")).to_contain_text("La fiche n'est pas enregistrée")
    expect(kept).to_contain_text("Elle repart seule")
    expect(yes).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"
    page.unroute("**/fiche/")
    expect(kept).to_contain_text("Fiche enregistrée", timeout=30_000)
    expect(page.locator("#avis")).to_contain_text("Fiche enregistrée à")  # as it was told that it is not
    expect(sheet.locator("[data-conflict]")).to_have_count(0)
    expect(yes).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("() => dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    saved = at(FactSheet.objects.get, conversation=conversation)
    assert failed and saved.version == 1 and len(saved.present) == 1


def test_sheet_that_is_not_saved_stays_after_the_end_until_it_is(live_site: LiveSite, page: Page, at: Work):
    """The dossier was drawn again without its form, and what was pressed was lost without a word."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    yes = sheet.locator("[data-element] [name=press]").first
    page.route("**/fiche/", lambda route: route.fulfill(status=503))
    yes.click()
    expect(sheet).to_contain_text("Elle repart seule")
    at(lambda: actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER))
    expect(page.locator("#termines .console-entry")).to_have_count(1)
    with page.expect_request("**/fiche/"):
        pass  # it is still sent
    expect(yes).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"
    page.unroute("**/fiche/")
    expect(sheet.locator("form")).to_have_count(0, timeout=30_000)  # drawn as that of an ended exchange
    expect(sheet).to_contain_text("Fiche enregistrée")
    assert len(at(FactSheet.objects.get, conversation=conversation).present) == 1
    assert page.evaluate("() => dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_sheet_whose_save_met_the_end_of_the_session_leaves_with_the_next(live_site: LiveSite, page: Page, at: Work):
    """The page of the sign-in counted as its answer: nothing said that it was not saved, and leaving asked nothing."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    kept = page.locator(f"#fiche-gardee-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    answers = sheet.locator("[data-element] [name=press]")
    page.context.clear_cookies()
    answers.first.click()
    expect(page.locator("#coupure")).to_be_visible()
    expect(kept).to_contain_text("La fiche n'est pas enregistrée")
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"
    be_signed_in(page, live_site, agent)  # in another tab
    answers.nth(3).click()
    expect(kept).to_contain_text("Fiche enregistrée", timeout=30_000)
    for answer in (answers.first, answers.nth(3)):
        expect(answer).to_have_attribute("aria-pressed", "true")
    assert len(at(FactSheet.objects.get, conversation=conversation).present) == 2
    assert page.evaluate("() => dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_sheet_whose_save_was_refused_with_an_old_token_leaves_with_the_present_one(
    live_site: LiveSite, page: Page, at: Work
):
    """The page was loaded again, and what had been answered was lost with it."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    page.evaluate("for (const field of document.getElementsByName('csrfmiddlewaretoken')) field.value = 'x'.repeat(64)")
    answer = sheet.locator("[data-element] [name=press]").first
    with page.expect_response("**/fiche/") as refused:
        answer.click()
    assert refused.value.status == 403
    kept = page.locator(f"#fiche-gardee-{conversation.public_id}")
    expect(kept).to_contain_text("La fiche n'est pas enregistrée")
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"
    expect(kept).to_contain_text("Fiche enregistrée", timeout=30_000)
    expect(answer).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-session-over]")).to_have_count(0)
    assert len(at(FactSheet.objects.get, conversation=conversation).present) == 1


def test_sheet_whose_save_was_answered_by_a_page_that_is_not_there_stays_unsaved(
    live_site: LiveSite, page: Page, at: Work
):
    agent, [conversation] = holding(at, 1)
    other = at(lambda: make_available(an_agent(public_name="Louise")))
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    page.route(
        "**/fiche/", lambda route: route.fulfill(status=404, content_type="text/html", body="<h1>Introuvable</h1>")
    )
    row = sheet.locator("[data-element]").first
    name = row.locator(".console-element__name").inner_text()
    row.locator("[name=press]").first.click()
    expect(sheet).to_contain_text("La fiche n'est pas enregistrée")
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"
    live_site.do(
        transfer_cold, conversation_id=conversation.pk, by=agent, target=Target(agent=other.pk), reason=Reason.REQUEST
    )
    kept = page.get_by_label("Fiche des faits, non enregistrée")
    expect(kept).to_be_visible()
    assert kept.input_value().splitlines()[1:] == [f"{name} : oui"]


def test_sheet_that_was_pressed_before_the_next_sign_in_leaves_by_itself(live_site: LiveSite, page: Page, at: Work):
    """The press stopped what sends the sheet again, and was held itself: the session was over."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    answers = sheet.locator("[data-element] [name=press]")
    page.context.clear_cookies()
    answers.first.click()
    expect(page.locator("#coupure")).to_be_visible()
    with page.expect_response("**/compte/session/"):
        answers.nth(3).click()
    expect(sheet.get_by_text("Votre session a pris fin")).to_be_visible()
    be_signed_in(page, live_site, agent)  # in another tab
    page.get_by_label("Ajouter une note").fill("vu")
    page.get_by_role("button", name="Garder la note").click()
    expect(page.locator(f"#fiche-gardee-{conversation.public_id}")).to_contain_text("Fiche enregistrée", timeout=30_000)
    assert len(at(FactSheet.objects.get, conversation=conversation).present) == 2


@pytest.mark.parametrize("found_by", ["form", "line"])
def test_alert_of_the_session_stays_where_somebody_reads_it(live_site: LiveSite, page: Page, at: Work, found_by: str):
    """A sheet that was sent again every few seconds drew it anew, took the focus and scrolled to it.

    found_by: what learns first that the session is over. A sheet pressed after the line had learnt it stayed unsaved.
    """
    agent, [conversation] = holding(at, 1)
    page.set_viewport_size({"width": 360, "height": 640})
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    page.context.clear_cookies()
    if found_by == "line":
        at(lambda: Session.objects.all().delete())
        expect(page.locator("#coupure")).to_have_text(re.compile("Votre session est finie"), timeout=60_000)
    sheet.locator("[data-element] [name=press]").first.click()
    expect(page.locator("#coupure")).to_be_visible()
    link = sheet.locator("[data-session-over]").get_by_role("link", name="Se connecter")
    expect(link).to_be_visible(timeout=30_000)
    expect(sheet.locator("[data-session-over]")).to_contain_text("cela repart tout seul")
    expect(sheet.locator("[data-session-over]")).not_to_contain_text("envoyez de nouveau")
    link.focus()
    page.evaluate("() => { window.first = document.querySelector('[data-session-over]'); scrollTo(0, 0); }")
    for _try in range(2):
        with page.expect_response("**/compte/session/", timeout=60_000):
            pass  # it is sent again by itself
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")
    expect(link).to_be_focused()
    assert page.evaluate("[window.first.isConnected, scrollY]") == [True, 0]
    with page.expect_request("**/fiche/", timeout=60_000) as sent:
        be_signed_in(page, live_site, agent)  # in another tab
    assert 'name="autosave"' in (sent.value.post_data or ""), "answered with parts, and not with a whole page"
    kept = page.locator(f"#fiche-gardee-{conversation.public_id}")
    expect(kept).to_contain_text("Fiche enregistrée", timeout=60_000)
    expect(page.locator("[data-session-over]")).to_have_count(0)
    page.wait_for_function("document.activeElement.closest('[id^=fiche-]')")
    assert len(at(FactSheet.objects.get, conversation=conversation).present) == 1


def test_sheet_waits_where_nothing_asks_whether_the_session_lives(live_site: LiveSite, page: Page, at: Work):
    """Without `staff/session.js` it was sent again and again, and the page then asked to be left."""
    agent, [conversation] = holding(at, 1)
    page.clock.install()
    page.route("**/pnav/staff/session*.js", lambda route: route.abort())
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/fiche/") else None)
    page.context.clear_cookies()
    sheet.locator("[data-element] [name=press]").first.click()
    expect(page.locator("#coupure")).to_have_text(re.compile("Votre session est finie"))
    kept = page.locator(f"#fiche-gardee-{conversation.public_id}")
    expect(kept).to_contain_text("n'est pas enregistrée")
    for _minute in range(2):
        page.clock.run_for(60_000)
        page.wait_for_timeout(200)
    assert len(sent) == 1
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"


def another_place() -> Choice:
    """Return a place with a unit, as a person chooses it."""
    unit = ReceptionPoint.objects.filter(municipality__isnull=False).select_related("municipality").earliest("pk")
    return Choice("", municipality=unit.municipality, reception_point=unit, is_nearest=True)


def test_place_that_is_given_leaves_the_sheet_to_the_keys(live_site: LiveSite, page: Page, at: Work):
    """The sheet closed under the agent, and their next « n » began an answer to the person."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    answers = sheet.locator("[data-element] [name=press]")
    page.keyboard.press("Alt+V")
    expect(answers.first).to_be_focused()
    page.keyboard.press("o")
    expect(sheet).to_contain_text("Fiche enregistrée")
    choice = at(another_place)
    live_site.do(place.give_place, conversation_id=conversation.pk, choice=choice)
    expect(page.locator(f"#accueil-{conversation.public_id}")).to_contain_text(choice.reception_point.name)
    expect(answers.first).to_be_focused()
    page.keyboard.press("n")
    expect(answers.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"#corps-{conversation.public_id}")).to_have_value("")


def test_place_that_is_given_beside_a_sheet_that_is_not_saved_is_shown_once_it_is(
    live_site: LiveSite, page: Page, at: Work
):
    """The former unit stayed on screen until the person said something else."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    yes = sheet.locator("[data-element] [name=press]").first
    page.route("**/fiche/", lambda route: route.fulfill(status=503))
    yes.click()
    expect(sheet).to_contain_text("Elle repart seule")
    choice = at(another_place)
    live_site.do(place.give_place, conversation_id=conversation.pk, choice=choice)
    told = page.locator(f"#dit-{conversation.public_id}")
    expect(told).to_have_attribute("data-place", re.compile(f"^{choice.municipality.pk}_"))
    reception = page.locator(f"#accueil-{conversation.public_id}")
    expect(reception).not_to_contain_text(choice.reception_point.name)
    expect(yes).to_have_attribute("aria-pressed", "true")
    page.unroute("**/fiche/")
    expect(reception).to_contain_text(choice.reception_point.name, timeout=30_000)
    assert len(at(FactSheet.objects.get, conversation=conversation).present) == 1


def test_places_keep_a_sheet_that_is_not_saved(live_site: LiveSite, page: Page, at: Work):
    """The whole dossier was drawn again, with what had been pressed."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    yes = sheet.locator("[data-element] [name=press]").first
    page.route("**/fiche/", lambda route: route.fulfill(status=503))
    yes.click()
    expect(sheet).to_contain_text("Elle repart seule")
    places = page.locator(f"{OPEN_THREAD} [data-action]").filter(has=page.get_by_label("Places prises"))
    places.locator("summary").click()
    places.get_by_label("Places prises").select_option("2")
    places.get_by_role("button", name="Changer").click()
    expect(page.locator("#liste .console-entry")).to_contain_text("2 places")
    expect(page.locator(f"#historique-{conversation.public_id}")).to_contain_text("Places modifiées")
    expect(yes).to_have_attribute("aria-pressed", "true")
    page.unroute("**/fiche/")
    expect(sheet).to_contain_text("Fiche enregistrée", timeout=30_000)
    assert len(at(FactSheet.objects.get, conversation=conversation).present) == 1


def test_answers_of_a_sheet_that_is_not_saved_stay_to_be_copied_when_the_exchange_leaves(
    live_site: LiveSite, page: Page, at: Work
):
    """Texts stayed; what had been pressed was lost with the panel."""
    agent, [conversation] = holding(at, 1)
    other = at(lambda: make_available(an_agent(public_name="Louise")))
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    rows = sheet.locator("[data-element]")
    rows.nth(1).locator("[name=press]").first.click()
    expect(sheet).to_contain_text("Fiche enregistrée")
    page.route("**/fiche/", lambda route: route.fulfill(status=503))
    name = rows.first.locator(".console-element__name").inner_text()
    saved = rows.nth(1).locator(".console-element__name").inner_text()
    rows.first.locator("[name=press]").first.click()
    expect(sheet).to_contain_text("Elle repart seule")
    live_site.do(
        transfer_cold, conversation_id=conversation.pk, by=agent, target=Target(agent=other.pk), reason=Reason.REQUEST
    )
    kept = page.get_by_label("Fiche des faits, non enregistrée")
    expect(kept).to_be_visible()
    expect(page.locator("#avis")).to_be_hidden(timeout=1_500)  # « Elle repart seule » was said of it
    assert kept.input_value().splitlines()[1:] == [f"{name} : oui"]
    assert saved not in kept.input_value(), "it is saved, and no longer theirs to read"


def test_tick_that_is_saved_is_not_given_to_be_copied_with_one_that_came_during_its_save(
    live_site: LiveSite, page: Page, at: Work
):
    agent, [conversation] = holding(at, 1)
    other = at(lambda: make_available(an_agent(public_name="Louise")))
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    held: list[Route] = []
    page.route("**/fiche/", lambda route: route.fulfill(status=503) if held else held.append(route))
    labels = sheet.locator("label[for^=preuve-]")
    with page.expect_request("**/fiche/"):
        labels.nth(0).click()
    labels.nth(1).click()
    held[0].continue_()
    expect(sheet).to_contain_text("Elle repart seule")
    name = labels.nth(1).inner_text()
    live_site.do(
        transfer_cold, conversation_id=conversation.pk, by=agent, target=Target(agent=other.pk), reason=Reason.REQUEST
    )
    kept = page.get_by_label("Fiche des faits, non enregistrée")
    expect(kept).to_be_visible()
    assert kept.input_value().splitlines()[1:] == [name]
    assert len(at(FactSheet.objects.get, conversation=conversation).evidence) == 1


def test_step_that_an_error_kept_from_being_ticked_is_told(live_site: LiveSite, page: Page, at: Work):
    """After an error of the service the message was sent, the step stayed open, and nothing said so."""
    agent, [conversation] = holding(at, 1)
    at(lambda: emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user))
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    page.route("**/procedure/", lambda route: route.fulfill(status=503))
    page.locator(f"#dire-{conversation.public_id} button").first.click()
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent]")).to_have_count(1)
    word = page.locator("#liste .console-entry").get_attribute("data-aim")
    expect(page.locator("#avis")).to_contain_text(f"{word} : pas de réponse du service")


def test_sheet_in_conflict_whose_save_got_no_answer_waits_for_a_press(live_site: LiveSite, page: Page, at: Work):
    """« Elle repart seule » was said of it, and no timer ran. It waits after the end of the exchange too."""
    agent, [conversation] = holding(at, 1)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sheet = page.locator(f"#fiche-{conversation.public_id}")
    sheet.locator("> details > summary").click()
    elsewhere = fact_sheet.Facts(notes={"notes": "autre fenêtre"})
    at(lambda: fact_sheet.save_sheet(conversation_id=conversation.pk, version=0, facts=elsewhere, by=agent.user))
    sheet.locator("[data-element] [name=press]").first.click()
    expect(sheet.locator("[data-conflict]")).to_have_count(1)
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"
    at(lambda: actions.close_conversation(conversation_id=conversation.pk, by_author=Author.REPORTER))
    expect(page.locator("#termines .console-entry")).to_have_count(1)
    page.route("**/fiche/", lambda route: route.fulfill(status=503))
    button = sheet.get_by_role("button", name="Enregistrer la fiche")
    button.click()
    expect(page.locator("#avis")).to_contain_text("« Enregistrer la fiche » : pas de réponse du service")
    expect(sheet).not_to_contain_text("repart seule")
    expect(page.locator(f"#fiche-gardee-{conversation.public_id}")).to_contain_text("n'est pas enregistrée")
    page.unroute("**/fiche/")
    button.click()
    expect(sheet.locator("form")).to_have_count(0)
    expect(page.locator("#annonces")).to_contain_text("Fiche enregistrée à")
    saved = at(FactSheet.objects.get, conversation=conversation)
    assert (saved.version, len(saved.present)) == (2, 1)


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 640)])
def test_error_of_look_alikes_is_seen_with_its_field(
    live_site: LiveSite, page_factory: PageFactory, at: Work, width: int, height: int
):
    agent, _held = holding(at, 1)

    def lived() -> str:
        for each in range(20):
            make.waiting(queued_at=make.long_ago(5 - each / 30))
        lookalikes.mark_lookalikes()
        long_ago = timezone.now() - lookalikes.ANSWER_TIME - timedelta(minutes=1)
        Conversation.objects.filter(lookalike_group__isnull=False).update(lookalike_asked_at=long_ago)
        return str(lookalikes.waiting_groups(timezone.now())[0].group.public_id)

    key = at(lived)
    page = page_factory(width=width, height=height)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/semblables/{key}/")
    page.get_by_role("button", name=re.compile(r"^Terminer 20 échanges")).click()
    expect(page.get_by_label("Pourquoi")).to_be_focused()
    expect(page.get_by_label("Pourquoi")).to_be_in_viewport(ratio=1)
    expect(page.locator("#motif-groupe-error")).to_be_in_viewport(ratio=1)
