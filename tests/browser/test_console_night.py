"""What agents of a long night missed, and what was mended after it (docs/done.md, « A shift, walked »)."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from chat.casework import emergencies
from chat.models import Agent, CannedReply, Conversation, Macro, Proposal
from chat.models.casework import EmergencyStep
from chat.rules import message_limits
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Availability
from pnav.demo.cast import create_macros
from tests.browser.conftest import LiveSite, PageFactory
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
def macros(at: Work) -> Iterator[None]:  # noqa: F811
    """Create the macros of a demonstration, and delete them afterwards, because they take room of the thread."""
    at(create_macros)
    yield
    at(lambda: Macro.objects.all().delete())


def press_macro(page: Page, title: str) -> None:
    page.locator(f"{OPEN_THREAD} .console-macros > summary").click()
    page.locator(f"{OPEN_THREAD} [name=macro]", has_text=title).click()


@pytest.mark.usefixtures("macros")
def test_macro_of_danger_ticks_the_numbers_that_its_reply_gives(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    _agent, key = one_open(page, live_site, at)
    press_macro(page, "Danger")
    expect(page.locator(f"#procedure-{key} [data-step]")).to_have_count(6)
    page.locator(f"{OPEN_THREAD} textarea[name=body]").press("Control+Enter")
    expect(page.locator(f"#procedure-{key} [data-step]")).to_have_count(4)
    assert at(lambda: set(EmergencyStep.objects.values_list("step", flat=True))) == {"called", "by_text"}


@pytest.mark.usefixtures("macros")
def test_proposal_of_a_macro_follows_the_answer_and_its_reply_comes_once(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """The person read « porter plainte » before the words that prepare it; and the words came twice."""
    _agent, key = one_open(page, live_site, at)
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
    assert at(Proposal.objects.count) == 2  # nothing is written, so it is proposed at once


def test_words_that_the_server_refuses_tick_nothing(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """« Numéro d'urgence donné » was ticked, with its hour, though nobody ever received the number."""
    agent, key = one_open(page, live_site, at)
    at(lambda: emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user))
    page.reload()
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
    assert at(lambda: set(EmergencyStep.objects.values_list("step", flat=True))) == {"stayed"}


def test_focus_stays_in_the_procedure_whatever_comes_meanwhile(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """« C'est fait », pressed as the words of another step left: the focus fell to « Disponible »."""
    agent, key = one_open(page, live_site, at)
    at(lambda: emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user))
    page.reload()
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
    expect(page.locator(f"#procedure-{key}")).to_be_focused()


def test_last_step_leads_to_the_end_of_the_procedure(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """The focus fell to the title, three numbers before the end, also from « Terminer la procédure »."""
    agent, key = one_open(page, live_site, at)
    at(lambda: emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user))
    page.reload()
    part = page.locator(f"#procedure-{key}")
    for left in range(5, 0, -1):
        part.locator("[data-step] [name=step]").first.press("Enter")
        expect(part.locator("[data-step]")).to_have_count(left)
        expect(part).to_be_focused()
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


def test_second_press_while_the_first_is_sent_is_sent_after_it(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """« En pause », pressed before « Disponible » was answered, was lost, and people went on coming."""
    agent, key = one_open(page, live_site, at)
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
    at(lambda: emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user))
    page.reload()
    part = page.locator(f"#procedure-{key}")
    expect(part.locator("[data-step]")).to_have_count(6)
    page.evaluate(
        """(steps) => document.querySelectorAll(steps).forEach((one, n) => n < 2 && one.click())""",
        f"#procedure-{key} [data-step] [name=step]",
    )
    expect(part.locator("[data-step]")).to_have_count(4)


def test_summary_in_urgency_closes_though_its_part_was_drawn_again_meanwhile(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """On a slow service the part was read again first: what had left stayed in the field, ready to leave once more."""
    agent, key = one_open(page, live_site, at)

    def arrange() -> None:
        emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user)
        report = Conversation.objects.get(pk=_pk(key)).report
        report.reception_point = transmissions.account().point
        report.save()

    at(arrange)
    page.reload()
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


def test_ended_procedure_is_said_after_the_focus_has_moved_to_it(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    agent, key = one_open(page, live_site, at)
    at(lambda: emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user))
    page.reload()
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
    expect(page.locator("#annonces")).to_contain_text("Procédure d'urgence terminée.")
    order = page.evaluate("window.order")
    assert order.index(f"procedure-{key}") < next(at for at, one in enumerate(order) if "terminée" in one)


def test_refused_end_is_red_no_more_once_its_reason_is_gone(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    agent, key = one_open(page, live_site, at)
    panel = page.locator(f"#cloture-{key}")
    at(lambda: emergencies.start(conversation_id=_pk(key), situation=Situation.DANGER, by=agent.user))
    page.reload()
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


def test_minor_is_ended_in_ten_keys_and_what_was_given_is_filled_in(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """It took eighteen keys, and 3018, given by a ready answer, was chosen again."""
    _agent, key = one_open(page, live_site, at, age_band="15_17")
    reply = at(lambda: CannedReply.objects.get(title="Donner un numéro d’aide").tu)
    page.locator(f"#corps-{key}").fill(reply)
    page.locator(f"#corps-{key}").press("Control+Enter")
    expect(page.locator(f"{OPEN_THREAD} [data-log] [data-author=agent][data-seq]")).to_have_count(1)
    keys = ["Alt+t", "Tab", "c", "Tab", "f", "s", "l", "s", " ", "Enter"]
    for each in keys:
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


def test_points_are_read_again_when_their_first_reading_fails(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
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


def test_points_that_were_not_spoken_of_are_empty(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    _agent, key = one_open(page, live_site, at, age_band="15_17")
    at(lambda: make.message(Conversation.objects.get(pk=_pk(key)), "le 3018 ne répond pas, je suis en danger ?"))
    page.reload()
    page.keyboard.press("Alt+t")
    for name in ("danger", "digital_line"):
        expect(page.locator(f"#point_{name}-{key}")).to_have_value("")


def test_arrival_in_danger_is_said_again_when_the_focus_moves_and_a_pause_is_over_at_once(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """Orca dropped it for « Annuler » of an end; the pause said « Personne ne vous est confié » for ten seconds."""
    agent, _key = one_open(page, live_site, at)
    until = make.long_ago(-5)
    at(Agent.objects.filter(pk=agent.pk).update, availability=Availability.PAUSE, pause_until=until)
    page.reload()
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
        Agent.objects.filter(pk=agent.pk).update(availability=Availability.AVAILABLE, pause_until=None)
        make.assigned(agent, urgency=2, postal_code="59000")

    at(arrive)
    expect(page.locator("#annonces-danger")).to_contain_text("Danger. Nouvel échange")
    page.wait_for_function("() => window.said.filter((one) => one.includes('Danger.')).length === 2")
    expect(page.locator("#disponibilite")).not_to_contain_text("Personne ne vous est confié")


def test_pause_that_begins_is_said_and_stays_in_sight_where_the_page_scrolls(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
):
    page = page_factory(width=640, height=400)
    agent, key = one_open(page, live_site, at)
    at(Conversation.objects.filter(public_id=key).update, weight=2)
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


def test_conversation_that_was_read_is_open_again_after_another_page(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    agent, key = one_open(page, live_site, at)
    at(make.assigned, agent, postal_code="59000")
    page.goto(f"{live_site.url}/console/aide/")
    page.goto(f"{live_site.url}/console/")
    expect(page.locator(f"#corps-{key}")).to_be_visible()
    expect(page).to_have_url(re.compile(key))
    page.go_back()
    expect(page.locator("#repos")).to_be_visible()  # nothing is open: that stays so
    page.reload()
    expect(page.locator("#liste .console-entry")).to_have_count(2)
    expect(page.locator("#repos")).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(640, 400), (683, 342)])
def test_answer_and_ready_answers_are_clear_of_the_bar_at_the_foot_at_twice_the_size(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    width: int,
    height: int,
):
    page = page_factory(width=width, height=height)
    agent = at(an_agent, public_name="Camille")

    def lived() -> None:
        make_available(agent)
        for place in ("69003", "33000"):
            one = make.assigned(agent, postal_code=place)
            for each in range(12):
                make.message(one, f"message {each} : " + "quelques mots de plus, " * 8)

    at(lived)
    be_signed_in(page, live_site, agent)
    page.goto(f"{live_site.url}/console/")
    expect(page.locator("#liste .console-entry")).to_have_count(2)
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


def test_end_that_can_be_undone_lies_over_neither_queue_nor_answer(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    _agent, key = one_open(page, live_site, at)
    at(lambda: [make.waiting(postal_code="35000") for _each in range(6)])
    for width, height in ((1280, 800), (1280, 560), (1024, 768), (640, 400)):
        page.set_viewport_size({"width": width, "height": height})
        page.reload()
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
        page.locator("#fins").get_by_role("button", name="Annuler").click()
        expect(page.locator("#fins p")).to_have_count(0)


def test_answer_can_be_emptied_and_brought_back(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    _agent, key = one_open(page, live_site, at)
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


def test_words_that_are_brought_back_follow_a_ready_answer_that_came_since(
    live_site: LiveSite,
    page: Page,
    at: Work,  # noqa: F811
):
    """« Remettre » deleted both: the ready answer from the field, and what was emptied from memory."""
    _agent, key = one_open(page, live_site, at)
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


def test_ready_answer_is_found_by_words_of_an_administrator(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    _agent, _key = one_open(page, live_site, at)
    page.keyboard.press("Alt+m")
    page.keyboard.type("silence")
    expect(page.locator(f"{OPEN_THREAD} [role=option]:visible")).to_have_count(1)
    expect(page.locator(f"{OPEN_THREAD} [role=option]:visible")).to_contain_text("Je suis toujours là")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("silence")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Je suis toujours là")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1024, 768)])
def test_field_and_button_stay_under_the_open_ready_answers(
    live_site: LiveSite,
    page_factory: PageFactory,
    at: Work,  # noqa: F811
    width: int,
    height: int,
):
    """On a screen of 1024 px, with a watched screen, they were below the window."""
    page = page_factory(width=width, height=height)
    _agent, key = one_open(page, live_site, at, discreet=True, age_band="15_17")
    page.keyboard.press("Alt+m")
    expect(page.locator(f"{OPEN_THREAD} [data-search]")).to_be_focused()
    for part in (f"#corps-{key}", f"#reponse-{key} .console-reply__row [type=submit]"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
