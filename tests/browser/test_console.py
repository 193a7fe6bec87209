"""The console in a real browser: an agent signs in, is given somebody who waits, answers and ends the exchange."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Locator, Page, Route, expect
from websockets.sync.client import ClientConnection, connect

from chat.conversations import dispatcher, resume
from chat.conversations.pauses import end_pauses
from chat.models import Agent, Conversation
from chat.realtime.connection import TYPING_EVERY_SECONDS
from chat.rules.closing import Point
from chat.rules.lifecycle import Availability, Status
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp
from tests.accounts.cast import IN_A_BROWSER, SECRET, totp_code
from tests.browser import staff
from tests.browser.conftest import PATIENCE_MS, THEMES, Axe, LiveSite, PageFactory, in_theme
from tests.browser.desk import Person, take_seat
from tests.browser.forgetting import forget
from tests.browser.layout import are_in_view, boxes
from tests.chat.sockets import visit
from tests.factories import chat as make

PATIENCE_SECONDS = PATIENCE_MS / 1000
OPEN_THREAD = ".console-thread:not([hidden])"
LOG = f"{OPEN_THREAD} [data-log]"

# What a screen reader is told depends on whether the button is still there when the field takes the focus.
WATCH_REFUSAL = """() => {
    window.refused = {button: document.activeElement};
    document.addEventListener("focusin", ({target}) => {
        if (target.ariaInvalid) refused.wasThere = refused.button.isConnected;
    });
}"""

type Work = Callable[..., Any]


@pytest.fixture
def at(live_site: LiveSite) -> Iterator[Work]:
    """Give `at(work, …)`, which runs work on the site's database in a thread of its own: the browser's loop runs in
    this one.
    """

    def run(work: Work, *args: Any, **fields: Any) -> Any:
        def there() -> Any:
            try:
                return work(*args, **fields)
            finally:
                connection.close()

        with live_site.database(), ThreadPoolExecutor(1) as pool:
            return pool.submit(there).result()

    def delete_accounts() -> None:
        User.objects.filter(role__in=[Role.AGENT, Role.SUPERVISOR]).delete()

    run(forget, Conversation, Agent, then=delete_accounts)
    yield run
    run(forget, Conversation, Agent, then=delete_accounts)


def an_agent(**fields: Any) -> Agent:
    agent = make.agent(**{"availability": Availability.AWAY, "present": False} | fields)
    enrol_totp(agent.user, SECRET)
    return agent


def somebody_waits(**fields: Any) -> tuple[Conversation, str]:
    """Return a person in the queue and the key of their visit."""
    conversation = make.waiting(**fields)
    return conversation, visit(conversation)


def sign_in(page: Page, site: LiveSite, agent: Agent) -> None:
    """Open the console of this agent, who is signed in already."""
    staff.sign_in(page, site, agent.user)


def be_signed_in(page: Page, site: LiveSite, agent: Agent) -> None:
    """Sign this browser in as this agent, and show no page yet.

    The test opens its own, which costs a console less.
    """
    staff.give_session(page, site, agent.user)


class Reporter:
    """The person on the other side, with their own socket to the site."""

    def __init__(self, site: LiveSite, session_key: str) -> None:
        self.line: ClientConnection = connect(
            site.url.replace("http", "ws", 1) + "/ws/conversation/",
            origin=site.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_key}"},
        )

    def send(self, **frame: Any) -> None:
        self.line.send(json.dumps(frame))

    def says(self, body: str) -> None:
        self.send(type="post", client_id=str(uuid.uuid4()), body=body)

    def hears(self, words: str) -> None:
        """Wait for a message of the agent; fails after half a minute without it."""
        while True:
            frame = json.loads(self.line.recv(timeout=PATIENCE_SECONDS))
            if any(item["author"] == "agent" and words in item["body"] for item in frame.get("items", [])):
                return

    def state(self, status: str) -> None:
        while True:
            frame = json.loads(self.line.recv(timeout=PATIENCE_SECONDS))
            if frame["type"] == "state" and frame["status"] == status:
                return


def tab_to(page: Page, control: Locator) -> None:
    """Press Tab until this control has the focus; fail when the way is longer than any form of the console."""
    for _ in range(20):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    expect(control).to_be_focused()


@pytest.fixture
def reporter(live_site: LiveSite) -> Iterator[Callable[[str], Reporter]]:
    reporters: list[Reporter] = []

    def arrive(session_key: str) -> Reporter:
        reporters.append(Reporter(live_site, session_key))
        return reporters[-1]

    yield arrive
    for one in reporters:
        one.line.close()


@pytest.mark.slow
def test_what_the_person_touches_is_seen_as_it_comes(live_site, page: Page, at: Work, page_factory):
    agent = at(an_agent)
    conversation, key = at(somebody_waits)
    person = page_factory(width=360, height=640)
    person.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
    person.goto(live_site.url + "/tchat/")
    person.get_by_label("Réseau social").check(force=True)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    page.locator("#liste .console-entry a").first.click()
    panel = page.locator(f"#signalement-{conversation.public_id}")
    expect(panel).to_contain_text("Réseau social")
    person.get_by_label("Photo ou vidéo humiliante ou intime").check(force=True)
    expect(panel).to_contain_text("Photo ou vidéo humiliante ou intime")
    person.get_by_label("Réseau social").uncheck(force=True)
    expect(panel).not_to_contain_text("Réseau social")


@pytest.mark.slow
def test_agent_takes_answers_and_ends_by_keyboard(live_site, page: Page, at: Work, reporter, axe: Axe):
    agent = at(an_agent)
    conversation, key = at(somebody_waits, age_band="15_17", facts=["rumours"])
    person = reporter(key)
    staff.sign_in_by_hand(page, live_site, agent.user.username)
    expect(page.locator("#attente .console-waiting")).to_have_count(1)
    expect(page.locator("#disponibilite")).to_contain_text("Vous êtes : Absent")

    page.get_by_role("button", name="Disponible").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#liste .console-entry")).to_have_count(1)
    expect(page.locator("#attente .console-waiting")).to_have_count(0)
    expect(page.locator("#disponibilite")).to_contain_text("Vous êtes : Disponible")
    expect(page.locator("#annonces")).to_contain_text("Nouvel échange")
    expect(page.locator(".console-dossier")).to_contain_text("Propagation de rumeurs")

    page.keyboard.press("Alt+1")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    expect(area).to_be_focused()
    assert page.url.endswith(f"/console/echange/{conversation.public_id}/#fin-{conversation.public_id}")
    person.says("<b>bonsoir</b>")
    log = page.locator(f"{OPEN_THREAD} [role=log]")
    expect(log).to_contain_text("<b>bonsoir</b>")
    page.keyboard.type("Bonsoir.")
    page.keyboard.press("Enter")
    page.keyboard.type("Je vous lis.")
    page.keyboard.press("Control+Enter")
    person.hears("Bonsoir.\nJe vous lis.")
    expect(log.locator("[data-author=agent]")).to_have_count(1)
    expect(log.locator("[data-author=agent] [data-slot=state]")).to_have_text("Envoyé")
    expect(area).to_have_value("")
    person.send(type="read", seq=3)
    expect(log.locator("[data-author=agent] [data-slot=state]")).to_have_text("Lu")
    axe(page)

    page.locator(f"{OPEN_THREAD} summary", has_text="Terminer").focus()
    page.keyboard.press("Enter")
    end = re.compile("^Terminer 1 · ")
    tab_to(page, page.get_by_role("button", name=end))
    page.evaluate(WATCH_REFUSAL)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Choisissez une issue.")).to_be_visible()
    expect(page.get_by_label("Comment l'échange se termine")).to_be_focused()
    assert page.evaluate("refused.wasThere"), "the button was gone before the field had the focus: Orca may say nothing"
    expect(page.locator(f"{OPEN_THREAD} [data-action][open] > form")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    for point in Point:  # for a minor: the first answer to each point of the protection
        tab_to(page, page.get_by_label(str(point.label), exact=True))
        page.keyboard.press("ArrowDown")
    tab_to(page, page.get_by_label("Je confirme"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name=end))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Annuler")).to_be_focused()
    tab_to(page, page.get_by_role("button", name="Terminer maintenant"))
    page.keyboard.press("Enter")
    person.state("closed")
    expect(page.locator("#termines .console-entry")).to_have_count(1)
    expect(page.locator("#liste .console-entry")).to_have_count(0)
    expect(page.locator("[data-empty=own]")).to_have_text("Aucun échange pour le moment. Le prochain arrivera ici.")
    expect(page.locator(OPEN_THREAD)).to_contain_text("Cet échange est terminé")
    ended = at(Conversation.objects.get, pk=conversation.pk)
    assert (ended.status, ended.outcome) == (Status.CLOSED, "advised")


def test_conversations_keep_their_drafts_and_say_who_wrote(live_site, page: Page, at: Work, reporter):
    agent = at(an_agent)
    (first, _key), (second, key) = at(somebody_waits, postal_code="69003"), at(somebody_waits, postal_code="33000")
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    # One is on screen, whichever came first. The other has just come, and has written nothing.
    expect(page).to_have_title(re.compile(r"^\(1\) \S+ · (69003|33000) – Console – Pnav$"))
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    page.keyboard.press("Alt+1")
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text("69003")
    expect(area).to_be_focused()
    page.keyboard.type("brouillon du premier")
    page.keyboard.press("Alt+2")
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text("33000")
    expect(page).to_have_title(re.compile(r"^\S+ · 33000 – Console – Pnav$"))
    expect(area).to_be_focused()
    page.keyboard.type("brouillon du second")
    expect(page.locator(f"{OPEN_THREAD} .console-thread__title")).to_contain_text("33000")
    page.keyboard.press("Alt+1")
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_have_value("brouillon du premier")
    reporter(key).says("vous êtes là ?")
    entry = page.locator(f"#liste [data-conversation='{second.public_id}']")
    expect(entry).to_contain_text("1 non lu")
    expect(page).to_have_title(re.compile(r"^\(1\) \S+ · 69003 – Console – Pnav$"))
    assert "vous êtes là" not in page.locator(OPEN_THREAD).inner_text()
    # In the list, arrows move and Enter opens. It is put in order once the pointer that pressed « Disponible » has left
    # it.
    expect(page.locator("#liste .console-entry").first).to_contain_text("69003")
    page.locator(f"#liste [data-conversation='{first.public_id}'] a").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_have_value("brouillon du second")
    expect(page.locator(OPEN_THREAD)).to_contain_text("vous êtes là ?")
    expect(entry).not_to_contain_text("non lu")
    expect(page).to_have_title(re.compile(r"^\S+ · 33000 – Console – Pnav$"))
    expect(page).to_have_url(re.compile(f"/echange/{second.public_id}/"))  # written after the frame
    page.go_back()
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_have_value("brouillon du premier")
    kept = page.evaluate("() => [localStorage.length, Object.keys(sessionStorage).filter((name) => name !== 'avis')]")
    assert kept == [0, []]


def test_acts_of_one_desk(
    live_site, page: Page, at: Work, page_factory: PageFactory, reporter, subtests: pytest.Subtests
):
    """One desk serves all of these, and each has a person of its own. Who ends comes after who stays."""
    names = ("urgency", "first", "second", "left", "panels")
    people = {name: Person() for name in names} | {"minor": Person({"age_band": "under_15"})}
    desk = take_seat(page, live_site, at, people | {"grave": Person({"urgency": 2})})
    page.on("dialog", lambda dialog: dialog.accept())  # a note is left when the page is loaded again
    with subtests.test("urgency changes without losing the draft"):
        urgency_changes_without_losing_the_draft(page, desk.shows("urgency"))
    with subtests.test("list says who is writing until the message comes"):
        desk.shows("first")
        other, person = (reporter(at(visit, desk.people[name])) for name in ("first", "second"))
        list_says_who_is_writing(page, desk.people["second"], person, other)
    with subtests.test("person who leaves by the quick exit is said to have left"):
        desk.shows("left")
        person_who_left_is_said_to_have_left(page, at, desk.people["left"], reporter)
    with subtests.test("panels follow an end by themselves and keep what is being written"):
        desk.shows("panels")
        beside = page_factory()
        key = at(visit, desk.people["panels"])
        beside.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_site.url}])
        panels_follow_an_end_and_keep_what_is_written(page, beside, live_site, desk.people["panels"])
    with subtests.test("end of a minor's exchange can be undone"):
        page.set_viewport_size({"width": 1280, "height": 720})
        desk.shows("minor")
        end_of_a_minors_exchange(page, subtests)
        page.locator("#fins").get_by_role("button", name="Annuler").click()
    with subtests.test("pause is offered after a grave exchange and its end is said"):
        page.set_viewport_size({"width": 1280, "height": 800})
        desk.shows("grave")
        pause_is_offered_and_its_end_is_said(page, at, desk.agent)


def urgency_changes_without_losing_the_draft(page: Page, key: str) -> None:
    line = page.locator(f"#liste .console-entry[data-conversation='{key}']")
    expect(line).not_to_contain_text("Critique")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("un brouillon")
    # « Urgence » was here and was taken for the procedure, which has its own link now.
    page.locator(OPEN_THREAD).get_by_role("link", name="Procédure d'urgence").click()
    expect(
        page.locator(".console-dossier:not([hidden]) .console-choices").get_by_role("button").first
    ).to_be_in_viewport()
    summary = page.locator(f"{OPEN_THREAD} summary").filter(has_text="Rang")
    summary.click()
    page.locator(OPEN_THREAD).get_by_label("Degré d'urgence").select_option("2")
    page.locator(OPEN_THREAD).get_by_label("Explication").fill("elle a peur")
    page.get_by_role("button", name="Changer").click()
    reason = page.locator(OPEN_THREAD).get_by_label("Raison", exact=True)
    expect(reason).to_be_focused()  # the reason is missing, and nothing is lost
    expect(page.locator(OPEN_THREAD).get_by_label("Explication")).to_have_value("elle a peur")
    expect(page.locator(OPEN_THREAD).get_by_label("Degré d'urgence")).to_have_value("2")
    reason.select_option("danger")
    page.get_by_role("button", name="Changer").click()
    expect(line).to_contain_text("Critique")
    expect(page.locator(".console-dossier:not([hidden])")).to_contain_text("Critique")
    expect(page.locator("#annonces")).to_have_text("Urgence : critique.")
    expect(summary).to_be_focused()
    expect(page.locator(OPEN_THREAD).get_by_label("Degré d'urgence")).to_be_hidden()
    expect(area).to_have_value("un brouillon")
    expect(line.locator(".console-number")).to_have_text("1")


def list_says_who_is_writing(page: Page, second: Conversation, person: Reporter, other: Reporter) -> None:
    line = page.locator(f"#liste .console-entry[data-conversation='{second.public_id}']")
    typing, words = line.locator("[data-slot=typing]"), line.locator(".console-entry__words")
    expect(typing).to_be_hidden()
    expect(page.locator(f".console-thread[data-conversation='{second.public_id}']")).to_be_attached()
    other.says("Vous êtes là ?")  # a sign of typing is lost on a line that is only being opened
    expect(page.locator(OPEN_THREAD).get_by_text("Vous êtes là ?")).to_be_visible()
    before = words.bounding_box()
    person.send(type="typing")
    expect(typing).to_be_visible()
    expect(typing).to_have_text("écrit…")
    assert words.bounding_box() == before, "nothing moves under a pointer"
    person.says("Il est revenu.")
    expect(line.locator("[data-slot=last]")).to_have_text("Il est revenu.")
    expect(typing).to_be_hidden()
    time.sleep(TYPING_EVERY_SECONDS)  # the server passes no second sign on before
    person.send(type="typing")
    expect(typing).to_be_visible()
    expect(line.locator("[data-slot=last]")).to_be_hidden()
    expect(typing).to_be_hidden(timeout=20_000)  # six seconds after the last sign of it
    expect(line.locator("[data-slot=last]")).to_be_visible()


def person_who_left_is_said_to_have_left(
    page: Page, at: Work, conversation: Conversation, reporter: Callable[[str], Reporter]
) -> None:
    entry = page.locator(f"#liste [data-conversation='{conversation.public_id}']")
    expect(entry).to_contain_text("Attend votre réponse")
    at(lambda: resume.park_conversation(report=conversation.report))
    expect(entry).to_contain_text("La personne a quitté la page")
    frees = entry.get_by_text("« Terminer » libère la place")
    expect(frees).to_be_visible()
    reporter(at(visit, conversation)).says("me revoilà")
    expect(entry).to_contain_text("Attend votre réponse")
    expect(frees).to_be_hidden()


def panels_follow_an_end_and_keep_what_is_written(
    desk: Page, person: Page, site: LiveSite, conversation: Conversation
) -> None:
    dossier = desk.locator(".console-dossier:not([hidden])")
    expect(dossier.get_by_text("Passer l'échange").first).to_be_visible()
    dossier.get_by_label("Ajouter une note").fill("Une note en cours")
    desk.locator("#mes-echanges").evaluate("title => title.focus()")
    person.goto(site.url + "/tchat/terminer/")
    person.locator("main form button[type=submit]").click()
    expect(desk.locator(f"{OPEN_THREAD} [data-over]")).to_be_visible()
    # A text for which an ended exchange has no form can still be copied. What it shows is there without loading the
    # page again.
    expect(dossier.locator(f"#note-{conversation.public_id}")).to_have_value("Une note en cours")
    expect(dossier.locator(f"#note-{conversation.public_id}")).not_to_be_editable()
    expect(dossier.get_by_text("Passer l'échange")).to_have_count(0)
    expect(dossier.locator("form[data-autosave]")).to_have_count(0)


def end_of_a_minors_exchange(page: Page, subtests: pytest.Subtests) -> None:
    page.locator(f"{OPEN_THREAD} summary", has_text="Terminer").click()
    button = page.get_by_role("button", name=re.compile(r"^Terminer \d · "))
    with subtests.test("its button stays in sight"):
        button.click()
        expect(page.locator(OPEN_THREAD).get_by_text("Victime mineure : dites ce qu'il en est.")).to_have_count(5)
        expect(button).to_be_in_viewport(ratio=1)
    # It took ten presses for somebody who said « bonsoir » and left, while others waited. Answers that were given stay.
    with subtests.test("who has left needs no five answers"):
        points = page.locator(f"{OPEN_THREAD} select[name^=point_]")
        expect(points).to_have_count(5)
        outcome = page.locator(OPEN_THREAD).get_by_label("Comment l'échange se termine")
        points.first.select_option("done")
        outcome.select_option("advised")
        expect(points.nth(1)).to_have_value("")
        outcome.select_option("left")
        assert points.evaluate_all("all => all.map((one) => one.value)") == ["done", *["impossible"] * 4]
        # After a mistaken press, no answer stays that nobody chose.
        points.nth(1).select_option("not_needed")
        outcome.select_option("advised")
        assert points.evaluate_all("all => all.map((one) => one.value)") == ["done", "not_needed", "", "", ""]
        outcome.select_option("left")
        assert points.evaluate_all("all => all.map((one) => one.value)") == ["done", "not_needed", *["impossible"] * 3]
        page.locator(OPEN_THREAD).get_by_label("Je confirme").check(force=True)
        button.click()
        expect(page.get_by_role("button", name="Terminer maintenant")).to_be_visible()


def pause_is_offered_and_its_end_is_said(page: Page, at: Work, agent: Agent) -> None:
    dossier = page.locator(".console-dossier:not([hidden])")
    dossier.locator("summary", has_text="Résumés de fin").click()
    dossier.locator("[name=told]").fill("Le 3018 peut vous aider.")
    page.locator(f"{OPEN_THREAD} summary", has_text="Terminer").click()
    page.locator(OPEN_THREAD).get_by_label("Comment l'échange se termine").select_option("partners")
    page.locator(OPEN_THREAD).get_by_label("Je confirme").check(force=True)
    page.get_by_role("button", name=re.compile(r"^Terminer \d · ")).click()
    page.get_by_role("button", name="Terminer maintenant").click()
    duty = page.locator("#disponibilite")
    expect(duty).to_contain_text("Prenez quelques minutes.")
    expect(dossier).to_contain_text("Le 3018 peut vous aider.")
    expect(dossier.locator("textarea[readonly]")).to_have_count(0)  # it was saved, so nothing is left to be copied
    duty.get_by_role("button", name="10 min").click()
    expect(page.locator("#annonces")).to_contain_text("En pause jusqu'à")
    expect(duty.get_by_role("button", name="10 min")).to_be_focused()
    at(Agent.objects.filter(pk=agent.pk).update, pause_until=make.long_ago(-0.05))
    page.reload()
    expect(duty).to_contain_text("Prenez quelques minutes.")
    page.wait_for_timeout(3500)
    assert at(end_pauses) == 1
    expect(page.locator("#annonces")).to_contain_text("La pause est finie", timeout=15_000)
    expect(duty).to_contain_text("Vous êtes : Disponible")


def test_line_pressed_while_its_conversation_is_read_opens(live_site, page: Page, at: Work):
    """The console reads its conversations when it begins: a press on one of them then waits, and is not lost."""
    agent = at(an_agent, public_name="Camille", availability=Availability.AVAILABLE, present=True)
    at(make.assigned, agent)
    held: list[Route] = []
    page.route("**/console/echange/**", lambda route: held.append(route))
    with page.expect_request("**/console/echange/**"):
        sign_in(page, live_site, agent)
    page.locator("#liste .console-entry__link").click()
    expect(page.locator(OPEN_THREAD)).to_have_count(0)
    for route in held:
        route.continue_()
    expect(page.locator(OPEN_THREAD)).to_be_visible()


@pytest.mark.new_tabs
@pytest.mark.slow
def test_session_with_another_key_keeps_the_console_its_draft_and_its_line(live_site, page: Page, at: Work, reporter):
    """The agent proves again in another tab, for a sensitive act: the console beside it goes on, and says nothing."""
    agent = at(an_agent)
    _conversation, key = at(somebody_waits)
    person = reporter(key)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("un brouillon")
    before = cookie_of(page)
    beside = page.context.new_page()
    beside.goto(live_site.url + "/compte/2fa/reauthenticate/?next=/compte/")
    beside.fill("[name=code]", totp_code(seconds=IN_A_BROWSER))
    with page.expect_websocket(timeout=40_000) as again:
        beside.press("[name=code]", "Enter")
        beside.wait_for_url("**/compte/2fa/")
        assert cookie_of(page) != before
        beside.close()
    assert again.value.url.endswith("/ws/console/")
    expect(area).to_have_value("un brouillon")
    person.says("vous êtes là ?")
    expect(page.locator(f"{OPEN_THREAD} [role=log]")).to_contain_text("vous êtes là ?")
    area.press("Control+Enter")
    person.hears("un brouillon")
    expect(page.locator("#coupure")).to_be_hidden()


def cookie_of(page: Page) -> str:
    """Return the key of this browser's session."""
    return next(one["value"] for one in page.context.cookies() if one["name"] == settings.SESSION_COOKIE_NAME)


@pytest.mark.slow
def test_conversation_given_back_leaves_the_screen(live_site, page: Page, at: Work, reporter):
    agent = at(an_agent)
    _conversation, key = at(somebody_waits)
    reporter(key)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    expect(page.locator(OPEN_THREAD)).to_be_visible()
    page.locator(f"{OPEN_THREAD} textarea[name=body]").fill("un brouillon")

    def lease_ends() -> None:
        # A beat may come in between, and agents are spared while the site itself is late with its own heartbeat (ADR
        # 0074).
        for _try in range(100):
            Agent.objects.update(seen_at=make.long_ago(5))
            if dispatcher.release_stale():
                return
            time.sleep(0.3)
        raise AssertionError("nobody was released")

    at(lease_ends)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#termines")).to_contain_text("N'est plus à vous")
    expect(page.locator(OPEN_THREAD)).to_contain_text("L'échange ne vous est plus confié")
    expect(page.locator(f"{OPEN_THREAD} textarea[name=body]")).to_have_value("un brouillon")
    expect(page.locator(f"{OPEN_THREAD} .console-message")).to_have_count(0)
    expect(page.locator("#disponibilite")).to_contain_text("Vous êtes : Absent")


def test_console_is_accessible(live_site, page_factory: PageFactory, at: Work, axe: Axe, subtests: pytest.Subtests):
    """Each page is loaded once: on a narrow dark screen, then on a wide light one."""
    supervisor = at(an_agent, role=Role.SUPERVISOR)
    for urgency, band in ((2, "under_15"), (1, "adult"), (0, "unknown")):
        at(make.waiting, urgency=urgency, age_band=band)
    conversation = at(lambda: make.assigned(make_available(supervisor)))
    at(lambda: make.message(conversation, "Bonjour"))
    at(Agent.objects.filter(pk=supervisor.pk).update, availability=Availability.AWAY)
    page = page_factory()
    be_signed_in(page, live_site, supervisor)
    pages = ("tableau/", "historique/", "prendre-soin/")
    for address in ("/console/", f"/console/echange/{conversation.public_id}/", *(f"/console/{one}" for one in pages)):
        with subtests.test(address):
            page.set_viewport_size({"width": 320, "height": 800})
            page.goto(live_site.url + address)
            for width, theme in ((320, "dark"), (1280, "light")):
                page.set_viewport_size({"width": width, "height": 800})
                in_theme(page, theme)
                page.locator("details:visible").evaluate_all("all => { for (const one of all) one.open = true; }")
                axe(page)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            # A label leads to the first element with its id, and so does a script.
            ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
            assert [one for one in set(ids) if ids.count(one) > 1] == []


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
def test_thread_and_answer_are_on_screen_whatever_its_size(
    live_site, page_factory, at: Work, axe: Axe, role: Role, subtests: pytest.Subtests
):
    agent = at(an_agent, role=role)
    conversation = at(lambda: make.assigned(make_available(agent), age_band="15_17", urgency=2))
    at(lambda: [make.message(conversation, f"Message {number}") for number in range(30)])
    page = page_factory(width=1280, height=800)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    area, log = page.locator(f"{OPEN_THREAD} textarea[name=body]"), page.locator(LOG)
    send = page.get_by_role("button", name="Envoyer")
    expect(log.get_by_text("Message 29")).to_be_in_viewport(ratio=1)
    for width, height in ((1280, 800), (1024, 768)):
        with subtests.test(f"thread is the centre and the answer is on screen, {width}"):
            page.set_viewport_size({"width": width, "height": height})
            are_in_view(area, send, log.get_by_text("Message 29"))
            assert page.evaluate("document.documentElement.scrollHeight") <= height
            own, thread, right, words = boxes(page, ".console-own", OPEN_THREAD, ".console-right", LOG)
            assert thread["width"] > max(own["width"], right["width"])
            assert words["height"] >= height * (0.4 if height >= 800 else 0.3)
    with subtests.test("thread that is scrolled while the answer grows stays at its end"):
        # Both happen in one frame: the scroll event comes before the thread is known to have less room.
        area.evaluate("""area => {
            area.closest(".console-thread").querySelector("[data-log]").scrollTop -= 1;
            area.style.height = "40vh";
        }""")
        expect(log.get_by_text("Message 29")).to_be_in_viewport(ratio=1)
        area.evaluate("area => { area.style.height = ''; }")
    for width, height in ((800, 1000), (768, 1024), (960, 768)):
        with subtests.test(f"upright tablet shows the answer and the dossier beside, {width}"):
            page.set_viewport_size({"width": width, "height": height})
            log.evaluate("log => { scrollTo(0, 0); log.scrollTop = log.scrollHeight; }")
            are_in_view(send, log.get_by_text("Message 29"))
            assert log.bounding_box()["height"] >= (height * 0.3 if height >= 1000 else 150)
            expect(page.locator(".console-right h2").last).not_to_be_in_viewport()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    last = page.locator(".console-dossier:not([hidden])").get_by_role("link", name="Lever l'anonymat")
    last.focus()
    expect(last).to_be_in_viewport(ratio=1)
    axe(page)


def make_available(agent: Agent) -> Agent:
    Agent.objects.filter(pk=agent.pk).update(availability=Availability.AVAILABLE, seen_at=make.long_ago(0))
    return agent


def test_a_box_is_ticked_where_its_own_words_are(live_site, page: Page, at: Work):
    be_signed_in(page, live_site, at(an_agent))
    page.goto(live_site.url + "/console/mes-echanges/")
    wrong = page.locator("[name=facts] + label").evaluate_all(
        """labels => labels.filter((label) => {
          label.scrollIntoView({ block: "center" });
          const { left, top, bottom } = label.getBoundingClientRect();
          return [top + 1, bottom - 1].some((y) => document.elementFromPoint(left + 40, y) !== label);
        }).map((label) => label.textContent)"""
    )
    assert wrong == []


def test_row_of_duty_is_a_line_on_a_narrow_screen(
    live_site, page_factory: PageFactory, at: Work, axe_in_both_themes: Axe
):
    agent = at(an_agent)
    page = page_factory(width=320)
    sign_in(page, live_site, agent)
    duty, places = page.locator("#disponibilite"), page.get_by_label("Places")
    expect(places).to_be_hidden()
    assert duty.bounding_box()["height"] < 170
    fold = duty.locator("summary", has_text="Motif, places (3), son")
    fold.focus()
    page.keyboard.press("Enter")
    expect(places).to_be_visible()
    axe_in_both_themes(page)
    places.select_option("2")
    page.get_by_role("button", name="Enregistrer le nombre de places").click()
    expect(duty.locator("summary")).to_have_text("Motif, places (2), son")
    expect(places).to_be_visible()  # what was open stays open
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(places).to_be_visible()
    assert page.locator(".console-top").bounding_box()["height"] < 60, "header and availability are one row"
    page.locator("#mes-echanges").click()  # there it lies over the thread, and a press elsewhere closes it
    expect(places).to_be_hidden()
    duty.locator("summary").click()
    places.select_option("3")
    page.get_by_role("button", name="Enregistrer le nombre de places").click()
    expect(duty.locator("summary")).to_have_text("Motif, places (3), son")
    expect(places).to_be_hidden()  # the focus is on « Absent » again
    duty.locator("summary").click()
    page.keyboard.press("Escape")
    expect(places).to_be_hidden()
    expect(duty.locator("summary")).to_be_focused()
    axe_in_both_themes(page)


def test_without_a_script_an_agent_answers_and_ends(live_site, page_factory: PageFactory, at: Work):
    agent = at(an_agent)
    conversation, _key = at(somebody_waits)
    page = page_factory(javascript=False, width=320)
    sign_in(page, live_site, agent)
    page.get_by_role("button", name="Disponible").click()
    page.locator("#liste a").click()
    # No key is announced, and links lead.
    assert page.locator("[aria-keyshortcuts^=Alt]").count() == 0
    expect(page.get_by_role("button", name="Raccourcis")).to_be_hidden()
    expect(page.locator("#raccourcis")).to_be_hidden()
    links = page.locator(".fr-skiplinks a").evaluate_all("links => links.map((link) => link.hash)")
    assert all(page.locator(link).count() == 1 for link in links)
    for words in ("Fiche des faits", "Ouvrir la procédure d'urgence", "Terminer"):
        expect(page.locator("summary", has_text=words).first).to_be_visible()
    presence = page.frame_locator(".console-presence")
    expect(presence.locator("body")).to_contain_text("Présent, vérifié à")
    page.fill("textarea[id^=corps-]", "Bonjour, je vous lis.")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("log")).to_contain_text("Bonjour, je vous lis.")
    page.locator(f"{OPEN_THREAD} summary", has_text="Terminer").click()
    page.get_by_label("Comment l'échange se termine").select_option("partners")
    page.get_by_label("Je confirme").check(force=True)
    page.get_by_role("button", name=re.compile("^Terminer 1 · ")).click()
    expect(page.get_by_role("status").filter(has_text="Échange terminé.")).to_be_visible()
    assert at(Conversation.objects.get, pk=conversation.pk).outcome == "partners"


# --- staffing, for supervisors ----------------------------------------------------------------------------------------


def test_staffing_is_readable(page_factory: PageFactory, live_site: LiveSite, at: Work, axe_at_both_ends: Axe):
    supervisor = at(an_agent, role=Role.SUPERVISOR)
    page = page_factory()
    be_signed_in(page, live_site, supervisor)
    page.goto(live_site.url + "/console/effectifs/")
    axe_at_both_ends(page)
    # The numbers in the pictures are as large as small print on a narrow screen, and no larger than a text.
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        sizes = page.evaluate(
            """[...document.querySelectorAll(".chart__svg")].map((picture) =>
                parseFloat(getComputedStyle(picture.querySelector("text")).fontSize)
                * picture.getBoundingClientRect().width / 320)"""
        )
        assert len(sizes) == 8 and min(sizes) >= 8.5 and max(sizes) <= 18
    # The band has the colour of the text, which the theme chooses.
    for theme in THEMES:
        in_theme(page, theme)
        band, text = page.evaluate(
            """[".chart__band", "h1"].map((name) => {
                const style = getComputedStyle(document.querySelector(name));
                return name === "h1" ? style.color : style.stroke;
            })"""
        )
        assert band == text
    page.fill("[name=share]", "101")
    page.press("[name=share]", "Enter")
    page.wait_for_selector("#id_share-error")
    axe_at_both_ends(page)


@pytest.mark.slow
def test_nothing_is_said_to_leave_once_the_session_has_ended(live_site, page: Page, at: Work, axe: Axe):
    agent = at(an_agent)
    conversation = at(lambda: make.assigned(make_available(agent)))
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/echange/{conversation.public_id}/")
    expect(page.locator(".console-duty__now")).to_have_text("Vous êtes : Disponible")
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.fill("Je reviens vers vous")
    at(agent.user.end_sessions)  # signed out elsewhere
    out = page.locator("#coupure").get_attribute("data-out")
    assert out and "Votre session est finie" in out
    expect(page.locator("#coupure")).to_have_text(out, timeout=40_000)
    expect(page.locator(".console-duty__now")).to_have_text("Vous n'êtes plus connecté.")
    expect(page.locator("#disponibilite [aria-pressed=true][name=availability]")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-error]")).to_contain_text("Connectez-vous dans un nouvel onglet")
    expect(area).to_have_value("Je reviens vers vous")
    expect(area).to_be_focused()
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).not_to_contain_text("Je reviens vers vous")
    axe(page)
    be_signed_in(page, live_site, agent)  # in another tab, from which the agent comes back
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#coupure")).to_be_hidden()
    expect(page.locator(".console-duty__now")).to_have_text("Vous êtes : Disponible")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_contain_text("Je reviens vers vous")
