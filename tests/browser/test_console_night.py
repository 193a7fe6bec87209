# ruff: noqa: F811  the fixtures of test_console
"""What agents of a long night missed, and what was mended after it (docs/done.md, « A shift, walked »)."""

import re
import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from chat.casework import emergencies
from chat.console.conversation import LAST_OPEN
from chat.conversations import actions
from chat.models import Agent, CannedReply, Conversation, Macro, Proposal
from chat.models.casework import EmergencyStep
from chat.rules import message_limits
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Availability
from pnav.demo.cast import create_macros
from tests.browser.conftest import LiveSite
from tests.browser.desk import Person, take_seat
from tests.browser.test_console import (  # noqa: F401  `at`: a fixture
    OPEN_THREAD,
    Work,
    an_agent,
    at,
    be_signed_in,
    make_available,
)
from tests.browser.test_console_shift import OPEN_DOSSIER, _pk, one_open
from tests.factories import chat as make
from tests.factories import transmissions

pytestmark = pytest.mark.slow


@pytest.fixture
def macros(at: Work) -> Iterator[None]:
    """Create the macros of a demonstration, and delete them afterwards, because they take room of the thread."""
    at(create_macros)
    yield
    at(lambda: Macro.objects.all().delete())


def in_danger(agent: Agent, conversation: Conversation) -> None:
    emergencies.start(conversation_id=conversation.pk, situation=Situation.DANGER, by=agent.user)


def steps_of(key: str) -> set[str]:
    """Return the steps of the procedure of this exchange that were done."""
    return set(EmergencyStep.objects.filter(emergency__conversation__public_id=key).values_list("step", flat=True))


def press_macro(page: Page, title: str) -> None:
    page.locator(f"{OPEN_THREAD} .console-macros > summary").click()
    page.locator(f"{OPEN_THREAD} [name=macro]", has_text=title).click()


def with_a_unit(agent: Agent, conversation: Conversation) -> None:
    in_danger(agent, conversation)
    conversation.report.reception_point = transmissions.account().point
    conversation.report.save()


def with_a_unit_to_verify(agent: Agent, conversation: Conversation) -> None:
    conversation.report.reception_point, conversation.report.is_nearest = transmissions.account().point, True
    conversation.report.save()


def test_procedures_of_one_desk(
    live_site: LiveSite,
    page: Page,
    at: Work,
    subtests: pytest.Subtests,
):
    """Each proof has a person of its own, whose procedure was opened before the page came."""
    names = ("refused", "focus", "last step", "said", "red", "second press")
    people = {name: Person(lived=in_danger) for name in names} | {"summary": Person(lived=with_a_unit)}
    desk = take_seat(page, live_site, at, people)
    with subtests.test("words that the server refuses tick nothing"):
        refused_words_tick_nothing(page, desk.shows("refused"), at)
    with subtests.test("focus stays in the procedure whatever comes meanwhile"):
        focus_stays_in_the_procedure(page, desk.shows("focus"))
    with subtests.test("last step leads to the end of the procedure"):
        last_step_leads_to_the_end(page, desk.shows("last step"))
    with subtests.test("summary in urgency closes though its part was drawn again meanwhile"):
        summary_in_urgency_closes(page, desk.shows("summary"))
    with subtests.test("ended procedure is said after the focus has moved to it"):
        end_is_said_after_the_focus_has_moved(page, desk.shows("said"))
    with subtests.test("refused end is red no more once its reason is gone"):
        refused_end_is_red_no_more(page, desk.shows("red"))
    with subtests.test("second press while the first is sent is sent after it"):
        second_press_is_sent_after_the_first(page, desk.shows("second press"), at, desk.agent)


def refused_words_tick_nothing(page: Page, key: str, at: Work) -> None:
    """Guard against what was before: « Numéro d'urgence donné » was ticked, with its hour, though nobody ever received
    the number.
    """
    called = page.locator(f"#procedure-{key} [data-step=called]")
    called.locator("[data-insert]").click()
    most = message_limits.size_for(is_agent=True).characters
    at(lambda: Conversation.objects.filter(pk=_pk(key)).update(characters=most))
    area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
    area.press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-refused]")).to_have_count(1)
    at(lambda: Conversation.objects.filter(pk=_pk(key)).update(characters=0))
    page.locator(f"#procedure-{key} [data-step=stayed] [data-insert]").click()
    area.press("Control+Enter")
    expect(page.locator(f"#procedure-{key} [data-step=stayed]")).to_have_count(0)
    expect(called).to_have_count(1)
    assert at(steps_of, key) == {"stayed"}


def focus_stays_in_the_procedure(page: Page, key: str) -> None:
    """Guard against what was before: « C'est fait », pressed as the words of another step left: the focus fell to
    « Disponible ».
    """
    step = page.locator(f"#procedure-{key} [data-step=can_talk] [name=step]")
    page.locator(f"#procedure-{key} [data-step=stayed] [data-insert]").click()
    page.evaluate(
        """([form, step]) => {
            document.querySelector(form).requestSubmit(); // ticks « Dit que vous restez là »
            document.querySelector(step).focus(); // where the keys led before its answer came
        }""",
        [f"#reponse-{key}", f"#procedure-{key} [data-step=can_talk] [name=step]"],
    )
    expect(page.locator(f"#procedure-{key} [data-step=stayed]")).to_have_count(0)
    expect(step).to_be_focused()
    page.evaluate(
        """([form, step, part]) => {
            document.querySelector(step).click(); // while it is sent, the part is drawn again
            const before = document.querySelector(part);
            const after = before.cloneNode(true);
            before.replaceWith(after);
            after.querySelector("[name=step]").focus();
        }""",
        [f"#reponse-{key}", f"#procedure-{key} [data-step=can_talk] [name=step]", f"#procedure-{key}"],
    )
    expect(page.locator(f"#procedure-{key} [data-step=can_talk]")).to_have_count(0)
    expect(page.locator(f"#procedure-{key} [data-step] button").first).to_be_focused()  # the next one to do
    went_on = page.locator(f"#procedure-{key} [data-step] [name=step]").nth(2)
    value = went_on.get_attribute("value")
    page.evaluate(
        """([steps]) => {
            const [pressed, , led] = document.querySelectorAll(steps);
            pressed.focus();
            pressed.click();
            led.focus(); // where `Tab` led before the answer came
        }""",
        [f"#procedure-{key} [data-step] [name=step]"],
    )
    expect(page.locator(f"#procedure-{key} [data-step] [name=step]").nth(1)).to_have_attribute("value", str(value))
    expect(page.locator(f"#procedure-{key} [name=step][value={value}]")).to_be_focused()


def last_step_leads_to_the_end(page: Page, key: str) -> None:
    """Guard against what was before: the focus fell to the title, three numbers before the end, also from « Terminer la
    procédure ».
    """
    part = page.locator(f"#procedure-{key}")
    for left in range(5, 0, -1):
        part.locator("[data-step] [name=step]").first.press("Enter")
        expect(part.locator("[data-step]")).to_have_count(left)
        expect(part.locator("[data-step] button").first).to_be_focused()  # the next one to do
    page.evaluate(
        """([step, summary]) => {
            document.querySelector(step).click();
            document.querySelector(summary).focus(); // where `Tab` led before the answer came
        }""",
        [f"#procedure-{key} [data-step] [name=step]", f"#fin-procedure-{key} > summary"],
    )
    expect(page.locator(f"#procedure-faite-{key}")).to_be_focused()
    page.keyboard.press("Tab")
    expect(part.locator("[name=end]")).to_be_focused()
    page.keyboard.press("Alt+r")
    page.keyboard.press("Alt+u")
    expect(part.locator("[name=end]")).to_be_focused()


def summary_in_urgency_closes(page: Page, key: str) -> None:
    """Guard against what was before: on a slow service the part was read again first: what had left stayed in the
    field, ready to leave once more.
    """
    panel = page.locator(f"#transmettre-{key}")
    panel.locator("summary").first.click()
    panel.locator("[name=summary]").fill("Il est devant la porte.")
    panel.locator("summary", has_text="sans attendre").click()
    panel.locator("[name=why]").fill("Danger immédiat.")
    page.evaluate(
        """([part, act]) => {
            const before = document.querySelector(part);
            before.querySelector(act).click();
            before.replaceWith(before.cloneNode(true)); // as a frame does whose answer comes first
        }""",
        [f"#transmission-{key}", "button[value=send]"],
    )
    expect(page.locator(f"#transmission-{key}")).to_contain_text("Danger immédiat.")
    expect(panel).not_to_have_attribute("open", "")
    expect(panel.locator("[name=summary]")).not_to_have_value("Il est devant la porte.")


def end_is_said_after_the_focus_has_moved(page: Page, key: str) -> None:
    page.evaluate(
        """() => {
            window.order = [];
            new MutationObserver(() => window.order.push(document.getElementById("annonces").textContent))
                .observe(document.getElementById("annonces"), { childList: true, characterData: true, subtree: true });
            document.addEventListener("focusin", ({ target }) => window.order.push(target.id));
        }"""
    )
    page.locator(f"#fin-procedure-{key} > summary").press("Enter")
    page.locator(f"{OPEN_DOSSIER} [name=end]").press("Enter")
    part = page.locator(f"#procedure-{key}")
    expect(part).to_be_focused()
    expect(part).to_contain_text("Procédure d'urgence terminée à")
    expect(part).to_have_accessible_name(re.compile("^Procédure d'urgence terminée à"))
    expect(page.locator("#annonces")).to_contain_text(" : procédure d'urgence terminée.")
    order = page.evaluate("window.order")
    assert order.index(f"procedure-{key}") < next(at for at, one in enumerate(order) if "terminée" in one)


def refused_end_is_red_no_more(page: Page, key: str) -> None:
    panel = page.locator(f"#cloture-{key}")
    page.keyboard.press("Alt+t")
    panel.get_by_role("button", name=re.compile("^Terminer")).click()
    outcome = panel.get_by_label("Comment l'échange se termine")
    expect(outcome).to_have_attribute("aria-invalid", "true")
    outcome.select_option("advised")
    expect(outcome).not_to_have_attribute("aria-invalid", "true")
    expect(panel.locator(f"#issue-{key}-error")).to_have_count(0)
    panel.get_by_label("Je confirme").check(force=True)
    panel.get_by_role("button", name=re.compile("^Terminer")).click()
    expect(panel.get_by_role("alert")).to_be_visible()
    page.locator(f"#fin-procedure-{key} > summary").click()
    page.locator(f"{OPEN_DOSSIER} [name=end]").click()
    expect(panel.get_by_role("alert")).to_have_count(0)


def second_press_is_sent_after_the_first(page: Page, key: str, at: Work, agent: Agent) -> None:
    """Guard against what was before: « En pause », pressed before « Disponible » was answered, was lost, and people
    went on coming. Of four presses on « C'est fait » one or two were lost.
    """
    duty = page.locator("#disponibilite")
    page.evaluate(
        """() => {
            const duty = document.getElementById("disponibilite");
            const press = (value) => duty.querySelector(`[aria-pressed][value=${value}]`).click();
            press("available");
            press("pause");
        }"""
    )
    expect(duty).to_have_attribute("data-availability", "pause")
    assert at(lambda: Agent.objects.get(pk=agent.pk).availability) == Availability.PAUSE
    part = page.locator(f"#procedure-{key}")
    expect(part.locator("[data-step]")).to_have_count(6)
    page.evaluate(
        """(steps) => document.querySelectorAll(steps).forEach((one, n) => n < 4 && one.click())""",
        f"#procedure-{key} [data-step] [name=step]",
    )
    expect(part.locator("[data-step]")).to_have_count(2)
    assert len(at(steps_of, key)) == 4


def asked(agent: Agent, conversation: Conversation) -> None:
    make.message(conversation, "le 3018 ne répond pas, je suis en danger ?")


@pytest.mark.usefixtures("macros")
def test_answers_of_one_desk(
    live_site: LiveSite,
    page: Page,
    at: Work,
    subtests: pytest.Subtests,
):
    """Each proof has a person of its own."""
    minor = {"age_band": "15_17"}
    people = {name: Person() for name in ("numbers", "proposal", "emptied", "brought back", "found")}
    people |= {"minor": Person(minor), "not spoken of": Person(minor, lived=asked)}
    people |= {name: Person() for name in ("meanwhile", "sent", "elsewhere")}
    desk = take_seat(page, live_site, at, people)
    with subtests.test("macro of danger ticks the numbers that its reply gives"):
        macro_ticks_the_numbers_that_its_reply_gives(page, desk.shows("numbers"), at)
    with subtests.test("proposal of a macro follows the answer, and its reply comes once"):
        proposal_follows_the_answer(page, desk.shows("proposal"), at)
    with subtests.test("reply of a macro follows what is written while it runs"):
        reply_follows_what_is_written(page, desk.shows("meanwhile"))
    with subtests.test("answer that is sent while a macro runs stands there no more"):
        sent_answer_stands_there_no_more(page, desk.shows("sent"))
    with subtests.test("macro leaves the focus of whoever went elsewhere"):
        macro_leaves_the_focus(page, desk.shows("elsewhere"))
    with subtests.test("answer can be emptied and brought back"):
        answer_is_emptied_and_brought_back(page, desk.shows("emptied"))
    with subtests.test("words that are brought back follow a ready answer that came since"):
        words_brought_back_follow_a_ready_answer(page, desk.shows("brought back"))
    with subtests.test("ready answer is found by words of an administrator"):
        desk.shows("found")
        ready_answer_is_found_by_other_words(page)
    with subtests.test("points that were not spoken of are empty"):
        points_that_were_not_spoken_of_are_empty(page, desk.shows("not spoken of"))
    with subtests.test("minor is ended in ten keys and what was given is filled in"):
        minor_is_ended_in_ten_keys(page, desk.shows("minor"), at)


@pytest.mark.usefixtures("macros")
def test_address_of_a_unit_to_verify_is_read_before_it_goes(live_site: LiveSite, page: Page, at: Work):
    """A box said « propose de porter plainte », and the address and the hours of that unit went with it."""
    key = take_seat(page, live_site, at, {"she": Person(lived=with_a_unit_to_verify)}).shows("she")
    press_macro(page, "Préparer une plainte")
    box = page.locator(f"#suivre-{key}")
    expect(box).to_contain_text("unité à vérifier")
    box.locator("input").uncheck()
    page.locator(f"#corps-{key}").press("Control+Enter")
    expect(page.locator(f"#corps-{key}")).to_have_value("")
    expect(page.locator(f"{OPEN_THREAD} [data-log] [data-author=agent]")).to_have_count(1)
    press_macro(page, "Préparer une plainte")  # its reply was sent: the macro has only the proposal left
    expect(page.locator(f"#plainte-unite-{key}")).to_be_focused()
    expect(page.locator(f"#plainte-unite-{key}")).to_be_in_viewport()
    expect(page.locator("#annonces")).to_contain_text("l'unité est à vérifier")
    assert not at(Proposal.objects.filter(conversation__public_id=key).exists)
    page.locator(f"#plainte-pli-{key}").get_by_role("button").click()
    expect(page.locator(f"#proposees-{key} li")).to_have_count(1)


def macro_ticks_the_numbers_that_its_reply_gives(page: Page, key: str, at: Work) -> None:
    press_macro(page, "Danger")
    expect(page.locator(f"#procedure-{key} [data-step]")).to_have_count(6)
    page.locator(f"{OPEN_THREAD} textarea[name=body]").press("Control+Enter")
    expect(page.locator(f"#procedure-{key} [data-step]")).to_have_count(4)
    assert at(steps_of, key) == {"called", "by_text"}


def proposal_follows_the_answer(page: Page, key: str, at: Work) -> None:
    """Guard against what was before: the person read « porter plainte » before the words that prepare it; and the words
    came twice.
    """
    area, box = page.locator(f"#corps-{key}"), page.locator(f"#suivre-{key} input")
    press_macro(page, "Préparer une plainte")
    expect(area).to_have_value(re.compile("porter plainte"))
    expect(box).to_be_checked()
    expect(page.locator(f"{OPEN_THREAD} [data-log]")).not_to_contain_text("porter plainte")
    area.press("Control+Enter")
    lines = page.locator(f"{OPEN_THREAD} [data-log] [data-seq]")
    expect(lines.last).to_have_attribute("data-author", "system")
    expect(page.locator(f"{OPEN_THREAD} [data-author=agent] ~ [data-author=system]").last).to_contain_text("plainte")
    expect(box).to_have_count(0)
    expect(page.locator(f"#proposees-{key} li")).to_have_count(1)
    press_macro(page, "Préparer une plainte")
    expect(page.locator("#avis")).to_contain_text("est déjà partie à")
    expect(area).to_have_value("")
    # Nothing is written, so it is proposed at once.
    assert at(Proposal.objects.filter(conversation__public_id=key).count) == 2


def while_a_macro_runs(page: Page, does: Callable[[], None]) -> None:
    """Press a macro, do this, and let the macro be answered."""
    held: list[Route] = []
    page.route("**/geste/", lambda route: held.append(route), times=1)
    with page.expect_request("**/geste/"):
        press_macro(page, "Préparer une plainte")
    does()
    held[0].continue_()


def reply_follows_what_is_written(page: Page, key: str) -> None:
    """Guard against what was before: the words that were typed meanwhile were gone."""
    area = page.locator(f"#corps-{key}")
    area.fill("Bonjour. ")
    while_a_macro_runs(page, lambda: area.press_sequentially("Je suis là."))
    expect(area).to_have_value(re.compile(r"^Bonjour\. Je suis là\.\n.*porter plainte", re.DOTALL))
    assert area.evaluate("(area) => area.selectionEnd") == len("Bonjour. Je suis là."), "one goes on where one was"


def sent_answer_stands_there_no_more(page: Page, key: str) -> None:
    """Guard against what was before: what had just been sent stood there again, before the reply."""
    area = page.locator(f"#corps-{key}")
    area.fill("Bonjour.")
    while_a_macro_runs(page, lambda: area.press("Control+Enter"))
    expect(area).to_have_value(re.compile("porter plainte"))
    assert not area.input_value().startswith("Bonjour.")


def macro_leaves_the_focus(page: Page, key: str) -> None:
    there = page.locator("#mes-echanges")
    while_a_macro_runs(page, there.focus)
    expect(page.locator(f"#corps-{key}")).to_have_value(re.compile("porter plainte"))
    expect(there).to_be_focused()


def answer_is_emptied_and_brought_back(page: Page, key: str) -> None:
    area, button = page.locator(f"#corps-{key}"), page.locator(f"#reponse-{key} [data-clear]")
    expect(button).to_be_hidden()
    area.fill("Je regarde.")
    button.click()
    expect(area).to_have_value("")
    expect(area).to_be_focused()
    expect(button).to_contain_text("Remettre")
    button.click()
    expect(area).to_have_value("Je regarde.")
    button.click()
    page.keyboard.type("Autre")
    button.click()  # « Vider » again: what was emptied first is not brought back over other words
    button.click()
    expect(area).to_have_value("Autre")


def words_brought_back_follow_a_ready_answer(page: Page, key: str) -> None:
    """Guard against what was before: « Remettre » deleted both: the ready answer from the field, and what was emptied
    from memory.
    """
    area, button = page.locator(f"#corps-{key}"), page.locator(f"#reponse-{key} [data-clear]")
    area.fill("Je regarde.")
    button.click()
    page.keyboard.press("Control+k")
    page.keyboard.type("silence")
    page.keyboard.press("Enter")
    expect(area).to_have_value(re.compile("^Je suis toujours là"))
    expect(button).to_contain_text("Remettre")
    button.click()
    expect(area).to_have_value(re.compile(r"^Je suis toujours là[^\n]*\n\nJe regarde\.$"))
    expect(button).to_contain_text("Vider")


def ready_answer_is_found_by_other_words(page: Page) -> None:
    page.keyboard.press("Alt+m")
    page.keyboard.type("silence")
    expect(page.locator(f"{OPEN_THREAD} [role=option]:visible")).to_have_count(1)
    expect(page.locator(f"{OPEN_THREAD} [role=option]:visible")).to_contain_text("Je suis toujours là")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("silence")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Je suis toujours là")


def points_that_were_not_spoken_of_are_empty(page: Page, key: str) -> None:
    page.keyboard.press("Alt+t")
    for name in ("danger", "digital_line"):
        expect(page.locator(f"#point_{name}-{key}")).to_have_value("")


def minor_is_ended_in_ten_keys(page: Page, key: str, at: Work) -> None:
    """Guard against what was before: it took eighteen keys, and 3018, given by a ready answer, was chosen again."""
    reply = at(lambda: CannedReply.objects.get(title="Donner un numéro d’aide").tu)
    page.locator(f"#corps-{key}").fill(reply)
    page.locator(f"#corps-{key}").press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-log] [data-author=agent][data-seq]")).to_have_count(1)
    keys = ["Alt+t", "Tab", "c", "Tab", "f", "s", "l", "s", " ", "Enter"]
    answers = page.locator(f"#cloture-{key} select")
    read_values = "all => all.map((one) => one.value)"
    for each in keys:
        before = answers.evaluate_all(read_values)
        for to_read_on in ("PageDown", "PageUp"):  # in the form, the page keys change no answer
            if each in "csl":
                page.keyboard.press(to_read_on)
        assert answers.evaluate_all(read_values) == before
        page.keyboard.press(each)
        if each == "Alt+t":
            expect(page.locator(f"#point_digital_line-{key}")).to_have_value("done")
    expect(page.locator("#fins")).to_contain_text("se termine dans")
    chosen = {
        name: page.locator(f"#point_{name}-{key}").input_value()
        for name in ("danger", "child_line", "digital_line", "trusted", "school")
    }
    assert chosen == {
        "danger": "done",
        "child_line": "not_needed",
        "digital_line": "done",
        "trusted": "declined",
        "school": "not_needed",
    }


def wrote_at_length(agent: Agent, conversation: Conversation) -> None:
    for each in range(12):
        make.message(conversation, f"message {each} : " + "quelques mots de plus, " * 8)


def weighs_two(agent: Agent, conversation: Conversation) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(weight=2)


def test_sizes_of_one_desk(
    live_site: LiveSite,
    page: Page,
    at: Work,
    subtests: pytest.Subtests,
):
    """The size changes under the open page. Six people wait meanwhile, for whom this agent has no place."""
    at(lambda: [make.waiting(postal_code="35000") for _each in range(6)])
    people = {
        "first": Person({"postal_code": "69003"}, lived=wrote_at_length),
        "second": Person({"postal_code": "33000"}, lived=wrote_at_length),
        "watched": Person({"discreet": True, "age_band": "15_17"}),
        "undone": Person(),
        "pause": Person(lived=weighs_two),
        "quiet": Person(),
    }
    desk = take_seat(page, live_site, at, people, path="")
    for width, height in ((640, 400), (683, 342)):
        with subtests.test(f"answer and ready answers are clear of the bar at the foot, {width}"):
            page.set_viewport_size({"width": width, "height": height})
            answer_is_clear_of_the_bar_at_the_foot(page)
            page.keyboard.press("Escape")
    for width, height in ((1280, 800), (1024, 768)):
        with subtests.test(f"field and button stay under the open ready answers, {width}"):
            page.set_viewport_size({"width": width, "height": height})
            field_and_button_stay_under_the_ready_answers(page, desk.shows("watched"))
            page.keyboard.press("Escape")
    with subtests.test("end that can be undone lies over neither queue nor answer"):
        end_lies_over_neither_queue_nor_answer(page, desk.shows("undone"))
    with subtests.test("end that can be undone covers nothing on a telephone"):
        end_covers_nothing_on_a_telephone(page, desk.shows("undone"))
    with subtests.test("what is unread is said at the foot, from which the list is out of sight"):
        page.set_viewport_size({"width": 683, "height": 342})
        unread_is_said_at_the_foot(page, at, desk.people["quiet"])
    with subtests.test("pause that begins is said and stays in sight where the page scrolls"):
        page.set_viewport_size({"width": 640, "height": 400})
        pause_that_begins_stays_in_sight(page, desk.shows("pause"), at, desk.agent)


def unread_is_said_at_the_foot(page: Page, at: Work, quiet: Conversation) -> None:
    page.keyboard.press("Alt+1")
    page.evaluate("() => document.querySelector('.console-thread:not([hidden]) .console-reply').scrollIntoView()")
    told = page.locator(".console-ways [data-count=unread]")
    before = int((told.text_content() or "0").split()[0])
    at(
        lambda: actions.post_message(
            conversation_id=quiet.pk, client_id=uuid.uuid4(), body="Je veux mourir.", author=Author.REPORTER
        )
    )
    expect(told).to_have_text(re.compile(f"^{before + 1} non lus?$"))
    expect(told).to_have_attribute("data-danger", "")
    expect(told).to_be_in_viewport(ratio=1)


def answer_is_clear_of_the_bar_at_the_foot(page: Page) -> None:
    for key in ("Alt+n", "Alt+2", "Alt+1"):
        page.keyboard.press(key)
        area = page.locator(f"{OPEN_THREAD} textarea[name=body]")
        expect(area).to_be_focused()
        stays_above_the_ways(page, "textarea[name=body]")
    page.keyboard.press("Alt+m")
    expect(page.locator(f"{OPEN_THREAD} [data-search]")).to_be_focused()
    stays_above_the_ways(page, "[data-search]")


def stays_above_the_ways(page: Page, part: str) -> None:
    """Wait until it is there in 24 frames one after the other, which are 400 ms where the machine draws all of them."""
    page.evaluate("() => { window.frames_above = 0; }")
    page.wait_for_function(
        """(part) => {
            const box = document.querySelector(`.console-thread:not([hidden]) ${part}`).getBoundingClientRect();
            const ways = document.querySelector(".console-ways").getBoundingClientRect();
            window.frames_above = box.top >= 0 && box.bottom <= ways.top + 1 ? window.frames_above + 1 : 0;
            return window.frames_above >= 24;
        }""",
        arg=part,
    )


# Shows a notice, and returns what it lies over.
NOTICE_MEETS = """() => {
  const notice = document.getElementById("avis");
  notice.textContent = "Nouvel échange, touche 4 : 3 · renard · 33000. Il est dans la liste, et attend une réponse.";
  notice.hidden = false;
  const box = notice.getBoundingClientRect();
  const parts = ["#fins", ".console-queue", ".console-thread:not([hidden]) textarea[name=body]"];
  const met = parts.filter((part) => {
    const one = document.querySelector(part).getBoundingClientRect();
    return box.right > one.left && box.left < one.right && box.bottom > one.top && box.top < one.bottom;
  });
  notice.hidden = true;
  return met;
}"""


def end_lies_over_neither_queue_nor_answer(page: Page, key: str) -> None:
    expect(page.locator("#attente > li")).to_have_count(6)
    for width, height in ((1280, 800), (1280, 560), (1024, 768), (640, 400)):
        page.set_viewport_size({"width": width, "height": height})
        page.keyboard.press("Alt+t")
        panel = page.locator(f"#cloture-{key}")
        panel.get_by_label("Comment l'échange se termine").select_option("advised")
        panel.get_by_label("Je confirme").check(force=True)
        panel.get_by_role("button", name=re.compile("^Terminer")).click()
        expect(page.locator("#fins p")).to_be_visible()
        over = page.evaluate(
            """() => {
                const box = (part) => document.querySelector(part).getBoundingClientRect();
                const undo = box("#fins");
                const meets = (one) => undo.right > one.left && undo.left < one.right
                    && undo.bottom > one.top && undo.top < one.bottom;
                const parts = [".console-queue", ".console-thread:not([hidden]) textarea[name=body]"];
                return parts.filter((one) => meets(box(one)));
            }"""
        )
        assert over == [], (width, over)
        # A notice lies neither over « Annuler » nor over the queue or the answer.
        met = page.evaluate(NOTICE_MEETS)
        assert met == [], (width, met)
        page.locator("#fins").get_by_role("button", name="Annuler").click()
        expect(page.locator("#fins p")).to_have_count(0)


# Whatever can be pressed and is on screen, apart from the end itself.
PRESSED = "a, button, select, summary, input, textarea"
NOTE_WHAT_IS_SEEN = f"""() => {{
  window.seen = [...document.querySelectorAll("{PRESSED}")].filter((one) => {{
    const box = one.getBoundingClientRect();
    return one.checkVisibility({{ visibilityProperty: true }}) && box.width > 1
      && box.top >= 0 && box.bottom <= innerHeight;
  }});
}}"""
COVERED = """() => {
  const undo = document.getElementById("fins").getBoundingClientRect();
  const over = (box) => undo.right > box.left && undo.left < box.right
    && undo.bottom > box.top && undo.top < box.bottom;
  return window.seen
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && over(one.getBoundingClientRect()))
    .map((one) => one.textContent.trim() || one.id);
}"""


def end_covers_nothing_on_a_telephone(page: Page, key: str) -> None:
    """Look for what the end lies over: it was « Places » and « Terminer », for ten seconds."""
    for width, height in ((360, 640), (320, 568)):
        page.set_viewport_size({"width": width, "height": height})
        page.keyboard.press("Alt+t")
        panel = page.locator(f"#cloture-{key}")
        panel.get_by_label("Comment l'échange se termine").select_option("advised")
        panel.get_by_label("Je confirme").check(force=True)
        ending = panel.get_by_role("button", name=re.compile("^Terminer"))
        ending.focus()
        page.evaluate(NOTE_WHAT_IS_SEEN)
        assert page.evaluate("window.seen.length") > 5
        page.keyboard.press("Enter")
        undo = page.locator("#fins").get_by_role("button", name="Annuler")
        expect(undo).to_be_focused()
        expect(undo).to_be_in_viewport(ratio=1)
        assert page.evaluate(COVERED) == [], (width, height)
        undo.press("Enter")
        expect(page.locator("#fins p")).to_have_count(0)


def field_and_button_stay_under_the_ready_answers(page: Page, key: str) -> None:
    """Guard against what was before: on a screen of 1024 px, with a watched screen, they were below the window."""
    page.keyboard.press("Alt+m")
    expect(page.locator(f"{OPEN_THREAD} [data-search]")).to_be_focused()
    for part in (f"#corps-{key}", f"#reponse-{key} .console-reply__row [type=submit]"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)


def pause_that_begins_stays_in_sight(page: Page, key: str, at: Work, agent: Agent) -> None:
    expect(page.locator("#pause-rappel")).to_be_hidden()
    panel = page.locator(f"#cloture-{key}")
    page.keyboard.press("Alt+t")
    panel.get_by_label("Comment l'échange se termine").select_option("advised")
    panel.get_by_label("Je confirme").check(force=True)
    panel.get_by_role("button", name=re.compile("^Terminer")).click()
    undo = page.locator("#fins p")
    expect(undo).to_be_in_viewport(ratio=1)
    undo.get_by_role("button", name="Terminer maintenant").click()
    expect(page.locator("#annonces")).to_contain_text("Pause : personne ne vous est confié jusqu'à")
    page.locator("#attente").scroll_into_view_if_needed()
    expect(page.locator("#pause-rappel")).to_be_in_viewport(ratio=1)
    assert at(lambda: Agent.objects.get(pk=agent.pk).availability) == Availability.PAUSE


def test_points_are_read_again_when_their_first_reading_fails(live_site: LiveSite, page: Page, at: Work):
    _agent, key = one_open(page, live_site, at, age_band="15_17")
    reply = at(lambda: CannedReply.objects.get(title="Donner un numéro d’aide").tu)
    page.locator(f"#corps-{key}").fill(reply)
    page.locator(f"#corps-{key}").press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-log] [data-author=agent][data-seq]")).to_have_count(1)
    failed = []
    page.route(f"**/echange/{key}/?partie=echange", lambda route: failed.append(route.abort()), times=1)
    page.keyboard.press("Alt+t")
    expect(page.locator(f"#point_digital_line-{key}")).to_have_value("done")
    assert failed


def test_arrival_in_danger_is_said_again_when_the_focus_moves_and_a_pause_is_over_at_once(
    live_site: LiveSite,
    page: Page,
    at: Work,
):
    """Orca dropped it for « Annuler » of an end; the pause said « Personne ne vous est confié » for ten seconds."""

    def pauses(agent: Agent, conversation: Conversation) -> None:
        until = make.long_ago(-5)
        Agent.objects.filter(pk=agent.pk).update(availability=Availability.PAUSE, pause_until=until)

    agent = take_seat(page, live_site, at, {"before": Person(lived=pauses)}).agent
    expect(page.locator("#disponibilite")).to_contain_text("Personne ne vous est confié")
    page.evaluate(
        """(other) => {
            window.said = [];
            const region = document.getElementById("annonces-danger");
            new MutationObserver(() => {
                window.said.push(region.textContent);
                if (window.said.length === 1) document.querySelector(other).focus();  // while it is being said
            }).observe(region, { childList: true });
        }""",
        f"{OPEN_DOSSIER} summary[data-key=U]",
    )

    def arrive() -> None:
        Agent.objects.filter(pk=agent.pk).update(availability=Availability.AVAILABLE, pause_until=None, capacity=3)
        make.assigned(agent, urgency=2, postal_code="59000")

    at(arrive)
    expect(page.locator("#annonces-danger")).to_contain_text("Danger. Nouvel échange")
    page.wait_for_function("() => window.said.filter((one) => one.includes('Danger.')).length === 2")
    expect(page.locator("#disponibilite")).not_to_contain_text("Personne ne vous est confié")


def test_conversation_that_was_read_is_open_again_after_another_page(
    live_site: LiveSite,
    page: Page,
    at: Work,
):
    agent, key = one_open(page, live_site, at)
    at(make.assigned, agent, postal_code="59000")
    page.goto(f"{live_site.url}/console/aide/")
    page.goto(f"{live_site.url}/console/")
    expect(page.locator(f"#corps-{key}")).to_be_visible()
    expect(page).to_have_url(re.compile(key))
    page.go_back()
    expect(page).to_have_url(re.compile("/console/aide/$"))
    # The console where nothing is open: that stays so, also when it is read again.
    page.context.clear_cookies(name=LAST_OPEN)
    page.goto(f"{live_site.url}/console/")
    expect(page.locator("#repos")).to_be_visible()
    page.locator(f"#liste .console-entry[data-conversation='{key}'] a").first.click()
    expect(page.locator(f"#corps-{key}")).to_be_visible()
    expect(page).to_have_url(re.compile(key))  # the address is written a frame later
    page.go_back()
    expect(page.locator("#repos")).to_be_visible()
    page.reload()
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    expect(page.locator("#repos")).to_be_visible()
