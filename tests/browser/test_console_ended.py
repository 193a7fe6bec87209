# ruff: noqa: F811  the fixtures of test_console
"""What the console shows of an exchange that ended before the page was told of it, or with words of danger."""

import re
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from chat.casework import colleague_questions
from chat.conversations import actions
from chat.models import Agent, Conversation, Macro, Message
from chat.rules.lifecycle import Author
from chat.rules.transfer import Reason, Target
from chat.supervision import left_marks
from chat.transfer import actions as transfer_actions
from pnav.accounts.models import Role
from pnav.demo.cast import create_macros
from tests.browser.conftest import LiveSite
from tests.browser.desk import Desk, Person, take_seat
from tests.browser.test_console import OPEN_THREAD, Work, at, be_signed_in  # noqa: F401  `at`: a fixture
from tests.browser.test_console_aim import address, holding
from tests.browser.test_console_choices import DANGER, EAR, heard
from tests.browser.test_console_faults import SAID
from tests.browser.test_console_late import until
from tests.browser.test_console_night import in_danger, press_macro, steps_of
from tests.browser.wire import Wire
from tests.factories import chat as make

pytestmark = pytest.mark.slow
WORDS = "je veux mourir"
NOT_DEALT_WITH = re.compile("la personne a terminé, et ses mots de suicide ou de danger ne sont pas pris en compte")
UNSURE = re.compile(r"Envoi incertain\s: l'échange est terminé, la page vérifie")


@pytest.fixture
def wire() -> Wire:
    return Wire("/ws/console/", frames="**/console/trames/")


@pytest.fixture
def macros(at: Work) -> Iterator[None]:
    """Create the macros of a demonstration, and delete them afterwards, because they take room of the thread."""
    at(create_macros)
    yield
    at(lambda: Macro.objects.all().delete())


def person_ends(at: Work, conversation: Conversation) -> None:
    at(actions.close_conversation, conversation_id=conversation.pk, by_author=Author.REPORTER)


def is_dealt_with(at: Work, conversation: Conversation, agent: Agent) -> None:
    """Let a supervisor of this agent's unit deal with the mark, on the board."""
    chief = at(lambda: make.agent(role=Role.SUPERVISOR, unit_name=agent.unit.name))
    at(left_marks.deal_with_left, public_id=conversation.public_id, by=chief)


def ended_line(page: Page, conversation: Conversation) -> Locator:
    return page.locator(f"#termines .console-entry[data-conversation='{conversation.public_id}']")


def told(page: Page) -> Locator:
    """Return what is told of ends in danger, and stays until it is read."""
    return page.locator("#fins .console-told [data-slot=text]")


def mark_of(line: Locator) -> Locator:
    return line.locator("[data-slot=danger]")


# --- an act is answered before the end is told --------------------------------------------------------------------


def wrote_of_danger(_agent: Agent, conversation: Conversation) -> None:
    make.message(conversation, WORDS)


@pytest.mark.usefixtures("macros")
def test_act_is_answered_before_the_end_is_told(
    live_site: LiveSite, page: Page, at: Work, wire: Wire, subtests: pytest.Subtests
):
    """« Pas de réponse du service » was said of what was done, and the exchange went on in the list."""
    wire.loses = lambda frame: frame["type"] == "released" or frame.get("status") == "closed"
    wire.hold(page)
    page.add_init_script(f"({SAID})()")
    people = {
        "step": Person(lived=in_danger),
        "places": Person(),
        "danger": Person(lived=wrote_of_danger),
        "macro": Person(),
    }
    desk = take_seat(page, live_site, at, people)
    with subtests.test("step of the procedure"):
        key = ends_unseen(desk, "step", at)
        step = page.locator(f"#procedure-{key} [data-step=can_talk]")
        step.locator("[name=step]").click()
        has_left(desk, "step")
        expect(step).to_have_count(0)
        page.wait_for_function(f"document.activeElement.closest('#procedure-{key}')")
    with subtests.test("places"):
        ends_unseen(desk, "places", at)
        places = page.locator(f"{OPEN_THREAD} [data-action]").filter(has=page.get_by_label("Places prises"))
        places.locator("summary").click()
        places.get_by_label("Places prises").select_option("2")
        places.get_by_role("button", name="Changer").click()
        has_left(desk, "places")
        until(page, lambda: any("il ne prend plus de place" in one for one in said(page)))
        log = page.locator(f"{OPEN_THREAD} [data-log]")
        expect(log).to_be_focused()
        expect(log).to_have_css("outline-offset", "-2px")  # its ring lies over no line above it
    with subtests.test("words of danger that are dealt with"):
        key = ends_unseen(desk, "danger", at)
        page.locator(f"#danger-{key}").get_by_role("button", name="C'est pris en compte").click()
        expect(mark_of(has_left(desk, "danger"))).to_be_hidden()
        expect(page.locator(f"#danger-{key}")).to_have_count(0)
        expect(page.locator(f"{OPEN_THREAD} [data-log]")).to_be_focused()
    with subtests.test("macro"):
        ends_unseen(desk, "macro", at)
        press_macro(page, "Danger")
        expect(page.locator("#avis")).to_have_text(re.compile(r"échange est terminé\s: rien n.a été fait"))
        has_left(desk, "macro")
    assert not [one for one in said(page) if "Pas de réponse" in one]


def test_words_that_come_after_the_end_stay_to_be_copied(
    live_site: LiveSite, page: Page, at: Work, wire: Wire, subtests: pytest.Subtests
):
    """The answer gave them back, and the part beside the thread, which is read again after an end, lost them."""
    wire.loses = lambda frame: frame["type"] == "released" or frame.get("status") == "closed"
    wire.hold(page)
    desk = take_seat(page, live_site, at, {"rank": Person(), "question": Person()})

    def stay(name: str, key: str, field: str, words: str) -> None:
        has_left(desk, name)
        page.wait_for_function("one => !one.isConnected", arg=beside)
        expect(page.locator(f"textarea#{field}-{key}")).to_have_value(words)
        expect(page.locator(f"textarea#{field}-{key}")).not_to_be_editable()

    with subtests.test("explanation of a rank"):
        key = ends_unseen(desk, "rank", at)
        beside = page.locator(f"#savoir-{key}").element_handle()
        rank = page.locator(f"{OPEN_THREAD} [data-action]").filter(has=page.locator(f"#urgence-forme-{key}"))
        rank.locator("summary").click()
        page.locator(f"#urgence-{key}").select_option("2")
        page.locator(f"#raison-{key}").select_option(index=1)
        page.locator(f"#explication-{key}").fill("Elle a peur ce soir.")
        rank.get_by_role("button", name="Changer").click()
        stay("rank", key, "explication", "Elle a peur ce soir.")
    with subtests.test("question to a colleague"):
        key = ends_unseen(desk, "question", at)
        beside = page.locator(f"#savoir-{key}").element_handle()
        page.locator(f"#demander-{key} > summary").click()
        page.locator(f"#demande-{key}").fill("Comment fait-on ?")
        page.locator(f"#demander-{key}").get_by_role("button", name="Demander").click()
        stay("question", key, "demande", "Comment fait-on ?")


def writes_and_ends(at: Work, desk: Desk, name: str, words: str) -> None:
    at(make.message, desk.people[name], words)
    person_ends(at, desk.people[name])


def changes_places(desk: Desk) -> None:
    """Press « Places », whose answer says that the exchange has ended."""
    places = desk.page.locator(f"{OPEN_THREAD} [data-action]").filter(has=desk.page.get_by_label("Places prises"))
    places.locator("summary").click()
    places.get_by_label("Places prises").select_option("2")
    places.get_by_role("button", name="Changer").click()


def comes_back(desk: Desk, wire: Wire) -> None:
    """Let the line work again, and a beat pass on it."""
    wire.loses = lambda _frame: False
    desk.page.evaluate("dispatchEvent(new Event('pageshow'))")
    desk.page.clock.fast_forward(6000)
    until(desk.page, lambda: any(frame["type"] == "queue" for frame in wire.latest))
    desk.page.clock.fast_forward(21_000)


@pytest.mark.usefixtures("macros")
def test_last_words_that_no_line_brought_are_read_once_an_act_tells_of_the_end(
    live_site: LiveSite, page: Page, at: Work, wire: Wire, subtests: pytest.Subtests
):
    """They were hidden for good, and an answer that was stored stood there as « Non envoyé »."""
    wire.hold(page)
    page.add_init_script(f"({SAID})()")
    desk = take_seat(page, live_site, at, {name: Person() for name in ("stored", "lost", "macro", "later")})
    log = page.locator(f"{OPEN_THREAD} [data-log]")
    refused = log.locator("[data-refused]")
    wire.loses = lambda _frame: True
    with subtests.test("answer that is stored, and words after it"):
        key = desk.shows("stored")
        page.locator(f"#corps-{key}").fill("Où êtes-vous ?")
        page.keyboard.press("Control+Enter")
        own = Message.objects.filter(conversation=desk.people["stored"], author=Author.AGENT)
        until(page, lambda: at(own.exists))
        writes_and_ends(at, desk, "stored", "il est rentré")
        changes_places(desk)
        has_left(desk, "stored")
        expect(log).to_contain_text(re.compile(r"Où êtes-vous.*il est rentré", re.DOTALL))
        expect(log.locator("[data-author=agent]")).to_have_count(1)
        expect(log.locator("[data-pending], [data-refused]")).to_have_count(0)
        until(page, lambda: any("il est rentré" in one for one in said(page)))
        assert not [one for one in said(page) if "Non envoyé" in one]
    with subtests.test("words of danger, told by the answer to a macro"):
        desk.shows("macro")
        writes_and_ends(at, desk, "macro", WORDS)
        press_macro(page, "Danger")
        expect(mark_of(has_left(desk, "macro"))).to_be_visible()
        expect(log).to_contain_text(WORDS)
        expect(told(page)).to_have_text(NOT_DEALT_WITH)
    with subtests.test("reading that fails"):
        key = desk.shows("later")
        thread = f"**/console/echange/{key}/?partie=echange"
        page.route(thread, lambda route: route.abort())
        writes_and_ends(at, desk, "later", "au revoir")
        changes_places(desk)
        has_left(desk, "later")
        page.unroute(thread)
        comes_back(desk, wire)
        expect(log).to_contain_text("au revoir", timeout=30_000)
    with subtests.test("answer that never arrived"):
        key = desk.shows("lost")
        wire.die()
        page.locator(f"#corps-{key}").fill("Restez en ligne.")
        page.keyboard.press("Control+Enter")
        writes_and_ends(at, desk, "lost", "je pars")
        changes_places(desk)
        has_left(desk, "lost")
        expect(log).to_contain_text("je pars")
        expect(refused).to_contain_text(re.compile(r"Non envoyé\s: l'échange est terminé"))
        assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"


def test_answer_is_refused_or_stored_by_the_first_reading_of_the_end_that_succeeds(
    live_site: LiveSite, page: Page, at: Work, wire: Wire, subtests: pytest.Subtests
):
    """Where the first reading failed, an answer that was stored was said not to be, and its step was never ticked."""
    wire.hold(page)
    page.add_init_script(f"({SAID})()")
    desk = take_seat(page, live_site, at, {"stored": Person(lived=in_danger), "lost": Person()})
    log = page.locator(f"{OPEN_THREAD} [data-log]")
    pending, refused = log.locator("[data-pending]"), log.locator("[data-refused]")
    with subtests.test("answer that is stored, and does a step of the procedure"):
        key = desk.shows("stored")
        wire.loses = lambda _frame: True
        page.locator(f"#procedure-{key} [data-step=stayed] [data-insert]").click()
        page.keyboard.press("Control+Enter")
        own = Message.objects.filter(conversation=desk.people["stored"], author=Author.AGENT)
        until(page, lambda: at(own.exists))
        thread = f"**/console/echange/{key}/?partie=echange"
        page.route(thread, lambda route: route.abort())
        person_ends(at, desk.people["stored"])
        changes_places(desk)
        has_left(desk, "stored")
        expect(pending.locator("[data-slot=state]")).to_have_text(UNSURE)
        until(page, lambda: any(UNSURE.search(one) for one in said(page)))
        expect(refused).to_have_count(0)
        page.unroute(thread)
        comes_back(desk, wire)
        expect(pending).to_have_count(0, timeout=30_000)
        expect(log.locator("[data-author=agent]")).to_have_count(1)
        expect(page.locator(f"#procedure-{key} [data-step=stayed]")).to_have_count(0)
        assert at(steps_of, key) == {"stayed"}
        assert not [one for one in said(page) if "Non envoyé" in one]
    with subtests.test("answer that never arrived"):
        key = desk.shows("lost")
        wire.die()
        wire.latest.clear()  # what comes is of the next line
        page.locator(f"#corps-{key}").fill("Restez en ligne.")
        page.keyboard.press("Control+Enter")
        thread = f"**/console/echange/{key}/?partie=echange"
        page.route(thread, lambda route: route.abort())
        person_ends(at, desk.people["lost"])
        changes_places(desk)
        has_left(desk, "lost")
        expect(pending.locator("[data-slot=state]")).to_have_text(UNSURE)
        assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"
        page.unroute(thread)
        comes_back(desk, wire)
        expect(refused).to_contain_text(re.compile(r"Non envoyé\s: l'échange est terminé"), timeout=30_000)


def asked_a_colleague(agent: Agent, conversation: Conversation) -> None:
    colleague = make.agent(public_name="Dominique", capacity=0)
    colleague_questions.ask_colleagues(
        conversation_id=conversation.pk, body="Comment fait-on ?", of=[colleague.pk], by=agent.user
    )


def test_end_leaves_the_focus_to_what_the_agent_writes_elsewhere(live_site: LiveSite, page: Page, at: Work):
    """The letters of an aparté went nowhere, and « ? » opened the list of the keys."""
    page.add_init_script(f"({SAID})()")
    desk = take_seat(page, live_site, at, {"open": Person(lived=asked_a_colleague)})
    desk.shows("open")
    aside = page.locator("#apartes [data-aside]")
    aside.locator("summary").click()
    aside.locator("textarea").focus()
    page.keyboard.type("Et si")
    live_site.do(actions.close_conversation, conversation_id=desk.people["open"].pk, by_author=Author.REPORTER)
    has_left(desk, "open")
    expect(aside.locator("[data-aside-over]")).to_have_text("Cet aparté est fini.")
    expect(aside.locator("button:visible")).to_have_count(0)
    page.keyboard.type(" elle part ?")
    page.keyboard.press("Control+Enter")
    expect(aside.locator("textarea")).to_have_value("Et si elle part ?")
    expect(aside.locator("textarea")).to_be_focused()
    expect(page.locator("dialog[open]")).to_have_count(0)
    until(page, lambda: any("Échange fini" in one for one in said(page)))  # nothing else tells who does not look there
    page.locator("#mes-echanges").focus()
    expect(aside.locator("textarea")).not_to_be_editable()
    expect(aside.locator("textarea")).to_have_value("Et si elle part ?")
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"), "leaving asks"


# The fields beside a thread, each with the fold in which it is.
BESIDE = {"note": "", "demande": "demander", "resume-unite": "transmettre", "resume-passage": "passer"}
READ_AGAIN = {"demander", "passer"}  # when they are opened


def begins_to_write(desk: Desk, field: str, words: str) -> Locator:
    """Show this person, open the fold of the field, and type there. Return the field."""
    key = desk.shows(field)
    if BESIDE[field]:
        is_read = BESIDE[field] in READ_AGAIN
        with desk.page.expect_response(re.compile("partie=echange")) if is_read else nullcontext():
            desk.page.locator(f"#{BESIDE[field]}-{key} > summary").click()
    area = desk.page.locator(f"#{field}-{key}")
    area.fill("")
    desk.page.keyboard.type(words)
    return area


def test_end_leaves_the_focus_to_what_the_agent_writes_beside_the_thread(
    live_site: LiveSite, page: Page, at: Work, subtests: pytest.Subtests
):
    """The summary of a handover was deleted, and the letters of all of them went nowhere."""
    page.add_init_script(f"({SAID})()")
    desk = take_seat(page, live_site, at, {field: Person() for field in BESIDE})
    for number, field in enumerate(BESIDE, 1):
        with subtests.test(field):
            area = begins_to_write(desk, field, "Et si")
            person_ends(at, desk.people[field])
            has_left(desk, field)
            page.keyboard.type(" elle part ?")
            expect(area).to_have_value("Et si elle part ?")
            expect(area).to_be_focused()
            expect(page.locator("dialog[open]")).to_have_count(0)
            until(page, lambda: sum("Échange fini" in one for one in said(page)) == number)  # noqa: B023  called here
            page.locator("#mes-echanges").focus()
            expect(page.locator(f"#question-{desk.people[field].public_id}")).to_have_count(0)  # it was read again
            expect(area).to_have_value("Et si elle part ?")
            if field == "resume-unite":  # it may still be sent
                expect(area).to_be_editable()
            else:
                expect(area).not_to_be_editable()


def test_act_beside_a_thread_that_has_ended_says_that_it_was_refused(
    live_site: LiveSite, page: Page, at: Work, subtests: pytest.Subtests
):
    """Its message stood in a part that the page of what has ended does not draw."""
    acts = {"demande": "Demander", "resume-passage": "Passer l'échange"}
    desk = take_seat(page, live_site, at, {field: Person() for field in acts})
    for field, act in acts.items():
        with subtests.test(act):
            area = begins_to_write(desk, field, "Elle part.")
            person_ends(at, desk.people[field])
            has_left(desk, field)
            page.locator(f"form:has(#{field}-{desk.people[field].public_id}) [type=submit]").click()
            expect(page.locator("#avis")).to_be_visible()
            expect(page.locator("#avis")).to_have_text(re.compile(r"L.échange est terminé\s: "))
            expect(area).to_have_value("Elle part.")
            expect(area).not_to_be_editable()


def test_choice_in_the_duty_bar_stays_when_another_exchange_ends(live_site: LiveSite, page: Page, at: Work):
    """The bar is drawn again then, and the number of places that was chosen and not yet saved was the old one again."""
    desk = take_seat(page, live_site, at, {"open": Person(), "other": Person()})
    desk.shows("open")
    page.locator("#disponibilite-plus > summary").click()
    places = page.locator("#capacite")
    before = places.element_handle()
    places.focus()
    places.select_option("4")
    live_site.do(actions.close_conversation, conversation_id=desk.people["other"].pk, by_author=Author.REPORTER)
    page.wait_for_function("one => !one.isConnected", arg=before)
    expect(places).to_have_value("4")
    expect(places).to_be_focused()


def test_words_that_the_line_brings_while_the_end_is_read_are_treated_as_those_that_are_read(
    live_site: LiveSite, page: Page, at: Work, wire: Wire
):
    """An answer that was stored stood there as « Non envoyé », and words of danger without their mark or a word."""
    wire.hold(page)
    page.add_init_script(f"({SAID})()")
    desk = take_seat(page, live_site, at, {"ended": Person()})
    conversation, key = desk.people["ended"], desk.shows("ended")
    reading: list[Route] = []
    thread = f"**/console/echange/{key}/?partie=echange"
    page.route(thread, lambda route: reading.append(route))
    wire.holds = lambda frame: frame["type"] in {"messages", "state", "released"}
    for number in (1, 2):  # the second one waits for the first
        page.locator(f"#corps-{key}").fill("Oui.")
        page.keyboard.press("Control+Enter")
        expect(page.locator(f"{OPEN_THREAD} [data-pending]")).to_have_count(number)
    until(page, lambda: at(Message.objects.filter(conversation=conversation, author=Author.AGENT).exists))
    at(make.message, conversation, "Oui.", author=Author.AGENT)  # from another page of the agent
    writes_and_ends(at, desk, "ended", WORDS)
    changes_places(desk)
    line = has_left(desk, "ended")
    until(page, lambda: reading and wire.held)
    wire.let_go()
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # what it brought has been taken
    page.unroute(thread)
    for route in reading:
        route.continue_()
    log = page.locator(f"{OPEN_THREAD} [data-log]")
    expect(log.locator("[data-author=reporter] [data-danger]")).to_be_visible()
    expect(log.locator("[data-author=agent]")).to_have_text([re.compile("Oui")] * 2)
    expect(log.locator("[data-pending], [data-refused]")).to_have_count(0)
    expect(mark_of(line)).to_be_visible()
    expect(told(page)).to_have_text(NOT_DEALT_WITH)
    assert not [one for one in said(page) if "Non envoyé" in one]


def test_procedure_and_words_of_who_ended_are_told_together(live_site: LiveSite, page: Page, at: Work):
    """The second sentence took the place of the first: nothing in sight said that the procedure was still open."""
    agent, [conversation] = holding(at, 1)
    at(in_danger, agent, conversation)
    at(make.message, conversation, WORDS)
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    expect(page.locator(f"#danger-{conversation.public_id}")).to_be_visible()
    person_ends(at, conversation)
    expect(mark_of(ended_line(page, conversation))).to_be_visible()
    both = re.compile("procédure d'urgence est encore ouverte, et ses mots de suicide ou de danger ne sont pas pris")
    expect(told(page)).to_have_text(both)


def test_ends_in_danger_are_told_until_they_are_read(live_site: LiveSite, page: Page, at: Work):
    """They were told for six seconds, and of two at the same moment the second took the place of the first."""
    people = {name: Person(lived=wrote_of_danger) for name in ("pressed", "opened", "dealt with")} | {"here": Person()}
    page.clock.install()
    desk = take_seat(page, live_site, at, people, "")
    desk.shows("here")
    for name in ("pressed", "opened", "dealt with"):
        person_ends(at, desk.people[name])
    expect(told(page)).to_have_text([NOT_DEALT_WITH] * 3)
    page.clock.fast_forward(30_000)

    def row(name: str) -> Locator:
        aim = str(ended_line(page, desk.people[name]).get_attribute("data-aim"))
        return page.locator("#fins .console-told").filter(has_text=aim)

    for name in ("pressed", "opened", "dealt with"):
        expect(row(name)).to_be_visible()
    read = row("pressed").get_by_role("button", name="J'ai lu")
    read.focus()
    page.keyboard.press("Enter")
    expect(told(page)).to_have_count(2)
    expect(page.locator("#fins .console-told [data-read]").first).to_be_focused()
    row("opened").get_by_role("button", name="Voir l'échange").click()
    expect(page.locator(f".console-thread[data-conversation='{desk.people['opened'].public_id}']")).to_be_visible()
    expect(told(page)).to_have_count(1)
    is_dealt_with(at, desk.people["dealt with"], desk.agent)
    page.clock.fast_forward(61_000)
    expect(told(page)).to_have_count(0, timeout=30_000)


def test_end_whose_last_words_are_unread_is_told_until_they_are_read(live_site: LiveSite, page: Page, at: Work):
    """Who wrote « J'ai tout bloqué, merci. » and ended left the list without a word in sight."""
    people = {name: Person() for name in ("pressed", "opened", "read")} | {"here": Person()}
    page.clock.install()
    desk = take_seat(page, live_site, at, people, "")
    desk.shows("read")
    desk.shows("here")
    for name in ("pressed", "opened"):
        at(make.message, desk.people[name], "J'ai tout bloqué, merci.")
        person_ends(at, desk.people[name])
    person_ends(at, desk.people["read"])  # nothing of theirs is unread
    expect(page.locator("#termines .console-entry")).to_have_count(3)
    unread = "est terminé, et le dernier message de la personne n'est pas lu"
    expect(told(page)).to_have_text([re.compile(unread)] * 2)
    page.clock.fast_forward(30_000)
    aim = str(ended_line(page, desk.people["pressed"]).get_attribute("data-aim"))
    row = page.locator("#fins .console-told").filter(has_text=aim)
    expect(row).to_be_visible()
    row.get_by_role("button", name="J'ai lu").click()
    expect(told(page)).to_have_count(1)
    ended_line(page, desk.people["opened"]).locator("a").click()
    expect(page.locator(OPEN_THREAD)).to_contain_text("J'ai tout bloqué, merci.")
    page.clock.fast_forward(2_000)
    expect(told(page)).to_have_count(0)


def test_what_went_to_a_colleague_is_not_counted_among_what_has_ended(live_site: LiveSite, page: Page, at: Work):
    """« Terminés » counted it too."""
    desk = take_seat(page, live_site, at, {"ended": Person(), "passed on": Person(), "here": Person()}, "")
    desk.shows("here")
    colleague = at(make.agent, public_name="Dominique")
    person_ends(at, desk.people["ended"])
    passing = {"target": Target(agent=colleague.pk), "reason": Reason.OTHER, "by": desk.agent}
    at(transfer_actions.transfer_cold, conversation_id=desk.people["passed on"].pk, **passing)
    expect(page.locator("#termines .console-entry")).to_have_count(2)
    expect(page.locator("[data-count=ended]")).to_have_text("1")
    expect(page.locator("[data-count=gone]")).to_have_text("et 1 qui n'est plus à vous")
    passing = {"target": Target(agent=desk.agent.pk), "reason": Reason.OTHER, "by": colleague}
    at(Agent.objects.filter(pk=desk.agent.pk).update, capacity=5)
    at(transfer_actions.transfer_cold, conversation_id=desk.people["passed on"].pk, **passing)
    expect(page.locator("#termines .console-entry")).to_have_count(1)
    expect(page.locator("[data-count=gone]")).to_be_hidden()


def said(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.said")
    return found


def ends_unseen(desk: Desk, name: str, at: Work) -> str:
    """Show this person, who ends the exchange, and return its key. No frame tells the page that it has ended."""
    key = desk.shows(name)
    person_ends(at, desk.people[name])
    return key


def has_left(desk: Desk, name: str) -> Locator:
    """Expect this exchange under « Terminés », with its thread as that of what has ended. Return its line."""
    line = ended_line(desk.page, desk.people[name])
    expect(line).to_have_count(1)
    expect(desk.page.locator(f"{OPEN_THREAD} [data-over]")).to_be_visible()
    return line


# --- the mark of danger that stays --------------------------------------------------------------------------------


def test_mark_that_stays_is_told_though_its_reading_fails_and_goes_when_a_supervisor_deals_with_it(
    live_site: LiveSite, page: Page, at: Work
):
    agent, [conversation] = holding(at, 1)
    at(lambda: make.message(conversation, WORDS))
    page.clock.install()
    be_signed_in(page, live_site, agent)
    page.goto(address(live_site, conversation))
    sign = page.locator(f"#danger-{conversation.public_id}")
    expect(sign).to_be_visible()
    thread = f"**/console/echange/{conversation.public_id}/?partie=echange"
    page.route(thread, lambda route: route.abort())
    person_ends(at, conversation)
    line = ended_line(page, conversation)
    expect(mark_of(line)).to_be_visible()  # « Terminés » is unfolded
    expect(told(page)).to_have_text(NOT_DEALT_WITH)
    page.unroute(thread)
    is_dealt_with(at, conversation, agent)
    sign.get_by_role("button", name="C'est pris en compte").focus()
    page.clock.fast_forward(61_000)
    expect(mark_of(line)).to_be_hidden(timeout=30_000)
    expect(sign).to_have_count(0)
    expect(page.locator(f"#lu-{conversation.public_id}")).to_be_focused()


@pytest.mark.parametrize("reading", ["failed", "under way"])
def test_mark_of_somebody_who_ended_before_their_thread_was_read_is_told(
    live_site: LiveSite, page: Page, at: Work, reading: str
):
    """Their line lay in the closed fold, without a word and without a tone."""
    agent, [conversation] = holding(at, 1)
    at(lambda: make.message(conversation, WORDS))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)
        if reading == "failed":
            route.abort()

    thread = f"**/console/echange/{conversation.public_id}/?partie=echange"
    page.route(thread, hold, times=1 if reading == "under way" else None)
    page.add_init_script(f"({EAR})()")
    page.context.add_cookies([{"name": "pnav_console_son", "value": "1", "url": live_site.url + "/console/"}])
    page.clock.install()
    be_signed_in(page, live_site, agent)
    page.goto(live_site.url + "/console/")
    until(page, lambda: held)
    page.locator("#disponibilite-plus > summary").press("Enter")
    page.get_by_role("button", name="Écouter le son d'un danger").press("Enter")
    heard(page)
    person_ends(at, conversation)
    if reading == "under way":
        held[0].continue_()
    else:
        page.unroute(thread)
    line = ended_line(page, conversation)
    expect(mark_of(line)).to_be_visible(timeout=60_000)
    expect(told(page)).to_have_text(NOT_DEALT_WITH)
    page.wait_for_function("window.heard.length >= 4")
    assert heard(page) == DANGER
    if reading == "under way":
        return
    page.reload()  # then the page has its line alone
    expect(mark_of(line)).to_be_visible()
    is_dealt_with(at, conversation, agent)
    page.clock.fast_forward(61_000)
    expect(mark_of(line)).to_be_hidden(timeout=30_000)
