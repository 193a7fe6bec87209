"""What agents of a long night missed, and what was mended after it (docs/done.md, « A shift, walked »)."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from chat.casework import emergencies
from chat.models import CannedReply, Macro, Proposal
from chat.models.casework import EmergencyStep
from chat.rules.emergency import Situation
from pnav.demo.cast import create_macros
from tests.browser.conftest import LiveSite
from tests.browser.test_console import OPEN_THREAD, Work, at  # noqa: F401  `at`: a fixture
from tests.browser.test_console_shift import OPEN_DOSSIER, _pk, one_open
from tests.factories import chat as make

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


def test_points_that_were_not_spoken_of_are_empty(live_site: LiveSite, page: Page, at: Work):  # noqa: F811
    _agent, key = one_open(page, live_site, at, age_band="15_17")
    at(lambda: make.message(make.Conversation.objects.get(pk=_pk(key)), "le 3018 ne répond pas, je suis en danger ?"))
    page.reload()
    page.keyboard.press("Alt+t")
    for name in ("danger", "digital_line"):
        expect(page.locator(f"#point_{name}-{key}")).to_have_value("")
